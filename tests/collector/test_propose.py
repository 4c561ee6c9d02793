"""Descriptions suggested from pages: a dozen invented boards of different structure, and what cannot be recognised."""

# ruff: noqa: E501 - markup stands as a site's keeper would write it.

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.pages.detail import read_detail
from collector.pages.document import Document, read_document
from collector.propose import Proposal, propose, propose_site, source_id, with_details
from config.context import Context
from config.profile import SHIPPED, load_profile
from config.sources import Asking, Website
from tests.webserver import Asked, Reply, serving

URL = "https://tjj.example.gov.cn/hdjl/list.jsp"
TITLES = [
    "咨询统计年鉴电子版在哪里下载",
    "建议按月公布各县区主要指标",
    "企业入库的标准是什么",
    "普查员上门没有出示证件",
    "联网直报平台忘记密码怎么办",
    "反映电话调查时间太晚",
]
DAYS = ["2026-11-20", "2026-11-18", "2026-11-15", "2026-11-09", "2026-11-02", "2026-10-28"]
BODY = "您好，我想了解这件事的具体办理流程，烦请告知需要准备哪些材料，谢谢。"
ANSWER = "您好，来信收悉。经核实，相关资料已在局网站公布，可以自行查阅，感谢您的关注。"

NAV = (
    '<div class="nav"><ul><li><a href="/">网站首页</a></li><li><a href="/zwgk/">政务公开</a></li>'
    '<li><a href="/tjsj/">统计数据</a></li><li><a href="/hdjl/">互动交流</a></li></ul></div>'
)
FOOT = '<div class="foot"><p>主办单位：某市统计局</p><p>备案号：鲁ICP备00000000号</p></div>'


def page(inner: str, head: str = "") -> str:
    """Return a whole page with navigation and foot."""
    return f"<html><head><title>互动交流</title>{head}</head><body>{NAV}{inner}{FOOT}</body></html>"


def numbered(form: str, **more: list[str]) -> str:
    """Return a row for each letter; {n}, {title}, {day} and others stand for its values."""
    return "".join(
        form.format(n=4100 + place, place=place, title=title, day=DAYS[place], **{k: v[place] for k, v in more.items()})
        for place, title in enumerate(TITLES)
    )


def block_of(proposal: Proposal, tmp_path: Path) -> Website:
    """Return the proposal as the profile reads it, appended to the shipped one."""
    path = tmp_path / "bureau.toml"
    path.write_text(SHIPPED.read_text("utf-8") + "\n" + proposal.toml, "utf-8")
    source = load_profile(path).sources[-1]
    assert isinstance(source, Website)
    return source


def html(text: str, url: str = URL) -> Document:
    """Return a page as a document."""
    return read_document(text.encode(), "text/html; charset=utf-8", url, Asking())


def values(proposal: Proposal, name: str) -> list[Any]:
    """Return the values of a field in the rows as the suggested description reads them."""
    return [row.values.get(name) for row in proposal.rows]


STATES = ["已回复", "办理中", "已回复", "已回复", "待回复", "已回复"]
OFFICES = ["综合科", "办公室", "投资统计科", "社情民意调查科", "信息化科", "社情民意调查科"]

