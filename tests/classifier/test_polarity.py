"""The stance of a post is that of its emotion."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.polarity import polarity
from classifier.predict import TextIn, predict
from classifier.store import load_bundle
from config.profile import EMOTIONS, load_profile

_SHARES = st.lists(st.integers(0, 100), min_size=len(EMOTIONS), max_size=len(EMOTIONS)).filter(any)


@given(_SHARES)
def test_a_stance_is_as_sure_as_its_emotions_together(shares: list[int]) -> None:
    """正面 where optimism and gratitude are likelier than all others; surprise makes 负面 less sure, never surer."""
    chances = np.array([shares], np.float32) / sum(shares)
    of = dict(zip(EMOTIONS, chances[0].tolist(), strict=True))

    (said,), (sure,) = polarity(EMOTIONS, chances)

    positive = of["optimism"] + of["gratitude"]
    if abs(positive - 0.5) > 1e-6:
        assert said == ("正面" if positive > 0.5 else "负面")
    assert np.isclose(sure, positive if said == "正面" else 1 - positive - of["surprise"], atol=1e-5)


def test_a_post_is_praised_or_cursed_by_its_emotion_and_a_letter_is_not() -> None:
    """The same words: of a post the emotion tells the stance and gives the reasons, of a letter the letters do."""
    bundle, profile = load_bundle(), load_profile()
    text = "感谢前线的医护人员，你们辛苦了，一定会好起来的！加油！"

    post, letter = predict(bundle, profile, [TextIn("", text, "posts"), TextIn("", text, "site-board")])

    assert (post.sentiment, post.emotion in ("gratitude", "optimism")) == ("正面", True)
    assert post.why["sentiment"] == post.why["emotion"]
    assert "sentiment" not in post.abstained
    assert letter.emotion is None
    assert letter.why["sentiment"] != post.why["sentiment"] or not letter.why["sentiment"]
