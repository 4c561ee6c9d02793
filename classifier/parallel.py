"""Answers for a long table by two processes, in the order of its rows."""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import cache
from itertools import chain, islice
from multiprocessing import get_context

from classifier.predict import Answer, TextIn, predict_each
from classifier.store import Bundle
from config.profile import Profile

PROCESSES = 2
ALONE = 6
"""Batches answered before other processes are worth starting: they take a second, as long as some 2,000 letters."""
AHEAD = 6
"""Batches that wait for a process or for their turn; more would only fill the memory."""

Answered = tuple[list[Answer], list[int]]


def answer_all(bundle: Bundle, profile: Profile, batches: Iterable[Sequence[TextIn]]) -> Iterator[Answered]:
    """Yield for each batch what `predict_each` returns, in order.

    A process that dies (the machine ran out of memory) loses nothing: its batches are answered here.
    """
    rest = iter(batches)
    for batch in islice(rest, ALONE):
        yield predict_each(bundle, profile, batch)
    later = next(rest, None)
    if later is None:
        return
    rest = chain([later], rest)
    if len(os.sched_getaffinity(0)) < PROCESSES:
        for batch in rest:
            yield predict_each(bundle, profile, batch)
        return
    # Without what it has laid out for answering, which is quicker made anew than sent.
    sent = replace(bundle)
    # Spawned, not forked: a copy of a process with threads of its own may stand still for ever.
    pool = ProcessPoolExecutor(PROCESSES, get_context("spawn"), _begin, (sent, profile))
    waiting: deque[tuple[Sequence[TextIn], Future[Answered] | None]] = deque()
    try:
        for batch in rest:
            waiting.append((batch, _submitted(pool, batch)))
            if len(waiting) > AHEAD:
                yield _answered(bundle, profile, *waiting.popleft())
        while waiting:
            yield _answered(bundle, profile, *waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, batch: Sequence[TextIn]) -> Future[Answered] | None:
    try:
        return pool.submit(_answer, batch)
    except BrokenProcessPool:
        return None


def _answered(bundle: Bundle, profile: Profile, batch: Sequence[TextIn], answered: Future[Answered] | None) -> Answered:
    if answered is not None:
        try:
            return answered.result()
        except BrokenProcessPool:
            pass
    return predict_each(bundle, profile, batch)


@cache
def _held() -> list[tuple[Bundle, Profile]]:
    return []


def _begin(bundle: Bundle, profile: Profile) -> None:
    # Ctrl-C reaches every process of the terminal; the first one decides, and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _held().append((bundle, profile))


def _answer(batch: Sequence[TextIn]) -> Answered:
    bundle, profile = _held()[0]
    return predict_each(bundle, profile, batch)
