"""Places in a profile as it was read from TOML, named the way a person would: `sections[办公室].phrases`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any


def key_of(loc: Sequence[int | str], data: Mapping[str, Any]) -> str:
    """Write a place as a key: an entry by its id or name where that is unique, else by its number from 0."""
    text = ""
    for position, part in enumerate(loc):
        if isinstance(part, str):
            text += f".{part}" if text else part
        elif position == 1:
            text += f"[{_label(str(loc[0]), part, data)}]"
        else:
            text += f"[{part}]"
    return text


def _label(part: str, number: int, data: Mapping[str, Any]) -> str:
    blocks = dict(entries(data, part))
    own = [text_of(entry, "id") or text_of(entry, "name") for entry in blocks.values()]
    mine = blocks.get(number, {})
    label = text_of(mine, "id") or text_of(mine, "name")
    return label if label and own.count(label) == 1 else str(number)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a clause with the known word that is spelt most like this one, empty if none is."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def entries(data: Mapping[str, Any], part: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the blocks of a part with their numbers; what is no block is passed over."""
    blocks = data.get(part)
    if isinstance(blocks, list):
        yield from ((number, block) for number, block in enumerate(blocks) if isinstance(block, dict))


def text_of(entry: Mapping[str, Any], key: str) -> str:
    """Return a text of a block, empty if there is none or it is of another type."""
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""


def texts_of(entry: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of texts of a block without what is no text."""
    value = entry.get(key, [])
    return [item.strip() for item in value if isinstance(item, str)] if isinstance(value, list) else []
