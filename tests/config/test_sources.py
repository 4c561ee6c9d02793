"""The description language: what is refused when the profile is read."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.errors import ProfileError
from config.profile import load_profile
from config.sources import PAGE_FIELDS, Detail, Listing, Pick, Visit, Website
from tests.profiles import profile_file

WEBSITE = {
    "id": "board",
    "kind": "website",
    "channel": "site-board",
    "list": {"url": "http://board.test/", "rows": "tr", "fields": {"title": "a", "link": "a@href"}},
}


def refused(model: Any, value: Any) -> str:
    """Return what is said of a description that is refused."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return str(caught.value)


def test_a_description_of_a_website_is_read() -> None:
    """A selector may end in an attribute, `true` means the usual names, a text stands for a list of one."""
    website = Website.model_validate(WEBSITE | {"details": [{"fields": {"body": True, "contact": {"label": "电话"}}}]})

    assert website.list.fields["link"] == Pick(select="a", attr="href")
    assert website.details[0].fields["body"] == Pick(known=True)
    assert website.details[0].fields["contact"].label == ("电话",)


@pytest.mark.parametrize(
    "listing",
    [
        {"rows": "tr[", "fields": {"title": "a"}},
        {"rows": "tr", "fields": {"title": "a["}},
        {"rows": "tr", "fields": {"title": "a[@href"}},
        {"rows": "tr", "fields": {"title": {"label": "标题", "within": "table["}}},
        {"rows": "tr", "fields": {"title": {"select": "a", "remove": ["b", "i["]}}},
        {"rows": "tr", "at": "data[", "fields": {"title": "a"}},
        {"rows": "tr", "fields": {"title": "a"}, "vars": {"code": "//a["}},
        {"rows": "tr", "fields": {"title": "a"}, "replies": {"rows": "li[", "fields": {"answer_text": "p"}}},
        {"rows": "tr", "fields": {"title": "a"}, "paging": {"next": "a["}},
        {"rows": "tr", "fields": {"title": "a"}, "paging": {"hidden": "form["}},
    ],
)
def test_a_text_that_is_no_selector_is_refused(listing: dict[str, Any]) -> None:
    """When the profile is read, and not when the site is first asked."""
    assert " is no " in refused(Listing, listing)


def test_braces_in_a_selector_do_not_garble_the_message() -> None:
    """A text with braces is quoted as it stands."""
    assert "{a}[ is no CSS selector" in refused(Listing, {"fields": {"title": "{a}["}})


def test_a_pattern_must_be_a_regular_expression() -> None:
    """And a pick must say where its value is, in one way."""
    assert "no regular expression" in refused(Pick, {"pattern": "(a"})
    assert "say where the value is" in refused(Pick, {"every": True})
    assert "name one of" in refused(Pick, {"select": "a", "label": "标题"})


SOURCE = """
[[sources]]
id = "board"
kind = "website"
channel = "site-board"
[sources.list]
url = "http://board.test/"
rows = "tr"
"""
NO_CURSOR = "paging.cursor is found, and no url, headers, form or data holds {cursor}"
TEMPLATES = {
    "list.url": lambda text: ({"url": f"http://board.test/?after={text}"}, {}),
    "list.headers": lambda text: ({"headers": {"X-Next": text}}, {}),
    "list.form": lambda text: ({"form": {"rows": "10", "after": text}}, {}),
    "list.data": lambda text: ({"data": {"in": [{"after": text}, 10]}}, {}),
    "paging.url": lambda text: ({}, {"url": f"http://board.test/{text}.html"}),
    "paging.form": lambda text: ({}, {"form": {"after": text}}),
    "paging.data": lambda text: ({}, {"data": {"in": {"after": [text]}}}),
}
"""Where a template may stand: keys of the list and keys of its paging."""

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,15}", fullmatch=True)


def paged(place: str, text: str, **paging: str) -> dict[str, Any]:
    """Return a list with a text in one of the templates, and further keys of its paging."""
    own, of_paging = TEMPLATES[place](text)
    return {"fields": {"title": "a"}} | own | {"paging": of_paging | paging}


