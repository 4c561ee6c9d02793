"""Secrets of live sources, taken from where the operator put them."""

from collector.errors import SecretMissing
from config.secrets import is_secret, read_secret, variable_of


def revealed(text: str, item: str) -> str:
    """Return what stands for a text of a source: the secret that it names, or the text itself.

    Args:
        item: id of the source, for the error.

    Raises:
        SecretMissing: the secret is given nowhere.
    """
    if not is_secret(text):
        return text
    try:
        value, variable = read_secret(text), variable_of(text)
    except ValueError as error:
        raise SecretMissing("the name of a secret cannot be used", item=item, todo=f"{error}.") from error
    if value is None:
        raise SecretMissing(
            f"{text} is not given",
            item=item,
            todo=f"Set {variable}, or put the file {variable.lower()} into the folder WENZHENG_SECRETS_DIR.",
        )
    return value
