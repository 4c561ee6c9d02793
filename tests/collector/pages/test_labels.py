"""Values by their labels, on pages of very different structure."""

import time
from typing import Any

import pytest

from collector.pages.detail import read_detail
from collector.pages.document import html_document
from collector.pages.listing import read_rows
from config.sources import Detail, Listing

# ruff: noqa: E501
ALL = ("title", "author_name", "posted_at", "body", "answered_by", "answered_at", "answer_text", "status", "contact", "receipt_no")  # fmt: skip


def read(page: str, **fields: Any) -> dict[str, Any]:
    """Return what a detail page gives; by default every field by its usual names."""
    detail = Detail.model_validate({"fields": fields or dict.fromkeys(ALL, True)})
    return read_detail(html_document(page, "http://board.test/d/1.html"), detail, {})[0]


LETTER = {
    "title": "关于路灯的问题",
    "author_name": "张某",
    "posted_at": "2026-11-01 10:00",
    "body": "第一段。\n第二段。",
    "answered_by": "城管局",
    "answered_at": "2026-11-03",
    "answer_text": "您好！\n已经修好。",
}

PAGES = {
    "th and td": """<table><tr><th>信件标题</th><td>关于路灯的问题</td></tr><tr><th>来信人</th><td>张某</td></tr>
        <tr><th>来信时间</th><td>2026-11-01 10:00</td></tr><tr><th>信件内容</th><td><p>第一段。</p><p>第二段。</p></td></tr>
        <tr><th>回复单位</th><td>城管局</td></tr><tr><th>回复时间</th><td>2026-11-03</td></tr>
        <tr><th>回复内容</th><td>您好！<br>已经修好。</td></tr></table>""",
    "two pairs a row": """<table><tr><td>标 题：</td><td colspan=3>关于路灯的问题</td></tr>
        <tr><td>来 信 人：</td><td>张某</td><td>来&nbsp;信&nbsp;时&nbsp;间：</td><td>2026-11-01 10:00</td></tr>
        <tr><td>内　容：</td><td colspan=3>第一段。<br>第二段。</td></tr>
        <tr><td>答复单位</td><td>城管局</td><td>答复时间</td><td>2026-11-03</td></tr>
        <tr><td>答复内容</td><td colspan=3><p>您好！<p>已经修好。</td></tr></table>""",
    "class of label": """<table><tr><td class="titlestyle1335">来信主题</td><td class="contentstyle1335">关于路灯的问题</td></tr>
        <tr><td class="titlestyle1335">写信人</td><td class="contentstyle1335">张某</td></tr>
        <tr><td class="titlestyle1335">来信时间</td><td class="contentstyle1335">2026-11-01 10:00</td></tr>
        <tr><td class="titlestyle1335">信件内容</td><td class="contentstyle1335">第一段。<br/>第二段。</td></tr>
        <tr><td class="titlestyle1335">回复内容</td><td class="contentstyle1335"><div>您好！</div><div>已经修好。</div></td></tr>
        <tr><td class="titlestyle1335">回复时间</td><td class="contentstyle1335">2026-11-03</td></tr>
        <tr><td class="titlestyle1335">回复部门</td><td class="contentstyle1335">城管局</td></tr></table>""",
    "dl": """<dl><dt>标题</dt><dd>关于路灯的问题</dd><dt>留言人</dt><dd>张某</dd><dt>留言时间</dt><dd>2026-11-01 10:00</dd>
        <dt>留言内容</dt><dd>第一段。</dd><dd>第二段。</dd></dl>
        <dl><dt>答复部门：</dt><dd>城管局</dd><dt>答复时间：</dt><dd>2026-11-03</dd><dt>答复内容：</dt><dd>您好！<br>已经修好。</dd></dl>""",
    "list of spans": """<ul><li><span>标题：</span>关于路灯的问题</li><li><span>来信人：</span>张某</li>
        <li><span>来信时间：</span>2026-11-01 10:00</li><li><span>来信内容：</span>第一段。<br>第二段。</li></ul>
        <ul><li><span>回复单位：</span>城管局</li><li><span>回复时间：</span>2026-11-03</li>
        <li><span>回复内容：</span><p>您好！</p><p>已经修好。</p></li></ul>""",
    "span and span": """<div class="info"><div><span>信件标题</span><span>关于路灯的问题</span></div>
        <div><span>来信人</span><span>张某</span><span>来信时间</span><span>2026-11-01 10:00</span></div>
        <div><span>信件内容</span><div>第一段。<br>第二段。</div></div></div>
        <div class="info"><div><span>回复单位</span><span>城管局</span><span>回复时间</span><span>2026-11-03</span></div>
        <div><span>回复内容</span><div>您好！<br>已经修好。</div></div></div>""",
    "paragraphs": """<div><p>标题：关于路灯的问题</p><p>来信人：张某　　来信时间：2026-11-01 10:00</p>
        <p>信件内容：第一段。</p><p>第二段。</p><p>回复单位：城管局</p><p>回复时间：2026-11-03</p>
        <p>回复内容：您好！</p><p>已经修好。</p></div>""",
    "bold in text": """<div><b>标题：</b>关于路灯的问题<br><b>来信人：</b>张某<br><b>来信时间：</b>2026-11-01 10:00<br>
        <b>信件内容：</b>第一段。<br>第二段。<br><b>回复单位：</b>城管局<br><b>回复时间：</b>2026-11-03<br>
        <b>回复内容：</b>您好！<br>已经修好。</div>""",
    "label and div": """<form><label>信件标题</label><div>关于路灯的问题</div><label>来信人</label><div>张某</div>
        <label>来信时间</label><div>2026-11-01 10:00</div><label>信件内容</label><div><p>第一段。</p><p>第二段。</p></div>
        <label>回复单位</label><div>城管局</div><label>回复时间</label><div>2026-11-03</div>
        <label>回复内容</label><div>您好！<br>已经修好。</div></form>""",
    "blocks in turn": """<div class=k>信件标题</div><div class=v>关于路灯的问题</div><div class=k>来信人</div><div class=v>张某</div>
        <div class=k>来信时间</div><div class=v>2026-11-01 10:00</div><div class=k>信件内容</div>
        <div class=v>第一段。<br>第二段。</div><div class=k>回复单位</div><div class=v>城管局</div>
        <div class=k>回复时间</div><div class=v>2026-11-03</div><div class=k>回复内容</div><div class=v>您好！<br>已经修好。</div>""",
    "columns": """<div class=row><div class=col-2><div class=l>信件标题</div></div><div class=col-10>关于路灯的问题</div></div>
        <div class=row><div class=col-2><div class=l>来信人</div></div><div class=col-4>张某</div>
        <div class=col-2><div class=l>来信时间</div></div><div class=col-4>2026-11-01 10:00</div></div>
        <div class=row><div class=col-2>信件内容</div><div class=col-10>第一段。<br>第二段。</div></div>
        <div class=row><div class=col-2>回复单位</div><div class=col-4>城管局</div>
        <div class=col-2>回复时间</div><div class=col-4>2026-11-03</div></div>
        <div class=row><div class=col-2>回复内容</div><div class=col-10>您好！<br>已经修好。</div></div>""",
    "header row": """<table><thead><tr><th>标题</th><th>来信人</th><th>来信时间</th></tr></thead>
        <tbody><tr><td>关于路灯的问题</td><td>张某</td><td>2026-11-01 10:00</td></tr></tbody></table>
        <table><tr><td>信件内容</td></tr><tr><td>第一段。<br>第二段。</td></tr></table>
        <table><tr><td>回复单位</td><td>回复时间</td><td>满意度</td></tr><tr><td>城管局</td><td>2026-11-03</td><td>满意</td></tr>
        <tr><td colspan=3>回复内容</td></tr><tr><td colspan=3>您好！<br>已经修好。</td></tr></table>""",
    "brackets": """<div><p>【标题】关于路灯的问题</p><p>【来信人】张某</p><p>【来信时间】2026-11-01 10:00</p>
        <div>【来信内容】第一段。<br>第二段。</div><p>【回复单位】城管局</p><p>【回复时间】2026-11-03</p>
        <div>【回复内容】您好！<br>已经修好。</div></div>""",
    "starred": """<table><tr><td><font color=red>*</font>标题：</td><td>关于路灯的问题</td></tr><tr><td>*来信人(必填)：</td><td>张某</td></tr>
        <tr><td>来信时间</td><td>2026-11-01 10:00</td></tr><tr><td><b>信件内容</b>：</td><td>第一段。<br>第二段。</td></tr>
        <tr><td>回复单位</td><td>城管局</td></tr><tr><td>回复时间</td><td>2026-11-03</td></tr>
        <tr><td>回复内容</td><td>您好！<br>已经修好。</td></tr></table>""",
    "headings": """<h2>信件标题</h2><p>关于路灯的问题</p><h2>来信人</h2><p>张某</p><h2>来信时间</h2><p>2026-11-01 10:00</p>
        <h2>信件内容</h2><p>第一段。</p><p>第二段。</p><h2>回复单位</h2><p>城管局</p><h2>回复时间</h2><p>2026-11-03</p>
        <h2>回复内容</h2><p>您好！</p><p>已经修好。</p><div class=buttons>打印 关闭</div>""",
    "fields of a form": """<table><tr><td>标题</td><td><input readonly value="关于路灯的问题"></td></tr>
        <tr><td>来信人</td><td><input readonly value="张某"></td></tr>
        <tr><td>来信时间</td><td><input readonly value="2026-11-01 10:00"></td></tr>
        <tr><td>信件内容</td><td><textarea>第一段。\n第二段。</textarea></td></tr>
        <tr><td>回复单位</td><td><select><option>住建局<option selected>城管局</select></td></tr>
        <tr><td>回复时间</td><td>2026-11-03</td></tr><tr><td>回复内容</td><td><textarea>您好！\n已经修好。</textarea></td></tr></table>""",
    "nested tables": """<table><tr><td><table><tr><td>信件标题</td><td>关于路灯的问题</td></tr><tr><td>来信人</td><td>张某</td></tr>
        <tr><td>来信时间</td><td>2026-11-01 10:00</td></tr><tr><td>信件内容</td><td><table><tr><td>第一段。</td></tr>
        <tr><td>第二段。</td></tr></table></td></tr></table></td></tr><tr><td><table><tr><td>回复单位</td><td>城管局</td></tr>
        <tr><td>回复时间</td><td>2026-11-03</td></tr><tr><td>回复内容</td><td>您好！<br>已经修好。</td></tr></table></td></tr></table>""",
    "label in the row's text": """<ul><li>信件标题<em>关于路灯的问题</em></li><li>来信人<em>张某</em></li>
        <li>来信时间<em>2026-11-01 10:00</em></li><li>信件内容<div>第一段。<br>第二段。</div></li><li>回复单位<em>城管局</em></li>
        <li>回复时间<em>2026-11-03</em></li><li>回复内容<div>您好！<br>已经修好。</div></li></ul>""",
}

