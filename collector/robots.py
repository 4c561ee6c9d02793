"""robots.txt: what a site lets collectors ask, kept for a day so that a run need not ask for it again.

Source: RFC 9309; Crawl-delay is no part of it, and is honoured all the same.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from protego import Protego

from collector.addresses import Target
from collector.errors import CertificateRefused, HttpRefused, PageTooLarge, PageUnreadable, RobotsRefused, Unreachable

AGENT = "Wenzheng"
"""The name by which a robots.txt may address the collector."""

MAX_BYTES = 512 * 1024
"""What follows in a robots.txt is not read; RFC 9309 asks for 500 KiB at least."""

_MOST_KEPT = 16
_KEPT = timedelta(days=1)
_KEPT_FAULT = timedelta(minutes=10)
_LONGEST_DELAY_S = 30.0


class Robots:
    """The robots.txt files of the sites that one source asks.

    Args:
        kept: by origin, {"until": moment, "text": rules} or {"until": moment, "fault": words}; JSON-able, changed in
            place.
        now: the machine's clock, aware.
        get: asks for a URL of robots.txt and returns at most `MAX_BYTES` of it; raises as `Client.fetch`.
    """

    def __init__(
        self, kept: dict[str, dict[str, Any]], *, now: Callable[[], datetime], get: Callable[[str], bytes]
    ) -> None:
        self._kept, self._now, self._get = kept, now, get
        self._parsed: dict[str, tuple[str, Protego]] = {}

    def delay(self, target: Target) -> float:
        """Return the seconds that the site wants between two requests, 30 at most; 0 if it says nothing.

        Raises:
            RobotsRefused: the site forbids the address, or is failing and cannot be asked.
            SourceFailed: as asking for any other page does.
        """
        entry = self._kept.get(target.origin)
        if entry is None or not self._fresh(entry):
            entry = self._ask(target)
        if "fault" in entry:
            raise RobotsRefused(
                f"the site's robots.txt cannot be read ({entry['fault']}), so nothing else is asked",
                item=target.shown,
                todo="Try again in ten minutes; if it lasts, ask the site's keeper.",
            )
        rules = self._parse(target.origin, entry["text"])
        if not rules.can_fetch(target.url, AGENT):
            raise RobotsRefused(
                "the site's robots.txt forbids this address to collectors",
                item=target.shown,
                todo="Ask the site's keeper for leave; with it, set robots = false and the reason in the source.",
            )
        return min(rules.crawl_delay(AGENT) or 0.0, _LONGEST_DELAY_S)

    def _fresh(self, entry: dict[str, Any]) -> bool:
        # An end further off than a file is ever kept means that the clock was set back.
        return timedelta(0) < datetime.fromisoformat(entry["until"]) - self._now() <= _KEPT

    def _ask(self, target: Target) -> dict[str, Any]:
        entry: dict[str, Any]
        lasting = _KEPT
        try:
            entry = {"text": _rules(self._get(f"{target.origin}/robots.txt"))}
        except CertificateRefused:
            # No failing server, but something a person must set right, and then wants to try at once.
            raise
        except (HttpRefused, PageTooLarge, PageUnreadable, Unreachable) as err:
            # RFC 9309, 2.3.1.3 and 2.3.1.4: without the file all is allowed; while the server fails, nothing is. 429 is
            # a server that wants to be left alone.
            missing = isinstance(err, HttpRefused) and err.status < 500 and err.status != 429
            if missing:
                entry = {"text": ""}
            else:
                entry = {"fault": err.what}
                wanted = timedelta(seconds=getattr(err, "retry_after", None) or 0.0)
                lasting = min(max(_KEPT_FAULT, wanted), _KEPT)
        entry["until"] = (self._now() + lasting).isoformat()
        for origin in [origin for origin, old in self._kept.items() if not self._fresh(old)]:
            del self._kept[origin]
        # Links may lead to any number of hosts, and all that is kept goes into the database with each batch.
        while len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[target.origin] = entry
        return entry

    def _parse(self, origin: str, text: str) -> Protego:
        parsed = self._parsed.get(origin)
        if parsed is None or parsed[0] != text:
            parsed = self._parsed[origin] = (text, Protego.parse(text))
        return parsed[1]


def _rules(content: bytes) -> str:
    """Return the lines that matter; what is kept goes into the database with each cursor."""
    text = content[:MAX_BYTES].decode("utf-8-sig", "replace").replace("\0", "")
    # Many sites answer a page of their own, with status 200, for whatever is missing.
    if text.lstrip().startswith("<"):
        return ""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.lower().startswith(("sitemap", "site-map")))
