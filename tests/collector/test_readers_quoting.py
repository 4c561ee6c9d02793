"""New words and quoted mails told apart."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.clean import html_to_text, tidy
from collector.readers.quoting import answers_between, is_forward, split_quote

NEW = "您好，请问年鉴在哪里买？\n谢谢！"
OLD = "市民您好：\n您的来信收到。\n此复。"
ARROWS = "\n".join(f"> {line}" for line in OLD.split("\n"))

MARKS = [
    "在 2026年11月20日 10:00，张三 <a@b.cn> 写道：",
    "在 2026年11月20日 10:00，\n张三 <a@b.cn>\n写道：",
    "在 2026年11月20日星期五 上午10:00，某单位值班\n<a@b.cn> 写道:",
    "在 2026-11-20 10:00:00，“张三” <a@b.cn> 写道：",
    '在 2026-11-20 10:00:00，"张三" <a@b.cn> 写道：',
    "在 2026-11-20星期五的 10:00 +0800，张三写道：",
    "在 2026/11/20 10:00, 张三 写道:",
    "在 2026年11月20日，10:00，a@b.cn 写道：",
    "于 2026-11-20 10:00 [GMT+8]，张三写道：",
    "2026年11月20日 10:00，张三 <a@b.cn> 写道：",
    "2026 年 11 月 20 日，张三 <a@b.cn> 写道：",
    "张三 于2026年11月20日周五 10:00写道：",
    "张三 <a@b.cn> 于2026年11月20日周五 10:00写道：",
    "张三 <a@b.cn> 于2026年11月20日周五\n10:00写道：",
    "张三<a@b.cn>在2026年11月20日 10:00写道：",
    "在 张三 <a@b.cn>，2026年11月20日 上午10:00写道：",
    "張三 <a@b.cn> 於 2026年11月20日 週五 上午10:00 寫道：",
    "张三 <a@b.cn> 写道：",
    "2026-11-20 10:00 GMT+08:00 张三 <a@b.cn>:",
    "On Fri, Nov 20, 2026 at 10:00 AM Zhang San <a@b.cn> wrote:",
    "On Fri, Nov 20, 2026 at 10:00 AM Zhang San <zhangsan@a-long-name.example.com>\nwrote:",
    "On 20 Nov 2026, at 10:00, Zhang San <a@b.cn> wrote:",
    "On 2026-11-20 10:00, Zhang San wrote:",
    'At 2026-11-20 10:00:00, "Zhang, San" <a@b.cn> wrote:',
    "-----原始邮件-----",
    "------------------ 原始邮件 ------------------",
    "------------------\xa0原始邮件\xa0------------------",
    "-----原始邮件-----\n发件人:张三 <a@b.cn>\n发送时间:2026-11-20 10:00:00 (星期五)\n收件人: c@d.cn\n主题: 年鉴",
    "------------------ Original ------------------\nFrom: Zhang San <a@b.cn>;",
    "-----Original Message-----\nFrom: a@b.cn",
    "-------- Original message --------",
    "---- 回复的原邮件 ----\n| 发件人 | 张三<a@b.cn> |\n| 日期 | 2026年11月20日 10:00 |\n| 收件人 | c@d.cn |\n"
    "| 主题 | 年鉴 |",
    "---- 转发的原邮件 ----",
    "-------- 转发邮件信息 --------\n发件人：张三 <a@b.cn>\n发送日期：2026-11-20 10:00:00",
    "--------以下是转发邮件信息--------",
    "---------- Forwarded message ---------",
    "----邮件原文----\n发件人：张三 <a@b.cn>",
    "-----原始邮件",
    "原始邮件\n发件人：张三 <a@b.cn>\n发件时间：2026年11月20日 10:00\n收件人：c <c@d.cn>\n主题：年鉴",
    "发件人： 张三\n发送时间： 2026-11-20 10:00\n收件人： 李四\n主题： 年鉴",
    "________________________________\n发件人: 张三 <a@b.cn>\n发送时间: 2026年11月20日 10:00\n收件人: 李四\n主题: 年鉴",
    "________________________________\nFrom: Zhang San <a@b.cn>\nSent: Friday, November 20, 2026 10:00 AM\n"
    "To: Li Si <c@d.cn>\nSubject: RE: 年鉴",
    "*From:* Zhang San <a@b.cn>\n*Sent:* Friday, November 20, 2026 10:00\n*To:* c@d.cn;\nd@d.cn; e@d.cn\n"
    "*Subject:* 年鉴",
    "------------------------------------------------------------------\n发件人：张三 <a@b.cn>\n"
    "日 期：2026年11月20日 10:00:00\n收件人：李四<c@d.cn>\n主 题：年鉴",
    "主题: 年鉴\n发件人: 张三 <a@b.cn>\n日期: 2026/11/20 10:00\n收件人: c@d.cn",
    "发件人：\n张三 <a@b.cn>\n发送时间：\n2026-11-20 10:00\n收件人：\n李四\n主题：\n年鉴",
]


def words(text: str) -> str:
    """Return a text without its blanks."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_each_program_s_mark_begins_the_quote(mark: str, gap: str):
    """Above the mark are the new words, and with the mark begins what is quoted, folded or not."""
    assert split_quote(f"{NEW}{gap}{mark}{gap}{OLD}") == (NEW, f"{mark}{gap}{OLD}")


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark.rstrip("：:").endswith(("写道", "wrote"))])
def test_a_mark_before_arrows_begins_the_quote(mark: str):
    """Quoted lines may carry `>`, down to the end of the mail."""
    assert split_quote(f"{NEW}\n\n{mark}\n\n{ARROWS}") == (NEW, f"{mark}\n\n{ARROWS}")


