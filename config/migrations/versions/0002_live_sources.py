"""Live sources: their state, quoted mails, and a way to what was set aside of a source."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_states",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("good_at", sa.DateTime(timezone=True), nullable=True, comment="end of the last run without a fault"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="failed runs since the last good one"),
        sa.Column(
            "resting_until", sa.DateTime(timezone=True), nullable=True, comment="not asked before, after failures"
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="last failure in words; empty after a good run"),
        sa.Column("client", sa.JSON(), nullable=False, comment="requests of the day, robots.txt"),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_states")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("quoted_text", sa.Text(), nullable=True, comment="earlier mails quoted beneath the new words")
        )

    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.create_index("ix_set_aside_source_position", ["source", "position"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.drop_index("ix_set_aside_source_position")

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("quoted_text")

    op.drop_table("source_states")
