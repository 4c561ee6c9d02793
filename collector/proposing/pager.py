"""How the next page of a list is reached, recognised from links, scripts, forms and counts; pure."""

import re
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from collector.pages.markup import Element
from collector.proposing.markup import elements, find_all, marks_of, selector_of, text_of
from collector.proposing.words import NEXT, Part

_PAGE_NAME = re.compile(
    r"(?:page|p|pn|pg|pageno|page_no|pageindex|page_index|pagenum|pagenumber|currentpage|curpage|currpage|nowpage|"
    r"current|pageid|cpage|topage|gopage|yema|ys|\w*ap|\w*page\w*)",
    re.IGNORECASE,
)
_OFFSET_NAME = re.compile(r"offset|from|skip|begin|\w*start(?:record|row)?|first", re.IGNORECASE)
_SIZE_NAME = re.compile(
    r"size|limit|rows|perpage|per_page|count|num|length|\w*pagesize\w*|\w*limit|\w*length", re.IGNORECASE
)
_SPACE = r"(?:\s|&nbsp;|<[^>]{1,80}>)*"
_COUNTS = (
    ("pages", rf"共{_SPACE}(\d+){_SPACE}页"),
    (
        "pages",
        r"""(?:totalPages?|pageCount|countPage|pageTotal|allPage|total_page|page_count|maxPage)["']?\s*[:=]\s*["']?(\d+)""",
    ),
    ("pages", r"createPageHTML\(\s*(\d+)"),
    ("pages", rf"\d{{1,6}}{_SPACE}/{_SPACE}(\d+){_SPACE}页"),
    ("total", rf"共{_SPACE}(?:有{_SPACE})?(\d+){_SPACE}(?:条|封|件|个|记录|篇)"),
    ("total", r"""(?:totalCount|totalRecords?|recordCount|totalNum|totalRows|total)["']?\s*[:=]\s*["']?(\d+)"""),
)
_SCRIPTED_ADDRESS = re.compile(
    r"""['"]([^'"\s]{0,200}?[?&]?(?:page\w*|p|pn|curPage|cur|index)[=_/])['"]\s*\+\s*\w+(?:\s*\+\s*['"]([^'"\s]{0,200})['"])?""",
    re.IGNORECASE,
)
_TRS_PAGES = re.compile(r"""createPageHTML\(\s*(\d+)\s*,\s*\d+\s*,\s*["'](\w+)["']\s*,\s*["'](\w+)["']""")
_POST_BACK = re.compile(r"__doPostBack\(\s*(?:'|&#39;|\\')([^'&\\]+)(?:'|&#39;|\\')\s*,\s*(?:'|&#39;|\\')([^'&\\]*)")
_NUMBER = re.compile(r"\d{1,5}")


def find_pager(root: Element, source: str, url: str, listing: Part) -> None:
    """Add to a list how its pages are turned; says so where nothing was recognised."""
    paging: dict[str, Any] = {}
    found = (
        _by_trs(source, paging)
        or _by_links(root, url, listing, paging)
        or _by_form(root, source, url, paging)
        or _by_script(source, url, listing, paging)
        or _by_next(root, paging)
        or _by_own_address(url, listing, paging)
    )
    if not found:
        if re.search(r"下一?页|尾页|末页", source):
            listing.doubts["paging"] = "页面上有翻页字样，但没有认出怎样翻页；请在浏览器里看第二页的网址"
        else:
            listing.remarks["paging"] = "没有发现翻页，按只有一页处理"
        return
    if "next" not in paging or len(paging) > 1:
        _counts(source, paging)
    listing.keys["paging"] = paging


