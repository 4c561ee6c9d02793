"""Where a mail's new words end and the earlier mails quoted beneath them begin; pure.

Each mail program marks that place in its own way: a rule with words in it (-----原始邮件-----), a line that tells who
wrote when (在 2026年11月20日，张三 写道：), a block of headers (发件人, 发送时间, 收件人, 主题), or `>` before each
line. A text is cut only where such a mark has the shape that programs give it, because a person's sentence may hold
the same words; and it is cut in two, never shortened. A signature is no mark.
"""

import re

_RULE_WORDS = (
    r"(?:(?:以下是|下面是)?(?:(?:回复|答复|转发|被转发|已转发)的?(?:原始?)?|原始?)(?:邮件|信件|郵件|訊息)(?:信息)?|邮件原[文件]"
    r"|Original(?: Message| E?-?mail)?|Origin message|Forwarded (?:Message|E?-?mail|by[^\n]{1,100}?)"
    r"|(?:Replied|Reply) Message)[ \t\xa0:：]{0,3}"
)
# A run of dashes is tried from its first one only, so that a long one costs no more than its length.
_RULE = re.compile(
    rf"(?<![-—_=*])[-—_=*]{{2,}}+[ \t\xa0]{{0,3}}{_RULE_WORDS}[-—_=*]{{2}}"
    rf"|\A[ \t|]{{0,8}}[-_=*]{{3,}}+ ?{_RULE_WORDS}\Z",
    re.I,
)
_BARE_RULE = re.compile(
    r"[-—_=*·]{5,}|[ |:-]{5,}|原始邮件|原邮件|Original Message"
    r"|(?:Begin forwarded message|(?:以下是|开始)转发的邮件)[:：]",
    re.I,
)


def _spread(words: str) -> str:
    """Return a pattern of labels; programs set some of them with blanks between the characters (主 题)."""
    return "|".join(r"[ \xa0\u3000]{0,2}".join(word) for word in words.split())


_LABEL = re.compile(
    r"[ \t\xa0|*]{0,8}(?:"
    rf"(?P<sender>{_spread('发件人 发信人 寄件者 寄件人 發件人 From')})"
    rf"|(?P<date>{_spread('发送时间 发送日期 发件时间 发件日期 发信时间 时间 日期 寄件日期 傳送時間 Sent Date')})"
    rf"|(?P<other>{_spread('收件人 收信人 收件者 抄送 抄送人 副本 密送 主题 主旨 标题 To Cc Bcc Subject')})"
    r")[ \t\xa0*]{0,4}[:：|]",
    re.I,
)
# A form on a website writes labels as well, and then these, which no mail program does.
_FORM_LABEL = re.compile(r"[ \t]*(?:..)?(?:内容|正文|电话|手机|手机号码?|姓名|方式|地址|邮箱)[ \t]*[:：]")
_MOST_HEADER_LINES = 20

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DATE = (
    r"(?:\d{4} ?[-/.年] ?\d{1,2} ?[-/.月] ?\d{1,2} ?日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}月\d{1,2}日"
    rf"|\d{{1,2}} ?{_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\.?|(?:[周週]|星期|礼拜)[一二三四五六日天])"
_TIME = (
    rf"(?:[\s\d,，的.()（）\[\]+:：-]|{_WEEKDAY}|[上下中]午|凌晨|早上|晚上|傍晚|[时時点點分秒]"
    r"|(?:at|AM|PM|GMT|UTC|CST|T|Z)(?![a-z]))*+"
)
_CLOCK = re.compile(r"\d{1,2} ?[:：时時点點] ?\d{2}")
_WROTE = re.compile(r"[ \t]?(?:写道|寫道|写到|wrote)[ \t]?[:：]?\Z", re.I)
_WROTE_ENDS = (
    "写道：",
    "写道:",
    "写道",
    "写到：",
    "写到:",
    "寫道：",
    "寫道:",
    "寫道",
    "wrote:",
    "wrote：",
    "wrote",
    ">:",
    ">：",
)
_BEGINS_WITH_DATE = re.compile(rf"(?:(?:在|于|於|On|At) ?)?(?:{_WEEKDAY},? ?)?{_DATE}{_TIME}", re.I)
_ENDS_WITH_DATE = re.compile(
    rf"(?P<name>\S.{{0,200}}?)(?:(?<=[ >])(?:于|在|於|on) ?|(?P<comma>[，,]) ?)(?:{_WEEKDAY},? ?)?{_DATE}{_TIME}", re.I
)
_ADDRESS_AT_END = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,190}>\Z")
# Who is spoken of in these words is spoken of by a person.
_PERSONAL = re.compile(r"[我你您贵他她它本该]")
_CLAUSE = re.compile(r"[，,。；;！？!?]")
_SENTENCE = re.compile(r"[。；！？]")
_LONGEST_NAME = 60
_MOST_FOLDS = 5
_LONGEST_ATTRIBUTION = 500
_MOST_ATTRIBUTIONS = 50

