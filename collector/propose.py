"""A description of a website suggested from its own pages: what `wenzheng source propose` prints.

`propose` is pure. What it suggests was tried on the page with the reader that collection uses: a field that this
reader does not find is not suggested. Where it is unsure, the text says 请核对.
"""

import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from collector.client import Client, ClientState, Request, Rules
from collector.errors import CollectorError
from collector.pages.document import Document, read_document
from collector.pages.listing import Row
from collector.proposing.details import detail_fields, together
from collector.proposing.lists import find_list
from collector.proposing.markup import text_of
from collector.proposing.rendering import render
from collector.proposing.systems import System, find_system
from collector.proposing.words import CHINESE, Part
from config.context import Context
from config.sources import Asking

MOST_DETAILS = 3
"""Pages of messages that are looked at beside the list."""

DEFAULT_CHANNEL = "site-board"

_MOST_CHARS = 4 * 1024 * 1024
_FEW_CHARS = 400
_MOST_ADDRESSES = 12
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script", re.IGNORECASE | re.DOTALL)
_INTERFACE = re.compile(
    r"""["'](?P<url>(?:https?:)?/?[\w./{}$:-]{0,200}(?:api|ajax|json|query|list|data|page|search|\.do|\.action|\.ashx)"""
    r"""[\w./?=&%{}$-]{0,200})["']""",
    re.IGNORECASE,
)
_LIBRARY = re.compile(r"\.(?:js|css|png|jpe?g|gif|svg|ico|woff2?)(?:\?|$)|jquery|bootstrap|echarts", re.IGNORECASE)
_ANSWERED = re.compile(r"(?<![未待])(?:办结|回复|答复)")


@dataclass(frozen=True)
class Proposal:
    """A suggested description.

    Args:
        url: of the list.
        listing: what was recognised of the list.
        details: a block for the page of a message's own, if it has one.
        notes: what stands above the block, in Chinese.
        recognised: whether rows were found at all; otherwise the block is a skeleton.
        rows: the rows of the page as the suggested description reads them.
        channel: id of the channel the block names.
        system: whose preset stands in the place of a description.
    """

    url: str
    listing: Part
    details: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    recognised: bool = True
    rows: tuple[Row, ...] = field(default=(), repr=False)
    channel: str = DEFAULT_CHANNEL
    system: System | None = None

    @property
    def by_link(self) -> dict[str, Row]:
        """The rows by the address of each one's own page, those that seem answered first."""
        template = self.listing.detail_url
        found: dict[str, Row] = {}
        for row in sorted(self.rows, key=lambda row: not _ANSWERED.search(str(row.values.get("status", "")))):
            link = row.values.get("link")
            if template and "external_id" in row.values:
                link = template.replace("{external_id}", str(row.values["external_id"]))
            if link and urlsplit(link).scheme in ("http", "https"):
                found.setdefault(link, row)
        return found

    @property
    def needs_details(self) -> bool:
        """Whether the messages' texts stand on pages of their own."""
        return self.recognised and self.system is None and not self.listing.has("body")

    @property
    def toml(self) -> str:
        """The suggestion as one block `[[sources]]` with remarks in Chinese."""
        head: dict[str, tuple[Any, str]] = {
            "id": (source_id(self.url), "来源编号：小写字母、数字、连字符；入库后不要再改"),
            "kind": ("website", ""),
            "channel": (self.channel, "收进哪个渠道，请核对"),
            "every": ("30m", "每三十分钟看一次"),
        }
        if self.system is not None:
            head["preset"] = (self.system.preset, self.system.name)
            head |= {key: (value, "") for key, value in self.system.keys.items()}
        if is_private(self.url):
            head["private"] = (True, "内网地址，允许访问")
        return render(head, self.notes, self.listing, self.details)


def propose(page: Document | bytes, url: str, *, content_type: str = "", channel: str = DEFAULT_CHANNEL) -> Proposal:
    """Return a description suggested from a list page alone.

    Args:
        page: the answer to *url*, read or as it came.
        channel: for the `channel` key of the block.
    Raises:
        PageUnreadable: the bytes are of no form that is known.
    """
    document = page if isinstance(page, Document) else read_document(page, content_type, url, Asking())
    found = find_list(document, url) if len(document.source) <= _MOST_CHARS else None
    system = find_system(document.source, url)
    if found is None:
        return _skeleton(document, url, channel) if system is None else _of_system(system, url, channel)
    listing, rows = found
    intro = f"依照 {url} 的样子写出的草稿，请对照网页核对，再运行 wenzheng source try {source_id(url)} 试看。"
    notes = [intro, f"列表上认出 {len(rows)} 行。"]
    if system is not None:
        notes.append(
            f'这个网站像是{system.name}，也可以改用现成的描述 preset = "{system.preset}"，见 config/presets.toml。'
        )
    proposal = Proposal(url, listing, notes=tuple(notes), rows=tuple(rows), channel=channel)
    if not proposal.needs_details:
        return proposal
    if not proposal.by_link:
        return _noted(proposal, "列表里没有信件内容，也没有认出详情页网址；请照网页填写 [[sources.details]]")
    return replace(proposal, details=(_unseen(proposal),))


