"""Mail files to items."""

import base64
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.base import Blank, Fetched, FetchedAttachment, Item, Unreadable
from collector.errors import FileTooLarge
from collector.readers import Limits, ReadOptions, mail, read_items, sniff
from collector.readers.mail import mail_item

ZONE = ZoneInfo("Asia/Shanghai")
POSTED = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
HEAD = (
    b"From: =?utf-8?B?546L5p+Q?= <wang@example.com>\r\nTo: tjj@example.org\r\nSubject: hello\r\n"
    b"Date: Mon, 2 Nov 2026 09:30:00 +0800\r\nMessage-ID: <1@example.com>\r\n"
)


def options(**changes: object) -> ReadOptions:
    """Return options of the mailbox."""
    return ReadOptions(**{"channel": "mailbox", "zone": ZONE, **changes})  # type: ignore[arg-type]


def only(content: bytes, **changes: object) -> Fetched:
    """Return the one message of a mail file."""
    (item,) = read_items("a.eml", content, options(**changes))
    assert isinstance(item, Fetched), item
    return item


def reason(content: bytes, **changes: object) -> str:
    """Return why a mail is unreadable."""
    item = mail_item(content, "mail 1", options(**changes))
    assert isinstance(item, Unreadable), item
    return item.reason


def build(text: str = "请问年鉴在哪里买？", **headers: str) -> EmailMessage:
    """Return a mail with usual headers."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "王某 <wang@example.com>", "tjj@example.org", "关于年鉴"
    mail["Date"], mail["Message-ID"] = "Mon, 2 Nov 2026 09:30:00 +0800", "<1@example.com>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def framed(head: str, body: bytes) -> bytes:
    """Return a mail of a part with these headers of content."""
    return HEAD + head.encode() + b"\r\n\r\n" + body


def attached(head: bytes, body: bytes = b"x") -> FetchedAttachment:
    """Return the only attachment of a mail in which a part has these headers."""
    (attachment,) = only(
        HEAD
        + b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\ntext\r\n--bb\r\n"
        + head
        + b"\r\n\r\n"
        + body
        + b"\r\n--bb--\r\n"
    ).attachments
    assert isinstance(attachment, FetchedAttachment)
    return attachment


def test_a_mail_is_read():
    """Sender, subject, date, id and thread are those of the headers."""
    assert only(build().as_bytes()) == Fetched(
        position="mail 1",
        body="请问年鉴在哪里买？",
        posted_at=POSTED,
        title="关于年鉴",
        external_id="<1@example.com>",
        author_name="王某",
        contact="wang@example.com",
        thread_key="<1@example.com>",
    )


def test_an_answer_belongs_to_the_thread_it_continues():
    """The first reference names the thread, else the mail that is answered."""
    assert only(build(References="<0@a.cn> <9@b.cn>", In_Reply_To="<9@b.cn>").as_bytes()).thread_key == "<0@a.cn>"
    assert only(build(In_Reply_To="<9@b.cn>").as_bytes()).thread_key == "<9@b.cn>"


def test_plain_text_is_preferred_to_its_html_twin():
    """Of two forms of one text the plain one is taken."""
    mail = build("纯文本")
    mail.add_alternative("<p>网页</p>", subtype="html")

    assert only(mail.as_bytes()).body == "纯文本"


def test_html_alone_is_reduced_to_text():
    """A mail that is a page only becomes text, without its scripts."""
    mail = build()
    mail.set_content("<html><body><p>第一段</p><script>x()</script><p>第二段</p></body></html>", subtype="html")

    assert only(mail.as_bytes()).body == "第一段\n第二段"


def test_attachments_come_along_and_their_names_hold_no_paths():
    """A file in the mail is kept as bytes; its name cannot point elsewhere."""
    mail = build("见附件")
    mail.add_attachment(b"\x01\x02", maintype="application", subtype="pdf", filename="../../etc/证明.pdf")
    (attachment,) = only(mail.as_bytes()).attachments

    assert (attachment.name, attachment.media_type, attachment.content) == ("证明.pdf", "application/pdf", b"\x01\x02")


def test_an_attached_mail_is_kept_whole():
    """A forwarded mail is an attachment and not part of the text."""
    mail = build("转发如下")
    mail.add_attachment(build("里面的话"))
    item = only(mail.as_bytes())

    assert item.body == "转发如下"
    assert item.attachments[0].media_type == "message/rfc822"
    assert b"Message-ID" in item.attachments[0].content


@pytest.mark.parametrize("declared", [b"utf-8", b"us-ascii", b"x-none", b"gb2312", b"iso-8859-1"])
def test_gbk_text_is_read_whatever_is_declared(declared: bytes):
    """Senders lie about encodings; headers with raw bytes are read too."""
    text = "请问年鉴在哪里买？".encode("gb18030")
    content = HEAD.replace(b"hello", "关于年鉴的问题".encode("gb18030"))
    item = only(
        content
        + b"Content-Type: text/plain; charset="
        + declared
        + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + text
    )

    assert (item.body, item.title) == ("请问年鉴在哪里买？", "关于年鉴的问题")


def test_encoded_headers_with_wrong_charsets_are_read():
    """Encoded words that name gb2312 for UTF-8, split within a character, or are broken, are still read."""
    subject = b"=?gb2312?B?5YWz5LqO57uf6K6h5bm06Y?= =?gb2312?B?m055qE6Zeu6aKY?="
    assert only(
        HEAD.replace(b"hello", b"=?gb2312?B?5YWz5LqO57uf6K6h5bm06Ym05a6J6ZeO6aKY?=") + b"\r\nx"
    ).title.startswith("关于统计")
    assert only(HEAD.replace(b"hello", subject) + b"\r\nx").title


def test_a_missing_date_is_taken_from_elsewhere():
    """The given date stands in, then the server's own line; without either the mail waits for a person."""
    undated = HEAD.replace(b"Date:", b"X-Date:") + b"\r\ntext\r\n"
    given = datetime(2026, 1, 1, tzinfo=UTC)

    assert reason(undated) == "no-date"
    assert only(undated, posted_at=given).posted_at == given
    assert only(b"Received: from a by b;\r\n Mon, 2 Nov 2026 09:30:00 +0800\r\n" + undated).posted_at == POSTED


