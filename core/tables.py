"""The tables, and the few rules on how a value becomes a column.

Moments are whole milliseconds since 1970 in UTC, days are whole UTC days since 1970. Accounts, posts, snapshots and
scores are facts about public accounts and stored once; creators, links and settings carry the team they belong to.
A change here needs a new file in core/migrations/versions; a test holds the two equal.
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
MS_A_DAY = 86_400_000
MILLISECOND = timedelta(milliseconds=1)

AnyRow = Row[*tuple[Any, ...]]
"""A row of whatever columns its statement names."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# An INTEGER PRIMARY KEY is SQLite's own row id; any other spelling costs a second index.
RowId = BigInteger().with_variant(Integer(), "sqlite")
# Prefix searches compare code points; PostgreSQL would otherwise sort by the language of the server.
Key = String().with_variant(String(collation="C"), "postgresql")


def _account_id() -> Column[int]:
    return Column("account_id", RowId, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False)


def _creator_id() -> Column[int]:
    return Column("creator_id", RowId, ForeignKey("creators.id", ondelete="CASCADE"), nullable=False)


def _counts() -> list[Column[int]]:
    return [Column(name, BigInteger) for name in COUNTS]


COUNTS = ("likes", "reposts", "replies", "quotes", "saves", "views")

accounts = Table(
    "accounts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("network", String, nullable=False),
    Column("native_id", String, nullable=False),
    Column("handle", String, nullable=False),
    Column("handle_key", Key),  # None once another account took the handle over
    Column("handle_since", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("status_at", BigInteger, nullable=False),
    Column("fetched_at", BigInteger),
    Column("failed_at", BigInteger),
    Column("failure", Text),  # a Failure as JSON, while the last attempt failed
    Column("reading", Text),  # the last good NetworkReading as JSON: a warm lookup is one row
    UniqueConstraint("network", "native_id"),
    Index(None, "network", "handle_key", unique=True),
    Index(None, "handle_key"),
)

handle_history = Table(
    "handle_history",
    metadata,
    _account_id(),
    Column("handle", String, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "handle"),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    _account_id(),
    Column("day", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("followers", BigInteger),
    Column("following", BigInteger),
    Column("listed", BigInteger),
    Column("posts_total", BigInteger),
    Column("complete_from", BigInteger),
    PrimaryKeyConstraint("account_id", "day"),
    sqlite_with_rowid=False,
)

posts = Table(
    "posts",
    metadata,
    _account_id(),
    Column("key", BigInteger, nullable=False),
    Column("native_id", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("url", Text),
    Column("opened_at", BigInteger),
    *_counts(),
    Column("first_seen_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "key"),
    sqlite_with_rowid=False,
)

post_counts = Table(
    "post_counts",
    metadata,
    Column("account_id", RowId, nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    *_counts(),
    PrimaryKeyConstraint("account_id", "key", "day"),
    ForeignKeyConstraint(["account_id", "key"], ["posts.account_id", "posts.key"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)


def _score_key() -> list[Column[int] | Column[str] | PrimaryKeyConstraint]:
    return [
        _account_id(),
        Column("day", Integer, nullable=False),
        Column("model_version", String, nullable=False),
        Column("weights_version", String, nullable=False),
        PrimaryKeyConstraint("account_id", "day", "model_version", "weights_version"),
    ]


# Narrow rows: the chart on a card reads 90 of them.
account_scores = Table(
    "account_scores",
    metadata,
    *_score_key(),
    Column("at", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("score", Float(53)),
    Column("low", Float(53)),
    Column("high", Float(53)),
    Column("flags", String),  # names of the unusual patterns counted that day, separated by commas
    sqlite_with_rowid=False,
)

# Wide rows, read by `why` only: the NetworkScore as JSON. Draws are not kept (docs/decisions/002).
score_details = Table(
    "score_details",
    metadata,
    *_score_key(),
    Column("detail", Text, nullable=False),
)

misses = Table(
    "misses",
    metadata,
    Column("network", String, nullable=False),
    Column("handle_key", Key, nullable=False),
    Column("failure", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("network", "handle_key"),
    sqlite_with_rowid=False,
)

_TRACKED_ONLY: dict[str, Any] = {
    f"{dialect}_where": literal_column("tracked_since IS NOT NULL") for dialect in ("sqlite", "postgresql")
}

creators = Table(
    "creators",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("team", String, nullable=False),
    Column("name", String, nullable=False),
    Column("name_key", Key, nullable=False),
    Column("tracked_since", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    # Where a tracked creator stands, so that lists of 100,000 need no arithmetic; empty while nobody tracks it.
    Column("scored_at", BigInteger),  # when its newest reading was made
    Column("state", String),
    Column("score", Float(53)),
    Column("low", Float(53)),
    Column("high", Float(53)),
    Column("model_version", String),
    Column("weights_version", String),
    Column("moved", Integer),  # shown score less the one shown a week before
    Column("moved_by", Integer),  # the same without its sign: what moved most, either way, comes first
    Column("moved_since", BigInteger),
    UniqueConstraint("team", "name_key"),
    *(Index(None, "team", by, "id", **_TRACKED_ONLY) for by in ("score", "moved_by")),
    Index(None, "team", "name_key", **_TRACKED_ONLY),
    Index(None, "team", "state", "score", **_TRACKED_ONLY),  # how many stand below: counted from the index alone
)

creator_tags = Table(
    "creator_tags",
    metadata,
    Column("team", String, nullable=False),
    Column("tag", Key, nullable=False),
    _creator_id(),
    PrimaryKeyConstraint("team", "tag", "creator_id"),
    Index(None, "creator_id"),
    sqlite_with_rowid=False,
)

# What a tracked creator's accounts added up to on a day: the newest firm total of it, 400 days long.
creator_days = Table(
    "creator_days",
    metadata,
    _creator_id(),
    Column("day", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("low", Float(53), nullable=False),
    Column("high", Float(53), nullable=False),
    Column("model_version", String, nullable=False),
    Column("weights_version", String, nullable=False),
    PrimaryKeyConstraint("creator_id", "day"),
    sqlite_with_rowid=False,
)

# Handles of tracked creators that no network was asked for yet: an import names thousands at once.
creator_pending = Table(
    "creator_pending",
    metadata,
    Column("team", String, nullable=False),
    _creator_id(),
    Column("network", String, nullable=False),
    Column("handle", String, nullable=False),
    Column("handle_key", Key, nullable=False),
    Column("next_due_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text),  # a Failure as JSON
    PrimaryKeyConstraint("creator_id", "network", "handle_key"),
    Index(None, "network", "next_due_at"),
    Index(None, "network", "handle_key"),
    sqlite_with_rowid=False,
)

# One row for each account that some team tracks: when it is to be read again, and what keeps it from being read.
account_refresh = Table(
    "account_refresh",
    metadata,
    Column("account_id", RowId, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("network", String, nullable=False),
    Column("next_due_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("last_error", String),  # an error's class name, while the last attempt failed
    Column("failing_since", BigInteger),
    Column("renamed_from", String),
    Column("renamed_at", BigInteger),
    Index(None, "network", "next_due_at"),
)

# One creator an account and team: the team is part of the key, so no link can cross teams.
creator_accounts = Table(
    "creator_accounts",
    metadata,
    Column("team", String, nullable=False),
    _account_id(),
    _creator_id(),
    Column("linked_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("team", "account_id"),
    Index(None, "creator_id"),
    Index(None, "account_id"),
    sqlite_with_rowid=False,
)

team_settings = Table(
    "team_settings",
    metadata,
    Column("team", String, nullable=False),
    Column("key", String, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("team", "key"),
    sqlite_with_rowid=False,
)

# Keyed hashes of accounts whose owners asked never to be looked up; nothing here names anybody.
suppressions = Table(
    "suppressions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

slack_installs = Table(
    "slack_installs",
    metadata,
    Column("client_id", String, nullable=False),
    Column("enterprise_id", String, nullable=False),  # empty outside of an organisation
    Column("team_id", String, nullable=False),  # empty for an install on a whole organisation
    Column("at", BigInteger, nullable=False),
    Column("sealed", Text, nullable=False),  # the installation with its tokens, encrypted
    PrimaryKeyConstraint("client_id", "enterprise_id", "team_id"),  # one each: a new install replaces the tokens
)

slack_states = Table(
    "slack_states",
    metadata,
    Column("state", String, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("state"),
)

# Alembic's own table, outside `metadata`, so that a new database can be stamped without importing Alembic.
alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return (moment - EPOCH) // MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment of `to_ms`, aware, in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def moment_or_none(ms: int | None) -> datetime | None:
    """`from_ms` of a column that may be empty."""
    return None if ms is None else from_ms(ms)


def day_of(ms: int) -> int:
    """The UTC day, counted from 1970, that a moment in milliseconds falls on."""
    return ms // MS_A_DAY


def to_date(day: int) -> date:
    """The calendar date of a day number."""
    return date.fromordinal(EPOCH_ORDINAL + day)


def from_date(day: date) -> int:
    """The day number of a calendar date in UTC."""
    return day.toordinal() - EPOCH_ORDINAL


def handle_key(handle: str) -> str:
    """What two spellings of one handle share: no leading @, lower case; halves of surrogate pairs become `?`."""
    return storable(handle).strip().removeprefix("@").lower()


def storable(text: str) -> str:
    """Outside text as every database takes it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode()


def post_key(native_id: str) -> int:
    """A signed 64-bit name for a post within its account, so that writing needs no look-up of row ids."""
    return int.from_bytes(blake2b(native_id.encode(), digest_size=8).digest(), "little", signed=True)
