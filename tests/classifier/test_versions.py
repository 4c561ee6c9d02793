"""Versions: one in service, changed by a person, and readable after an upgrade."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from classifier import jobs
from classifier.errors import CorruptModel, ModelMissing
from classifier.store import load_bundle, save_bundle
from classifier.tables import ModelVersion
from classifier.versions import active_bundle, active_version, models_folder, register
from config.context import Context


def a_version(ctx: Context, prefix: str = "20261123") -> ModelVersion:
    """Register a bundle of this home's own: the shipped one with another bias."""
    questions = dict(load_bundle().questions)
    questions["kind"] = type(questions["kind"])(
        **{**vars(questions["kind"]), "bias": questions["kind"].bias + len(prefix) + 1}
    )
    return register(ctx, save_bundle(questions, models_folder(ctx), prefix=prefix))


def versions(ctx: Context) -> dict[str, bool]:
    """Return which versions there are and whether each is active, newest first."""
    with ctx.database.reading() as session:
        return {row.version: row.active for row in jobs.list_versions(session)}


def test_the_shipped_bundle_is_registered_once(ctx: Context) -> None:
    """Asking again changes nothing."""
    first = jobs.ensure_base(ctx)

    assert first == jobs.ensure_base(ctx)
    assert {load_bundle().version: True} == versions(ctx)
    assert load_bundle().version == active_bundle(ctx).version
    assert active_bundle(ctx) is active_bundle(ctx)


def test_a_registered_version_waits_for_a_person(ctx: Context) -> None:
    """Registering proposes; activating and going back change the one in service."""
    jobs.ensure_base(ctx)
    base = load_bundle().version
    own = a_version(ctx).version
    assert {own: False, base: True} == versions(ctx)

    jobs.activate(ctx, own, by="leader")
    assert {own: True, base: False} == versions(ctx)
    assert own == active_bundle(ctx).version
    assert active_version(ctx).activated_by == "leader"

    assert base == jobs.rollback(ctx, by="leader")
    assert {own: False, base: True} == versions(ctx)

    assert own == jobs.rollback(ctx, by="leader"), "a second time returns"


def test_registering_twice_is_one_version(ctx: Context) -> None:
    """The same content is the same version."""
    assert a_version(ctx).id == a_version(ctx).id


def test_a_damaged_file_is_not_activated(ctx: Context) -> None:
    """What was in service stays in service."""
    jobs.ensure_base(ctx)
    own = a_version(ctx, "other")
    path = models_folder(ctx) / own.file
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(CorruptModel):
        jobs.activate(ctx, own.version, by="leader")
    assert load_bundle().version == active_bundle(ctx).version


def test_another_whole_file_under_the_name_is_refused(ctx: Context) -> None:
    """A file that was exchanged is not the version that was registered."""
    own = a_version(ctx, "swapped")
    path = models_folder(ctx) / own.file
    path.write_bytes(Path(models_folder(ctx) / a_version(ctx, "x").file).read_bytes())

    with pytest.raises(CorruptModel, match="not the file that was registered"):
        jobs.activate(ctx, own.version, by="leader")


def test_unknown_and_missing_versions_are_told(ctx: Context) -> None:
    """A name that is not there, and going back from nowhere."""
    with pytest.raises(ModelMissing, match="no such model version"):
        jobs.activate(ctx, "nothing", by="leader")
    with pytest.raises(ModelMissing, match="no version was in service before"):
        jobs.rollback(ctx, by="leader")


def test_an_upgrade_replaces_the_older_shipped_bundle_only(ctx: Context) -> None:
    """The old shipped bytes are gone with the old program; a version of the bureau's own stays."""
    jobs.ensure_base(ctx)
    with ctx.database.writing() as session:
        session.execute(sa.update(ModelVersion).values(version="base-older", checksum="0" * 64))

    assert load_bundle().version == active_bundle(ctx).version
    assert {load_bundle().version: True, "base-older": False} == versions(ctx)

    own = a_version(ctx).version
    jobs.activate(ctx, own, by="leader")
    jobs.ensure_base(ctx)
    assert own == active_bundle(ctx).version


def test_going_back_skips_a_shipped_version_that_an_upgrade_replaced(ctx: Context) -> None:
    """Its bytes are gone: rollback takes the one before it that can be used, and naming it says what happened."""
    jobs.ensure_base(ctx)
    own = a_version(ctx).version
    jobs.activate(ctx, own, by="leader")
    ctx.clock.forward(timedelta(days=1))
    jobs.rollback(ctx, by="leader")
    with ctx.database.writing() as session:
        session.execute(
            sa.update(ModelVersion).where(ModelVersion.active).values(version="base-older", checksum="0" * 64)
        )
    ctx.clock.forward(timedelta(days=1))
    jobs.ensure_base(ctx)

    assert own == jobs.rollback(ctx, by="leader")
    with pytest.raises(ModelMissing, match="an upgrade of the program replaced"):
        jobs.activate(ctx, "base-older", by="leader")
