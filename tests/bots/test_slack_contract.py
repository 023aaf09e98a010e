"""The judge of Slack messages judged: by the published limits and fixtures where they are, and by broken messages."""

import copy
import json
from functools import reduce

import pytest

from bots.render_slack import render
from tests.bots.slack_contract import LIMITS, SHARED, against_schema, of_message
from tests.bots.test_render_text import CARDS

shared = pytest.mark.skipif(not SHARED.exists(), reason="Slack's published contracts are not here")


@shared
def test_limits_by_hand_are_the_published_ones():
    published = json.loads((SHARED / "limits.json").read_text(encoding="utf-8"))
    for path, value in LIMITS.items():
        assert reduce(dict.__getitem__, path.split("."), published) == value, path


@shared
@pytest.mark.parametrize("path", sorted((SHARED / "fixtures/valid/blocks").glob("*.json")), ids=lambda path: path.stem)
def test_published_blocks_are_valid(path):
    assert against_schema(json.loads(path.read_text(encoding="utf-8"))) == []


@shared
@pytest.mark.parametrize("block", [{"type": "nothing"}, {"type": "header"}, {"type": "divider", "more": 1}])
def test_the_schema_refuses(block):
    assert against_schema(block)


def broken(change):
    payload = copy.deepcopy(render(CARDS["glowguru"]).payload())
    change(payload)
    return payload


def set_(path, value):
    def change(payload):
        *steps, last = path
        reduce(lambda node, step: node[step], steps, payload)[last] = value

    return change


CHART = ("blocks", 2, "chart")
CASES = {
    "no text": set_(("text",), ""),
    "text too long": set_(("text",), "x" * 4_001),
    "mention in the text": set_(("text",), "<!channel>"),
    "link in the text": set_(("text",), "<https://x.example|y>"),
    "unfolding": set_(("unfurl_links",), True),
    "too many blocks": lambda payload: payload["blocks"].extend([{"type": "divider"}] * 50),
    "header too long": set_(("blocks", 0, "text", "text"), "x" * 151),
    "header with emoji": set_(("blocks", 0, "text", "emoji"), True),
    "empty line": set_(("blocks", 1, "elements", 0, "elements"), []),
    "empty words": set_(("blocks", 1, "elements", 0, "elements", 0, "text"), ""),
    "mention": set_(("blocks", 1, "elements", 0, "elements", 0), {"type": "broadcast", "range": "here"}),
    "control code": set_(("blocks", 1, "elements", 0, "elements", 0, "text"), "a\x1b"),
    "twenty-one days": set_((*CHART, "axis_config", "categories"), [str(n) for n in range(21)]),
    "a day without a score": lambda payload: payload["blocks"][2]["chart"]["series"][0]["data"].pop(),
    "chart title too long": set_(("blocks", 2, "title"), "x" * 51),
    "series name too long": set_((*CHART, "series", 0, "name"), "x" * 21),
    "mention in small print": set_(("blocks", -2, "elements", 0, "text"), "<@U1>"),
    "button label too long": set_(("blocks", -1, "elements", 0, "text", "text"), "x" * 76),
    "button value too long": set_(("blocks", -1, "elements", 0, "value"), "x" * 2_001),
    "action_id too long": set_(("blocks", -1, "elements", 0, "action_id"), "x" * 256),
    "action_id twice": set_(("blocks", -1, "elements", 0, "action_id"), "clout.run.why.1"),
    "too many buttons": set_(("blocks", -1, "elements"), [{"type": "button"}] * 26),
}


@pytest.mark.parametrize("name", [name for name in CASES if name != "too many buttons"])
def test_a_broken_message_is_found(name):
    assert of_message(broken(CASES[name]), schema=False)


def test_the_message_they_are_made_of_is_good():
    assert of_message(render(CARDS["glowguru"]).payload()) == []
