"""Requests out of a description: templates filled with variables, secrets revealed, addresses made absolute; pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from collector.client import Request
from collector.errors import AddressRefused
from config.secrets import is_secret

Variables = Mapping[str, Any]
"""What `{name}` stands for; numbers are kept as numbers for JSON."""

Reveal = Callable[[str], str]
"""Returns what stands for a text of the description: the secret it names, or the text itself."""

Pairs = Sequence[tuple[str, str]]

LINK = "link"
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names_in(template: object) -> set[str]:
    """Return the names that a template, or a form or JSON value made of templates, asks for."""
    if isinstance(template, str):
        return set(_NAME.findall(template))
    if isinstance(template, Mapping):
        return set().union(*(names_in(key) | names_in(value) for key, value in template.items()))
    if isinstance(template, list | tuple):
        return set().union(*map(names_in, template))
    return set()


def filled(template: str, variables: Variables, encode: Callable[[str], str] = str) -> str:
    """Return a template with its known names replaced; braces around anything else stay, as JSON in a form needs.

    Args:
        encode: applied to each value.
    """
    return _NAME.sub(
        lambda match: encode(text_of(variables[match[1]])) if match[1] in variables else match[0], template
    )


def filled_data(data: object, variables: Variables, reveal: Reveal) -> Any:
    """Return JSON with the templates in it filled; one that is a single name becomes the value itself."""
    if isinstance(data, str):
        # Only what the description itself wrote may name a secret, never a value that a stranger's page gave.
        if is_secret(data):
            return reveal(data)
        if (whole := _NAME.fullmatch(data)) and whole[1] in variables:
            return variables[whole[1]]
        return filled(data, variables)
    if isinstance(data, Mapping):
        return {key: filled_data(value, variables, reveal) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [filled_data(value, variables, reveal) for value in data]
    return data


def filled_form(form: Mapping[str, str], variables: Variables, reveal: Reveal) -> dict[str, str]:
    """Return a form's fields, or headers, filled."""
    return {name: reveal(text) if is_secret(text) else filled(text, variables) for name, text in form.items()}


def filled_url(template: str, variables: Variables, base: str, encoding: str = "utf-8") -> str:
    """Return an absolute address; values are percent-encoded, except `{link}` and one that begins the address.

    Args:
        base: of relative addresses; may be empty.
        encoding: of the characters that are percent-encoded, where a site does not use UTF-8.
    Raises:
        AddressRefused: no absolute address comes of it.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            return match[0]
        text = text_of(variables[match[1]])
        return (
            text
            if match[1] == LINK or match.start() == 0
            else quote(text, safe="", encoding=encoding, errors="replace")
        )

    try:
        url = urljoin(base, _NAME.sub(value, template.strip()))
        absolute = bool(urlsplit(url).netloc)
    except ValueError:
        absolute = False
    if not absolute:
        raise AddressRefused(
            "the description gives no absolute address", item=template, todo="Give the source a base, or a whole url."
        )
    return url


def make_request(
    url: str,
    variables: Variables,
    reveal: Reveal,
    *,
    method: str | None = None,
    form: Mapping[str, str] | None = None,
    data: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    hidden: Pairs = (),
    encoding: str = "utf-8",
) -> Request:
    """Return the request that a part of a description asks for.

    Args:
        url: absolute.
        method: by default POST where there is something to send, else GET; the form of a GET becomes its query.
        form, data, headers: templates.
        hidden: fields carried over from a form of the page before; those of `form` go before them.
        encoding: of a form's texts.
    """
    method = method or ("GET" if form is None and data is None and not hidden else "POST")
    filled_headers = filled_form(headers or {}, variables, reveal)
    if data is not None:
        return Request(url, method, json=filled_data(data, variables, reveal), headers=filled_headers)
    fields: list[tuple[str, str]] | None = None
    if form is not None or hidden:
        own = filled_form(form or {}, variables, reveal)
        fields = [pair for pair in hidden if pair[0] not in own] + list(own.items())
    if method == "GET":
        if fields:
            query = urlencode(fields, encoding=encoding, errors="xmlcharrefreplace")
            url = f"{url}{'&' if '?' in url else '?'}{query}"
        return Request(url, headers=filled_headers)
    return Request(url, method, form=fields, headers=filled_headers, form_encoding=encoding)


def joined(lower: Mapping[str, Any] | None, upper: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the first page sends with what further pages say differently; blocks are joined key by key."""
    if lower is None or upper is None:
        return dict(upper) if upper is not None else dict(lower) if lower is not None else None
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = joined(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def text_of(value: object) -> str:
    """Return a variable as it stands in addresses and forms."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
