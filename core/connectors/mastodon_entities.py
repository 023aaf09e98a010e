"""What Mastodon's answers look like: its entities Account and Status, as leniently as its relatives write them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter

from core.connectors.base import LenientCount, LenientMoment, LenientText, NeededMoment, Wire, links_in
from core.connectors.fediverse import server_name
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


Id = Annotated[str, BeforeValidator(_number_too), StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.~=-]{0,99}$")]
Markup = Annotated[Plain, BeforeValidator(_markup)]
Web = Annotated[str | None, BeforeValidator(web_address)]
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


class Author(Wire):
    """As much of an account as tells whose status this is."""

    id: Id
    url: Web = None


class Status(Wire):
    """A status; of a boost, the wrapper that is the booster's own, with the other author's status as `reblog`."""

    id: Id
    created_at: NeededMoment
    account: Author
    visibility: Any = None
    in_reply_to_id: Any = None
    in_reply_to_account_id: Any = None
    reblog: Any = None
    quote: Any = None
    url: Web = None
    likes: LenientCount = Field(None, alias="favourites_count")
    reposts: LenientCount = Field(None, alias="reblogs_count")
    replies: LenientCount = Field(None, alias="replies_count")
    quotes: LenientCount = Field(None, alias="quotes_count")

    @property
    def open(self) -> bool:
        """Whether anybody may read it."""
        return self.visibility in _OPEN

    @property
    def kind(self) -> Kind:
        """What it is to its author."""
        if self.reblog:
            return "repost"
        if self.in_reply_to_account_id is not None:
            return "thread" if str(self.in_reply_to_account_id) == self.account.id else "reply"
        if self.in_reply_to_id is not None:  # to somebody whose account is gone
            return "reply"
        return "quote" if self.quote else "original"

    @property
    def shown_at(self) -> str | None:
        """Where people read it; a boost has no page but that of the status it passes on."""
        return web_address(self.reblog.get("url")) if isinstance(self.reblog, Mapping) else self.url


ACCOUNTS = TypeAdapter(tuple[Account, ...])
STATUSES = TypeAdapter(tuple[Status, ...])
