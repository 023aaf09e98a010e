"""Folders of recorded answers: small ones made here by hand, and the large one beside the project when it is there."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bots.cli import cli
from core.connectors import Connector, discover
from core.connectors.answers import Answer
from core.connectors.base import Asked, Call, Page, Wire
from core.errors import InputError, RateLimited, SourceError, UnknownNetwork
from core.manifest import HandleRule, Manifest
from core.models import Post, Profile, Snapshot
from core.recordings import RecordingOutcome, read_recordings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = ["network", "file", "call", "outcome", "posts", "error"]  # the order people's scripts rely on (CARDS)
THERE = Path(__file__).parents[2] / "../shared/data/networks"


# --- a toy network: `/who` answers {"id"}, `/what` {"items"}, and a refusal names its reason --------------------------

MANIFEST = Manifest(
    name="toy",
    label="Toy",
    hosts=("toy.example",),
    base_url="https://toy.example/",
    handles=HandleRule(pattern="[a-z]+", hint="letters", example="glow"),
)


class _Who(Wire):
    id: str


class _What(Wire):
    items: tuple[str, ...]


def _who(body: bytes, asked: Asked) -> Profile:
    who = _Who.model_validate_json(body)
    return Profile(network="toy", native_id=who.id, handle="x", fetched_at=asked.now)


def _what(body: bytes, asked: Asked) -> Page:
    ids = _What.model_validate_json(body).items
    posts = tuple(Post(network="toy", native_id=native_id, created_at=asked.now) for native_id in ids)
    return Page(posts=posts, items=len(ids))


def _errors(answer: Answer, asked: Asked) -> SourceError | None:
    if b"slow" in answer.body:
        return RateLimited("toy", "Slow down.", retry_at=asked.now + timedelta(minutes=1))
    return None


def _other(body: bytes, asked: Asked) -> None:
    return None


async def _fetch(*_: object) -> Snapshot:
    raise AssertionError("nobody is asked")


CALLS = (
    Call(MANIFEST, "profile", r"/who$", _who, _errors),
    Call(MANIFEST, "posts", r"/what$", _what, _errors, method="POST"),
    Call(MANIFEST, "other", r"/other$", _other, _errors),
)
TOY = {"toy": Connector(MANIFEST, _fetch, CALLS), "mute": Connector(MANIFEST.model_copy(update={"name": "mute"}))}

Made = Mapping[str, Any]


def recording(body: object, *, status: int = 200, request: object = "/who", **response: object) -> Made:
    if isinstance(request, str):
        request = {"method": "GET", "url": f"https://toy.example{request}?q=/what"}
    return {"request": request, "response": {"status": status, "headers": {}, "body": body, **response}}


def read(folder: Path, made: Made, *, network: str = "toy") -> RecordingOutcome:
    place = folder / network / "recordings"
    place.mkdir(parents=True, exist_ok=True)
    (place / "a.json").write_text(json.dumps(made))
    (row,) = read_recordings(folder, TOY, now=NOW)
    assert (row.network, row.file) == (network, "a.json")
    return row


def told(row: RecordingOutcome) -> tuple[object, ...]:
    return (row.call, row.outcome, row.posts, row.error)


ASK = {"method": "POST", "url": "https://toy.example/what"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (recording({"id": "1"}), ("profile", "profile", None, None)),
        (recording({}), ("profile", "error", None, "SourceChanged")),
        (recording({"id": 7}), ("profile", "error", None, "SourceChanged")),
        (recording({"items": ["a", "b", "a"]}, request=ASK), ("posts", "posts", 2, None)),
        (recording({"items": []}, request=ASK), ("posts", "posts", 0, None)),
        (recording({"items": ["a"]}, request="/what"), (None, "not_ours", None, None)),  # the other method
        (recording({"items": ["a"]}, request={"method": "post", "url": "{{host}}/what"}), ("posts", "posts", 1, None)),
        (recording({"id": "1"}, request="/friends"), (None, "not_ours", None, None)),
        (recording({"id": "1"}, request="/other"), (None, "not_ours", None, None)),
        (recording({"id": "1"}, request={"url": "https://[nowhere/who"}), (None, "not_ours", None, None)),
        (recording({"why": "slow"}, status=400), ("profile", "error", None, "RateLimited")),
        (recording({"why": "slow"}, status=400, request="/friends"), (None, "error", None, "RateLimited")),
        (recording({"why": "?"}, status=404, request="/friends"), (None, "error", None, "NotFound")),
        (recording({"why": "?"}, status=503, request=None), (None, "error", None, "Unavailable")),
        (recording("", status=304, request="/friends"), (None, "not_ours", None, None)),
        (recording({"items": ["a", "b"]}, request=None), ("posts", "posts", 2, None)),
        (recording({"id": "1"}, request=None), ("profile", "profile", None, None)),
        (recording([1], request=None), (None, "not_ours", None, None)),
        (recording({"id": "1", "items": ["a"]}, request=None), (None, "not_ours", None, None)),  # fits both
        (recording("<html>", headers={"Content-Type": "text/html"}), ("profile", "error", None, "Unavailable")),
        (recording("<html>", headers={"Content-Type": "text/html"}, request=None), (None, "not_ours", None, None)),
        (recording('{"id": "é"}', body_encoding="text; utf-8"), ("profile", "profile", None, None)),
        (
            recording(base64.b64encode(b'{"id": "1"}').decode(), body_encoding="base64"),
            ("profile", "profile", None, None),
        ),
    ],
)
def test_what_an_answer_is(tmp_path: Path, made: Made, expected: tuple[object, ...]) -> None:
    assert told(read(tmp_path, made)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"request": null}',
        '{"request": 5, "response": {"status": 200}}',
        '{"response": {"status": "fine"}}',
        '{"response": {"status": 200, "headers": []}}',
        '{"response": {"status": 200, "body": "!!", "body_encoding": "base64"}}',
        '{"response": {"status": 200, "body": {}, "body_encoding": "text"}}',
        '{"response": {"status": 200, "body": "\\ud800", "body_encoding": "text"}}',
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_broken_file_is_a_line_that_names_it(tmp_path: Path, text: str) -> None:
    place = tmp_path / "toy" / "recordings"
    place.mkdir(parents=True)
    (place / "bad.json").write_text(text)
    (place / "good.json").write_text(json.dumps(recording({"id": "1"})))
    bad, good = read_recordings(tmp_path, TOY, now=NOW)
    assert (bad.file, told(bad)) == ("bad.json", (None, "error", None, "InputError"))
    assert good.outcome == "profile"


def test_bytes_that_are_no_text_and_a_folder_for_a_file(tmp_path: Path) -> None:
    place = tmp_path / "toy" / "recordings"
    (place / "folder.json").mkdir(parents=True)
    (place / "latin.json").write_bytes(b'{"response": \xff}')
    assert [row.error for row in read_recordings(tmp_path, TOY, now=NOW)] == ["InputError", "InputError"]


@pytest.mark.parametrize("network", ["mute", "wikipedia"])
def test_a_network_that_is_not_read_is_not_ours(tmp_path: Path, network: str) -> None:
    assert told(read(tmp_path, recording({}, status=404), network=network)) == (None, "not_ours", None, None)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 19 May 2025 17:41:26 GMT", datetime(2025, 5, 19, 17, 41, 26, tzinfo=UTC)),
        ("Mon, 19 May 2025 19:41:26 +0200", datetime(2025, 5, 19, 17, 41, 26, tzinfo=UTC)),
        ("yesterday", NOW),
        (None, NOW),
    ],
)
def test_the_clock_is_the_answers_own(tmp_path: Path, date: str | None, expected: datetime) -> None:
    seen = []

    def parse(body: bytes, asked: Asked) -> Profile:
        seen.append(asked.now)
        return _who(body, asked)

    connectors = {"toy": Connector(MANIFEST, _fetch, (Call(MANIFEST, "profile", r"/who$", parse, _errors),))}
    place = tmp_path / "toy" / "recordings"
    place.mkdir(parents=True)
    headers = {} if date is None else {"Date": date}
    (place / "a.json").write_text(json.dumps(recording({"id": "1"}, headers=headers)))
    read_recordings(tmp_path, connectors, now=NOW)
    assert seen == [expected]


def test_bad_folders_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        read_recordings(tmp_path / "nowhere", TOY, now=NOW)
    with pytest.raises(InputError, match=r"NETWORK/recordings"):
        read_recordings(tmp_path, TOY, now=NOW)
    with pytest.raises(InputError, match=r"mute/recordings"):
        read_recordings(tmp_path, TOY, "mute", now=NOW)
    with pytest.raises(UnknownNetwork, match="toy"):
        read_recordings(tmp_path, TOY, "toi", now=NOW)


def test_one_network_of_several(tmp_path: Path) -> None:
    read(tmp_path, recording({"id": "1"}))
    for network in ("mute", "another"):
        (tmp_path / network / "recordings").mkdir(parents=True)
        (tmp_path / network / "recordings" / "a.json").write_text("{}")
    assert [row.network for row in read_recordings(tmp_path, TOY, "toy", now=NOW)] == ["toy"]
    assert [row.network for row in read_recordings(tmp_path, TOY, now=NOW)] == ["another", "mute", "toy"]


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_a_table_or_json(tmp_path: Path) -> None:
    place = tmp_path / "github" / "recordings"
    place.mkdir(parents=True)
    ask = {"method": "GET", "url": "https://api.github.com/users/paperboats"}
    (place / "gone.json").write_text(json.dumps(recording({"message": "Not Found"}, status=404, request=ask)))
    (place / "none.json").write_text(json.dumps(recording([], request={"method": "GET", "url": f"{ask['url']}/repos"})))
    table = CliRunner().invoke(cli, ["recordings", str(tmp_path)])
    assert table.exit_code == 0
    assert table.output.splitlines() == [
        "github  gone.json  error  NotFound",
        "github  none.json  posts  0",
        "2 recorded answers, 2 of them ours.",
    ]
    found = json.loads(CliRunner().invoke(cli, ["recordings", str(tmp_path), "--network", "github", "--json"]).output)
    assert [list(row) for row in found] == [KEYS, KEYS]
    assert list(found[0].values()) == ["github", "gone.json", "profile", "error", None, "NotFound"]


def test_the_command_refuses_a_bad_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["recordings", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "no folder" in result.output


# --- the recorded answers beside the project --------------------------------------------------------------------------

# file -> outcome, posts or error; read off the answers by hand
EXPECTED: Mapping[str, Mapping[str, tuple[str, object]]] = {
    "bluesky": {
        "author_feed_chriskenny.json": ("posts", 30),  # 27 own, 3 reposts of others
        "error_400_account_takedown.json": ("error", "Suspended"),
        "error_400_invalid_request.json": ("error", "SourceChanged"),
        "error_400_profile_not_found.json": ("error", "NotFound"),
        "error_429_rate_limit.json": ("error", "RateLimited"),
        "get_followers.json": ("not_ours", None),
        "get_posts.json": ("not_ours", None),
        "get_profile_jbgruber.json": ("profile", None),
        "get_profile_shinyakato_2023.json": ("profile", None),
        "get_profiles_chriskenny.json": ("not_ours", None),
        "resolve_handle_chriskenny.json": ("not_ours", None),
        "search_posts.json": ("not_ours", None),
    },
    "github": {
        "error_401_bad_credentials.json": ("error", "SourceAuthFailed"),
        "error_403_rate_limit_exceeded_unauth.json": ("error", "RateLimited"),
        "error_404_unknown_user.json": ("error", "NotFound"),
        "octokit_get_organization_0.json": ("not_ours", None),
        "octokit_get_repository_0.json": ("not_ours", None),
        "rate_limit.json": ("not_ours", None),
        "user_nvie.json": ("profile", None),
        "user_public_events.json": ("not_ours", None),
        "user_repos.json": ("posts", 9),  # 11 repositories, 2 of them forks
        "user_setup.json": ("profile", None),
    },
    "mastodon": {
        "account_by_id_chainsawriot.json": ("profile", None),
        "account_followers_chainsawriot.json": ("not_ours", None),
        "account_lookup_v4_admin.json": ("profile", None),
        "account_statuses_chainsawriot_page1.json": ("posts", 20),  # 3 of them boosts
        "account_statuses_chainsawriot_page2.json": ("posts", 20),  # 1 of them a boost
        "account_statuses_chainsawriot_page3.json": ("posts", 3),
        "accounts_search_chainsawriot.json": ("not_ours", None),
        "docs_get_account_401_unauthorized.json": ("error", "NotConfigured"),
        "docs_get_account_404_not_found.json": ("error", "NotFound"),
        "docs_get_account_local_user.json": ("profile", None),
        "error_401_unauthenticated.json": ("error", "NotConfigured"),
        "error_404_lookup_not_found.json": ("error", "NotFound"),
        "error_404_status_missing.json": ("error", "NotFound"),
        "error_429_rate_limit.json": ("error", "RateLimited"),
        "instance_v1_mastodon_hk.json": ("not_ours", None),
    },
}


def _readable(network: str) -> bool:
    return discover()[network].fetch is not None


@pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")
@pytest.mark.parametrize("network", sorted(EXPECTED))
def test_recorded_answers_are_what_they_are(network: str) -> None:
    if not _readable(network):
        pytest.skip(f"{network} is not read by this version")
    found = read_recordings(THERE, discover(), network, now=NOW)
    assert {row.file: (row.outcome, row.error or row.posts) for row in found} == EXPECTED[network]


@pytest.mark.skipif(not THERE.is_dir(), reason="no recorded answers beside the project")
def test_no_recorded_answer_is_a_broken_file() -> None:
    found = read_recordings(THERE, discover(), now=NOW)
    assert [row.file for row in found if row.error == "InputError"] == []
    assert {row.network for row in found if row.outcome != "not_ours"} <= {n for n in discover() if _readable(n)}
