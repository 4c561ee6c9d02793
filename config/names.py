"""Personal names in Chinese text: found by what stands before or after them.

A surname alone proves nothing (高 begins 高速, 于 begins 于是). A name is taken only after a word such as 我叫 or
联系人：, or before one such as 先生, and where jieba's dictionary does not read a common word in its place.
"""

import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤阎傅洪季庞樊祝颜倪殷鲁解庄耿聂焦虞宁柴"
    "翟柳葛纪尤柯臧牛詹符骆晏苗凌霍裴席卞吉阮窦麻伍娄诸宫褚荆谷邢岳齐尚梅盛童欧刁辛管左蒲屈鲍司包车隋甄冷简饶申滕楚卓蔺冉"
    "安常闻路喻米费封单项房游温水花时皮戚和穆缪景曲文温兰连成关车古代"
)
_COMMON = _SURNAMES[:60]
_COMPOUND = "欧阳|司马|上官|诸葛|夏侯|尉迟|皇甫|司徒|慕容|东方|令狐|公孙|端木|长孙|宇文|轩辕|独孤|南宫"
_SUR = rf"(?:{_COMPOUND}|[{_SURNAMES}])"
_HAN = r"\u4e00-\u9fff"
_JOINED = rf"[{_HAN}]{{2,8}}[·•‧・][{_HAN}]{{2,8}}"  # 阿依古丽·买买提
_BLANK = r"[ \t\u3000]{0,4}"

# Surnames that are as often a small word: 向老师反映, 和老师说.
_SMALL_WORDS = frozenset("向从和时管包路单项连成关代车")
_TERM = re.compile(r"[一二三四五六七八九十几两数历前现本上首多]任")  # 十一任镇长
# jieba's marks of words that no name is: time, pronoun, conjunction, adverb, preposition, place, number, particle.
_LITTLE = frozenset(("t", "r", "c", "d", "p", "f", "m", "u", "uj", "ul", "v", "vn", "l", "i"))

_NO_NAMES = frozenset(
    ("匿名", "不详", "保密", "同上", "未提供", "见附件", "不便透露", "暂无", "不愿透露", "本人", "无名", "电话", "手机")
)
_BODY = re.compile(r"[科室局处部会司院所站厂店队组镇村县市区省社校委府庄]$")

_ROLES = (
    "联系人|举报人|投诉人|申请人|来电人|当事人|诉求人|求助人|反映人|留言人|写信人|来信人|信访人|建议人|咨询人|委托人|代理人|法定代表人"
    "|法人代表|法人|负责人|收件人|寄件人|户主|房主|业主|患者|死者|伤者|家长|监护人|考生|签名|落款|署名|经办人|调查员|姓名|名字"
)
_WEAK_ROLES = (
    "联系人|举报人|投诉人|申请人|来电人|当事人|诉求人|求助人|反映人|留言人|来信人|信访人|户主|房主|业主|患者|死者|法人代表|负责人|村民"
    "|居民|市民|学生|职工|员工|考生|父亲|母亲|爸爸|妈妈|丈夫|妻子|老公|老婆|儿子|女儿|哥哥|姐姐|弟弟|妹妹|爷爷|奶奶|本人|我是|敬礼"
)
# The first are said to persons only; the others also follow a subject: 高中老师, 金融局长.
_POLITE = "先生(?![产态])|女士|小姐|师傅|阿姨|大爷|大妈|大娘|大哥|大姐|大叔|叔叔"
_OFFICE = (
    "同志|老师|大夫|医生|护士|律师|法官|警官|老板|经理|书记|主任|会计"
    "|(?:局|科|处|厂|所|站|队|村|镇|乡|县|区|市|校|院|组|园|班)长(?![期远度江途时效大久达足年势假城])"
)
# What may follow a name at once.
_LONG_AFTER = "电话|手机|身份证|联系|家住|现住|居住|今年|现年|来自|反映|投诉|举报"
_AFTER = rf"(?=[^{_HAN}]|$|电话|手机|身份证|联系|家住|现住|居住|住在|先生|女士|同志|反映|来电|称|表示|要求|咨询)"
_AFTER_SURE = rf"(?=[^{_HAN}]|$|{_LONG_AFTER}|[住系是男女于在的我想要向因和与现])"

