"""LinkedIn: people and Pages whose owner or administrator has connected them.

A Page shows its posts with reactions and statistics to its administrators, a member only totals of their own. Native
ids are URNs, so that the two cannot be mixed up. Shapes: `linkedin_resources.py`; headers, errors, limits: `restli.py`.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.connectors import linkedin_resources as shapes
from core.connectors.base import Asked, Call, Credentials, Page, Walk
from core.connectors.linkedin_resources import BRAND, PERSON, Counts
from core.connectors.owners import ACCESS, Grant, OAuth, Owned, OwnerAccess, standard
from core.connectors.restli import NEEDS_OWNER, Session, dated, encoded, listed, refusal
from core.errors import NeedsOwner, NotConfigured, NotFound, SourceChanged, SourceError, TokenExpired, Unavailable
from core.manifest import BudgetRule, Credential, HandleRule, Manifest, Target, UrlForm
from core.models import Clock, Post, Profile, Snapshot

if TYPE_CHECKING:
    from core.connectors.http import Requests

MANIFEST = Manifest(
    name="linkedin",
    label="LinkedIn",
    hosts=("api.linkedin.com", "www.linkedin.com"),  # the second one renews tokens
    base_url="https://api.linkedin.com/rest/",
    handles=HandleRule(
        pattern=r"(?:in|company|school|showcase)/\w(?:[\w.&-]{0,98}[\w-])?",
        hint="a kind and a name, such as linkedin:company/glow-labs or linkedin:in/mara-lind",
        example="company/glow-labs",
        urls=(
            UrlForm(
                hosts=("linkedin.com", "*.linkedin.com"),
                path=r"/(?P<handle>(?:in|company|school|showcase)/[^/]+)(?:/.*)?",
            ),
        ),
        unresolvable=(
            UrlForm(hosts=("lnkd.in",), path=r".*"),
            UrlForm(hosts=("linkedin.com", "*.linkedin.com"), path=r"/(?:pub|posts|feed|pulse|profile)/.+"),
        ),
    ),
    access="owner_authorised",
    credentials=(
        Credential(
            name="client_id",
            help="The id of your LinkedIn app with the Community Management API, which LinkedIn grants to registered "
            "legal entities.",
        ),
        Credential(name="client_secret", help="The secret of that app."),
        Credential(
            name="version",
            required=False,
            asked=False,
            help="The API version as YYYYMM; LinkedIn retires each after about a year.",
        ),
    ),
    budgets=(
        BudgetRule(
            unit="requests",
            window="utc_day",
            setting="daily_requests",
            per_lookup=6,
            help="The most requests in one UTC day; unset, LinkedIn's own limits count, which it does not publish.",
        ),
    ),
    setup_url="https://www.linkedin.com/developers/apps",
    counts=frozenset({"likes", "reposts", "replies", "views"}),
    retention=timedelta(days=2),  # LinkedIn's Marketing API terms: activity is kept no longer without being read again
    limits="Per app, member and day, unpublished; they start anew at 00:00 UTC. A lookup takes about 6 requests.",
    cost="Free; needs LinkedIn's product approval, and the owner's consent.",
    attribution="LinkedIn",
    reads="Followers, and reactions, comments, shares and impressions of Pages whose administrator has connected them.",
    cannot_see="People and Pages that are not connected. A connected member shows own totals only.",
    off_wording="LinkedIn: people and Pages can only be read after their owner connects; not counted.",
)

OAUTH = OAuth(
    authorize_url="https://www.linkedin.com/oauth/v2/authorization",
    token_url="https://www.linkedin.com/oauth/v2/accessToken",
    scopes=(
        "r_organization_social",
        "rw_organization_admin",
        "r_basicprofile",
        "r_member_profileAnalytics",
        "r_member_postAnalytics",
    ),
    needed=frozenset({"r_organization_social", "rw_organization_admin"}),
    reads=(
        "Which Pages you administer, and the name and number of followers of the one you choose.",
        "Its posts' dates, reactions, comments, reshares and impressions.",
        "If you connect yourself: your name, and the totals of your followers, impressions and reactions.",
    ),
    withdraw_url="https://www.linkedin.com/mypreferences/d/data-sharing-for-permitted-services",
    renew_ahead=timedelta(days=1),
)

VERSION = "202606"
_BATCH = 50  # posts in one request for their counts: an address has to stay under 4 KB
_EDGE, _OLDER_EDGE = "COMPANY_FOLLOWED_BY_MEMBER", "CompanyFollowedByMember"
_MOST_PAGES = 100  # of one administrator
_URN = re.compile(rf"(?:{shapes.ORGANIZATION}|{BRAND})[0-9]{{1,30}}|{PERSON}[0-9A-Za-z_-]{{1,60}}")
_KINDS = {"IMPRESSION": "impressions", "REACTION": "reactions", "COMMENT": "comments", "RESHARE": "reshares"}
_WINDOW = timedelta(days=90)

PAGE = Call(MANIFEST, "profile", r"/organization(?:s|sLookup|Brands)$", shapes.organization, refusal)
POSTS = Call(MANIFEST, "posts", r"/posts$", shapes.posts, refusal)
MEMBER = Call(MANIFEST, "member", r"/me$", shapes.member, refusal)
FOLLOWERS = Call(MANIFEST, "followers", r"/networkSizes/[^/]+$", shapes.size, refusal)
SOCIAL = Call(MANIFEST, "social", r"/socialMetadata$", shapes.social, refusal)
STATISTICS = Call(MANIFEST, "statistics", r"/organizationalEntityShareStatistics$", shapes.statistics, refusal)
TOTAL = Call(MANIFEST, "total", r"/member(?:FollowersCount|CreatorPostAnalytics)$", shapes.total, refusal)
ACLS = Call(MANIFEST, "acls", r"/organizationAcls$", shapes.administered, refusal)
CALLS = (PAGE, POSTS, MEMBER, FOLLOWERS, SOCIAL, STATISTICS, TOTAL, ACLS)
_NAMES = Call(MANIFEST, "names", PAGE.path, lambda body, _: shapes.organizations(body), refusal)

# --- one lookup -------------------------------------------------------------------------------------------------------


async def fetch(
    target: Target, since: datetime, client: "Requests", clock: Clock, credentials: Credentials
) -> Snapshot:
    """Return a Page and its posts since `since`, or a member's totals, under the owner's token; raises one SourceError.

    A Page: three requests, one more for each further 100 posts, and two or three for each 50 posts of the window. A
    member: six.
    """
    session = _session(client, clock, credentials)
    asked = Asked(handle=target.handle, now=clock.now(), owned=True)
    if (target.native_id or "").startswith(PERSON) or (target.native_id is None and target.handle.startswith("in/")):
        return await _member(session, asked, target)
    page = await _page_of(session, asked, target)
    asked = replace(asked, subject=page.native_id)
    followers = await _followers(session, asked)
    walk = await _walk(session, asked, since)
    posts, notes = await _counted(session, asked, walk.inside())
    return Snapshot(
        profile=page.model_copy(update={"followers": followers}),
        posts=posts,
        access="owner_authorised",
        complete_from=walk.complete_from,
        notes=(*walk.notes, *notes),
    )


def _session(client: "Requests", clock: Clock, credentials: Credentials) -> Session:
    if ACCESS not in credentials:
        raise NeedsOwner(MANIFEST.name, NEEDS_OWNER)
    given = credentials.get("version")
    version = VERSION if given is None else given.get_secret_value().strip()
    if not re.fullmatch(r"20[0-9]{2}(?:0[1-9]|1[0-2])", version):
        raise NotConfigured(MANIFEST.name, "LinkedIn: CLOUT_LINKEDIN__VERSION is written YYYYMM, such as 202606.")
    return Session(client, clock, credentials[ACCESS], version)


# --- Pages ------------------------------------------------------------------------------------------------------------


async def _page_of(session: Session, asked: Asked, target: Target) -> Profile:
    """Return the Page by its URN, or by its name where that is all there is."""
    urn, (kind, _, name) = target.native_id, target.handle.partition("/")
    if urn is None:
        if not re.fullmatch(MANIFEST.handles.pattern, target.handle):
            raise NotFound(MANIFEST.name, "LinkedIn: that cannot be a Page.")
        path = "organizationBrands" if kind == "showcase" else "organizations"
        found = await session.ask(PAGE, asked, path, f"q=vanityName&vanityName={encoded(name)}", finder=True)
    else:
        if not _URN.fullmatch(urn):
            raise NotFound(MANIFEST.name, "LinkedIn: that cannot be a Page.")
        path = "organizationBrands" if urn.startswith(BRAND) else "organizationsLookup"
        ids = listed([urn.rpartition(":")[2]])
        found = await session.ask(PAGE, replace(asked, subject=urn), path, f"ids={ids}")
    if found is None:
        raise NotFound(MANIFEST.name, f"I can't find {target.handle} on LinkedIn.")
    return found if urn is None else found.model_copy(update={"native_id": urn})


async def _followers(session: Session, asked: Asked) -> int | None:
    """Return how many follow a Page; versions before 2023 spell the question otherwise."""
    path = f"networkSizes/{encoded(asked.subject)}"
    try:
        return await session.ask(FOLLOWERS, asked, path, f"edgeType={_EDGE}")
    except SourceChanged:
        return await session.ask(FOLLOWERS, asked, path, f"edgeType={_OLDER_EDGE}")


async def _walk(session: Session, asked: Asked, since: datetime) -> Walk:
    async def page(cursor: str | None) -> Page:
        start = int(cursor or 0)
        call = replace(POSTS, parse=lambda body, asked: shapes.posts(body, asked, start))
        where = f"start={start}&count={shapes.PAGE_SIZE}&sortBy=LAST_MODIFIED"
        return await session.ask(call, asked, "posts", f"q=author&author={encoded(asked.subject)}&{where}", finder=True)

    return await Walk(since).over(page, MANIFEST.label)


async def _counted(session: Session, asked: Asked, posts: Sequence[Post]) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """Return the posts with reactions and statistics; reposts carry other people's counts and are not asked about."""
    urns = [post.native_id for post in posts if post.kind != "repost"]

    async def social(some: Sequence[str]) -> Mapping[str, Counts]:
        return await session.ask(SOCIAL, asked, "socialMetadata", f"ids={listed(some)}")

    async def statistics(some: Sequence[str]) -> Mapping[str, Counts]:
        kind = "ugcPosts" if some[0].startswith("urn:li:ugcPost:") else "shares"
        page = encoded(asked.subject)
        query = f"q=organizationalEntity&organizationalEntity={page}&{kind}={listed(some)}"
        return await session.ask(STATISTICS, asked, "organizationalEntityShareStatistics", query, finder=True)

    told = await _gathered(_batches(urns), social)
    kinds = (_batches(urn for urn in urns if urn.startswith(kind)) for kind in ("urn:li:share:", "urn:li:ugcPost:"))
    known = await _gathered((batch for batches in kinds for batch in batches), statistics)
    note = "LinkedIn gave negative figures for some posts; they count as unknown."
    odd = (note,) if any(one.odd for one in known.values()) else ()
    return tuple(_with(post, told.get(post.native_id), known.get(post.native_id)) for post in posts), odd