@pytest.mark.parametrize(
    "quoted",
    [
        ARROWS,
        "> 您的来信收到。",
        ">> 更早的话\n> 您的来信收到。",
        "> 2026年11月的年鉴\n> 已经出版",
        f"{ARROWS}\n\n--\n某某科\n电话 1234",
        f"{ARROWS}\n\n发自我的iPhone",
        f"On Friday, Zhang San wrote:\n{ARROWS}",
    ],
)
def test_quoted_lines_to_the_end_are_the_quote(quoted: str):
    """Lines with `>` at the end are quoted, whatever stands between them and the signature beneath."""
    new, rest = split_quote(f"{NEW}\n{quoted}")

    assert new.startswith(NEW)
    assert rest.startswith(">")
    assert words(new + rest) == words(NEW + quoted)


@pytest.mark.parametrize("mark", [MARKS[0], MARKS[6], MARKS[20], MARKS[25], MARKS[40]])
def test_a_mail_with_nothing_above_its_quote_is_whole(mark: str):
    """A mail handed on, or answered beneath, keeps its whole text; a telephone's signature is nothing new."""
    for text in (f"{mark}\n{OLD}", f"发自我的iPhone\n\n{mark}\n{OLD}", f"\n{mark}\n{ARROWS}\n\n{NEW}"):
        assert split_quote(text) == (text, "")


def test_answers_between_quoted_lines_are_kept_together():
    """Where somebody answers point by point, question and answer stay one text."""
    inline = "您好：\n\n在 2026-11-20 10:00:00，张三 <a@b.cn> 写道：\n> 请补充姓名。\n王某。\n> 请补充地址。\n某街。"
    bare = "您好：\n> 请补充姓名。\n王某。\n> 请补充地址。"

    assert split_quote(inline) == (inline, "")
    assert split_quote(bare) == (bare, "")


def test_answers_between_stay_above_the_next_mark():
    """A quote below answers point by point is still cut off."""
    new = "您好：\n> 请补充姓名。\n王某。"

    assert split_quote(f"{new}\n-----原始邮件-----\n{OLD}") == (new, f"-----原始邮件-----\n{OLD}")


