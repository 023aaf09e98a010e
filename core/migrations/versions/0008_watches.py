"""What teams want to hear of: watches, whether each is armed, and what was crossed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    _watches()
    _marks()
    _posts()
    _alerts()
    _due()


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("creator_id", ROW_ID),
        sa.Column("tag", KEY),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("network", sa.String()),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("thread", sa.String()),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("mention", sa.String()),
        sa.Column("words", sa.Text()),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("snoozed_until", sa.BigInteger()),
        sa.Column("fired_at", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.Column("told_at", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.String(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
        _fk("watches", "creator_id", "creators"),
        sa.UniqueConstraint("team", "number", name=op.f("uq_watches_team_number")),
    )
    op.create_index(op.f("ix_watches_creator_id"), "watches", ["creator_id"])
    op.create_index(op.f("ix_watches_team_tag"), "watches", ["team", "tag"])


def _marks() -> None:
    op.create_table(
        "watch_marks",
        sa.Column("watch_id", ROW_ID, nullable=False),
        sa.Column("creator_id", ROW_ID, nullable=False),
        sa.Column("armed", sa.Boolean(), nullable=False),
        sa.Column("fired_at", sa.BigInteger()),
        sa.Column("model_version", sa.String(), nullable=False),
        _fk("watch_marks", "watch_id", "watches"),
        _fk("watch_marks", "creator_id", "creators"),
        sa.PrimaryKeyConstraint("watch_id", "creator_id", name=op.f("pk_watch_marks")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_watch_marks_creator_id"), "watch_marks", ["creator_id"])


def _posts() -> None:
    op.create_table(
        "watch_posts",
        sa.Column("watch_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        _fk("watch_posts", "watch_id", "watches"),
        _fk("watch_posts", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("watch_id", "account_id", "key", name=op.f("pk_watch_posts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_watch_posts_account_id"), "watch_posts", ["account_id"])


def _alerts() -> None:
    op.create_table(
        "watch_alerts",
        sa.Column("watch_id", ROW_ID, nullable=False),
        sa.Column("creator_id", ROW_ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("news", sa.String(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("low", sa.Float(53)),
        sa.Column("high", sa.Float(53)),
        sa.Column("before", sa.Float(53)),
        sa.Column("before_at", sa.BigInteger()),
        sa.Column("post", sa.Text()),
        sa.Column("times", sa.Float(53)),
        sa.Column("delivery", sa.String(), nullable=False),
        _fk("watch_alerts", "watch_id", "watches"),
        _fk("watch_alerts", "creator_id", "creators"),
        sa.PrimaryKeyConstraint("watch_id", "creator_id", "at", name=op.f("pk_watch_alerts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_watch_alerts_delivery"), "watch_alerts", ["delivery"])
    op.create_index(op.f("ix_watch_alerts_creator_id"), "watch_alerts", ["creator_id"])


def _due() -> None:
    op.create_table(
        "watch_due",
        sa.Column("creator_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _fk("watch_due", "creator_id", "creators"),
        sa.PrimaryKeyConstraint("creator_id", name=op.f("pk_watch_due")),
    )
