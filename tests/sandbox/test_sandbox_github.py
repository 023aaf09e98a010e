import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import Sandbox

SPEC = Path(__file__).parents[2] / "../shared/data/networks/github/spec/openapi_github_trimmed.json"


async def ask(caller: httpx.AsyncClient, box: Sandbox, path: str, **kwargs: Any) -> httpx.Response:
    return await caller.get(box.url("github") + path, **kwargs)


async def every_page(caller: httpx.AsyncClient, box: Sandbox, path: str) -> list[dict[str, Any]]:
    answer = await ask(caller, box, path)
    found: list[dict[str, Any]] = answer.json()
    while "next" in answer.links:
        answer = await caller.get(answer.links["next"]["url"])
        found += answer.json()
    return found


async def test_a_user_by_login_and_by_id(box: Sandbox, caller: httpx.AsyncClient) -> None:
    one = (await ask(caller, box, "/users/Maraquill")).json()
    assert one["login"] == "maraquill"
    assert one == (await ask(caller, box, f"/user/{one['id']}")).json()
    assert (await ask(caller, box, f"/users/{one['id']}")).status_code == 404
    assert one["blog"] == "https://bsky.app/profile/mara.example"
    assert one["email"] is None


async def test_an_organisation_and_a_stranger(box: Sandbox, caller: httpx.AsyncClient) -> None:
    assert (await ask(caller, box, "/users/lanternlab")).json()["type"] == "Organization"
    missing = await ask(caller, box, "/users/nobody-here")
    assert missing.status_code == 404
    assert missing.json()["message"] == "Not Found"


async def test_repositories_come_in_pages_newest_push_first_forks_too(box: Sandbox, caller: httpx.AsyncClient) -> None:
    repos = await every_page(caller, box, "/users/patchwork-pia/repos?per_page=100&sort=pushed")
    assert len(repos) == (await ask(caller, box, "/users/patchwork-pia")).json()["public_repos"] == 135
    assert [repo["pushed_at"] for repo in repos] == sorted((repo["pushed_at"] for repo in repos), reverse=True)
    assert len({repo["id"] for repo in repos}) == len(repos)
    assert sum(repo["fork"] for repo in repos) == 12
    assert all(repo["watchers_count"] == repo["stargazers_count"] for repo in repos)


async def test_stars_grow_and_a_repository_of_later_is_not_there_yet(box: Sandbox, caller: httpx.AsyncClient) -> None:
    def by_name(repos: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {repo["name"]: repo for repo in repos}

    now = by_name(await every_page(caller, box, "/users/lanternlab/repos"))
    box.clock.advance(timedelta(weeks=-12))
    then = by_name(await every_page(caller, box, "/users/lanternlab/repos"))
    assert set(now) - set(then) == {"match"}
    for name, repo in then.items():
        assert repo["stargazers_count"] <= now[name]["stargazers_count"]
        assert repo["pushed_at"] <= now[name]["pushed_at"]
        assert datetime.fromisoformat(repo["pushed_at"]) <= box.clock.now()
    assert now["wick"]["stargazers_count"] - then["wick"]["stargazers_count"] == 12 * 40


async def test_events_are_at_most_300_of_30_days(box: Sandbox, caller: httpx.AsyncClient) -> None:
    events = await every_page(caller, box, "/users/patchwork-pia/events/public?per_page=100")
    assert 0 < len(events) <= 300
    oldest = datetime.fromisoformat(events[-1]["created_at"])
    assert box.clock.now() - oldest <= timedelta(days=31)
    assert {"PushEvent", "PullRequestEvent"} == {event["type"] for event in events}


async def test_an_etag_turns_a_repeated_question_into_304(box: Sandbox, caller: httpx.AsyncClient) -> None:
    first = await ask(caller, box, "/users/robin")
    again = await ask(caller, box, "/users/robin", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    box.clock.advance(timedelta(weeks=-20))
    changed = await ask(caller, box, "/users/robin", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_limits_and_tokens(box: Sandbox, caller: httpx.AsyncClient) -> None:
    free = await ask(caller, box, "/rate_limit")
    assert free.json()["rate"]["limit"] == 60
    good = await ask(caller, box, "/rate_limit", headers={"authorization": "Bearer sandbox-token"})
    assert good.headers["x-ratelimit-limit"] == "5000"
    bad = await ask(caller, box, "/users/robin", headers={"authorization": "Bearer nonsense"})
    assert (bad.status_code, bad.json()["message"]) == (401, "Bad credentials")
    nameless = await ask(caller, box, "/users/robin", headers={"user-agent": ""})
    assert nameless.status_code == 403
    assert "administrative" in nameless.json()["message"]


@pytest.mark.skipif(not SPEC.is_file(), reason="the specification is not beside this checkout")
async def test_shapes_hold_what_the_specification_requires(box: Sandbox, caller: httpx.AsyncClient) -> None:
    schemas = json.loads(SPEC.read_text("utf-8"))["components"]["schemas"]

    def required(name: str) -> set[str]:  # the many address templates are of no use to a reader
        return {
            key for key in schemas[name]["required"] if not key.endswith("_url") or key in ("html_url", "avatar_url")
        }

    assert required("public-user") <= set((await ask(caller, box, "/users/robin")).json())
    for repo in await every_page(caller, box, "/users/robin/repos"):
        assert required("minimal-repository") <= set(repo)
    for event in await every_page(caller, box, "/users/robin/events/public"):
        assert required("event") <= set(event)
