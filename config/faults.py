"""What the database drivers report, said as our errors: what happened, to which database, what to do next.

Only faults of the database as a whole are turned; a broken constraint or a wrong statement stays SQLAlchemy's error,
because its cause is in our code. No text of a driver is passed on: PostgreSQL quotes the row in it.
"""

import sqlite3

from config.errors import DatabaseError, StorageFull, WenzhengError

_AGAIN = "Run the command again."
_FULL = ("the disk is full; nothing of this step was stored", f"Free some space. {_AGAIN}")
_READ_ONLY = ("the database cannot be written", "Give the service's user the right to write it and its folder.")
_DAMAGED = ("the database is damaged", "Stop the service and restore it from a backup.")
_REFUSED = ("the database server refuses this user", "Check user, password and rights, then run the command again.")

_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": ("the file is not a database", "Restore it from a backup, or name another file."),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "Check that its folder is there and may be written."),
    "SQLITE_BUSY": ("another process kept the database locked", f"{_AGAIN} If it lasts, see which process holds it."),
    "SQLITE_IOERR": ("the disk reported an error; nothing of this step was stored", "Check the disk and its quota."),
}

_POSTGRES = {
    "53100": _FULL,  # disk_full
    "25006": _READ_ONLY,  # read_only_sql_transaction
    "XX001": _DAMAGED,  # data_corrupted
    "XX002": _DAMAGED,  # index_corrupted
    "28000": _REFUSED,  # invalid_authorization_specification
    "28P01": _REFUSED,  # invalid_password
    "42501": _REFUSED,  # insufficient_privilege
    "3D000": ("the database does not exist", "Create it (createdb), then run `wenzheng init`."),
    "40001": ("another process changed the same rows; nothing of this step was stored", _AGAIN),
    "40P01": ("two processes waited for each other; nothing of this step was stored", _AGAIN),
    "53300": ("the database server has no free connection", f"Raise its max_connections. {_AGAIN}"),
}

# A commit may have reached the server before the line broke; our steps may be repeated, so that this does not matter.
_LOST = (
    "the database server cannot be reached, or the connection broke",
    f"Check that it runs, its address and that it lets this user in. {_AGAIN}",
)


def fault_of(error: BaseException | None, *, lost: bool, item: str) -> WenzhengError | None:
    """Return our error for what a driver raised, or None where it is no fault of the database as a whole.

    Args:
        error: the driver's own exception.
        lost: SQLAlchemy found that the connection is gone.
        item: the database, without its password.
    """
    if isinstance(error, sqlite3.Error):
        # Extended codes begin with the plain one: SQLITE_IOERR_WRITE, SQLITE_READONLY_DIRECTORY.
        code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        said = _SQLITE.get(code)
    else:
        state: str | None = getattr(error, "sqlstate", None)
        said = _POSTGRES.get(state or "")
        # The client library itself reports a failed connection, without a state; 08 and 57P0 are the server's.
        silent = state is None and type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        if said is None and (lost or silent or (state or "").startswith(("08", "57P0"))):
            said = _LOST
    if said is None:
        return None
    what, todo = said
    return (StorageFull if said is _FULL else DatabaseError)(what, item=item, todo=todo)