LISTS: Mapping[str, str] = {
    "table with a header": page(
        '<table class="list"><tr><th>信件标题</th><th>来信时间</th><th>办理状态</th></tr>'
        + numbered(
            '<tr><td><a href="view.jsp?id={n}">{title}</a></td><td>{day}</td><td>{state}</td></tr>', state=STATES
        )
        + '</table><div class="pager">共12页 <a href="list.jsp?page=2">下一页</a></div>'
    ),
    "table without a header": page(
        '<div class="main"><table>'
        + numbered(
            '<tr class="tr{place}"><td>·</td><td><a href="/info/1052/{n}.htm">{title}</a></td><td>[{day}]</td></tr>'
        )
        + "</table></div>"
    ),
    "list of links": page(
        '<div class="right"><ul class="news">'
        + numbered('<li><span>{day}</span><a href="./t20261120_{n}.html" title="{title}">{title}</a></li>')
        + '</ul><script>createPageHTML(25, 0, "index", "html");</script></div>'
    ),
    "blocks with classes": page(
        '<div class="letters">'
        + numbered(
            '<div class="item"><h3><a href="detail?lid={n}&type=1">{title}</a></h3>'
            '<p class="meta"><span class="dept">{office}</span><em class="time">{day} 09:30</em></p></div>',
            office=OFFICES,
        )
        + '</div><a class="next" href="list.jsp?pageNo=2">&gt;</a>'
    ),
    "definition lists": page(
        '<div id="box">'
        + numbered(
            '<dl><dt><a href="show-{n}.html">{title}</a></dt><dd>来信时间：{day}</dd><dd>{state}</dd></dl>',
            state=STATES,
        )
        + "</div>"
    ),
    "labels in each row": page(
        '<ul id="lb">'
        + numbered(
            '<li><p>来信主题：<a href="info.aspx?key=0a1b2c3d4e5f{n}">{title}</a></p><p>来信时间：{day}</p><p>回复时间：2026-11-22</p></li>'
        )
        + "</ul>"
    ),
    "rows of a nested layout table": page(
        "<table><tr><td>左侧导航</td><td><table><tr><td>编号</td><td>主题</td><td>日期</td></tr>"
        + numbered('<tr><td>{n}</td><td><a href="?do=show&amp;id={n}">{title}</a></td><td>{day}</td></tr>')
        + "</table></td></tr></table>"
    ),
    "articles": page(
        "<main>"
        + numbered('<article><h2><a href="/letters/{n}/">{title}</a></h2><time>{day}</time></article>')
        + "</main>"
    ),
    "links opened by a script": page(
        '<ul class="xj">'
        + numbered('<li><a href="javascript:void(0)" onclick="openLetter(\'{n}\')">{title}</a><i>{day}</i></li>')
        + "</ul>",
        head="<script>function openLetter(id){window.open('letter.do?letterId=' + id);}</script>",
    ),
    "cut titles": page(
        '<ul class="list">'
        + "".join(
            f'<li><a href="a/{4100 + place}.html" title="{title}">{title[:6]}...</a><span>{DAYS[place]}</span></li>'
            for place, title in enumerate(TITLES)
        )
        + "</ul>"
    ),
    "data in a script": page(
        "<div id='list'></div><script>var letterList = ["
        + ",".join(
            f"{{id: {4100 + place}, title: '{title}', date: '{DAYS[place]}'}}" for place, title in enumerate(TITLES)
        )
        + "];render(letterList);</script>"
    ),
}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_title_date_and_id_are_found_on_lists_of_every_structure(name: str, tmp_path: Path) -> None:
    """The suggestion alone reads each row's title, date and id, and is a sound source of a profile."""
    proposal = propose(html(LISTS[name]), URL)

    assert proposal.recognised
    assert values(proposal, "title") == TITLES
    assert [str(value)[:10] for value in values(proposal, "posted_at")] == DAYS or all(
        day in str(value) for day, value in zip(DAYS, values(proposal, "posted_at"), strict=True)
    )
    assert [str(value)[-4:] for value in values(proposal, "external_id")] == [str(4100 + place) for place in range(6)]
    assert block_of(proposal, tmp_path).list.url


def test_json_is_described_by_its_keys(tmp_path: Path) -> None:
    """Lists of objects in JSON: where they are, which key is what, and the page's number in the address."""
    rows = [
        f'{{"letterId": {4100 + place}, "letterTitle": "{title}", "createTime": "{DAYS[place]} 10:00:00", '
        f'"letterContent": "{BODY}", "replyContent": "{ANSWER}", "replyTime": "2026-11-22 09:00:00", "replyDept": "综合科"}}'
        for place, title in enumerate(TITLES)
    ]
    url = "https://tjj.example.gov.cn/api/letters?pageNo=1&pageSize=6"
    text = f'{{"code": 200, "data": {{"total": 60, "records": [{",".join(rows)}]}}}}'
    proposal = propose(text.encode(), url, content_type="application/json")
    source = block_of(proposal, tmp_path)

    assert values(proposal, "title") == TITLES
    assert values(proposal, "body") == [BODY] * 6
    assert values(proposal, "external_id") == [4100 + place for place in range(6)]
    assert values(proposal, "answer_text") == [ANSWER] * 6
    assert values(proposal, "answered_by") == ["综合科"] * 6
    assert source.list.url == "https://tjj.example.gov.cn/api/letters?pageNo={page}&pageSize=6"
    assert source.list.paging is not None
    assert source.list.paging.total is not None
    assert source.details == ()


