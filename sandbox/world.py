"""The pretend internet's creators: a pure function of seed, anchor day and moment."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np

from sandbox.cast import CAST
from sandbox.phrases import answer_text, post_text
from sandbox.plan import Plan, Role
from sandbox.timeline import DAY, ORIGINAL, QUOTE, REPLY, REPOST, THREAD, Ints, Maker, Timeline

DEFAULT_ANCHOR = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday; any day does, the same one keeps tests alike


def digest(text: str) -> bytes:
    """Return 32 bytes that stand for `text`."""
    return hashlib.sha256(text.encode()).digest()


def base32(raw: bytes) -> str:
    """Return lower-case base32 without padding."""
    return base64.b32encode(raw).decode().lower().rstrip("=")


@dataclass(frozen=True)
class PostView:
    """One post at one moment. `target` is the post that a reply, quote, repost or thread points to."""

    account: "Account"
    index: int
    at: float
    kind: int
    text: str
    likes: int
    replies: int
    reposts: int
    quotes: int
    saves: int
    views: int
    target: "PostView | None" = None

    @property
    def moment(self) -> datetime:
        """Return when it was published."""
        return datetime.fromtimestamp(self.at, UTC)


class Account:
    """One account of a creator on one network."""

    def __init__(self, world: "World", role: Role, plan: Plan) -> None:
        self.world = world
        self.role = role
        self.plan = plan
        self.network = plan.network
        self.handle = plan.handle
        self.quirks = plan.quirks
        self._maker = Maker(plan, world.anchor_day, world.seed)
        self.native_id = _native_id(plan)

    def __repr__(self) -> str:
        return f"Account({self.network}:{self.handle})"

    @property
    def name(self) -> str:
        """Return the display name."""
        return self.role.name if self.plan.name is None else self.plan.name

    @property
    def names(self) -> frozenset[str]:
        """Return what the account may be asked for by, in lower case: slug, handle, native id."""
        return frozenset((self.role.slug, self.handle.lower(), self.native_id.lower()))

    @cached_property
    def links(self) -> tuple["Account", ...]:
        """Return the creator's other accounts that the profile text links to; empty for those who link nothing."""
        if not self.role.linked or "unlisted" in self.quirks:
            return ()
        others = self.world.accounts_of(self.role.slug)
        return tuple(other for other in others if other is not self and "unlisted" not in other.quirks)

    @cached_property
    def bio(self) -> str:
        """Return the profile text, followed by addresses of the creator's other accounts."""
        if self.plan.bio is not None:
            return self.plan.bio
        return "\n".join([self.role.bio, *(profile_url(other) for other in self.links)]).strip()

    @property
    def timeline(self) -> Timeline:
        """Return every post, past and still to come."""
        return self._maker.timeline

    def opened(self) -> datetime:
        """Return when the account was created."""
        return datetime.fromtimestamp(self.world.anchor_day - self.plan.opened_days * DAY + 30_000, UTC)

    def followers(self, moment: float) -> int:
        """Return the followers at `moment` (epoch seconds)."""
        return self._maker.followers(moment)

    def posts_total(self, moment: float, *, with_reposts: bool = False) -> int:
        """Return how many posts exist at `moment`, those before the recorded half year included."""
        shown = self.timeline.visible(moment)
        if not with_reposts:
            shown = shown[self.timeline.kind[shown] != REPOST]
        earlier = 0 if self.plan.only is not None else int(self.plan.per_week * 20)
        return len(shown) + earlier

    def view(self, index: int, moment: float, *, deep: bool = True) -> PostView:
        """Return one post as it is at `moment`; `deep` follows what it points to."""
        line = self.timeline
        counts = line.counts(np.array([index]), moment)[0]
        kind = int(line.kind[index])
        target = self._target(index, moment) if deep else None
        likes, replies, reposts, quotes, saves, views = (int(count) for count in counts)
        text, at = self._text(index, kind), float(line.at[index])
        return PostView(self, index, at, kind, text, likes, replies, reposts, quotes, saves, views, target)

    def _text(self, index: int, kind: int) -> str:
        if index in self.timeline.text:
            return self.timeline.text[index]
        number = index + len(self.role.slug) * 31
        if "hostile" in self.quirks and index % 3 == 0:
            return self.role.bio[:290]
        return answer_text(number) if kind == REPLY else post_text(self.role.topic, number)

    def _target(self, index: int, moment: float) -> PostView | None:
        line = self.timeline
        kind = int(line.kind[index])
        if kind == ORIGINAL:
            return None
        if kind == THREAD:
            return self.view(int(line.whom[index]), moment, deep=False)
        return self.world.somebody(self, float(line.whom[index]), float(line.at[index]), moment)


