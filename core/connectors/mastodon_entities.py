"""What Mastodon's answers look like: its entities Account and Status, as leniently as its relatives write them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter

from core.connectors.base import LenientCount, LenientMoment, LenientText, Wire, links_in
from core.connectors.fediverse import server_name
from core.connectors.items import Item, Items, Place, Stamp
from core.connectors.markup import Plain, plain
from core.models import Kind

_ROWS = 20  # of the table; servers allow 4, some relatives a few more
_EMPTY = Plain("", ())
_QUIET = "#nobot"
_OPEN = (None, "public", "unlisted")  # what anybody may read; a token may see more, which is nobody's business here


def _number_too(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _markup(value: object) -> Plain:
    return plain(value) if isinstance(value, str) else _EMPTY


def web_address(value: object) -> str | None:
    """Return an http or https address that can be shown as it is, else None."""
    return value if isinstance(value, str) and links_in(value) == (value,) else None


def _if_object(value: object) -> object:
    return value if isinstance(value, Mapping) else None


def _few(value: object) -> object:
    return value[:_ROWS] if isinstance(value, list) else None


def _if_flag(value: object) -> object:
    return value if isinstance(value, bool) else None


_Key = Annotated[str, Field(strict=True, max_length=100, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.~=-]*$")]
_Whose = Annotated[str | Annotated[str, BeforeValidator(_number_too)], Field(union_mode="left_to_right")]
Id = Annotated[_Key | Annotated[_Key, BeforeValidator(_number_too)], Field(union_mode="left_to_right")]
Markup = Annotated[Plain, BeforeValidator(_markup)]
Web = Annotated[
    Annotated[str, Field(strict=True, max_length=300, pattern=r"^https?://[a-zA-Z0-9/@.:_~?=&%#+,;!*-]{4,}$")]
    | Annotated[str | None, PlainValidator(web_address)],
    Field(union_mode="left_to_right"),
]
Flag = Annotated[bool | None, BeforeValidator(_if_flag)]


class Row(Wire):
    """One line of the table on a profile; `verified_at` is set when the linked page links back (`rel=me`)."""

    name: LenientText = None
    value: Markup = _EMPTY
    verified_at: LenientMoment = None

    @property
    def links(self) -> tuple[str, ...]:
        """The web addresses the line leads to, or shows."""
        return links_in(*self.value.links) or links_in(self.value.text)


class Moved(Wire):
    """The account that took over, as the old server knows it."""

    acct: str = ""


class _Pleroma(Wire):
    """What Pleroma and Akkoma add: which counts are hidden, and written as 0."""

    hide_followers_count: Flag = None
    hide_follows_count: Flag = None


class Account(Wire):
    """An account as a server shows it; `acct` has no domain, or on some servers its own, for the server's people."""

    id: Id
    username: str
    acct: str = ""
    display_name: LenientText = None
    note: Markup = _EMPTY
    url: Web = None
    avatar: Web = None
    created_at: LenientMoment = None
    followers: LenientCount = Field(None, alias="followers_count")
    following: LenientCount = Field(None, alias="following_count")
    statuses: LenientCount = Field(None, alias="statuses_count")
    rows: Annotated[tuple[Row, ...] | None, BeforeValidator(_few)] = Field(None, alias="fields")
    moved: Annotated[Moved | None, BeforeValidator(_if_object)] = None
    suspended: Flag = None
    noindex: Flag = None
    indexable: Flag = None
    pleroma: Annotated[_Pleroma | None, BeforeValidator(_if_object)] = None

    @property
    def shown_followers(self) -> int | None:
        """How many follow the account, None where that is hidden."""
        return None if self.pleroma is not None and self.pleroma.hide_followers_count else self.followers

    @property
    def shown_following(self) -> int | None:
        """How many the account follows, None where that is hidden."""
        return None if self.pleroma is not None and self.pleroma.hide_follows_count else self.following

    def lives_at(self, *domains: str) -> bool:
        """Return whether the server that shows the account says it is its own, known under one of these domains."""
        domain = self.acct.partition("@")[2]
        return not domain or server_name(domain) in domains

    @property
    def bio(self) -> str:
        """The note and the table as text, one line each."""
        rows = (f"{row.name or ''}: {row.value.text}" for row in self.rows or ())
        return "\n".join(line for line in (self.note.text, *rows) if line)

    @property
    def links(self) -> tuple[str, ...]:
        """The web addresses of table and note, each once."""
        return tuple(dict.fromkeys((*self._table(verified=False), *links_in(*self.note.links))))

    @property
    def verified_links(self) -> tuple[str, ...]:
        """Those of the table whose pages link back."""
        return tuple(dict.fromkeys(self._table(verified=True)))

    def _table(self, *, verified: bool) -> list[str]:
        return [link for row in self.rows or () if row.verified_at or not verified for link in row.links]

    @property
    def shy(self) -> bool:
        """Whether the owner asks to be left out of indexes."""
        return self.noindex is True or self.indexable is False or _QUIET in self.bio.lower()


STATUS = Items(
    "mastodon",
    native_id=Place("id", Id, needed=True),
    created_at=Place("created_at", Stamp, needed=True),
    url=Place("url", Web),
    likes=Place("favourites_count"),
    reposts=Place("reblogs_count"),
    replies=Place("replies_count"),
    quotes=Place("quotes_count"),
    author=Place("account.id", _Whose, needed=True),
    author_url=Place("account.url", str),
    visibility=Place("visibility", Any),
    answered=Place("in_reply_to_id", Any),
    answered_account=Place("in_reply_to_account_id", Any),
    boosted=Place("reblog", Any),
    quoted=Place("quote", Any),
)
"""Statuses; of a boost, the wrapper that is the booster's own, with the other author's status as `boosted`."""


def is_open(status: Item) -> bool:
    """Return whether anybody may read a status."""
    return status["visibility"] in _OPEN


def kind_of(status: Item) -> Kind:
    """Return what a status is to its author."""
    if status["boosted"]:
        return "repost"
    if status["answered_account"] is not None:
        return "thread" if str(status["answered_account"]) == status["author"] else "reply"
    if status["answered"] is not None:  # somebody whose account is gone
        return "reply"
    return "quote" if status["quoted"] else "original"


def shown_at(status: Item) -> str | None:
    """Return where people read a status; a boost has no page but that of the status it passes on."""
    boosted = status["boosted"]
    return web_address(boosted.get("url")) if isinstance(boosted, Mapping) else status["url"]


ACCOUNTS = TypeAdapter(tuple[Account, ...])
STATUSES: TypeAdapter[list[Item]] = TypeAdapter(Annotated[list[Item], STATUS])
