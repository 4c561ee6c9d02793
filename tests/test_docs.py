"""The documentation cannot fall behind: each setting, profile key, command and table has its line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pydantic
import pytest
import typer
from typer.core import TyperGroup

import classifier.tables
import collector.tables
import config.sources
import config.tables
import responder.staff_tables
import responder.tables
import worker
from config.database import Base
from config.profile import Profile
from config.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
TABLES = (classifier.tables, collector.tables, config.tables, responder.staff_tables, responder.tables)
"""Imported so that every table is known to the metadata."""


def doc(name: str) -> str:
    """Return a file of docs/."""
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_is_documented(name: str) -> None:
    """docs/operating.md names each environment variable in code type."""
    assert f"`WENZHENG_{name.upper()}`" in doc("operating.md")


def profile_keys(model: type[pydantic.BaseModel]) -> Iterator[str]:
    """Yield `part.key` for every key of the profile."""
    for name, field in model.model_fields.items():
        inner = next(
            (
                part
                for part in (field.annotation, *get_args(field.annotation))
                if isinstance(part, type) and issubclass(part, pydantic.BaseModel)
            ),
            None,
        )
        if inner is None:
            yield field.alias or name
        else:
            yield from (f"{name}.{key}" for key in profile_keys(inner))


@pytest.mark.parametrize("key", sorted(profile_keys(Profile)))
def test_each_profile_key_is_documented(key: str) -> None:
    """docs/profile.md names each key as `part.key`."""
    assert f"`{key}`" in doc("profile.md")


def source_keys() -> Iterator[str]:
    """Yield every key of every block of a live source."""
    models = [
        one for one in vars(config.sources).values() if isinstance(one, type) and issubclass(one, pydantic.BaseModel)
    ]
    for model in models:
        yield from model.model_fields


@pytest.mark.parametrize("key", sorted(set(source_keys()) - {"known"}))
def test_each_key_of_a_source_is_documented(key: str) -> None:
    """docs/sources.md names each key in code type; `known` is written as `true`."""
    assert re.search(rf"`[^`]*\b{key}\b[^`]*`", doc("sources.md"))


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_each_table_is_documented(table: str) -> None:
    """docs/architecture.md names each table."""
    assert f"`{table}`" in doc("architecture.md")


def commands(group: TyperGroup, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every command as its words."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name))


def test_each_command_is_documented() -> None:
    """docs/operating.md names each command as `wenzheng …`."""
    root = typer.main.get_command(worker.app)
    assert isinstance(root, TyperGroup)
    text = doc("operating.md")
    missing = [name for name in commands(root) if f"`wenzheng {name}" not in text]

    assert missing == []