class World:
    """All creators around one anchor day. The same seed and anchor always make the same world.

    The past reaches back 26 weeks from the anchor, and 26 weeks are still to come for a clock that is moved on. `crowd`
    adds that many plain accounts on Bluesky, `crowd-0.bsky.social` and so on, for load, with `crowd_rate` posts a week.
    """

    def __init__(
        self, seed: int = 20, anchor: datetime | None = None, crowd: int = 0, crowd_rate: float | None = None
    ) -> None:
        self.seed = seed
        anchor = (anchor or DEFAULT_ANCHOR).astimezone(UTC)
        self.anchor = anchor
        self.anchor_day = anchor.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        self.roles: tuple[Role, ...] = (*CAST, *(_crowd_role(number, seed, crowd_rate) for number in range(crowd)))
        self._accounts: dict[str, tuple[Account, ...]] = {
            role.slug: tuple(Account(self, role, plan) for plan in role.plans) for role in self.roles
        }
        self._found: dict[tuple[str, str], Account] = {}
        for account in self.accounts():
            self._found.setdefault((account.network, account.handle.lower()), account)
            self._found.setdefault((account.network, account.native_id.lower()), account)
        self.strangers = {network: self._stranger(network) for network in ("bluesky", "mastodon", "x")}

    def accounts(self, network: str | None = None) -> Iterable[Account]:
        """Yield every account, or those of one network, in a fixed order."""
        for role in self.roles:
            for account in self._accounts[role.slug]:
                if network in (None, account.network):
                    yield account

    def accounts_of(self, slug: str) -> tuple[Account, ...]:
        """Return the accounts of one creator."""
        return self._accounts[slug]

    def creator(self, slug: str) -> dict[str, Account]:
        """Return a creator's accounts by network; the first one where there are two on a network."""
        found: dict[str, Account] = {}
        for account in self._accounts[slug]:
            found.setdefault(account.network, account)
        return found

    def handles(self) -> dict[str, dict[str, str]]:
        """Return every creator's handles: slug -> network -> handle."""
        return {role.slug: {net: acc.handle for net, acc in self.creator(role.slug).items()} for role in self.roles}

    def find(self, network: str, name: str) -> Account | None:
        """Return the account of that handle or native id, or None."""
        return self._found.get((network, name.lower()))

    def somebody(self, who: Account, pick: float, at: float, moment: float) -> PostView | None:
        """Return somebody else's post, older than `at`, that `pick` in [0, 1) points to; None when there is none."""
        stranger = self.strangers[who.network]
        others = self._talkers[who.network]
        other = others[int(pick * len(others))]
        posts = _originals(other.timeline, at - 3600.0)[-20:]
        if other is who or not len(posts):
            other, posts = stranger, _originals(stranger.timeline, at - 3600.0)[-20:]
        if not len(posts):
            return None
        return other.view(int(posts[int(pick * 1e6) % len(posts)]), moment, deep=False)

    @cached_property
    def _talkers(self) -> dict[str, list[Account]]:
        """Return, per network, whom people reply to: some of the cast, and often a stranger."""
        talkers: dict[str, list[Account]] = {}
        for network, stranger in self.strangers.items():
            cast = [acc for acc in self.accounts(network) if not acc.quirks and acc.plan.per_week > 0][:14]
            talkers[network] = [stranger] * max(2, len(cast)) + cast
        return talkers

    def _stranger(self, network: str) -> Account:
        handle = {"bluesky": "passerby.example", "mastodon": "passerby@far.example", "x": "passerby"}[network]
        role = Role("passerby", "Passer By", "weather", "whom others reply to", "Just passing.", (), linked=False)
        plan = Plan(network, handle, 900, 0.05, 5)
        return Account(self, replace(role, plans=(plan,)), plan)

    def bounds(self) -> tuple[datetime, datetime]:
        """Return the first and the last moment the world has posts for."""
        start = datetime.fromtimestamp(self.anchor_day, UTC)
        return start - timedelta(days=182), start + timedelta(days=182)


def _originals(line: Timeline, until: float) -> Ints:
    seen = line.visible(until)
    originals: Ints = seen[line.kind[seen] == ORIGINAL]
    return originals


def _native_id(plan: Plan) -> str:
    """Return an id in the network's own style, the same for ever."""
    key = digest(f"{plan.network}:{plan.handle}")
    if plan.network == "bluesky":
        return f"did:web:{plan.handle}" if "did_web" in plan.quirks else "did:plc:" + base32(key)[:24]
    number = int.from_bytes(key[:6], "big")
    if plan.network == "mastodon":
        odd = plan.handle.endswith("@odd.example")
        return "A" + base64.urlsafe_b64encode(key[:12]).decode().replace("-", "x") if odd else str(10**17 + number)
    if plan.network == "youtube":
        return "UC" + base64.urlsafe_b64encode(key[:17]).decode()[:22]
    if plan.network == "github":
        return str(1_000_000 + number % 90_000_000)
    return str(10**9 + number)


def profile_url(account: Account) -> str:
    """Return the address of an account's page, as people paste it."""
    handle = account.handle
    if account.network == "mastodon":
        user, _, host = handle.partition("@")
        return f"https://{host}/@{user}"
    forms = {
        "bluesky": "https://bsky.app/profile/{}",
        "github": "https://github.com/{}",
        "x": "https://x.com/{}",
        "threads": "https://www.threads.net/@{}",
        "linkedin": "https://www.linkedin.com/{}/",
        "instagram": "https://www.instagram.com/{}/",
        "facebook": "https://www.facebook.com/{}",
        "tiktok": "https://www.tiktok.com/@{}",
        "pinterest": "https://www.pinterest.com/{}/",
        "youtube": "https://www.youtube.com/@{}",
        "twitch": "https://www.twitch.tv/{}",
        "reddit": "https://www.reddit.com/user/{}",
    }
    return forms[account.network].format(handle)


def _crowd_role(number: int, seed: int, rate: float | None) -> Role:
    rng = np.random.default_rng([seed, 77, number])
    followers = int(10 ** rng.uniform(2.0, 5.5))
    plan = Plan("bluesky", f"crowd-{number}.bsky.social", followers, 0.012, rate or float(rng.uniform(1, 4)))
    return Role(
        f"crowd-{number}", f"Crowd {number}", "crowds", "one of many, for load", "In the crowd.", (plan,), linked=False
    )


__all__ = ["ORIGINAL", "QUOTE", "REPLY", "REPOST", "THREAD", "Account", "PostView", "World", "profile_url"]
