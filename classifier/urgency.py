"""Signals of urgency: rules that see what may make a message urgent, and name it.

高: safety of life, mass matter, media threat, data leak, legal deadline passed. 中: a deadline within days,
ongoing harm, repeated grievance, specific tip-off. A cue that is denied (没有危险), past (前年着过火) or only
supposed (万一着火) is a signal of its own kind. How much a signal weighs beside the words is learned.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.features import clip
from classifier.reasons import masked_words, whole
from classifier.simplify import simplified

HIGH, MIDDLE = "高", "中"

LONGEST_WORDS = 16


@dataclass(frozen=True)
class Signal:
    """One rule that fits a text.

    Args:
        level: the urgency that the rule speaks for.
        name: of the rule, for people.
        words: the words of the text that it fits, in simplified characters, not masked.
        written: the same as their author wrote them.
        holds: false where the text denies or only supposes it, or tells of the past.
    """

    level: str
    name: str
    words: str
    written: str
    holds: bool

    @property
    def feature(self) -> str:
        """The name a model knows it by."""
        return self.name if self.holds else f"{self.name}?"


_NUMBER = r"(?:[\d一二三四五六七八九十百两几数]+)"
_MANY = (
    r"(?:\d{2,}|[二三四五六七八九]十|十[几来多一二三四五六七八九]|几十|上百|数百|几百|[一二三四五六七八九两]百|上千)"
)

_CLAUSE = r"[^，。；！？,;!?\n]"
_SENTENCE = r"[^。！？!?\n]"

_PEOPLE = (
    r"(?:业主|村民|居民|工人|员工|职工|教师|老师|家长|学生|司机|群众|商户|住户|租户|老人|"
    r"受害[者人]|投资[者人]|[名个]人)"
)
_WILL = (
    r"(?:否则|不然|再不|准备|打算|商量|逼|只能|只好|只有|不得不|继续|不管|要求|一定|必[将须]|"
    r"(?<!不)将|[我们家主民人]就[要去会]|(?<![要主必])要(?![求是])|(?<![社工员])会(?![议场员]))"
)
"""Words of somebody who has something in mind; 要求上访 and 会上访 are ahead, 上访十年 is behind."""


@dataclass(frozen=True)
class _Way:
    """One way in which a rule may fit.

    Args:
        signs: wherever the pattern fits, one of these words stands; as looking for a word is a hundred times faster
            than the pattern, and most messages have none, the pattern seldom runs.
    """

    signs: tuple[str, ...]
    firsts: frozenset[str]
    pattern: re.Pattern[str]

    def signed(self, text: str) -> bool:
        """Tell whether a sign stands in a text."""
        for sign in self.signs:  # noqa: SIM110 - a generator for `any` costs more than the search.
            if sign in text:
                return True
        return False


@dataclass(frozen=True)
class _Rule:
    """One reason for urgency, and the ways in which it is told."""

    level: str
    name: str
    ways: tuple[_Way, ...]

    def matches(self, text: str, begun: frozenset[str]) -> list[re.Match[str]]:
        """Return where the rule fits, in the order of the text.

        Args:
            begun: the first characters of signs that stand in the text.
        """
        ways = [way for way in self.ways if not begun.isdisjoint(way.firsts) and way.signed(text)]
        found = [match for way in ways for match in way.pattern.finditer(text)]
        return sorted(found, key=re.Match.start) if len(found) > 1 else found


def _rule(level: str, name: str, *ways: tuple[str, str]) -> _Rule:
    split = [(tuple(signs.split()), re.compile(pattern)) for signs, pattern in ways]
    return _Rule(level, name, tuple(_Way(signs, frozenset(sign[0] for sign in signs), at) for signs, at in split))


_RULES = (
    _rule(
        HIGH,
        "生命安全",
        (
            "自杀 轻生 跳楼 割腕 割手腕 喝农药 不想活 活不下去 出人命 救命 生命危险",
            r"自杀|轻生|跳楼|割腕|割手腕|喝农药|不想活|活不下去|出人命|救命(?!稻草|通道|恩|[的之]?钱|消防|的?生活)|生命危险",
        ),
        (
            "抢救 中毒 呕吐腹泻 坍塌 塌方 垮塌 爆炸",
            r"抢救(?![性费]|治疗)|中毒|呕吐腹泻|坍塌|塌方(?!式)|垮塌|(?<!信息)(?<!信息大)(?<!知识)(?<!人口)爆炸(?![场声])",
        ),
        (
            "着火 起火 失火 燃气 煤气 漏电 触电 溺水 走失",
            rf"(?<!看)着火(?!车)|(?<![引\d])起火(?![车灾头]|事故|问题)|失火|燃气{_CLAUSE}{{0,6}}(?:泄漏|味)|煤气{_CLAUSE}{{0,4}}味|漏电|触电|溺水|走失",
        ),
        ("被困 困人 休克 殴打 打老人 割伤 划伤出血", r"被困(?![扰惑难])|(?<!贫)困人|休克|殴打|打老人|割伤|划伤出血"),
        (
            "呼吸机 砸到 砸伤 往下掉 死鱼 突然大量死亡 瘟病 疫病 起不来床 每日一餐",
            r"呼吸机|砸到(?:人|孩子)|砸伤|往下掉(?:土|砖|瓷砖)?|死鱼|突然大量死亡|瘟病|疫病|起不来床|每日一餐",
        ),
        (
            "童工 小孩子 宽的缝 口子",
            rf"童工|小孩子{_CLAUSE}{{0,6}}(?:干活|上班)|裂了?{_CLAUSE}{{0,6}}(?:宽的缝|口子)",
        ),
        (
            "不敢 不得安生 威胁",
            rf"不敢{_CLAUSE}{{0,4}}(?:放学|出门(?!办|买|玩|旅))|让[你我]{_CLAUSE}{{0,3}}不得安生|人身威胁|威胁{_CLAUSE}{{0,4}}(?:生命|人身|杀)(?!{_CLAUSE}?财产)",
        ),
        (
            "被打 被捅 被砍",
            rf"被(?:打(?:[伤死骂倒晕成的得了]|了?一|(?=[，。；！？,;!?\n]|$))|捅|砍(?:[伤死了]|{_CLAUSE}{{0,2}}刀))|{_PEOPLE}被打(?!击)",
        ),
    ),
    _rule(
        HIGH,
        "群体事件",
        (
            "集体 集中",
            rf"集体(?:到|去|前往){_CLAUSE}{{0,4}}(?:政府|市里|县里|省里?|北京|信访|局)|集体(?:罢|停工)|(?:集体|集中){_CLAUSE}{{0,6}}(?:上访|讨薪|讨要|讨说法|维权)",
        ),
        (
            "聚集 聚在",
            rf"{_PEOPLE}{_CLAUSE}{{0,12}}(?:聚集|聚在)(?!区|地|点|场|的){_CLAUSE}{{0,10}}(?:政府|信访|机关|业委会|门[口前]|讨|抗议|维权|要求)",
        ),
        ("门口聚集 门前聚集", rf"{_PEOPLE}{_CLAUSE}{{0,12}}门[口前]聚集(?!区|地|点|场|的)"),
        # Who says that he went is behind; who goes, or goes with many, is meant.
        (
            "上访",
            rf"{_WILL}{_CLAUSE}{{0,10}}上访(?!过|了|人|者|对象|材料|户|案|[多数几两十百\d]|无)",
        ),
        (
            "上访",
            rf"(?:联合|一起|结伴|群体性?|进京|赴京|越级|{_MANY}多?[名户人位家]{_CLAUSE}{{0,10}})上访(?!过|人|者|对象|案)",
        ),
        (
            "堵路 堵门 拉横幅 游行 罢工 罢运 罢课 爬塔吊 讨说法",
            rf"(?:{_PEOPLE}|准备|用车){_CLAUSE}{{0,8}}(?<!拥)堵路(?![口段况面上线])|(?<!被)堵门(?!口)|拉横幅|(?<!旅)游行|{_PEOPLE}{_CLAUSE}{{0,8}}罢(?:工|运|课)|爬塔吊|讨说法",
        ),
        (
            "联名 签名 拖欠 欠薪 被骗 受骗 同样 等说法 跑路 呕吐 发热",
            rf"{_MANY}多?(?:名|户|人|位|家|个|来){_CLAUSE}{{0,14}}(?:联名|签名|拖欠|欠薪|被骗|受骗|同样|等说法|跑路|呕吐|发热)",
        ),
        (
            "欠 发热 联名 生病",
            rf"欠{_CLAUSE}{{0,6}}{_MANY}多?(?:名|人|户|位)|(?:半数|全班|多个?村){_CLAUSE}{{0,8}}(?:发热|联名|生病)",
        ),
    ),
    _rule(
        HIGH,
        "媒体曝光",
        (
            "媒 记者 电视台 报社 焦点访谈",
            rf"(?:联系|找|打给|通知|发给|告诉|投给|捅给){_CLAUSE}{{0,6}}(?:媒体|记者|电视台|报社|焦点访谈)|省媒(?!体)|记者已|电视台的人",
        ),
        (
            "抖音 快手 网上 网络 微博 热搜 大V",
            rf"(?:发|传)(?:到|上|全){_CLAUSE}{{0,4}}(?:抖音|快手|网[上络]|微博|热搜)|上热搜|大V",
        ),
        # 曝光 as a threat or a step taken with the press; a wish of the reader (恳请曝光) and the past are neither.
        (
            "曝光",
            rf"{_WILL}{_CLAUSE}{{0,10}}(?<!被)(?<!予以)曝光(?!率|度|台|过|了|后|的|出)",
        ),
        (
            "曝光",
            rf"(?:向|到|在|上|给|请|找|通过)[各多]?{_CLAUSE}{{0,6}}(?:媒体|记者|抖音|快手|微博|电视台){_CLAUSE}{{0,4}}(?<!被)(?<!予以)曝光(?!过|了|后|的)",
        ),
    ),
    _rule(
        HIGH,
        "信息泄露",
        (
            "泄露 泄漏 外泄 被卖 倒卖 贩卖 兜售 出售",
            r"(?:信息|数据|隐私|资料|名单|档案|录音|身份证号?|电话|姓名|记录|合同)"
            rf"{_CLAUSE}{{0,12}}(?:泄露|泄漏|外泄|被卖|倒卖|贩卖|兜售|(?<!是否能够)(?<!可以)(?<!能否)出售)",
        ),
        (
            "泄露 泄漏 外泄 倒卖 贩卖",
            rf"(?:泄露|泄漏|外泄|倒卖|贩卖){_CLAUSE}{{0,10}}(?:信息|数据|隐私|资料|名单|档案|录音|身份证|号码)",
        ),
        (
            "身份证",
            rf"身份证号?{_CLAUSE}{{0,14}}(?:都有|都在群|群里|随便|一排|满地|网上(?:都|就|随))",
        ),
        ("误发 转给同行", rf"误发{_CLAUSE}{{0,12}}(?:群|同行|表)|转给同行"),
        (
            "改数字就能下载 跳转 在线发牌 被黑 挂马",
            rf"改数字就能下载|跳转{_CLAUSE}{{0,4}}(?:赌博|博彩|黄色)|在线发牌|网站被黑|被黑了|挂马",
        ),
    ),
    _rule(
        HIGH,
        "冒名诈骗",
        (
            "冒充 冒用 假冒 自称",
            rf"(?:冒充|冒用|假冒|自称){_SENTENCE}{{0,24}}(?:骗|转走|转账|索要|验证码|保证金|银行卡|共享屏幕|账户|密码)",
        ),
    ),
    _rule(
        HIGH,
        "法定期限已过",
        (
            "工作日 期限 时限",
            r"(?:工作日|法定期限|法定时限|答复期限)(?:早已?|都|已经?)?(?:过了|过去|届满|超过|已过)",
        ),
        (
            "期限 时限 工作日",
            rf"(?:超过|超出|过了|逾){_CLAUSE}{{0,6}}(?:法定期限|法定时限|答复期限|个工作日)",
        ),
        ("逾期 超期", rf"(?:逾期|超期){_CLAUSE}{{0,4}}(?:未|没|不)(?:答复|办|回)|公开超期|答复逾期"),
    ),
    _rule(
        MIDDLE,
        "限期将至",
        (
            "前 截止 到期 交稿 报送 要用 之内 以内",
            rf"(?:今天|今晚|明天|后天|本周|这周|下周|周[一二三四五六日天]|星期[一二三四五六日天]|月底|月末|\d+[日号]){_CLAUSE}{{0,6}}"
            r"(?:前|截止|到期|交稿|报送|要用|之内|以内)",
        ),
        (
            "还有 只剩 剩下 仅剩 截止",
            rf"(?:还有|只剩|剩下|仅剩){_CLAUSE}{{0,3}}{_NUMBER}天|截止{_CLAUSE}{{0,8}}(?:日|天|点|号|周)",
        ),
        (
            "截止 关网 最后 急用 急等 等着用 马上到期",
            rf"(?:今天|明天|今晚){_CLAUSE}{{0,8}}(?:截止|关网|最后)|最后(?:一天|期限|{_NUMBER}天)|急用|急等|等着用|马上(?:截止|到期)",
        ),
        ("期限 截止", rf"(?:期限|截止){_CLAUSE}{{0,3}}(?:下周|周)"),
    ),
    _rule(
        MIDDLE,
        "持续受害",
        (
            "每天 天天 每晚 夜夜 夜里 半夜 凌晨 一直 持续 长期 常年 整夜 至今",
            r"(?:每天|天天|每晚|夜夜|夜里|半夜|凌晨|一直|持续|长期|常年|整夜|至今)[^。！？\n]{0,16}"
            r"(?:噪|吵|臭|味|污|排|停电|停水|漏|扰|睡|烧|冒|施工|拖欠|欠|偷|咳|受不了|没发|未发|堵)",
        ),
        (
            "睡不着 睡不了 没法睡 一到 越来越严重 没水 断水 断电 欠薪 拖欠 受阻 不发工资 冻死 绝收",
            r"睡不着|睡不了|没法睡|一到(?:晚上|夜里|下雨)|越来越严重|没水|断水|断电|欠薪|拖欠|受阻|不发工资|冻死|绝收",
        ),
    ),
    _rule(
        MIDDLE,
        "反复反映",
        (
            "次 回 遍",
            r"第(?![一二三四五六七八]次(?:全国|人口|经济|农业))[二三四五六七八九十\d]+[次回遍]",
        ),
        (
            "次 回 遍",
            rf"[二两三四五六七八九十\d]+(?:次|回|遍){_CLAUSE}{{0,6}}(?:反映|投诉|咨询|没|未|无|拨打|热线|来电|来信|电话)",
        ),
        (
            "次 回 遍 趟",
            rf"(?:反映|投诉|催|打|拨打|咨询|递|写|来电|致电|反馈){_CLAUSE}{{0,8}}(?:{_NUMBER}|多|好几|无数)(?:多|余)?(?:次|回|遍|趟)(?!全国|人口|经济|农业|普查)",
        ),
        (
            "多次 再次 重复工单 反复 屡次",
            r"多次(?:反映|投诉|拨打|催|来电|要求)|再次(?:反映|投诉|来电|来信|留言)|重复工单|反复(?:反映|投诉|来电)|屡次",
        ),
        (
            "三番五次 踢皮球 互相推 推来推去 两头推 没人理 无人理 没人管 石沉大海 不认可 不满意前次",
            r"三番五次|踢皮球|互相推|推来推去|两头推|没人理|无人理|没人管|石沉大海|不认可|不满意前次",
        ),
    ),
    _rule(
        MIDDLE,
        "具体举报",
        ("举报", r"举报[^。！？\n]{0,30}(?:公司|厂|村|镇|局|站|学校|医院|店|合作社|企业|所|院)"),
        (
            "虚报 瞒报 造假 弄虚作假 编数 假数 代填 套取 骗取 骗补 做假 假的 作假 建议数 指导数 任务数",
            r"虚报|瞒报|造假|弄虚作假|编数|假数|代填|套取|骗取|骗补|做假|假的|作假|建议数|指导数|任务数",
        ),
        (
            "改数 往上调 调高 凑数 虚 填",
            rf"(?:要求|逼|让|指使|授意){_CLAUSE}{{0,12}}(?:改数|往上调|调高|凑数|虚|按{_CLAUSE}{{0,6}}填)",
        ),
        ("超载 偷排 无证 回扣 吃拿卡要 受贿", r"超载|偷排|无证|回扣|吃拿卡要|受贿"),
    ),
)


def _beginnings(signs: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the first character of every sign, and looks ahead for the others: one walk through a text
    tells which ways are worth a look."""
    after: dict[str, list[str]] = defaultdict(list)
    for sign in sorted(set(signs)):
        after[sign[0]].append(sign[1:])
    return re.compile("|".join(first + (f"(?={'|'.join(rest)})" if all(rest) else "") for first, rest in after.items()))


