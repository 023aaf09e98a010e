"""Unusual patterns in public aggregates: a label with its numbers first, and points only when two kinds agree.

A flag says what is seen and which rule marks it; it is no verdict and names no cause. Sources of the rules stand beside
their thresholds in core/patterns.py.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np

from core import figures
from core.columns import DAY, in_order
from core.context import assumed
from core.evidence import Evidence, Floats, daily, explained, jumps, longest_awake, lost_share
from core.models import Flag, FlagGroup, FollowerReading, Inputs, Post, Profile, Score
from core.patterns import PATTERNS, Patterns
from core.scoring import score_network
from core.weights import CURRENT, Weights

GROUPS: Mapping[str, FlagGroup] = MappingProxyType(
    {
        "ghost audience": "audience",
        "follower jump": "audience",
        "mass follow": "audience",
        "too even": "reactions",
        "like:comment outlier": "reactions",
        "pod-like": "reactions",
        "impossible": "reactions",
        "inhuman rate": "behaviour",
    }
)
"""Every pattern that counts, with its group: flags are independent when their groups differ."""

INFORMATION: Mapping[str, FlagGroup] = MappingProxyType({"first digits": "reactions"})
"""Patterns that are told and never counted."""


def flags(
    profile: Profile,
    posts: Sequence[Post],
    now: datetime,
    followers_history: Iterable[FollowerReading] = (),
    constants: Patterns = PATTERNS,
    *,
    inputs: Inputs | None = None,
    weights: Weights = CURRENT,
) -> tuple[Flag, ...]:
    """Return the unusual patterns of one account as of `now`, those of information last.

    `followers_history` are our own readings, in any order; without them no jump is seen. `inputs` are those of the
    account's score at `now`, computed here when they are not given.
    """
    if inputs is None:
        inputs = score_network(profile, posts, now, interval=False, weights=weights).inputs
    readings = daily(profile, followers_history)
    seen = Evidence(profile, tuple(in_order(posts)), now, readings, inputs, constants, weights)
    return tuple(flag for rule in RULES if (flag := rule(seen)) is not None)


# --- audience ---------------------------------------------------------------------------------------------------------


def ghost_audience(seen: Evidence) -> Flag | None:
    """Far fewer reactions than creators of the size draw; more followers never take the flag away."""
    rules, inputs, followers = seen.rules, seen.inputs, seen.profile.followers
    if inputs is None or inputs.expected_rate is None or followers is None:
        return None
    expected = inputs.expected_rate * followers
    judged = followers >= rules.ghost_followers and inputs.posts >= rules.ghost_posts
    if not judged or inputs.typical_reactions >= rules.ghost_share * expected:
        return None
    draw = "are assumed to draw" if assumed(seen.profile.network, seen.weights) else "draw"
    return _flag(
        "ghost audience",
        f"a post draws {figures.count(seen.typical)} reactions from {figures.count(followers)} followers; creators of "
        f"this size {draw} about {figures.count(expected)}, and under {figures.percent(rules.ghost_share)} of that is "
        "marked",
        rules.ghost_share,
        reactions=seen.typical,
        followers=followers,
        expected=expected,
    )


def follower_jump(seen: Evidence) -> Flag | None:
    """More followers at once than the account's own days explain, with no post behind it or most of them lost again."""
    rules = seen.rules
    for step in sorted(jumps(seen), key=lambda step: step.before - step.after):
        lost = lost_share(step, seen)
        gained = f"followers went from {figures.count(step.before)} to {figures.count(step.after)} by {_day(step.end)}"
        numbers = {"before": step.before, "after": step.after}
        if lost > rules.jump_lost:
            left = f"and {figures.percent(lost)} of that gain was lost within {rules.jump_lost_days:.0f} days"
            return _flag("follower jump", f"{gained}, {left}", rules.jump_lost, **numbers, lost=lost)
        if not explained(step, seen):
            times = figures.one_decimal(rules.jump_post)
            why = f"and no post around it drew more than {times} times a typical one"
            return _flag("follower jump", f"{gained}, {why}", rules.jump_growth, **numbers)
    return None


def mass_follow(seen: Evidence) -> Flag | None:
    """Follows thousands, and more than follow back."""
    rules, followers, following = seen.rules, seen.profile.followers, seen.profile.following
    if followers is None or following is None or following <= max(rules.follow_following, followers):
        return None
    factor = follow_factor(followers, following, rules)
    if factor < rules.follow_factor:
        return None
    return _flag(
        "mass follow",
        f"follows {figures.count(following)} accounts and has {figures.counted(followers, 'follower')}; that gives a "
        f"factor of {figures.one_decimal(factor)}, marked from {figures.one_decimal(rules.follow_factor)}",
        rules.follow_factor,
        following=following,
        followers=followers,
        factor=factor,
    )


