"""Boards behind an interface: TRS IGI, JSONP with a cursor, and a single-page application."""

# ruff: noqa: E501 - markup and descriptions stand as a site's keeper or an operator would write them.

import json
from datetime import datetime
from typing import Any, ClassVar

from tests.boards.base import Board, as_json, paragraphs
from tests.boards.truth import Letter
from tests.webserver import Asked, Reply


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


class TrsIgi(Board):
    """JSON with everything in the list: moments in milliseconds, the address as a list inside a text."""

    seed = 4
    most_answers = 2
    unread: ClassVar = {"preset": ("answered_by",)}
    descriptions: ClassVar = {
        "own": r"""
[sources.list]
url = "{base}/IGI/nbhd/openGovmsgbox.do?method=listGovmsgboxs&siteId=33&pageIndex={page}&pageSize=15&order=1&orderBy=submitTime_desc"
at = "datas.data"
[sources.list.fields]
external_id = "METADATAID"
title = "TITLE"
body = "CONTENT"
posted_at = "SUBMITTIME"
link = "from_json(PUBLISHURL)[0]"
[sources.list.replies]
rows = "REPLYS"
fields = { answer_text = "CONTENT", answered_at = "REPLYTIME", answered_by = "DEPTNAME" }
[sources.list.paging]
first = 1
""",
        "preset": r"""
preset = "trs-igi"
base = "{base}"
params.site = "33"
""",
    }

    def answer(self, asked: Asked) -> Reply:
        if asked.query.get("method") != "listGovmsgboxs" or asked.query.get("siteId") != "33":
            return as_json({"statusCode": 500, "message": "参数错误", "datas": None})
        size = int(asked.query["pageSize"])
        first = (int(asked.query["pageIndex"]) - 1) * size
        rows = [self.row(letter) for letter in self.letters[first : first + size]]
        return as_json({"statusCode": 200, "message": "操作成功", "datas": {"data": rows, "count": len(self.letters)}})

    def row(self, letter: Letter) -> dict[str, Any]:
        return {
            "TITLE": letter.title,
            "METADATAID": letter.number,
            "PUBLISHURL": json.dumps([f"{self.base}/hdjl/t{letter.number}.html"]),
            "SUBMITTIME": milliseconds(letter.posted_at),
            "REPLYTIME": milliseconds(letter.answers[-1].at) if letter.answered else None,
            "CONTENT": paragraphs(letter.paragraphs),
            "REPLYS": [
                {"CONTENT": paragraphs(one.paragraphs), "REPLYTIME": milliseconds(one.at), "DEPTNAME": one.by}
                for one in letter.answers
            ],
        }

    def shown(self, letter: Letter) -> dict[str, Any]:
        found: dict[str, Any] = {"external_id": str(letter.number)}
        if letter.answered:
            found |= {
                "answer_text": "\n\n".join(one.text for one in letter.answers),
                "answered_at": max(one.at for one in letter.answers),
                "answered_by": "、".join(dict.fromkeys(one.by for one in letter.answers)),
            }
        return found


class JsonpCursor(Board):
    """JSONP that names the last letter seen to get those after it; plain text with line breaks, everything inline."""

    seed = 6
    size = 10
    descriptions: ClassVar = {
        "cursor": r"""
[sources.list]
url = "{base}/threads/list?fid=539&pageSize=10&lastItem={cursor}&callback=jQuery3610_{now_ms}"
at = "responseData"
[sources.list.fields]
external_id = "tid"
title = "subject"
body = "content"
author_name = "nickName"
posted_at = "dateline"
likes = "favNum"
dislikes = "downNum"
answer_text = "answerContent"
answered_at = "answerDateline"
answered_by = "answerOrganization"
status = "stateInfo"
[sources.list.paging]
cursor = "responseData[-1].tid"
cursor_first = "0"
""",
    }

    def answer(self, asked: Asked) -> Reply:
        last, size = asked.query["lastItem"], int(asked.query["pageSize"])
        place = 0
        if last != "0":
            place = next(place for place, letter in enumerate(self.letters) if str(letter.number) == last) + 1
        rows = [self.row(letter) for letter in self.letters[place : place + size]]
        data = json.dumps({"result": "success", "resultDesc": "成功", "responseData": rows})
        return Reply(
            f"/**/{asked.query['callback']}({data});", headers={"Content-Type": "application/javascript;charset=utf-8"}
        )

    def row(self, letter: Letter) -> dict[str, Any]:
        row: dict[str, Any] = {
            "tid": letter.number,
            "subject": letter.title,
            "content": "\r\n".join("　　" + text for text in letter.paragraphs),
            "nickName": letter.author,
            "dateline": int(letter.posted_at.timestamp()),
            "stateInfo": "已办理" if letter.answered else "待回复",
            "favNum": letter.likes,
            "downNum": str(letter.dislikes),
            "answerDateline": 0,
        }
        if letter.answered:
            one = letter.answer
            row |= {
                "answerContent": "\n".join(one.paragraphs),
                "answerDateline": int(one.at.timestamp()),
                "answerOrganization": one.by,
            }
        return row

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {
            "external_id": str(letter.number),
            "author_name": letter.author,
            "likes": letter.likes,
            "dislikes": letter.dislikes,
        }