def with_details(proposal: Proposal, pages: Mapping[str, Document]) -> Proposal:
    """Return a proposal completed by what some messages' own pages show.

    Args:
        pages: by the addresses of `Proposal.by_link`.
    """
    parts = []
    for link, page in pages.items():
        if len(page.source) > _MOST_CHARS:
            continue
        values = proposal.by_link[link].values
        part = detail_fields(page, str(values.get("title", "")), str(values.get("posted_at", "")))
        if part.has("body"):
            parts.append(part)
    if not parts:
        return _noted(proposal, "打开了信件的详情页，但没有认出信件内容；请照网页填写 [[sources.details]]")
    whole = together(parts)
    _address(whole, proposal)
    if proposal.listing.has("title") and not proposal.listing.title_is_cut:
        # The title of the list is whole; one more place to find it is one more that may change.
        whole.keys["fields"].pop("title", None)
    return replace(proposal, details=(whole,))


def propose_site(ctx: Context, url: str, *, sleep: Callable[[float], None] = time.sleep) -> Proposal:
    """Return a description suggested from a site: its list and up to three messages, asked politely.

    Raises:
        SourceFailed: the list could not be had; a message's page that cannot be had is passed over.
    """
    rules = Rules(private=is_private(url))
    client = Client(
        rules,
        ClientState(),
        now=ctx.clock,
        zone=ctx.profile.zone,
        locks=ctx.settings.home / "locks",
        sleep=sleep,
    )
    pages: dict[str, Document] = {}
    try:
        proposal = propose(_fetched(client, url), url, channel=_channel_of(ctx))
        for link in list(proposal.by_link)[:MOST_DETAILS] if proposal.needs_details else ():
            try:
                pages[link] = _fetched(client, link)
            except CollectorError:
                continue
    finally:
        client.close()
    return with_details(proposal, pages) if pages else proposal


def source_id(url: str) -> str:
    """Return an id for a source, made from its host."""
    host = (urlsplit(url).hostname or "").lower().removeprefix("www.")
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:48].strip("-") or "board"


def is_private(url: str) -> bool:
    """Tell whether an address is one of a private network or of this machine by its looks alone."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host


def _fetched(client: Client, url: str) -> Document:
    answer = client.fetch(Request(url))
    return read_document(answer.content, answer.content_type, answer.url, Asking())


def _noted(proposal: Proposal, note: str) -> Proposal:
    return replace(proposal, notes=(*proposal.notes, f"请核对：{note}"))


def _unseen(proposal: Proposal) -> Part:
    """Return a block for details that nobody has looked at: fields by their usual names."""
    part = Part()
    for name in ("body", "posted_at", "answer_text", "answered_at", "answered_by"):
        if name != "posted_at" or not proposal.listing.has("posted_at"):
            part.put(name, True)
            part.remarks[f"fields.{name}"] = f"{CHINESE[name]}；true 表示按常见叫法去认"
    part.doubts["fields.body"] = "没有看详情页，先按常见叫法去认"
    _address(part, proposal)
    return part


def _address(part: Part, proposal: Proposal) -> None:
    if proposal.listing.detail_url:
        part.keys["url"] = proposal.listing.detail_url
        part.doubts["url"] = "详情页网址是从列表页的脚本里推出来的"


def _of_system(system: System, url: str, channel: str) -> Proposal:
    """Return a block that names the preset of a system, for a page whose list only a script fetches."""
    notes = [f'{url} 像是{system.name}，用现成的描述 preset = "{system.preset}"；它未经实网验证，请先试看。']
    if system.missing:
        notes.append(f"请核对：页面上没有找到 {system.missing}，见 config/presets.toml 里的说明。")
    return Proposal(url, Part(), notes=tuple(notes), channel=channel, system=system)


def _skeleton(document: Document, url: str, channel: str) -> Proposal:
    """Return a block to be filled in, with the addresses from which a script may fetch the list."""
    listing = Part({"url": url, "rows": "table tr"})
    listing.doubts["rows"] = "没有认出，照网页填写"
    listing.put("title", "a", "没有认出，照网页填写")
    listing.put("link", "a@href")
    notes = [f"在 {url} 上没有认出“一封信一行”的列表。"]
    is_page = document.root is not None and not document.is_xml
    if is_page and len(text_of(document.root)) < _FEW_CHARS:
        notes += [
            "网页本身几乎没有文字，内容多半是浏览器运行脚本后取来的。请在浏览器里按 F12 打开“网络”，刷新网页，",
            "找到返回信件数据的那个请求，把它的网址写进 list.url（POST 的写明 form 或 data），再对那个网址运行本命令。",
        ]
    if found := _interfaces(document.source, url):
        notes += ["页面脚本里提到的、可能是数据接口的网址：", *found]
    notes.append("下面是待填写的样子：")
    return Proposal(url, listing, notes=tuple(notes), recognised=False, channel=channel)


def _interfaces(source: str, url: str) -> list[str]:
    """Return the addresses in a page's scripts that look like those of an interface."""
    found: dict[str, None] = {}
    for script in _SCRIPT.findall(source):
        for match in _INTERFACE.finditer(script):
            text = match["url"]
            if len(text) > 4 and ("/" in text or "." in text) and not _LIBRARY.search(text):
                try:
                    found[urljoin(url, text)] = None
                except ValueError:
                    continue
    return [one for one in found if one != url][:_MOST_ADDRESSES]


def _channel_of(ctx: Context) -> str:
    """Return the channel of a website's board, or else the first that expects replies."""
    channels = ctx.profile.channels
    if any(one.id == DEFAULT_CHANNEL for one in channels):
        return DEFAULT_CHANNEL
    return next((one.id for one in channels if one.expects_reply), channels[0].id)
