"""What people paste and what servers get wrong, for every network: one typed outcome each, and no key in any log."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from structlog.testing import capture_logs

from core import errors
from core.connectors import discover, manifests
from core.errors import CloutError, InputError, NeedsOwner, RateLimited, SourceAuthFailed, SourceError
from core.handles import Handle
from core.models import Snapshot
from tests.core.connectors import conformance
from tests.core.connectors.conformance import SECRET

_FOUND = {
    name: [f for like in ("json_feed", "profile_*") for f in sorted((conformance.FIXTURES / name).glob(f"{like}.json"))]
    for name, connector in discover().items()
    if connector.fetch is not None
}
_USUAL = {name: files[0] for name, files in _FOUND.items() if files}  # an ordinary account, which is then spoilt
READABLE = sorted(_USUAL)
KEYED = [name for name in READABLE if any(c.required for c in discover()[name].manifest.credentials)]
HOSTILE = (
    "x){id,access_token}",
    "x){media{owner}}",
    "../me",
    "..%2Fme",
    "x/../../me",
    "%00",
    "x%00y",
    "x\x00y",
    "x\r\nhost: evil.example",
    "x?access_token=1",
    "x&fields=id",
    "x#",
    "x y",
    "x,y",
    "<script>",
    "x" * 5_000,
)
WORDS_DECIDE = {  # fixtures whose sentence is the only sign there is, as CONNECTORS says
    "bluesky": {"unknown"},
    "facebook": {
        "no_public_content_access",
        "no_public_content_access_33",
        "not_a_page",
        "permission_as_parameter",
        "rate_limited_code_in_words",
        "signature_refused",
        "token_missing",
        "wants_a_signature",
    },
    "github": {"no_user_agent", "secondary_no_wait"},
    "instagram": {"own_account_is_a_page", "permission_as_parameter"},
    "tiktok": {"research_private", "research_search_lost_at_once", "research_unknown"},
    "x": {"suspended"},
}
ELSEWHERE = "Bilinmeyen bir hata oluştu: 不明なエラー"


@cache
def fixtures(network: str) -> Mapping[str, Any]:
    return {file.stem: json.loads(file.read_text()) for file in conformance.fixture_files(network)}


def usual(network: str) -> dict[str, Any]:
    """A copy of the fixture of an ordinary account."""
    copy: dict[str, Any] = json.loads(_USUAL[network].read_text())
    return copy


class Lenient(conformance.Script):
    """Plays answers in order, whatever is asked for, the last one for ever."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.left[0] if len(self.left) == 1 else self.left.pop(0)
        body = answer["text"].encode() if "text" in answer else json.dumps(answer.get("json")).encode()
        kind = "text/html" if "text" in answer else "application/json"
        headers = {"content-type": kind, **answer.get("headers", {})}
        return httpx.Response(answer["status"], headers=headers, content=body)


async def played(network: str, fixture: Mapping[str, Any]) -> tuple[Snapshot | CloutError, list[httpx.Request]]:
    outcome, script = await conformance.play(discover()[network], fixture, Lenient(fixture["answers"]))
    assert isinstance(outcome, Snapshot | SourceError)
    return outcome, script.asked


def changed(value: Any, change: Callable[[str, Any], Any], key: str = "") -> Any:
    """Return JSON with every leaf as `change(its key, it)` has it."""
    if isinstance(value, dict):
        return {name: changed(held, change, name) for name, held in value.items()}
    if isinstance(value, list):
        return [changed(held, change, key) for held in value]
    return change(key, value)


def with_answers(network: str, change: Callable[[str, Any], Any]) -> dict[str, Any]:
    fixture = usual(network)
    for answer in fixture["answers"]:
        if "json" in answer:
            answer["json"] = changed(answer["json"], change)
    return fixture


@pytest.fixture(autouse=True)
def no_key_in_any_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as events:
        yield
    assert SECRET not in caplog.text
    assert SECRET not in repr(events)


