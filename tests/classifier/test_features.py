"""One vectoriser for training and serving."""

from collections import Counter
from math import log

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.features import (
    GRAM,
    HEAD_CHARS,
    SIGNAL,
    TAIL_CHARS,
    WORD,
    GramTable,
    Read,
    Vocabulary,
    clip,
    count,
    fold,
    frequencies,
    words_of,
)

_TEXTS = st.text(alphabet="统计年鉴请问数据ab01 ，\n", max_size=30)


@given(st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=5), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_count_equals_counting_by_hand(texts: list[tuple[str, str]], longest: int) -> None:
    """Every feature that `frequencies` names is found by `count`, as often as it occurs, the title twice."""
    reads = [
        Read(words_of(title), words_of(body), ("持续受害",) * (len(title) > 9) + ("生命安全?",) * (len(body) > 9))
        for title, body in texts
    ]
    names = tuple(sorted(frequencies([reads], longest)))

    matrix = count(reads, Vocabulary(names)).toarray()

    for row, read in zip(matrix, reads, strict=True):
        times: Counter[str] = Counter(SIGNAL + name for name in read.signals)
        for part, weight in ((read.title, 2), (read.body, 1)):
            joined = "".join(part)
            for word in part:
                times[WORD + word] += weight
            for length in range(1, longest + 1):
                for i in range(len(joined) - length + 1):
                    times[GRAM + joined[i : i + length]] += weight
        expected = [1 + log(times[name]) if times[name] else 0 for name in names]
        np.testing.assert_allclose(row, expected, rtol=1e-5)


def test_a_full_table_of_runs_finds_each_and_nothing_else() -> None:
    """Runs whose hashes collide are told apart."""
    runs = [chr(0x4E00 + i) + chr(0x4E00 + j) for i in range(40) for j in range(40)]
    table = GramTable({run: number for number, run in enumerate(runs[::2])})

    owners, numbers = table.find([*runs, "𠀀𠀁"])

    assert list(range(0, len(runs), 2)) == owners.tolist()
    assert list(range(len(runs[::2]))) == numbers.tolist()


def test_an_empty_vocabulary_counts_nothing() -> None:
    """Texts over no features are empty rows."""
    assert count([Read(["统计"], ["年鉴"], ("生命安全",)), Read([], [])], Vocabulary(())).shape == (2, 0)


def test_digits_capitals_and_wide_forms_are_folded() -> None:
    """The length of a number stays, the number does not."""
    assert fold("ＧＤＰ是１２３４亿,2021") == "gdp是0000亿,0000"


def test_half_a_surrogate_pair_is_dropped() -> None:
    """A broken export's half characters reach neither segmenter nor vocabulary."""
    assert fold("统\ud83d计") == "统计"


def test_a_long_text_is_looked_at_from_both_ends() -> None:
    """Of 200,000 characters the first and the last count."""
    text = "头" + "中" * 200_000 + "尾"
    seen = clip(text)

    assert len(seen) == HEAD_CHARS + TAIL_CHARS + 1
    assert (seen[0], seen[-1]) == ("头", "尾")
    assert clip("短") == "短"


def test_a_group_counts_a_feature_once() -> None:
    """What one author repeats is one occurrence."""
    said, asked = Read([], ["统计"], ("生命安全",)), Read([], ["年鉴"])
    seen = frequencies([[said, said], [said], [asked]], 2)

    assert (seen["w统计"], seen["w年鉴"], seen["s生命安全"]) == (2, 1, 2)


def test_traditional_characters_are_written_as_simplified_ones() -> None:
    """A text in traditional characters has the words of its simplified twin; so has one with broken halves."""
    assert words_of("請問國內生產總值是多少") == words_of("请问国内生产总值是多少")
    assert fold("統\ud83d計") == "统计"


def test_own_words_reach_the_dictionary() -> None:
    """A bureau's word is one word, as a part of the text as it is after folding."""
    assert "联网直报" in words_of("聯網直報平臺登不上", ("联网直报",))
    assert "联网直报" not in words_of("联网直报平台登不上")
