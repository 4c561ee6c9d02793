"""What every stand-in board has: letters that change, pages of them, and the truth as far as the site shows it."""

import hashlib
import html
import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from tests.boards.truth import WAITING, ZONE, Answer, Letter, letters
from tests.webserver import Asked, Reply

HEAD = """
[[sources]]
id = "{id}"
kind = "website"
channel = "site-board"
private = true
robots = false
robots_reason = "测试用的本机网站"
pace = 0
"""

GONE = Reply("<html><body><h1>404 您访问的页面不存在</h1></body></html>", status=404)


class Board:
    """A site with letters. Subclasses render it, describe it, and say what it shows.

    Attributes:
        descriptions: by name, the TOML beneath `HEAD`; `{base}` is the server's address.
        size: letters a page.
        before: requests of a run before the list itself (visit, log-in).
        gone: places of letters whose own page is missing.
        most_answers: answers a letter may have.
        late: whether a later answer reaches the bureau through this site.
        tells: whether the list says which letters are answered.
        unread: by description, columns that the site shows and this description leaves out.
        pages_each: pages that belong to one letter.
        secrets: what the descriptions name as `secret:…`.
    """

    seed: ClassVar[int]
    descriptions: ClassVar[Mapping[str, str]]
    count: ClassVar[int] = 45
    size: ClassVar[int] = 15
    before: ClassVar[int] = 0
    gone: ClassVar[tuple[int, ...]] = ()
    most_answers: ClassVar[int] = 1
    late: ClassVar[bool] = True
    tells: ClassVar[bool] = True
    unread: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    pages_each: ClassVar[int] = 1
    secrets: ClassVar[Mapping[str, str]] = {}

    def __init__(self, description: str) -> None:
        self.name = description
        self.letters = letters(self.seed, self.count, self.most_answers)
        self.missing = {self.letters[place].number for place in self.gone}
        self.opened: list[int] = []
        self.base = ""

    # What happens on the site.

    def add(self, letter: Letter) -> None:
        """A new letter appears."""
        self.letters.insert(0, letter)

    def reply(self, answer: Answer) -> Letter:
        """A letter of the first page that waited is answered."""
        place = next(place for place, letter in enumerate(self.letters) if place >= WAITING and not letter.answered)
        self.letters[place] = self.letters[place].with_answers(answer)
        return self.letters[place]

    # What the site answers.

    def answer(self, asked: Asked) -> Reply | bytes | str:
        """Answer a request."""
        raise NotImplementedError

    def page(self, number: int) -> list[Letter]:
        """The letters of a page; the first is 1."""
        return self.letters[(number - 1) * self.size : number * self.size] if number > 0 else []

    @property
    def pages(self) -> int:
        """How many pages the list has."""
        return math.ceil(len(self.letters) / self.size)

    def open(self, number: str | int) -> Letter | None:
        """The letter whose page is asked for by its number or key; None where that page is gone."""
        letter = next((one for one in self.letters if str(number) in (str(one.number), one.key)), None)
        if letter is None:
            raise LookupError(f"a page was asked for that no list names: {number}")
        self.opened.append(letter.number)
        return None if letter.number in self.missing else letter

    # What is true of it.

    def description(self, source: str) -> str:
        """The profile's block of this source."""
        return (HEAD.replace("{id}", source) + self.descriptions[self.name]).replace("{base}", self.base)

    def truth(self) -> list[dict[str, Any]]:
        """The messages that a reader of this site must hold, by column."""
        return [self.columns(letter) for letter in self.letters]

    def columns(self, letter: Letter) -> dict[str, Any]:
        """The columns of one message."""
        common = {
            "channel": "site-board",
            "receipt_no": None,
            "title": letter.title,
            "body": letter.text,
            "author_name": None,
            "contact": None,
            "posted_at": letter.posted_at,
            "likes": 0,
            "dislikes": 0,
            "thread_key": None,
            "given_due_at": None,
            "quoted_text": None,
            "publish_consent": None,
            "access": "normal",
            "open_case": False,
            "answer_text": None,
            "answered_at": None,
            "answered_by": None,
        }
        if letter.answered:
            common |= {
                "answer_text": letter.answer.text,
                "answered_at": letter.answer.at,
                "answered_by": letter.answer.by,
            }
        found = common | self.shown(letter) | (self.listed(letter) if letter.number in self.missing else {})
        found["received_at"] = found["posted_at"]
        return found | dict.fromkeys(self.unread.get(self.name, ()))

    def shown(self, letter: Letter) -> dict[str, Any]:
        """What differs from the common columns on this site; at least the id."""
        raise NotImplementedError

    def listed(self, letter: Letter) -> dict[str, Any]:
        """What differs besides, where the letter's own page is gone; its title is all the text there is."""
        return {"title": "", "body": letter.title, "answer_text": None, "answered_at": None, "answered_by": None}


def day(moment: datetime) -> datetime:
    """The moment as a site knows it that shows days."""
    return moment.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def minute(moment: datetime) -> datetime:
    """The moment as a site knows it that shows minutes."""
    return moment.replace(second=0, microsecond=0)


def written(moment: datetime, form: str) -> str:
    """A moment in the bureau's zone by a form of strftime."""
    return moment.astimezone(ZONE).strftime(form)


def loose(moment: datetime, form: str) -> str:
    """A moment by str.format, without leading zeros: {y}, {m}, {d}, {h}, {min}, {s}, {h12}, {half}."""
    at = moment.astimezone(ZONE)
    return form.format(
        y=at.year,
        m=at.month,
        d=at.day,
        h=at.hour,
        min=f"{at.minute:02d}",
        s=f"{at.second:02d}",
        h12=at.hour % 12 or 12,
        half="上午" if at.hour < 12 else "下午",
    )


def paragraphs(texts: Iterable[str], form: str = "<p>　　{}</p>") -> str:
    """Texts as markup, each in *form*."""
    return "".join(form.format(html.escape(text)) for text in texts)


def lines(texts: Iterable[str]) -> str:
    """Texts as markup with line breaks between them."""
    return "<br/>\n".join("&nbsp;&nbsp;&nbsp;&nbsp;" + html.escape(text) for text in texts)


def cut(text: str, length: int = 12) -> str:
    """A title as lists show it that have little room."""
    return text if len(text) <= length else text[:length] + "..."


def as_json(data: object) -> Reply:
    """An answer in JSON."""
    return Reply(json.dumps(data, ensure_ascii=False), headers={"Content-Type": "application/json;charset=UTF-8"})


def site(title: str, inner: str, charset: str = "utf-8") -> str:
    """A whole page with the usual surroundings: navigation above, the bureau's own address beneath."""
    return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"/>
<title>{title}-某市统计局</title><style>.list td{{padding:0}}</style>
<script>var siteName = "某市统计局"; function show(id) {{ return false; }}</script></head>
<body><div class="nav"><ul><li><a href="/">首页</a></li><li><a href="/zwgk/">政务公开</a></li>
<li><a href="/hdjl/">互动交流</a></li></ul></div>
{inner}
<div class="foot"><p>主办单位：某市统计局　联系电话：0539-8000000</p>
<p>网站标识码：3713000000　备案号：鲁ICP备00000000号</p></div>
</body></html>"""


def digest(text: str) -> str:
    """A short token."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]
