"""Wikidata: which accounts an encyclopedia gives to the same person or company; evidence for links, never scored.

Two requests at most: the items that name one of the accounts, then what else these items name. X is left out on both
sides: an X account is never matched with another identity unless its owner did so in public (CONNECTORS 2, decision 3).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Code, LenientText, Wire, ask, rate_limited
from core.errors import NotFound, SourceAuthFailed, SourceChanged, SourceError, Unavailable
from core.manifest import BudgetRule, HandleRule, Manifest, UrlForm
from core.models import AccountName, Clock, Entry

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="wikidata",
    label="Wikidata",
    hosts=("www.wikidata.org",),
    base_url="https://www.wikidata.org/w/",
    handles=HandleRule(
        pattern=r"Q[1-9][0-9]{0,9}",
        hint="the number of an item, such as Q42",
        example="Q42",
        lowercase=False,
        urls=(
            UrlForm(hosts=("wikidata.org",), path=r"/(?:wiki|entity)/(?P<handle>Q[0-9]+)"),
            UrlForm(hosts=("wikidata.org",), path=r"/wiki/Special:EntityData/(?P<handle>Q[0-9]+)(?:\.[a-z]+)?"),
        ),
    ),
    enabled_by_default=False,
    budgets=(
        BudgetRule(
            unit="requests",
            window="hour",
            setting="hourly_requests",
            per_lookup=2,
            help="The most requests in one hour; unset, only Wikimedia's own limits count, which it does not publish.",
        ),
    ),
    reset_headers=("retry-after",),
    limits="As Wikimedia asks for: few requests, with the operator's contact in each, none while its servers lag.",
    cost="Free; no key, but CLOUT_CONTACT should be set.",
    attribution="Wikidata",
    reads="Which accounts an encyclopedia names for a person: suggestions that a team confirms or declines.",
    cannot_see="Anything about influence; nothing from here is ever part of a score. X accounts are neither looked up "
    "nor suggested.",
    off_wording="Wikidata is off here; it only adds evidence for links between accounts.",
)

# property -> network and how its values are handles there; CONNECTORS 3.5
_PROPERTIES: Mapping[str, tuple[str, str]] = {
    "P2003": ("instagram", "{}"),
    "P2013": ("facebook", "{}"),
    "P2037": ("github", "{}"),
    "P2397": ("youtube", "{}"),  # the channel's id, not its name
    "P3836": ("pinterest", "{}"),
    "P4033": ("mastodon", "{}"),  # user@server
    "P4264": ("linkedin", "company/{}"),
    "P4265": ("reddit", "{}"),
    "P5797": ("twitch", "{}"),
    "P6634": ("linkedin", "in/{}"),
    "P7085": ("tiktok", "{}"),
    "P11892": ("threads", "{}"),
    "P12361": ("bluesky", "{}"),
}
_ENDED = "P582"  # the qualifier "end time": an account of the past
_LAG = 5  # seconds its databases may lag behind before we stay away [spec: Manual:Maxlag parameter]
_ITEMS = 5  # of one search; a name that more items bear is no evidence
_LANGUAGES = ("en", "mul")  # of an item's name; "mul" holds names that are the same everywhere

# --- what the answers look like ---------------------------------------------------------------------------------------


def _if_text(value: object) -> object:
    return value if isinstance(value, str) else None


def _if_object(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


def _if_list(value: object) -> object:
    return value if isinstance(value, list) else []


class _Hit(Wire):
    title: str = ""


class _Hits(Wire):
    search: tuple[_Hit, ...] = ()


class _Search(Wire):
    query: _Hits


class _Value(Wire):
    value: Annotated[str | None, BeforeValidator(_if_text)] = None


class _Snak(Wire):
    """A value, or that there is none (`novalue`) or that it is unknown (`somevalue`)."""

    snaktype: str = ""
    datavalue: Annotated[_Value, BeforeValidator(_if_object)] = _Value()


class _Claim(Wire):
    mainsnak: Annotated[_Snak, BeforeValidator(_if_object)] = _Snak()
    rank: str = "normal"
    qualifiers: Annotated[dict[str, Any], BeforeValidator(_if_object)] = Field(default_factory=dict)


_Claims = Annotated[tuple[_Claim, ...], BeforeValidator(_if_list)]


class _Label(Wire):
    value: LenientText = None


class _Item(Wire):
    """An item; one that was deleted or never existed says `missing`."""

    id: str = ""  # a title that leads to no item has none
    missing: object = None
    labels: Annotated[dict[str, _Label], BeforeValidator(_if_object)] = Field(default_factory=dict)
    claims: Annotated[dict[str, _Claims], BeforeValidator(_if_object)] = Field(default_factory=dict)


class _Entities(Wire):
    entities: dict[str, _Item]


class _Told(Wire):
    code: Code = ""


class _Refusal(Wire):
    error: _Told


# --- answers to house types -------------------------------------------------------------------------------------------


def _numbers(body: bytes, asked: Asked) -> tuple[str, ...]:
    hits = _Search.model_validate_json(body).query.search
    return tuple(dict.fromkeys(hit.title for hit in hits if _NUMBER.fullmatch(hit.title)))


def _entries(body: bytes, asked: Asked) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            work=MANIFEST.label,
            id=item.id,
            name=next((item.labels[code].value for code in _LANGUAGES if code in item.labels), None),
            url=f"https://www.wikidata.org/wiki/{item.id}",
            accounts=tuple(dict.fromkeys(_named(item))),
        )
        for item in _Entities.model_validate_json(body).entities.values()
        if item.missing is None and _NUMBER.fullmatch(item.id)
    )


def _named(item: _Item) -> Iterator[AccountName]:
    """Yield the accounts an item names today: no deprecated claim and none that has ended."""
    for key, (network, form) in _PROPERTIES.items():
        for claim in item.claims.get(key, ()):
            value = claim.mainsnak.datavalue.value
            if claim.rank == "deprecated" or _ENDED in claim.qualifiers or claim.mainsnak.snaktype != "value":
                continue
            if value is not None and _VALUE.fullmatch(value.strip()):
                yield AccountName(network=network, name=form.format(value.strip()))


_NUMBER = re.compile(MANIFEST.handles.pattern)
_VALUE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f|\"{}<>]{1,200}")

# --- errors -----------------------------------------------------------------------------------------------------------

_BUSY = ("readonly", "cirrussearch-", "internal_api_error", "search-error", "db-")
_LIMITS = ("maxlag", "ratelimited")
_NOBODY = ("no-such-entity", "missingtitle", "nosuchpageid")


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means: MediaWiki answers most of them with status 200, and names them in a header too."""
    name = MANIFEST.name
    if answer.status == 403:
        return SourceAuthFailed(
            name, "Wikidata refuses those who do not say who asks: set CLOUT_CONTACT to your address or web site."
        )
    code = answer.headers.get("mediawiki-api-error") or _code(answer)
    if not code:
        return None
    if code in _LIMITS:
        return rate_limited(MANIFEST, answer, asked.now)
    if code.startswith(_BUSY):
        return Unavailable(name, "Wikidata has a problem of its own.")
    if code in _NOBODY:
        return NotFound(name, "Wikidata has no such item.")
    return SourceChanged(name, "Wikidata refused the way we asked.", field="error")


