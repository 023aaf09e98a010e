"""Answers that are asked for only if they are others than the last time."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from core.connectors.answers import Answer
from core.connectors.http import HttpClient
from core.connectors.remembered import LARGEST, Remembered
from core.manifest import HandleRule, Manifest

MANIFEST = Manifest(
    name="pond",
    label="Pond",
    hosts=("pond.example",),
    base_url="https://pond.example/",
    handles=HandleRule(pattern=r"\w+", hint="", example=""),
)
TAG, DATE = {"etag": 'W/"7"'}, {"last-modified": "Mon, 23 Nov 2026 09:00:00 GMT"}
Told = tuple[int, Mapping[str, str], str]


async def played(*told: Told, headers: tuple[Mapping[str, str], ...] = ({}, {})) -> tuple[list[Any], list[Answer]]:
    """Ask once for each of `headers`; returns the conditions of each request, and the answers."""
    left, sent = list(told), []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append({k: v for k, v in request.headers.items() if k.startswith("if-")})
        status, given, body = left.pop(0)
        return httpx.Response(status, headers=given, content=body.encode())

    http = HttpClient(user_agent="Clout/test", transport=httpx.MockTransport(answer), retry_wait=0)
    client = http.scoped(MANIFEST)
    answers = [await client.get("frogs", headers=own, unless_same=True) for own in headers]
    await http.aclose()
    assert not left
    return sent, answers


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        (TAG, {"if-none-match": 'W/"7"'}),
        (DATE, {"if-modified-since": DATE["last-modified"]}),
        ({**TAG, **DATE}, {"if-none-match": 'W/"7"', "if-modified-since": DATE["last-modified"]}),
    ],
)
async def test_what_did_not_change_is_the_last_answer(given, condition):
    sent, (first, again) = await played((200, given, "frog"), (304, {"x-left": "9"}, ""))
    assert sent == [{}, condition]
    assert (again.status, again.body, again.headers["x-left"]) == (200, first.body, "9")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param((200, {}, "a"), (200, {}, "b"), id="nothing to ask by"),
        pytest.param((404, TAG, "a"), (200, {}, "b"), id="a refusal is not kept"),
        pytest.param((200, {"etag": "a\tb"}, "a"), (200, {}, "b"), id="a tag that cannot be sent"),
        pytest.param((200, {"etag": "x" * 999}, "a"), (200, {}, "b"), id="a tag without end"),
        pytest.param((200, TAG, "x" * (LARGEST + 1)), (200, {}, "b"), id="too large to keep"),
    ],
)
async def test_else_the_whole_answer_is_asked_for(first: Told, again: Told):
    sent, answers = await played(first, again)
    assert sent == [{}, {}]
    assert answers[1].body == b"b"


async def test_what_changed_takes_the_old_ones_place():
    sent, answers = await played((200, TAG, "a"), (200, {"etag": '"8"'}, "b"), (304, {}, ""), headers=({}, {}, {}))
    assert [one.get("if-none-match") for one in sent] == [None, 'W/"7"', '"8"']
    assert [answer.body for answer in answers] == [b"a", b"b", b"b"]


async def test_a_refusal_in_between_is_told_and_forgets():
    sent, answers = await played((200, TAG, "a"), (429, {}, "no"), (200, {}, "c"), headers=({}, {}, {}))
    assert ([answer.status for answer in answers], sent[2]) == ([200, 429, 200], {})


async def test_another_key_is_another_question():
    sent, _ = await played((200, TAG, "a"), (200, TAG, "b"), headers=({"authorization": "1"}, {"authorization": "2"}))
    assert sent == [{}, {}]


async def test_an_answer_nobody_asked_for_is_left_to_the_connector():
    _, (answer, _) = await played((304, {}, ""), (304, {}, ""))
    assert answer.status == 304


async def test_where_a_redirect_leads_elsewhere_the_whole_is_asked_for():
    moved = (302, {"location": "https://pond.example/toads"}, "")
    sent, answers = await played((200, TAG, "frog"), moved, (304, {}, ""), moved, (200, {}, "toad"))
    assert answers[1].body == b"toad"
    assert sent[-1] == {}


def test_what_was_not_used_for_longest_is_given_up():
    kept = Remembered(most_bytes=30)
    for name in "abc":
        kept.put((name, ()), Answer(200, TAG, b"x" * 10, name))
    kept.get(("a", ()))
    kept.put(("d", ()), Answer(200, TAG, b"x" * 10, "d"))
    assert [kept.get((name, ())) is not None for name in "abcd"] == [True, False, True, True]
