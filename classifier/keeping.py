"""Which labelled texts are kept aside: a fixed fifth, never learned from, on which versions are compared. Pure.

Whether a text is kept aside follows from its group alone, without key or chance, so that it is the same in every
run and every version of the program: a text that one version learned can never become another's measure.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from classifier.corpus import Example

RULE = 1
"""Number of the rule below; a version trained under another may have learned texts that are kept aside now."""

FIFTH = 5

_LOOKED_AT = 4000
_NO_SIGN = re.compile(r"[\W_]+")

# What websites and clerks write where nobody is named; all of them together are not one author.
_NOBODY = re.compile(
    "(?:匿名|热心|某)?(?:用户|网友|市民|群众|居民|村民|人士|先生|女士)|匿名|游客|访客|百姓|业主|家长|本人"
    "|无|无名|无名氏|不详|保密|未知|未提供|暂无|anonymous|guest|unknown|none|null|user"
)


class Kept(NamedTuple):
    """Examples parted by `split`.

    Args:
        learned: what may be learned.
        aside: what only compares versions.
        copies: rows that were dropped because a text kept aside says the same.
    """

    learned: "list[Example]"
    aside: "list[Example]"
    copies: int


def kept_aside(group: str) -> bool:
    """Tell whether the texts of a group are kept aside; of many groups a fifth is."""
    digest = hashlib.sha256(f"kept aside\n{group}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % FIFTH == 0


def split(examples: "Sequence[Example]") -> Kept:
    """Part examples into those to learn and those kept aside.

    A text that stands on both sides, in two tables or under two names, stays aside only.
    """
    aside = [one for one in examples if kept_aside(one.group)]
    known = {text_group(one.title, one.body) for one in aside}
    rest = [one for one in examples if not kept_aside(one.group)]
    learned = [one for one in rest if text_group(one.title, one.body) not in known]
    return Kept(learned, aside, len(rest) - len(learned))


def author_group(author: str) -> str | None:
    """Return the group of an author's texts; None where the name stands for nobody in particular."""
    name = author.strip().lower()
    return None if not name or _NOBODY.fullmatch(name) else f"author:{_hash(name)}"


def text_group(title: str, body: str) -> str:
    """Return the group of a text without an author: texts that differ in marks, blanks and case only are one."""
    # Cut before it is searched, because a cell may hold anything; copies are told apart by their beginning.
    return f"text:{_hash(_NO_SIGN.sub('', f'{title[:_LOOKED_AT]}{body[:_LOOKED_AT]}').lower())}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
