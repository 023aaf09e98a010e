"""Buttons and selects of Slack, and what pressing one means: an action's name says the command, its value the rest.

Values come back from strangers' clients: `pressed` takes nothing for granted, and whether somebody may do a thing is
asked when it is pressed, never when it is drawn.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from bots.controls import ARGUMENTS, LAST_PAGE, Press, Verb, old_control, unknown_control
from bots.pages import Page
from bots.slack_blocks import BLANK, Json, entry, plain_text, unlinked
from core.card import Button, Item, Link, Listing, plain
from core.inert import inert

ACTIONS = re.compile(r"clout\.(run|page|share|open|link)\.([a-z][a-z_-]{0,30})\.([0-9]{1,3})")
"""The `action_id` of every control of a card."""

LABEL_LIMIT = 75  # characters of a button or an option
VALUE_LIMIT, OPTION_LIMIT = 2_000, 150  # characters of their values
ENTRY_LIMIT = 2_900  # characters of an entry beside its button
BUTTONS, OPTIONS, OVERFLOW = 25, 100, 5  # of one block, one select and one menu
_VERSION = 1  # of the state in a value; cards of another version ask to be asked for anew
_ARGUMENT_LIMIT = 500  # characters of one argument
_COMMAND, _NAME = re.compile(r"[a-z][a-z_-]{0,30}"), re.compile(r"[a-z][a-z_]{0,30}")
_VERBS: Mapping[str, Verb] = MappingProxyType(
    {"run": "run", "page": "page", "share": "share", "open": "open", "link": "link"}
)


# --- drawing ----------------------------------------------------------------------------------------------------------


def action_id(verb: Verb, command: str, place: int) -> str:
    """Return the name of a control; `place` tells those of one message apart."""
    return f"clout.{verb}.{command}.{place}"


def state(button: Button, page: int = 0, *, named: bool = False) -> str:
    """Return a button's arguments as a value; `named` adds its command, for menus whose entries differ in it."""
    pairs = [[name, inert(value, VALUE_LIMIT)] for name, value in button.arguments]
    held: dict[str, object] = {"v": _VERSION, "a": pairs}
    held |= ({"p": page} if page else {}) | ({"c": button.command} if named else {})
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def control(button: Button, place: int, *, verb: Verb = "run", page: int = 0) -> Json | None:
    """Return a button, or None when its state has no room in one."""
    value, label = state(button, page), _label(button.label)
    action = action_id(verb, button.command, place)
    lengthy = len(value) > VALUE_LIMIT or any(len(words) > _ARGUMENT_LIMIT for _, words in button.arguments)
    if not label or lengthy or not ACTIONS.fullmatch(action):
        return None
    return {"type": "button", "text": plain_text(label), "action_id": action, "value": value}


def _label(words: str) -> str:
    return unlinked(inert(words, LABEL_LIMIT - 1))[:LABEL_LIMIT]


def actions(controls: Sequence[Json | None]) -> list[Json]:
    """Return controls as one block; none for none."""
    known = [one for one in controls if one is not None][:BUTTONS]
    return [{"type": "actions", "elements": known}] if known else []


def buttons(found: Sequence[Button], start: int = 0, links: Sequence[Link] = ()) -> list[Json]:
    """Return buttons as a block, numbered from `start`, behind those that open a page."""
    opening = [_opening(link, start + len(found) + at) for at, link in enumerate(links)]
    return actions([*opening, *(control(button, start + at) for at, button in enumerate(found))])


def _opening(link: Link, place: int) -> Json | None:
    label = _label(link.label)
    if not link.opens or not label:
        return None
    return {"type": "button", "text": plain_text(label), "action_id": action_id("link", "page", place), "url": link.url}


def turning(page: Page, again: Button, start: int) -> list[Json]:
    """Return the buttons to the pages before and after, where there are any."""
    before = again.model_copy(update={"label": "Previous"})
    after = again.model_copy(update={"label": "Next"})
    return actions(
        [
            control(before, start, verb="page", page=page.number - 1) if page.number > 0 else None,
            control(after, start + 1, verb="page", page=page.number + 1) if page.number < page.of - 1 else None,
        ]
    )


def choices(block: Listing, start: int) -> list[Json]:
    """Return one select for each thing that can be done with the entries: what is chosen is done."""
    known: dict[tuple[str, str], list[Json]] = {}
    for item in block.items:
        for button in item.buttons:
            known.setdefault((button.label, button.command), []).extend(_options(item, button))
    selects = [
        _select(label, action_id("run", command, start + at), options)
        for at, ((label, command), options) in enumerate(known.items())
        if options
    ]
    return actions(selects)


def _select(label: str, action: str, options: list[Json]) -> Json | None:
    if not ACTIONS.fullmatch(action):
        return None
    hint = plain_text(f"{_label(label)} …")
    return {"type": "static_select", "placeholder": hint, "action_id": action, "options": options[:OPTIONS]}


def _options(item: Item, button: Button) -> Iterator[Json]:
    value, label = state(button), _label(plain(item.line))
    if label and len(value) <= OPTION_LIMIT:
        yield {"text": plain_text(label), "value": value}


def entries(block: Listing, start: int) -> list[Json]:
    """Return the entries of a list, each with its button or, with several, a menu of them."""
    found: list[Json] = []
    for at, item in enumerate(block.items):
        words = unlinked(inert(plain(entry(item)), ENTRY_LIMIT)) or BLANK
        beside = _accessory(item.buttons, start + at)
        found.append({"type": "section", "text": plain_text(words), **({"accessory": beside} if beside else {})})
    return found


def _accessory(found: Sequence[Button], place: int) -> Json | None:
    if len(found) < 2:
        return control(found[0], place) if found else None
    options = [
        {"text": plain_text(label), "value": value}
        for button in found
        if (label := _label(button.label)) and len(value := state(button, named=True)) <= OPTION_LIMIT
    ]
    if not options:
        return control(found[0], place)
    return {"type": "overflow", "action_id": action_id("run", found[0].command, place), "options": options[:OVERFLOW]}


# --- reading ----------------------------------------------------------------------------------------------------------


def pressed(action: str, value: str | None) -> Press:
    """Return what a press of a control asks for. Raises OldControl when it cannot be one of ours."""
    named = ACTIONS.fullmatch(action) if isinstance(action, str) and len(action) <= 255 else None
    if named is None:
        raise unknown_control()
    held = _held(value)
    page, command = held.get("p", 0), held.get("c", named[2])
    if type(page) is not int or not 0 <= page <= LAST_PAGE:
        raise old_control()
    if not isinstance(command, str) or not _COMMAND.fullmatch(command):
        raise old_control()
    return Press(_VERBS[named[1]], command, _pairs(held.get("a")), page)


def _held(value: str | None) -> dict[str, object]:
    if not isinstance(value, str) or len(value) > VALUE_LIMIT:
        raise old_control()
    try:
        held = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise old_control() from error
    if not isinstance(held, dict) or type(held.get("v")) is not int or held["v"] != _VERSION:
        raise old_control()
    return held


def _pairs(given: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, list) or len(given) > ARGUMENTS:
        raise old_control()
    return tuple(_pair(one) for one in given)


def _pair(given: object) -> tuple[str, str]:
    match given:
        case [str(name), str(value)] if _NAME.fullmatch(name) and len(value) <= _ARGUMENT_LIMIT:
            return (name, value)
        case _:
            raise old_control()
