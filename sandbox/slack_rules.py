"""Is this payload one that Slack would take, and one that Clout wants to send? Every request is judged here.

A finding that Slack refuses is hard; a house rule is Clout's own, and such a message is taken but noted.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.checks import Check, Finding, anything, flag, items, kinds, shape, string, word
from sandbox.slack_blocks import SELECTS, text
from sandbox.slack_kit import BLOCKS
from sandbox.slack_people import Json

TEXT_MOST = 40_000
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
CHARTS_MOST = 2
SERIES_ADVISED = 6  # older pages of Slack allow no more, newer ones 12
MARKDOWN_MOST = 12_000
VIEW_BYTES = 250_000
SHOUTS = ("<!everyone", "<!channel", "<!here", "<!subteam")
BOLTS_OWN = (":warning: We apologize", "⚠️ We apologize")  # Bolt's line to people of a workspace it does not know


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a payload: Slack's error code with hard findings, and house findings beside them."""

    error: str = ""
    hard: tuple[Finding, ...] = ()
    house: tuple[Finding, ...] = ()

    @property
    def messages(self) -> list[str]:
        """Return the hard findings as Slack words them."""
        return [f"[ERROR] {reason} [json-pointer:{path}]" for path, reason in self.hard]


def nodes(value: Any, at: str = "") -> Iterator[tuple[str, Json]]:
    """Walk every object within a value with its JSON pointer."""
    if isinstance(value, dict):
        yield at, value
        for name, one in value.items():
            yield from nodes(one, f"{at}/{name}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from nodes(one, f"{at}/{place}")


# --- blocks --------------------------------------------------------------------------------------------------------


def check_blocks(blocks: Any, at: str, most: int) -> list[Finding]:
    """Return what Slack refuses in a list of blocks on any surface."""
    found: list[Finding] = []
    items(kinds(BLOCKS), 0, most)(blocks, at, found)
    if isinstance(blocks, list):
        found += _doubles(blocks, at)
    return found


def _doubles(blocks: list[Any], at: str) -> list[Finding]:
    found: list[Finding] = []
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        if (name := str(block.get("block_id") or "")) in seen:
            found.append((f"{at}/{place}/block_id", f"block_id {name!r} is used twice"))
        elif name:
            seen.add(name)
        actions = [str(one["action_id"]) for _, one in nodes(block) if one.get("action_id")]
        found += [
            (f"{at}/{place}", f"action_id {action!r} is used twice in this block")
            for action in sorted(set(actions))
            if actions.count(action) > 1
        ]
    return found


def _sums(blocks: list[Any], at: str) -> list[Finding]:
    """Return what a message breaks as a whole."""
    every = list(nodes(blocks))
    kinds_of = [str(one.get("type")) for _, one in every]
    markdown = sum(len(str(one.get("text") or "")) for _, one in every if one.get("type") == "markdown")
    found = []
    if kinds_of.count("data_visualization") > CHARTS_MOST:
        found.append((at, f"at most {CHARTS_MOST} charts are allowed in a message"))
    if kinds_of.count("table") > 1:
        found.append((at, "only_one_table_allowed: a message may hold one table"))
    if markdown > MARKDOWN_MOST:
        found.append((at, f"the markdown blocks must have at most {MARKDOWN_MOST} characters in all, not {markdown}"))
    found += [(f"{at}{path}", "alert is not allowed in messages") for path, one in every if one.get("type") == "alert"]
    return found


def house_blocks(blocks: Any, at: str) -> list[Finding]:
    """Return what Clout's own rules forbid in blocks: shouting at everybody, and charts old workspaces cannot draw."""
    found: list[Finding] = []
    for path, one in nodes(blocks, at):
        kind = one.get("type")
        if kind in ("broadcast", "usergroup"):
            found.append((path, f"a {kind} element calls many people"))
        if kind in ("mrkdwn", "markdown"):
            found += _shouting(one.get("text"), f"{path}/text")
        if kind in ("line", "bar", "area") and len(one.get("series") or []) > SERIES_ADVISED:
            found.append((f"{path}/series", f"more than {SERIES_ADVISED} series are not drawn everywhere"))
    return found


def _shouting(said: Any, at: str) -> list[Finding]:
    return [(at, f"{shout}> calls many people") for shout in SHOUTS if shout in str(said or "")]


def without_call(payload: Json, groups: frozenset[str]) -> Json:
    """Return a message without one call of one of these user groups, in its text and in its blocks."""
    changed: Json = json.loads(json.dumps(payload))
    for group in groups:
        if isinstance(changed.get("text"), str):
            changed["text"] = changed["text"].replace(f"<!subteam^{group}>", "", 1)
    called = [one for _, one in nodes(changed.get("blocks")) if one.get("usergroup_id") in groups]
    for one in called[:1]:
        one["type"] = "text"
    return changed


# --- messages ------------------------------------------------------------------------------------------------------

_metadata: Check = shape({"event_type": string(255, 1), "event_payload": anything}, "event_type event_payload")


def judge_message(payload: Json, *, unfurls: bool, also: Iterable[Finding] = (), house: Json | None = None) -> Verdict:
    """Judge a message; `unfurls` says whether this way of sending knows the unfurl flags, `also` is already found.

    Clout's own rules look at `house` where it is given: the message without the call it was allowed.
    """
    said, blocks = payload.get("text"), payload.get("blocks")
    hard: list[Finding] = list(also)
    noted = _house_message(payload if house is None else house, unfurls)
    if not (said or blocks or payload.get("attachments") or payload.get("markdown_text")):
        return Verdict("no_text", (("/text", "a message needs text or blocks"),), tuple(noted))
    if isinstance(said, str) and len(said) > TEXT_MOST:
        return Verdict("msg_too_long", (("/text", f"must be at most {TEXT_MOST} characters"),), tuple(noted))
    if payload.get("metadata") is not None:
        wrong: list[Finding] = []
        _metadata(payload["metadata"], "/metadata", wrong)
        if wrong:
            return Verdict("invalid_metadata_format", tuple(wrong), tuple(noted))
    if blocks is not None:
        hard += check_blocks(blocks, "/blocks", MESSAGE_BLOCKS)
        hard += _sums(blocks, "/blocks") if isinstance(blocks, list) else []
    return Verdict("invalid_blocks" if hard else "", tuple(hard), tuple(noted))


def _house_message(payload: Json, unfurls: bool) -> list[Finding]:
    said = payload.get("text")
    found = _shouting(said, "/text") + house_blocks(payload.get("blocks"), "/blocks")
    found += _shouting(payload.get("markdown_text"), "/markdown_text")
    if not said and payload.get("blocks"):
        found.append(("/text", "blocks need a text beside them, for notifications and screen readers"))
    if unfurls and not str(said or "").startswith(BOLTS_OWN):
        flags = ("unfurl_links", "unfurl_media")
        found += [(f"/{name}", "must be false") for name in flags if not _is_false(payload.get(name))]
    if payload.get("link_names") not in (None, False, "false", "0", 0):
        found.append(("/link_names", "must not be used"))
    if payload.get("parse") == "full":
        found.append(("/parse", "must not be full"))
    return found


def _is_false(value: Any) -> bool:
    return value is False or value in ("false", "0", "False") or (value == 0 and value is not None)


# --- views ---------------------------------------------------------------------------------------------------------

_common: dict[str, Check] = {
    "blocks": items(anything, 1, VIEW_BLOCKS),
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_VIEWS = kinds({
    "modal": shape(
        _common
        | {"title": text(24, plain=True), "submit": text(24, plain=True), "close": text(24, plain=True)}
        | dict.fromkeys(("clear_on_close", "notify_on_close", "submit_disabled"), flag),
        "blocks title",
    ),
    "home": shape(_common, "blocks"),
})  # fmt: skip


def judge_view(view: Any, *, home: bool, also: Iterable[Finding] = ()) -> Verdict:
    """Judge a modal or a home tab; `also` is already found."""
    hard: list[Finding] = list(also)
    _VIEWS(view, "/view", hard)
    if not isinstance(view, dict):
        return Verdict("invalid_arguments", tuple(hard))
    word("home" if home else "modal")(view.get("type"), "/view/type", hard)
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        hard += check_blocks(blocks, "/view/blocks", VIEW_BLOCKS)
        asks = any(isinstance(one, dict) and one.get("type") == "input" for one in blocks)
        if asks and not home and not view.get("submit"):
            hard.append(("/view/submit", "a modal with an input block needs a submit button"))
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        return Verdict("view_too_large", (("/view", f"must be at most {VIEW_BYTES} bytes"),))
    house = house_blocks(blocks, "/view/blocks")
    return Verdict("invalid_arguments" if hard else "", tuple(hard), tuple(house))


def judge_errors(errors: Any, view: Json) -> list[Finding]:
    """Return what is wrong with the errors a submission was answered with: each key is the block_id of an input."""
    if not isinstance(errors, dict) or not errors:
        return [("/errors", "must be an object of block_id and sentence")]
    known = {one.get("block_id") for one in view.get("blocks") or [] if one.get("type") == "input"}
    found = [(f"/errors/{name}", "is no block_id of an input block") for name in errors if name not in known]
    return found + [(f"/errors/{name}", "must be a sentence") for name, said in errors.items() if not said]


def judge_options(payload: Any) -> list[Finding]:
    """Return what is wrong with suggestions: at most 100 options, or as many groups."""
    found: list[Finding] = []
    element = {"type": "static_select", "action_id": "suggested", **(payload if isinstance(payload, dict) else {})}
    if element.get("options") == []:
        return []  # nothing fits: a select may be empty only while it is being typed into
    SELECTS["static_select"](element, "", found)
    return found
