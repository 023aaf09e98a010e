"""Wikidata's API, as far as finding items by their accounts and reading these goes; some of the cast have an item."""

import re
from dataclasses import replace

from sandbox.faults import Fault
from sandbox.network import PlainNetwork
from sandbox.wire import Answer, Ask, Headers, Json, as_html, as_json
from sandbox.world import Account, digest

PROPERTIES = {
    "x": "P2002",
    "instagram": "P2003",
    "facebook": "P2013",
    "github": "P2037",
    "youtube": "P2397",
    "mastodon": "P4033",
    "reddit": "P4265",
    "twitch": "P5797",
    "tiktok": "P7085",
    "bluesky": "P12361",
}
"""The property that holds an account of each network."""

LIMIT = 500  # made up: Wikimedia names no figure
LAG = 5.2  # seconds behind under the fault `maxlag`
ENDED = {"glowguru": "instagram"}  # whose account an item calls one of the past
DEPRECATED = {"glowguru": "tiktok"}  # whose account an item once named wrongly
STATEMENT = re.compile(r"(P[0-9]+)=([^|\s]+)")
_CODES = {
    "ratelimited": "You've exceeded your rate limit. Please wait some time and try again.",
    "readonly": "The wiki is currently in read-only mode.",
    "search_busy": "Search is currently too busy. Please try again later.",
    "bad_request": "Unrecognized value for parameter.",
}
_NAMES = {"search_busy": "cirrussearch-too-busy-error", "bad_request": "badvalue"}


def _refuse(code: str, info: str, headers: Headers = (), **more: object) -> Answer:
    """Return an error as MediaWiki words it: status 200, and its code in a header too."""
    body = {"error": {"code": code, "info": info, **more}, "servedby": "sandbox"}
    return as_json(body, 200, (("mediawiki-api-error", code), *headers))