class SinglePage(Board):
    """An application: JSON asked by JSON, a list that is a text inside the answer, letter and answer asked apart."""

    seed = 14
    pages_each = 2
    descriptions: ClassVar = {
        "details": r"""
base = "{base}"
headers = { X-Requested-With = "XMLHttpRequest" }
[sources.list]
url = "/api/letter/page"
data = { pageNo = "{page}", pageSize = 15, siteCode = "tjj" }
at = "from_json(data).rows"
[sources.list.fields]
title = "subject"
external_id = "id"
posted_at = "createTime"
status = "state.name"
[sources.list.vars]
mid = "id"
[sources.list.paging]
first = 1
pages = "from_json(data).pageCount"

[[sources.details]]
url = "/api/letter/detail"
data = { id = "{mid}", lang = "zh" }
at = "data.letter"
fields = { body = "contentHtml", author_name = "person.name", publish_consent = "isOpen", likes = "stat.praise" }

[[sources.details]]
url = "/api/letter/{mid}/reply"
at = "data"
required = []
fields = { answer_text = "html", answered_at = "time", answered_by = "dept" }
""",
    }

    def answer(self, asked: Asked) -> Reply:
        if asked.headers["X-Requested-With"] != "XMLHttpRequest":
            return Reply("<html><div id=app></div></html>", status=400)
        if asked.path == "/api/letter/page":
            wanted = json.loads(asked.body)
            if type(wanted["pageNo"]) is not int or type(wanted["pageSize"]) is not int:
                return as_json({"code": 400, "msg": "pageNo: expected int", "data": None})
            rows = [
                {
                    "id": letter.key,
                    "subject": letter.title,
                    "createTime": int(letter.posted_at.timestamp()),
                    "state": {"code": 1, "name": "已办结" if letter.answered else "办理中"},
                }
                for letter in self.page(wanted["pageNo"])
            ]
            inner = json.dumps({"pageCount": self.pages, "rows": rows}, ensure_ascii=False)
            return as_json({"code": 0, "data": inner})
        if asked.path == "/api/letter/detail":
            letter = self.open(json.loads(asked.body)["id"])
        else:
            letter = self.open(asked.path.split("/")[3])
            return as_json({"code": 0, "data": self.answer_of(letter)})
        if letter is None:
            raise LookupError("all pages of this site are there")
        inner_letter = {
            "contentHtml": f"<div class='c'>{paragraphs(letter.paragraphs)}</div>",
            "person": {"name": letter.author},
            "isOpen": "是" if letter.public else "否",
            "stat": {"praise": letter.likes},
        }
        return as_json({"code": 0, "data": {"letter": inner_letter}})

    @staticmethod
    def answer_of(letter: Letter | None) -> dict[str, Any] | None:
        if letter is None or not letter.answered:
            return None
        one = letter.answer
        return {"html": paragraphs(one.paragraphs, "<p>{}</p>"), "time": int(one.at.timestamp()), "dept": one.by}

    def shown(self, letter: Letter) -> dict[str, Any]:
        return {
            "external_id": letter.key,
            "author_name": letter.author,
            "publish_consent": letter.public,
            "likes": letter.likes,
        }