def follow_factor(followers: int, following: int, rules: Patterns = PATTERNS) -> float:
    """Return how many times over an account follows, 1 to 50 (twitter/the-algorithm, mass of a user)."""
    ahead = (1.0 + following) / (1.0 + followers) - 1.0
    slope = math.log(math.log(following)) if following > math.e else 0.0
    most = math.log(rules.follow_factor_most)
    return math.exp(min(max(rules.follow_steepness * ahead * slope, 0.0), most))


def follow_ratio(followers: Floats, following: Floats) -> Floats:
    """Return the continuous form of mass follow, ln((1 + following) / (1 + followers)): larger is more unusual."""
    ratio: Floats = np.log1p(following) - np.log1p(followers)
    return ratio


# --- reactions --------------------------------------------------------------------------------------------------------


def too_even(seen: Evidence) -> Flag | None:
    """Likes that hardly differ from post to post."""
    rules, likes = seen.rules, seen.likes
    if len(likes) < rules.even_posts or likes.mean() < rules.even_likes:
        return None
    variation = float(likes.std() / likes.mean())
    if variation >= rules.even_variation:
        return None
    return _flag(
        "too even",
        f"the likes of {len(likes)} posts vary by {figures.percent(variation)} around their mean; under "
        f"{figures.percent(rules.even_variation)} is marked",
        rules.even_variation,
        variation=variation,
        posts=len(likes),
    )


def like_comment_outlier(seen: Evidence) -> Flag | None:
    """Likes and comments that stand in another proportion than on the network, either way.

    Posts without a single comment say nothing: comments may be switched off.
    """
    rules, (likes, comments) = seen.rules, seen.discussed
    if len(likes) < rules.comment_posts or likes.sum() < rules.comment_likes or comments.sum() == 0:
        return None
    usual = rules.comments_of(seen.profile.network)
    ratio = float(likes.sum() / comments.sum())
    if abs(math.log(ratio) - usual.median) <= rules.comment_deviations * usual.deviation:
        return None
    median = math.exp(usual.median)
    return _flag(
        "like:comment outlier",
        f"{_few(ratio)} likes for each comment where {_few(median)} are usual; more than "
        f"{figures.one_decimal(rules.comment_deviations)} robust deviations off is marked",
        rules.comment_deviations,
        ratio=ratio,
        usual=median,
    )


def pod_like(seen: Evidence) -> Flag | None:
    """Nearly as many comments as likes on the posts of a small account."""
    rules, inputs, (likes, comments) = seen.rules, seen.inputs, seen.discussed
    if inputs is None or len(likes) < rules.pod_posts or likes.sum() == 0 or comments.mean() < rules.pod_comments:
        return None
    ratio = float(comments.sum() / likes.sum())
    if ratio <= rules.pod_ratio or inputs.typical_weighted >= rules.pod_reactions:
        return None
    return _flag(
        "pod-like",
        f"{figures.percent(ratio)} as many comments as likes on {len(likes)} posts of typically "
        f"{figures.count(inputs.typical_weighted)} weighted reactions; over {figures.percent(rules.pod_ratio)} is "
        f"marked below {figures.count(rules.pod_reactions)}",
        rules.pod_ratio,
        ratio=ratio,
        posts=len(likes),
        reactions=inputs.typical_weighted,
    )


def impossible(seen: Evidence) -> Flag | None:
    """More likes than views on several posts, or many times more likes than followers with no views to explain it."""
    rules, followers = seen.rules, seen.profile.followers
    least = max(rules.impossible_posts, math.ceil(rules.impossible_share * len(seen.scored)))
    unseen = sum(p.likes is not None and p.views is not None and p.likes > p.views for p in seen.scored)
    if unseen >= least:
        return _flag(
            "impossible",
            f"{unseen} posts have more likes than views; {least} posts are marked",
            least,
            posts=unseen,
        )
    bound = rules.impossible_likes * followers if followers is not None else math.inf
    beyond = sum(p.views is None and p.likes is not None and p.likes > bound for p in seen.scored)
    if beyond < least or followers is None:
        return None
    return _flag(
        "impossible",
        f"{beyond} posts drew over {figures.one_decimal(rules.impossible_likes)} times as many likes as the "
        f"{figures.counted(followers, 'follower')}, with no views to explain it; {least} posts are marked",
        least,
        posts=beyond,
        followers=followers,
    )


