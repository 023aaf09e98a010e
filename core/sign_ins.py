"""An owner's side of a consent: the link's page, the sign-in at the network, and what comes back from there.

Looking at a link uses nothing up, so that programs which preview links do no harm; only a press of the page's button
begins a sign-in. State, verifier (RFC 7636) and the browser's secret belong together: the verifier is derived from the
other two, and none of them is stored.
"""

import hmac
import re
from asyncio import CancelledError
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlencode

import structlog

from core import consent_rows as rows
from core.connectors.owners import ACCESS, Grant, Owned, OwnerAccess, challenge
from core.consent_rows import Row
from core.credentials import Credentials, OwnerToken
from core.database import Database
from core.errors import (
    CloutError,
    InputError,
    NeedsOwner,
    NotConfigured,
    SettingsError,
    SourceAuthFailed,
    SourceError,
    TokenExpired,
)
from core.granting import Granting
from core.lookup import Lookups
from core.models import Clock
from core.permission import CALLBACK_PATH, WITHDRAW_PATH, Begun, Consent, Outcome, OutcomeKind
from core.revoking import Revoking
from core.sources import Source, of_team

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""How every secret of a link, a state and a browser looks: 32 random bytes."""

_DENIALS = frozenset({"access_denied", "user_cancelled_login", "user_cancelled_authorize", "consent_required"})
_TROUBLE = frozenset({"server_error", "temporarily_unavailable"})
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")

log = structlog.get_logger("clout.consents")


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    return token_urlsafe(32)


class SignIns:
    """Walks owners from a link through the network's own page to a connected account; methods raise StoreError."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sources: Mapping[str, Source],
        credentials: Credentials,
        lookups: Lookups,
        granting: Granting,
        revoking: Revoking,
        *,
        public_url: str | None,
        contact: str = "",
        secret: Callable[[], str] = new_secret,
        patience: timedelta = timedelta(seconds=25),
    ) -> None:
        self._db = database
        self._clock = clock
        self._sources = sources
        self._credentials = credentials
        self._lookups = lookups
        self._granting = granting
        self._revoking = revoking
        self._base = public_url.rstrip("/") if public_url else None
        self._lasting = self._base  # where what is told today is still found tomorrow
        self._contact = contact
        self._secret = secret
        self._patience = patience

    @property
    def base(self) -> str | None:
        """The address that its pages stand beneath, None where they have none."""
        return self._base

    def _access(self, source: Source) -> OwnerAccess:
        access = source.connector.owner
        if access is None:
            label = source.manifest.label
            raise InputError(f"{label} has nothing that only an owner could show, so there is nothing to connect.")
        return access

    async def shown(self, link: str) -> Outcome:
        """Return what stands under a link; uses nothing up."""
        row = await self._row(link)
        return Outcome(kind="unknown") if row is None else await self._standing(row)

    async def start(self, link: str) -> Begun | Outcome:
        """Begin a sign-in; the outcome says why not where the link is not good any more."""
        row = await self._row(link)
        found = Outcome(kind="unknown") if row is None else await self._standing(row)
        if row is None or found.kind != "open":
            return found
        state, browser = self._secret(), self._secret()
        back = self._address(CALLBACK_PATH, row.network)
        hashes = hashed(state), hashed(browser)
        if not await self._db.write(rows.begin, row.link, *hashes, back, self._clock.now()):
            return await self.shown(link)
        source = await self._source(row)
        address = self._sign_in(source, state, browser, back)
        return Begun(label=source.manifest.label, address=address, state=state, browser=browser)

    async def finish(self, network: str, state: str, browser: str, *, code: str = "", error: str = "") -> Outcome:
        """Return what became of a sign-in, from what the network and the browser brought back; nothing stays half."""
        hashes = hashed(state), hashed(browser)
        verdict, row = await self._db.write(rows.take, network, *hashes, self._clock.now())
        if verdict != "taken" or row is None:
            kind: OutcomeKind = "unknown" if verdict == "taken" else verdict
            return Outcome(kind=kind, consent=self._consent(row) if row is not None else None)
        if error or not code:
            return self._told(row, error)
        source = await self._source(row)
        if self._obstacle(source):
            return self._outcome(row, "unready", reason=self._obstacle(source))
        return await self._exchanged(row, source, code, _verifier(state, browser))

    # --- the sign-in --------------------------------------------------------------------------------------------------

    def _sign_in(self, source: Source, state: str, browser: str, back: str) -> str:
        """Return the network's own page of consent (RFC 6749, 4.1.1, with RFC 7636)."""
        oauth = self._access(source).oauth
        asked = {
            "response_type": "code",
            oauth.id_parameter: source.settings.values[oauth.id_credential].get_secret_value(),
            "redirect_uri": back,
            "scope": oauth.separator.join(oauth.scopes),
            "state": state,
        }
        if oauth.pkce:
            asked |= {"code_challenge": challenge(oauth, _verifier(state, browser)), "code_challenge_method": "S256"}
        address = source.client(self._patience).auth_beneath(oauth.authorize_url)
        return f"{address}{'&' if '?' in address else '?'}{urlencode({**asked, **oauth.extra})}"

    def _told(self, row: Row, error: str) -> Outcome:
        """Return what a network says instead of a code (RFC 6749, 4.1.2.1)."""
        if error in _DENIALS:
            return self._outcome(row, "denied")
        label = self._sources[row.network].manifest.label
        if error in _TROUBLE:
            return self._outcome(row, "unanswered", reason=f"{label} has a problem of its own.")
        word = error if _WORD.fullmatch(error) else "no code"
        log.warning("a network refused a sign-in", network=row.network, team=row.team, error=word)
        return self._outcome(row, "refused", reason=f"{label} says: {word}.")

    async def _exchanged(self, row: Row, source: Source, code: str, verifier: str) -> Outcome:
        access, secrets = self._access(source), source.settings.values
        client = source.client(self._patience)
        try:
            grant = await access.exchange(code, row.redirect_uri, verifier, client, self._clock, secrets)
        except TokenExpired:
            return self._outcome(row, "late")
        except SourceError as error:
            return self._failed(row, error)
        accounts: tuple[Owned, ...] = ()
        outcome: Outcome | None = None
        try:
            missing = sorted(access.oauth.needed.difference(grant.scopes)) if grant.scopes else []
            if missing:
                outcome = self._outcome(row, "partly", missing=tuple(missing))
            else:
                accounts = await access.accounts(client, self._clock, {**secrets, ACCESS: grant.access})
                outcome = await self._granted(row, source, grant, accounts)
        except SourceError as error:
            outcome = self._failed(row, error)
        except (InputError, SettingsError) as error:
            outcome = self._outcome(row, "misfit", reason=error.message)
        finally:
            if outcome is None or outcome.kind not in ("connected", "used"):
                await self._revoking.revoke(source, grant, [one.native_id for one in accounts])
        return outcome

    async def _granted(self, row: Row, source: Source, grant: Grant, accounts: Sequence[Owned]) -> Outcome:
        """Keep what the owner granted, if the account is the one that was asked for: all of it or nothing."""
        owned = next((one for one in accounts if self._is_asked_for(row, source, one)), None)
        if owned is None:
            return self._outcome(row, "other_account", signed_in=tuple(one.handle for one in accounts))
        known = await self._credentials.owner_token(row.team, row.network, owned.native_id)
        await self._db.write(rows.opening, row.link, owned.native_id)
        try:
            token = _token(owned, grant, row.asked_by)
            await self._granting.grant(row.team, row.creator, row.network, owned, token)
        except (CloutError, CancelledError):
            if known is None:
                await self._granting.withdraw(row.team, row.network, owned.native_id)
            await self._db.write(rows.opening, row.link, None)
            raise
        secret = self._secret()
        try:
            first = await self._db.write(rows.done, row.link, owned.native_id, hashed(secret), self._clock.now())
        except (CloutError, CancelledError):
            if known is None:
                await self._granting.withdraw(row.team, row.network, owned.native_id)
            raise
        if not first and await self._db.read(rows.by_link, row.link) is None:
            await self._granting.withdraw(row.team, row.network, owned.native_id)
            return Outcome(kind="unknown")  # taken back while the network was asked
        if not first:
            return self._outcome(row, "used")
        log.info("an owner connected an account", network=row.network, team=row.team)
        return self._outcome(
            row, "connected", withdrawal=f"{self._lasting}{WITHDRAW_PATH}/{secret}" if self._lasting else ""
        )

    def _is_asked_for(self, row: Row, source: Source, owned: Owned) -> bool:
        """Whether an account is the one of the link, as its network compares names; its id counts as well."""
        if owned.native_id == row.handle or owned.handle == row.handle:
            return True
        try:
            return source.name_for(self._lookups.handle(owned.handle, row.network)) == row.handle
        except InputError:
            return False

    def _failed(self, row: Row, error: SourceError) -> Outcome:
        if isinstance(error, NeedsOwner) and not isinstance(error, TokenExpired):
            return self._outcome(row, "partly")  # a network that does not tell what it was not allowed
        log.warning("a sign-in failed", network=row.network, team=row.team, error=type(error).__name__)
        refused = isinstance(error, SourceAuthFailed | NotConfigured)
        return self._outcome(row, "refused" if refused else "unanswered", reason=error.message)

    # --- shared -------------------------------------------------------------------------------------------------------

    async def _row(self, link: str) -> Row | None:
        return await self._db.read(rows.by_link, hashed(link)) if SECRET.fullmatch(link) else None

    async def _source(self, row: Row) -> Source:
        return (await of_team(self._sources, self._credentials, row.team))[row.network]

    async def _standing(self, row: Row) -> Outcome:
        """Return what a link is good for."""
        if row.done_at is not None:
            return self._outcome(row, "used")
        if row.until <= self._clock.now():
            return self._outcome(row, "expired")
        obstacle = self._obstacle(await self._source(row))
        return self._outcome(row, "unready", reason=obstacle) if obstacle else self._outcome(row, "open")

    def _obstacle(self, source: Source) -> str:
        try:
            self._credentials.check()
        except SettingsError as error:
            return error.message
        return source.consent_obstacle

    def _outcome(self, row: Row, kind: OutcomeKind, **told: object) -> Outcome:
        return Outcome.model_validate({"kind": kind, "consent": self._consent(row), **told})

    def _consent(self, row: Row) -> Consent:
        source = self._sources[row.network]
        oauth = self._access(source).oauth
        return Consent(
            team=row.team,
            team_name=row.team_name,
            network=row.network,
            label=source.manifest.label,
            creator=row.creator,
            handle=row.handle,
            contact=self._contact,
            reads=oauth.reads,
            withdraw_url=oauth.withdraw_url,
            until=row.until,
            typed="" if self._lasting else f"clout disconnect {row.network} --creator {row.creator}",
        )

    def _address(self, path: str, end: str) -> str:
        return f"{self._base or ''}{path}/{end}"


def hashed(secret: str) -> str:
    """Return what is stored of a secret."""
    return sha256(secret.encode()).hexdigest()


def _verifier(state: str, browser: str) -> str:
    """Return the verifier of a sign-in (RFC 7636, 4.1), which only the browser that began it leads to."""
    return urlsafe_b64encode(hmac.digest(browser.encode(), state.encode(), "sha256")).decode().rstrip("=")


def _token(owned: Owned, grant: Grant, by: str) -> OwnerToken:
    """Return what is kept: the account's own token where it has one, which then does not end with the person's."""
    if owned.access is not None:
        return OwnerToken(native_id=owned.native_id, access=owned.access, scopes=grant.scopes, connected_by=by)
    told = {name: getattr(grant, name) for name in Grant.model_fields}
    return OwnerToken(native_id=owned.native_id, connected_by=by, **told)
