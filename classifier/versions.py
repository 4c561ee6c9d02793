"""Model versions of a home: what is registered, which one is in service, and changing it.

A version is a row and a file in the home's models folder; the shipped bundle is a row without a file.
Retraining registers; only a person, or the first run, activates.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from classifier.errors import CorruptModel, ModelMissing
from classifier.store import Bundle, load_bundle
from classifier.tables import ModelVersion, Prediction
from config.context import Context
from config.logs import get_logger

log = get_logger(__name__)

BY_INIT = "init"
BY_UPGRADE = "upgrade"

PROPOSAL = "proposal"
"""Key of a version's report, beside the questions, under which stands what `classifier.proposals` reads."""


def models_folder(ctx: Context) -> Path:
    """Return the folder of this home's model files."""
    return ctx.settings.home / "models"


def ensure_base(ctx: Context) -> int:
    """Register and activate the shipped bundle if no version is there yet; return the active version's id.

    After an upgrade that brought another shipped bundle it takes the place of the older shipped one, whose
    bytes are gone; a version of the bureau's own stays in service.
    """
    with ctx.database.reading() as session:
        active = _active(session)
    if active is not None and active.file:
        return active.id
    shipped = load_bundle()
    if active is not None and active.checksum == shipped.checksum:
        return active.id
    with ctx.database.writing() as session:
        active = _active(session)
        if active is not None and (active.file or active.checksum == shipped.checksum):
            return active.id  # Another process was faster.
        version = session.scalar(sa.select(ModelVersion).where(ModelVersion.version == shipped.version))
        if version is None:
            version = _add(session, shipped, "", ctx.clock())
        _activate(session, version, BY_UPGRADE if active else BY_INIT, ctx.clock())
        return version.id


def register(ctx: Context, path: Path, proposal: Mapping[str, Any] | None = None) -> ModelVersion:
    """Register a bundle that lies in the models folder, without activating it; repeating changes nothing.

    Args:
        proposal: what was found about it beside its own report; the newest is kept.

    Raises:
        ModelError: the file cannot be used.
    """
    bundle = load_bundle(path)
    with ctx.database.writing() as session:
        version = session.scalar(sa.select(ModelVersion).where(ModelVersion.version == bundle.version))
        if version is None:
            version = _add(session, bundle, path.name, ctx.clock())
        if proposal is not None:
            version.report = {**version.report, PROPOSAL: dict(proposal)}
        return version


def activate(ctx: Context, version: str, by: str) -> None:
    """Put a version into service; what it has not yet seen is classified by the next run.

    Raises:
        ModelMissing: no such version, or its file is gone.
        ModelError: its file cannot be used; the version in service stays.
    """
    found = find_version(ctx, version)
    bundle_of(ctx, found)
    with ctx.database.writing() as session:
        row = session.get_one(ModelVersion, found.id)
        if not row.active:
            _activate(session, row, by, ctx.clock())


def rollback(ctx: Context, by: str) -> str:
    """Put the version into service that was there before the present one, and return its name.

    Doing so twice returns to the present one: of each version only its last time of service is known.

    Raises:
        ModelMissing: there was none before.
    """
    with ctx.database.reading() as session:
        earlier = session.scalar(
            sa.select(ModelVersion.version)
            .where(~ModelVersion.active, ModelVersion.activated_at.is_not(None))
            # The bytes of a shipped version that an upgrade replaced are gone.
            .where(sa.or_(ModelVersion.file != "", ModelVersion.checksum == _shipped_checksum()))
            .order_by(ModelVersion.activated_at.desc(), ModelVersion.id.desc())
            .limit(1)
        )
    if earlier is None:
        raise ModelMissing("no version was in service before", item="rollback")
    activate(ctx, earlier, by)
    return earlier


def prune(ctx: Context, keep: int) -> list[str]:
    """Remove versions that were never in service, row and file, but for the newest ones; return their names.

    Args:
        keep: so many stay.
    """
    answered = sa.exists().where(Prediction.model_version_id == ModelVersion.id)
    with ctx.database.writing() as session:
        unused = session.scalars(
            sa.select(ModelVersion)
            .where(~ModelVersion.active, ModelVersion.activated_at.is_(None), ModelVersion.file != "", ~answered)
            .order_by(ModelVersion.id.desc())
        ).all()
        removed = [(version.version, version.file) for version in unused[keep:]]
        for version in unused[keep:]:
            session.delete(version)
    # The file goes last: a row without its file could not be put into service.
    for name, file in removed:
        (models_folder(ctx) / file).unlink(missing_ok=True)
        log.info("version_removed", version=name)
    return [name for name, _ in removed]


def list_versions(session: Session) -> list[ModelVersion]:
    """Return all versions, newest first."""
    return list(session.scalars(sa.select(ModelVersion).order_by(ModelVersion.id.desc())))


def active_version(ctx: Context) -> ModelVersion:
    """Return the version in service; on the first run, and after an upgrade, the shipped one.

    Raises:
        ModelError: the shipped bundle cannot be used.
    """
    with ctx.database.reading() as session:
        version = _active(session)
    if version is not None and version.file:
        return version
    version_id = ensure_base(ctx)
    with ctx.database.reading() as session:
        return session.get_one(ModelVersion, version_id)


def active_bundle(ctx: Context) -> Bundle:
    """Return the bundle in service; its file is read once a process.

    Raises:
        ModelError: its file is gone or cannot be used.
    """
    return bundle_of(ctx, active_version(ctx))


def find_version(ctx: Context, version: str) -> ModelVersion:
    """Return the version of a name.

    Raises:
        ModelMissing: there is none.
    """
    with ctx.database.reading() as session:
        found = session.scalar(sa.select(ModelVersion).where(ModelVersion.version == version))
    if found is None:
        raise ModelMissing("there is no such model version", item=version)
    return found


def bundle_of(ctx: Context, version: ModelVersion) -> Bundle:
    """Return the bundle of a version.

    Raises:
        ModelError: its file is gone, damaged, of another program, or not the one that was registered.
    """
    if not version.file and _shipped_checksum() != version.checksum:
        raise ModelMissing("an upgrade of the program replaced this shipped version", item=version.version)
    return _read(str(models_folder(ctx) / version.file) if version.file else "", version.checksum)


@lru_cache(maxsize=1)
def _shipped_checksum() -> str:
    """Return the checksum of the shipped bundle."""
    return load_bundle().checksum


@lru_cache(maxsize=4)
def _read(path: str, checksum: str) -> Bundle:
    bundle = load_bundle(Path(path) if path else None)
    if bundle.checksum != checksum:
        raise CorruptModel("it is not the file that was registered", item=path or "shipped model")
    return bundle


def _active(session: Session) -> ModelVersion | None:
    return session.scalar(sa.select(ModelVersion).where(ModelVersion.active))


def _add(session: Session, bundle: Bundle, file: str, now: datetime) -> ModelVersion:
    version = ModelVersion(
        version=bundle.version,
        file=file,
        checksum=bundle.checksum,
        report=bundle.report,
        active=False,
        created_at=now,
    )
    session.add(version)
    session.flush()
    return version


def _activate(session: Session, version: ModelVersion, by: str, now: datetime) -> None:
    # Off before on: the database allows one active version at any moment of the transaction.
    session.execute(sa.update(ModelVersion).where(ModelVersion.active).values(active=False))
    version.active = True
    version.activated_at = now
    version.activated_by = by
    session.flush()
