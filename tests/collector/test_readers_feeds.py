"""Feeds to entries: every format, what real servers make of it, and what a stranger may have written."""

import json
from datetime import UTC, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.base import Blank, Fetched, Item, Unreadable
from collector.errors import CollectorError, PageTooLarge, PageUnreadable, SourceChanged
from collector.readers import Limits, ReadOptions, feeds
from collector.readers.feeds import FeedPage, read_feed

COLLECTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OPTIONS = ReadOptions("posts", ZoneInfo("Asia/Shanghai"), posted_at=COLLECTED, limits=Limits(max_cell_chars=500))
URL = "http://feeds.example/hub/feed?key=abc"

RSS = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>论坛</title>{}</channel></rss>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>论坛</title>{}</feed>'
RSSHUB = """<?xml version="1.0" encoding="UTF-8"?>
<rss xmlns:atom="http://www.w3.org/2005/Atom" version="2.0"><channel><title>某某的微博</title>
<link>https://weibo.example/u/1</link><atom:link href="http://hub.example/weibo/user/1" rel="self"/>
<description>某某的微博 - Powered by RSSHub</description><generator>RSSHub</generator><language>zh-cn</language>
<lastBuildDate>Mon, 23 Nov 2026 02:00:00 GMT</lastBuildDate><ttl>5</ttl>
<item><title>环城路又在修</title><description>环城路又在修，&lt;br&gt;绕行半小时。&lt;img src=&quot;https://x.example/1.jpg&quot;&gt;
&lt;p&gt;谁来管管？&lt;/p&gt; - Powered by RSSHub</description><link>https://weibo.example/1/AbC</link>
<guid isPermaLink="false">https://weibo.example/1/AbC</guid><pubDate>Sun, 22 Nov 2026 23:30:00 GMT</pubDate>
<author>路边社</author><category>出行</category></item></channel></rss>"""


def read(content: str | bytes, **changes: object) -> FeedPage:
    """Read a feed as if it had come from `URL`."""
    data = content.encode() if isinstance(content, str) else content
    return read_feed(data, OPTIONS, **{"url": URL, **changes})  # type: ignore[arg-type]


def items(content: str | bytes, **changes: object) -> list[Item]:
    """Return what was read of each entry."""
    return [item for _, item in read(content, **changes).entries]


def only(content: str | bytes, **changes: object) -> Fetched:
    """Return the only entry of a feed."""
    [item] = items(content, **changes)
    assert isinstance(item, Fetched)
    return item


def json_feed(*entries: object, **top: object) -> str:
    """Return a JSON Feed."""
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "论坛", "items": entries, **top})


def test_an_entry_of_rsshub_is_read_whole() -> None:
    """Escaped markup becomes text, the hub's signature goes, the date comes from GMT."""
    item = only(RSSHUB)

    assert (item.title, item.author_name) == ("环城路又在修", "路边社")
    assert item.body == "环城路又在修，\n绕行半小时。\n谁来管管？"
    assert item.external_id == "https://weibo.example/1/AbC"
    assert item.posted_at == datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        '<rss version="0.91"><channel><title>x</title><item><title>标题</title><link>http://x.example/1</link>'
        "<description>正文</description></item></channel></rss>",
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://n.example/rss-0.91.dtd">\n'
        '<rss version="0.91"><channel><title>x</title><item><title>标题</title><link>http://x.example/1</link>'
        "<description>正文</description></item></channel></rss>",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<channel rdf:about="http://x.example/"><title>x</title></channel><item rdf:about="http://x.example/1">'
        "<title>标题</title><link>http://x.example/1</link><description>正文</description></item></rdf:RDF>",
        RSS.format("<item><title>标题</title><link>http://x.example/1</link><description>正文</description></item>"),
        ATOM.format(
            "<entry><id>http://x.example/1</id><title>标题</title><summary>摘要</summary>"
            '<content type="html">&lt;p&gt;正文&lt;/p&gt;</content></entry>'
        ),
        ATOM.format(
            "<entry><title>标题</title><link href='http://x.example/1'/><content type='xhtml'>"
            "<div xmlns='http://www.w3.org/1999/xhtml'><p>正文</p></div></content></entry>"
        ),
        json_feed({"id": "http://x.example/1", "title": "标题", "content_html": "<p>正文</p>", "summary": "摘要"}),
        json_feed({"url": "http://x.example/1", "title": "标题", "content_text": "正文"}),
        json_feed({"url": "/1", "title": "标题", "summary": "正文"}).replace("/1.1", "/1"),
    ],
)
def test_every_format_gives_the_same_message(content: str) -> None:
    """RSS 0.91 with and without its DTD, 1.0, 2.0, Atom and both JSON Feeds; undated, so collected now."""
    item = only(content, url="http://x.example/feed")

    assert (item.external_id, item.title, item.body) == ("http://x.example/1", "标题", "正文")
    assert item.posted_at == COLLECTED


