"""What was truly written and answered: invented letters, the same ones for the same seed."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")

_PLACES = (
    "兰山区柳青街道",
    "罗庄区盛庄街道",
    "河东区九曲街道",
    "沂水县龙家圈街道",
    "费县上冶镇",
    "平邑县仲村镇",
    "莒南县坊前镇",
    "郯城县红花镇",
)
_SUBJECTS = (
    ("{year}年统计年鉴在哪里可以查到", "想查{year}年全市和各县区的主要指标，局网站上只找到了PDF的目录。"),
    (
        "咨询{year}年在岗职工平均工资口径",
        "单位要用{year}年在岗职工平均工资核算赔偿，请问全口径和非私营单位的数各是多少？",
    ),
    ("{place}入户调查员是否为正式工作人员", "昨天有两位自称统计调查员的人到{place}敲门，要看户口本和收入证明。"),
    ("关于企业联网直报平台登录不上的问题", "我公司在{place}，月报开网以后一直提示证书过期，报不了{year}年11月的报表。"),
    ("反映{place}人口普查漏登", "我家五口人常住{place}，普查的时候一直没有人上门，也没有接到过电话。"),
    ("建议把月度数据做成表格发布", "每月的主要指标发布的都是图片，没有办法复制，{year}年以来一直如此。"),
    ("{place}的粮食产量数据与实际不符", "村里今年受了灾，听说上报的单产比去年还高，请核实{place}的情况。"),
    ("投诉电话调查多次打扰", "一个月内接到六次满意度电话，都说是统计局的，晚上九点以后还在打。"),
    ("请求公开{year}年城镇居民人均可支配收入", "诉讼需要引用{year}年数据，请给一个可以引用的正式出处。"),
    ("新开办的企业什么时候入统", "公司{year}年5月在{place}注册，营业收入已经过了2000万，不知道要不要自己申报。"),
    ("GDP初步核算数与最终核实数为何不同", "{year}年的公报和第二年年鉴上的GDP<总量>不一样，差了30多亿元，以哪个为准？"),
    ("咨询", "请问统计从业资格证书还考不考，{year}年以前发的还有没有用？"),
)
_MIDDLES = (
    "本人打过三次电话，一直没有人接，上午打了，下午也打了。",
    "上次的回复内容：请向县局咨询。县局又说归市局管，来回推了两次。",
    "同一张表里A&B两列的合计对不上，差额在“其他”里也找不到。",
    "网上搜到的数有三个版本：4105.2、4110.8和4098（单位：亿元）。",
    "附上链接 http://example.invalid/data?id=3&y=2 供参考。",
    "周围几户邻居（共12户）也是同样的情况，可以一起作证。",
    "说明一下，这不是第一次反映了，去年3月已经写过一封信。",
)
_ENDS = (
    "希望尽快答复，谢谢！",
    "盼复。",
    "麻烦了，祝工作顺利😀",
    "请有关科室核实以后给个说法。",
    "此致 敬礼",
)
_OPENINGS = ("您好，来信收悉。", "网友您好！", "尊敬的来信人：您反映的问题已转有关科室办理，现答复如下。")
_ANSWERS = (
    "经核实，{year}年数据已在统计年鉴第三章公布，请以年鉴为准。",
    "统计调查员入户时应当出示证件，您可以拨打0539-8000000核实身份。",
    "该事项由国家统计局临沂调查队负责，我们已经代为转达。",
    "初步核算数与最终核实数的口径、资料来源不同，差异属于正常修订。",
    "联网直报证书已为贵公司重新签发，请清除浏览器缓存后再登录。",
)
_THANKS = ("感谢您对统计工作的关心和支持。", "如有疑问，请在工作日与我们联系。", "祝您生活愉快！")
_OFFICES = ("综合科", "执法监督科", "信息化科", "农村统计科", "城镇化和人口科", "办公室")
_FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗"
_STEPS = (timedelta(hours=7, minutes=13, seconds=5), timedelta(days=3, minutes=41), timedelta(days=9, hours=2))
_NEWEST = datetime(2026, 11, 13, 9, 5, 33, tzinfo=UTC)
WAITING = 3
"""A letter of the first page that waits for its answer."""


@dataclass(frozen=True)
class Answer:
    """One official answer."""

    paragraphs: tuple[str, ...]
    at: datetime
    by: str

    @property
    def text(self) -> str:
        """The answer, a paragraph a line."""
        return "\n".join(self.paragraphs)


@dataclass(frozen=True)
class Letter:
    """One letter with all that any site might show of it."""

    number: int
    title: str
    paragraphs: tuple[str, ...]
    posted_at: datetime
    author: str
    phone: str
    likes: int
    dislikes: int
    public: bool
    answers: tuple[Answer, ...] = ()

    @property
    def text(self) -> str:
        """The letter, a paragraph a line."""
        return "\n".join(self.paragraphs)

    @property
    def key(self) -> str:
        """32 hexadecimal digits, as some systems number their letters."""
        return md5(b"letter %d" % self.number, usedforsecurity=False).hexdigest()

    @property
    def local(self) -> datetime:
        """When it was written, in the bureau's zone."""
        return self.posted_at.astimezone(ZONE)

    @property
    def answered(self) -> bool:
        """Whether an answer is published."""
        return bool(self.answers)

    @property
    def answer(self) -> Answer:
        """The first answer."""
        return self.answers[0]

    def with_answers(self, *answers: Answer) -> "Letter":
        """The letter after it was answered."""
        return replace(self, answers=answers)


