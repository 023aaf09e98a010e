"""Answers that no server should give: every fixture and every recorded answer of every network, damaged at random.

Whatever comes, a connector raises one SourceError or returns a Snapshot that is whole. The damage follows from the
case's number, so a failure names the one case to run again.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.connectors import discover
from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Page
from core.errors import SourceError
from core.models import Post, Profile, Snapshot
from tests.core.connectors import conformance

CASES, READS = 2_000, 2_000  # whole fetches, and single recorded answers, of each network
CHUNKS = 4  # so that several workers share a network
READABLE = sorted(name for name, connector in discover().items() if connector.fetch is not None)
THERE = Path(__file__).parents[3] / "../shared/data/networks"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

Damage = Callable[[random.Random, Any], Any]

# --- damage to values -------------------------------------------------------------------------------------------------

ODD: Sequence[Any] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    1e308,
    float("nan"),
    float("-inf"),
    "",
    " ",
    "0",
    "-5",
    "12",
    "٣",
    "1e9",
    "9" * 5_000,
    "not a date",
    "2026-11-20T08:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-02-30T00:00:00Z",
    "x" * 20_000,
    "\x00\x1b[31m\u202e",
    "\ud800",
    "a@b@c",
    "https://[half",
    "//",
    "../..",
    "[]",
    [],
    {},
    [[]],
    {"": {}},
    [None],
    {"a": 1},
)


def places(value: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value; what it finds is added to a list, the quickest way here."""
    found = [] if found is None else found
    kind = type(value)
    if kind is dict or kind is list:
        for key, held in value.items() if kind is dict else enumerate(value):
            found.append((value, key))
            if type(held) is dict or type(held) is list:
                places(held, found)
    return found


def copied(value: Any) -> Any:
    """A JSON value anew, in a tenth of the time of `deepcopy`."""
    if type(value) is dict:
        return {key: copied(held) for key, held in value.items()}
    return [copied(held) for held in value] if type(value) is list else value


def somewhere(rng: random.Random, value: Any) -> tuple[Any, Any] | None:
    found = places(value)
    return rng.choice(found) if found else None


def other_value(rng: random.Random, value: Any) -> Any:
    if (place := somewhere(rng, value)) is None:
        return rng.choice(ODD)
    place[0][place[1]] = copied(rng.choice(ODD))
    return value


def dropped(rng: random.Random, value: Any) -> Any:
    if (place := somewhere(rng, value)) is None:
        return None
    del place[0][place[1]]
    return value


def written_otherwise(rng: random.Random, value: Any) -> Any:
    """Numbers as text, text as numbers, one thing as a list of it."""
    if (place := somewhere(rng, value)) is None:
        return [value]
    old = place[0][place[1]]
    plain = str(old) if isinstance(old, int | float) else len(old) if isinstance(old, str) else [old]
    place[0][place[1]] = rng.choice([plain, [old], {"value": old}])
    return value


def shuffled(rng: random.Random, value: Any) -> Any:
    lists = [held for box, key in places({"": value}) if isinstance(held := box[key], list) and held]
    if lists:
        chosen = rng.choice(lists)
        chosen += copied(rng.choices(chosen, k=rng.randint(1, 3)))
        rng.shuffle(chosen)
    return value


def moved(rng: random.Random, value: Any) -> Any:
    """One part in the place of another."""
    one, other = somewhere(rng, value), somewhere(rng, value)
    if one is not None and other is not None:
        one[0][one[1]] = copied(other[0].get(other[1]) if isinstance(other[0], dict) else other[0][other[1]])
    return value


DAMAGES: Sequence[Damage] = (other_value, other_value, dropped, dropped, written_otherwise, shuffled, moved)


def damaged(rng: random.Random, value: Any) -> Any:
    value = copied(value)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        value = rng.choice(DAMAGES)(rng, value)
    return value


# --- damage to answers ------------------------------------------------------------------------------------------------

