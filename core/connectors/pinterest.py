"""Pinterest: accounts whose owner has connected them, and their own pins.

Every answer is about the token's account; nobody can be looked up by name. How often a pin was saved is told for one
pin a request only, so it is asked for where an account has few enough pins and the day's requests allow it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Credentials, Page, Walk, ask, rate_limited, unreachable
from core.connectors.faults import HttpError
from core.connectors.owners import (
    ACCESS,
    Grant,
    OAuth,
    Owned,
    carried_over,
    ended,
    needs_owner,
    signed,
    standard,
    tokens,
)
from core.connectors.pinterest_entities import (
    Account,
    Analytics,
    Pins,
    Refusal,
    as_post,
    is_own,
    native_id,
    saves_in,
    shown,
)
from core.errors import (
    NeedsOwner,
    NotFound,
    PaymentRequired,
    QuotaExhausted,
    SourceAuthFailed,
    SourceChanged,
    SourceError,
    TokenExpired,
)
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Clock, Post, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

# endings under which Pinterest serves profiles
_COUNTRIES = "at be ca ch cl co.kr co.uk com com.au com.mx de dk es fr ie info it jp nz ph pt ru se"

MANIFEST = Manifest(
    name="pinterest",
    label="Pinterest",
    hosts=("api.pinterest.com",),
    base_url="https://api.pinterest.com/v5/",
    handles=HandleRule(
        pattern=r"[a-z0-9_]{3,30}",
        hint="3 to 30 letters, digits or underscores",
        example="glowguru",
        reserved=frozenset(
            "about business categories explore help ideas login news_hub pin search settings shopping today "
            "topics videos".split()
        ),
        urls=(
            UrlForm(
                hosts=("*.pinterest.com", *(f"pinterest.{ending}" for ending in _COUNTRIES.split())),
                path=r"/(?P<handle>[^/]+)(?:/.*)?",
            ),
        ),
        unresolvable=(
            UrlForm(hosts=("pin.it",), path=r".*"),
            UrlForm(hosts=("*.pinterest.com", "pinterest.com"), path=r"/pin/.+"),
        ),
    ),
    access="owner_authorised",
    credentials=(
        Credential(name="client_id", help="The id of your Pinterest app."),
        Credential(name="client_secret", help="The secret of that app."),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="utc_day",
            setting="daily_requests",
            default=1_000,
            per_lookup=2,
            help="Requests in one day, which the trial tier limits; an app with standard access may have more.",
        ),
    ),
    setup_url="https://developers.pinterest.com/apps/",
    counts=frozenset({"likes", "replies", "saves", "views"}),
    reset_headers=("pinterest",),
    limits="1,000 requests a day on the trial tier.",
    cost="Free; needs an app that Pinterest has approved, and the creator's consent.",
    attribution="Pinterest",
    reads="Followers, and reactions, comments, saves and impressions of the creator's own pins, once connected.",
    cannot_see="Accounts that are not connected: nobody can be looked up by name. Pins saved from others do not count.",
    off_wording="Pinterest needs the creator to connect the account.",
)

_TOKEN_URL = "https://api.pinterest.com/v5/oauth/token"
_PAGE = 250  # the most a page holds [spec]
_SAVES_UP_TO = 40  # pins of an account that are asked for their saves, a request each
_AT_ONCE = 5
_REACH = timedelta(days=89)  # analytics begin 90 days back at most [spec]; a day less, for clocks that differ

# --- answers to house types -------------------------------------------------------------------------------------------


def _account(body: bytes, asked: Asked) -> Account:
    return Account.model_validate_json(body)


def _profile(body: bytes, asked: Asked) -> Profile:
    return shown(_account(body, asked), asked.now)


def _page(body: bytes, asked: Asked) -> Page:
    told = Pins.model_validate_json(body)
    if asked.unknown and any(item.privacy is not None for item in told.items):
        words = "Pinterest changed its answers: boards for pins."
        raise SourceChanged(MANIFEST.name, words, field="items.0.privacy")
    posts = (as_post(pin) for pin in told.items if is_own(pin, asked.handle))
    dates = (pin.created_at for pin in reversed(told.items) if pin.created_at is not None)
    return Page(
        posts=tuple(post for post in posts if post is not None),
        cursor=told.bookmark,
        oldest=next(dates, None),
        items=len(told.items),
        ids=tuple(pin.id for pin in told.items),
    )


def _saved(body: bytes, asked: Asked) -> int | None:
    return saves_in(Analytics.model_validate_json(body))


# --- errors -----------------------------------------------------------------------------------------------------------

_LIMIT, _TIER = 8, 29  # codes


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means by its code or status; every token here is an owner's."""
    name, code = MANIFEST.name, _code(answer)
    if answer.status == 429 or code == _LIMIT:
        return rate_limited(MANIFEST, answer, asked.now)
    if answer.status == 403 or code == _TIER:
        return SourceAuthFailed(name, "Pinterest: our app lacks a permission or a tier of access.")
    if answer.status == 401:
        return TokenExpired(name, ended(MANIFEST))
    return None