# 姓名：张三 - a field of a form, where any surname may stand.
_FIELD = re.compile(rf"((?:{_ROLES}){_BLANK}[:：]{_BLANK})({_JOINED}|[{_HAN}]{{2,4}})(?![{_HAN}:：])")
# 我叫张三 - surely a name, wherever it ends.
_SURE = re.compile(
    rf"((?:我叫|名叫|本人叫|[我他她]的?名字[叫是]|(?:姓名|联系人|举报人|投诉人|申请人|户主|业主){_BLANK}[是为:：]){_BLANK})"
    rf"({_JOINED}|{_SUR}(?:[{_HAN}](?={_LONG_AFTER})|[{_HAN}]{{2}}{_AFTER_SURE}|[{_HAN}]{_AFTER_SURE}|[{_HAN}]{{1,2}}))"
)
# 本人张三， - a name if it ends where a name would.
_LIKELY = re.compile(rf"((?:{_WEAK_ROLES})[叫,，!！。\s]{{0,4}})({_SUR}(?:[{_HAN}]{{2}}{_AFTER}|[{_HAN}]{_AFTER}))")
_FAMILY = re.compile(rf"((?:我|本人|免贵|他|她)姓)([{_SURNAMES}])(?=[^{_HAN}]|$|[的是家住])")
# 张某、李某某、王某甲
_SOME = re.compile(rf"()([{_SURNAMES}]某(?:某|[甲乙丙丁]|(?![些种个时人年月日天地处次一单公项方位段路街社小村])))")
# 王先生、欧阳老师
_TITLED = re.compile(rf"()({_SUR}[{_HAN}]{{0,2}})(?=({_POLITE})|(?:{_OFFICE}))")

_WINDOW = 6
"""Characters before and after a possible name that are read to tell words apart."""


def mask_names(text: str, put: str) -> str:
    """Return *text* with the names found in it replaced by *put*."""
    text = _FIELD.sub(lambda match: f"{match[1]}{put}" if _fills_field(match[2]) else match[0], text)
    text = _SURE.sub(lambda match: f"{match[1]}{put}" if _is_sure(match) else match[0], text)
    text = _LIKELY.sub(lambda match: f"{match[1]}{put}" if _is_likely(match) else match[0], text)
    text = _FAMILY.sub(rf"\1{put}", text)
    text = _SOME.sub(lambda match: match[0] if _begins(match) == "" else put, text)
    return _TITLED.sub(lambda match: _titled(match, put), text)


def _fills_field(name: str) -> bool:
    return name not in _NO_NAMES and not (len(name) > 2 and _BODY.search(name))


def _is_sure(match: re.Match[str]) -> bool:
    name, after = match[2], match.string[match.end() : match.end() + 1]
    if not after or not "\u4e00" <= after <= "\u9fff":
        return name not in _NO_NAMES
    word, mark = _word_at(match, match.start(2))
    return mark.startswith("nr") or len(word) < 2


def _is_likely(match: re.Match[str]) -> bool:
    name = match[2]
    word, mark = _word_at(match, match.start(2))
    if _BODY.search(name) or name[0] in _SMALL_WORDS:
        return False
    return mark.startswith("nr") or (len(word) == 1 and mark not in _LITTLE)


def _begins(match: re.Match[str]) -> str:
    """Return the word that begins where the name begins, or nothing where that place is inside a word."""
    return _word_at(match, match.start(2))[0]


def _titled(match: re.Match[str], put: str) -> str:
    """Mask the one to four characters before a title, from the first that can begin a name."""
    found, start = match[2], match.start(2)
    words = dict(_words(match.string, max(0, start - _WINDOW), match.end() + 2))
    for skipped, first in enumerate(found):
        # The pattern begins with a surname; where it is one of two characters, 上官, the first alone is none.
        if skipped > 0 and first not in _SURNAMES:
            continue
        word, mark = words.get(start + skipped, ("", ""))
        rest = len(found) - skipped
        if not words:
            return put
        if not word:
            continue  # The character is inside a word: 感谢李先生, 历史老师.
        alone = len(word) == 1 or len(word) > rest
        if rest == 1:
            before = match.string[max(0, start + skipped - 1) : start + skipped]
            taken = alone and first not in _SMALL_WORDS and not _TERM.match(before + first)
        elif mark.startswith("nr"):
            taken = True
        elif len(word) == 1:
            taken = mark not in _LITTLE and found[skipped + 1] not in "和与"
        else:
            # A name may be a word besides: 王金先生; a trade before a title is none: 司机师傅.
            taken = bool(match[3]) and len(word) == rest and mark == "n" and first in _COMMON
        if taken:
            return found[:skipped] + put
    return match[0]


def _word_at(match: re.Match[str], place: int) -> tuple[str, str]:
    """Return the word that begins at a place and jieba's mark for it; two empty texts inside a word."""
    words = dict(_words(match.string, max(0, place - _WINDOW), place + _WINDOW))
    return words.get(place, ("", "")) if words else ("名", "nr")


@cache
def _dictionary() -> ModuleType | None:
    """Load the dictionary when the first name is looked at: most commands look at none."""
    try:
        import rjieba
    except ImportError:  # No wheel for this machine: no word is known, so that more is masked.
        return None
    return rjieba


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, tuple[str, str]]]:
    rjieba = _dictionary()
    if rjieba is None:
        return
    place = start
    for word, mark in rjieba.tag(text[start:end]):
        yield place, (word, mark)
        place += len(word)
