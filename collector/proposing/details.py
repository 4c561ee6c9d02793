"""The page of one message: its labels, heading and texts; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from collector.errors import CollectorError
from collector.pages.document import Document
from collector.pages.markup import Element
from collector.pages.select import Node, pick_value
from collector.proposing.labels import Label, label_beside, labels_of
from collector.proposing.markup import (
    ancestors,
    children,
    classes_of,
    elements,
    find_all,
    marks_of,
    selector_of,
    text_of,
)
from collector.proposing.records import quoted, record_fields
from collector.proposing.words import CHINESE, DATE, DATE_PATTERN, Part, is_cut
from config.sources import Pick

_UNASKED = frozenset({"status", "external_id", "likes", "dislikes", "kind", "place"})
_ANSWERS = ("answer_text", "answered_at", "answered_by")
_CONTENT = re.compile(r"content|article|zoom|detail|question|neirong|nr|editor|text|body|con$|main|letter|wen", re.I)
_REPLY = re.compile(r"reply|answer|huifu|hf|dafu|df$|feedback", re.I)
_TITLES = ("h1", "h2", "h3", ".title", ".tit", ".bt", ".article-title", "#title")
_LONGEST_TITLE = 120
_MOST_LABELS = 100
_CUT = re.compile(r"(?:\.{2,}|…+)$")


def detail_fields(document: Document, title: str, posted: str) -> Part:
    """Return the fields that a message's own page has.

    Args:
        title: as the list shows it, perhaps cut; empty if it does not.
        posted: the date as the list shows it; empty if it does not.
    """
    part = Part()
    if document.data is not None:
        _from_records(document, part)
    if document.root is None:
        return part
    labels = list(islice((one for one in labels_of(document.root) if one.field not in _UNASKED), _MOST_LABELS))
    cluster = _cluster(document.root, labels)
    inside = set(cluster.iter()) if cluster is not None else set()
    groups: dict[str, list[Label]] = {}
    for label in sorted(labels, key=lambda label: label.node not in inside):
        groups.setdefault(label.field, []).append(label)
    for name, found in groups.items():
        for pick in _picks(document.root, found, cluster):
            value = picked(document, pick, name)
            if value is not None and _sound(name, value, title):
                part.put(name, pick)
                break
    _twice(document, groups, part)
    _heading(document, title, part)
    _date(document, posted, part)
    _texts(document, title, part)
    return part


def picked(document: Document, pick: Any, name: str) -> str | None:
    """Return what a pick, as it stands in a description, finds in a page."""
    if isinstance(pick, str):
        pick = {"select": pick}
    try:
        value = pick_value(Node(document), Pick.model_validate(pick), name, {})
    except CollectorError:
        return None
    return None if value is None else str(value).strip() or None


def _cluster(root: Element, labels: Sequence[Label]) -> Element | None:
    """Return the smallest element around most of the labels: the letter, where labels stand elsewhere as well."""
    fields = {label.field for label in labels}
    for start in (label for label in labels if label.field == "body"):
        for above in ancestors(start.node):
            held = {label.field for label in labels if above in (label.node, *ancestors(label.node))}
            if len(held) >= max(3, len(fields) - 1):
                return above
    return None


def _picks(root: Element, labels: Sequence[Label], cluster: Element | None) -> Iterator[dict[str, Any]]:
    """Yield picks for one field: by its labels, within the letter's part of the page where they stand twice."""
    texts = list(dict.fromkeys(label.text for label in labels))
    for text in texts:
        same = [label for label in labels if label.text == text]
        within = selector_of(root, cluster) if cluster is not None and len(same) > 1 else None
        if within is not None and cluster is not None and cluster in ancestors(same[0].node):
            yield {"label": text, "within": within}
        yield {"label": text}
    for label in labels:
        for above in list(ancestors(label.node))[:6]:
            if marks_of(above) and (selector := selector_of(root, above)):
                yield {"label": label.text, "within": selector}


def _sound(name: str, value: str, title: str) -> bool:
    """Tell whether a value may be that of a field."""
    if name.endswith("_at"):
        return DATE.search(value) is not None and len(value) < 120
    if name == "title":
        known = _CUT.sub("", title).strip()
        return len(value) < 200 and (not known or value.startswith(known) or known in value)
    if name == "body":
        return len(value) >= 5 and DATE.fullmatch(value) is None
    if name in ("answered_by", "author_name", "receipt_no", "contact"):
        return len(value) <= 60 and "\n" not in value
    return True


def _twice(document: Document, groups: Mapping[str, Sequence[Label]], part: Part) -> None:
    """Divide labels that letter and answer share, such as 内容 and 时间, between their blocks."""
    for name, answer in (("body", "answer_text"), ("posted_at", "answered_at")):
        same = [label for label in groups.get(name, ()) if label.text in ("内容", "正文", "时间", "日期", "详情")]
        if len(same) < 2 or part.has(answer):
            continue
        first, second = same[0], same[1]
        for above in ancestors(second.node):
            if first.node in above.iterdescendants():
                break
            if marks_of(above) and (selector := selector_of(document.root, above)):
                pick = {"label": second.text, "within": selector}
                if picked(document, pick, answer):
                    part.put(answer, pick, "同样的字样出现两次，按先来信后答复处理")
                    break


def _heading(document: Document, title: str, part: Part) -> None:
    """Find the heading that repeats the title of the list, perhaps at greater length."""
    known = _CUT.sub("", title).strip()
    if part.has("title") or not known:
        return
    headings = [one for tag in _TITLES for one in find_all(document.root, tag)]
    for one in [*headings, *elements(document.root)]:
        text = text_of(one)
        whole = text == known or (is_cut(title) and text.startswith(known) and len(text) < _LONGEST_TITLE)
        innermost = whole and not any(text_of(child) == text for child in children(one))
        if innermost and (selector := selector_of(document.root, one)):
            part.put("title", selector)
            return