def _code(answer: Answer) -> int | None:
    try:
        return Refusal.model_validate_json(answer.body).code if answer.status >= 400 else None
    except ValueError:
        return None


# --- reading ----------------------------------------------------------------------------------------------------------

PROFILE = Call(MANIFEST, "profile", r"^/v5/user_account/?$", _profile, _errors)
PINS = Call(MANIFEST, "posts", r"^/v5/pins/?$", _page, _errors)
SAVES = Call(MANIFEST, "saves", r"^/v5/pins/[^/]+/analytics/?$", _saved, _errors)
CALLS: tuple[Call[Any], ...] = (PROFILE, PINS, SAVES)
_ACCOUNT = Call(MANIFEST, "account", PROFILE.path, _account, _errors)  # before it becomes a profile


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return the account of the owner's token and its pins since `since`; raises one SourceError.

    Without a token it raises NeedsOwner. Takes two requests, one more for each further 250 pins, and one for each pin
    whose saves are asked for.
    """
    if ACCESS not in credentials:
        raise needs_owner(MANIFEST, target.handle)
    asked = Asked(handle=target.handle, now=clock.now(), subject=target.native_id or "", owned=True)
    return await _Opened(client, asked, since, _bearer(credentials[ACCESS])).snapshot()


@dataclass(frozen=True, slots=True)
class _Opened:
    """The account of an owner's token being read."""

    client: "Requests"
    asked: Asked
    since: datetime
    headers: Mapping[str, str]

    async def snapshot(self) -> Snapshot:
        account = await ask(_ACCOUNT, self.client, self.asked, "user_account", headers=self.headers)
        profile = shown(account, self.asked.now)
        self._check(profile)
        asked = replace(self.asked, handle=profile.handle)

        async def page(cursor: str | None) -> Page:
            params: dict[str, str | int] = {"page_size": _PAGE, "pin_metrics": "true"}
            params |= {"bookmark": cursor} if cursor is not None else {}
            return await ask(PINS, self.client, asked, "pins", params, self.headers)

        walk = await Walk(self.since).over(page, MANIFEST.label)
        posts, notes = await self._with_saves(walk.inside())
        return Snapshot(
            profile=profile,
            posts=posts,
            access="owner_authorised",
            complete_from=walk.complete_from,
            notes=(*walk.notes, *notes),
        )

    def _check(self, profile: Profile) -> None:
        told, wanted = (
            (profile.native_id, self.asked.subject) if self.asked.subject else (profile.handle, self.asked.handle)
        )
        if told != wanted:
            raise NeedsOwner(
                MANIFEST.name, f"Pinterest: the permission is another account's than @{self.asked.handle}'s."
            )

    # --- saves ------------------------------------------------------------------------------------------------------

    async def _with_saves(self, posts: tuple[Post, ...]) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        """Return the posts with their saves, all or none of them, and a note where there are none."""
        pins = [post for post in posts if post.kind == "original"]
        if len(pins) > _SAVES_UP_TO:
            return posts, (f"Pinterest: with more than {_SAVES_UP_TO} pins in the window, saves are not counted.",)
        try:
            await self.client.meter.afford({"requests": len(pins)})
            saves = await self._saves(pins)
        except (QuotaExhausted, PaymentRequired):
            return posts, ("Pinterest: today's requests do not suffice to count saves.",)
        except SourceAuthFailed:
            return posts, ("Pinterest does not show this account's saves.",)
        return tuple(post.model_copy(update={"saves": saves.get(post.native_id)}) for post in posts), ()

    async def _saves(self, pins: Sequence[Post]) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for at in range(0, len(pins), _AT_ONCE):
            some = pins[at : at + _AT_ONCE]
            told = await asyncio.gather(*map(self._saves_of, some), return_exceptions=True)
            for pin, saves in zip(some, told, strict=True):
                if isinstance(saves, BaseException):
                    raise saves
                found[pin.native_id] = saves
        return found

    async def _saves_of(self, pin: Post) -> int | None:
        today = self.asked.now.date()
        first = min(max(pin.created_at.date(), today - _REACH), today)
        params = {"start_date": first.isoformat(), "end_date": today.isoformat(), "metric_types": "SAVE"}
        try:
            return await ask(SAVES, self.client, self.asked, f"pins/{pin.native_id}/analytics", params, self.headers)
        except NotFound:  # deleted since it was listed
            return None


