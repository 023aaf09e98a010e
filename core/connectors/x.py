"""X, paid by the read: profiles and posts under a daily spending cap."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, TypeVar, get_args
from urllib.parse import quote

from core.connectors.answers import Answer
from core.connectors.base import (
    MAX_PAGES,
    Asked,
    Call,
    Credentials,
    LenientCount,
    LenientText,
    Page,
    Walk,
    Wire,
    ask,
    links_in,
    rate_limited,
)
from core.connectors.items import Item
from core.connectors.resets import next_utc_midnight
from core.connectors.x_entities import (
    POSTS,
    Audience,
    Entities,
    Problem,
    Refusal,
    Timeline,
    User,
    Whose,
    written_at,
)
from core.errors import (
    NotConfigured,
    NotFound,
    PaymentRequired,
    Private,
    QuotaExhausted,
    SourceChanged,
    SourceError,
    Suspended,
    Unavailable,
)
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm, Verified
from core.models import Action, Clock, Kind, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="x",
    label="X",
    hosts=("api.x.com",),
    base_url="https://api.x.com/2/",
    handles=HandleRule(
        pattern=r"[a-z0-9_]{1,15}",
        hint="1 to 15 letters, digits or underscores",
        example="glowguru",
        reserved=frozenset(
            "about account compose download explore hashtag home i intent jobs login logout messages notifications "
            "privacy search settings share signup tos".split()
        ),
        urls=(
            UrlForm(
                hosts=("x.com", "twitter.com"),
                path=r"/intent/(?:user|follow)\?(?:.*&)?screen_name=@?(?P<handle>[^&]+)(?:&.*)?",
            ),
            UrlForm(hosts=("x.com", "twitter.com"), path=r"/@?(?P<handle>[^/@]+)(?:/.*)?"),
        ),
        unresolvable=(UrlForm(hosts=("t.co",), path=r".*"),),
    ),
    free=False,
    credentials=(
        Credential(
            name="bearer_token",
            help="In the X developer console create your own app, buy credits and copy its bearer token. "
            "Every team registers its own app.",
        ),
        Credential(
            name="posts",
            required=False,
            asked=False,
            help="How many posts of an account may be read at a time, 100 unless set: each costs $0.005.",
        ),
    ),
    budgets=(
        BudgetRule(
            unit="usd",
            window="utc_day",
            setting="daily_usd",
            required=True,
            per_lookup=0.01,  # the profile; posts are asked for before they are paid
            help="The most that may be spent on X in one UTC day, in dollars, such as 2.00. Unset means off.",
        ),
    ),
    setup_url="https://console.x.com",
    counts=frozenset({"likes", "reposts", "replies", "quotes", "saves", "views"}),
    supplies_kind=True,
    reset_headers=("x",),
    rereads=timedelta(days=3),  # posts are paid for each time; most of what one brings about comes in its first days
    limits="300 profile lookups and 10,000 timeline pages in 15 minutes, and never more than the daily cap in dollars.",
    cost="Paid: $0.010 a profile and $0.005 a post; a first lookup with 100 posts costs $0.51. Repeats within one "
    "UTC day are free. A refresh reads only new posts and those of the last 3 days, and everything every 14 days.",
    attribution="X",
    reads="Followers, lists, and likes, reposts, replies, quotes, bookmarks and views of the account's own posts.",
    cannot_see=(
        "Protected accounts, and reposts of other people's posts, which would be paid for. "
        "An X name is never joined to another account by guess."
    ),
    off_wording="X charges for every read: it needs a token and a daily cap in dollars.",
)

PROFILE_USD = 0.010  # a user read [spec, pricing page of 2026]
POST_USD = 0.005  # a post read [spec]
_PAGE, _LEAST = 100, 5  # the most and the least a page of a timeline may be asked for [spec]
_LITTLE = timedelta(days=30)  # a read of no more days than these is one of what is new
_PAUSE = timedelta(minutes=15)  # the limits' window, when no header says how much of it is left
_USER = "created_at,description,entities,profile_image_url,protected,public_metrics,url,verified,verified_type"
_POST = "author_id,created_at,in_reply_to_user_id,public_metrics,referenced_tweets"
_NO_REPOSTS = "X: reposts are not read, each would be paid for; outreach counts replies and quotes only."

# --- answers to house types -------------------------------------------------------------------------------------------


def _profile(body: bytes, asked: Asked) -> Profile:
    told = Whose.model_validate_json(body)
    if told.data is None:
        raise _about_subject(told.errors, asked, "data")
    user, counts = told.data, told.data.public_metrics or Audience()
    posts = counts.tweet_count if counts.post_count is None else counts.post_count
    return Profile(
        network=MANIFEST.name,
        native_id=user.id,
        handle=user.username.lower(),
        display_name=user.name,
        url=f"https://x.com/{quote(user.username, safe='')}",
        avatar_url=user.profile_image_url,
        bio=user.description,
        created_at=user.created_at,
        followers=counts.followers_count,
        following=counts.following_count,
        listed=counts.listed_count,
        posts_total=posts,
        verified=user.verified,
        protected=user.protected or False,
        links=_links(user),
        fetched_at=asked.now,
    )


def _links(user: User) -> tuple[str, ...]:
    """Return where a profile's links lead; the text itself holds only X's own short ones."""
    entities = user.entities or Entities()
    places = [place for place in (entities.url, entities.description) if place is not None]
    return links_in(*(link.expanded_url for place in places for link in place.urls))


def _page(body: bytes, asked: Asked) -> Page:
    told = Timeline.model_validate_json(body)
    if told.data is None and (told.errors or told.meta is None):
        raise _about_subject(told.errors, asked, "data")
    items, subject = told.data or [], asked.subject  # absent when there are none
    ids = tuple(item["native_id"] for item in items)
    for item in items:
        if item["created_at"] is None:
            item["created_at"] = written_at(item["native_id"])
    dated = [item for item in items if item["created_at"] is not None]
    oldest = min((item["created_at"] for item in dated), default=None)
    own = [item for item in dated if not subject or item["author"] in (None, subject)]
    for item in own:
        item["url"] = f"https://x.com/i/status/{item['native_id']}"
        item["kind"] = kind = _kind(item, subject)
        if kind == "repost":  # it shows another's counts
            item.update(dict.fromkeys(get_args(Action)))
    cursor = told.meta.next_token if told.meta is not None else None
    return Page(posts=POSTS.posts(own), cursor=cursor, oldest=oldest, items=len(items), ids=ids)


def _kind(item: Item, subject: str) -> Kind:
    if not item["references"]:
        return "original"
    kinds = {reference.kind for reference in item["references"]}
    if kinds & {"retweeted", "reposted"}:
        return "repost"
    if "replied_to" in kinds:
        return "thread" if subject and item["answered"] == subject else "reply"
    return "quote" if "quoted" in kinds else "original"


# --- errors -----------------------------------------------------------------------------------------------------------


def _about_subject(problems: tuple[Problem, ...], asked: Asked, field: str) -> SourceError:
    """Return what it means that an answer with status 200 holds nothing."""
    for problem in problems:
        if (error := _meaning(problem, asked)) is not None:
            return error
    return SourceChanged(MANIFEST.name, f"X changed its answers: field {field} (missing).", field=field)


def _meaning(problem: Problem, asked: Asked) -> SourceError | None:
    name, whom = MANIFEST.name, f"@{asked.handle}" if asked.handle else "this account"
    if problem.name == "resource-not-found":
        # the one place where title and detail tell things apart: the type is the same for both
        gone = problem.title == "Forbidden" or "suspended" in (problem.detail or "").lower()
        return Suspended(name, f"X: {whom} is suspended.") if gone else NotFound(name, f"I can't find {whom} on X.")
    if problem.name == "not-authorized-for-resource":
        return Private(name, f"X: {whom} is protected.")
    if problem.name in _PASSING:
        return Unavailable(name, "X has a problem of its own.")
    if problem.name == "disallowed-resource":
        return Private(name, f"X does not show {whom}.")
    if problem.name == "usage-capped":  # of a day or a month; the answer names no moment
        until = next_utc_midnight(asked.now)
        return QuotaExhausted(name, "X: the app's allowance of posts is used up.", retry_at=until)
    if problem.code == _PROTECTED:
        return Private(name, f"X: {whom} is protected.")
    if problem.code in _UNKNOWN:
        return NotFound(name, f"I can't find {whom} on X.")
    return Suspended(name, f"X: {whom} is suspended.") if problem.code == _SUSPENDED else None


_PASSING = frozenset({"resource-unavailable", "internal-error"})
_UNKNOWN, _SUSPENDED, _PROTECTED = frozenset({17, 34, 50}), 63, 179  # codes of the first API [spec, "Response codes"]


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    """Return what a refusal means; what is not named here means what it means everywhere."""
    if 200 <= answer.status < 300:
        return None  # what is wrong there stands beside the data
    if answer.status in (403, 404, 429):
        for problem in _problems(answer):
            if (error := _meaning(problem, asked)) is not None:
                return error
    if answer.status == 404:
        return NotFound(MANIFEST.name, f"I can't find @{asked.handle} on X." if asked.handle else "X: not found.")
    if answer.status == 429:  # as JSON of two kinds or as plain text
        return rate_limited(MANIFEST, answer, asked.now, _PAUSE)
    if answer.status == 410:  # of an address that was switched off; nobody is missing
        return SourceChanged(MANIFEST.name, "X no longer answers at this address.", field="method")
    return None


def _problems(answer: Answer) -> tuple[Problem, ...]:
    try:
        refusal = Refusal.model_validate_json(answer.body)
    except ValueError:
        return ()
    return (refusal, *refusal.errors)


# --- reading ----------------------------------------------------------------------------------------------------------

_ID = r"(?:[0-9]+|:id|\{id\}|\.{3})"  # noted requests name the account schematically
PROFILE = Call(MANIFEST, "profile", rf"/users/(?:by/username/[^/]+|{_ID})$", _profile, _errors)
TIMELINE = Call(MANIFEST, "posts", rf"/users/{_ID}/(?:tweets|posts|\.{{3}})$", _page, _errors)
CALLS = (PROFILE, TIMELINE)
T = TypeVar("T", Profile, Page)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Asks for one account; every object is paid before it is asked for and, when it did not come, taken back."""

    client: "Requests"
    headers: Mapping[str, str]

    async def profile(self, target: Target, asked: Asked) -> Profile:
        by_id = f"users/{quote(target.native_id, safe='')}" if target.native_id else ""
        path = by_id or f"users/by/username/{quote(target.handle, safe='')}"
        return await self._paid(PROFILE, asked, path, {"user.fields": _USER}, PROFILE_USD, lambda _: PROFILE_USD)

    async def page(self, asked: Asked, since: datetime, most: int, cursor: str | None) -> Page:
        params: dict[str, str | int] = {
            "max_results": most,
            "exclude": "retweets",
            "start_time": _iso(since),
            "tweet.fields": _POST,
        }
        if cursor is not None:
            params["pagination_token"] = cursor
        path = f"users/{asked.subject}/tweets"
        return await self._paid(TIMELINE, asked, path, params, most * POST_USD, lambda page: page.items * POST_USD)

    async def _paid(
        self,
        call: Call[T],
        asked: Asked,
        path: str,
        params: Mapping[str, str | int],
        usd: float,
        worth: Callable[[T], float],
    ) -> T:
        """Ask and keep account: X charges what it delivers, whatever number of tries that took.

        When nobody knows whether anything was delivered (no answer, a broken one), what was charged stays charged.
        """
        meter = self.client.meter
        before, delivered = meter.spent.get("usd", 0.0), 0.0
        try:
            found = await ask(call, self.client, asked, path, params, self.headers, cost={"usd": usd})
            delivered = min(worth(found), usd)
        except (Unavailable, SourceChanged):
            raise
        except SourceError:
            self._settle(before)
            raise
        self._settle(before + delivered)
        return found

    def _settle(self, owed: float) -> None:
        meter = self.client.meter
        meter.refund({"usd": max(0.0, meter.spent.get("usd", 0.0) - owed)})


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return an X account and its posts since `since`, reposts left out; raises one SourceError.

    Nothing is asked for unless the budget holds the profile and all the posts that may come: of a whole window, or of
    the first page where little is new. A later page that it does not hold is left out.
    """
    most = _most(credentials)
    first = most if clock.now() - since > _LITTLE else max(_LEAST, ceil(most / 3))
    asked, reader = Asked(handle=target.handle, now=clock.now()), _Reader(client, _headers(credentials))
    if not (_NUMBER if target.native_id else _NAME).fullmatch(target.native_id or target.handle):
        raise NotFound(MANIFEST.name, "X names have 1 to 15 letters, digits or underscores.")
    await client.meter.afford({"usd": PROFILE_USD + first * POST_USD})
    profile = await reader.profile(target, asked)
    if profile.protected:
        raise Private(MANIFEST.name, f"X: @{profile.handle} is protected.")
    asked = replace(asked, handle=profile.handle, subject=profile.native_id)
    left = most

    async def page(cursor: str | None) -> Page:
        nonlocal left
        size = max(_LEAST, min(_PAGE, first, left))
        left -= size
        try:
            return await reader.page(asked, since, size, cursor)
        except PaymentRequired as error:
            if cursor is None or first == most or not error.ours:
                raise
            raise Unavailable(MANIFEST.name, error.message) from error  # what was paid for before is kept

    full, rest = divmod(most, min(_PAGE, first))  # a last page below the least that X gives would exceed `most`
    pages = max(1, full + (rest >= _LEAST))
    walk = await Walk(since, limit=min(MAX_PAGES, pages)).over(page, MANIFEST.label)
    return Snapshot(
        profile=profile,
        posts=walk.inside(),
        complete_from=walk.complete_from,
        notes=(_NO_REPOSTS, *walk.notes),
    )


_NAME = re.compile(MANIFEST.handles.pattern, re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,40}")


def _most(credentials: Credentials) -> int:
    """Return how many posts may be read; raises NotConfigured for what is no such number."""
    told = credentials.get("posts")
    if told is None:
        return _PAGE
    text = told.get_secret_value().strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and _LEAST <= int(text) <= _PAGE * MAX_PAGES):
        what = f"a whole number from {_LEAST} to {_PAGE * MAX_PAGES:,}"
        raise NotConfigured(MANIFEST.name, f"X: CLOUT_X__POSTS has to be {what}.")
    return int(text)


def _iso(since: datetime) -> str:
    return since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _headers(credentials: Credentials) -> Mapping[str, str]:
    return {"authorization": f"Bearer {credentials['bearer_token'].get_secret_value()}"}


# --- trying a key -----------------------------------------------------------------------------------------------------


class _Usage(Wire):
    project_id: LenientText = None
    project_usage: LenientCount = None  # written as text
    project_cap: LenientCount = None


class _Told(Wire):
    data: _Usage


def _usage(body: bytes, asked: Asked) -> _Usage:
    return _Told.model_validate_json(body).data


_USAGE = Call(MANIFEST, "usage", r"/usage/tweets$", _usage, _errors)


async def verify(client: "Requests", clock: Clock, credentials: Credentials) -> Verified:
    """Try a token with the one request that is not paid for; raises SourceAuthFailed for a refused one."""
    asked = Asked(handle="", now=clock.now())
    usage = await ask(_USAGE, client, asked, "usage/tweets", headers=_headers(credentials))
    if usage.project_usage is None or usage.project_cap is None:
        return Verified()
    return Verified(notes=(f"X: {usage.project_usage:,} of {usage.project_cap:,} posts of this month are read.",))
