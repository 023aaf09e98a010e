"""What a creator is given who asks what is stored: every row about one account, from every table, as one document.

Each table is either exported or left out with a reason, and so is each column; a test holds that against the schema.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Select, Table, or_, select

from core import rights_rows
from core.grants import told
from core.rights_rows import Whose
from core.tables import (
    AnyRow,
    account_refresh,
    account_scores,
    accounts,
    creator_accounts,
    creator_days,
    creator_pending,
    creator_tags,
    creators,
    from_ms,
    handle_history,
    misses,
    post_counts,
    post_key,
    posts,
    score_details,
    snapshots,
    to_date,
)
from core.tables_budgets import credentials
from core.tables_consents import consents
from core.tables_watches import watch_alerts, watch_due, watch_marks, watch_posts, watches

FORMAT = "clout.export/1"


class Section(NamedTuple):
    """A table in the document: what its rows are called and say, and which of them are about an account."""

    name: str
    about: str
    table: Table
    which: Callable[[Whose], ColumnElement[bool]]


def _of_account(name: str, about: str, table: Table) -> Section:
    return Section(name, about, table, lambda one: table.c.account_id.in_(one.account_ids))


def _of_creator(name: str, about: str, table: Table) -> Section:
    return Section(name, about, table, lambda one: table.c.creator_id.in_(one.creator_ids))


SECTIONS = (
    Section(
        "accounts",
        "The account as it was last read, with its score; `shown_to` is the team that only its owner shows it to.",
        accounts,
        lambda one: accounts.c.id.in_(one.account_ids),
    ),
    _of_account("former_handles", "Handles that the account had before.", handle_history),
    _of_account("profile_readings", "The figures of the profile on each day it was read.", snapshots),
    _of_account("posts", "Posts with their latest counts; no text of a post is stored.", posts),
    _of_account("post_counts", "The counts of each post on the days they had changed.", post_counts),
    _of_account("scores", "The account's score of each day with its range, 1 to 100.", account_scores),
    _of_account("score_parts", "The same with the six parts it was made of and their inputs.", score_details),
    _of_account(
        "refreshes", "When the account is to be read again, and what kept it from being read.", account_refresh
    ),
    _of_account("links", "Which team says that the account belongs to which creator.", creator_accounts),
    Section(
        "creators",
        "What teams call the creator, and where all linked accounts together stand.",
        creators,
        lambda one: creators.c.id.in_(one.creator_ids),
    ),
    _of_creator("tags", "The words that teams have filed the creator under.", creator_tags),
    _of_creator("creator_scores", "The score of all linked accounts together on each day.", creator_days),
    Section(
        "waiting", "Handles that a team wants to be read and nobody has read yet.", creator_pending, rights_rows.waits
    ),
    _of_creator("watches", "Lines that a team wants to be told of when the creator's score crosses them.", watches),
    _of_creator("watch_states", "Whether such a line may be told of again.", watch_marks),
    _of_creator("watch_alerts", "What was told.", watch_alerts),
    _of_account("watch_posts", "Posts that were told of, or stood out when the watch was set up.", watch_posts),
    _of_creator("watch_queue", "Readings that the watches have not looked at yet.", watch_due),
    Section("consents", "Who was asked to connect the account for which team, and when.", consents, rights_rows.asked),
    Section(
        "permissions",
        "Permissions that the account's owner gave, without the secrets themselves.",
        credentials,
        rights_rows.shown,
    ),
    Section("not_found", "The network did not know the handle a moment ago.", misses, rights_rows.missed),
)

LEFT_OUT: Mapping[str, str] = {
    "team_settings": "settings of teams and of the installation, which name no creator",
    "suppressions": "keyed hashes of those who asked not to be scored: nobody can tell from one whose it is",
    "slack_installs": "the tokens of the installation in Slack",
    "slack_states": "sign-ins of Slack's installers, under way",
    "spend": "how much of each network's allowance is used",
    "leases": "which process does what",
    "heartbeats": "which processes are alive",
    "subscriptions": "when and where digests are posted; they name tags and no creator",
    "deliveries": "messages about many creators that were not, or perhaps not, posted in a team's channel, for 60 days",
    "inbox": "the same for the terminal, until 90 days after it was read",
}
"""Tables that are not part of the document, by name, each with the reason."""

_SECRET = "opens what it belongs to; whoever reads the document must not be able to use it"
_STAFF = "says where a team works and who in it, not what it knows of the creator"
_INNER = "a number inside the database; the row names what it stands for"

WITHHELD: Mapping[str, str] = {
    "credentials.sealed": _SECRET,
    **{f"consents.{name}": _SECRET for name in ("link", "state", "browser", "withdrawal", "redirect_uri")},
    "credentials.connected_by": _STAFF,
    "consents.asked_by": _STAFF,
    **{
        f"watches.{name}": _STAFF
        for name in ("platform", "channel", "thread", "shown", "mention", "words", "owner", "edited_by", "last_error")
    },
    "watch_alerts.delivery": _STAFF,
    **{f"{name}.id": _INNER for name in ("accounts", "creators", "watches")},
    **{f"{name}.key": _INNER for name in ("posts", "post_counts", "watch_posts")},
    **{f"{name}.handle_key": "the handle in lower case" for name in ("accounts", "misses", "creator_pending")},
    "creators.name_key": "the name in lower case",
}
"""Columns that are not part of the document, each with the reason."""

_JSON = frozenset(
    {
        "accounts.failure",
        "accounts.reading",
        "score_details.detail",
        "misses.failure",
        "creator_pending.last_error",
        "watch_alerts.post",
    }
)
_MOMENTS = ("at", "since", "until", "seen", "from")  # how names of columns end that hold milliseconds

Document = dict[str, Any]


def document(conn: Connection, network: str, name: str, now: datetime) -> Document | None:
    """Return everything stored about an account, ready for JSON; None when that is nothing.

    Moments are ISO 8601 in UTC, days are UTC days, and a count of null was not supplied by the network.
    """
    one = rights_rows.whose(conn, network, name)
    names = _Names(conn, one)
    rows = {
        section.name: [names.row(section.table, row) for row in conn.execute(_wanted(section, one))]
        for section in SECTIONS
    }
    if not any(rows.values()):
        return None
    return {
        "format": FORMAT,
        "exported_at": now.isoformat(),
        "network": network,
        "handles": list(one.handles),
        "native_ids": list(one.native_ids),
        "about": {section.name: section.about for section in SECTIONS},
        "stored": rows,
        "left_out": {**LEFT_OUT, **{name: why for name, why in WITHHELD.items() if why is not _INNER}},
    }


def _wanted(section: Section, one: Whose) -> Select[Any]:
    return select(section.table).where(section.which(one)).order_by(*section.table.primary_key)


class _Names:
    """What stands in place of the numbers that rows refer to each other by."""

    def __init__(self, conn: Connection, one: Whose) -> None:
        a, c, p, w = accounts.c, creators.c, posts.c, watches.c
        found = conn.execute(select(a.id, a.network, a.native_id).where(a.id.in_(one.account_ids)))
        self._accounts = {row.id: f"{row.network}:{row.native_id}" for row in found}
        called = conn.execute(select(c.id, c.name).where(c.id.in_(one.creator_ids)))
        self._creators = {row.id: row.name for row in called}
        ids = conn.scalars(select(p.native_id).where(p.account_id.in_(one.account_ids)))
        self._posts = {post_key(native_id): native_id for native_id in ids}
        marked = select(watch_marks.c.watch_id).where(watch_marks.c.creator_id.in_(one.creator_ids))
        told_of = select(watch_alerts.c.watch_id).where(watch_alerts.c.creator_id.in_(one.creator_ids))
        spiked = select(watch_posts.c.watch_id).where(watch_posts.c.account_id.in_(one.account_ids))
        on_tags = w.id.in_(marked.union(told_of, spiked))
        numbers = conn.execute(select(w.id, w.number).where(or_(w.creator_id.in_(one.creator_ids), on_tags)))
        self._watches = {row.id: row.number for row in numbers}

    def row(self, table: Table, row: AnyRow) -> Document:
        """Return a row with names for numbers, moments and days as text, and without what is withheld."""
        held = row._mapping
        named = {
            "account": ("account_id", self._accounts),
            "creator": ("creator_id", self._creators),
            "watch": ("watch_id", self._watches),
            "post": ("key", self._posts),
        }
        shown: Document = {
            name: names.get(held[column])
            for name, (column, names) in named.items()
            if column in table.c and (table, name) != (posts, "post")  # whose own id says it
        }
        for column in table.columns:
            if not is_reference(column) and f"{table.name}.{column.name}" not in WITHHELD:
                shown[column.name] = _value(column, held[column.name])
        return shown | ({"shown_to": told(held["native_id"]).team or None} if table is accounts else {})


def is_reference(column: Column[Any]) -> bool:
    """Return whether a column points at another row, whose name stands in the document instead."""
    return column.name in ("account_id", "creator_id", "watch_id")


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if f"{column.table.name}.{column.name}" in _JSON:
        return json.loads(value)
    if column.name == "day" and not isinstance(column.type, BigInteger):
        return to_date(value).isoformat()
    if isinstance(column.type, BigInteger) and column.name.endswith(_MOMENTS):
        return from_ms(value).isoformat()
    return value
