"""Buttons and selects of Discord, and what pressing one means: the whole state stands in the `custom_id`.

`clout1~run~influence~0~creator=@glow`: the version, the verb, the command, a page, the arguments. So a card works after
a restart. States come back from strangers' clients: `pressed` takes nothing for granted, and whether somebody may do a
thing is asked when it is pressed, never when it is drawn.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from bots.controls import ARGUMENTS, LAST_PAGE, Press, Verb, old_control, unknown_control
from bots.discord_text import unlinked
from bots.pages import Page
from core.card import Button, Item, Link, Listing, plain
from core.inert import inert

Json = dict[str, Any]
"""A component as Discord reads it."""

VERSION = "clout1"
"""Begins every `custom_id`; cards of another version ask to be asked for anew."""

ID_LIMIT = 100  # characters of a custom_id and of an option's value, docs.discord.com/developers/components/reference
LABEL_LIMIT, OPTION_LIMIT, HINT_LIMIT = 80, 100, 150  # characters of a button, an option, a placeholder
ROW, OPTIONS = 5, 25  # buttons of a row, options of a select
ACTION_ROW, BUTTON, SELECT = 1, 2, 3  # types of components
SECONDARY, LINK = 2, 5  # styles of buttons
_STATE = re.compile(r"([a-z]+)~([a-z][a-z_-]{0,30})~([0-9]{1,5})~(.*)", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z_]{0,30}")
_VERBS: Mapping[str, Verb] = MappingProxyType(
    {"run": "run", "page": "page", "share": "share", "choose": "choose", "form": "form"}
)
_PACKED = str.maketrans({c: f"%{ord(c):02X}" for c in "%~="})


# --- writing ----------------------------------------------------------------------------------------------------------


def custom_id(verb: Verb, button: Button, page: int = 0) -> str | None:
    """Return a control's whole state, or None when there is no room for it."""
    state = f"{VERSION}~{verb}~{button.command}~{page}~{_packed(button.arguments)}"
    return state if len(state) <= ID_LIMIT and _STATE.fullmatch(state, len(VERSION) + 1) else None


def _packed(arguments: Sequence[tuple[str, str]]) -> str:
    """Return arguments as `name=value~name=value`; one more value of the same name is `=value`."""
    parts, before = [], ""
    for name, value in arguments:
        words = inert(value, ID_LIMIT * 3).translate(_PACKED)
        parts.append(f"{'' if name == before else name}={words}")
        before = name
    return "~".join(parts)


def _label(words: str, limit: int) -> str:
    return unlinked(inert(words, limit - 8))[:limit]


def control(button: Button, verb: Verb = "run", *, page: int = 0, off: bool = False) -> Json | None:
    """Return a button, or None when its state has no room in one."""
    state, label = custom_id(verb, button, page), _label(button.label, LABEL_LIMIT)
    if state is None or not label.strip():
        return None
    shown: Json = {"type": BUTTON, "style": SECONDARY, "label": label, "custom_id": state}
    return shown | ({"disabled": True} if off else {})


def opening(link: Link) -> Json | None:
    """Return a button that opens a page, or None for an address that Discord would not take."""
    label = _label(link.label, LABEL_LIMIT)
    if not link.opens or not label.strip():
        return None
    return {"type": BUTTON, "style": LINK, "label": label, "url": link.url}


def state_of(one: Json) -> str:
    """Return what tells a control from the others of its message: its state, or the page it opens."""
    return str(one.get("custom_id") or one["url"])


def rows(controls: Sequence[Json | None]) -> list[Json]:
    """Return buttons in as few rows as hold them, about equally long; of two with the same state the first stays."""
    known = list({state_of(one): one for one in reversed(controls) if one is not None}.values())[::-1]
    count = -(-len(known) // ROW)
    each = -(-len(known) // max(1, count))
    return [{"type": ACTION_ROW, "components": known[at : at + each]} for at in range(0, len(known), max(1, each))]


def turning(page: Page, again: Button) -> list[Json]:
    """Return the row that turns pages: both buttons, the one that leads nowhere disabled."""
    ways = (("Previous", page.number - 1, page.number > 0), ("Next", page.number + 1, page.number < page.of - 1))
    return rows(
        [
            # a disabled one needs a state of its own as well, though it is never sent
            control(again.model_copy(update={"label": label}), "page", page=to if on else LAST_PAGE - at, off=not on)
            for at, (label, to, on) in enumerate(ways)
        ]
    )


def choices(block: Listing) -> list[Json]:
    """Return one select for each thing that can be done with the entries: what is chosen is done."""
    known: dict[tuple[str, str], dict[str, Json]] = {}
    for item in block.items:
        for button in item.buttons:
            known.setdefault((button.label, button.command), {}).update(_option(item, button))
    selects = [_select(at, *what, list(options.values())) for at, (what, options) in enumerate(known.items())]
    return [{"type": ACTION_ROW, "components": [one]} for one in selects if one is not None]


def _select(at: int, label: str, command: str, options: list[Json]) -> Json | None:
    state = custom_id("choose", Button(label="", command=command), at)
    if state is None or not options:
        return None
    hint = _label(label, HINT_LIMIT - 2) or "Choose"
    return {"type": SELECT, "custom_id": state, "placeholder": f"{hint} …", "options": options[:OPTIONS]}


def _option(item: Item, button: Button) -> Iterator[tuple[str, Json]]:
    """Yield an entry as an option by its value, or nothing when it has no room in one."""
    value, label = _packed(button.arguments), _label(plain(item.line), OPTION_LIMIT)
    if label.strip() and 0 < len(value) <= ID_LIMIT:
        yield value, {"label": label, "value": value}


# --- reading ----------------------------------------------------------------------------------------------------------


def pressed(state: object, values: Sequence[str] = ()) -> Press:
    """Return what using a control asks for; `values` are a select's. Raises OldControl when it cannot be ours."""
    if not isinstance(state, str) or not state.startswith("clout") or len(state) > ID_LIMIT:
        raise unknown_control()
    version, _, rest = state.partition("~")
    found = _STATE.fullmatch(rest)
    verb = _VERBS.get(found[1]) if found is not None else None
    if version != VERSION or found is None or verb is None or int(found[3]) > LAST_PAGE:
        raise old_control()
    packed = (values[0] if values else "") if verb == "choose" else found[4]
    return Press("run" if verb == "choose" else verb, found[2], tuple(_unpacked(packed)), int(found[3]))


def _unpacked(packed: str) -> list[tuple[str, str]]:
    if len(packed) > ID_LIMIT:
        raise old_control()
    found: list[tuple[str, str]] = []
    for part in packed.split("~") if packed else ():
        name, said, value = part.partition("=")
        name = name or (found[-1][0] if found else "")
        if not said or not _NAME.fullmatch(name) or len(found) >= ARGUMENTS:
            raise old_control()
        found.append((name, unquote(value)))
    return found
