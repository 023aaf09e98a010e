"""Did it cross: what a watch waits for, in words and as a rule, and the judgement of one shown score. Pure.

`above 50` is a shown score of 50 or more, `below 40` one of 39 or less (SCORING 8). A crossing is told once; a watch
re-arms 2 points back, tells nothing more within 24 hours, and judges firm scores of one model version only.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

from core.errors import InputError
from core.inert import inert
from core.messenger import Place
from core.models import Model, Moment, Post
from core.movement import steady
from core.weights import CURRENT, Weights

Kind = Literal["above", "below", "moves", "spike"]
"""What a watch waits for."""

News = Literal["crossed", "again", "recovered", "moved", "spiked"]
"""What is told: `again` is a crossing after an earlier one, `recovered` a score back above what it had fallen below."""

BACK = 2  # points behind the line at which a watch re-arms
COOLDOWN = timedelta(hours=24)  # between two alerts of one watch about one creator
MOVES_AGAIN = timedelta(days=7)  # until `moves` tells of the same creator again
DAYS_MOST = 90
SPIKE_TIMES, SPIKE_POSTS = 5.0, 8  # times a typical post; posts below which nothing is typical
_LEAST_TYPICAL = 1.0  # weighted reactions: five times nothing is no spike
_COOLDOWN_MS, _AGAIN_MS = (length // timedelta(milliseconds=1) for length in (COOLDOWN, MOVES_AGAIN))

HOW = "Say when: `above 60`, `below 40`, `moves 5 in 7d`, `instagram above 50`, or `spike`."


class Rule(Model):
    """What a watch waits for: points from 1 to 100, of one network or of the whole score; `days` is for `moves`."""

    kind: Kind
    network: str | None = None
    threshold: int = 0
    days: int = 0

    @property
    def written(self) -> str:
        """The rule as it is typed: `instagram above 50`, `moves 5 in 7d`."""
        said = {"moves": f"moves {self.threshold} in {self.days}d", "spike": "spike"}
        words = said.get(self.kind, f"{self.kind} {self.threshold}")
        return f"{self.network} {words}" if self.network else words


class Watch(Model):
    """One watch: on the creator `name`, or on everybody who bears `tag`; `number` is what the team calls it by."""

    id: int = 0
    team: str
    number: int = 0
    creator_id: int | None = None
    name: str | None = None
    tag: str | None = None
    rule: Rule
    place: Place
    mention: str | None = None
    words: str | None = None
    zone: str = "UTC"
    owner: str
    state: Literal["on", "gone"] = "on"
    snoozed_until: Moment | None = None
    fired_at: Moment | None = None
    last_error: str | None = None
    told_at: Moment | None = None
    version: int = 1
    edited_by: str
    edited_at: Moment


class Listed(NamedTuple):
    """A watch in a list; of one on a creator also where that stands: `armed` is None before its first firm score."""

    watch: Watch
    score: int | None = None
    state: str | None = None
    tracked: bool = True
    armed: bool | None = None


class Alert(Model):
    """Something that a watch tells: shown scores, the reading's moment, and what it is compared with.

    `post` is what a spike tells of, `times` its reactions over those of a typical post.
    """

    watch: Watch
    creator_id: int
    name: str
    news: News
    at: Moment
    score: int
    low: int | None = None
    high: int | None = None
    before: int | None = None
    before_at: Moment | None = None
    post: Post | None = None
    times: float | None = None


def parse_rule(words: Iterable[str], networks: Iterable[str]) -> Rule:
    """Return the rule that some words say; raises InputError saying what is understood."""
    typed = [word.casefold() for text in words for word in text.split()]
    network = typed.pop(0) if typed and typed[0] in frozenset(networks) else None
    match typed:
        case ["above" | "over" as kind, points]:
            return Rule(kind="above" if kind == "over" else kind, network=network, threshold=_points(points))
        case ["below" | "under" as kind, points]:
            return Rule(kind="below" if kind == "under" else kind, network=network, threshold=_points(points))
        case ["moves" | "moved", points]:
            return _moves(network, points, "7d")
        case ["moves" | "moved", points, "in", days]:
            return _moves(network, points, days)
        case ["spike" | "spikes"]:
            return Rule(kind="spike", network=network)
    said = inert(" ".join(typed), 40).replace("`", "")
    raise InputError(f"I do not understand `{said}`. {HOW}" if said else HOW, field="condition")


def _points(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4) or not 1 <= int(text) <= 100:
        said = inert(text, 20).replace("`", "")
        raise InputError(f"`{said}` is no score: say a whole number from 1 to 100.", field="condition")
    return int(text)


def _moves(network: str | None, points: str, days: str) -> Rule:
    if network is not None:
        raise InputError("A network is watched with `above` or `below`; `moves` is for the whole score.")
    number, unit = days[:-1], days[-1:]
    length = int(number) * {"d": 1, "w": 7}.get(unit, 0) if number.isascii() and number.isdecimal() else 0
    if len(number) > 3 or not 1 <= length <= DAYS_MOST:
        raise InputError(f"`moves 5 in 7d` counts 1 to {DAYS_MOST} days: 7d, 2w, 30d.", field="condition")
    least = _points(points)
    if least < BACK:
        raise InputError(f"A change of less than {BACK} points is none: `moves 2 in 7d` or more.", field="condition")
    return Rule(kind="moves", threshold=least, days=length)


# --- judging ----------------------------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """How a watch stands for one creator; `fired_at` in milliseconds since 1970, as all moments here."""

    armed: bool
    fired_at: int | None
    model_version: str


def across(kind: str, threshold: int, score: int) -> bool:
    """Whether a shown score is on the far side of a line."""
    return score >= threshold if kind == "above" else score < threshold


def _behind(kind: str, threshold: int, score: int) -> bool:
    """Whether a shown score is far enough back for the watch to be armed again."""
    return score <= threshold - BACK if kind == "above" else score >= threshold + BACK


def judge(
    kind: str, threshold: int, score: int, version: str, mark: Mark | None, now: int, *, muted: bool = False
) -> tuple[Mark, News | None]:
    """Return how a watch of `above` or `below` stands after a firm score, and what is to be told.

    The first score, and the first of another model version, only say on which side it stands. What is crossed while the
    watch is muted or cools down stays to be told, as long as it is still true then.
    """
    there = across(kind, threshold, score)
    if mark is None or mark.model_version != version:
        return Mark(not there, mark.fired_at if mark is not None else None, version), None
    if mark.armed:
        cooling = mark.fired_at is not None and 0 <= now - mark.fired_at < _COOLDOWN_MS
        if not there or muted or cooling:
            return mark, None
        return Mark(False, now, version), "crossed" if mark.fired_at is None else "again"
    if _behind(kind, threshold, score):
        told = kind == "below" and mark.fired_at is not None and not muted
        return mark._replace(armed=True), "recovered" if told else None
    return mark, None


def judge_move(
    threshold: int,
    score: int,
    earlier: Sequence[int],
    version: str,
    mark: Mark | None,
    now: int,
    *,
    muted: bool = False,
) -> tuple[Mark, int | None]:
    """Return how a watch of `moves` stands, and the shown score it moved from when that is to be told.

    `earlier` are the firm shown scores of the same version since the window's beginning or the last alert.
    """
    far = [one for one in earlier if not steady(one, score, least=threshold)]
    if mark is None or mark.model_version != version:
        return Mark(not far, now if far else None, version), None
    waits = mark.fired_at is not None and 0 <= now - mark.fired_at < _AGAIN_MS
    if waits or muted or not far:
        return mark, None
    return Mark(False, now, version), max(far, key=lambda one: abs(score - one))


# --- posts far above the others ---------------------------------------------------------------------------------------


def weighted(post: Post, weights: Weights = CURRENT) -> float | None:
    """Return a post's weighted reactions as the score counts them (SCORING: E); None where no reaction is supplied."""
    a = weights.actions
    saves = a.shares if weights.terms(post.network).saves_are_shares else a.saves
    of = (
        (post.likes, a.likes),
        (post.replies, a.comments),
        (post.reposts, a.shares),
        (post.quotes, a.shares),
        (post.saves, saves),
    )
    known = [count * weight for count, weight in of if count is not None and weight > 0]
    return sum(known) if known else None


def spike_times(post: Post, typical: float, posts: int, weights: Weights = CURRENT) -> float | None:
    """Return how many times a typical post this one is, when that is a spike; `posts` are those behind the typical."""
    found = weighted(post, weights)
    if found is None or posts < SPIKE_POSTS:
        return None
    times = found / max(typical, _LEAST_TYPICAL)
    return times if times > SPIKE_TIMES else None
