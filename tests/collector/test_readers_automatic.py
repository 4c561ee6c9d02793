"""Mails of machines told from mails of people."""

from email import message_from_bytes, policy
from email.message import EmailMessage, Message

import pytest

from collector.readers.automatic import SENT_HEADER, automatic

OWN = frozenset({"TJJ@example.org"})


def mail(subject: str = "关于年鉴", sender: str = "王某 <wang@example.com>", **headers: str) -> Message:
    """Return a mail as it is parsed."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "tjj@example.org", subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("请问年鉴在哪里买？")
    return message_from_bytes(message.as_bytes(), policy=policy.compat32)


def report(kind: str, parameter: str = "", action: str = "failed") -> Message:
    """Return a report of a mail server or program."""
    return message_from_bytes(
        b"From: someone@example.com\r\nSubject: report\r\nContent-Type: multipart/report; boundary=b"
        + parameter.encode()
        + b"\r\n\r\n--b\r\n\r\nwords\r\n--b\r\nContent-Type: message/"
        + kind.encode()
        + b"\r\n\r\nReporting-MTA: dns; example.com\r\n\r\nFinal-Recipient: rfc822; a@b.cn\r\nAction: "
        + action.encode()
        + b"\r\n\r\n--b--\r\n"
    )


@pytest.mark.parametrize(
    "message",
    [
        mail(),
        mail("自动回复的短信是诈骗吗？"),
        mail("自动回复功能坏了：怎么办"),
        mail("Re: 自动回复: 您的来信已收到", In_Reply_To="<1@example.org>"),
        mail("回复：自动回复：您的来信已收到", References="<1@example.org>"),
        mail("转发: 自动回复: 关于年鉴"),
        mail("Fwd: 系统退信"),
        mail("关于贵局投递失败的来信"),
        mail("Auto: 汽车销售统计"),
        mail("休假：单位不给年假"),
        mail("您有一封新的来信", "网站 <noreply@example.org>", Auto_Submitted="auto-generated", Precedence="bulk"),
        mail("您有一封新的来信", "no-reply@example.org", Auto_Submitted="auto-generated", Return_Path="<>"),
        mail("局长信箱新来信", "system@example.org", X_Auto_Response_Suppress="All", Auto_Submitted="auto-notified"),
        mail("邮箱管理员的问题", "postmaster@example.com"),
        mail(Return_Path="<>"),
        mail(Auto_Submitted="no"),
        mail(X_Autoreply="no"),
        mail(sender="tjj@example.com"),
        mail(sender="王某 tjj@example.org <wang@example.com>"),
    ],
)
def test_what_a_person_may_have_written_is_kept(message: Message):
    """Subjects that speak of such mails, answers to them, and notices of websites about letters are no such mails."""
    assert automatic(message, OWN) is None


@pytest.mark.parametrize(
    "message",
    [
        mail(Auto_Submitted="auto-replied"),
        mail(Auto_Submitted="Auto-Replied (vacation); owner-email=x@example.com"),
        mail(X_Autoreply="yes"),
        mail(X_Autorespond="holiday"),
        mail(Precedence="auto_reply"),
        mail("自动回复:关于年鉴"),
        mail("自动回复：关于年鉴"),
        mail("自动答复: 关于年鉴", Auto_Submitted="auto-generated"),
        mail("【自动回复】您好"),
        mail("自动回复"),
        mail("Automatic reply: 年鉴"),
        mail("Out of Office: 年鉴"),
        mail("Out of Office AutoReply: 年鉴"),
        mail("Out of Office until Monday", X_Auto_Response_Suppress="All"),
        mail("自动回复 我已收到您的邮件", X_Auto_Response_Suppress="DR, OOF"),
        mail("Auto: 年鉴", In_Reply_To="<1@example.org>"),
        mail("不在办公室: 年鉴", References="<1@example.org>"),
    ],
)
def test_answers_of_machines_are_known(message: Message):
    """By their headers, or by a subject that begins as no person's does."""
    assert automatic(message, OWN) == "auto-reply"


@pytest.mark.parametrize(
    "message",
    [
        report("delivery-status", "; report-type=delivery-status"),
        report("delivery-status"),
        report("global-delivery-status", '; report-type="global-delivery-status"'),
        report("delivery-status", action="delayed"),
        report("delivery-status", action="relayed"),
        message_from_bytes(b"From: a@b.cn\nContent-Type: multipart/report; report-type=delivery-status\n\nbroken"),
        message_from_bytes(b"From: a@b.cn\nContent-Type: message/delivery-status\n\nAction: failed\n\n"),
        mail("anything", "MAILER-DAEMON@example.com", Return_Path="<>"),
        mail("系统退信", "PostMaster@example.com"),
        mail("退信通知", "<postmaster@example.com>"),
        mail("邮件投递失败", "Mail Delivery System <mailer-daemon@example.com>"),
        mail("未送达: 年鉴", "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>"),
        mail("Undelivered Mail Returned to Sender", "MAILER-DAEMON@example.com"),
        mail("Mail delivery failed", "x@example.com", X_Failed_Recipients="a@b.cn", Auto_Submitted="auto-replied"),
        mail("系统退信", "postmaster@example.org", **{SENT_HEADER.replace("-", "_"): "1"}),
    ],
)
def test_bounces_are_known(message: Message):
    """Reports of delivery, delays among them, and the older forms by a postmaster."""
    assert automatic(message, OWN) == "bounce"


def test_receipts_of_reading_are_known():
    """That somebody opened our answer is no message."""
    assert automatic(report("disposition-notification", "; report-type=disposition-notification"), OWN) == "receipt"
    assert automatic(report("disposition-notification"), OWN) == "receipt"


def test_other_reports_are_left_to_people():
    """A report of abuse is read by somebody."""
    assert automatic(report("feedback-report", "; report-type=feedback-report"), OWN) is None


def test_our_own_mail_is_a_loop():
    """By its sender, by the header that our mails carry, or by having gone round."""
    assert automatic(mail(sender="统计局 <tjj@EXAMPLE.org>"), OWN) == "loop"
    assert automatic(mail(**{SENT_HEADER.replace("-", "_"): "2026-000123"}), OWN) == "loop"
    for hops, found in ((30, None), (31, "loop")):
        received = b"Received: from a by b; Mon, 2 Nov 2026 09:30:00 +0800\r\n" * hops
        assert automatic(message_from_bytes(received + mail().as_bytes()), OWN) == found


def test_a_notice_through_our_own_mailbox_is_a_letter():
    """Websites send their notices through the bureau's mailbox; an answer of our own robot is none of them."""
    notice = mail(sender="统计局 <tjj@example.org>", Auto_Submitted="auto-generated")
    assert automatic(notice, OWN) is None
    assert automatic(mail(sender="统计局 <tjj@example.org>", Auto_Submitted="auto-replied"), OWN) == "auto-reply"


def test_a_mailbox_without_known_addresses_takes_all_senders():
    """Nothing is a loop by its sender where no address is given."""
    assert automatic(mail(sender="tjj@example.org"), frozenset()) is None


def test_subjects_and_senders_in_any_encoding_are_known():
    """Encoded words and raw bytes hide nothing."""
    raw = "From: 系统 <postmaster@b.cn>\r\nSubject: 系统退信\r\n\r\n"

    assert automatic(message_from_bytes(raw.encode("gb18030")), OWN) == "bounce"
    assert automatic(mail("自动回复:" + "很长的主题" * 20), OWN) == "auto-reply"