# --- handles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", sorted(manifests()))
def test_a_hostile_handle_is_refused_or_reads_as_a_name_of_the_network(network: str) -> None:
    rule = manifests()[network].handles
    for hostile in HOSTILE:
        with suppress(InputError):
            handle = Handle.parse(f"{network}:{hostile}", manifests(), default_instance="social.example")
            name = handle.native_id or handle.name
            assert re.fullmatch(rule.pattern, name) or handle.native_id, (hostile, name)
            assert not set("{}()<>&\r\n\x00") & set(name)


@pytest.mark.parametrize("network", READABLE)
async def test_a_hostile_handle_never_becomes_part_of_an_address(network: str) -> None:
    """Even handed to a connector directly: nothing is asked for, or it stays one encoded piece of a usual address."""
    fixture = usual(network)
    _, asked = await played(network, fixture)
    shapes = {_shape(request) for request in asked}
    hosts = {request.url.host for request in asked}
    for hostile in HOSTILE:
        for target in ({"handle": hostile}, {"handle": fixture["target"]["handle"], "native_id": hostile}):
            nothing = {**fixture, "target": target, "answers": [{"status": 404, "json": {}}]}
            outcome, asked = await played(network, nothing)
            assert isinstance(outcome, SourceError)
            for request in asked:
                assert request.url.host in hosts, hostile
                assert network in _FREE_FORM or _shape(request) in shapes, (hostile, str(request.url))
                assert "\r" not in str(request.url)
                assert ".." not in unquote(request.url.path).split("/"), hostile


_FREE_FORM = frozenset({"blog", "mastodon", "bluesky"})  # a site's own address, several ways to find one, and DIDs


def _shape(request: httpx.Request) -> tuple[int, tuple[str, ...]]:
    return request.url.raw_path.partition(b"?")[0].count(b"/"), tuple(sorted(set(request.url.params)))


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pasted", ["'{}'", '"{}"\n', "{}\r\nx-evil: 1", " {} ", "{}\x00"])
@pytest.mark.parametrize("network", KEYED)
async def test_a_key_pasted_with_quotes_or_line_ends_injects_nothing(network: str, pasted: str) -> None:
    fixture = usual(network)
    needed = [c.name for c in discover()[network].manifest.credentials if c.required]
    for name in needed:
        settings = fixture.get("settings", {})
        spoilt = {**settings, name: pasted.format(settings.get(name, SECRET))}
        outcome, asked = await played(network, {**fixture, "settings": spoilt})
        assert all("x-evil" not in request.headers for request in asked)
        assert SECRET not in repr(outcome) + str(outcome) if isinstance(outcome, SourceError) else True


@pytest.mark.parametrize("network", [name for name in READABLE if name != "blog"])
async def test_a_token_that_ends_in_the_middle_of_the_pages(network: str) -> None:
    two = fixtures(network)["two_pages"]
    _, asked = await played(network, two)
    refused = {"status": 401, "json": _REFUSALS.get(network, {})}
    ends = [{**two, "answers": [*two["answers"][:kept], refused]} for kept in range(1, len(asked))]
    outcomes = [(await played(network, ended))[0] for ended in ends]
    if network in KEYED:
        assert any(isinstance(outcome, SourceAuthFailed | NeedsOwner) for outcome in outcomes)


_META_ENDED = {"error": {"message": "Ended.", "type": "OAuthException", "code": 190, "error_subcode": 463}}
_REFUSALS: dict[str, Any] = {"instagram": _META_ENDED, "facebook": _META_ENDED, "threads": _META_ENDED}
_REFUSALS["tiktok"] = {"data": {}, "error": {"code": "access_token_invalid", "message": "Ended.", "log_id": "1"}}

# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", READABLE)
async def test_a_page_that_repeats_for_ever_ends(network: str) -> None:
    repeated = (
        next(one for one in fixtures(network).values() if "repeated page" in one["covers"])
        if (network not in _ONE_PAGE)
        else usual(network)
    )
    outcome, asked = await played(network, repeated)
    assert isinstance(outcome, Snapshot)
    assert len({post.native_id for post in outcome.posts}) == len(outcome.posts)
    assert len(asked) < 8


