"""How a text is read for the models: cut into words, with the signals that the rules of urgency see in it."""

from classifier.features import Read, words_of
from classifier.urgency import signals


def read(title: str, body: str) -> Read:
    """Return a text as models see it."""
    return Read(words_of(title), words_of(body), tuple(signal.feature for signal in signals(title, body)))