def test_xml_with_html_in_its_records_is_described(tmp_path: Path) -> None:
    """XML records that hold HTML are rows of HTML."""
    records = numbered('<record><![CDATA[<li><a href="/art/{n}.html">{title}</a><span>{day}</span></li>]]></record>')
    text = f'<?xml version="1.0" encoding="UTF-8"?><datastore><recordset>{records}</recordset></datastore>'
    proposal = propose(text.encode(), URL, content_type="text/xml")

    assert values(proposal, "title") == TITLES
    assert values(proposal, "posted_at") == DAYS
    assert block_of(proposal, tmp_path).list.at == "//record"


PAGERS = {
    "a query that counts": ('<a href="list.jsp?id=3&page=2">下一页</a>', "url", "list.jsp?id=3&page={page}"),
    "an offset that counts": (
        '<a href="list.jsp?start=20">2</a><a href="list.jsp?start=40">3</a>',
        "step",
        20,
    ),
    "a path": ('<a href="index_2.html">下一页</a>', "paging_url", "index_{page}.html"),
    "a link that says nothing": ('<a class="Next" href="?tok=ab12cd">下页</a>', "next", "a.Next"),
}


@pytest.mark.parametrize("name", sorted(PAGERS))
def test_the_way_to_the_next_page_is_recognised(name: str, tmp_path: Path) -> None:
    """Query, offset, path and mere link are told apart."""
    pager, key, expected = PAGERS[name]
    inner = '<ul class="l">' + numbered('<li><a href="v?id={n}">{title}</a>{day}</li>') + "</ul>" + pager
    source = block_of(propose(html(page(inner)), URL), tmp_path)
    paging = source.list.paging

    assert paging is not None
    found = {
        "url": (source.list.url or "").rpartition("/hdjl/")[2],
        "step": paging.step,
        "paging_url": (paging.url or "").rpartition("/hdjl/")[2],
        "next": paging.next.select if paging.next else None,
    }
    assert found[key] == expected


def test_the_pager_of_a_form_carries_its_hidden_fields(tmp_path: Path) -> None:
    """ASP.NET turns pages by a script that posts the page's form."""
    links = "".join(f"<a href=\"javascript:__doPostBack('pager','{number}')\">{number}</a>" for number in (2, 3))
    inner = (
        '<form method="post" action="list.aspx"><input type="hidden" name="__VIEWSTATE" value="x"/><ul class="l">'
        + numbered('<li><a href="v?id={n}">{title}</a><b>{day}</b></li>')
        + f"</ul>{links} 共<b>9</b>页</form>"
    )
    paging = block_of(propose(html(page(inner)), URL), tmp_path).list.paging

    assert paging is not None
    assert paging.form == {"__EVENTTARGET": "pager", "__EVENTARGUMENT": "{page}"}
    assert paging.hidden == "form"
    assert paging.pages is not None


DETAILS: Mapping[str, str] = {
    "a table of labels": page(
        f"<table class='d'><tr><th>来信主题</th><td>{TITLES[0]}</td></tr><tr><th>来信时间</th><td>2026-11-20 09:12</td></tr>"
        f"<tr><th>信件内容</th><td>{BODY}</td></tr><tr><th>答复单位</th><td>综合科</td></tr>"
        f"<tr><th>答复时间</th><td>2026-11-22</td></tr><tr><th>答复内容</th><td>{ANSWER}</td></tr></table>"
    ),
    "paragraphs with colons": page(
        f"<div class='box'><p>标　题：{TITLES[0]}</p><p>写信时间：2026年11月20日</p><p>内　容：{BODY}</p>"
        f"<p>回复部门：综合科</p><p>回复时间：2026年11月22日</p><p>回复内容：{ANSWER}</p></div>"
    ),
    "headings above blocks": page(
        f"<h1>{TITLES[0]}</h1><h4>来信内容</h4><div class='c'>{BODY}</div><p>来信时间：2026-11-20</p>"
        f"<h4>官方答复</h4><div class='c'>{ANSWER}</div><p>答复时间：2026-11-22</p>"
    ),
    "an article without labels": page(
        f"<h1>{TITLES[0]}</h1><div class='info'>发布时间：2026-11-20 来源：互动平台</div>"
        f"<div class='article-content'><p>{BODY}</p></div><div class='reply-box'><p>{ANSWER}</p></div>"
    ),
}


