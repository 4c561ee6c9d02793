"""The bureau's profile: one TOML file that says who the bureau is and by which rules it works.

It is checked whole at start: every fault is named by its key, unknown keys are refused.
docs/profile.md explains each key; a test compares the two.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from config.errors import ProfileError
from config.profile_keys import entries, key_of, suggest, text_of, texts_of
from config.sources import AnySource, Source, source_faults, with_preset

KINDS = ("咨询", "求助", "建议", "投诉", "举报", "感谢", "申请公开", "征求意见反馈")
SENTIMENTS = ("正面", "中性", "负面")
URGENCIES = ("高", "中", "低")
EMOTIONS = ("fear", "disgust", "optimism", "surprise", "gratitude", "sadness", "anger")
CATEGORIES = (
    "城乡建设",
    "环境保护",
    "交通运输",
    "教育文体",
    "劳动和社会保障",
    "商贸旅游",
    "卫生计生",
    "统计",
    "其他",
)
INVALID = "无效"
EXTERNAL = "外部:"
ROLES = ("拟稿", "科室负责人", "办公室", "分管领导")
"""Who takes part in an answer, in the order of their offices."""

SHIPPED = Path(__file__).with_name("linyi.toml")
"""The profile of the first bureau, used where no other is named."""

Text = Annotated[str, Field(min_length=1)]
# Arrays of TOML are lists to Python; everything else must already have its type, since "5" or 1 for true
# is more often a slip than a wish.
Texts = Annotated[tuple[Text, ...], Field(strict=False)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PydanticCustomError("zone", f"unknown time zone {name!r}, write one such as Asia/Shanghai") from error
    return name


def _ideographs(word: str) -> str:
    if not (2 <= len(word) <= 16 and all("\u4e00" <= character <= "\u9fd5" for character in word)):
        raise PydanticCustomError("word", f"write {word!r} as 2 to 16 ideographs without blanks or marks")
    return word


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", str_strip_whitespace=True, populate_by_name=True
    )


class Bureau(_Part):
    """Who the bureau is."""

    name: Text
    short_name: Text
    region: Text
    timezone: Annotated[Text, AfterValidator(_known_zone)] = "Asia/Shanghai"
    words: Annotated[tuple[Annotated[str, AfterValidator(_ideographs)], ...], Field(strict=False)] = ()


class Section(_Part):
    """A section of the bureau: it can own a case."""

    name: Text
    duties: Texts = Field(min_length=1)
    phrases: Texts = ()
    contact: Text


class Body(_Part):
    """Another body: people are guided to it."""

    name: Text
    duties: Texts = Field(min_length=1)
    phrases: Texts = ()
    contact: Text
    route: Text


class Channel(_Part):
    """A way in which the public reaches the bureau."""

    id: Text
    name: Text
    expects_reply: bool
    access: Literal["normal", "restricted"] = "normal"
    clock: str | None = None
    cases_since: date | None = None


class ClockRule(_Part):
    """One dated rule of a deadline; several rules of one id follow each other by `since`."""

    id: Text
    name: Text
    law: Text
    since: date = Field(alias="from")
    amount: int = Field(ge=1)
    unit: Literal["working_days", "days", "months", "hours"]
    pausable: bool
    extension: int = Field(0, ge=0)
    checked: bool


class Chain(_Part):
    """Who takes part in an answer, in order, for some kinds and urgencies (empty: all)."""

    name: Text
    kinds: Texts = ()
    urgencies: Texts = ()
    steps: Texts = Field(min_length=1)


class Profile(_Part):
    """The whole profile."""

    bureau: Bureau
    sections: tuple[Section, ...] = Field(min_length=1, strict=False)
    bodies: tuple[Body, ...] = Field((), strict=False)
    channels: tuple[Channel, ...] = Field(min_length=1, strict=False)
    clocks: tuple[ClockRule, ...] = Field(min_length=1, strict=False)
    chains: tuple[Chain, ...] = Field(min_length=1, strict=False)
    sources: tuple[Source, ...] = Field((), strict=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The bureau's time zone; weeks and due days are counted in it."""
        return ZoneInfo(self.bureau.timezone)

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """Every owner a message can have: sections, `外部:NAME` of the other bodies, and 无效."""
        outside = tuple(EXTERNAL + body.name for body in self.bodies)
        return tuple(section.name for section in self.sections) + outside + (INVALID,)

    def channel(self, channel_id: str) -> Channel | None:
        """Return the channel of this id, or None."""
        return next((channel for channel in self.channels if channel.id == channel_id), None)

    def source(self, source_id: str) -> AnySource | None:
        """Return the live source of this id, or None."""
        return next((source for source in self.sources if source.id == source_id), None)

    def clock(self, clock_id: str, on: date) -> ClockRule | None:
        """Return the rule of this id in force on a day, or None."""
        rules = [rule for rule in self.clocks if rule.id == clock_id and rule.since <= on]
        return max(rules, key=lambda rule: rule.since, default=None)

    def chain(self, kind: str, urgency: str) -> Chain:
        """Return the first chain written for a kind and urgency; `load_profile` makes sure there is one.

        Raises:
            KeyError: no chain fits; in a checked profile only for words that are no kind or urgency.
        """
        for chain in self.chains:
            if _answers(chain, kind, urgency):
                return chain
        raise KeyError((kind, urgency))


