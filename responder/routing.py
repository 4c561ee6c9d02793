"""Who should deal with a case: a proposal for the clerk, never a decision. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from config.profile import EXTERNAL, Profile

OFFICE = "办公室"

_OFFICE_CHANNELS = {
    "foi": "依申请公开件由办公室统一登记办理",
    "proposals": "建议提案由办公室统一承办",
}


class Predicted(Protocol):
    """What of a prediction routing looks at; a row of `predictions` fits."""

    @property
    def owner(self) -> str: ...
    @property
    def owner_confidence(self) -> float: ...
    @property
    def abstained(self) -> str: ...
    @property
    def why(self) -> Mapping[str, Any]: ...


class Basis(StrEnum):
    """What a proposal rests on."""

    CONVENTION = "惯例"
    MODEL = "模型"
    NONE = "待定"


@dataclass(frozen=True)
class Suggestion:
    """A proposed owner.

    Args:
        owner: a section, `外部:NAME` or 无效; None: a clerk decides.
        confidence: of the model, 0 to 1; None where a convention decides or nothing was predicted.
        why: the deciding words, or the convention, in Chinese.
    """

    owner: str | None
    confidence: float | None
    why: str
    basis: Basis


def suggest(channel: str, predicted: Predicted | None, profile: Profile) -> Suggestion:
    """Propose an owner; an owner that the profile does not know is never proposed.

    Args:
        channel: channel id of the message.
        predicted: None while the classifier has not answered.

    Source: the bureau's conventions, docs/rules.md: 依申请公开 and 建议提案 go to the office whatever the
    subject, unless the classifier is sure that the matter is another body's.
    """
    sure = predicted if predicted is not None and "owner" not in questions(predicted.abstained) else None
    elsewhere = sure is not None and sure.owner.startswith(EXTERNAL) and sure.owner in profile.owners
    if channel in _OFFICE_CHANNELS and OFFICE in profile.owners and not elsewhere:
        return Suggestion(OFFICE, None, _OFFICE_CHANNELS[channel], Basis.CONVENTION)
    if predicted is None:
        return Suggestion(None, None, "尚未完成自动分类", Basis.NONE)
    if sure is None:
        return Suggestion(None, predicted.owner_confidence, "模型把握不足", Basis.NONE)
    if sure.owner not in profile.owners:
        return Suggestion(None, sure.owner_confidence, "预测的承办单位不在本单位配置中", Basis.NONE)
    return Suggestion(sure.owner, sure.owner_confidence, words(sure.why, "owner"), Basis.MODEL)


def questions(abstained: str) -> tuple[str, ...]:
    """Split the `abstained` column of a prediction into its questions."""
    return tuple(part for part in abstained.split(";") if part)


def words(why: Mapping[str, Any], question: str) -> str:
    """Return the deciding words of a question as Chinese running text; empty if there are none."""
    return "、".join(str(word) for word in why.get(question, ()))
