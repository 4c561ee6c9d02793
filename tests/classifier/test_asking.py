"""What to label next: what the model is unsure of, spread over different matters, and nothing restricted."""

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from classifier import asking
from classifier.asking import NEAR, Useful, most_useful, spread
from classifier.errors import LabelError
from classifier.labels import add_label
from classifier.tables import ModelVersion
from collector.access import EVERYONE, PIPELINE
from collector.tables import RESTRICTED
from config.context import Context
from tests.factories import make_message, make_prediction

MATTERS = (
    "请问去年的统计年鉴在哪里可以买到",
    "小区门口夜里施工噪音扰民睡不着觉",
    "公交车站牌坏了半年没有人修理",
    "孩子上小学需要准备哪些入学材料",
    "企业联网直报平台登录不上密码忘记",
    "医保报销比例今年有没有调整",
)


def ask(ctx: Context, body: str, confidence: float, question: str = "owner", **columns: object) -> int:
    """Store a message and a prediction of this confidence."""
    message = make_message(ctx, **({"title": "", "body": body} | columns))
    make_prediction(ctx, message, **{f"{question}_confidence": confidence})
    return message


def label(ctx: Context, message: int, origin: str, question: str = "owner", value: str = "综合科") -> None:
    """Add one label."""
    with ctx.database.writing() as session:
        add_label(session, message, question, value, origin, "test", ctx.clock())


def asked(ctx: Context, limit: int = 10, question: str = "owner") -> list[int]:
    """Return the numbers of the messages asked for."""
    return [one.message_id for one in most_useful(ctx, question, limit, EVERYONE)]


def test_different_matters_come_with_the_least_sure_first(ctx: Context) -> None:
    """Each with its guess, its confidence and a title."""
    messages = [
        ask(ctx, body, confidence) for body, confidence in zip(MATTERS, (0.9, 0.2, 0.5, 0.3, 0.8, 0.4), strict=True)
    ]

    found = most_useful(ctx, "owner", 3, EVERYONE)

    assert [one.message_id for one in found] == [messages[place] for place in (1, 3, 5)]
    assert isinstance(found[0], Useful)
    assert (found[0].guess, found[0].confidence, found[0].channel) == ("综合科", 0.2, "site-board")
    assert found[0].title == MATTERS[1]
    assert found == most_useful(ctx, "owner", 3, EVERYONE)


def test_copies_are_asked_for_once(ctx: Context) -> None:
    """Letters sent again with another date or a word more are one matter, whichever the model doubts most."""
    first = ask(ctx, MATTERS[0] + "，2025年3月1日", 0.10)
    ask(ctx, MATTERS[0] + "，2026年4月2日", 0.11)
    ask(ctx, MATTERS[0] + "呢，谢谢", 0.12)
    others = [ask(ctx, body, 0.6 + place / 100) for place, body in enumerate(MATTERS[1:])]

    found = asked(ctx)

    assert found[0] == first
    assert sorted(found[1:]) == others


def test_a_copy_of_what_is_labelled_is_not_asked_for(ctx: Context) -> None:
    """The model will learn that matter anyhow."""
    done = ask(ctx, MATTERS[0] + "呢，谢谢", 0.5)
    ask(ctx, MATTERS[0], 0.1)
    other = ask(ctx, MATTERS[1], 0.9)
    for body in MATTERS[2:]:
        label(ctx, ask(ctx, body, 0.5), "corrected")
    label(ctx, done, "imported")

    assert asked(ctx) == [other]


def test_what_is_labelled_is_done_and_a_mere_accept_is_no_label(ctx: Context) -> None:
    """A label of another question does not count either."""
    accepted, corrected, elsewhere = (ask(ctx, body, 0.4) for body in MATTERS[:3])
    label(ctx, accepted, "accepted")
    label(ctx, corrected, "corrected")
    label(ctx, elsewhere, "blind", "kind", "咨询")

    assert asked(ctx) == [accepted, elsewhere]


def test_restricted_messages_are_never_asked_for(ctx: Context) -> None:
    """Not even of those who may read them, because they are never learned from."""
    ask(ctx, MATTERS[0], 0.1, access=RESTRICTED)
    plain = ask(ctx, MATTERS[1], 0.9)

    assert asked(ctx) == [plain]
    assert [one.message_id for one in most_useful(ctx, "owner", 10, PIPELINE)] == [plain]