NOISE = """<div class="nav"><a href="/">首页</a><a>信件标题</a><a>回复内容</a><span>来信人</span><span>导航</span></div>
    <div id="search"><label>标题</label><input name="title"><label>来信人</label><input></div>
    <script>var labels = "信件标题：错误 来信人：错误"; document.write("<td>信件内容</td><td>错误</td>");</script>
    <!-- <table><tr><td>信件标题</td><td>旧的</td></tr></table> -->"""
FOOT = """<div class="side"><h3>最新来信</h3><table><tr><td>标题</td><td>来信时间</td></tr><tr><td>另一封信</td><td>2026-11-09</td></tr></table></div>
    <div class="footer"><p>主办单位：某某市人民政府　联系电话：0000-0000000</p><p>版权所有</p></div>"""


@pytest.mark.parametrize("name", PAGES)
def test_a_letter_is_read_whatever_holds_it(name: str) -> None:
    """Tables, lists, blocks and paragraphs give the same letter."""
    assert read(PAGES[name]) == LETTER


@pytest.mark.parametrize("name", PAGES)
def test_what_surrounds_a_letter_is_no_part_of_it(name: str) -> None:
    """Navigation, search form, scripts, comments, other letters and the imprint hold the same words."""
    page = f"<html><body>{NOISE}<div class='main'>{PAGES[name]}</div>{FOOT}</body></html>"

    assert read(page) == LETTER


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "<table><tr><td>标题</td><td>甲</td></tr><tr><td>来信人</td><td></td><td>来信时间</td><td>2026-11-01</td></tr></table>",
            {"title": "甲", "posted_at": "2026-11-01"},
        ),
        ("<table><tr><td>回复内容</td><td></td></tr><tr><td>满意度</td><td>好</td></tr></table>", {}),
        ("<dl><dt>来信人<dd><dt>标题<dd>甲</dl>", {"title": "甲"}),
        ("<div><span>回复内容</span><span></span><span>打印</span></div>", {}),
        ("<p>来信人：</p><p>来信时间：2026-11-01</p>", {"posted_at": "2026-11-01"}),
        ("<b>来信人：</b><br>来信时间：2026-11-01<br>", {"posted_at": "2026-11-01"}),
        ("<table><tr><th>来信人</th><th>来信时间</th></tr></table>", {}),
        ("<div>来信人： 来信时间：2026-11-01</div>", {"posted_at": "2026-11-01"}),
    ],
)
def test_a_blank_value_is_none_and_never_the_next_label(page: str, expected: dict[str, str]) -> None:
    """What stands behind an empty place belongs to something else."""
    assert read(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "<p>信件内容：</p><p>尊敬的领导：</p><p>联系电话：1380000</p><p>谢谢</p>",
            "尊敬的领导：\n联系电话：1380000\n谢谢",
        ),
        ("<table><tr><td>信件内容</td><td>您好：</td></tr></table>", "您好："),
        ("<div>内容：<br>一<br>联系电话：1380000<br>姓名：张某<br>二</div>", "一\n联系电话：1380000\n姓名：张某\n二"),
        ("<h3>信件内容</h3><div><p>标题：甲</p><p>来信人：张某</p><p>内容：一</p></div>", "一"),
        ("<p>来信内容：一</p><p>二</p><p>回复内容：三</p>", "一\n二"),
        ("<table><tr><td>事由</td><td>关于<b>内容</b>的事</td></tr></table>", None),
    ],
)
def test_what_people_write_is_not_cut(page: str, expected: str | None) -> None:
    """Salutations and labels within a letter are its text, and are read for nothing else."""
    letter = read(page)

    assert letter.get("body") == expected
    assert "contact" not in letter