def _answers(chain: Chain, kind: str, urgency: str) -> bool:
    return (not chain.kinds or kind in chain.kinds) and (not chain.urgencies or urgency in chain.urgencies)


def load_profile(path: Path | None = None) -> Profile:
    """Read and check a profile; without a path the shipped one.

    Raises:
        ProfileError: the file cannot be read or has faults; all of them are listed, each with its key.
    """
    path = path or SHIPPED
    data = _read(path)
    if isinstance(blocks := data.get("sources"), list):
        data["sources"] = [with_preset(block) if isinstance(block, dict) else block for block in blocks]
    faults = [*_cross_faults(data)]
    try:
        # Only the documented names are keys of the file, not the names the program uses for them.
        profile = Profile.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        found = [_describe(detail, data) for detail in error.errors(include_url=False)]
        raise ProfileError(str(path), found + faults) from error
    if faults:
        raise ProfileError(str(path), faults)
    return profile


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise ProfileError(str(path), ["there is no such file"]) from error
    except OSError as error:
        raise ProfileError(str(path), [f"the file cannot be read: {error.strerror}"]) from error
    try:
        # Windows editors put a byte-order mark before UTF-8.
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ProfileError(str(path), [f"line {line}: not UTF-8; save the file as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(str(path), [f"not TOML: {error}"]) from error


# --- naming a key -----------------------------------------------------------------------------------------


_WORDS = {
    "missing": "the key is missing",
    "string_type": "must be text in quotes",
    "string_too_short": "is empty",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number without quotes",
    "date_type": "must be a date such as 2026-01-01, without quotes",
    "tuple_type": "must be a list in [ ], or for a part of the profile blocks under [[ ]]",
    "too_short": "needs at least one entry",
    "model_type": "must be a block with keys",
    "model_attributes_type": "must be a block with keys",
}


def _model_at(loc: Sequence[int | str]) -> type[BaseModel] | None:
    """Return the model of the block at a place, as pydantic walks it."""
    model: type[BaseModel] | None = Profile
    for step in loc:
        if model is None or isinstance(step, int):
            continue
        if step in ("website", "feed", "imap", "folder"):
            model = next(one for one in _models_in(AnySource) if step in get_args(one.model_fields["kind"].annotation))
            continue
        field = next((one for name, one in model.model_fields.items() if step in (name, one.alias)), None)
        model = next(iter(_models_in(field.annotation)), None) if field is not None else None
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield every model that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _describe(detail: ErrorDetails, data: Mapping[str, Any]) -> str:
    """Turn one fault found by pydantic into a line that names the key."""
    loc = detail["loc"]
    model = _model_at(loc[:-1])
    if loc[0] == "sources":
        # The kind, by which pydantic told the sources apart, is no part of the key.
        loc = loc[:2] + loc[3:]
    where = key_of(loc, data)
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()] if model is not None else []
        return f"{where}: unknown key{suggest(str(loc[-1]), known)}"
    if kind == "literal_error":
        return f"{where}: must be one of {detail['ctx']['expected']}"
    if kind == "greater_than_equal":
        return f"{where}: must be {detail['ctx']['ge']} or more"
    return f"{where}: {_WORDS.get(kind, detail['msg'])}"


# --- faults between keys ----------------------------------------------------------------------------------
# They are looked for in the file as it was read, so that one run lists them beside the faults of single keys.
# A value of the wrong type is passed over here; pydantic has named it.


def _cross_faults(data: Mapping[str, Any]) -> Iterator[str]:
    yield from _repeated_names(data)
    yield from _owner_faults(data)
    yield from _channel_faults(data)
    yield from _clock_faults(data)
    yield from _chain_faults(data)
    channels = frozenset(text_of(entry, "id") for _, entry in entries(data, "channels"))
    for number, key, fault in source_faults(data, channels):
        yield f"{key_of(('sources', number, key), data)}: {fault}"


def _repeated_names(data: Mapping[str, Any]) -> Iterator[str]:
    for part, key in (
        ("sections", "name"),
        ("bodies", "name"),
        ("channels", "id"),
        ("channels", "name"),
        ("chains", "name"),
    ):
        names = [(number, text_of(entry, key)) for number, entry in entries(data, part)]
        times = Counter(name for _, name in names if name)
        seen: set[str] = set()
        for number, name in names:
            if name in seen:
                said = "named" if key == "name" else f"given the {key}"
                count = "two" if times[name] == 2 else str(times[name])
                yield f"{part}[{number}].{key}: {count} {part} are {said} {name}"
            if name:
                seen.add(name)


def _owner_faults(data: Mapping[str, Any]) -> Iterator[str]:
    sections = {text_of(entry, "name") for _, entry in entries(data, "sections")} - {""}
    places: dict[str, str] = {}
    for part in ("sections", "bodies"):
        for number, entry in entries(data, part):
            name = text_of(entry, "name")
            where = key_of((part, number, "name"), data)
            if part == "bodies" and name in sections:
                yield f"{where}: a section has the same name"
            if name == INVALID or name.startswith((EXTERNAL, "外部：")):
                yield f"{where}: {INVALID} and names that begin with {EXTERNAL} have a meaning of their own"
            phrases = key_of((part, number, "phrases"), data)
            for phrase in texts_of(entry, "phrases"):
                # A phrase of two owners speaks for neither.
                if phrase in places:
                    yield f"{phrases}: {phrase} stands in {places[phrase]} already"
                places.setdefault(phrase, phrases)


def _channel_faults(data: Mapping[str, Any]) -> Iterator[str]:
    clocks = {text_of(entry, "id") for _, entry in entries(data, "clocks")} - {""}
    for number, entry in entries(data, "channels"):
        clock = text_of(entry, "clock")
        if clock and clock not in clocks:
            where = key_of(("channels", number, "clock"), data)
            yield f"{where}: there is no clock {clock}{suggest(clock, clocks)}"
        since = entry.get("cases_since")
        where = key_of(("channels", number, "cases_since"), data)
        if isinstance(since, date) and not 2000 <= since.year <= 2100:
            yield f"{where}: {since} is not a likely day"
        if since is not None and entry.get("expects_reply") is False:
            yield f"{where}: the channel expects no reply and opens no cases; remove the key"


def _clock_faults(data: Mapping[str, Any]) -> Iterator[str]:
    seen: set[tuple[str, Any]] = set()
    for number, entry in entries(data, "clocks"):
        rule = (text_of(entry, "id"), entry.get("from"))
        if all(rule) and isinstance(rule[1], date):
            if rule in seen:
                yield f"clocks[{number}].from: two rules of the clock {rule[0]} begin on {rule[1]}"
            seen.add(rule)
        if entry.get("pausable") is True and entry.get("unit") in ("hours", "months"):
            where = key_of(("clocks", number, "pausable"), data)
            yield f"{where}: a limit in {entry['unit']} cannot pause"


def _chain_faults(data: Mapping[str, Any]) -> Iterator[str]:
    covered: set[tuple[str, str]] = set()
    chains = list(entries(data, "chains"))
    for number, entry in chains:
        for key, known in (("kinds", KINDS), ("urgencies", URGENCIES), ("steps", ROLES)):
            where = key_of(("chains", number, key), data)
            for word in texts_of(entry, key):
                if word not in known:
                    yield f"{where}: {word} is none of {'、'.join(known)}{suggest(word, known)}"
        steps = texts_of(entry, "steps")
        if steps and (steps[0] != ROLES[0] or len(steps) < 2 or len(set(steps)) < len(steps)):
            where = key_of(("chains", number, "steps"), data)
            yield f"{where}: begin with {ROLES[0]} and let somebody else sign, nobody twice"
        kinds, urgencies = texts_of(entry, "kinds") or KINDS, texts_of(entry, "urgencies") or URGENCIES
        covered |= set(product(kinds, urgencies))
    for kind in KINDS if chains else ():
        open_to = [urgency for urgency in URGENCIES if (kind, urgency) not in covered]
        if open_to:
            yield f"chains: no chain is written for {kind} with urgency {'、'.join(open_to)}"