def faults(tmp_path: Path, block: str) -> tuple[str, ...]:
    """Return the faults of the shipped profile with one source more."""
    with pytest.raises(ProfileError) as caught:
        load_profile(profile_file(tmp_path, block))
    return caught.value.faults


@given(st.sampled_from(sorted(TEMPLATES)), st.text("ab /:?=&-{", max_size=5), st.text("ab /:?=&-}", max_size=5))
def test_a_cursor_that_a_template_asks_for_is_taken(place: str, before: str, behind: str) -> None:
    """Wherever the template stands, and whatever stands around the name."""
    listing = Listing.model_validate(paged(place, f"{before}{{cursor}}{behind}", cursor="data.next"))

    assert listing.paging is not None
    assert listing.paging.cursor == Pick(select="data.next")


@pytest.mark.parametrize("place", TEMPLATES)
@given(name=NAMES.filter(lambda name: name != "cursor"))
def test_a_cursor_that_no_template_asks_for_is_refused(place: str, name: str) -> None:
    """Another name in braces, or the word without them, is not the cursor; every page would be the first."""
    for text in (f"{{{name}}}", name, "cursor"):
        assert NO_CURSOR in refused(Listing, paged(place, text, cursor="data.next"))


@pytest.mark.parametrize("paging", [{"cursor": "data.next"}, {"cursor": {"select": "a"}, "cursor_first": "{cursor}"}])
def test_what_is_no_template_asks_for_no_cursor(paging: dict[str, Any]) -> None:
    """Neither the first value nor the name of a form field is filled."""
    assert NO_CURSOR in refused(Listing, {"form": {"{cursor}": "1"}, "fields": {"title": "a"}, "paging": paging})


@given(st.sampled_from(sorted(TEMPLATES)), NAMES)
def test_a_list_that_finds_no_cursor_needs_none(place: str, name: str) -> None:
    """Only `paging.cursor` asks for a template; `cursor_first` alone and other ways of paging do not."""
    text = f"{{{name}}}"
    assert Listing.model_validate(paged(place, text, cursor_first="0")).paging
    assert Listing.model_validate(paged(place, text, next="a.next")).paging


def test_a_cursor_without_use_is_told_by_its_list(tmp_path: Path) -> None:
    """The fault names the source and its list; with the template the profile is read."""
    block = f'{SOURCE}fields = {{ title = "a" }}\n[sources.list.paging]\ncursor = "data.next"\n'

    assert faults(tmp_path, block) == (f"sources[board].list: {NO_CURSOR}",)
    load_profile(profile_file(tmp_path, f'{block}data = {{ after = "{{cursor}}" }}\n'))


@pytest.mark.parametrize("name", PAGE_FIELDS)
def test_a_var_named_like_a_field_is_refused(name: str) -> None:
    """In the list, on a row's own page and in the visit, also beside vars that are well named."""
    names = {"mid": "a@id", name: "a"}
    said = f"{name} is the name of a field"

    assert said in refused(Listing, {"fields": {"title": "a"}, "vars": names})
    assert said in refused(Detail, {"fields": {"title": "a"}, "vars": names})
    assert said in refused(Visit, {"url": "http://board.test/", "vars": names})


@given(st.sets(NAMES.filter(lambda name: name not in PAGE_FIELDS), max_size=4))
def test_a_var_of_any_other_name_is_taken(names: set[str]) -> None:
    """All of them stay, beside the fields."""
    listing = Listing.model_validate({"fields": {"title": "a"}, "vars": dict.fromkeys(names, "a")})

    assert (set(listing.vars), set(listing.fields)) == (names, {"title"})


def test_a_field_behind_a_block_of_vars_is_told_by_its_key(tmp_path: Path) -> None:
    """As TOML has it, the line belongs to the block above; the fault names the vars of the source."""
    block = f"""{SOURCE}
[sources.list.fields]
title = "a"
[sources.list.vars]
mid = "a@data-id"
"""
    (fault,) = faults(tmp_path, block + 'body = "p"\n')

    said = "body is the name of a field; a field stands in fields, above the block of vars, and a variable needs"
    assert fault == f"sources[board].list.vars: {said} a name of its own"
    load_profile(profile_file(tmp_path, block))
