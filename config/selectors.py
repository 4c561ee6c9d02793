"""The three ways in which a description points into a page: CSS, XPath and JMESPath; each is compiled once.

CSS and XPath are for HTML and XML; a selector is XPath when it begins with `/`, `./` or `(`. JMESPath is for JSON.
"""

import json
import re
from functools import lru_cache
from typing import Any

import jmespath
from cssselect import GenericTranslator, HTMLTranslator, SelectorError
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from lxml import etree

_XPATH_STARTS = ("/", "./", "(", "..")
_NAMESPACES = {"re": "http://exslt.org/regular-expressions"}
_COMPILED = 4096
# Quoted parts are passed over, so that only bare words are looked at.
_QUOTED_OR_WORD = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|[^\W\d]\w*""")


class BadSelector(ValueError):
    """Raised for a text that is no selector; the message says why."""


class _Functions(jmespath.functions.Functions):
    """The functions of JMESPath, one for JSON that stands as text within JSON, and one for objects keyed by ids."""

    @jmespath.functions.signature({"types": []})
    def _func_from_json(self, value: object) -> object:
        return from_json(value)

    @jmespath.functions.signature({"types": ["object"]})
    def _func_items(self, value: dict[str, object]) -> list[list[object]]:
        return [[key, member] for key, member in value.items()]


_OPTIONS = jmespath.Options(custom_functions=_Functions())


def from_json(value: object) -> object:
    """Return the JSON that a text holds; what is no text, or no JSON, comes back as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
        return value
    try:
        return json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return value


def is_xpath(text: str) -> bool:
    """Tell whether a selector of a page is meant as XPath."""
    return text.startswith(_XPATH_STARTS)


@lru_cache(_COMPILED)
def tree_selector(text: str, *, is_xml: bool = False) -> etree.XPath:
    """Return the compiled form of a CSS or XPath selector; called with an element it gives what it selects.

    Args:
        is_xml: names keep their case.
    Raises:
        BadSelector: the text is neither.
    """
    try:
        if is_xpath(text):
            return etree.XPath(text, namespaces=_NAMESPACES)
        translator = GenericTranslator() if is_xml else HTMLTranslator()
        return etree.XPath("." if text == "." else translator.css_to_xpath(text), namespaces=_NAMESPACES)
    except (SelectorError, etree.XPathError, ValueError) as error:
        raise BadSelector(f"{text} is no {'XPath' if is_xpath(text) else 'CSS selector'}: {error}") from error


@lru_cache(_COMPILED)
def json_selector(text: str) -> ParsedResult:
    """Return the compiled form of a JMESPath; keys in Chinese may stand without the quotes it wants around them.

    Raises:
        BadSelector: the text is none.
    """
    try:
        compiled = jmespath.compile(text if text.isascii() else _QUOTED_OR_WORD.sub(_quoted, text))
    except (JMESPathError, ValueError) as error:
        raise BadSelector(f"{text} is no JMESPath: {' '.join(str(error).split())}") from error
    # JMESPath itself finds out only when it meets a value, and there it would look like an answer without rows.
    if unknown := sorted(_functions_in(compiled.parsed) - _Functions.FUNCTION_TABLE.keys()):
        raise BadSelector(f"{text} is no JMESPath: there is no function {unknown[0]}")
    return compiled


def _functions_in(part: Any) -> set[str]:
    """Return the names of the functions that a parsed JMESPath calls."""
    own = {part["value"]} if part["type"] == "function_expression" else set()
    return own.union(*(_functions_in(one) for one in part["children"] if isinstance(one, dict)))


def _quoted(match: re.Match[str]) -> str:
    return match[0] if match[1] or match[0].isascii() else f'"{match[0]}"'


def search_json(text: str, value: object) -> Any:
    """Return what a JMESPath finds in a JSON value; None when a function in it does not fit the value.

    Raises:
        BadSelector: the text is no JMESPath.
    """
    compiled = json_selector(text)
    try:
        return compiled.search(value, _OPTIONS)
    except (JMESPathError, RecursionError, ArithmeticError, AttributeError, TypeError, ValueError):
        return None


def check_selector(text: str) -> None:
    """Accept a text that is a selector in one of the three languages; which one is asked shows only at the answer.

    Raises:
        BadSelector: it is none in any of them.
    """
    try:
        tree_selector(text)
    except BadSelector as error:
        try:
            json_selector(text)
        except BadSelector:
            raise error from None