def test_a_mail_without_text_is_its_subject():
    """A mail of a subject alone is a message; one of nothing is not."""
    assert only(HEAD + b"\r\n\r\n").body == "hello"
    assert reason(HEAD.replace(b"Subject: hello\r\n", b"") + b"\r\n\r\n") == "no-text"


def test_a_mail_too_long_is_set_aside():
    """The limit of a cell is the limit of a mail's text too."""
    assert reason(HEAD + b"\r\n" + b"a " * 200, limits=Limits(max_cell_chars=100)) == "too-long"


def test_deep_nesting_is_set_aside_quickly():
    """Neither the parser's stack nor its time is exhausted by nested parts."""
    started = time.monotonic()
    nested = HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(5000)
    )
    fewer = HEAD + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(60))
    many = HEAD + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--x\r\n\r\na\r\n" * 5000

    assert [reason(nested), reason(fewer), reason(many)] == ["too-deep"] * 3
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "header",
    [
        b"From: " + b"(" * 50_000,
        b'From: "' + b"\\" * 50_000,
        b"From: " + b"a@b.cn, " * 20_000,
        b"Subject: " + b"=?utf-8?B?=" * 20_000,
        b"Content-Type: text/plain; " + b"a*0*=;" * 10_000,
        b"Content-Disposition: attachment; filename*0*=" + b"%" * 10_000,
        b"Message-ID: <" + b"x" * 5000 + b">",
        b"Date: Mon, 99 Foo 99999 99:99:99 +9999",
    ],
)
def test_hostile_headers_do_no_harm(header: bytes):
    """Headers built to hang or break a parser end in an item, and in time."""
    started = time.monotonic()
    item = mail_item(header + b"\r\n" + HEAD + b"\r\ntext\r\n", "mail 1", options(posted_at=POSTED))

    assert isinstance(item, Fetched | Unreadable)
    assert time.monotonic() - started < 5