class Wikidata(PlainNetwork):
    """Answers searches by statement and items by number; an item for each of the cast who links accounts."""

    name = "wikidata"

    @property
    def items(self) -> dict[str, str]:
        """Return the number of each creator's item by slug."""
        named = (role for role in self._world.roles if role.linked and len(role.plans) > 1)
        return {role.slug: _number(role.slug) for role in named}

    # --- what the server asks for ---------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Answer:
        """Return the answer in good weather."""
        asked = ask.params
        if ask.path != "api.php" or asked.get("format") != "json":
            return as_html("MediaWiki API help", 200)
        if asked.get("action") == "query" and asked.get("list") == "search":
            return self._search(asked)
        if asked.get("action") == "wbgetentities":
            return self._entities(asked)
        return _refuse("badvalue", 'Unrecognized value for parameter "action".')

    def finish(self, ask: Ask, answer: Answer) -> Answer:
        """Return the answer to one who says who asks, else the refusal in plain text."""
        if "clout/" in ask.headers.get("user-agent", "").lower():
            return answer
        words = b"Please set a user-agent and respect our robot policy."
        return Answer(403, words, (("content-type", "text/plain"),))

    def subjects(self, ask: Ask) -> frozenset[str]:
        """Return the slugs of those whose accounts or items are asked for."""
        searched = {self._owner(key, value) for key, value in STATEMENT.findall(ask.params.get("srsearch", ""))}
        wanted = set(ask.params.get("ids", "").split("|"))
        return frozenset({slug for slug in searched if slug} | {s for s, q in self.items.items() if q in wanted})

    def limit(self, ask: Ask) -> int:
        """Return how many requests a window allows."""
        return LIMIT

    def limited(self, fault: Fault, ask: Ask, reset: int) -> Answer:
        """Return the refusal of those who ask too often, as its front servers word it."""
        headers = (("retry-after", str(fault.seconds)),) if fault.reset else ()
        return Answer(429, b"Too many requests", (("content-type", "text/plain"), *headers))

    def broken(self, status: int, ask: Ask) -> Answer:
        """Return a server error, which is always a page for people."""
        return as_html("Wikimedia Error", status)

    def special(self, ask: Ask, fault: Fault) -> Answer | None:
        """Return the answer of a fault that only Wikidata knows."""
        wait = (("retry-after", str(fault.seconds)),) if fault.reset else ()
        if fault.kind == "maxlag":
            return _refuse("maxlag", f"Waiting for db: {LAG} seconds lagged.", wait, host="db", lag=LAG)
        if fault.kind == "no_user_agent":
            return self.finish(replace(ask, raw_headers=()), as_json({}))
        if fault.kind == "missing":
            ids = ask.params.get("ids", "").split("|")
            gone = {number: {"id": number, "missing": True} for number in ids if number}
            return as_json({"entities": gone, "success": 1}) if gone else None
        if fault.kind == "internal":
            return _refuse("internal_api_error_DBQueryError", "A database query error has occurred.")
        headers = wait if fault.kind == "ratelimited" else ()
        return _refuse(_NAMES.get(fault.kind, fault.kind), _CODES[fault.kind], headers)

    # --- the calls ------------------------------------------------------------------------------------------------

    def _owner(self, key: str, value: str) -> str:
        """Return the slug of who has that account, whatever its letter case; empty when nobody with an item does."""
        network = next((network for network, known in PROPERTIES.items() if known == key), "")
        account = self._world.find(network, value)
        slug = account.role.slug if account is not None else ""
        return slug if slug in self.items else ""

    def _search(self, asked: dict[str, str]) -> Answer:
        words = asked.get("srsearch", "")
        if not words.startswith("haswbstatement:"):
            return as_json({"batchcomplete": True, "query": {"search": []}})
        owners = dict.fromkeys(self._owner(key, value) for key, value in STATEMENT.findall(words))
        found = [self.items[slug] for slug in owners if slug][: int(asked.get("srlimit", "10"))]
        hits = [{"ns": 0, "title": number, "pageid": int(number[1:])} for number in found]
        return as_json({"batchcomplete": True, "query": {"search": hits}})

    def _entities(self, asked: dict[str, str]) -> Answer:
        ids = [number for number in asked.get("ids", "").split("|") if number]
        if bad := next((number for number in ids if not re.fullmatch(r"Q[1-9][0-9]*", number)), None):
            return _refuse("no-such-entity", f'Could not find an entity with the ID "{bad}".', id=bad)
        slugs = {number: slug for slug, number in self.items.items()}
        shown = {number: self._item(number, slugs.get(number)) for number in ids}
        return as_json({"entities": shown, "success": 1})

    def _item(self, number: str, slug: str | None) -> Json:
        if slug is None:
            return {"id": number, "missing": True}
        accounts = [account for account in self._world.accounts_of(slug) if account.network in PROPERTIES]
        claims: dict[str, list[Json]] = {"P31": [_claim("P31", {"entity-type": "item", "id": "Q5"}, "wikibase-item")]}
        for account in accounts:
            claims.setdefault(PROPERTIES[account.network], []).append(_named(account))
        name = accounts[0].role.name
        labels = {"en": {"language": "en", "value": name}}
        return {"type": "item", "id": number, "labels": labels, "claims": claims}


def _number(slug: str) -> str:
    return f"Q{10**8 + int.from_bytes(digest(f'item {slug}')[:4], 'big') % 10**8}"


def _named(account: Account) -> Json:
    value = account.native_id if account.network == "youtube" else account.handle
    claim = _claim(PROPERTIES[account.network], value, "external-id")
    if ENDED.get(account.role.slug) == account.network:
        time = {"time": "+2024-05-01T00:00:00Z", "precision": 11}
        claim["qualifiers"] = {"P582": [{"snaktype": "value", "property": "P582", "datavalue": {"value": time}}]}
    if DEPRECATED.get(account.role.slug) == account.network:
        claim["rank"] = "deprecated"
    return claim


def _claim(key: str, value: object, datatype: str) -> Json:
    kind = "wikibase-entityid" if isinstance(value, dict) else "string"
    snak = {"snaktype": "value", "property": key, "datavalue": {"value": value, "type": kind}, "datatype": datatype}
    return {"mainsnak": snak, "type": "statement", "rank": "normal"}
