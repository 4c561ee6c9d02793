"""The live sources of a profile: where messages are fetched from, described without code.

A source is one block `[[sources]]`. docs/sources.md explains the language with examples; a test compares the keys.
Presets (presets.toml) are descriptions of site systems in common use: a source that names one inherits what it does
not say itself.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from config.secrets import is_secret, texts_of, variable_of
from config.selectors import BadSelector, check_selector, is_xpath

PRESETS = Path(__file__).with_name("presets.toml")

MESSAGE_FIELDS = (
    "title", "body", "external_id", "receipt_no", "author_name", "contact", "posted_at", "received_at", "likes",
    "dislikes", "given_due_at", "answer_text", "answered_at", "answered_by", "publish_consent", "kind", "confidential",
    "place",
)  # fmt: skip
"""Fields of a message that a description can fill."""

PAGE_FIELDS = (*MESSAGE_FIELDS, "link", "status")
"""`link` is the address of the row's own page, `status` the site's word for how far the answer is."""

REPLY_FIELDS = ("answer_text", "answered_at", "answered_by")

_DURATION = re.compile(r"(\d{1,4})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")

Text = Annotated[str, Field(min_length=1)]


def _one_or_more(value: object) -> object:
    """Take one text where a list of texts may stand."""
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more), Field(strict=False)]


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise PydanticCustomError("duration", "write a span of time such as 30s, 15m, 2h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _source_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise PydanticCustomError("source_id", "use small letters, digits and hyphens, at most 48")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise PydanticCustomError("pattern", f"is no regular expression: {error}") from error
    return value


def _selector(value: str) -> str:
    try:
        check_selector(value)
    except BadSelector as error:
        raise PydanticCustomError("selector", "{fault}", {"fault": str(error)}) from error
    return value


def _secret(value: str) -> str:
    try:
        known = is_secret(value) and variable_of(value)
    except ValueError:
        known = False
    if not known:
        # What was written may be the secret itself, so it is not repeated.
        raise PydanticCustomError(
            "secret", "write secret:NAME, with small letters, digits and hyphens; never the secret"
        )
    return value


Secret = Annotated[Text, AfterValidator(_secret)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Pattern = Annotated[Text, AfterValidator(_pattern)]
Selector = Annotated[Text, AfterValidator(_selector)]
Selectors = Annotated[tuple[Selector, ...], BeforeValidator(_one_or_more), Field(strict=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", str_strip_whitespace=True)


class Pick(_Part):
    """How one value is found in a row or page.

    One of `select`, `label`, `column` says where; without any, `pattern` searches the source text of the row or page,
    and `value` is taken as it stands. `known` means: by the names that this field usually has.
    """

    select: Selector | None = None
    label: Texts = ()
    column: Texts = ()
    known: bool = False
    within: Selector | None = None
    attr: Text | None = None
    pattern: Pattern | None = None
    remove: Selectors = ()
    every: bool = False
    value: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Pick":
        places = [self.select is not None, bool(self.label), bool(self.column), self.known, self.value is not None]
        if sum(places) > 1:
            raise PydanticCustomError("pick", "name one of select, label, column and value")
        if not any(places) and self.pattern is None:
            raise PydanticCustomError("pick", "say where the value is: select, label, column, pattern or value")
        return self


def _pick(value: object) -> object:
    """A text is a selector, `true` the usual names; a selector of an HTML page may end in @attribute."""
    if value is True:
        return {"known": True}
    if isinstance(value, str):
        return _split(value)
    if isinstance(value, dict) and "attr" not in value and isinstance(value.get("select"), str):
        return value | _split(value["select"])
    if isinstance(value, dict) and "attr" in value and not {"select", "label", "column"} & value.keys():
        return value | {"select": "."}
    return value


def _split(selector: str) -> dict[str, str]:
    match = None if is_xpath(selector) else re.fullmatch(r"(.*?)@([A-Za-z_][\w:-]*)", selector.strip())
    return {"select": match[1] or ".", "attr": match[2]} if match else {"select": selector}


PickLike = Annotated[Pick, BeforeValidator(_pick)]
Fields = dict[str, PickLike]


def _checked_fields(known: tuple[str, ...]) -> AfterValidator:
    def check(fields: Fields) -> Fields:
        for name in fields:
            if name not in known:
                raise PydanticCustomError("field", f"{name} is no field; known are {', '.join(known)}")
        return fields

    return AfterValidator(check)


def _no_fields(names: Fields) -> Fields:
    for name in names:
        if name in PAGE_FIELDS:
            # In TOML a field written behind a block of vars becomes one of them without a word.
            raise PydanticCustomError(
                "var",
                f"{name} is the name of a field; a field stands in fields, above the block of vars, and a variable "
                "needs a name of its own",
            )
    return names


PageFields = Annotated[Fields, _checked_fields(PAGE_FIELDS)]
Vars = Annotated[Fields, AfterValidator(_no_fields)]
ReplyFields = Annotated[Fields, _checked_fields(REPLY_FIELDS)]
Form = dict[str, str]


class Replies(_Part):
    """Several answers to one message: a block each."""

    rows: Selector
    fields: ReplyFields = Field(min_length=1)


class Asking(_Part):
    """What is asked of a site, and in which form its answer comes."""

    url: Text | None = None
    method: Literal["GET", "POST"] | None = None
    form: Form | None = None
    data: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    format: Literal["auto", "html", "json", "jsonp", "script", "xml"] = "auto"
    variable: Text | None = None
    at: Selector | None = None


class Paging(_Part):
    """How the next page of a list is reached."""

    url: Text | None = None
    form: Form | None = None
    data: dict[str, Any] | None = None
    first: int | None = None
    step: int = 1
    size: int | None = Field(None, ge=1)
    next: PickLike | None = None
    cursor: PickLike | None = None
    cursor_first: str = ""
    hidden: Selector | None = None
    pages: PickLike | None = None
    total: PickLike | None = None
    max_pages: int = Field(100_000, ge=1)


class Listing(Asking):
    """A list of messages."""

    rows: Selector | None = None
    header: Texts = ()
    fields: PageFields = Field(min_length=1)
    vars: Vars = {}
    required: Texts = ()
    empty: str | None = None
    replies: Replies | None = None
    paging: Paging | None = None

    @model_validator(mode="after")
    def _uses_its_cursor(self) -> "Listing":
        paging = self.paging
        if paging is not None and paging.cursor is not None:
            templates = (self.url, self.headers, self.form, self.data, paging.url, paging.form, paging.data)
            if not any("{cursor}" in text for text in texts_of(templates)):
                # Every page would be the first one again, and the walk would end after it.
                said = "paging.cursor is found, and no url, headers, form or data holds {cursor}"
                raise PydanticCustomError("cursor", said)
        return self


class Detail(Asking):
    """A page of one message's own."""

    within: Selector | None = None
    fields: PageFields = {}
    vars: Vars = {}
    required: Texts = ()
    replies: Replies | None = None