STATUSES = (
    200,
    201,
    204,
    206,
    304,
    400,
    401,
    402,
    403,
    404,
    406,
    410,
    418,
    422,
    429,
    451,
    500,
    501,
    502,
    503,
    504,
    599,
)
TYPES = ("application/json", "text/html", "text/plain; charset=utf-16", "", "application/json; charset=nonsense")
HEADERS = (
    "link",
    "retry-after",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-ratelimit-remaining",
    "x-business-use-case-usage",
)


def raw(rng: random.Random, body: bytes) -> bytes:
    """Cut off, random, or with a few bytes flipped."""
    how = rng.randrange(4)
    if how == 0:
        return body[: rng.randrange(len(body) + 1)]
    if how == 1:
        return rng.randbytes(rng.randrange(200))
    if how == 2:
        return b"[" * 5_000 + body
    found = bytearray(body)
    for _ in range(min(len(found), 3)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def header(rng: random.Random) -> str:
    # no figure below 3: the client would really wait for it
    odd = (
        "",
        "soon",
        "-1",
        "9" * 30,
        "NaN",
        "60",
        "1795349100",
        "2026-11-22T12:05:00Z",
        "Sun, 99 Nov 2026",
        "{}",
        "0 0",
    )
    links = ("<>; rel=next", "<https://[x>; rel=next", "<?page=99999999>; rel=next", "<?page=2&max_id=7>; rel=next")
    return rng.choice((*odd, *links, '{"1": [{"estimated_time_to_regain_access": 1e400}]}'))


def answered(rng: random.Random, answer: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Return a fixture's or a recording's answer with at least one thing wrong, as status, headers and body."""
    status, headers = int(answer["status"]), {k.lower(): str(v) for k, v in answer.get("headers", {}).items()}
    headers.setdefault("content-type", "application/json")
    wrong = rng.uniform(0.7, 1) if "text" in answer else rng.random()
    value = damaged(rng, answer.get("json")) if wrong < 0.75 else answer.get("json")
    body = answer["text"].encode() if "text" in answer else json.dumps(value).encode()
    if 0.7 < wrong < 0.85:
        body = raw(rng, body)
    if wrong > 0.85 or rng.random() < 0.1:
        status = rng.choice(STATUSES)
    if wrong > 0.9 or rng.random() < 0.1:
        headers["content-type"] = rng.choice(TYPES)
        headers[rng.choice(HEADERS)] = header(rng)
    return status, headers, body


class Damaged:
    """Plays a fixture's answers, most of them damaged; when they are used up, the last one again."""

    def __init__(self, rng: random.Random, answers: Sequence[Mapping[str, Any]]) -> None:
        self.rng, self.left, self.asked = rng, list(answers), 0
        self.struck = rng.randrange(len(self.left))  # the first answers whole, so that later ones are reached too

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        answer = self.left[0]
        if len(self.left) > 1:
            self.left.pop(0)
        if self.asked <= self.struck:
            body = answer["text"].encode() if "text" in answer else json.dumps(answer.get("json")).encode()
            headers = {"content-type": "application/json", **answer.get("headers", {})}
            return httpx.Response(answer["status"], headers=headers, content=body)
        status, headers, body = answered(self.rng, answer)
        return httpx.Response(status, headers=headers, content=body)


# --- what has to hold -------------------------------------------------------------------------------------------------


def whole(snapshot: Snapshot, network: str) -> None:
    """Assert that a snapshot is what the rest of the house relies on."""
    Snapshot.model_validate_json(snapshot.model_dump_json())
    assert snapshot.profile.network == network
    _whole_profile(snapshot.profile)
    ids = [post.native_id for post in snapshot.posts]
    assert len(ids) == len(set(ids))
    for post in snapshot.posts:
        _whole_post(post)
    assert snapshot.complete_from is None or snapshot.complete_from.tzinfo is not None
    assert all(note.strip() for note in snapshot.notes)


def _whole_profile(profile: Profile) -> None:
    assert profile.native_id
    assert profile.handle
    for count in (profile.followers, profile.following, profile.listed, profile.posts_total):
        assert count is None or (type(count) is int and 0 <= count < 2**63)
    for moment in (profile.created_at, profile.fetched_at):
        assert moment is None or moment.utcoffset() is not None


def _whole_post(post: Post) -> None:
    assert post.native_id
    for count in (post.likes, post.reposts, post.replies, post.quotes, post.saves, post.views):
        assert count is None or (type(count) is int and 0 <= count < 2**63)
    for moment in (post.created_at, post.opened_at):
        assert moment is None or moment.utcoffset() is not None


@cache
def fixtures(network: str) -> tuple[Mapping[str, Any], ...]:
    found = (json.loads(file.read_text()) for file in conformance.fixture_files(network))
    return tuple(fixture for fixture in found if fixture["answers"])


async def fetched(network: str, case: int) -> Snapshot | SourceError:
    rng = random.Random(f"{network}:{case}")
    fixture = rng.choice(fixtures(network))
    outcome, _ = await conformance.play(discover()[network], fixture, Damaged(rng, fixture["answers"]))
    return outcome


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("network", READABLE)
async def test_a_fetch_survives_damaged_answers(network: str, chunk: int) -> None:
    snapshots = 0
    for case in range(chunk, CASES, CHUNKS):
        try:
            outcome = await fetched(network, case)
            if isinstance(outcome, Snapshot):
                whole(outcome, network)
                snapshots += 1
            else:
                assert outcome.message.strip()
        except Exception as err:
            raise AssertionError(f"{network}, case {case}: {err!r}") from err
    assert snapshots > CASES // CHUNKS // 20, "so much damage that hardly anything is read tests nothing"


# --- recorded answers -------------------------------------------------------------------------------------------------


@cache
def recorded(network: str) -> tuple[Mapping[str, Any], ...]:
    """The recorded answers of a network in the fixtures' form, a long list cut to what one case can look through."""
    found = []
    for file in sorted((THERE / network / "recordings").glob("*.json")):
        told = json.loads(file.read_text())["response"]
        name = "text" if told.get("body_encoding") else "json"
        found.append({"status": told["status"], "headers": told["headers"], name: _short(told["body"])})
    return tuple(found)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(held) for key, held in value.items()}
    if isinstance(value, str):
        return value[:2_500]  # of a feed some entries, cut off in the middle
    return [_short(held) for held in value[:4]] if isinstance(value, list) else value


def read(network: str, calls: Sequence[Call[Any]], case: int) -> bool:
    """Read one damaged recording by every call there is; returns whether anything came of it."""
    rng = random.Random(f"{network}:recording:{case}")
    status, headers, body = answered(rng, rng.choice(recorded(network)))
    answer = Answer(status, headers, body, f"https://{network}.example/answer")
    results = []
    for call in calls:
        with suppress(SourceError):
            results.append(call.read(answer, Asked(handle="", now=NOW)))
    for result in results:
        if isinstance(result, Profile):
            _whole_profile(result)
        if isinstance(result, Page):
            for post in result.posts:
                _whole_post(post)
    return bool(results)


@pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")
@pytest.mark.parametrize("network", READABLE)
def test_reading_survives_damaged_recordings(network: str) -> None:
    if not recorded(network):
        pytest.skip(f"no recorded answers of {network}")
    calls = discover()[network].calls
    read_at_all = 0
    # a text is damaged as bytes only, and then in every second case; values have many more ways to be wrong
    cases = READS // 3 if all("text" in answer for answer in recorded(network)) else READS
    for case in range(cases):
        try:
            read_at_all += read(network, calls, case)
        except Exception as err:
            raise AssertionError(f"{network}, recorded case {case}: {err!r}") from err
    assert read_at_all > cases // 20