@settings(max_examples=60)
@given(st.binary(max_size=600))
def test_any_bytes_are_an_item(content: bytes):
    """No mail raises, whatever follows its headers."""
    item = mail_item(HEAD + content, "mail 1", options())

    assert isinstance(item, Fetched | Unreadable)


def mbox(*bodies: bytes) -> bytes:
    """Return an mbox of mails with these bodies."""
    return b"".join(
        b"From wang@example.com Mon Nov  2 09:30:00 2026\n" + HEAD + b"\n" + body + b"\n\n" for body in bodies
    )


def read_mbox(content: bytes, **changes: object) -> list[Item]:
    """Read a mailbox to its end."""
    return list(read_items("a.mbox", content, options(**changes)))


def test_a_mailbox_is_read_mail_by_mail():
    """Lines that begin with From in a text do not split it, quoted or not."""
    items = read_mbox(mbox(b"one\n>From here\n", b"two\n\nFrom then on it was fine\n", b"three"))

    assert [item.position for item in items] == ["mail 1", "mail 2", "mail 3"]
    assert [item.body for item in items if isinstance(item, Fetched)] == [
        "one\nFrom here",
        "two\n\nFrom then on it was fine",
        "three",
    ]


def test_too_many_mails_are_refused():
    """The limit of rows is the limit of mails."""
    with pytest.raises(FileTooLarge, match="2 mails"):
        read_mbox(mbox(b"1", b"2", b"3"), limits=Limits(max_rows=2))


def test_mail_is_known_by_its_headers():
    """The name is not needed."""
    assert sniff("a.txt", HEAD + b"\r\nx") == "eml"
    assert sniff("a.txt", mbox(b"1")) == "mbox"
    assert sniff("a.csv", "主题: 内容,时间\n".encode()) == "csv"