class Login(_Part):
    """A log-in form."""

    url: Text | None = None
    form: Form | None = None
    data: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    hidden: Selector | None = None
    ok: Selector | None = None


class Visit(_Part):
    """What is asked once before the list: a page that gives a cookie or a token, and perhaps a log-in."""

    url: Text
    vars: Vars = {}
    login: Login | None = None


class _Source(_Part):
    id: Annotated[Text, AfterValidator(_source_id)]
    channel: Text
    every: Duration = timedelta(minutes=30)
    since: date | None = None
    keywords: Texts = ()
    exclude: Texts = ()


class _Http(_Source):
    pace: float = Field(1.0, ge=0, strict=False)
    budget: int = Field(5000, ge=1)
    robots: bool = True
    robots_reason: str = ""
    private: bool = False
    ca_file: Text | None = None
    headers: dict[str, str] = {}
    encoding: Text | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> "_Http":
        if not self.robots and not self.robots_reason:
            raise PydanticCustomError("robots", "robots = false needs robots_reason, in a sentence")
        return self


class Website(_Http):
    """A site whose pages list messages."""

    kind: Literal["website"]
    preset: Text | None = None
    base: Text | None = None
    params: Form = {}
    visit: Visit | None = None
    list: Listing
    details: tuple[Detail, ...] = Field((), strict=False)


