"""The tables of watches: what a team wants to hear of, whether each is armed, and what was crossed.

The same rules as core/tables.py; a change here needs a new file in core/migrations/versions.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy import UniqueConstraint as Unique

from core.tables import Key, RowId, metadata

__all__ = ["metadata", "watch_alerts", "watch_due", "watch_marks", "watch_posts", "watches"]


def _of(name: str, table: str, *, required: bool = True) -> Column[int]:
    return Column(name, RowId, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=not required)


# `number` is what a team calls it by; a watch is on one creator or on everybody who bears a tag.
watches = Table(
    "watches",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("team", String, nullable=False),
    Column("number", Integer, nullable=False),
    _of("creator_id", "creators", required=False),
    Column("tag", Key),
    Column("kind", String, nullable=False),  # above, below, moves or spike
    Column("network", String),
    Column("threshold", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("platform", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("thread", String),
    Column("shown", String, nullable=False),
    Column("mention", String),
    Column("words", Text),  # the team's own text
    Column("zone", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("state", String, nullable=False),  # on, or gone with its channel
    Column("snoozed_until", BigInteger),
    Column("fired_at", BigInteger),
    Column("last_error", Text),
    Column("told_at", BigInteger),  # when the owner was told of the fault that still lasts
    Column("version", Integer, nullable=False),
    Column("edited_by", String, nullable=False),
    Column("edited_at", BigInteger, nullable=False),
    Unique("team", "number"),
    Index(None, "creator_id"),
    Index(None, "team", "tag"),
)

# Whether a watch is armed for a creator; no row until the first firm score that was judged.
watch_marks = Table(
    "watch_marks",
    metadata,
    _of("watch_id", "watches"),
    _of("creator_id", "creators"),
    Column("armed", Boolean, nullable=False),
    Column("fired_at", BigInteger),
    Column("model_version", String, nullable=False),
    PrimaryKeyConstraint("watch_id", "creator_id"),
    Index(None, "creator_id"),
    sqlite_with_rowid=False,
)

# Posts that a spike watch has told of, or found far above the others when it was set up.
watch_posts = Table(
    "watch_posts",
    metadata,
    _of("watch_id", "watches"),
    _of("account_id", "accounts"),
    Column("key", BigInteger, nullable=False),
    PrimaryKeyConstraint("watch_id", "account_id", "key"),
    Index(None, "account_id"),
    sqlite_with_rowid=False,
)

# What was crossed, by the message (a key of `deliveries`) that tells it.
watch_alerts = Table(
    "watch_alerts",
    metadata,
    _of("watch_id", "watches"),
    _of("creator_id", "creators"),
    Column("at", BigInteger, nullable=False),  # when the reading was made
    Column("news", String, nullable=False),  # crossed, again, recovered, moved or spiked
    Column("score", Float(53), nullable=False),
    Column("low", Float(53)),
    Column("high", Float(53)),
    Column("before", Float(53)),
    Column("before_at", BigInteger),
    Column("post", Text),  # the Post of a spike as JSON
    Column("times", Float(53)),  # its reactions over those of a typical post
    Column("delivery", String, nullable=False),
    PrimaryKeyConstraint("watch_id", "creator_id", "at"),
    Index(None, "delivery"),
    Index(None, "creator_id"),
    sqlite_with_rowid=False,
)

# Creators who were read since their watches were judged: written in the transaction that recorded the reading.
watch_due = Table(
    "watch_due",
    metadata,
    Column("creator_id", RowId, ForeignKey("creators.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
)