_DIGITS = np.arange(1, 10)
_BENFORD = np.log10(1.0 + 1.0 / _DIGITS)


def first_digits(seen: Evidence) -> Flag | None:
    """First digits of the counts against Benford's law: information only, for honest counts may fail it too."""
    counts = [c for p in seen.scored for c in (p.likes, p.replies, p.reposts, p.quotes, p.saves) if c]
    if len(counts) < seen.rules.digit_counts:
        return None
    found = np.bincount([int(str(count)[0]) for count in counts], minlength=10)[1:]
    wanted = len(counts) * _BENFORD
    distance = float((np.square(found - wanted) / wanted).sum())
    if distance <= seen.rules.digit_chi_square:
        return None
    return Flag(
        name="first digits",
        group=INFORMATION["first digits"],
        text=f"first digits of {len(counts)} counts lie {figures.one_decimal(distance)} from Benford's law "
        f"(chi-square; {figures.one_decimal(seen.rules.digit_chi_square)} is usual at most); information only",
        threshold=seen.rules.digit_chi_square,
        numbers={"counts": len(counts), "distance": distance},
        information=True,
    )


# --- behaviour --------------------------------------------------------------------------------------------------------


def inhuman_rate(seen: Evidence) -> Flag | None:
    """More posts than hands can write, or two weeks without a night's rest."""
    rules, moments = seen.rules, sorted(post.created_at for post in seen.window)
    if len(moments) < 2:
        return None
    rate = len(moments) / max((seen.now - moments[0]) / DAY, rules.rate_days)
    if rate > rules.rate_posts:
        most = figures.one_decimal(rules.rate_posts)
        text = f"{figures.one_decimal(rate)} posts a day over the days read; over {most} is marked"
        return _flag("inhuman rate", text, rules.rate_posts, rate=rate)
    awake = longest_awake(moments, timedelta(hours=rules.awake_pause))
    if awake < rules.awake_days:
        return None
    return _flag(
        "inhuman rate",
        f"{figures.one_decimal(awake)} days of posts without a pause of {figures.one_decimal(rules.awake_pause)} hours;"
        f" {figures.one_decimal(rules.awake_days)} days are marked",
        rules.awake_days,
        days=awake,
    )


RULES: tuple[Callable[[Evidence], Flag | None], ...] = (
    ghost_audience,
    follower_jump,
    mass_follow,
    too_even,
    like_comment_outlier,
    pod_like,
    impossible,
    inhuman_rate,
    first_digits,
)
"""Every rule, in the order in which flags are shown."""


# --- what it costs ----------------------------------------------------------------------------------------------------


def counting(found: Iterable[Flag]) -> tuple[str, ...]:
    """Return the names of the flags that count, each once however many networks show it, in the order found."""
    return tuple(dict.fromkeys(flag.name for flag in found if not flag.information))


def penalty(found: Iterable[Flag], constants: Patterns = PATTERNS) -> float:
    """Return q in [.6, 1], by which S - 1 is multiplied: 1 unless flags of two independent groups stand together."""
    return penalty_of(counting(found), constants)


def penalty_of(names: Iterable[str], constants: Patterns = PATTERNS) -> float:
    """Return q of patterns known by name; a name that no longer exists counts for nothing."""
    known = {name for name in names if name in GROUPS}
    if len({GROUPS[name] for name in known}) < constants.groups:
        return 1.0
    return max(constants.least, 1.0 - constants.step * len(known))


def penalised(score: Score, found: Iterable[Flag], constants: Patterns = PATTERNS) -> Score:
    """Return a combined score with its deduction `-(1 - q)(S - 1)`; the range is scaled alike.

    The points stay as they are, so that 1 + points + penalty is the score.
    """
    q = penalty(found, constants)
    if q == 1.0 or score.score is None:
        return score
    taken = -(1.0 - q) * (score.score - 1.0)
    return score.model_copy(
        update={
            "score": score.score + taken,
            "low": None if score.low is None else scaled(score.low, q),
            "high": None if score.high is None else scaled(score.high, q),
            "penalty": taken,
        }
    )


def scaled(value: float, q: float) -> float:
    """Return a value of [1, 100] as it stands after a deduction."""
    return 1.0 + q * (value - 1.0)


def _flag(name: str, text: str, threshold: float, **numbers: float) -> Flag:
    return Flag(name=name, group=GROUPS[name], text=text, threshold=threshold, numbers=numbers)


def _few(value: float) -> str:
    """Return a ratio with one decimal while it is small."""
    return figures.one_decimal(value) if value < 100 else figures.count(value)


def _day(moment: datetime) -> str:
    return figures.day(moment, "UTC")