def _code(answer: Answer) -> str:
    """Return the code of an error that stands in the body of a 2xx, else an empty text."""
    if not 200 <= answer.status < 300 or b'"error"' not in answer.body[:400]:
        return ""
    try:
        return _Refusal.model_validate_json(answer.body).error.code
    except ValueError:
        return ""


# --- reading ----------------------------------------------------------------------------------------------------------

SEARCH = Call(MANIFEST, "search", r"/api\.php$", _numbers, _errors)
ITEMS = Call(MANIFEST, "items", r"/api\.php$", _entries, _errors)
OTHER = Call(MANIFEST, "other", r"/api\.php$", lambda body, asked: None, _errors)
CALLS = (OTHER,)  # of a recorded answer, which is evidence at best, only a refusal tells us anything


async def entries(accounts: Sequence[AccountName], client: "Requests", clock: Clock) -> tuple[Entry, ...]:
    """Return the items that name one of the accounts, with all the accounts they name; raises one SourceError.

    `accounts` are names or native ids on networks; those that Wikidata has no property for, and X, are left out.
    """
    statements = tuple(dict.fromkeys(_statements(accounts)))
    if not statements:
        return ()
    asked = Asked(handle="", now=clock.now())
    numbers = await ask(SEARCH, client, asked, "api.php", _usual("query") | _for(statements))
    if not numbers:
        return ()
    wanted = {"ids": "|".join(numbers), "props": "claims|labels", "languages": "|".join(_LANGUAGES)}
    found = await ask(ITEMS, client, asked, "api.php", _usual("wbgetentities") | wanted)
    known = {(one.network, one.name.casefold()) for one in accounts}
    return tuple(one for one in found if any((a.network, a.name.casefold()) in known for a in one.accounts))


def _usual(action: Literal["query", "wbgetentities"]) -> dict[str, str | int]:
    return {"action": action, "format": "json", "formatversion": 2, "maxlag": _LAG}


def _for(statements: Sequence[str]) -> dict[str, str | int]:
    words = f"haswbstatement:{'|'.join(statements)}"  # a bar means "or"; letter case does not matter
    return {"list": "search", "srsearch": words, "srnamespace": 0, "srlimit": _ITEMS, "srinfo": "", "srprop": ""}


def _statements(accounts: Sequence[AccountName]) -> Iterator[str]:
    """Yield `property=value` for each account; a name that could mean more than itself in a search is left out."""
    for account in accounts:
        for key, (network, form) in _PROPERTIES.items():
            prefix = form.removesuffix("{}")
            if account.network == network and account.name.startswith(prefix):
                value = account.name.removeprefix(prefix)
                if _SEARCHABLE.fullmatch(value):
                    yield f"{key}={value}"


_SEARCHABLE = re.compile(r"[A-Za-z0-9._@-]{1,200}")