@pytest.mark.parametrize(
    ("dates", "moment"),
    [
        ("<pubDate>Fri, 20 Nov 2026 01:00:00 GMT</pubDate>", "2026-11-20T01:00"),
        ("<pubDate>Fri, 20 Nov 2026 09:00:00 +0800</pubDate>", "2026-11-20T01:00"),
        ("<pubDate>2026-11-20 09:00:00</pubDate>", "2026-11-20T01:00"),
        ("<pubDate>2026年11月20日 09:00</pubDate>", "2026-11-20T01:00"),
        ("<pubDate>Fri Nov 20 09:00:00 CST 2026</pubDate>", "2026-11-20T01:00"),
        ("<pubDate>Fri, 20 Nov 2026 09:00:00</pubDate>", "2026-11-20T01:00"),
        ('<date xmlns="http://purl.org/dc/elements/1.1/">2026-11-20T09:00:00+08:00</date>', "2026-11-20T01:00"),
        ("<pubDate>前天</pubDate>", "2026-11-23T02:00"),
        ("", "2026-11-23T02:00"),
    ],
)
def test_a_date_is_read_in_the_form_its_server_writes(dates: str, moment: str) -> None:
    """A date without a zone is the bureau's, CST is China's; without any, the time of collecting stands in."""
    item = only(RSS.format(f"<item><guid>1</guid><title>标题</title>{dates}</item>"))

    assert item.posted_at == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_the_day_of_publishing_goes_before_that_of_a_change() -> None:
    """Only an entry that names no other has the date of its last change."""
    change = "<updated>2026-11-21T00:00:00Z</updated>"
    both = ATOM.format(f"<entry><id>1</id><title>甲</title>{change}<published>2026-11-20T00:00:00Z</published></entry>")
    one = ATOM.format(f"<entry><id>1</id><title>甲</title>{change}</entry>")

    assert only(both).posted_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert only(one).posted_at == datetime(2026, 11, 21, tzinfo=UTC)
    dated = {"id": 1, "title": "甲", "date_published": "2026-11-20T08:00:00+08:00", "date_modified": "2026-11-22"}
    assert only(json_feed(dated)).posted_at == datetime(2026, 11, 20, tzinfo=UTC)


def test_the_full_text_goes_before_the_summary() -> None:
    """content:encoded is the message, description only its beginning."""
    content = RSS.format(
        "<item><guid>1</guid><description>开头……</description><encoded xmlns='http://purl.org/rss/1.0/modules/content/'>"
        "<![CDATA[<p>开头，</p><p>和后文。</p>]]></encoded></item>"
    )

    assert only(content).body == "开头，\n和后文。"


def test_an_entry_without_text_is_its_title_and_one_without_either_is_dropped() -> None:
    """A picture alone says nothing that could be read."""
    picture = escape('<img src="1.jpg">')
    first, second = items(
        RSS.format(
            f"<item><guid>1</guid><title>路灯</title><description>{picture}</description></item>"
            f"<item><guid>2</guid><description>{picture}</description></item>"
        )
    )

    assert isinstance(first, Fetched)
    assert (first.title, first.body) == ("", "路灯")
    assert second == Blank("2", "no-text")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"authors": [{"name": "甲"}, {"name": "乙"}, {"url": "x"}]}, "甲、乙"),
        ({"author": {"name": "甲"}}, "甲"),
        ({"author": "甲"}, "甲"),
        ({"authors": [None, 3]}, None),
        ({}, None),
    ],
)
def test_authors_of_a_json_feed(given: dict[str, object], name: str | None) -> None:
    """A list, an object, or against the rules a bare name."""
    assert only(json_feed({"id": 1, "title": "路灯", **given})).author_name == name


