"""The tables of what is posted by itself: subscriptions, deliveries (the outbox), the terminal's inbox.

The same rules as core/tables.py; a change here needs a new file in core/migrations/versions.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from core.tables import RowId, metadata

__all__ = ["deliveries", "inbox", "metadata", "subscriptions"]


def _place() -> list[Column[str]]:
    return [
        Column("platform", String, nullable=False),
        Column("channel", String, nullable=False),
        Column("thread", String),
        Column("shown", String, nullable=False),
    ]


# `number` is what a team calls it by; the id stands in keys and never on a card.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("team", String, nullable=False),
    Column("number", Integer, nullable=False),
    *_place(),
    Column("cadence", String, nullable=False),
    Column("day", Integer, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("zone", String, nullable=False),
    Column("top", Integer, nullable=False),
    Column("least", Integer),  # points that are a move; None: the team's own setting
    Column("tags", Text, nullable=False),  # separated by spaces
    Column("quiet", Boolean, nullable=False),
    Column("mention", String),
    Column("owner", String, nullable=False),
    Column("state", String, nullable=False),  # on, paused or gone
    Column("next_on", Integer, nullable=False),  # the local date that the next run is scheduled for
    Column("next_run_at", BigInteger, nullable=False),
    Column("last_run_at", BigInteger),
    Column("last_error", Text),
    Column("blocked_since", BigInteger),
    Column("told_at", BigInteger),  # when the owner was told of the fault that still lasts
    Column("version", Integer, nullable=False),
    Column("edited_by", String, nullable=False),
    Column("edited_at", BigInteger, nullable=False),
    Unique("team", "number"),
    Index(None, "next_run_at"),
    Index(None, "platform", "team", "channel"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subscription", BigInteger, nullable=False),
    Column("period", String, nullable=False),
    Column("part", Integer, nullable=False),
    Column("parent", String),  # the key of the message this one answers in its thread
    Column("team", String, nullable=False),
    *_place(),
    Column("mention", String),
    Column("zone", String, nullable=False),
    Column("state", String, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("lease_until", BigInteger),
    Column("tried_at", BigInteger),  # when it was first handed to the platform, while the outcome is not known
    Column("message", String),
    Column("error", Text),
    Column("payload", Text),  # the Card as JSON, rendered once
    Column("sent_at", BigInteger),
    PrimaryKeyConstraint("key"),
    Unique("kind", "subscription", "period", "part"),
    Index(None, "state", "not_before"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", String, nullable=False),
    Column("team", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("card", Text, nullable=False),
    Column("read_at", BigInteger),
    Unique("key"),
    Index(None, "team", "id"),
)
