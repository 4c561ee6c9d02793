"""Labels: added, newest counts, an accept never alone, restricted texts never learned."""

import pytest

from classifier.corpus import gather, label_examples, profile_examples, seed_examples, seed_rows
from classifier.errors import LabelError
from classifier.labels import add_label, newest_labels
from classifier.pipelines import answers_to
from collector.access import EVERYONE, PIPELINE
from collector.tables import RESTRICTED
from config.context import Context
from tests.factories import make_message


def say(ctx: Context, message: int, value: str, origin: str, question: str = "kind") -> None:
    """Add one label."""
    with ctx.database.writing() as session:
        add_label(session, message, question, value, origin, "staff:1", ctx.clock())


def learned(ctx: Context, question: str = "kind") -> list[tuple[str, str]]:
    """Return body and label of every example that people's labels give."""
    with ctx.database.reading() as session:
        return [(one.body, one.label) for one in label_examples(session, question, ctx.profile)]


def test_the_newest_label_counts(ctx: Context) -> None:
    """Older ones stay in the table and are not learned from."""
    message = make_message(ctx, body="正文")
    say(ctx, message, "咨询", "corrected")
    say(ctx, message, "求助", "corrected")

    assert learned(ctx) == [("正文", "求助")]
    with ctx.database.reading() as session:
        assert newest_labels(session, message, EVERYONE)["kind"].value == "求助"


def test_a_mere_accept_is_never_used_alone(ctx: Context) -> None:
    """It counts only where another origin said the same before."""
    alone, backed, against = (make_message(ctx, body=body) for body in ("单独", "有据", "相反"))
    say(ctx, alone, "咨询", "accepted")
    say(ctx, backed, "咨询", "blind")
    say(ctx, backed, "咨询", "accepted")
    say(ctx, against, "咨询", "corrected")
    say(ctx, against, "投诉", "accepted")

    assert learned(ctx) == [("有据", "咨询")]


def test_restricted_messages_are_never_learned_from(ctx: Context) -> None:
    """Training reads what everyone may read."""
    message = make_message(ctx, access=RESTRICTED)
    say(ctx, message, "举报", "corrected")

    assert learned(ctx) == []
    with ctx.database.reading() as session:
        assert newest_labels(session, message, EVERYONE) == {}
        assert newest_labels(session, message, PIPELINE)["kind"].value == "举报"


def test_texts_are_masked_before_they_are_learned(ctx: Context) -> None:
    """No phone reaches the training."""
    message = make_message(ctx, body="请回电13912345678谢谢")
    say(ctx, message, "求助", "corrected")

    assert "13912345678" not in learned(ctx)[0][0]


def test_an_owner_that_left_the_profile_is_not_learned(ctx: Context) -> None:
    """A deleted section does not come back through old labels."""
    message = make_message(ctx)
    say(ctx, message, "撤销的科室", "corrected", "owner")

    assert learned(ctx, "owner") == []


@pytest.mark.parametrize(
    ("question", "value", "origin"),
    [("mood", "好", "corrected"), ("kind", "随便", "corrected"), ("kind", "咨询", "guessed"), ("owner", " ", "blind")],
)
def test_a_label_that_means_nothing_is_refused(ctx: Context, question: str, value: str, origin: str) -> None:
    """The error says which words there are."""
    message = make_message(ctx)

    with pytest.raises(LabelError):
        say(ctx, message, value, origin, question)
    with pytest.raises(LabelError, match="no such message"):
        say(ctx, message + 1, "咨询", "corrected")


def test_the_seeds_are_lawful(ctx: Context) -> None:
    """Every seed answers with the agreed words, and every owner of the profile has seeds and duties."""
    assert len(seed_rows()) >= 600
    for question in ("category", "owner", "kind", "sentiment", "urgency"):
        found = {row[question] for row in seed_rows()}
        assert found <= set(answers_to(question, ctx.profile)), question
    assert set(ctx.profile.owners) == {one.label for one in seed_examples("owner", ctx.profile)}
    assert len(ctx.profile.owners) - 1 == len({one.label for one in profile_examples(ctx.profile)})
    assert not any(one.measured for one in gather("owner", ctx.profile, measured=False))