def test_long_separating_lines_are_quick():
    """A line that begins as the separator of a mailbox and is none takes no more than its length."""
    started = time.monotonic()

    (item,) = read_mbox(mbox(b"one\n\nFrom " + b"a" * 150_000 + b"\n\nFrom a" + b" 10:30" * 8_000))

    assert isinstance(item, Fetched)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("kind", ["text/plain", "application/pdf"])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize(
    "body", [b"=" * 3_000_000, b"A=" * 1_500_000, b"A\n" * 900_000, b"= " * 1_500_000, b"=" + b" " * 3_000_000]
)
def test_hostile_encodings_are_quick(kind: str, encoding: str, body: bytes):
    """Broken base64 and quoted-printable take no more than their length."""
    started = time.process_time()
    mail_item(framed(f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}", body), "mail 1", options())

    assert time.process_time() - started < 5


@pytest.mark.parametrize("header", [b"Content-Type: text/plain", b"content-disposition: inline"])
@pytest.mark.parametrize("part", [b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"])
def test_endless_parameters_are_refused(header: bytes, part: bytes):
    """The parser would take the square of their number; folded or not, they are a malformed mail."""
    started = time.monotonic()

    for marks in (b"x" * 80_000, b";" * 80_000, b";;;;;;;\r\n " * 10_000, b";" * 300):
        assert reason(HEAD + part + header + b'; x="' + marks + b"\r\n\r\ntext\r\n") == "bad-mail"
    assert time.monotonic() - started < 2


def test_mails_of_no_mail_size_are_refused(monkeypatch: pytest.MonkeyPatch):
    """Neither bytes nor lines without end reach the parser; in a mailbox the other mails go on."""
    monkeypatch.setattr(mail, "MOST_LINES", 1000)
    lines = b"a\n" * 2000

    assert [getattr(item, "reason", "") for item in read_mbox(mbox(lines, b"two"))] == ["too-long", ""]
    assert reason(HEAD + b"\r\n" + lines) == "too-long"
    with pytest.raises(FileTooLarge, match="1,000 lines"):
        only(HEAD + b"\n" + lines)
    monkeypatch.setattr(mail, "MOST_BYTES", 1 << 20)
    with pytest.raises(FileTooLarge, match="1 MiB"):
        only(HEAD + b"\n" + b"a" * (1 << 20))


def test_a_mail_that_breaks_the_reader_is_alone(monkeypatch: pytest.MonkeyPatch):
    """Whatever goes wrong in a mail, it is set aside by its place."""

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(mail, "_item", broken)

    assert mail_item(HEAD + b"\n", "mail 1", options()) == Unreadable(
        "mail 1", "unreadable", "mail 1: could not be read (RuntimeError)"
    )


def test_the_quote_is_kept_apart():
    """The new words are the body; what is quoted beneath them is kept beside it."""
    item = only(
        build("还没有收到答复。\n\n在 2026年11月1日 10:00，统计局 <tjj@example.org> 写道：\n> 来信收到。").as_bytes()
    )

    assert item.body == "还没有收到答复。"
    assert item.quoted_text == "在 2026年11月1日 10:00，统计局 <tjj@example.org> 写道：\n> 来信收到。"
    assert only(build("没有引用").as_bytes()).quoted_text is None


def test_a_forwarded_mail_is_whole():
    """What is handed on is the matter itself."""
    mail = build("请处理。\n-------- 转发邮件信息 --------\n发件人：李某 <li@example.com>\n停电了。")
    del mail["Subject"]
    mail["Subject"] = "转发: 停电"
    item = only(mail.as_bytes())

    assert item.body.endswith("停电了。")
    assert item.quoted_text is None


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-generated"}, {"Sender": "web@example.org", "From": "网站 <no-reply@example.org>"}],
)
def test_a_notice_of_a_website_is_whole(headers: dict[str, str]):
    """The letter that a website passes on stands beneath headers that look as a quote's do."""
    mail = build("您收到一封新的来信：\n发件人：李某\n发送时间：2026-11-20 10:00\n主题：停电\n停电了。")
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value

    assert only(mail.as_bytes()).body.endswith("停电了。")


def test_a_page_answered_point_by_point_is_whole():
    """In a page alone the answers between two quotes are not taken for a quote."""
    mail = build()
    page = (
        "<p>您好</p>在 2026-11-20 10:00，甲 &lt;a@b.cn&gt; 写道："
        "<blockquote>姓名？</blockquote>王某<blockquote>地址？</blockquote>某街"
    )
    mail.set_content(page, subtype="html")

    assert only(mail.as_bytes()).body.endswith("某街")


def test_mails_of_machines_are_blank():
    """They are dropped and counted, in a mailbox too, and the others go on."""
    answer = build(Auto_Submitted="auto-replied").as_bytes()
    own = build().as_bytes()

    assert mail_item(answer, "mail 1", options()) == Blank("mail 1", "auto-reply")
    assert mail_item(own, "mail 1", options(own_addresses=frozenset({"wang@example.com"}))) == Blank("mail 1", "loop")
    assert [type(item) for item in read_mbox(mbox(b"one") + b"From a Mon Nov  2 09:30:00 2026\n" + answer)] == [
        Fetched,
        Blank,
    ]


def test_a_number_in_the_subject_is_the_receipt_number():
    """The id stays the Message-ID."""
    mail = build()
    del mail["Subject"]
    mail["Subject"] = "回复：【2026-000123】关于年鉴"
    item = only(mail.as_bytes())

    assert (item.receipt_no, item.external_id) == ("2026-000123", "<1@example.com>")


@pytest.mark.parametrize(
    ("text", "declared", "actual"),
    [
        ("请问年鉴在哪里买？", "gbk", "utf-8"),
        ("请问年鉴在哪里买？", "utf-8", "gb18030"),
        ("请问年鉴在哪里买？", "", "gb18030"),
        ("请问年鉴在哪里买？", "", "utf-8"),
        ("朱镕基和喆、堃三人", "gb2312", "gb18030"),
        ("路", "gb2312", "gb18030"),
        ("路", "gb2312", "utf-8"),
        ("統計年報在哪裡買", "big5", "big5"),
    ],
)
def test_the_text_is_read_whatever_is_declared(text: str, declared: str, actual: str):
    """Text and subject alike, in bytes and in base64."""
    content = text.encode(actual)
    kind = f"Content-Type: text/plain; charset={declared}" if declared else "Content-Type: text/plain"
    encoded = base64.b64encode(content)
    subject = b"=?" + (declared or "x-unknown").encode() + b"?B?" + encoded + b"?="

    assert only(framed(f"{kind}\r\nContent-Transfer-Encoding: 8bit", content)).body == text
    assert only(framed(f"{kind}\r\nContent-Transfer-Encoding: base64", encoded)).body == text
    assert only(HEAD.replace(b"hello", subject) + b"\r\nx").title == text


@pytest.mark.parametrize("cut", range(1, 24))
@pytest.mark.parametrize("charset", ["gb2312", "utf-8"])
def test_encoded_words_cut_anywhere_are_joined(charset: str, cut: int):
    """Programs cut the base64 or the bytes without regard to characters."""
    title = "关于统计年鉴购买渠道的咨询"
    content = title.encode(charset)
    encoded = base64.b64encode(content)
    words = [
        (encoded[:cut], encoded[cut:]),
        (base64.b64encode(content[:cut]), base64.b64encode(content[cut:])),
    ]
    for first, second in words:
        name = charset.encode()
        subject = b"=?" + name + b"?B?" + first + b"?=\r\n =?" + name.upper() + b"?b?" + second + b"?="

        assert only(HEAD.replace(b"hello", b"Re: " + subject) + b"\r\nx").title == "Re: " + title


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        (b"=?utf-8?Q?=E5=85?= =?utf-8?Q?=B3=E4=BA=8E?=", "关于"),
        (b"=?utf-8?Q?a_b c?= d", "a b c d"),
        (b"=?utf-8*zh-CN?B?5YWz5LqO?=", "关于"),
        (b"=?gb2312?B?udjT2g==?= =?utf-8?B?5bm06Ym0?=", "关于年鉴"),
        (b"=?utf-8?B?5YWz5LqO", "关于"),
        (b'"=?utf-8?B?5YWz5LqO?="', '"关于"'),
        (b"=?utf-8?X?abc?= =?", "=?utf-8?X?abc?= =?"),
        (b"=?utf-8?B?!?=x", "x"),
    ],
)
def test_odd_encoded_words_are_read(subject: bytes, title: str):
    """Words of two charsets, with a language, with blanks, cut off, quoted or none at all."""
    assert only(HEAD.replace(b"hello", subject) + b"\r\nx").title == title