@pytest.mark.parametrize(
    "text",
    [
        "发件人：张三，请查收。\n我的问题是年鉴在哪里买。",
        "我在贵局网站看到一篇文章，作者在文中写道：\n统计数据很重要。",
        "我在2026年11月20日写道：\n请公开数据。",
        "我在2026年11月20日10:00的来信中写道：\n请公开数据。",
        "贵局在2026年11月20日的公报中写道：\n全市人口减少。",
        "在2026年11月20日的通知中写道：\n全市人口减少。",
        "您好！\n在2026年11月20日，贵局写道：\n全市人口减少。",
        "您好！\n我于2026年11月20日10:00写道：\n请公开数据。",
        "您好！\n2026年11月20日，我去了贵局。\n工作人员写道：\n请公开数据。",
        "您好！\n工作人员在答复里，2026年11月20日10:00写道：\n请等待。",
        "您好！\nOn that day they wrote:\nplease wait",
        "您好！\n>60岁的老人怎么参加普查？",
        "您好！\n增长>5%\n> 5% 的企业有哪些？",
        "来信内容如下\n主题：年鉴\n内容：请问年鉴在哪里买？",
        "您好！\n收件人：统计局\n发件人：王某\n日期：2026年11月20日\n我想买年鉴。",
        "您收到一封新的来信\n发件人：王某 <w@x.cn>\n发送时间：2026-11-20 10:00\n主题：年鉴\n联系电话：无\n内容：请问？",
        "您收到一封新的来信\n主题：年鉴\n发件人：王某\n发送时间：2026-11-20 10:00:00\n信件内容：请问？",
        "请问年鉴在哪里买？\n--\n王某\n某某公司",
        "请问年鉴在哪里买？\n\n-----------------\n王某\n电话 1234",
        "原始邮件我已经删除了。\n邮件里说过的。",
        "-- 邮件 --\n一二三",
        "Dear sir,\nFrom: my point of view it is wrong.\nTo: be honest, yes.",
        "请转发邮件信息给科室。",
        "",
    ],
)
def test_a_person_s_own_words_are_not_cut(text: str):
    """Words that also stand in marks, comparisons, forms and signatures are a person's own."""
    assert split_quote(text) == (text, "")


def test_a_mark_in_the_midst_of_a_line_counts():
    """Some gateways put the whole mail on one line; the rule with its words still tells the quote."""
    assert split_quote("已读，谢谢 ---- 回复的原邮件 ---- 发件人 张三 主题 年鉴") == (
        "已读，谢谢",
        "---- 回复的原邮件 ---- 发件人 张三 主题 年鉴",
    )


def test_the_first_mark_decides():
    """A chain of answers is quoted from the first mark on."""
    rest = f"{MARKS[39]}\n{OLD}\n{MARKS[24]}\n{OLD}"

    assert split_quote(f"{NEW}\n{rest}") == (NEW, rest)


@pytest.mark.parametrize(
    "markup",
    [
        "<div>NEW</div><div class='gmail_quote'><div class='gmail_attr'>张三 &lt;<a href='mailto:a@b.cn'>a@b.cn</a>"
        "&gt; 于2026年11月20日周五 10:00写道：<br></div><blockquote>OLD</blockquote></div>",
        "<p>NEW</p><hr><div id='divRplyFwdMsg'><font><b>发件人:</b> 张三 &lt;a@b.cn&gt;<br><b>发送时间:</b> "
        "2026年11月20日 10:00<br><b>收件人:</b> 李四<br><b>主题:</b> 年鉴</font></div><div>OLD</div>",
        "<div>NEW</div><includetail><div>------------------&nbsp;原始邮件&nbsp;------------------</div>"
        "<div><div><b>发件人:</b>&nbsp;张三</div></div><div>OLD</div></includetail>",
        "<div>NEW</div><blockquote><div><div><b>发件人：</b>&nbsp;<a>张三</a></div><div><b>发送时间：</b>&nbsp;"
        "2026-11-20 10:00</div><div><b>收件人：</b>&nbsp;李四</div><div><b>主题：</b>&nbsp;年鉴</div></div>"
        "<div>OLD</div></blockquote>",
        "<div>NEW</div><br>At 2026-11-20 10:00:00, &quot;张三&quot; &lt;a@b.cn&gt; wrote:<br> "
        "<blockquote id='isReplyContent'>OLD</blockquote>",
        "<p>NEW</p><table><tr><td>发件人：</td><td>张三</td></tr><tr><td>发送时间：</td><td>2026-11-20 10:00</td></tr>"
        "<tr><td>主题：</td><td>年鉴</td></tr></table><p>OLD</p>",
    ],
)
def test_pages_are_cut_by_the_same_marks(markup: str):
    """What web mail writes becomes text in which the marks are seen."""
    new, rest = split_quote(html_to_text(markup.replace("NEW", "新的话").replace("OLD", "旧的话")))

    assert new == "新的话"
    assert rest.endswith("旧的话")