def letters(seed: int, count: int = 45, most_answers: int = 1) -> list[Letter]:
    """Return invented letters, the newest first; about a quarter of them wait for an answer."""
    draw = random.Random(seed)
    moment, found = _NEWEST, []
    for place in range(count):
        waits = place == WAITING or (place != 0 and draw.random() < 0.25)
        letter = _letter(draw, 20_000 + 100 * seed + 37 * (count - place), moment)
        found.append(
            letter if waits else letter.with_answers(*_answers(draw, moment, draw.randint(1, max(1, most_answers))))
        )
        moment -= draw.choice(_STEPS)
    return found


def newcomer(seed: int, moment: datetime) -> Letter:
    """Return a letter that is written later than those of `letters`."""
    return _letter(random.Random(seed + 1000), 90_000 + seed, moment)


def late_answer(seed: int, moment: datetime) -> Answer:
    """Return an answer to a letter that waited."""
    return _answers(random.Random(seed + 2000), moment, 1)[0]


def _letter(draw: random.Random, number: int, moment: datetime) -> Letter:
    title, first = draw.choice(_SUBJECTS)
    words = {"year": draw.randint(2016, 2025), "place": draw.choice(_PLACES)}
    middles = draw.sample(_MIDDLES, draw.randint(0, 3))
    return Letter(
        number=number,
        title=title.format(**words),
        paragraphs=(first.format(**words), *middles, draw.choice(_ENDS)),
        posted_at=moment,
        author=draw.choice(_FAMILY) + draw.choice(("先生", "女士", "**", "䶮", "小明")),
        phone=f"139{draw.randrange(10**8):08d}",
        likes=draw.randrange(300),
        dislikes=draw.randrange(20),
        public=draw.random() < 0.8,
    )


def _answers(draw: random.Random, moment: datetime, number: int) -> tuple[Answer, ...]:
    found = []
    for _ in range(number):
        moment += timedelta(hours=draw.randint(3, 40), minutes=draw.randint(0, 59), seconds=draw.randint(0, 59))
        paragraphs = (draw.choice(_OPENINGS), draw.choice(_ANSWERS).format(year=draw.randint(2016, 2025)))
        found.append(Answer((*paragraphs, draw.choice(_THANKS)), moment, draw.choice(_OFFICES)))
    return tuple(found)