class Feed(_Http):
    """An RSS, Atom or JSON feed."""

    kind: Literal["feed"]
    url: Text


class OAuth2(_Part):
    """Where access tokens of a mailbox are fetched."""

    token_url: Text
    client_id: Text
    client_secret: Secret | None = None
    refresh_token: Secret
    scope: str = ""


class Mailbox(_Source):
    """An IMAP mailbox."""

    kind: Literal["imap"]
    every: Duration = timedelta(minutes=5)
    host: Text
    port: int = Field(0, ge=0, le=65535)
    security: Literal["tls", "starttls", "plain"] = "tls"
    ca_file: Text | None = None
    username: Text
    password: Secret | None = None
    oauth2: OAuth2 | None = None
    folders: Texts = ("INBOX",)
    idle: bool = False
    after: Literal["nothing", "seen", "move"] = "nothing"
    move_to: Text | None = None
    own_addresses: Texts = ()

    @property
    def addresses(self) -> frozenset[str]:
        """The bureau's own addresses, in small letters: mail from them is a loop."""
        own = {self.username} if "@" in self.username else set()
        return frozenset(address.lower() for address in own.union(self.own_addresses))

    STANDARD_PORTS: ClassVar[Mapping[str, int]] = {"tls": 993, "starttls": 143, "plain": 143}

    @model_validator(mode="after")
    def _complete(self) -> "Mailbox":
        if (self.password is None) == (self.oauth2 is None):
            raise PydanticCustomError("account", "give either password or oauth2")
        if (self.after == "move") != (self.move_to is not None):
            raise PydanticCustomError("move", "after = 'move' and move_to belong together")
        return self


class Folder(_Source):
    """A folder into which another system, or a person, puts files."""

    kind: Literal["folder"]
    every: Duration = timedelta(minutes=1)
    path: Text
    quiet: Duration = timedelta(seconds=10)


Source = Annotated[Website | Feed | Mailbox | Folder, Field(discriminator="kind")]
AnySource = Website | Feed | Mailbox | Folder


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Return the shipped descriptions of site systems, by name."""
    return tomllib.loads(PRESETS.read_text("utf-8"))


def with_preset(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source as read from TOML with what its preset adds; an unknown preset adds nothing."""
    name = source.get("preset")
    return _merged(presets().get(name, {}), source) if isinstance(name, str) else dict(source)


def _merged(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one description over another: blocks are joined key by key, everything else is replaced."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _merged(below, value)
        elif isinstance(value, list) and isinstance(below, list) and _are_blocks([*value, *below]):
            pairs = zip(below, value, strict=False)
            merged[key] = [_merged(*pair) for pair in pairs] + [*value[len(below) :], *below[len(value) :]]
        else:
            merged[key] = value
    return merged


def _are_blocks(values: list[Any]) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def source_faults(data: Mapping[str, Any], channels: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """Yield place, key and fault of what is wrong between the keys of the sources of a profile as read."""
    blocks = data.get("sources")
    seen: set[str] = set()
    for number, block in enumerate(blocks if isinstance(blocks, list) else []):
        if not isinstance(block, Mapping):
            continue
        source_id, channel, preset = block.get("id"), block.get("channel"), block.get("preset")
        if isinstance(source_id, str):
            if source_id in seen:
                yield number, "id", f"two sources are given the id {source_id}"
            seen.add(source_id)
        if isinstance(channel, str) and channel not in channels:
            yield number, "channel", f"there is no channel {channel}"
        if isinstance(preset, str) and preset not in presets():
            yield number, "preset", f"there is no preset {preset}; known are {', '.join(sorted(presets()))}"


def hosts_of(source: AnySource) -> list[str]:
    """Return the host names of the addresses that a description writes out."""
    addresses = (text for text in texts_of(source.model_dump()) if text.startswith(("http://", "https://")))
    return sorted({host for address in addresses if (host := urlsplit(address).hostname)})