def test_a_page_that_answers_point_by_point_is_known():
    """Several quotes one after the other are answers between them; quotes within quotes are a chain."""
    assert answers_between("<blockquote>问一</blockquote>答一<BLOCKQUOTE type=cite>问二</blockquote>答二")
    assert not answers_between("新<blockquote>旧<blockquote>更旧</blockquote><blockquote>x</blockquote></blockquote>")
    assert not answers_between("</blockquote><p>新</p>")


@pytest.mark.parametrize(
    "subject",
    ["Fwd: 年鉴", "FW: 年鉴", "fw：年鉴", "转发：年鉴", "转发: Re: 年鉴", "【外部邮件】转发：年鉴", "[Fwd: 年鉴]"],
)
def test_a_forward_is_known_by_its_subject(subject: str):
    """The mark stands first, tags of gateways aside."""
    assert is_forward(subject)


@pytest.mark.parametrize("subject", ["Re: Fwd: 年鉴", "回复：转发：年鉴", "请转发：年鉴", "转发邮件", "年鉴", ""])
def test_other_subjects_are_no_forward(subject: str):
    """An answer to a forwarded mail is an answer."""
    assert not is_forward(subject)


PIECES = st.sampled_from(
    [
        *MARKS,
        *OLD.split("\n"),
        "> 引",
        ">",
        "--",
        "写道：",
        "发件人：",
        "2026-11-20 10:00",
        "  空 格 ",
        "",
        "x" * 70,
        "____",
    ]
)


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=12), st.booleans())
def test_nothing_is_lost(pieces: list[str], is_tidy: bool):
    """New words and quote together hold every word in its order, and there are always new words."""
    text = "\n".join(pieces)
    text = tidy(text) if is_tidy else text
    new, rest = split_quote(text)

    assert words(new) + words(rest) == words(text)
    assert words(new) or not words(text)


@given(st.text(alphabet="在于写道：:>-_发件人 from\n2026年1月日，<@>ab"))
def test_any_text_is_split_without_loss(text: str):
    """The same holds for texts of the characters that marks are made of."""
    new, rest = split_quote(text)

    assert words(new) + words(rest) == words(text)


@pytest.mark.parametrize(
    "piece",
    [
        "-",
        "---- ",
        "--原始邮件",
        "----原始邮件 \n",
        "_____\n",
        ">\n",
        "> a\nb\n",
        "在",
        "写道：\n",
        "2026-11-20 10:00 写道：\n",
        "，2026-11-20",
        "在 2026年11月20日 10:00，" + "a" * 60 + "；写道：\n",
        "x," * 40 + "2026-11-20 10:00,\n写道：\n",
        "发件人：\n",
        "发件人：a@b\n发送时间：2026-11-20 10:00\n",
        "From: a@b; c@d\nTo: x\n",
        "发 件 人",
        " ",
        "\n",
        "<blockquote>",
        "发自我的",
    ],
)
def test_hostile_texts_take_no_longer_than_their_length(piece: str):
    """Text made to keep the rules busy is done in time, and four times the text takes no sixteen times as long."""

    def seconds(size: int) -> float:
        text = "a\n" + piece * (size // len(piece)) + "!"
        started = time.process_time()
        split_quote(text)
        answers_between(text)
        return time.process_time() - started

    seconds(1000)
    small, large = seconds(50_000), seconds(200_000)

    assert large < 1.0
    assert large < 0.05 or large < 10 * small
