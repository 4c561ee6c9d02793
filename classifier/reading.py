"""How a text is read for the models: cut into words, with the signals that the rules of urgency see in it."""

from classifier.features import Read, words_of
from classifier.segment import Words
from classifier.urgency import signals


def read(title: str, body: str, words: Words = ()) -> Read:
    """Return a text as models see it.

    Args:
        words: a bureau's own that are not cut apart; a model must be asked with those it learned with.
    """
    told = tuple(signal.feature for signal in signals(title, body))
    return Read(words_of(title, words), words_of(body, words), told)