def _batches(urns: Iterable[str]) -> Iterator[Sequence[str]]:
    rest = list(urns)
    return (rest[start : start + _BATCH] for start in range(0, len(rest), _BATCH))


async def _gathered(
    batches: Iterable[Sequence[str]], read: Callable[[Sequence[str]], Awaitable[Mapping[str, Counts]]]
) -> Mapping[str, Counts]:
    found: dict[str, Counts] = {}
    for batch in batches:
        found.update(await read(batch))
    return found


def _with(post: Post, social: Counts | None, statistics: Counts | None) -> Post:
    """Return a post with its counts: what everybody sees of it before what is only added up once a day."""
    seen, added = social or Counts(), statistics or Counts()
    counts = {
        "likes": added.likes if seen.likes is None else seen.likes,
        "replies": added.replies if seen.replies is None else seen.replies,
        "reposts": added.reposts,
        "views": added.views,
    }
    return post.model_copy(update=counts)


# --- members ----------------------------------------------------------------------------------------------------------


async def _member(session: Session, asked: Asked, target: Target) -> Snapshot:
    """Return a member's profile with followers, and the totals of their posts as a note: no post of theirs is shown."""
    profile = await session.ask(MEMBER, asked, "me")
    if profile.native_id != (target.native_id or profile.native_id):
        raise NeedsOwner(MANIFEST.name, NEEDS_OWNER)
    if target.native_id is None and profile.handle != target.handle:
        raise NeedsOwner(MANIFEST.name, NEEDS_OWNER)
    followers = await _total(session, asked, "memberFollowersCount", "q=me")
    days = f"dateRange={dated(asked.now - _WINDOW, asked.now)}"
    said = []
    for kind, word in _KINDS.items():
        query = f"q=me&queryType={kind}&aggregation=TOTAL&{days}"
        number = await _total(session, asked, "memberCreatorPostAnalytics", query)
        said += [f"{number:,} {word}"] if number is not None else []
    told = f", in the last {_WINDOW.days} days: {', '.join(said)}." if said else "."
    return Snapshot(
        profile=profile.model_copy(update={"followers": followers}),
        access="owner_authorised",
        notes=(f"LinkedIn shows totals of a member, no posts{told}",),
    )


