"""The names under which pages show the fields of a message: labels, headers of columns, keys."""

from functools import lru_cache

from collector.readers.headers import SYNONYMS, normalise

STATUS = (
    "处理状态", "办理状态", "信件状态", "办件状态", "来信状态", "处理进度", "办理进度", "回复状态", "答复状态", "状态",
    "status", "stateInfo", "handleStatus", "state",
)  # fmt: skip
"""Words beside which sites show how far the answer is; the stronger first."""

LINK = ("link", "url", "href", "PUBLISHURL", "pubUrl", "linkUrl", "detailUrl", "链接", "网址")
"""Keys under which interfaces give the address of a message's page."""


@lru_cache(64)
def known_names(field: str) -> tuple[str, ...]:
    """Return the usual names of a field, the stronger first; none for a field that has no usual name."""
    return {"status": STATUS, "link": LINK}.get(field) or SYNONYMS.get(field, ())


@lru_cache(1024)
def normalised(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names as they are compared: without width, case, blanks, marks and remarks in brackets."""
    return tuple(map(normalise, names))


@lru_cache(1)
def fields_by_name() -> dict[str, str]:
    """Return the field of each usual name, normalised; a name of several fields counts for the first."""
    known: dict[str, str] = {}
    for field in (*SYNONYMS, "status"):
        for name in known_names(field):
            known.setdefault(normalise(name), field)
    return known