def test_an_authors_address_is_a_contact() -> None:
    """Atom and RSS both have one; it tells people of one name apart."""
    entry = (
        "<entry><id>1</id><title>路灯</title><author><name>李某</name><email>li@mail.example</email></author></entry>"
    )

    item = only(ATOM.format(entry))

    assert (item.author_name, item.contact) == ("李某", "li@mail.example")


@pytest.mark.parametrize(
    ("declared", "header", "codec"),
    [
        ("UTF-8", "", "gb18030"),
        ("GBK", "application/xml; charset=gbk", "utf-8"),
        ("gb2312", "text/xml", "gb18030"),
        ("UTF-8", "text/xml; charset=ISO-8859-1", "utf-8"),
        ("UTF-16", "", "utf-16"),
    ],
)
def test_a_wrong_declaration_is_repaired(declared: str, header: str, codec: str) -> None:
    """The bytes decide, whatever header and declaration say."""
    text = RSSHUB.replace('encoding="UTF-8"', f'encoding="{declared}"')

    item = only(text.encode(codec), content_type=header)

    assert item.title == "环城路又在修"


def test_a_given_encoding_wins() -> None:
    """An operator's word is taken; a name that is none is refused."""
    content = json_feed({"id": 1, "title": "a"}).encode("utf-16-le")

    assert only(content, encoding="utf-16-le").body == "a"
    with pytest.raises(PageUnreadable, match="no encoding utf-99"):
        read(content, encoding="utf-99")


def test_an_entry_without_id_and_link_keeps_its_identity() -> None:
    """Undated too, it is the same entry tomorrow, and another one when it says something else."""
    content = RSS.format("<item><description>路灯不亮</description></item>")
    later = ReadOptions("posts", OPTIONS.zone, posted_at=COLLECTED + timedelta(days=1))

    [(first, _)] = read(content).entries
    [(second, _)] = read_feed(content.encode(), later, url=URL).entries
    [(other, _)] = read(content.replace("路灯", "水管")).entries

    assert first == second != other


def test_an_id_is_taken_as_it_stands() -> None:
    """A feed that moves to another address keeps its entries; a link is whole only with the address."""
    content = RSS.format("<item><guid>7</guid><title>甲</title></item><item><link>/8</link><title>乙</title></item>")

    assert [key for key, _ in read(content).entries] == ["7", "http://feeds.example/8"]


def test_two_entries_of_one_id_have_places_of_their_own() -> None:
    """Otherwise only one of them would be kept for a person; twice the same entry is one."""
    entry = "<item><guid>1</guid><title>{}</title></item>"
    places = [item.position for item in items(RSS.format(entry.format("甲") + entry.format("乙") + entry.format("甲")))]

    assert places[0] == places[2] != places[1]


def test_one_bad_entry_does_not_stop_the_rest() -> None:
    """A text beyond the limit and an entry that is no object are unreadable; their neighbours are read."""
    content = json_feed({"id": 1, "title": "甲"}, {"id": 2, "content_text": "长" * 501}, 7, {"id": 4, "title": "丁"})

    first, second, third, fourth = items(content)

    assert isinstance(first, Fetched)
    assert isinstance(fourth, Fetched)
    assert isinstance(second, Unreadable)
    assert isinstance(third, Unreadable)
    assert (second.reason, third.reason) == ("too-long", "unreadable")
    assert "长" not in second.detail


