"""An OAuth server for the pretend internet: the page where an owner lets Clout in, and tokens that come, turn and end.

A network hands it a `Dialect`. The standard behind it is RFC 6749 (authorization code, refreshing), RFC 7636 (PKCE) and
RFC 7009 (revocation); whatever a network does otherwise is data of its dialect, or a route of its own.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from sandbox.asgi import Pairs
from sandbox.clock import MovableClock
from sandbox.oauth_dialect import Dialect, Form, Issued, Refusal
from sandbox.oauth_page import consent_page, problem_page
from sandbox.wire import Answer, Json, as_json, packed
from sandbox.world import Account, World, digest

CODE_LASTS = timedelta(minutes=10)  # the longest RFC 6749 recommends
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass
class _Code:
    accounts: tuple[Account, ...]
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    until: datetime


@dataclass(frozen=True)
class _Decision:
    accounts: tuple[Account, ...]
    scopes: tuple[str, ...] | None
    error: str


class OAuthServer:
    """The sign-in of one network; `answer` is all it says over HTTP."""

    def __init__(self, dialect: Dialect, world: World, clock: MovableClock) -> None:
        self.dialect = dialect
        self._world = world
        self._clock = clock
        self._codes: dict[str, _Code] = {}
        self._issued: list[Issued] = []
        self._older: dict[str, tuple[Issued, datetime | None]] = {}  # access tokens replaced, not ended yet
        self._app_tokens: dict[str, datetime] = {}
        self._decisions: list[_Decision] = []
        self._trouble: list[Refusal] = []
        self._number = 0
        self.redirects: frozenset[str] | None = None
        """The redirect addresses registered for the app; None takes any that the dialect allows."""
        self.exchanged = self.refreshed = self.revoked = 0
        """How many codes became tokens, how often tokens were renewed, how many consents were taken back by a call."""

    # --- controls -------------------------------------------------------------------------------------------------

    def decide(
        self, *handles: str, scopes: Iterable[str] | None = None, deny: bool = False, error: str = "access_denied"
    ) -> None:
        """Preset the next decision of an owner: whoever opens the page is sent back at once, without a click.

        `scopes` None grants what is asked for; `deny` sends `error` back. Raises LookupError for an unknown handle.
        """
        accounts = tuple(self._find(handle) for handle in handles)
        if not accounts and not deny:
            raise LookupError("say which account lets Clout in")
        self._decisions.append(_Decision(accounts, None if scopes is None else tuple(scopes), error if deny else ""))

    def grant(self, *handles: str, scopes: Iterable[str] | None = None) -> Issued:
        """Return a consent with its tokens, as if the owner had gone through the pages."""
        return self.issue(tuple(map(self._find, handles)), self.dialect.scopes if scopes is None else tuple(scopes))

    def end_tokens(self, *handles: str, refresh: bool = False) -> None:
        """End the access tokens now, of these accounts, or all and the app's own; `refresh`: refresh tokens too."""
        for issued in self._of(handles):
            issued.until = self._clock.now()
            if refresh:
                issued.refresh_until = self._clock.now()
        self._older.clear()
        if not handles:
            self._app_tokens.clear()

    def withdraw(self, *handles: str) -> None:
        """Let the owners of these accounts, or everybody, take their consent back on the network itself."""
        for issued in self._of(handles):
            self._forget(issued)

    def fail(self, error: str = "server_error", description: str = "", status: int = 500, times: int = 1) -> None:
        """Answer the next `times` calls of the token endpoint with an error."""
        self._trouble += [Refusal(error, description, status)] * times

    def consents(self, *handles: str) -> list[Issued]:
        """Return the consents that stand, oldest first."""
        return self._of(handles)

    @property
    def settings(self) -> dict[str, str]:
        """Return the app's id and secret under the names of Clout's settings."""
        return {self.dialect.id_setting: self.dialect.client_id, self.dialect.secret_setting: self.dialect.secret}

    # --- what the network's API asks ------------------------------------------------------------------------------

    def holder(self, token: str) -> Issued | None:
        """Return the consent of a valid access token; None for one that is unknown, ended or withdrawn."""
        now = self._clock.now()
        for issued in self._issued:
            if token and issued.token == token:
                return issued if issued.until is None or now < issued.until else None
        before = self._older.get(token)
        if before is None or before[0] not in self._issued or (before[1] is not None and before[1] <= now):
            return None
        return before[0]

    # --- tokens ---------------------------------------------------------------------------------------------------

    def issue(self, accounts: tuple[Account, ...], scopes: tuple[str, ...], lasts: timedelta | None = None) -> Issued:
        """Return a new consent with its first tokens; `lasts` overrides how long the dialect's access tokens live."""
        issued = Issued(accounts, scopes)
        self._issued.append(issued)
        return self.turn(issued, lasts)

    def turn(self, issued: Issued, lasts: timedelta | None = None) -> Issued:
        """Give a consent its next access token, and its next refresh token where they rotate."""
        now, dialect = self._clock.now(), self.dialect
        if issued.token:
            self._older[issued.token] = issued, issued.until
        issued.token = self._secret("token")
        issued.until = now + (dialect.lasts if lasts is None else lasts)
        if dialect.refresh_lasts is not None and (dialect.rotates or not issued.refresh):
            issued.refresh = self._secret("refresh")
            issued.refresh_until = now + dialect.refresh_lasts
        return issued

    def redeem(self, form: Form) -> Issued:
        """Return the tokens of a code; raises Refusal where code, address or verifier are not those of the consent."""
        found = self._codes.pop(form.get("code", ""), None)
        if found is None or found.until <= self._clock.now():
            raise Refusal("invalid_grant", "The authorization code is invalid or has expired.")
        if form.get("redirect_uri", "") != found.redirect_uri:
            raise Refusal("invalid_grant", "The redirect URI is not the one of the authorization request.")
        if found.challenge and not hmac.compare_digest(self._challenge(form.get("code_verifier", "")), found.challenge):
            raise Refusal("invalid_request", "Code verifier or code challenge is invalid.")
        self.exchanged += 1
        return self.issue(found.accounts, found.scopes)

    def renew(self, refresh: str) -> Issued:
        """Return the next tokens of a refresh token; raises Refusal for one that is unknown, used or ended."""
        now = self._clock.now()
        for issued in self._issued:
            if refresh and issued.refresh == refresh and (issued.refresh_until is None or now < issued.refresh_until):
                self.refreshed += 1
                return self.turn(issued)
        raise Refusal("invalid_grant", "The refresh token is invalid or has expired.")

    def told(self, issued: Issued) -> Answer:
        """Return tokens in the network's form."""
        now, dialect = self._clock.now(), self.dialect
        value: Json = {"access_token": issued.token, "token_type": "bearer"}
        value["scope"] = dialect.separator.join(issued.scopes)
        if issued.until is not None:
            value["expires_in"] = int((issued.until - now).total_seconds())
        if issued.refresh:
            value["refresh_token"] = issued.refresh
        if issued.refresh_until is not None and dialect.refresh_ends:
            value[dialect.refresh_ends] = int((issued.refresh_until - now).total_seconds())
        return as_json(dialect.tokens(issued, value))

    def app_token(self, lasts: timedelta) -> Answer:
        """Return a token of the app itself, which opens no account (grant client_credentials)."""
        token = self._secret("app")
        self._app_tokens[token] = self._clock.now() + lasts
        return as_json({"access_token": token, "expires_in": int(lasts.total_seconds()), "token_type": "Bearer"})

    def is_app_token(self, token: str) -> bool:
        """Return whether a token is the app's own and has not ended."""
        until = self._app_tokens.get(token)
        return until is not None and self._clock.now() < until

    def check_app(self, form: Form, headers: Mapping[str, str]) -> None:
        """Raise Refusal for a wrong id or secret of the app, or one in the wrong place."""
        given = (form.get(self.dialect.id_parameter, ""), form.get("client_secret", ""))
        if self.dialect.basic:
            given = _basic(headers.get("authorization", ""))
        if given != (self.dialect.client_id, self.dialect.secret):
            raise Refusal("invalid_client", "Client authentication failed.", 401)

    # --- HTTP -----------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: Pairs, form: Pairs, headers: Mapping[str, str]) -> Answer:
        """Answer the consent page, tokens, revocation and the dialect's own routes."""
        place, dialect = path.strip("/"), self.dialect
        if place == dialect.authorize.strip("/"):
            return self._authorize(method, dict(query), form)
        given, own = dict(query) | dict(form), dialect.routes.get((method, place))
        call = own or {dialect.token.strip("/"): usual_token, dialect.revoke.strip("/"): _revoke}.get(place)
        if not place or call is None or (own is None and method != "POST"):
            return problem_page(dialect.label, "There is nothing at this address.", 404)
        try:
            if self._trouble:
                raise self._trouble.pop(0)
            return call(self, given, headers)
        except Refusal as refusal:
            return dialect.refuse(refusal)

    # --- the page -------------------------------------------------------------------------------------------------

    def _authorize(self, method: str, asked: Form, form: Pairs) -> Answer:
        wrong = self._wrong_app(asked)
        if wrong:  # nobody is sent to an address that is not the app's
            return problem_page(self.dialect.label, wrong)
        wrong = self._wrong_question(asked)
        if wrong:
            return self._back(asked, {"error": wrong, "error_description": wrong.replace("_", " ").capitalize()})
        if self._decisions:
            return self._decided(asked, self._decisions.pop(0))
        if method != "POST":
            return self._page(asked)
        if ("decision", "allow") not in form:
            return self._decided(asked, _Decision((), None, "access_denied"))
        chosen = [self._world.find(self.dialect.network, value) for name, value in form if name == "account"]
        accounts = tuple(account for account in chosen if account is not None)
        if not accounts:
            return self._page(asked, "Choose the account first.")
        scopes = tuple(value for name, value in form if name == "scope" and value in self._scopes(asked))
        return self._decided(asked, _Decision(accounts, scopes, ""))

    def _page(self, asked: Form, wrong: str = "") -> Answer:
        accounts = [(account.handle, account.name) for account in self._world.accounts(self.dialect.network)]
        return consent_page(self.dialect.label, accounts, self._scopes(asked), many=self.dialect.many, wrong=wrong)

    def _decided(self, asked: Form, decision: _Decision) -> Answer:
        """Send the owner back with a code or a refusal."""
        if decision.error:
            return self._back(asked, {"error": decision.error, "error_description": "The user denied the request."})
        wanted = self._scopes(asked)
        scopes = wanted if decision.scopes is None else tuple(one for one in wanted if one in decision.scopes)
        code = self._secret("code")
        until = self._clock.now() + CODE_LASTS
        self._codes[code] = _Code(
            decision.accounts, scopes, asked["redirect_uri"], asked.get("code_challenge", ""), until
        )
        told = dict.fromkeys(self.dialect.back, self.dialect.separator.join(scopes))
        return self._back(asked, {"code": code, **told})

    def _back(self, asked: Form, told: Mapping[str, str]) -> Answer:
        state = {"state": asked["state"]} if "state" in asked else {}
        address = asked["redirect_uri"]
        address += ("&" if "?" in address else "?") + urlencode({**told, **state})
        return Answer(303, b"", (("location", address), ("cache-control", "no-store")))

    def _wrong_app(self, asked: Form) -> str:
        if asked.get(self.dialect.id_parameter) != self.dialect.client_id:
            return f"No app has this {self.dialect.id_parameter}."
        address = asked.get("redirect_uri", "")
        parts = urlsplit(address)
        here = (parts.hostname or "") in LOOPBACK
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            return "The redirect_uri is no address."
        if (here and not self.dialect.loopback) or (not here and parts.scheme != "https"):
            return "The redirect_uri has to be an https address."
        if self.redirects is not None and address not in self.redirects:
            return "The redirect_uri is not registered for this app."
        return ""

    def _wrong_question(self, asked: Form) -> str:
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        scopes = self._scopes(asked)
        if not scopes or not set(scopes) <= set(self.dialect.scopes):
            return "invalid_scope"
        if self.dialect.pkce and (not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256"):
            return "invalid_request"
        return ""

    # --- inside ---------------------------------------------------------------------------------------------------

    def _scopes(self, asked: Form) -> tuple[str, ...]:
        return tuple(filter(None, asked.get("scope", "").split(self.dialect.separator)))

    def _challenge(self, verifier: str) -> str:
        hashed = hashlib.sha256(verifier.encode()).digest()
        return hashed.hex() if self.dialect.pkce == "hex" else packed(hashed)

    def _secret(self, kind: str) -> str:
        self._number += 1
        return f"sandbox-{self.dialect.network}-{kind}-{digest(f'{kind} {self._number}').hex()[:32]}"

    def _find(self, handle: str) -> Account:
        account = self._world.find(self.dialect.network, handle)
        if account is None:
            raise LookupError(f"no account {handle!r} on {self.dialect.network}")
        return account

    def _of(self, handles: tuple[str, ...]) -> list[Issued]:
        wanted = {self._find(handle).native_id for handle in handles}
        return [one for one in self._issued if not wanted or wanted & {account.native_id for account in one.accounts}]

    def _forget(self, issued: Issued) -> None:
        self._issued.remove(issued)

    def take_back(self, token: str) -> None:
        """End the consent that an access or refresh token belongs to; an unknown one is no error (RFC 7009)."""
        for issued in list(self._issued):
            if token in (issued.token, issued.refresh) or self._older.get(token, (None, None))[0] is issued:
                self.revoked += 1
                self._forget(issued)


def usual_token(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    """Answer the token endpoint as the standard has it: codes and refresh tokens for tokens."""
    server.check_app(form, headers)
    kind = form.get("grant_type")
    if kind == "authorization_code":
        return server.told(server.redeem(form))
    if kind == "refresh_token" and server.dialect.refresh_lasts is not None:
        return server.told(server.renew(form.get("refresh_token", "")))
    raise Refusal("unsupported_grant_type")


def _revoke(server: OAuthServer, form: Form, headers: Mapping[str, str]) -> Answer:
    server.check_app(form, headers)
    server.take_back(form.get("token", ""))
    return as_json({})


def _basic(header: str) -> tuple[str, str]:
    """Return id and secret of a Basic header, empty ones for any other."""
    try:
        name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret
