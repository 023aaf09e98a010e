"""Consents of owners: the links that were given out, and how each is taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("team_name", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("creator", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String()),
        sa.Column("browser", sa.String()),
        sa.Column("redirect_uri", sa.String()),
        sa.Column("begun_at", sa.BigInteger()),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("native_id", sa.String()),
        sa.Column("withdrawal", sa.String()),
        sa.Column("done_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_consents")),
        sa.UniqueConstraint("state", name=op.f("uq_consents_state")),
        sa.UniqueConstraint("withdrawal", name=op.f("uq_consents_withdrawal")),
    )