def test_an_entry_that_breaks_a_parser_does_not_stop_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises, the entry is unreadable, and its text is not quoted."""

    def failing(text: str) -> str:
        if "甲" in text:
            raise RuntimeError(text)
        return text

    monkeypatch.setattr(feeds, "plain", failing)
    first, second = items(json_feed({"id": 1, "title": "甲"}, {"id": 2, "title": "乙"}))

    assert first == Unreadable("1", "unreadable", "1: could not be read (RuntimeError)")
    assert isinstance(second, Fetched)


@pytest.mark.parametrize(
    "flaw",
    ["&nbsp;", "a & b", "\x0b", "&#0;", "&#x1F;", "&#99999999999;", "&#xD800;", "<br>", "<o:p>x</o:p>", "&wenzheng;"],
)
def test_what_is_no_sound_xml_is_read_all_the_same(flaw: str) -> None:
    """Servers write all of this; no entry is lost by it."""
    content = RSS.format(
        f"<item><guid>1</guid><title>甲</title><description>前{flaw}后</description></item>"
        "<item><guid>2</guid><title>乙</title></item>"
    )

    first, second = items(content)

    assert isinstance(first, Fetched)
    assert first.body.startswith("前")
    assert first.body.endswith("后")
    assert isinstance(second, Fetched)


@pytest.mark.parametrize(
    "content",
    [
        "",
        " \r\n",
        "<!DOCTYPE html><html><body><form>请登录</form></body></html>",
        '<?xml version="1.0"?>\n<!-- x --><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        "<urlset><url><loc>http://x.example/</loc></url></urlset>",
        "503 service unavailable",
        '{"error": "token expired"}',
        '{"items": [{"id": 1}]}',
        "[]",
    ],
)
def test_what_is_no_feed_any_more_says_so(content: str) -> None:
    """A log-in page, an error as JSON, or nothing at all: a person must look."""
    with pytest.raises(SourceChanged) as caught:
        read(content)

    assert caught.value.item == "http://feeds.example/hub/feed"


@pytest.mark.parametrize(
    "content",
    [RSSHUB[: RSSHUB.index("谁来")], RSSHUB[:200], json_feed({"id": 1, "title": "甲"})[:-20], "[" * 100_000],
)
def test_a_feed_that_breaks_off_is_not_read(content: str) -> None:
    """Half an entry would stand for the whole one ever after."""
    with pytest.raises(PageUnreadable):
        read(content)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!-- <rss> --><!DOCTYPE rss [ <!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p; ]>',
        '<!ENTITY a "ha">',
    ],
)
def test_entities_are_refused(prolog: str) -> None:
    """Neither bombs nor files of this machine come in by a feed."""
    with pytest.raises(PageUnreadable, match="declares entities"):
        read(prolog + '<rss version="2.0"><channel><item><title>&a;&b;</title></item></channel></rss>')


def test_a_declaration_within_a_text_declares_nothing() -> None:
    """Somebody may write about XML."""
    entry = "<item><guid>1</guid><description><![CDATA[什么是 <!ENTITY a> 和 <!DOCTYPE b [ ?]]></description></item>"

    assert only(RSS.format(entry)).body.startswith("什么是")


def test_a_feed_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are counted before anything is parsed."""
    monkeypatch.setattr(feeds, "MOST_BYTES", 10)

    with pytest.raises(PageTooLarge):
        read(RSSHUB)


@pytest.mark.parametrize(
    ("link", "next_url"),
    [
        ("?page=2", "http://feeds.example/hub/feed?page=2"),
        ("http://feeds.example/2", "http://feeds.example/2"),
        ("http://elsewhere.example/2", None),
        ("//[", None),
        ("", None),
    ],
)
def test_the_next_page_is_on_the_same_site(link: str, next_url: str | None) -> None:
    """A feed does not send its reader elsewhere."""
    assert read(json_feed(next_url=link)).next_url == next_url
    assert read(ATOM.format(f'<link rel="next" href="{link}"/>')).next_url == next_url


def test_a_feed_without_entries_is_a_feed() -> None:
    """Nothing new is no change of shape."""
    assert read(RSS.format("")).entries == read(ATOM.format("")).entries == read(json_feed()).entries == ()


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_whatever_comes_is_read_or_refused_in_our_words(content: bytes) -> None:
    """No bytes bring about an error that is not ours."""
    for framed in (content, RSS.format("<item><guid>1</guid>{}</item>").encode().replace(b"{}", content)):
        try:
            page = read(framed)
        except CollectorError:
            continue
        assert all(key and item.position for key, item in page.entries)


_KEYS = ["id", "url", "title", "content_html", "content_text", "date_published", "authors", "name"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=20,
)


@given(_JSON)
def test_whatever_a_json_entry_holds_is_an_item(entry: object) -> None:
    """Its neighbours stay, and it has an id by which it is known again."""
    page = read(json_feed(entry, {"id": "last", "title": "末"}))

    assert len(page.entries) == 2
    assert page.entries[1][0] == "last"
    assert page.entries[0][0]