def test_values_that_are_usual_names_too() -> None:
    """保密 and 答复 are values where they stand as values do."""
    page = """<table><tr><td>是否保密</td><td>保密</td></tr><tr><td>状态</td><td>答复</td></tr>
        <tr><td>标题：</td><td>投诉内容</td></tr><tr><th>来信人</th><td>用户</td></tr></table>"""

    assert read(page, confidential=True, status=True, title=True, author_name=True) == {
        "confidential": "保密",
        "status": "答复",
        "title": "投诉内容",
        "author_name": "用户",
    }


def test_labels_of_the_description_s_own_are_found() -> None:
    """Labels that nobody foresaw, with or without an element or a colon of their own."""
    page = """<div><span>事由</span><div>甲</div></div><p><strong>问：</strong>怎么办？</p><p>请答复。</p>
        <p><strong>答：</strong>您好。</p><p>这样办。</p><p>意见1：好</p><table><tr><td>归口</td><td>:</td><td>乙</td></tr></table>"""
    fields = {"title": "事由", "body": "问", "answer_text": "答", "kind": "意见1", "answered_by": ["没有", "归口"]}

    assert read(page, **{name: {"label": label} for name, label in fields.items()}) == {
        "title": "甲",
        "body": "怎么办？\n请答复。",
        "answer_text": "您好。\n这样办。",
        "kind": "好",
        "answered_by": "乙",
    }