def page_in_address(url: str) -> tuple[str, dict[str, Any]] | None:
    """Return an address with `{page}` or `{offset}` in the place of its number, and what paging needs beside it."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    size = next((int(value) for name, value in query if _SIZE_NAME.fullmatch(name) and value.isdecimal()), None)
    for pattern, key in ((_PAGE_NAME, "page"), (_OFFSET_NAME, "offset")):
        for name, value in query:
            if pattern.fullmatch(name) and value.isdecimal() and int(value) < 100_000:
                if key == "offset" and (not size or int(value)):
                    continue
                template = re.sub(rf"([?&]{re.escape(name)}=)\d+", rf"\g<1>{{{key}}}", url, count=1)
                more: dict[str, Any] = {"first": int(value)} if key == "page" else {"size": size}
                return template, more
    return None


def _links(root: Element) -> list[tuple[str, Element]]:
    found = []
    for one in elements(root):
        if one.tag == "a" and (one.get("href") or one.get("onclick")):
            text = text_of(one)
            if text.lower() in NEXT or _NUMBER.fullmatch(text) or (one.get("title") or "") in NEXT:
                found.append((text, one))
    return found


def _by_links(root: Element, url: str, listing: Part, paging: dict[str, Any]) -> bool:
    """Read the numbers in the addresses of the links 2, 3 and 下一页."""
    addresses: dict[int, str] = {}
    for text, link in _links(root):
        href = (link.get("href") or "").strip()
        if not href or href.startswith("#") or (":" in href.split("/")[0] and not href.startswith("http")):
            continue
        target = urljoin(url, href)
        if text.isdecimal() and 2 <= int(text) <= 4:
            addresses[int(text)] = target
        elif text.lower() in NEXT or (link.get("title") or "") in NEXT:
            addresses.setdefault(2, target)
    second, third = addresses.get(2), addresses.get(3)
    if second is None or urlsplit(second).netloc != urlsplit(url).netloc or second == url:
        return False
    return (
        _counted_query(url, second, third, listing, paging)
        or _counted_path(url, second, third, paging)
        or _by_next(root, paging)
    )


def _counted_query(url: str, second: str, third: str | None, listing: Part, paging: dict[str, Any]) -> bool:
    parts = urlsplit(second)
    first_query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    query = parse_qsl(parts.query, keep_blank_values=True)
    third_query = dict(parse_qsl(urlsplit(third).query, keep_blank_values=True)) if third else {}
    changed = [
        (name, value)
        for name, value in query
        if value.isdecimal() and first_query.get(name) != value and (not third or third_query.get(name) != value)
    ]
    changed.sort(key=lambda pair: _PAGE_NAME.fullmatch(pair[0]) is None)
    for name, value in changed:
        if not (_PAGE_NAME.fullmatch(name) or _OFFSET_NAME.fullmatch(name) or third):
            continue
        template = re.sub(rf"([?&]{re.escape(name)}=)\d+", r"\g<1>{page}", second, count=1)
        step = int(third_query[name]) - int(value) if third_query.get(name, "").isdecimal() else 1
        if step == 1 and int(value) in (1, 2):
            if parts.path == urlsplit(url).path:
                listing.keys["url"] = template
                paging["first"] = int(value) - 1
            else:
                paging["url"] = template
                _second(paging, int(value))
            return True
        if step > 1 and int(value) in (step, step + 1):
            listing.keys["url"] = template
            paging |= {"first": int(value) - step, "step": step}
            return True
    return False


def _counted_path(url: str, second: str, third: str | None, paging: dict[str, Any]) -> bool:
    numbers = list(re.finditer(r"\d+", urlsplit(second).path))
    offset = second.index(urlsplit(second).path, len(urlsplit(second).scheme) + 3)
    for match in reversed(numbers):
        template = second[: offset + match.start()] + "{page}" + second[offset + match.end() :]
        value = int(match[0])
        if third is not None:
            if (other := re.fullmatch(re.escape(template).replace(r"\{page\}", r"(\d+)"), third)) is None:
                continue
            step = int(other[1]) - value
        elif value in (1, 2):
            step = 1
        else:
            continue
        paging["url"] = template
        if step == 1:
            _second(paging, value)
        else:
            paging |= {"first": value, "step": step}
        return True
    return False


def _second(paging: dict[str, Any], number: int) -> None:
    if number != 2:
        paging["first"] = number


def _by_trs(source: str, paging: dict[str, Any]) -> bool:
    match = _TRS_PAGES.search(source)
    if match is None:
        return False
    paging |= {"url": f"{match[2]}_{{page}}.{match[3]}", "first": 1, "pages": {"pattern": r"createPageHTML\(\s*(\d+)"}}
    return True


def _by_form(root: Element, source: str, url: str, paging: dict[str, Any]) -> bool:
    """Recognise a form whose number of the page is set by a script, ASP.NET's included."""
    for text, link in _links(root):
        call = f"{link.get('href') or ''} {link.get('onclick') or ''}"
        match = _POST_BACK.search(call)
        if match and text.isdecimal() and text in match[2]:
            argument = match[2].replace(text, "{page}")
            paging |= {"form": {"__EVENTTARGET": match[1], "__EVENTARGUMENT": argument}, "hidden": "form"}
            return True
    turned = [
        link
        for _, link in _links(root)
        if re.match(r"\s*(?:javascript:)?\s*\w+\(", link.get("onclick") or link.get("href") or "")
    ]
    if not turned:
        return False
    for form in find_all(root, ".//form"):
        fields = [field for field in find_all(form, ".//input") if field.get("name")]
        number = next((field for field in fields if _PAGE_NAME.fullmatch(field.get("name"))), None)
        if number is None or not re.search(r"submit\(\)", source):
            continue
        mark = next(iter(marks_of(form)), None) or (f"form[name='{form.get('name')}']" if form.get("name") else "form")
        action = urljoin(url, form.get("action") or "")
        if (form.get("method") or "get").lower() == "post":
            paging |= {"form": {number.get("name"): "{page}"}, "hidden": mark}
            if action != url:
                paging["url"] = action
        else:
            others = "".join(f"&{one.get('name')}={one.get('value') or ''}" for one in fields if one is not number)
            paging["url"] = f"{action.split('?')[0]}?{number.get('name')}={{page}}{others}"
        return True
    return False


def _by_script(source: str, url: str, listing: Part, paging: dict[str, Any]) -> bool:
    """Read the address that a script builds from a page's number."""
    match = _SCRIPTED_ADDRESS.search(source)
    if match is None:
        return False
    template = urljoin(url, match[1]) + "{page}" + (match[2] or "")
    if urlsplit(template).netloc != urlsplit(url).netloc:
        return False
    paging["url"] = template
    listing.doubts["paging.url"] = "翻页网址是从页面脚本里推出来的"
    return True


def _by_next(root: Element, paging: dict[str, Any]) -> bool:
    for text, link in _links(root):
        href = (link.get("href") or "").strip().lower()
        named = text.lower() in NEXT or (link.get("title") or "") in NEXT
        if named and href and not href.startswith(("#", "javascript:")):
            selector = selector_of(root, link) if marks_of(link) else None
            paging["next"] = selector or f"//a[contains(normalize-space(.), '{text.strip('>» ') or text}')]"
            return True
    return False


def _by_own_address(url: str, listing: Part, paging: dict[str, Any]) -> bool:
    """Read the number in the address of the page itself."""
    if (found := page_in_address(url)) is None:
        return False
    listing.keys["url"], more = found
    paging |= more
    return True


def _counts(source: str, paging: dict[str, Any]) -> None:
    if "pages" in paging:
        return
    for key, pattern in _COUNTS:
        if re.search(pattern, source):
            paging[key] = {"pattern": pattern}
            return