_DEVICE = re.compile(
    r"[ \t]*(?:(?:发自|發自|傳送自)\s?(?:我的|网易|QQ|腾讯|新浪|华为|小米|荣耀|vivo|OPPO|iP|安卓|Android|手机|Foxmail)"
    r"|Sent from |Get Outlook for |获取 ?(?:适用于|Outlook))[^\n。，,！？]{0,60}",
    re.I,
)
_COMPARISON = re.compile(r">=? ?\d")
_SIGNATURE_LINES = 10
_FORWARD = re.compile(
    r"\s*(?:[\[【(（][^\[\]【】()（）]{0,20}[\]】)）]\s*){0,3}\[?\s*(?:Fwd?|转发|轉寄|转寄|轉發)\s*[:：]", re.I
)
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b", re.I)


def is_forward(subject: str) -> bool:
    """Tell whether a subject says that the mail hands on another one, which then is its matter."""
    return _FORWARD.match(subject) is not None


def split_quote(text: str) -> tuple[str, str]:
    """Return a mail's new words and what it quotes beneath them; together they hold every word of the text.

    The whole text counts as new where nothing stands above the quote (a mail handed on, or answered beneath), and
    where answers stand between `>` lines.
    """
    lines = text.split("\n")
    place = _place(lines)
    if place is None:
        return text, ""
    number, column = place
    above, below = lines[:number], [lines[number][column:], *lines[number + 1 :]]
    if column:
        above.append(lines[number][:column])
    # The rule that some programs draw above the mark belongs to it.
    drawn = len(above)
    while drawn and (not above[drawn - 1].strip() or _BARE_RULE.fullmatch(above[drawn - 1].strip())):
        drawn -= 1
    above, below = above[:drawn], [*above[drawn:], *below]
    if all(not line.strip() or _DEVICE.fullmatch(line) for line in above):
        return text, ""
    return "\n".join(above).strip(), "\n".join(below).strip()


def answers_between(markup: str) -> bool:
    """Tell whether a page quotes several times, one after the other, as an answer point by point does."""
    depth = 0
    closed = False
    for match in _BLOCKQUOTE.finditer(markup):
        if match[1]:
            depth = max(depth - 1, 0)
            closed = closed or not depth
        elif closed and not depth:
            return True
        else:
            depth += 1
    return False


def _place(lines: list[str]) -> tuple[int, int] | None:
    """Return line and column of the first mark."""
    quoted_to_the_end = _after_last_answer(lines)
    judged = False
    attributions = 0
    for number, line in enumerate(lines):
        start = line.lstrip()
        if start.startswith(">"):
            # A line that begins so may also be a person's "more than". The first other one decides for all: where
            # words follow them, they are answered point by point.
            if not judged and not _COMPARISON.match(start):
                judged = True
                if number >= quoted_to_the_end:
                    return _first_quoted(lines, number), 0
            continue
        if line.rstrip().endswith(_WROTE_ENDS) and attributions < _MOST_ATTRIBUTIONS:
            attributions += 1
            first = _attribution(lines, number, quoted_to_the_end)
            if first is not None:
                return first, 0
        if _LABEL.match(line) and _is_header_block(lines, number):
            return number, 0
        rule = _RULE.search(line)
        if rule:
            return number, rule.start() if line[: rule.start()].strip(" \t|") else 0
    return None


