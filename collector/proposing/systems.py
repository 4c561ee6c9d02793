"""Systems that many sites use, recognised by their addresses, for which a preset is shipped; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class System:
    """A system that a page is of.

    Args:
        preset: name of its shipped description.
        name: what people call it.
        keys: what the preset asks the operator for, as far as the page shows it.
        missing: keys that the page does not show, in Chinese; empty if there are none.
    """

    preset: str
    name: str
    keys: Mapping[str, Any]
    missing: str = ""


@dataclass(frozen=True)
class _Mark:
    preset: str
    name: str
    address: str
    param: str
    value: re.Pattern[str]


_MARKS = (
    _Mark("hanweb-jact", "大汉 JACT", "/jact/front/", "sysid", re.compile(r"sysid\W{1,6}(\d+)", re.IGNORECASE)),
    _Mark("trs-igi", "TRS IGI", "/IGI/nbhd/", "site", re.compile(r"siteId\W{1,6}(\d+)", re.IGNORECASE)),
    _Mark("hdjlpt", "南方网互动交流平台", "/hdjlpt/", "site", re.compile(r"site(?:_?id)?\W{1,6}(\d+)", re.IGNORECASE)),
)
_LETTER_OF_BODA = "leadermailid="


def find_system(source: str, url: str) -> System | None:
    """Return the system that a page is of, by its address and those it names.

    Args:
        source: text of the page.
    """
    parts = urlsplit(url)
    for mark in _MARKS:
        if mark.address in url or mark.address in source:
            found = mark.value.search(url) or mark.value.search(source)
            keys: dict[str, Any] = {"base": f"{parts.scheme}://{parts.netloc}"}
            if found is None:
                return System(mark.preset, mark.name, keys | {"params": {mark.param: "0"}}, f"params.{mark.param}")
            return System(mark.preset, mark.name, keys | {"params": {mark.param: found[1]}})
    if _LETTER_OF_BODA in source:
        return System("boda-vsb", "博达 VSB", {"list": {"url": url}})
    return None