def _bearer(token: SecretStr) -> Mapping[str, str]:
    return {"authorization": f"Bearer {token.get_secret_value()}"}


# --- the owner's consent ----------------------------------------------------------------------------------------------


async def _accounts(client: "Requests", clock: Clock, credentials: Credentials) -> tuple[Owned, ...]:
    """Return the one account that an owner's token opens."""
    asked = Asked(handle="", now=clock.now(), owned=True)
    account = await ask(_ACCOUNT, client, asked, "user_account", headers=_bearer(credentials[ACCESS]))
    return (Owned(native_id=native_id(account), handle=account.username.lower()),)


async def _exchange(
    code: str, redirect_uri: str, verifier: str, client: "Requests", clock: Clock, credentials: Credentials
) -> Grant:
    """Return the tokens of a code; the refresh token is asked to live on for as long as it is used."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return await _sure({**form, "continuous_refresh": "true"}, client, clock, credentials)


async def _renew(grant: Grant, client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
    if grant.refresh is None:
        raise TokenExpired(MANIFEST.name, ended(MANIFEST))
    form = {"grant_type": "refresh_token", "refresh_token": grant.refresh.get_secret_value()}
    return carried_over(grant, await _sure({**form, "continuous_refresh": "true"}, client, clock, credentials))


async def _sure(form: Mapping[str, str], client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
    """Return tokens; raises TokenExpired only when it is not our app that is refused, which looks the same."""
    try:
        return await tokens(MANIFEST, OWNER.oauth, form, client, clock, credentials)
    except TokenExpired:
        await verify(client, clock, credentials)
        raise


OWNER = replace(
    standard(
        MANIFEST,
        OAuth(
            authorize_url="https://www.pinterest.com/oauth/",
            token_url=_TOKEN_URL,
            scopes=("user_accounts:read", "boards:read", "pins:read"),
            needed=frozenset({"user_accounts:read", "boards:read", "pins:read"}),
            separator=",",
            basic=True,
            reads=(
                "your profile: name, description, website",
                "how many followers you have, how many accounts you follow, how many pins you have",
                "your public pins: when each was made, and its reactions, comments, saves and impressions",
            ),
            withdraw_url="https://www.pinterest.com/settings/security",
        ),
        _accounts,
    ),
    exchange=_exchange,
    renew=_renew,
)


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try the app's id and secret by asking for a token of its own; raises SourceAuthFailed for refused ones.

    Most apps do not get such a token; that they are told so shows that the pair is right.
    """
    try:
        answer = await client.post(
            client.auth_beneath(_TOKEN_URL),
            form={"grant_type": "client_credentials"},
            headers=signed(OWNER.oauth, {}, credentials)[1],
            cost={"requests": 0},
        )
    except HttpError as err:
        raise unreachable(MANIFEST, err) from err
    if answer.status == 401:
        raise SourceAuthFailed(MANIFEST.name, "Pinterest refused our app's id or secret.")
    return Verified()
