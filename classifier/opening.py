"""Tables of texts, opened for answering as for learning."""

from pathlib import Path

from collector.errors import ColumnsUnknown
from collector.opening import read_file
from collector.readers import Limits, Table, open_table


def open_texts(path: Path, limits: Limits) -> Table:
    """Open a table of texts, which needs no dates.

    Raises:
        FileRefused: the file cannot be read as a table, or no column is a text or a title.
    """
    try:
        return open_table(path.name, read_file(path, limits), limits)
    except ColumnsUnknown as error:
        raise ColumnsUnknown(
            error.what,
            item=error.item,
            todo="Name the column of the text 留言内容 (or body), the one of the title, if any, 留言主题 (or title).",
        ) from error
