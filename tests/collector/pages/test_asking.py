"""Templates, secrets and requests out of a description."""

import string
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import AddressRefused
from collector.pages.asking import filled, filled_data, filled_url, joined, make_request, names_in

BASE = "https://www.example.gov.cn/hdjl/list.jsp"


def reveal(text: str) -> str:
    """Return secrets with a mark."""
    return f"<{text}>" if text.startswith("secret:") else text


def test_known_names_are_replaced_and_other_braces_stay():
    """JSON in a form field keeps its braces; a name that nothing is known of stays as it is written."""
    assert (
        filled('{"fid":{fid},"page":{page},"x":{other}}', {"fid": 539, "page": 2}) == '{"fid":539,"page":2,"x":{other}}'
    )


def test_the_names_of_nested_templates_are_found():
    """In texts, forms and JSON alike."""
    assert names_in({"a": "{page}", "b": [{"c": "x{offset}"}, 3, None]}) == {"page", "offset"}
    assert names_in(None) == set()


def test_a_template_that_is_one_name_keeps_the_kind_of_its_value():
    """Interfaces that want a number get a number, and a text where the site gave a text."""
    data = {"page": "{page}", "last": "{cursor}", "note": "page {page}", "in": {"list": ["{page}", 5, True]}}

    assert filled_data(data, {"page": 3, "cursor": "3"}, reveal) == {
        "page": 3,
        "last": "3",
        "note": "page 3",
        "in": {"list": [3, 5, True]},
    }


def test_values_in_addresses_are_encoded():
    """A value cannot add parameters or leave its place in the path."""
    url = filled_url("/view.jsp?id={id}&q={q}", {"id": "1&admin=1", "q": "统计 局"}, BASE)

    assert url == "https://www.example.gov.cn/view.jsp?id=1%26admin%3D1&q=%E7%BB%9F%E8%AE%A1%20%E5%B1%80"
    assert filled_url("/a/{id}.htm", {"id": "../x"}, BASE) == "https://www.example.gov.cn/a/..%2Fx.htm"


def test_an_address_may_be_encoded_as_the_site_wants_it():
    """Old sites read GBK in their queries."""
    assert filled_url("?q={q}", {"q": "统计"}, BASE, "gb18030").endswith("?q=%CD%B3%BC%C6")


def test_a_link_is_asked_for_as_it_stands():
    """`{link}`, and any value that begins the address, are addresses themselves."""
    link = "https://www.example.gov.cn/view.jsp?id=1&x=2"

    assert filled_url("{link}", {"link": link}, "") == link
    assert filled_url("{href}&lang=zh", {"href": "view.jsp?id=1"}, BASE) == (
        "https://www.example.gov.cn/hdjl/view.jsp?id=1&lang=zh"
    )


@pytest.mark.parametrize("template", ["list.jsp", "/list.jsp", "http://[::1/x", ""])
def test_an_address_that_is_not_whole_is_refused(template):
    """Without a base there is nothing to complete it with."""
    with pytest.raises(AddressRefused):
        filled_url(template, {}, "")


@given(st.text(max_size=20), st.text(string.ascii_letters, min_size=1, max_size=5))
def test_no_value_changes_the_parameters_of_an_address(value, name):
    """Whatever a page gives as a value, it comes back whole as this one parameter."""
    url = filled_url(f"https://h/p?a={{{name}}}&b=1", {name: value}, "")

    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert set(query) == {"a", "b"}
    assert urlsplit(url).netloc == "h"


def test_what_is_sent_makes_it_a_post():
    """GET by default, POST with a form or JSON, and what the description says above all."""
    assert make_request(BASE, {}, reveal).method == "GET"
    assert make_request(BASE, {}, reveal, form={"a": "1"}).method == "POST"
    assert make_request(BASE, {}, reveal, data={"a": "1"}).json == {"a": "1"}
    assert make_request(BASE, {}, reveal, method="POST").form is None


def test_the_form_of_a_get_becomes_its_query():
    """Behind what the address has already."""
    request = make_request(BASE + "?x=1", {"page": 2}, reveal, method="GET", form={"page": "{page}", "w": "a b"})

    assert request.url == BASE + "?x=1&page=2&w=a+b"
    assert request.form is None


def test_hidden_fields_go_along_and_the_descriptions_own_win():
    """As a browser sends a form whose fields were changed."""
    request = make_request(
        BASE, {"page": 2}, reveal, form={"target": "Page${page}"}, hidden=[("state", "abc="), ("target", "")]
    )

    assert request.form == [("state", "abc="), ("target", "Page$2")]


def test_only_the_description_names_secrets():
    """A value that a page gives is never looked up, even if it is written like a secret."""
    request = make_request(
        BASE,
        {"evil": "secret:board"},
        reveal,
        form={"password": "secret:board", "x": "{evil}"},
        headers={"Authorization": "secret:token", "X": "{evil}"},
    )

    assert request.form == [("password", "<secret:board>"), ("x", "secret:board")]
    assert request.headers == {"Authorization": "<secret:token>", "X": "secret:board"}
    assert filled_data({"p": "secret:board", "x": "{evil}"}, {"evil": "secret:board"}, reveal) == {
        "p": "<secret:board>",
        "x": "secret:board",
    }


def test_further_pages_say_only_what_is_different():
    """Blocks are joined key by key, lists are replaced."""
    assert joined(None, None) is None
    assert joined({"a": "1"}, None) == {"a": "1"}
    assert joined({"a": "1", "in": {"b": 1, "c": 2}}, {"in": {"c": 3}}) == {"a": "1", "in": {"b": 1, "c": 3}}
