"""Model bundles in files: one .npz answers every question.

The file holds plain arrays (`allow_pickle=False`) and a JSON header: format, version, labels, thresholds,
calibration, the bureau's words, training counts and a checksum over all of it. It is written beside its
place, synced and renamed, so that a file under its own name is whole.
"""

import hashlib
import io
import json
import lzma
import os
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import CorruptModel, IncompatibleModel, ModelMissing
from classifier.features import FEATURES, SIGNAL, Vocabulary
from classifier.segment import Words

FORMAT = 1
"""Number of the file's layout."""

QUESTIONS = ("category", "owner", "kind", "sentiment", "emotion", "urgency")
"""What a bundle answers."""

SHIPPED = Path(__file__).parent / "models" / "base.npz"

LARGEST = 256 * 2**20
"""Bytes of a bundle's arrays, unpacked; the shipped one has a tenth of it."""

# What the zip, array and JSON readers raise for damaged bytes; a wild size in a header ends in MemoryError.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    AttributeError,
    EOFError,
    KeyError,
    IndexError,
    MemoryError,
    OSError,
    OverflowError,
    lzma.LZMAError,
    tokenize.TokenError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Question:
    """A linear model of one question.

    Args:
        labels: the possible answers.
        features: the features it uses, marked as in `Vocabulary`, in the order of the rows below.
        weights: one row a feature, one column a label; the inverse document frequency is multiplied in.
        rarity: squared inverse document frequency of each feature; the length of a text is measured by it.
        bias: one number a label.
        slope: the chances of the labels are the softmax of slope times score.
        threshold: under this confidence the answer is an abstention.
        notes: training counts and measured figures, for people.
        trust: factor and offset that make the log-odds of the likeliest label the confidence's.
    """

    labels: tuple[str, ...]
    features: tuple[str, ...]
    weights: Floats
    rarity: Floats
    bias: Floats
    slope: float
    threshold: float
    notes: dict[str, Any]
    trust: tuple[float, float] = (1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Bundle:
    """All questions of one version; never changed once made.

    Args:
        version: the name it is known by, part of it derived from the content.
        checksum: SHA-256 of the file it came from; empty while it is in no file.
        words: the bureau's own that were not cut apart when it learned, and are not when it answers.
    """

    version: str
    questions: Mapping[str, Question]
    checksum: str = ""
    words: Words = ()

    @cached_property
    def served(self) -> "Served":
        """The questions laid side by side for answering."""
        return Served.of(self.questions)

    def labels(self, question: str) -> tuple[str, ...]:
        """Return the answers a question was learned for; none where it was not learned."""
        return self.questions[question].labels if question in self.questions else ()

    @property
    def report(self) -> dict[str, Any]:
        """Training counts and figures of every question."""
        return {name: question.notes for name, question in self.questions.items()}


@dataclass(frozen=True, eq=False)
class Served:
    """All questions over one vocabulary, so that a text is looked up once.

    Args:
        weights: one row a feature; the labels of all questions side by side.
        columns: where each question's labels stand.
        rarity: one row a feature, one column a question.
    """

    vocabulary: Vocabulary
    weights: Floats
    columns: Mapping[str, slice]
    rarity: Floats

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Which features mean something to a reader: words and runs of two letters or more; not marks and numbers, nor
        single characters, whose words are there as well, nor signals, which are reasons by themselves."""
        names = self.vocabulary.features
        return np.array([len(name) > 2 and name[0] != SIGNAL and name[1:].isalpha() for name in names], np.bool_)

    @classmethod
    def of(cls, questions: Mapping[str, Question]) -> "Served":
        """Lay questions side by side."""
        numbers: dict[str, int] = {}
        rows = {}
        for name, question in questions.items():
            rows[name] = np.array([numbers.setdefault(f, len(numbers)) for f in question.features], np.int64)
        columns, start = {}, 0
        for name, question in questions.items():
            columns[name] = slice(start, start + len(question.labels))
            start += len(question.labels)
        weights = np.zeros((len(numbers), start), np.float32)
        rarity = np.zeros((len(numbers), len(questions)), np.float32)
        for column, (name, question) in enumerate(questions.items()):
            weights[rows[name], columns[name]] = question.weights
            rarity[rows[name], column] = question.rarity
        return cls(Vocabulary(tuple(numbers)), weights, columns, rarity)


def save_bundle(
    questions: Mapping[str, Question], folder: Path, *, prefix: str, name: str | None = None, words: Words = ()
) -> Path:
    """Write a bundle and return its path; the version is the prefix and eight digits of the content's hash.

    Args:
        folder: is created where missing.
        prefix: a word or a date that the version begins with.
        name: file name; otherwise the version with `.npz`.
        words: the bureau's own that the questions were learned with.
    """
    arrays, header = _pack(questions)
    header["words"] = list(words)
    digest = _digest(arrays, header)
    header |= {"version": f"{prefix}-{digest[:8]}", "checksum": digest}
    arrays["header"] = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or header["version"] + ".npz")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return path


def load_bundle(path: Path | None = None) -> Bundle:
    """Read a bundle; without a path the shipped one.

    Raises:
        ModelMissing: there is no such file.
        CorruptModel: the file cannot be read, is damaged or was changed.
        IncompatibleModel: the file is whole, but of another program version.
    """
    path = path or SHIPPED
    where = str(path)
    try:
        if path.stat().st_size > LARGEST:
            raise CorruptModel("it is larger than 256 MiB", item=where)
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelMissing("there is no such model file", item=where) from error
    except OSError as error:
        raise CorruptModel(error.strerror or type(error).__name__, item=where) from error
    try:
        # Before anything is unpacked: a few bytes of a zip may unpack to more than the machine has.
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            if sum(member.file_size for member in members.infolist()) > LARGEST:
                raise CorruptModel("it would unpack to more than 256 MiB", item=where)
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays.pop("header").tobytes())
        found = header["format"], header["features"]
        if found != (FORMAT, FEATURES):
            raise IncompatibleModel(f"{found} instead of {(FORMAT, FEATURES)}", item=where)
        checksum, version = header.pop("checksum"), header.pop("version")
        if checksum != _digest(arrays, header):
            raise CorruptModel("the checksum does not fit", item=where)
        questions = _unpack(arrays, header)
        words = tuple(str(word) for word in header.get("words", ()))
    except _DAMAGE as error:
        raise CorruptModel(type(error).__name__, item=where) from error
    return Bundle(version, questions, hashlib.sha256(content).hexdigest(), words)


def _pack(questions: Mapping[str, Question]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays of a file and its header, still without version and checksum."""
    numbers: dict[str, int] = {}
    arrays: dict[str, NDArray[Any]] = {}
    header: dict[str, Any] = {"format": FORMAT, "features": FEATURES, "questions": {}}
    for name, question in questions.items():
        rows = [numbers.setdefault(feature, len(numbers)) for feature in question.features]
        arrays[f"{name}.rows"] = np.array(rows, np.int32)
        arrays[f"{name}.weights"] = question.weights.astype(np.float16)
        arrays[f"{name}.rarity"] = question.rarity.astype(np.float16)
        arrays[f"{name}.bias"] = question.bias.astype(np.float32)
        header["questions"][name] = {
            "labels": question.labels,
            "slope": question.slope,
            "threshold": question.threshold,
            "trust": question.trust,
            "notes": question.notes,
        }
    arrays["features"] = np.frombuffer("\n".join(numbers).encode(), np.uint8)
    return arrays, header


def _unpack(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> dict[str, Question]:
    features = arrays["features"].tobytes().decode().split("\n")
    questions = {}
    for name, said in header["questions"].items():
        labels = tuple(said["labels"])
        rows = arrays[f"{name}.rows"]
        weights = arrays[f"{name}.weights"].astype(np.float32)
        if weights.shape != (len(rows), len(labels)):
            raise ValueError("shape")
        questions[name] = Question(
            labels=labels,
            features=tuple([features[row] for row in rows.tolist()]),
            weights=weights,
            rarity=arrays[f"{name}.rarity"].astype(np.float32),
            bias=arrays[f"{name}.bias"],
            slope=float(said["slope"]),
            threshold=float(said["threshold"]),
            notes=dict(said["notes"]),
            trust=_pair(said.get("trust", (1, 0))),
        )
    return questions


def _pair(numbers: Sequence[float]) -> tuple[float, float]:
    first, second = numbers
    return float(first), float(second)


def _digest(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(header, ensure_ascii=False, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
