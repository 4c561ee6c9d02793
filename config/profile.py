"""The bureau's profile: one TOML file that says who the bureau is and by which rules it works.

It is checked whole at start: every fault is named by its key, unknown keys are refused.
"""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

KINDS = ("咨询", "求助", "建议", "投诉", "举报", "感谢", "申请公开", "征求意见反馈")
SENTIMENTS = ("正面", "中性", "负面")
URGENCIES = ("高", "中", "低")
EMOTIONS = ("fear", "disgust", "optimism", "surprise", "gratitude", "sadness", "anger")
CATEGORIES = (
    "城乡建设",
    "环境保护",
    "交通运输",
    "教育文体",
    "劳动和社会保障",
    "商贸旅游",
    "卫生计生",
    "统计",
    "其他",
)
INVALID = "无效"
EXTERNAL = "外部:"

Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Bureau(_Part):
    """Who the bureau is."""

    name: Text
    short_name: Text
    region: Text
    timezone: Text = "Asia/Shanghai"


class Section(_Part):
    """A section of the bureau: it can own a case."""

    name: Text
    duties: tuple[Text, ...] = Field(min_length=1)
    phrases: tuple[Text, ...] = ()
    contact: Text


class Body(_Part):
    """Another body: people are guided to it."""

    name: Text
    duties: tuple[Text, ...] = Field(min_length=1)
    phrases: tuple[Text, ...] = ()
    contact: Text
    route: Text


class Channel(_Part):
    """A way in which the public reaches the bureau."""

    id: Text
    name: Text
    expects_reply: bool
    access: Literal["normal", "restricted"] = "normal"
    clock: str | None = None
    cases_since: date | None = None


class ClockRule(_Part):
    """One dated rule of a deadline; several rules of one id follow each other by `since`."""

    id: Text
    name: Text
    law: Text
    since: date = Field(alias="from")
    amount: int = Field(ge=1)
    unit: Literal["working_days", "days", "months", "hours"]
    pausable: bool
    extension: int = Field(0, ge=0)
    checked: bool


class Chain(_Part):
    """Who signs an answer, in order, for some kinds and urgencies (empty: all)."""

    name: Text
    kinds: tuple[Text, ...] = ()
    urgencies: tuple[Text, ...] = ()
    steps: tuple[Text, ...] = Field(min_length=1)


class Profile(_Part):
    """The whole profile."""

    bureau: Bureau
    sections: tuple[Section, ...] = Field(min_length=1)
    bodies: tuple[Body, ...] = ()
    channels: tuple[Channel, ...] = Field(min_length=1)
    clocks: tuple[ClockRule, ...] = Field(min_length=1)
    chains: tuple[Chain, ...] = Field(min_length=1)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The bureau's time zone; weeks and due days are counted in it."""
        return ZoneInfo(self.bureau.timezone)

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """Every owner a message can have: sections, `外部:NAME` of the other bodies, and 无效."""
        outside = tuple(EXTERNAL + body.name for body in self.bodies)
        return tuple(section.name for section in self.sections) + outside + (INVALID,)

    def channel(self, channel_id: str) -> Channel | None:
        """Return the channel of this id, or None."""
        return next((channel for channel in self.channels if channel.id == channel_id), None)

    def clock(self, clock_id: str, on: date) -> ClockRule | None:
        """Return the rule of this id in force on a day, or None."""
        rules = [rule for rule in self.clocks if rule.id == clock_id and rule.since <= on]
        return max(rules, key=lambda rule: rule.since, default=None)


def load_profile(path: Path | None = None) -> Profile:
    """Read and check a profile; without a path the shipped one."""
    raise NotImplementedError
