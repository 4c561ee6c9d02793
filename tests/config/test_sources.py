"""The description language: what is refused when the profile is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.sources import Listing, Pick, Website

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
