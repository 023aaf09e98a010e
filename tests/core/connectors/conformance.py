"""One check for every connector and every fixture: a new network brings fixtures, never test code.

A fixture is one JSON file in `fixtures/<network>/`:

    why       one sentence
    covers    which points of the checklist it settles (see CHECKLIST)
    target    {"handle", "native_id"?}
    now       the clock, ISO 8601; `since` is 91 days earlier unless given
    settings  optional values of the manifest's credentials
    base_url  optional override of the network's address
    answers   [{"path"?, "sent"?, "body"?, "status", "headers"?, "json" | "text" | "repeat"?}] in the order they are
              asked for; `path` is a regular expression that the request has to match; `sent` are request headers with
              the value they must have, null for one that must not be there; `body` is the JSON that has to be posted;
              the last one with `repeat` serves for ever
    expect    {"error", "retry_at"?, "field"?, "message"?} or
              {"profile": {...}, "posts": [{...}], "access"?, "complete_from"?, "notes"?, "requests"?: n}; only what is
              named is compared, except that the number of posts has to be right; `notes` are how many there are, or a
              part of each, and `message` is a part of what people read
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from core import errors
from core.connectors import Connector
from core.connectors.http import HttpClient
from core.errors import CloutError, SourceError
from core.manifest import Target
from core.models import Snapshot

FIXTURES = Path(__file__).parent / "fixtures"
SECRET = "planted-secret-7d1f"

CHECKLIST = frozenset(
    {
        "profile",
        "unknown account",
        "empty account",
        "missing counts",
        "negative count",
        "repost by the subject",
        "post by another author",
        "two pages",
        "repeated page",
        "bad cursor",
        "future date",
        "rename",
        "rate limited",
        "rate limited without a reset",
        "server error",
        "web page instead of data",
        "changed answer",
        "broken body",
    }
)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


def fixture_files(network: str, root: Path = FIXTURES) -> list[Path]:
    return sorted((root / network).glob("*.json"))


def exemptions(network: str, root: Path = FIXTURES) -> dict[str, str]:
    """Return the checklist's points that cannot arise on a network, each with its reason."""
    file = root / network / "exempt.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return {point.strip(): reason.strip() for point, _, reason in (line.partition(":") for line in lines) if reason}


class Script:
    """Plays a fixture's answers and remembers what was asked."""

    def __init__(self, answers: Sequence[Mapping[str, Any]]) -> None:
        self.left = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        assert self.left, f"one request too many: {request.url}"
        answer = self.left[0]
        if not answer.get("repeat"):
            self.left.pop(0)
        if "path" in answer:
            assert re.search(answer["path"], str(request.url)), f"{request.url} is not {answer['path']}"
        for name, value in answer.get("sent", {}).items():
            assert request.headers.get(name) == value, f"{name} of {request.url} is not as it should be"
        if "body" in answer:
            assert json.loads(request.content) == answer["body"], f"{request.url} was posted {request.content!r}"
        body = answer["text"].encode() if "text" in answer else json.dumps(answer.get("json")).encode()
        kind = "text/html" if "text" in answer else "application/json; charset=utf-8"
        return httpx.Response(
            answer["status"], headers={"content-type": kind, **answer.get("headers", {})}, content=body
        )


async def play(
    connector: Connector, fixture: Mapping[str, Any], script: Any = None
) -> tuple[Snapshot | CloutError, Any]:
    """Run a connector against a fixture's answers, or against what a `script` of your own makes of them."""
    now = datetime.fromisoformat(fixture["now"])
    since = datetime.fromisoformat(fixture["since"]) if "since" in fixture else now - timedelta(days=91)
    script = Script(fixture["answers"]) if script is None else script
    http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(script), retry_wait=0)
    values = {name: SecretStr(value) for name, value in fixture.get("settings", {}).items()}
    for credential in connector.manifest.credentials:
        if credential.required:
            values.setdefault(credential.name, SecretStr(SECRET))
    assert connector.fetch is not None
    try:
        client = http.scoped(connector.manifest, base_url=fixture.get("base_url"))
        return await connector.fetch(Target(**fixture["target"]), since, client, FixedClock(now), values), script
    except SourceError as error:
        return error, script
    finally:
        await http.aclose()


async def check(connector: Connector, fixture: Mapping[str, Any]) -> None:
    """Assert that a connector turns a fixture's answers into what the fixture expects."""
    outcome, script = await play(connector, fixture)
    expect = fixture["expect"]
    if "error" in expect:
        _check_error(outcome, expect)
    else:
        assert isinstance(outcome, Snapshot), f"{type(outcome).__name__}: {outcome}"
        _check_snapshot(outcome, expect, connector.manifest.name)
    if "requests" in expect:
        assert len(script.asked) == expect["requests"]
    left = [answer for answer in script.left if not answer.get("repeat")]
    assert not left, f"never asked for: {left}"
    shown = repr(outcome) + str(outcome) + "".join(str(request.url) for request in script.asked)
    assert (
        SECRET not in shown or any(SECRET in str(r.url) for r in script.asked) is connector.manifest.name in _QUERY_KEYS
    )


_QUERY_KEYS: frozenset[str] = frozenset()  # networks that accept their key in the query string only: none so far


def _check_error(outcome: Snapshot | CloutError, expect: Mapping[str, Any]) -> None:
    assert isinstance(outcome, SourceError), f"no error, but {outcome!r}"
    assert type(outcome) is getattr(errors, expect["error"]), f"{type(outcome).__name__}: {outcome}"
    if "retry_at" in expect:
        wanted = expect["retry_at"]
        assert outcome.retry_at == (datetime.fromisoformat(wanted) if wanted else None)
    if "field" in expect:
        assert getattr(outcome, "field", None) == expect["field"]
    assert outcome.message.strip()
    assert expect.get("message", "") in outcome.message


def _check_snapshot(snapshot: Snapshot, expect: Mapping[str, Any], network: str) -> None:
    # what was built without a second check would have passed it
    assert Snapshot.model_validate(snapshot.model_dump()) == snapshot
    found = snapshot.model_dump(mode="json")
    assert found["profile"]["network"] == network
    for name, value in expect.get("profile", {}).items():
        assert _same(found["profile"][name], value), f"{name}: {found['profile'][name]!r}, not {value!r}"
    assert found["access"] == expect.get("access", found["access"])
    assert len(found["posts"]) == len(expect["posts"]), [post["native_id"] for post in found["posts"]]
    for post, wanted in zip(found["posts"], expect["posts"], strict=True):
        for name, value in wanted.items():
            assert _same(post[name], value), f"{post['native_id']} {name}: {post[name]!r}, not {value!r}"
    if "complete_from" in expect:
        assert _same(found["complete_from"], expect["complete_from"])
    wanted = expect.get("notes", len(snapshot.notes))
    parts = [""] * wanted if isinstance(wanted, int) else wanted
    assert len(snapshot.notes) == len(parts), snapshot.notes
    assert all(part in note for part, note in zip(parts, snapshot.notes, strict=True)), snapshot.notes


def _same(found: object, wanted: object) -> bool:
    if isinstance(found, str) and isinstance(wanted, str) and found.endswith("Z") and wanted.endswith("Z"):
        return datetime.fromisoformat(found) == datetime.fromisoformat(wanted)
    return found == wanted