_BEGINNINGS = _beginnings(sign for rule in _RULES for way in rule.ways for sign in way.signs)

# Looked for just before a cue, inside its own clause.
_DENIED = re.compile(
    r"(?:没有?|并无|毫无|无|未|不存在|不会|不是|并非|不要|别|不至于|谈不上|防止|避免|预防|杜绝|严防|以防|免得|不用)[^，。；！？,;!?\n]{0,6}$"
)
_PAST = re.compile(r"(?:以前|从前|当年|早年|曾经?|那年|前年|去年|多年前|历史上|\d{4}年)[^。！？!?\n]{0,10}$")
_SUPPOSED = re.compile(
    r"(?:如果|假如|万一|一旦|倘若|难道|非得|非要|要是|会不会|是否会|怕|担心|极易|容易|(?<!随时)(?<!随时都)(?<!随时有)(?<!随时都有)可能|演练|演习|应急预案|保险|宣传|知识|培训)[^，。；！？,;!?\n]{0,8}$"
)
_AFTER = re.compile(r"^[^，。；！？,;!?\n]{0,4}(?:演练|演习|预案|知识|保险|怎么统计|人数统计|统计口径)")


def signals(title: str, body: str) -> list[Signal]:
    """Return what speaks for urgency in a text: at most one signal a rule, in the order of the rules."""
    raw = whole(f"{clip(title)}\n{clip(body)}")
    return signals_in(raw, simplified(raw))