def _first_quoted(lines: list[str], number: int) -> int:
    while number and lines[number - 1].lstrip().startswith(">"):
        number -= 1
    return number


def _after_last_answer(lines: list[str]) -> int:
    """Return the number of the line from which on every line is empty, begins with `>`, or is a closing signature."""
    end = len(lines)
    for number in range(max(0, end - _SIGNATURE_LINES), end):
        if lines[number].rstrip() == "--":
            end = number
            break
    while end:
        line = lines[end - 1].lstrip()
        if line and not line.startswith(">") and not _DEVICE.fullmatch(line):
            break
        end -= 1
    return end


def _attribution(lines: list[str], last: int, quoted_to_the_end: int) -> int | None:
    """Return the first line of the one, folded or not, that tells who wrote when, and ends with line *last*."""
    after = next((line.lstrip() for line in lines[last + 1 : last + 4] if line.strip()), "")
    before_quote = after.startswith(">")
    if before_quote and last + 1 < quoted_to_the_end:
        return None  # Answers stand between the quoted lines.
    joined = ""
    undated = None
    for first in range(last, max(-1, last - _MOST_FOLDS), -1):
        part = lines[first].strip()
        joined = f"{part} {joined}" if joined else part
        if not part or len(joined) > _LONGEST_ATTRIBUTION:
            break
        if _is_attribution(joined, before_quote=before_quote):
            return first
        if undated is None and _is_undated(joined):
            undated = first  # Unless the date stands in a line above.
    return undated


def _is_attribution(line: str, *, before_quote: bool) -> bool:
    wrote = _WROTE.search(line)
    head = line[: wrote.start()].strip() if wrote else line.rstrip(":： ")
    address = _ADDRESS_AT_END.search(head) is not None or (wrote is not None and "@" in head)
    dated = _BEGINS_WITH_DATE.match(head)
    if wrote is None:  # 2026-11-20 10:00 GMT+08:00 张三 <a@b.cn>:
        return dated is not None and address and _is_name(head[dated.end() :])
    # Without an address, a name and the hour must be there; a person quotes by the day at most.
    timed = _CLOCK.search(head) is not None
    if dated is not None:
        apart = dated[0].endswith((" ", ",", "，", ":", "：", "]", ")", "）"))
        certain = (apart or timed) if address else (apart and (before_quote or timed))
        return certain and _is_name(head[dated.end() :])
    named = _ENDS_WITH_DATE.fullmatch(head)
    if named is None:
        return False
    certain = address or ((before_quote or timed) and not named["comma"])
    return certain and _is_name(named["name"])


def _is_undated(line: str) -> bool:
    """Tell whether a line names somebody with the address, and that he wrote, but no date."""
    wrote = _WROTE.search(line)
    head = line[: wrote.start()].strip() if wrote else ""
    return _ADDRESS_AT_END.search(head) is not None and _is_name(head)


def _is_name(text: str) -> bool:
    """Tell whether a text can be a name, with or without its address."""
    whole = text.strip()
    name = _ADDRESS_AT_END.sub("", whole)
    sentence = _CLAUSE if name == whole else _SENTENCE
    return bool(whole) and len(name) <= _LONGEST_NAME and not _PERSONAL.match(name) and not sentence.search(name)


def _is_header_block(lines: list[str], first: int) -> bool:
    """Tell whether the headers of a mail begin in this line: who sent it, when (to the minute), and one more."""
    kinds: set[str] = set()
    kind = value = ""
    written = False
    for line in lines[first : first + _MOST_HEADER_LINES]:
        label = _LABEL.match(line)
        if label is not None:
            kind, value = str(label.lastgroup), line[label.end() :].strip(" \t|*")
            kinds.add(kind)
        elif line.strip() and not value:
            value = line  # The label's cell stood above this one.
        elif line.strip() and not (kind == "other" and ("@" in line or ";" in line or "；" in line)):
            if _FORM_LABEL.match(line):
                return False
            break
        written = written or "@" in line or (kind == "date" and _CLOCK.search(value) is not None)
    return written and len(kinds) == 3
