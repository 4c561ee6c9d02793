"""Profiles for tests: the shipped one with further blocks."""

from dataclasses import replace
from pathlib import Path

from config.context import Context
from config.profile import SHIPPED, load_profile


def profile_file(folder: Path, blocks: str) -> Path:
    """Write the shipped profile with further blocks (TOML) into a folder and return its path."""
    path = folder / "profile.toml"
    path.write_text(f"{SHIPPED.read_text('utf-8')}\n{blocks}\n", "utf-8")
    return path


def with_sources(ctx: Context, folder: Path, blocks: str) -> Context:
    """Return the context with a profile that has further blocks, such as `[[sources]]`."""
    return replace(ctx, profile=load_profile(profile_file(folder, blocks)))
