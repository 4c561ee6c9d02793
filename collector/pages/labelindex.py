"""Where the labels of a page stand: found in one walk over it, whatever number of fields is looked for afterwards."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from lxml import etree

from collector.clean import BLOCKS, DROPPED
from collector.pages.document import Document
from collector.pages.markup import Element
from collector.pages.names import fields_by_name
from collector.readers.headers import normalise

_LONGEST_CHARS = 24
"""Without blanks; what is longer is no label."""

_COLON = re.compile(r"[:：]")
_BRACKETED = re.compile(r"[【\[〔]([^】\]〕\[【〔\n]{1,24})[】\]〕]")
_STARTS = "\n|｜;；>》】]"
_MOST_IN_TEXT = 200
_MOST_SPOTS = 2000
_LONGEST_SHORT = 2 * _LONGEST_CHARS
_LONGEST_SPACED = 400
"""With the blanks and line ends that pages are indented by."""

# Beside a value these never stand in its way: pictures, marks, empty pieces of format.
_IGNORED_TAGS = frozenset({"br", "hr", "wbr", "img", "i", "script", "style"})
_FRAME_TAGS = frozenset({"footer", "nav"})
_FRAME_WORDS = frozenset(
    ("foot", "footer", "copyright", "nav", "navbar", "menu", "breadcrumb", "breadcrumbs", "crumb", "crumbs", "sidebar",
     "topbar", "toolbar", "search")
)  # fmt: skip
_WORDS = re.compile(r"[a-z]+")
_IMPRINT = re.compile(r"版权所有|ICP备|公网安备|网站标识码|技术支持")
_PARTS = frozenset({"tr", "tbody", "thead", "td", "th", "li", "p", "dd", "dt", "span", "label", "b", "strong", "font"})
_MOST_CLIMBED = 40


@dataclass(frozen=True, eq=False, slots=True)
class Spot:
    """A place where a label stands.

    Args:
        order: of its element in the page.
        element: the label's own element, or the one whose text (or tail) begins with the label.
        text: the piece of text in which it stands; None where the label has an element to itself.
        end: where in the text the label ends.
        in_tail: the text is the element's tail, so that the value is among what follows the element.
        leads: the label begins its piece of text.
    """

    order: int
    element: Element
    text: str | None = None
    end: int = 0
    in_tail: bool = False
    leads: bool = True

    @property
    def rest(self) -> str:
        """What follows the label in the same piece of text."""
        return "" if self.text is None else self.text[self.end :]


@dataclass(eq=False)
class LabelIndex:
    """The labels of one tree.

    Args:
        order: element -> its place in the page.
        ends: by place, the place behind the element's last descendant.
        short: by place, the element's text without blanks if it is no longer than a label could be; else nothing.
        spots: normalised text -> where it stands within longer text.
        own: normalised text -> the innermost elements that hold nothing else.
        masks: element -> the fields that have a label inside it, a bit each.
        frame: places from and to of navigation, search and imprint, where labels mean something else.
    """

    order: dict[Element, int]
    ends: list[int]
    short: list[str]
    spots: dict[str, list[Spot]] = field(default_factory=dict)
    own: dict[str, list[Element]] = field(default_factory=dict)
    masks: dict[Element, int] = field(default_factory=dict)
    frame: list[tuple[int, int]] = field(default_factory=list)

    def text_of(self, element: Element) -> str:
        """Return the text of an element without blanks, if it is short; else nothing."""
        place = self.order.get(element)
        return "" if place is None else self.short[place]

    def range_of(self, element: Element) -> tuple[int, int]:
        """Return the place of an element and the place behind its last descendant."""
        place = self.order[element]
        return place, self.ends[place]

    def spots_of(self, name: str) -> list[Spot]:
        """Return where a label stands, in page order."""
        if (elements := self.own.pop(name, None)) is not None:
            found = self.spots.setdefault(name, [])
            for element in elements[:_MOST_SPOTS]:
                label = self.text_of(element)
                if not _is_in_text(element, label):
                    top = _outermost(self, element, label)
                    found.append(Spot(self.order[top], top))
            found.sort(key=_order)
        return self.spots.get(name, [])

    def within(self, scope: Element, name: str) -> list[Spot]:
        """Return the spots of a label inside an element, without those in the page's frame."""
        spots = self.spots_of(name)
        if not spots or scope not in self.order:
            return []
        start, end = self.range_of(scope)
        first = bisect_left(spots, start, key=_order)
        last = bisect_left(spots, end, first, key=_order)
        # A description may point into the frame on purpose.
        hidden = [(low, high) for low, high in self.frame if not low <= start < high]
        found = spots[first:last][:_MOST_SPOTS]
        return [spot for spot in found if not any(low <= spot.order < high for low, high in hidden)]

    def home(self, spot: Spot) -> int:
        """Return how many different fields have their labels in the same block as a spot.

        The block is the table or list around it, not the row: what repeats beside itself is a row.
        """
        element = spot.element
        for _ in range(_MOST_CLIMBED):
            element = element.getparent()
            if element is None:
                return 0
            count = self.masks.get(element, 0).bit_count()
            if count >= 2 and element.tag not in _PARTS and not self._repeats(element):
                return count
        return 0

    def _repeats(self, element: Element) -> bool:
        beside = (element.getprevious(), element.getnext())
        return any(one is not None and one.tag == element.tag and one in self.masks for one in beside)


