"""Answers of sites as trees and data, whatever they are encoded in and wrapped into."""

import json
from typing import Any

import pytest

from collector.errors import PageUnreadable
from collector.pages.document import Document, decoded, fragment, html_document, read_document
from config.sources import Asking

URL = "http://board.test/jact/list.do?page=1"
TEXT = "临沂市统计局的网上信箱，欢迎来信"


def read(content: str | bytes, content_type: str = "", *, encoding: str | None = None, **asking: Any) -> Document:
    """Read an answer as a description says."""
    raw = content.encode() if isinstance(content, str) else content
    return read_document(raw, content_type, URL, Asking.model_validate(asking), encoding=encoding)


def text_of(document: Document) -> str:
    """Return the text of a page."""
    return "".join(document.root.itertext())


@pytest.mark.parametrize("real", ["utf-8", "gb18030", "gbk", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("header", ["", "text/html; charset=utf-8", "text/html;charset=GBK", 'text/html; charset="x"'])
@pytest.mark.parametrize(
    "meta", ["", '<meta charset="gb2312">', '<meta http-equiv=x content="text/html; charset=utf-8">']
)
def test_a_wrong_declaration_of_the_encoding_is_repaired(real: str, header: str, meta: str) -> None:
    """What the bytes are decides, not what header and page say they are."""
    page = f"<html><head>{meta}</head><body>{TEXT}</body></html>"

    assert text_of(read(page.encode(real), header)) == TEXT


def test_the_encoding_of_the_source_wins() -> None:
    """An operator who names the encoding is believed, and gb2312 means the larger set that holds it."""
    assert decoded("镕".encode("gb18030"), "text/html; charset=utf-8", "gb2312") == "镕"
    assert decoded("統計局".encode("big5"), "text/html; charset=utf-8", "big5") == "統計局"
    with pytest.raises(PageUnreadable, match="no encoding zlib"):
        decoded(b"x", "", "zlib")


DATA = {"total": 1, "rows": [{"title": "甲", "body": "乙\n丙"}]}


@pytest.mark.parametrize(
    ("content", "content_type", "asking"),
    [
        (json.dumps(DATA), "application/json;charset=UTF-8", {}),
        (json.dumps(DATA, ensure_ascii=False), "text/html", {}),
        ("\ufeff  " + json.dumps(DATA), "", {}),
        (json.dumps(json.dumps(DATA)), "application/json", {}),
        ("callback(" + json.dumps(DATA) + ");", "text/javascript", {}),
        ("/**/ jQuery1910_16(" + json.dumps(DATA) + ")", "application/javascript", {}),
        ("try{cb(" + json.dumps(DATA) + ")}catch(e){}", "", {"format": "jsonp"}),
        ("IndexThreads(" + json.dumps(json.dumps(DATA)) + ")", "", {}),
        ("window.parent.show( " + json.dumps(DATA) + " );", "", {}),
        ("<pre>" + json.dumps(DATA) + "</pre>", "text/html", {"format": "json"}),
        ("{total: 1, rows: [{'title': '甲', body: '乙\\n丙',},]}", "text/plain", {}),
        ('{"total":1,"rows":[{"title":"甲","body":"乙\n丙"}]}', "application/json", {}),
        ("var list = " + json.dumps(DATA) + ";", "", {"variable": "list"}),
        ("<html><script>window.list=" + json.dumps(DATA) + ";init()</script></html>", "", {"variable": "list"}),
        (
            "<script>init({ 'list': {total: 1, rows: [{title: '甲', body: `乙\n丙`}]} })</script>",
            "",
            {"variable": "list"},
        ),
        (
            "<script>var list = JSON.parse('" + json.dumps(DATA).replace("\\", "\\\\") + "');</script>",
            "",
            {"variable": "list"},
        ),
        (json.dumps(DATA), "text/javascript", {"format": "script"}),
    ],
)
def test_data_is_found_however_it_is_wrapped(content: str, content_type: str, asking: dict[str, str]) -> None:
    """JSON, JSON in JSON, JSONP and JavaScript give the same data."""
    assert read(content, content_type, **asking).data == DATA


@pytest.mark.parametrize(
    "content", ["", "  ", "<html>登录</html>", "{", '{"a":', "oops", '{"a": 1} trailing', "[" * 100_000, "cb(", "cb({)"]
)
@pytest.mark.parametrize("form", ["json", "jsonp"])
def test_what_is_no_data_is_refused(content: str, form: str) -> None:
    """A broken answer, or a page in place of data, is an error that names the address."""
    with pytest.raises(PageUnreadable, match="should be JSON") as caught:
        read(content, format=form)

    assert caught.value.item == URL.partition("?")[0]


def test_a_variable_that_is_not_there_is_named() -> None:
    """The error says which variable was looked for."""
    with pytest.raises(PageUnreadable, match="dataStore"):
        read("<html><script>var other = [];</script></html>", variable="dataStore")


def test_a_page_with_a_variable_is_a_page_too() -> None:
    """Beside the data in its script, a page keeps its tree."""
    document = read("<html><script>var list = [1]</script><a class=next href=2.html>下一页</a></html>", variable="list")

    assert document.data == [1]
    assert document.root.find(".//a").get("href") == "2.html"


@pytest.mark.parametrize(
    ("content", "content_type", "is_xml"),
    [
        ("<?xml version='1.0' encoding='gbk'?><datastore><record>甲</record></datastore>", "", True),
        ("<datastore><record>甲</record></datastore>", "text/xml; charset=utf-8", True),
        ("<?xml version='1.0'?><!DOCTYPE html><html><body>甲</body></html>", "application/xhtml+xml", False),
        ("<?xml version='1.0'?><html xmlns='x'><body>甲</body></html>", "", False),
        ("<record>甲</record>", "text/html", False),
    ],
)
def test_xml_is_told_from_html(content: str, content_type: str, is_xml: bool) -> None:
    """By its declaration or the header; a page that calls itself XML is read as a page."""
    document = read(content, content_type)

    assert document.is_xml is is_xml
    assert text_of(document) == "甲"


def test_xml_in_a_script_of_a_page_is_found() -> None:
    """A wide-spread system sends its records as XML within a page."""
    page = (
        '<html><script type="text/xml"><datastore><record><![CDATA[<li>甲</li>]]></record></datastore></script></html>'
    )

    assert read(page, format="xml").root.find("record").text == "<li>甲</li>"


def test_xml_without_namespaces_and_with_letters_by_name() -> None:
    """Names lose their namespace, and entities of HTML, which no XML declares, are read."""
    root = read("<?xml version='1.0'?><a:list xmlns:a='x'><a:record>甲&nbsp;&amp;&middot;</a:record></a:list>").root

    assert (root.tag, root[0].tag, root[0].text) == ("list", "record", "甲\xa0&·")


@pytest.mark.parametrize(
    "content",
    [
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;'>]><a>&c;</a>",
        "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<?xml version='1.0'?>",
        "no xml at all",
    ],
)
def test_xml_that_defines_things_or_is_none_is_refused(content: str) -> None:
    """No list of letters needs entities of its own; they make a small text enormous."""
    with pytest.raises(PageUnreadable, match="XML"):
        read(content, format="xml")


def test_broken_xml_is_read_as_far_as_it_makes_sense() -> None:
    """A bare ampersand or an unclosed element does not lose the records."""
    root = read("<list><record>甲 & 乙</record><record>丙", "text/xml").root

    assert [one.text for one in root.iter("record")][1] == "丙"


def test_relative_links_start_where_the_page_says() -> None:
    """A `base` element beats the page's own address."""
    assert html_document("<base href='/other/'><p>", URL).base == "http://board.test/other/"
    assert html_document("<p>", URL).base == URL
    assert html_document("<base href='http://[bad'><p>", URL).base == URL


@pytest.mark.parametrize(
    ("markup", "tag"),
    [("<tr><td>甲</td></tr>", "tr"), ("<li>甲<li>乙", "body"), ("甲<b>乙</b>", "body"), ("<a href=x>甲</a>丙", "body")],
)
def test_a_fragment_with_one_element_is_that_element(markup: str, tag: str) -> None:
    """So that `@href` and `./td[2]` mean the element itself."""
    assert fragment(markup, html_document("", URL)).root.tag == tag


@pytest.mark.parametrize("markup", ["", " ", "<!-- x -->", "\0", "<", "&#0;", "plain text", "<?xml?>"])
def test_a_page_without_any_element_is_a_page(markup: str) -> None:
    """Nothing that comes as HTML is refused."""
    assert html_document(markup, URL).root.tag in ("html", "p")


def test_deep_and_overloaded_markup_keeps_its_text() -> None:
    """Fifty thousand nested blocks, unclosed formats and a tag with 200,000 attributes lose no text."""
    for opening in (
        "<div>" * 50_000,
        "<font color=red>" * 5_000,
        "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">",
    ):
        root = html_document(f"{opening}甲<table><tr><td class=x>乙</td></tr></table>", URL).root

        assert root.xpath("string(//td[@class='x'])") == "乙"


def test_half_a_character_does_not_take_the_page_down() -> None:
    """JSON can spell what no encoding can; it becomes a replacement."""
    assert text_of(fragment("<p>甲\ud83d</p>", html_document("", URL))) == "甲\ufffd"
