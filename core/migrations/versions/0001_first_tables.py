"""The first tables: accounts and their counts, scores, creators of a team, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("handle_key", KEY),
        sa.Column("handle_since", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_at", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger()),
        sa.Column("failed_at", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.Column("reading", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("network", "native_id", name=op.f("uq_accounts_network_native_id")),
    )
    op.create_index(op.f("ix_accounts_handle_key"), "accounts", ["handle_key"], unique=False)
    op.create_index(op.f("ix_accounts_network_handle_key"), "accounts", ["network", "handle_key"], unique=True)
    op.create_table(
        "creators",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("tracked_since", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creators")),
        sa.UniqueConstraint("team", "name_key", name=op.f("uq_creators_team_name_key")),
    )
    op.create_table(
        "misses",
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("handle_key", KEY, nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network", "handle_key", name=op.f("pk_misses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suppressions",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "team_settings",
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("team", "key", name=op.f("pk_team_settings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account_scores",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("weights_version", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("score", sa.Float(precision=53)),
        sa.Column("low", sa.Float(precision=53)),
        sa.Column("high", sa.Float(precision=53)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_scores_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "account_id", "day", "model_version", "weights_version", name=op.f("pk_account_scores")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "creator_accounts",
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("creator_id", ROW_ID, nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_creator_accounts_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["creators.id"], name=op.f("fk_creator_accounts_creator_id_creators"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team", "account_id", name=op.f("pk_creator_accounts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_creator_accounts_account_id"), "creator_accounts", ["account_id"], unique=False)
    op.create_index(op.f("ix_creator_accounts_creator_id"), "creator_accounts", ["creator_id"], unique=False)
    op.create_table(
        "handle_history",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_handle_history_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "handle", name=op.f("pk_handle_history")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posts",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("opened_at", sa.BigInteger()),
        sa.Column("likes", sa.BigInteger()),
        sa.Column("reposts", sa.BigInteger()),
        sa.Column("replies", sa.BigInteger()),
        sa.Column("quotes", sa.BigInteger()),
        sa.Column("saves", sa.BigInteger()),
        sa.Column("views", sa.BigInteger()),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_posts_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_posts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "score_details",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("weights_version", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_score_details_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "day", "model_version", "weights_version", name=op.f("pk_score_details")),
    )
    op.create_table(
        "snapshots",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("followers", sa.BigInteger()),
        sa.Column("following", sa.BigInteger()),
        sa.Column("listed", sa.BigInteger()),
        sa.Column("posts_total", sa.BigInteger()),
        sa.Column("complete_from", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_snapshots_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "day", name=op.f("pk_snapshots")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "post_counts",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("likes", sa.BigInteger()),
        sa.Column("reposts", sa.BigInteger()),
        sa.Column("replies", sa.BigInteger()),
        sa.Column("quotes", sa.BigInteger()),
        sa.Column("saves", sa.BigInteger()),
        sa.Column("views", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account_id", "key"],
            ["posts.account_id", "posts.key"],
            name=op.f("fk_post_counts_account_id_key_posts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "key", "day", name=op.f("pk_post_counts")),
        sqlite_with_rowid=False,
    )
