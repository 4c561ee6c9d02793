"""Proposed owners: the model when it is sure, the bureau's conventions before it, a clerk otherwise."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.profile import load_profile
from responder.routing import Basis, Suggestion, questions, suggest, words

PROFILE = load_profile()
ELSEWHERE = "外部:交通运输局"


@dataclass
class Said:
    """A prediction as routing sees it."""

    owner: str = "综合科"
    owner_confidence: float = 0.83
    abstained: str = ""
    why: dict[str, Any] = field(default_factory=lambda: {"owner": ["年鉴", "公报"]})


def test_a_sure_prediction_is_proposed_with_its_words():
    """Owner, confidence and deciding words come from the model."""
    assert suggest("site-board", Said(), PROFILE) == Suggestion("综合科", 0.83, "年鉴、公报", Basis.MODEL)


@pytest.mark.parametrize("abstained", ["owner", "category;owner", "owner;urgency"])
def test_an_abstention_leaves_it_to_the_clerk(abstained):
    """A best guess under its threshold is not proposed; its confidence is still told."""
    assert suggest("mailbox", Said(abstained=abstained), PROFILE) == Suggestion(None, 0.83, "模型把握不足", Basis.NONE)


def test_an_abstention_on_another_question_does_not_matter():
    """Only the question of the owner counts."""
    assert suggest("mailbox", Said(abstained="kind;urgency"), PROFILE).owner == "综合科"


def test_without_a_prediction_a_clerk_decides():
    """A broken classifier leaves the proposal empty."""
    assert suggest("mailbox", None, PROFILE) == Suggestion(None, None, "尚未完成自动分类", Basis.NONE)


@pytest.mark.parametrize("channel", ["foi", "proposals"])
@pytest.mark.parametrize(
    "said", [None, Said(), Said(owner="无效"), Said(owner=ELSEWHERE, abstained="owner"), Said(owner="外部:没有的单位")]
)
def test_applications_and_proposals_go_to_the_office(channel, said):
    """Whatever the subject, and however unsure the model, 依申请公开 and 建议提案 are the office's."""
    suggestion = suggest(channel, said, PROFILE)

    assert (suggestion.owner, suggestion.basis, suggestion.confidence) == ("办公室", Basis.CONVENTION, None)
    assert "办公室" in suggestion.why


@pytest.mark.parametrize("channel", ["foi", "proposals"])
def test_plainly_another_bodys_records_are_proposed_to_it(channel):
    """A sure prediction of another body goes before the convention."""
    assert suggest(channel, Said(owner=ELSEWHERE), PROFILE).owner == ELSEWHERE


def test_a_bureau_without_that_office_uses_the_model():
    """The convention never proposes a section that the profile does not have."""
    sections = tuple(section for section in PROFILE.sections if section.name != "办公室")
    profile = PROFILE.model_copy(update={"sections": sections})
    profile.__dict__.pop("owners", None)

    assert suggest("foi", Said(), profile).owner == "综合科"


@given(
    st.sampled_from([channel.id for channel in PROFILE.channels]),
    st.text(max_size=8) | st.sampled_from(PROFILE.owners),
    st.sampled_from(["", "owner", "kind"]),
)
def test_an_owner_outside_the_profile_is_never_proposed(channel, owner, abstained):
    """A model trained for another bureau can name anybody; the proposal stays within the profile."""
    suggestion = suggest(channel, Said(owner=owner, abstained=abstained), PROFILE)

    assert suggestion.owner is None or suggestion.owner in PROFILE.owners
    assert suggestion.why or suggestion.basis is Basis.MODEL


def test_columns_are_read_as_the_classifier_writes_them():
    """`abstained` is ;-joined, `why` maps a question to words; both may be empty."""
    assert questions("") == ()
    assert questions("kind;owner") == ("kind", "owner")
    assert words({"urgency": ["停水", "三天"]}, "urgency") == "停水、三天"
    assert words({}, "urgency") == ""