def index_of(document: Document, element: Element) -> LabelIndex:
    """Return the labels of the tree that an element is in; the tree is walked once."""
    if "labels" not in document.memo:
        document.memo["labels"] = _index(document.root if document.root is not None else element)
    index: LabelIndex = document.memo["labels"]
    return index


@lru_cache(8192)
def name_of(text: str) -> str:
    """Return a label as it is compared."""
    return normalise(text)


def _order(spot: Spot) -> int:
    return spot.order


def _index(root: Element) -> LabelIndex:
    elements = list(root.iter(etree.Element))
    order = {element: place for place, element in enumerate(elements)}
    ends, short, innermost = _measured(elements)
    index = LabelIndex(order, ends, short)
    hidden_until = 0
    for place, element in enumerate(elements):
        if place < hidden_until:
            continue
        end = ends[place]
        if element.tag in DROPPED:
            hidden_until = end
        else:
            if text := element.text:
                _note_text(index, place, element, text, in_tail=False, is_all=end - place == 1)
            if innermost[place] and (name := name_of(short[place])):
                index.own.setdefault(name, []).append(element)
        if (tail := element.tail) and place:
            # A tail stands behind all that its element holds.
            _note_text(index, end - 1, element, tail, in_tail=True)
    _weigh(index)
    _find_frame(index, elements)
    return index


def _measured(elements: list[Element]) -> tuple[list[int], list[str], list[bool]]:
    """Return where each element ends, its text if that is short, and whether none of its children holds all of it."""
    total = len(elements)
    ends, short = [0] * total, [""] * total
    long, innermost = [False] * total, [False] * total
    for place in range(total - 1, -1, -1):
        element = elements[place]
        text = "".join(element.text[:_LONGEST_SPACED].split()) if element.text else ""
        is_long, is_inner = len(text) > _LONGEST_SHORT, True
        # In page order the first child follows its parent, and each next one the end of the one before.
        following = place + 1
        for _ in range(len(element)):
            child, following = following, ends[following]
            if is_long or long[child]:
                is_long = True
                continue
            is_inner = is_inner and not short[child]
            text += short[child]
            if tail := elements[child].tail:
                text += "".join(tail[:_LONGEST_SPACED].split())
            is_long = len(text) > _LONGEST_SHORT
        ends[place] = following
        if not text and len(element) == 1 and element[0].tag == "img":
            # A label drawn as a picture.
            alt = "".join(element[0].get("alt", "")[:_LONGEST_SPACED].split())
            text = alt if name_of(alt) in fields_by_name() else ""
        if element.tag not in DROPPED:
            long[place] = is_long
            if text and not is_long:
                short[place] = text
                innermost[place] = len(text) <= _LONGEST_CHARS and (is_inner or _is_joined(short, ends, place))
    return ends, short, innermost


def _is_joined(short: list[str], ends: list[int], place: int) -> bool:
    """Tell whether the text of an element is more than that of any of its children."""
    child = place + 1
    while child < ends[place]:
        if short[child] == short[place]:
            return False
        child = ends[child]
    return True