def test_only_the_version_in_service_is_asked(ctx: Context) -> None:
    """What an earlier version doubted does not matter any more."""
    earlier = ask(ctx, MATTERS[0], 0.1)
    with ctx.database.writing() as session:
        session.execute(sa.update(ModelVersion).values(active=False))
        session.add(
            ModelVersion(
                version="new", file="new.npz", checksum="1" * 64, report={}, active=True, created_at=ctx.clock()
            )
        )
    assert asked(ctx) == []
    make_prediction(ctx, earlier, owner_confidence=0.7)

    assert [one.confidence for one in most_useful(ctx, "owner", 10, EVERYONE)] == [0.7]


def test_emotion_is_asked_of_posts_only(ctx: Context) -> None:
    """Where the model gives no answer to a question, there is nothing to label."""
    ask(ctx, MATTERS[0], 0.1)
    post = make_message(ctx, channel="posts", body=MATTERS[1])
    make_prediction(ctx, post, emotion="anger", emotion_confidence=0.3)

    assert asked(ctx, question="emotion") == [post]


def test_texts_of_which_nothing_is_known_come_only_where_all_are_such(ctx: Context) -> None:
    """A confidence of 0 means that no word was known; a version that never learned the question says so of all."""
    empty = ask(ctx, "。。。", 0.0)
    assert asked(ctx) == [empty]
    some = ask(ctx, MATTERS[0], 0.6)

    assert asked(ctx) == [some]


def test_titles_are_masked_and_short(ctx: Context) -> None:
    """No phone, no more than forty characters, the body's beginning where there is no title."""
    ask(ctx, "联系13912345678，" + MATTERS[0] * 5, 0.3)
    ask(ctx, MATTERS[1], 0.4, title="  回电13912345678 ")

    titles = [one.title for one in most_useful(ctx, "owner", 10, EVERYONE)]

    assert titles[1] == "回电[电话]"
    assert titles[0].startswith("联系[电话]，")
    assert titles[0].endswith("…")
    assert len(titles[0]) == 41


def test_strange_texts_do_not_disturb(ctx: Context) -> None:
    """Empty, huge, emoji, one word only."""
    messages = [ask(ctx, body, 0.5) for body in ("", "好" * 200_000, "😀", "谢谢", "http://a.cn/b?c=1")]

    assert set(asked(ctx)) <= set(messages)
    assert messages[1] in asked(ctx)


def test_an_unknown_question_is_refused_and_an_empty_home_has_nothing(ctx: Context) -> None:
    """The error names the questions there are."""
    assert most_useful(ctx, "kind", 5, EVERYONE) == []
    with pytest.raises(LabelError, match="no such question"):
        most_useful(ctx, "mood", 5, EVERYONE)


def test_a_flood_of_copies_does_not_fill_the_pool(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal texts are one before the pool is cut off."""
    monkeypatch.setattr(asking, "POOL", 3)
    for number in range(10):
        ask(ctx, f"{MATTERS[0]}，{number}", 0.1)
    others = [ask(ctx, body, 0.5) for body in MATTERS[1:3]]

    assert sorted(asked(ctx)[1:]) == others


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True), max_size=12),
    st.lists(st.floats(0, 1), min_size=12, max_size=12),
    st.integers(1, 15),
)
def test_no_two_taken_texts_are_near(texts: list[list[int]], doubts: list[float], limit: int) -> None:
    """Whatever the words: at most *limit*, no two alike, nothing left out that is unlike all taken."""
    matrix = np.zeros((len(texts), 6))
    for row, words in enumerate(texts):
        matrix[row, words] = 1 / np.sqrt(len(words))
    doubt = np.array(doubts[: len(texts)])

    chosen = spread(doubt, sparse.csr_matrix(matrix), sparse.csr_matrix((0, 6)), limit)

    likeness = matrix @ matrix.T
    assert len(chosen) == len(set(chosen)) <= limit
    assert all(likeness[a, b] < NEAR for a in chosen for b in chosen if a != b)
    if len(chosen) < limit:
        assert all(likeness[row, chosen].max(initial=0) >= NEAR for row in range(len(texts)) if row not in chosen)
    if chosen:
        assert doubt[chosen[0]] == doubt.max()
