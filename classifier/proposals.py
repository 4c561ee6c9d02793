"""Proposals: versions that were trained and compared and wait for a person; where they stand and what they promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from classifier.corpus import new_labels
from classifier.errors import ModelError
from classifier.store import load_bundle
from classifier.tables import ModelVersion
from classifier.versions import PROPOSAL, active_version, list_versions, models_folder
from config.context import Context


@dataclass(frozen=True)
class Proposal:
    """What a training found about its version.

    Args:
        base: the version in service then, on which it was trained and with which it was compared.
        compared: by question, as `classifier.comparing.compare` returns it.
        last_label: number of the newest label that was there.
    """

    version: str
    base: str
    compared: Mapping[str, Mapping[str, Any]]
    last_label: int

    @property
    def worth_a_look(self) -> bool:
        """Whether it was found better on some question, or there were too few rows to find anything."""
        from classifier.comparing import BETTER, TOO_FEW

        verdicts = [found["verdict"] for found in self.compared.values()]
        return BETTER in verdicts or all(verdict == TOO_FEW for verdict in verdicts)

    def told(self) -> str:
        """Return the verdicts as one line."""
        from classifier.comparing import told

        return told(self.compared)


def proposal_of(version: ModelVersion) -> Proposal | None:
    """Return what was found about a version when it was trained; None for shipped ones and those of older programs."""
    said = version.report.get(PROPOSAL)
    return said and Proposal(version.version, said["base"], said["compared"], said["last_label"])


def waiting_proposal(ctx: Context) -> Proposal | None:
    """Return the newest version that was trained on the one in service and never activated, if it is worth a look."""
    serving = active_version(ctx)
    with ctx.database.reading() as session:
        for version in list_versions(session):
            proposal = proposal_of(version)
            if proposal and proposal.base == serving.version and version.activated_at is None:
                return proposal if proposal.worth_a_look else None
    return None


def find_proposal(ctx: Context, data: str) -> ModelVersion | None:
    """Return the version that was trained on this data, if its file is whole.

    Args:
        data: hash of everything its training began with.
    """
    with ctx.database.reading() as session:
        found = [one for one in list_versions(session) if one.report.get(PROPOSAL, {}).get("data") == data]
    for version in found:
        try:
            # Read anew: a bundle that this process read long ago says nothing of the file.
            if load_bundle(models_folder(ctx) / version.file).checksum == version.checksum:
                return version
        except ModelError:
            continue
    return None


def new_since_training(ctx: Context) -> dict[str, int]:
    """Return for each question how many messages got another usable answer since somebody last trained.

    What counts is the training of the version in service, or a later one on top of it, activated or not.
    """
    serving = active_version(ctx)
    with ctx.database.reading() as session:
        proposals = [proposal_of(version) for version in session.scalars(sa.select(ModelVersion))]
        seen = [one.last_label for one in proposals if one and serving.version in (one.version, one.base)]
        return new_labels(session, ctx.profile, max(seen, default=0))