def _outermost(index: LabelIndex, element: Element, text: str) -> Element:
    """Return the largest element that holds nothing but the label, and no place for a value behind it."""
    while (parent := element.getparent()) is not None and index.text_of(parent) == text:
        if any(one.tag not in _IGNORED_TAGS for one in element.itersiblings(etree.Element)):
            break
        element = parent
    return element


def _is_in_text(element: Element, label: str) -> bool:
    """Tell whether an element is a word within running text rather than a label."""
    before = element.getprevious()
    if before is not None:
        text = before.tail
    else:
        parent = element.getparent()
        text = None if parent is None else parent.text
    if not text or text[-1:].isspace() or text[-1:] in _STARTS or element.tag in BLOCKS or element.tag in ("td", "th"):
        return False
    return not label.endswith((":", "：")) and (element.tail or "").lstrip()[:1] not in (":", "：")


def _note_text(
    index: LabelIndex, place: int, element: Element, text: str, *, in_tail: bool, is_all: bool = False
) -> None:
    """Note the labels in a piece of text: what stands before a colon or in brackets, or what it consists of.

    Args:
        is_all: the element holds nothing else.
    """
    has_colon = ":" in text or "：" in text
    has_bracket = "【" in text or "[" in text
    if not has_colon and not has_bracket and (is_all or len(text) > _LONGEST_SPACED):
        return
    found: list[tuple[str, int, bool]] = []
    start = 0
    first = len(text) - len(text.lstrip())
    for colon in islice(_COLON.finditer(text), _MOST_IN_TEXT):
        at = colon.start()
        head = text[max(start, at - 3 * _LONGEST_CHARS) : at]
        start = at + 1
        if text.startswith("//", start) or (head[-1:].isdigit() and text[start : start + 1].isdigit()):
            continue
        cut = max(map(head.rfind, _STARTS)) + 1
        words = head[cut:].split()
        if words:
            leads = cut > 0 or at - len(head) <= first
            found += [(name, start, leads) for name in {"".join(words), words[-1]} if len(name) <= _LONGEST_CHARS]
    if has_bracket:
        for bracket in islice(_BRACKETED.finditer(text), _MOST_IN_TEXT):
            if text[bracket.end() : bracket.end() + 1] not in (":", "："):
                found.append((bracket[1], bracket.end(), True))
    if not found and not is_all and len(text) <= _LONGEST_SPACED:
        # A label without a colon, with the value in an element behind it.
        beside = element.getnext() if in_tail else next(iter(element), None)
        label = "".join(text.split())
        if label and beside is not None and len(label) <= _LONGEST_CHARS:
            found.append((label, len(text), True))
    for label, end, leads in found:
        if is_all and not text[end : end + _LONGEST_SPACED].strip():
            # The element has the label to itself, which is noted elsewhere.
            continue
        if name := name_of(label):
            index.spots.setdefault(name, []).append(Spot(place, element, text, end, in_tail, leads))


def _weigh(index: LabelIndex) -> None:
    """Note of every element which fields have a label inside it."""
    bits: dict[str, int] = {}
    for name, known in fields_by_name().items():
        for spot in index.spots_of(name):
            bit = 1 << bits.setdefault(known, len(bits))
            element = spot.element
            # A fragment's root may itself stand in a body that is no part of it.
            while element in index.order and not index.masks.get(element, 0) & bit:
                index.masks[element] = index.masks.get(element, 0) | bit
                element = element.getparent()


def _find_frame(index: LabelIndex, elements: list[Element]) -> None:
    """Note the page's frame; what holds most of the labels is none of it."""
    most = max(index.masks.get(elements[0], 0).bit_count() // 2, 1)
    places = sorted(index.order[element] for element, mask in index.masks.items() if mask.bit_count() <= most)
    for place in places:
        element = elements[place]
        if index.frame and place < index.frame[-1][1]:
            continue
        is_imprint = _IMPRINT.search(element.text or "") or any(_IMPRINT.search(child.tail or "") for child in element)
        if is_imprint or element.tag in _FRAME_TAGS or _is_named_frame(element):
            index.frame.append((place, index.ends[place]))


def _is_named_frame(element: Element) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}".lower()
    return names != " " and not _FRAME_WORDS.isdisjoint(_WORDS.findall(names))