def test_a_label_may_be_asked_for_every_time() -> None:
    """All matches, in page order; attributes and what is left out are known beside labels too."""
    page = """<div><h4>答复内容</h4><p>一</p></div><div><h4>回复内容</h4><p>二<i>打印</i></p></div>
        <table><tr><td>附件</td><td><a href="a.doc">表</a></td></tr></table>"""

    assert read(page, answer_text={"label": ["回复内容", "答复内容"], "every": True, "remove": "i"}) == {
        "answer_text": "一\n\n二"
    }
    assert read(page, place={"label": "附件", "attr": "href"}) == {"place": "a.doc"}
    assert read(page, place={"label": "附件", "pattern": "(.)"}) == {"place": "表"}


def test_a_label_in_a_row_is_looked_for_in_that_row() -> None:
    """The index of the page is shared, the search is not."""
    page = (
        "<ul>"
        + "".join(f"<li><span>标题：</span>第{n}封<p>来信时间：2026-11-{n:02d}</p></li>" for n in range(1, 6))
        + "</ul>"
    )
    document = html_document(page, "http://board.test/")
    listing = Listing.model_validate({"rows": "li", "fields": {"title": True, "posted_at": True}})

    assert [row.values for row in read_rows(document, listing, {})] == [
        {"title": f"第{n}封", "posted_at": f"2026-11-{n:02d}"} for n in range(1, 6)
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<br>标题：" * 50_000,
        "<b>标题：</b>" * 50_000,
        "<b>标题</b>" + "<i></i>：" * 50_000,
        "<p>" + "标题：啊" * 100_000,
        "<p>" + ":" * 500_000,
        "<td>标题</td>" * 50_000,
        "<div class=nav>标题：甲</div>" * 20_000,
        "<table>" + "<tr><th>标题</th><th>时间</th></tr>" * 20_000,
        "【" * 300_000,
        "<dl>" + "<dt>标题<dt>内容" * 20_000,
    ],
)
def test_a_flood_of_labels_takes_no_time(page: str) -> None:
    """However often a page repeats its labels, it is read in seconds."""
    before = time.process_time()
    read(page)

    assert time.process_time() - before < 5
