"""The errors of the classifier.

WenzhengError
└── ClassifierError           anything about models, labels or training
    ├── ModelError            a model cannot be used; the one in service stays in service
    │   ├── ModelMissing      no such version, or its file is gone
    │   ├── CorruptModel      the file is damaged: restore it or use another version
    │   └── IncompatibleModel the file is whole, but of another program version: train again or upgrade
    ├── LabelError            a label names an unknown question, value, origin or message
    ├── TrainingDataError     the labelled rows do not suffice to train or measure
    │   └── NothingNew        every row was learned already
    └── DayNotOver            a look at drift up to a day that is not over yet
"""

from config.errors import WenzhengError


class ClassifierError(WenzhengError):
    """Anything about models, labels or training."""


class ModelError(ClassifierError):
    """A model that cannot be used; whatever was in service stays in service."""


class ModelMissing(ModelError):
    """Raised when a version is not registered or its file is not in the models folder."""

    def __init__(self, what: str, *, item: str) -> None:
        super().__init__(what, item=item, todo="`wenzheng models list` shows what there is.")


class CorruptModel(ModelError):
    """Raised by `load_bundle` for a file that is damaged or was changed."""

    def __init__(self, reason: str, *, item: str) -> None:
        super().__init__(
            f"the model file is damaged ({reason})",
            item=item,
            todo="Put another version into service (`wenzheng models rollback` or `activate`), or restore the file "
            "from the backup.",
        )


class IncompatibleModel(ModelError):
    """Raised by `load_bundle` for a whole file that another version of the program wrote."""

    def __init__(self, reason: str, *, item: str) -> None:
        super().__init__(
            f"the model file is of another format ({reason})",
            item=item,
            todo="Train again with this version of the program, or use the version that wrote it.",
        )


class LabelError(ClassifierError):
    """Raised by `add_label` for a question, value, origin or message that does not exist."""


class TrainingDataError(ClassifierError):
    """Raised before training or measuring, when the labelled rows cannot carry it."""


class NothingNew(TrainingDataError):
    """Raised before training, when the version in service learned the very same rows."""


class DayNotOver(ClassifierError):
    """Raised by `drift.look` for today or a later day: only whole days are compared."""