TEXT = "请问年鉴在哪里买？我跑了三趟都没有找到。"
ENCODED = base64.encodebytes((TEXT + "\n").encode() * 3)


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("base64", ENCODED.rstrip(b"=\n")[:-1], TEXT),
        ("base64", ENCODED.replace(b"=", b"") + b"A", TEXT),
        ("BASE64 ", ENCODED, TEXT),
        ("base64", ENCODED + b"--\nscanned by a server\n", TEXT),
        ("base64", ENCODED + b"--\nscanned by a server\n", "scanned by a server"),
        ("base64", base64.encodebytes(b"first word\n") + ENCODED, TEXT),
        ("base64", TEXT.encode(), TEXT),
        ("base64", b"never encoded at all, it says", "never encoded at all, it says"),
        ("quoted-printable", b"=E8=AF=B7= \r\n=E9=97=AE=\r\nabc =ZZ =", "请问abc =ZZ"),
        ("Quoted-Printable", TEXT.encode("gb18030"), TEXT),
        ("8-bit", TEXT.encode(), TEXT),
    ],
)
def test_broken_encodings_are_read_as_well_as_can_be(encoding: str, body: bytes, text: str):
    """Cut, padded, prolonged or never applied: the words come out."""
    assert text in only(framed(f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}", body)).body


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"Content-Disposition: attachment; filename*=GBK''%D6%A4%C3%F7.pdf", "证明.pdf"),
        (b"Content-Disposition: attachment; filename*=GBK''%E8%AF%81%E6%98%8E.pdf", "证明.pdf"),
        (b"Content-Disposition: attachment; filename*=%E8%AF%81%E6%98%8E.pdf", "证明.pdf"),
        (
            b"Content-Disposition: attachment;\r\n filename*0*=utf-8''%E8%AF;\r\n"
            b" filename*1*=%81%E6%98%8E;\r\n filename*2=.pdf",
            "证明.pdf",
        ),
        (
            b'Content-Disposition: attachment; filename*0="=?utf-8?B?6K+B"; filename*1="5piOLnBkZg==?="',
            "证明.pdf",
        ),
        (b'Content-Disposition: attachment; filename="=?gb2312?B?1qTD9w==?=\r\n =?gb2312?B?LnBkZg==?="', "证明.pdf"),
        ('Content-Disposition: attachment; filename="证明 材料.pdf"'.encode("gb18030"), "证明 材料.pdf"),
        ('Content-Disposition: attachment; filename="刓证明.pdf"'.encode("gb18030"), "刓证明.pdf"),
        ("Content-Disposition: attachment; filename=证明.pdf".encode(), "证明.pdf"),
        ('Content-Type: application/pdf; name="证明.pdf"'.encode("gb18030"), "证明.pdf"),
        (b"Content-Type: application/pdf; name==?gb2312?B?1qTD9y5wZGY=?=", "证明.pdf"),
        (b"Content-Disposition: attachment; filename*1=x; filename*y*=z; filename=", "附件1"),
        (b"Content-Disposition: attachment; filename*0*=x; filename*=y", "附件1"),
        (b"Content-Disposition: attachment", "附件1"),
    ],
)
def test_file_names_are_read(head: bytes, name: str):
    """Split, continued, encoded, raw or broken: a name, and else a number."""
    assert attached(head).name == name


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("application/ms-tnef", "winmail.dat"),
        ("image/png", "a.png"),
        ("text/calendar", "invite.ics"),
        ("text/html", "a.html"),
    ],
)
@pytest.mark.parametrize("disposition", ["attachment", "inline"])
def test_every_other_part_is_kept(media_type: str, name: str, disposition: str):
    """Outlook's parcels, pictures in the text, invitations and attached pages are attachments."""
    head = f'Content-Type: {media_type}\r\nContent-ID: <1>\r\nContent-Disposition: {disposition}; filename="{name}"'

    assert attached(head.encode(), b"\x01\x02") == FetchedAttachment(name, media_type, b"\x01\x02")