@pytest.mark.parametrize("name", sorted(DETAILS))
def test_letter_and_answer_are_found_on_their_own_page(name: str, tmp_path: Path) -> None:
    """The letter's page is described by its labels, or by the names of its blocks."""
    listed = propose(html(LISTS["table with a header"]), URL)
    link = next(iter(listed.by_link))
    detail = html(DETAILS[name], link)
    source = block_of(with_details(listed, {link: detail}), tmp_path)

    found, _ = read_detail(detail, source.details[0], {})
    assert found["body"] == BODY
    assert found["answer_text"] == ANSWER


def test_a_page_built_by_a_script_says_so_and_names_interfaces(tmp_path: Path) -> None:
    """Where nothing can be recognised a skeleton comes, with addresses to look at."""
    text = (
        "<html><body><div id='app'></div><script>axios.post('/hdjl/api/letter/page', {pageNo: 1})</script>"
        "<script src='/static/app.js'></script></body></html>"
    )
    proposal = propose(html(text), URL)

    assert not proposal.recognised
    assert "https://tjj.example.gov.cn/hdjl/api/letter/page" in proposal.toml
    assert "app.js" not in proposal.toml
    assert "F12" in proposal.toml
    assert block_of(proposal, tmp_path).id == "tjj-example-gov-cn"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gives_a_sound_block(text: str) -> None:
    """Whatever an address answers, the proposal is TOML that holds one source."""
    blocks = tomllib.loads(propose(html(f"<html><body>{text}</body></html>"), URL).toml)["sources"]

    assert len(blocks) == 1
    Website.model_validate(blocks[0])


SYSTEMS = {
    "https://www.example.gov.cn/jact/front/mailpublist.do?sysid=84": ("hanweb-jact", {"sysid": "84"}),
    "https://www.example.gov.cn/hdjlpt/published?via=pc": ("hdjlpt", {"site": "759010"}),
}


@pytest.mark.parametrize("url", sorted(SYSTEMS))
def test_a_known_system_whose_list_a_script_fetches_is_given_its_preset(url: str, tmp_path: Path) -> None:
    """The address names the system, and address or page the site's number."""
    preset, params = SYSTEMS[url]
    text = page("<div id='app'>正在加载</div><script>var site_id = '759010';</script>")
    source = block_of(propose(html(text, url), url), tmp_path)

    assert source.preset == preset
    assert source.params == params
    assert source.base == "https://www.example.gov.cn"


def test_a_page_cannot_write_into_the_profile() -> None:
    """Texts of a page that look like TOML stay inside their quotes and remarks."""
    evil = 'x"\n[[sources]]\nid = "evil'
    inner = '<ul class="l">' + "".join(
        f"<li><a href='v?id={n}' title='{evil}'>{title}...</a>{DAYS[0]}</li>" for n, title in enumerate(TITLES)
    )
    assert len(tomllib.loads(propose(html(page(inner)), URL).toml)["sources"]) == 1


def test_the_command_looks_at_the_list_and_three_letters(ctx: Context, tmp_path: Path) -> None:
    """One request for robots.txt, one for the list, three for letters, and a block that needs no more."""

    def answer(asked: Asked) -> Reply | str:
        if asked.path.startswith("/hdjl/list.jsp"):
            return LISTS["table with a header"]
        return DETAILS["a table of labels"] if "view.jsp" in asked.path else Reply(status=404)

    with serving(answer) as server:
        proposal = propose_site(ctx, f"{server.url}/hdjl/list.jsp", sleep=lambda seconds: None)
        asked = server.paths
    source = block_of(proposal, tmp_path)

    assert len(asked) == 5
    assert source.private
    assert source.details[0].fields["body"].label == ("信件内容",)


def test_a_letter_that_cannot_be_had_leaves_the_list(ctx: Context) -> None:
    """Details that answer 404 are passed over; the usual names stand in their place."""
    with serving({"/hdjl/list.jsp": LISTS["table with a header"]}) as server:
        proposal = propose_site(ctx, f"{server.url}/hdjl/list.jsp", sleep=lambda seconds: None)

    assert proposal.details[0].keys["fields"]["body"] is True


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Example.gov.cn/a", "example-gov-cn"),
        ("http://10.1.2.3:8080/", "10-1-2-3"),
        ("https://问政.example/", "example"),
        ("https://问政/", "board"),
    ],
)
def test_id_comes_from_the_host(url: str, expected: str) -> None:
    """An id of small letters, digits and hyphens."""
    assert source_id(url) == expected
