"""How confidence and shares of answers move: their numbers by day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prediction_days",
        sa.Column("day", sa.Date(), nullable=False, comment="of receipt, in the bureau's zone"),
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column(
            "abstained", sa.Integer(), nullable=False, comment="of these, under the threshold and left to a person"
        ),
        sa.Column("confidence_sum", sa.Double(), nullable=False),
        sa.Column("confidence_squares", sa.Double(), nullable=False, comment="sum of the squares, for the spread"),
        sa.ForeignKeyConstraint(
            ["model_version_id"], ["model_versions.id"], name=op.f("fk_prediction_days_model_version_id_model_versions")
        ),
        sa.PrimaryKeyConstraint(
            "day", "model_version_id", "channel", "question", "value", name=op.f("pk_prediction_days")
        ),
    )


def downgrade() -> None:
    op.drop_table("prediction_days")