def test_an_attached_mail_bears_its_subject():
    """Without a name of its own; encoded, against the rules, it is opened."""
    inner = build("里面的话").as_bytes().replace(b"\n", b"\r\n")
    inner = inner.replace(b"Subject: ", b"Subject: a/b ")
    whole = attached(b"Content-Type: message/rfc822", inner)
    encoded = attached(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", base64.encodebytes(inner))

    assert whole.name == encoded.name == "a_b 关于年鉴.eml"
    assert encoded.content == inner
    assert attached(b"Content-Type: message/rfc822; name=x.eml", inner).name == "x.eml"


def test_all_blocks_of_an_attached_report_are_kept():
    """A report that somebody hands on is kept with all it says."""
    blocks = b"Reporting-MTA: dns; a.cn\r\n\r\nFinal-Recipient: rfc822; a@b.cn\r\nAction: failed\r\n\r\n"

    assert b"Action: failed" in attached(b"Content-Type: message/delivery-status", blocks).content


def test_the_page_is_not_read_where_there_is_text():
    """A twin too long to read harms no mail that has its text; what the page brings along is kept."""
    mail = build("纯文本")
    mail.add_alternative("<p>" + "网页" * 5000 + "</p>", subtype="html")
    mail.get_payload()[1].add_related(b"\x01", maintype="image", subtype="png", filename="a.png")  # type: ignore[union-attr, index]
    item = only(mail.as_bytes(), limits=Limits(max_cell_chars=100))

    assert item.body == "纯文本"
    assert [attachment.name for attachment in item.attachments] == ["a.png"]


def test_an_empty_text_gives_way_to_the_page():
    """Some programs leave the plain twin empty, or write it last."""
    empty = build("\n")
    empty.add_alternative("<p>网页</p>", subtype="html")
    twins = b"--b\r\nContent-Type: text/html\r\n\r\n<p>page</p>\r\n--b\r\n\r\nwords\r\n--b--\r\n"

    assert only(empty.as_bytes()).body == "网页"
    assert only(framed("Content-Type: multipart/alternative; boundary=b", twins)).body == "words"
