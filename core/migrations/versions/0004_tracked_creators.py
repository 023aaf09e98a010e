"""Where tracked creators stand day by day, their tags, and when each of their accounts is to be read again."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TRACKED_ONLY: dict[str, Any] = {
    f"{dialect}_where": sa.literal_column("tracked_since IS NOT NULL") for dialect in ("sqlite", "postgresql")
}


def upgrade() -> None:
    _creators()
    _creator_days()
    _creator_tags()
    _creator_pending()
    _account_refresh()
    _already_tracked()


def _creators() -> None:
    # SQLite would append the columns behind the constraints; written anew, the table reads as in a new database
    recreate: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("creators", recreate=recreate) as batch:
        for column in (
            sa.Column("scored_at", sa.BigInteger()),
            sa.Column("state", sa.String()),
            sa.Column("score", sa.Float(53)),
            sa.Column("low", sa.Float(53)),
            sa.Column("high", sa.Float(53)),
            sa.Column("model_version", sa.String()),
            sa.Column("weights_version", sa.String()),
            sa.Column("moved", sa.Integer()),
            sa.Column("moved_by", sa.Integer()),
            sa.Column("moved_since", sa.BigInteger()),
        ):
            batch.add_column(column)
    for columns in (
        ["team", "score", "id"],
        ["team", "moved_by", "id"],
        ["team", "name_key"],
        ["team", "state", "score"],
    ):
        op.create_index(op.f(f"ix_creators_{'_'.join(columns)}"), "creators", columns, **TRACKED_ONLY)


def _creator_id(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_creator_id_creators")
    return (
        sa.Column("creator_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=name, ondelete="CASCADE"),
    )


def _creator_days() -> None:
    creator_id, of_creator = _creator_id("creator_days")
    op.create_table(
        "creator_days",
        creator_id,
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("low", sa.Float(53), nullable=False),
        sa.Column("high", sa.Float(53), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("weights_version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("creator_id", "day", name=op.f("pk_creator_days")),
        of_creator,
        sqlite_with_rowid=False,
    )


def _creator_tags() -> None:
    creator_id, of_creator = _creator_id("creator_tags")
    op.create_table(
        "creator_tags",
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("tag", KEY, nullable=False),
        creator_id,
        sa.PrimaryKeyConstraint("team", "tag", "creator_id", name=op.f("pk_creator_tags")),
        of_creator,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_creator_tags_creator_id"), "creator_tags", ["creator_id"])


def _creator_pending() -> None:
    creator_id, of_creator = _creator_id("creator_pending")
    op.create_table(
        "creator_pending",
        sa.Column("team", sa.String(), nullable=False),
        creator_id,
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("handle_key", KEY, nullable=False),
        sa.Column("next_due_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("creator_id", "network", "handle_key", name=op.f("pk_creator_pending")),
        of_creator,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_creator_pending_network_next_due_at"), "creator_pending", ["network", "next_due_at"])
    op.create_index(op.f("ix_creator_pending_network_handle_key"), "creator_pending", ["network", "handle_key"])


def _account_refresh() -> None:
    op.create_table(
        "account_refresh",
        sa.Column("account_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("next_due_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String()),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("renamed_from", sa.String()),
        sa.Column("renamed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_refresh")),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_account_refresh_account_id_accounts"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_account_refresh_network_next_due_at"), "account_refresh", ["network", "next_due_at"])


def _already_tracked() -> None:
    """What is tracked by now is due at once; its standing follows with the first reading."""
    op.execute(
        "INSERT INTO account_refresh (account_id, network, next_due_at, failures) "
        "SELECT id, network, 0, 0 FROM accounts WHERE id IN (SELECT account_id FROM creator_accounts "
        "JOIN creators ON creators.id = creator_accounts.creator_id WHERE tracked_since IS NOT NULL)"
    )