async def _total(session: Session, asked: Asked, path: str, query: str) -> int | None:
    """Return one figure, None where this one is refused; raises what stands for all of them."""
    try:
        return await session.ask(TOTAL, asked, path, query, finder=True)
    except TokenExpired:
        raise
    except (NeedsOwner, NotFound, SourceChanged, Unavailable):
        return None


# --- the owner's consent ----------------------------------------------------------------------------------------------


async def _accounts(client: "Requests", clock: Clock, credentials: Credentials) -> tuple[Owned, ...]:
    """Return the Pages that the member administers, then the member; each part may be refused, not both."""
    session = _session(client, clock, credentials)
    asked = Asked(handle="", now=clock.now(), owned=True)
    found: list[Owned] = []
    refused: SourceError | None = None
    for part in (_pages, _self):
        try:
            found += await part(session, asked)
        except TokenExpired:
            raise
        except NeedsOwner as error:
            refused = error
    if refused is not None and not found:
        raise refused
    return tuple(found)


async def _pages(session: Session, asked: Asked) -> list[Owned]:
    query = f"q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&start=0&count={_MOST_PAGES}"
    urns = await session.ask(ACLS, asked, "organizationAcls", query, finder=True)
    found = []
    for path, prefix in (("organizationsLookup", shapes.ORGANIZATION), ("organizationBrands", BRAND)):
        ids = {urn.rpartition(":")[2]: urn for urn in urns if urn.startswith(prefix)}
        if ids:
            pages = await session.ask(_NAMES, asked, path, f"ids={listed(ids)}")
            found += [Owned(native_id=ids[page.id], handle=page.handle) for page in pages if page.id in ids]
    return found


async def _self(session: Session, asked: Asked) -> list[Owned]:
    me = await session.ask(MEMBER, asked, "me")
    return [Owned(native_id=me.native_id, handle=me.handle)]


def _access() -> OwnerAccess:
    """Return the standard's way, but for tokens that came without a refresh token: most apps get none.

    Such a one is tried, so that one that was taken back is known as such.
    """
    usual = standard(MANIFEST, OAUTH, _accounts)
    again = usual.renew
    assert again is not None, "the standard renews"

    async def renew(grant: Grant, client: "Requests", clock: Clock, credentials: Credentials) -> Grant:
        if grant.refresh is None and grant.expires_at is not None and clock.now() < grant.expires_at:
            held = {**credentials, ACCESS: grant.access}
            await _self(_session(client, clock, held), Asked(handle="", now=clock.now(), owned=True))
            words = "LinkedIn gives this app no refresh tokens: the token is good until its end."
            raise Unavailable(MANIFEST.name, words)
        return await again(grant, client, clock, credentials)

    return replace(usual, renew=renew)


OWNER = _access()
