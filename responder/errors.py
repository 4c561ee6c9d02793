"""The responder's errors.

ResponderError
├── MoveRefused               a case may not make this move from where it stands
├── NoRule                    no rule of a clock was in force on the day a due date starts from
├── AuditRefused              an audit event holds something that does not belong into the audit
├── AccountError              an account cannot be made or changed as asked
│   └── PasswordRefused       the password is too short, too long, or the user name
├── LogInBusy                 too many people log in at once
├── DeskUnavailable           the desk cannot listen at its address
├── AlreadyRunning            another scheduler works on this home
├── TrainingFailed            the night's training ended without a proposal
├── DemoRefused               the demo would overwrite something that is no demo
└── ReportError               a weekly summary cannot be made, found or written
    ├── EditionMissing        there is no such edition
    ├── ReportFormatUnknown   the summary is not written in this format
    ├── ReportUnwritable      the file could not be written; an earlier one is untouched
    ├── WeekNotBegun          the week lies in the future
    └── WeekUnknown           the text names no week
"""

from collections.abc import Sequence

from config.errors import WenzhengError


class ResponderError(WenzhengError):
    """Anything the responder refuses."""


class MoveRefused(ResponderError):
    """Raised by `lifecycle.move`; the case was not changed. Its text is read by staff, hence Chinese.

    Args:
        allowed: the moves that are open to the case now.
    """

    def __init__(self, why: str, *, case: str, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        todo = f"现在可以：{'、'.join(self.allowed)}" if self.allowed else "现在没有可以进行的操作"
        super().__init__(why, item=case, todo=todo)

    def __str__(self) -> str:
        return f"{self.item}：{self.what}。{self.todo}。"


class NoRule(ResponderError):
    """Raised by `deadlines.due` when the profile holds no rule of the clock for that day; nothing is due."""


class AuditRefused(ResponderError):
    """Raised by `audit.record`; nothing was written, and the act itself is rolled back with it."""


class ReportError(ResponderError):
    """Anything about the weekly summary."""


class EditionMissing(ReportError):
    """Raised by `load_edition` when the week, or this version of it, was never drafted."""


class ReportFormatUnknown(ReportError):
    """Raised by `report` before anything is drafted; the message names the known formats."""


class ReportUnwritable(ReportError):
    """Raised by `report` when the file cannot be written; what stood at that path before still stands."""


class WeekNotBegun(ReportError):
    """Raised when figures of a future week are asked for; nothing was drafted."""


class WeekUnknown(ReportError):
    """Raised by `parse_week` when a text has another form than 2026-W47, or its year has no such week."""


class AccountError(ResponderError):
    """Raised by accounts.py when an account cannot be made or changed as asked; nothing was changed."""


class PasswordRefused(AccountError):
    """Raised when a new password does not follow the rules; the password itself is never quoted."""


class AlreadyRunning(ResponderError):
    """Raised by `scheduler_lock` when another process holds the lock; this one ends, that one goes on."""


class TrainingFailed(ResponderError):
    """Raised by `retraining.retrain`; the version in service is untouched, and the next night tries again."""


class DemoRefused(ResponderError):
    """Raised by `fill_demo` when the home is no demo home; nothing in it was touched."""


class LogInBusy(ResponderError):
    """Raised by `log_in` when too many log in at once; the password was not looked at and nothing was counted."""


class DeskUnavailable(ResponderError):
    """Raised by `serve` when the desk cannot listen at its address; nothing was started."""
