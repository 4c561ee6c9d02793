"""Traditional characters written as simplified ones, before a text is looked at in any other way."""

import re
from functools import cache
from pathlib import Path
from typing import Any

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def simplified(text: str) -> str:
    """Return a text in simplified characters, of the same length, so that places in it are places in the text.

    A text without any traditional character is returned as it is, though one of its words might be a
    traditional spelling (沈重): in simplified texts the same characters are ordinary.
    """
    if not _traditional().search(text):
        return text
    # Half a surrogate pair is no character, and no converter takes it.
    whole = _HALF_PAIR.sub("\ufffd", text)
    told: str = _converter().convert(whole)
    # Every entry of the tables is as long as what it replaces; one that were not would move all reasons.
    return told if len(told) == len(text) else "".join(map(_converter().convert, whole))


@cache
def _traditional() -> re.Pattern[str]:
    """Return what finds a traditional character."""
    lines = Path(__file__).with_name("traditional.txt").read_text("utf-8").splitlines()
    # Characters beyond U+FFFF are so rare in simplified texts that all of them are looked up.
    return re.compile(f"[{''.join(line for line in lines if not line.startswith('#'))}\U00020000-\U0003ffff]")


@cache
def _converter() -> Any:
    # Loaded for the first traditional text; most services never meet one in a run of the command line.
    import opencc

    return opencc.OpenCC("t2s")