def _date(document: Document, posted: str, part: Part) -> None:
    """Find the date of the list, or the first one of the page, in its smallest element."""
    if part.has("posted_at"):
        return
    wanted = DATE.search(posted)
    day = re.findall(r"\d+", wanted[0])[:3] if wanted else None
    for one in elements(document.root):
        found = DATE.search(text_of(one)) if len(text_of(one)) < 120 else None
        if found is None or any(DATE.search(text_of(child)) for child in children(one)):
            continue
        if day is not None and list(map(int, re.findall(r"\d+", found[0])[:3])) != list(map(int, day)):
            continue
        if selector := selector_of(document.root, one):
            whole = DATE.fullmatch(text_of(one)) is not None
            label = label_beside(one)
            pick: Any = selector if whole else {"select": selector, "pattern": DATE_PATTERN}
            part.put(
                "posted_at", pick, f"取自“{label}”旁边的日期，核对是不是来信时间" if label else "核对是不是来信时间"
            )
        return


def _texts(document: Document, title: str, part: Part) -> None:
    """Find letter and answer by the names and sizes of the page's blocks."""
    known = _CUT.sub("", title).strip()
    answer = None
    if not part.has("answer_text"):
        answer = _block(document.root, _REPLY, None, known)
        if answer is not None and (selector := selector_of(document.root, answer)):
            part.put("answer_text", selector, "按样式名猜的，核对是不是答复内容")
    if part.has("body"):
        return
    block = _block(document.root, _CONTENT, answer, known)
    if block is None:
        block = _largest(document.root, answer)
    if block is not None and (selector := selector_of(document.root, block)):
        part.put("body", selector, "按样式名和篇幅猜的，核对是不是信件内容")


def _block(root: Element, hint: re.Pattern[str], beside: Element | None, title: str) -> Element | None:
    """Return the innermost block whose name gives a hint, with text and without the heading or another block."""
    best, longest = None, 0
    for one in elements(root):
        if one.tag not in ("div", "td", "p", "section", "article", "dd", "span", "pre", "li", "ucapcontent"):
            continue
        if not hint.search(" ".join([*classes_of(one), one.get("id") or ""])):
            continue
        if not _alone(one, beside) or (title and title in text_of(one)) or len(find_all(one, ".//a[@href]")) > 5:
            continue
        length = len(text_of(one))
        if length >= 6 and length > longest * 1.3:
            best, longest = one, length
    return best


def _largest(root: Element, beside: Element | None) -> Element | None:
    """Return the element that holds most text of its own, paragraphs included."""
    best, longest = None, 20
    for one in elements(root):
        if one.tag in ("body", "html", "form", "table", "tbody", "tr", "a", "ul") or not _alone(one, beside):
            continue
        own = len((one.text or "").strip()) + sum(
            len((child.tail or "").strip()) + (len(text_of(child)) if child.tag in ("p", "br", "span", "font") else 0)
            for child in one
        )
        if own > longest and len(find_all(one, ".//a[@href]")) <= 5:
            best, longest = one, own
    return best


def _alone(one: Element, beside: Element | None) -> bool:
    if beside is None:
        return True
    return one is not beside and beside not in ancestors(one) and one not in ancestors(beside)


def _from_records(document: Document, part: Part) -> None:
    """Find the message in JSON: the object with most of a message's fields."""
    best, fields, most = "", {}, 0
    stack: list[tuple[str, Any]] = [("", document.data)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, Mapping):
            found = {
                name: pick
                for name, pick in record_fields([value]).keys.get("fields", {}).items()
                if name not in _UNASKED
            }
            if len(found) > most and "body" in found:
                best, fields, most = path, found, len(found)
            stack += [(f"{path}.{quoted(key)}" if path else quoted(key), inner) for key, inner in value.items()]
        elif isinstance(value, list) and len(value) == 1:
            stack.append((f"{path}[0]" if path else "[0]", value[0]))
    if best:
        part.keys["at"] = best
    for name, pick in fields.items():
        if name != "link":
            part.put(name, pick)


def together(parts: Sequence[Part]) -> Part:
    """Join what several pages of one site showed; labels found on any of them are tried in turn."""
    whole = Part()
    for part in parts:
        whole.keys |= {key: value for key, value in part.keys.items() if key != "fields"}
        for name, pick in part.keys.get("fields", {}).items():
            held = whole.keys.get("fields", {}).get(name)
            if held is None:
                whole.put(name, pick, part.doubts.get(f"fields.{name}", ""))
            elif isinstance(held, dict) and isinstance(pick, dict) and held.keys() == pick.keys() == {"label"}:
                texts = [text for one in (held, pick) for text in _as_list(one["label"])]
                whole.put(name, {"label": _one_or_list(list(dict.fromkeys(texts)))})
            elif isinstance(pick, dict) and pick.keys() == {"label"} and f"fields.{name}" in whole.doubts:
                del whole.doubts[f"fields.{name}"]
                whole.put(name, pick)
    if not any(whole.has(name) for name in _ANSWERS):
        for name in _ANSWERS:
            whole.put(name, True)
            whole.remarks[f"fields.{name}"] = f"{CHINESE[name]}：看过的页面上没有答复，先按常见叫法去认"
    return whole


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _one_or_list(texts: list[str]) -> Any:
    return texts[0] if len(texts) == 1 else texts