_ONE_PAGE = frozenset({"blog"})


@pytest.mark.parametrize("network", READABLE)
async def test_ids_beyond_64_bits_stay_what_they_are(network: str) -> None:
    fixture = usual(network)
    text = json.dumps(fixture["answers"])
    beyond = re.sub(r'("(?:id|id_str)": ")(\d{1,20})"', lambda m: f'{m[1]}{10**30 + int(m[2])}"', text)
    outcome, _ = await played(network, {**fixture, "answers": json.loads(beyond)})
    if isinstance(outcome, Snapshot):
        ids = " ".join((outcome.profile.native_id, *(post.native_id for post in outcome.posts)))
        assert all(number in beyond for number in re.findall(r"\d{20,}", ids)), "an id was rounded"


_NO_COUNTS = re.compile(
    r"id|.*_id|.*created.*|.*time.*|.*date.*|.*_at|.*code.*|status|offset|dist|version|cid|size", re.I
)


@pytest.mark.parametrize("network", READABLE)
async def test_counts_as_strings_are_the_same_counts(network: str) -> None:
    def quoted(key: str, value: Any) -> Any:
        return str(value) if type(value) is int and not _NO_COUNTS.fullmatch(key) else value

    plain, _ = await played(network, usual(network))
    assert (await played(network, with_answers(network, quoted)))[0] == plain


@pytest.mark.parametrize("network", READABLE)
async def test_a_negative_count_is_unknown(network: str) -> None:
    def negative(key: str, value: Any) -> Any:
        if _NO_COUNTS.fullmatch(key) or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isdigit():
            return f"-{int(value) + 1}"
        return -value - 1 if isinstance(value, int) else value

    found, _ = await played(network, with_answers(network, negative))
    assert isinstance(found, Snapshot)
    counts = [found.profile.followers, found.profile.following, found.profile.posts_total]
    counts += [getattr(post, name) for post in found.posts for name in ("likes", "reposts", "replies", "views")]
    assert not [number for number in counts if number is not None and number < 0]
    assert found.profile.followers is None


@pytest.mark.parametrize("network", READABLE)
async def test_a_date_without_a_zone_is_utc(network: str) -> None:
    def bare(key: str, value: Any) -> Any:
        dated = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:?00)", value)
        return re.sub(r"(?:Z|\+00:?00)$", "", value) if dated else value

    plain, _ = await played(network, usual(network))
    found, _ = await played(network, with_answers(network, bare))
    assert isinstance(plain, Snapshot)
    assert isinstance(found, Snapshot)
    assert [post.created_at for post in found.posts] == [post.created_at for post in plain.posts]
    assert found.profile.created_at == plain.profile.created_at


@pytest.mark.parametrize("network", READABLE)
async def test_refusals_in_another_language_mean_the_same(network: str) -> None:
    said = re.compile(r"message|explanation|detail|title|error_user_msg|error_user_title|error_description")
    for name, fixture in fixtures(network).items():
        if "error" not in fixture["expect"]:
            continue
        other = json.loads(json.dumps(fixture))
        for answer in (a for a in other["answers"] if "json" in a and (a["status"] >= 400 or network in ("x",))):
            answer["json"] = changed(answer["json"], lambda key, value: ELSEWHERE if said.fullmatch(key) else value)
        outcome, _ = await conformance.play(discover()[network], other, Lenient(other["answers"]))
        assert isinstance(outcome, SourceError), name
        if name not in WORDS_DECIDE.get(network, ()):
            assert type(outcome) is getattr(errors, fixture["expect"]["error"]), name


@pytest.mark.parametrize("network", READABLE)
async def test_a_429_in_plain_text_is_a_limit_with_an_end(network: str) -> None:
    fixture = {**usual(network), "answers": [_PLAIN_LIMIT]}
    outcome, _ = await played(network, fixture)
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_at is not None
    assert outcome.retry_at > datetime.fromisoformat(fixture["now"])


_PLAIN_LIMIT = {"status": 429, "text": "Too many requests\n", "headers": {"content-type": "text/plain"}}
