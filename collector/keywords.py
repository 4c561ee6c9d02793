"""Which public posts concern the bureau: those that hold its names or terms; pure."""

import unicodedata
from collections.abc import Iterable

from config.profile import Bureau


def concerns(text: str, keywords: Iterable[str], exclude: Iterable[str] = ()) -> bool:
    """Tell whether a text holds one of the keywords and none of the excluded ones.

    A keyword of several words, divided by blanks, is held when all of them are, in any order. Width and case do not
    count. Without keywords every text concerns.
    """
    plain = _plain(text)

    def held(keyword: str) -> bool:
        return all(word in plain for word in _plain(keyword).split())

    wanted = list(keywords)
    return (not wanted or any(map(held, wanted))) and not any(map(held, exclude))


def names_of(bureau: Bureau) -> tuple[str, ...]:
    """Return the keywords that stand for a bureau: its name, and its region beside the rest of the name.

    The short name alone would also stand for its sister bureaus: 市统计局 is in the name of every city's.
    """
    rest = bureau.name.removeprefix(bureau.region)
    place = bureau.region.rstrip("省市区县")
    return (bureau.name, f"{place} {rest}") if rest != bureau.name and place else (bureau.name,)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