def signals_in(raw: str, text: str) -> list[Signal]:
    """Return the signals of a text that was prepared before.

    Args:
        raw: title and body as they were written, clipped.
        text: the same in simplified characters.
    """
    found = []
    begun = frozenset(_BEGINNINGS.findall(text))
    for rule in _RULES if begun else ():
        matches = rule.matches(text, begun)
        holding = next((match for match in matches if _holds(text, match)), None)
        if matches:
            told = holding or matches[0]
            written = raw[told.start() : told.end()]
            found.append(Signal(rule.level, rule.name, told.group(), written, holding is not None))
    return found


def _holds(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 16) : match.start()]
    after = text[match.end() : match.end() + 10]
    return not (_DENIED.search(before) or _PAST.search(before) or _SUPPOSED.search(before) or _AFTER.search(after))


def reasons(found: Sequence[Signal], level: str, text: str) -> list[str]:
    """Return the signals of a level that hold as `rule：words of the text`, masked.

    Args:
        text: the whole of it, in simplified characters; what is a name or a number is told by it.
    """
    told = [(one.name, _shown(one, text)) for one in found if one.holds and one.level == level]
    return [f"{name}：{words}" if words else name for name, words in told]


def _shown(signal: Signal, text: str) -> str:
    words = masked_words(signal.words, text)
    if words == "".join(signal.words.split()):
        words = "".join(signal.written.split())
    # Masked before they are cut: half a number would not be known for one.
    return words[:LONGEST_WORDS]
