"""The text of an element is the text of its markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from collector.clean import html_to_text
from collector.pages.markup import parse_html
from collector.pages.texts import element_text, field_value

TAGS = ("div", "p", "span", "b", "ul", "li", "pre", "h3", "section", "em", "td", "th", "script", "textarea", "a")
TEXTS = st.text("甲乙。，ab1 \n\t\xa0\u3000\u200b", max_size=8)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    """Draw a small tree of elements and text."""
    element = etree.Element(draw(st.sampled_from(TAGS)))
    element.text = draw(TEXTS)
    if element.tag in ("script", "textarea"):
        return element
    for _ in range(draw(st.integers(0, 3)) if depth else 0):
        child = etree.SubElement(element, "br") if draw(st.booleans()) else draw(trees(depth=depth - 1))
        element.append(child)
        child.tail = draw(TEXTS)
    return element


@given(trees())
def test_an_element_reads_like_its_markup(element: etree._Element) -> None:
    """The walk over a tree gives what parsing the element's markup again would give."""
    markup = etree.tostring(element, encoding="unicode", method="html")
    # What the parser makes of the markup is what both read; it moves elements that HTML does not allow where they are.
    body = parse_html(f"<div>{markup}</div>").find(".//div")

    assert element_text(body) == html_to_text(f"<div>{markup}</div>"), markup


def test_a_cell_without_tags_keeps_its_lines() -> None:
    """Text that holds no tag shows its structure by its own lines."""
    cell = parse_html("<table><tr><td>第一行\n第二行</td></tr></table>").find(".//td")

    assert element_text(cell) == "第一行\n第二行"


def test_preformatted_text_keeps_its_lines() -> None:
    """The lines of a `pre` are its paragraphs, those of the blocks around it are not."""
    block = parse_html("<div>甲\n乙<pre>\n一\n\n  二</pre>丙\n丁</div>").find(".//div")

    assert element_text(block) == "甲乙\n一\n\n二\n丙丁"


def test_what_is_left_out_takes_its_text_along() -> None:
    """An element that is left out takes what it holds, not what follows it."""
    block = parse_html("<div>甲<span>乙<b>丙</b></span>丁</div>").find(".//div")

    assert element_text(block, {block.find("span")}) == "甲丁"


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ('<input value=" 甲 ">', "甲"),
        ("<textarea>甲\n乙</textarea>", "甲\n乙"),
        ("<select><option>甲<option selected>乙</select>", "乙"),
        ("<select><option>甲<option>乙</select>", "甲"),
        ('<img alt="甲">', "甲"),
        ('<meta content="甲">', "甲"),
        ("<select></select>", ""),
        ("<div>甲</div>", None),
    ],
)
def test_a_form_field_says_what_it_holds(markup: str, said: str | None) -> None:
    """Fields, pictures and meta elements speak by their attributes or their choice."""
    element = next(one for one in parse_html(markup).iter() if one.tag in markup.split(">")[0].split(" ")[0])

    assert field_value(element) == said


def test_a_deep_tree_needs_no_recursion() -> None:
    """Elements that are never closed nest as deep as a stranger likes."""
    root = parse_html("<div>" * 50_000 + "底" + "<p>后</p>")

    assert element_text(root).startswith("底")
    assert "后" in element_text(root)
