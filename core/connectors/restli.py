"""LinkedIn's versioned REST, as all its calls share it: headers, lists in addresses, what a refusal means, its limits.

Rest.li 2.0: structure in a query is written with bare brackets and commas, everything inside is percent-encoded. Limits
are by app, member and day, unpublished, and start anew at 00:00 UTC; an answer tells nothing of them (CONNECTORS 6.3).
No network of its own: it has no manifest.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, unreachable
from core.connectors.faults import HttpError
from core.connectors.resets import next_utc_midnight
from core.errors import NeedsOwner, RateLimited, SourceAuthFailed, SourceError, TokenExpired, Unavailable
from core.models import Clock

if TYPE_CHECKING:
    from core.connectors.http import Requests

T = TypeVar("T")

NAME, LABEL = "linkedin", "LinkedIn"
FIRST_WAIT = timedelta(seconds=60)
NEEDS_OWNER = "LinkedIn: people and Pages can only be read after their owner connects; not counted."


def encoded(value: str) -> str:
    """Return a value as it stands inside an address: `urn%3Ali%3Aorganization%3A1337`."""
    return quote(value, safe="")


def listed(values: Iterable[str]) -> str:
    """Return values as a Rest.li list: `List(a,b)`."""
    return f"List({','.join(map(encoded, values))})"


def dated(first: datetime, last: datetime) -> str:
    """Return a span of days as a Rest.li record."""
    start, end = (f"(year:{day.year},month:{day.month},day:{day.day})" for day in (first, last))
    return f"(start:{start},end:{end})"


def refusal(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what an answer refuses by LinkedIn's table, None for what means the same on every network."""
    if answer.status == 401:  # 65600 invalid, 65601 revoked, 65602 expired
        return TokenExpired(NAME, f"{LABEL} refused the owner's token: the account has to be connected again.")
    if answer.status == 403 and answer.content_type.endswith("html"):  # from in front of the API: about nobody
        return Unavailable(NAME, f"{LABEL} answered with a web page instead of data.")
    if answer.status == 403:
        return NeedsOwner(NAME, NEEDS_OWNER)
    if answer.status == 426:
        words = f"{LABEL} has retired the version of its API that is asked for: raise CLOUT_LINKEDIN__VERSION."
        return SourceAuthFailed(NAME, words)
    if answer.status == 429:
        return _limited(asked.now + FIRST_WAIT)
    return None


def _limited(until: datetime) -> RateLimited:
    return RateLimited(NAME, f"{LABEL} limits how often it may be asked.", retry_at=until)


@dataclass(slots=True)
class Session:
    """The requests of one lookup under one owner's token."""

    client: "Requests"
    clock: Clock
    token: SecretStr = field(repr=False)
    version: str

    async def ask(self, call: Call[T], asked: Asked, path: str, query: str = "", *, finder: bool = False) -> T:
        """Make one GET and read its answer; raises SourceError. `query` is written as Rest.li wants it.

        The first refusal of a day for asking too often is worth another try after a minute; one after that means that
        the day is spent.
        """
        try:
            answer = await self.client.get(f"{path}?{query}" if query else path, headers=self._headers(finder))
        except HttpError as err:
            raise unreachable(call.manifest, err) from err
        try:
            return call.read(answer, asked)
        except RateLimited as error:
            raise _limited(self._until()) from error

    def _headers(self, finder: bool) -> Mapping[str, str]:
        headers = {
            "authorization": f"Bearer {self.token.get_secret_value()}",
            "linkedin-version": self.version,
            "x-restli-protocol-version": "2.0.0",
        }
        return {**headers, "x-restli-method": "FINDER"} if finder else headers

    def _until(self) -> datetime:
        """Return when the next try makes sense; remembered for the token, by a digest, so that no secret is a key."""
        key = "limited " + hashlib.sha256(self.token.get_secret_value().encode()).hexdigest()
        now, kept = self.clock.now(), self.client.kept
        before: datetime | None = kept.get(key)
        if before is None or before.date() < now.date():
            before = kept[key] = now + FIRST_WAIT
        return before if now < before else next_utc_midnight(now)
