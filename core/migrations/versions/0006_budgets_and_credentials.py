"""What is spent of each network's allowances, and the keys that teams and owners connected, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spend",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("told_limit", sa.BigInteger()),
        sa.Column("resets_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("network", "team", "unit", "window_start", name=op.f("pk_spend")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credentials",
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("connected_by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team", "network", "native_id", "kind", name=op.f("pk_credentials")),
    )
