"""Classifying what is pending: every message once, whatever happens in between."""

import threading

import pytest
import sqlalchemy as sa

from classifier import jobs
from classifier.errors import ModelMissing
from classifier.predict import predict_each
from classifier.store import QUESTIONS
from classifier.tables import ModelVersion, Prediction
from classifier.versions import ensure_base
from collector.access import EVERYONE, visible_to
from collector.tables import RESTRICTED, Message
from config.context import Context
from config.database import Sealed
from tests.factories import make_message, make_prediction

REPORT = "举报某厂会计受镇里指使虚报产值，电费单和出库单都对不上，请查处"


def predictions(ctx: Context) -> list[Prediction]:
    """Return all predictions in the order of their messages."""
    with ctx.database.reading() as session:
        return list(session.scalars(sa.select(Prediction).order_by(Prediction.message_id, Prediction.id)))


def test_every_pending_message_is_answered_once(ctx: Context) -> None:
    """A second run finds nothing to do."""
    ids = [
        make_message(ctx, title="", body="请问去年的GDP是多少"),
        make_message(ctx, channel="posts", body="太好了，谢谢！"),
    ]

    assert jobs.classify_pending(ctx) == {"classified": 2, "failed": 0, "restricted": 0}
    assert jobs.classify_pending(ctx) == {"classified": 0, "failed": 0, "restricted": 0}

    first, second = predictions(ctx)
    assert ids == [first.message_id, second.message_id]
    assert (first.category, first.kind, first.emotion) == ("统计", "咨询", None)
    assert second.emotion is not None
    assert ctx.clock() == first.predicted_at
    assert "GDP" in first.why["owner"]


def test_limit_and_progress(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds across batches, and progress tells how many of how many."""
    monkeypatch.setattr(jobs, "BATCH", 2)
    for _ in range(5):
        make_message(ctx)
    told: list[tuple[int, int | None]] = []

    counts = jobs.classify_pending(ctx, progress=lambda done, total: told.append((done, total)), limit=3)

    assert 3 == counts["classified"] == len(predictions(ctx))
    assert told == [(2, 3), (3, 3)]


def test_a_death_between_batches_loses_and_doubles_nothing(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed stays; the next run does the rest."""
    monkeypatch.setattr(jobs, "BATCH", 2)
    for _ in range(5):
        make_message(ctx)

    def die(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.classify_pending(ctx, progress=die)
    assert len(predictions(ctx)) == 2

    assert jobs.classify_pending(ctx)["classified"] == 3
    assert 5 == len({row.message_id for row in predictions(ctx)}) == len(predictions(ctx))


def test_two_runs_at_once_store_each_answer_once(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both read the same pending messages; the unique key decides and neither fails."""
    for _ in range(4):
        make_message(ctx)
    jobs.ensure_base(ctx)
    both_have_read = threading.Barrier(2, timeout=30)

    def late(*arguments: object) -> object:
        answers = predict_each(*arguments)  # type: ignore[arg-type]
        both_have_read.wait()
        return answers

    monkeypatch.setattr(jobs, "predict_each", late)
    threads = [threading.Thread(target=jobs.classify_pending, args=(ctx,), kwargs={"limit": 4}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(predictions(ctx)) == 4


def test_a_report_of_wrongdoing_is_restricted_with_its_answer(ctx: Context) -> None:
    """It is sealed in the same transaction and no list shows it; posts stay as public as they were."""
    report = make_message(ctx, title="举报", body=REPORT)
    post = make_message(ctx, channel="posts", title="举报", body=REPORT)

    counts = jobs.classify_pending(ctx)

    assert [row.kind for row in predictions(ctx)] == ["举报", "举报"]
    assert "kind" not in predictions(ctx)[0].abstained
    assert counts["restricted"] == 1
    with ctx.database.reading() as session:
        assert [post] == session.scalars(sa.select(Message.id).where(visible_to(EVERYONE))).all()
        assert isinstance(session.get_one(Message, report).body, Sealed)


def test_a_restriction_that_a_person_lifted_stays_lifted(ctx: Context) -> None:
    """A later version that finds the same wrongdoing does not restrict the message again."""
    report = make_message(ctx, title="举报", body=REPORT)
    jobs.classify_pending(ctx)
    with ctx.database.writing() as session:
        message = session.get_one(Message, report)
        message.access, message.title, message.body = "normal", str(message.title), str(message.body)
        for column in ("title", "body"):
            sa.orm.attributes.flag_modified(message, column)
        first = session.scalars(sa.select(Prediction)).one()
        version = session.get_one(ModelVersion, first.model_version_id)
        other = ModelVersion(version="other", file="", checksum="0", report={}, created_at=version.created_at)
        session.add(other)
        session.flush()
        # As if the first answer had been another version's.
        first.model_version_id = other.id

    counts = jobs.classify_pending(ctx)

    assert (counts["classified"], counts["restricted"]) == (1, 0)


def test_reasons_given_before_a_message_was_restricted_are_sealed_with_it(ctx: Context) -> None:
    """What an earlier version named as deciding words are words of the message, and must not stay in clear."""
    message = make_message(ctx, title="", body=REPORT)
    earlier_id = make_prediction(ctx, message, why={"owner": ["虚报产值"]}, kind="咨询")

    assert jobs.classify_pending(ctx)["restricted"] == 1

    with ctx.database.reading() as session:
        stored = session.connection().execute(sa.text("select why from predictions")).scalars().all()
        assert "虚报" not in "".join(str(one).encode().decode("unicode_escape") for one in stored)
        earlier = session.get_one(Prediction, earlier_id)
        assert dict(earlier.why) == {"owner": ["虚报产值"]}


def test_a_restricted_message_is_classified_too(ctx: Context) -> None:
    """The pipeline reads what people may not."""
    make_message(ctx, access=RESTRICTED, title="举报", body=REPORT)

    assert jobs.classify_pending(ctx) == {"classified": 1, "failed": 0, "restricted": 0}


def test_a_text_that_breaks_the_classifier_is_left_to_a_person(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets an answer that abstains on everything; the others are answered."""
    from classifier import predict as module

    make_message(ctx, title="", body="请问去年的GDP是多少")
    make_message(ctx, title="", body="毒")
    real = module.words_of

    def break_on_poison(text: str, words: tuple[str, ...]) -> list[str]:
        if "毒" in text:
            raise ValueError(text)
        return real(text, words)

    monkeypatch.setattr(module, "words_of", break_on_poison)

    assert jobs.classify_pending(ctx) == {"classified": 2, "failed": 1, "restricted": 0}
    good, bad = predictions(ctx)
    assert good.kind == "咨询"
    assert {*QUESTIONS, "urgency"} - {"emotion"} == set(bad.abstained.split(";"))


def test_hostile_bytes_of_text_are_stored(ctx: Context) -> None:
    """Control characters, half pairs' replacements and long texts pass through the database."""
    make_message(ctx, title="\x00"[:0] + "\u200b", body="统计\x01\ufffd" * 30_000)

    assert jobs.classify_pending(ctx)["failed"] == 0


def test_a_missing_model_file_stops_before_anything_is_stored(ctx: Context) -> None:
    """The error names the file; nothing is half-classified."""
    make_message(ctx)
    ensure_base(ctx)
    with ctx.database.writing() as session:
        session.execute(sa.update(ModelVersion).values(file="gone.npz"))

    with pytest.raises(ModelMissing, match="no such model file"):
        jobs.classify_pending(ctx)
    assert predictions(ctx) == []
