"""Slack's own surfaces beside messages: the form for a lookup, and the app's home. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bots.pages import with_rows
from bots.slack_blocks import Json, drawn, plain_text, rich_text, section, size_of
from bots.slack_controls import action_id, actions
from core.card import Card, line, text
from core.inert import inert

LOOKUP = "clout.lookup.1"
"""The `callback_id` of the lookup form, with the version of its fields."""

VIEW_BLOCKS, VIEW_CHARACTERS = 100, 12_000
CREATOR_LIMIT = 300  # characters of a handle or address
OPTIONS = 100  # of one select
METADATA_LIMIT = 3_000  # characters of what a form carries along
_PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody entered in the lookup form."""

    creator: str
    network: str | None = None
    private: bool = False


def modal_lookup(networks: Sequence[tuple[str, str]], *, creator: str = "", metadata: str = "") -> Json:
    """Return the form for a lookup.

    `networks` are names with their labels; `metadata` comes back with the answer, such as the channel it is for.
    Raises ValueError when `metadata` is longer than Slack carries.
    """
    if len(metadata) > METADATA_LIMIT:
        raise ValueError(f"a form carries at most {METADATA_LIMIT} characters along")
    return {
        "type": "modal",
        "callback_id": LOOKUP,
        "private_metadata": metadata,
        "title": plain_text("Clout"),
        "submit": plain_text("Look up"),
        "close": plain_text("Cancel"),
        "blocks": [_creator(creator), *_networks(networks), _visibility()],
    }


def _input(name: str, label: str, element: Json, *, optional: bool = True) -> Json:
    field = {"action_id": name, **element}
    return {"type": "input", "block_id": name, "label": plain_text(label), "element": field, "optional": optional}


def _creator(begun: str) -> Json:
    hint = plain_text("@name, youtube:name, name@server or a profile address")
    element: Json = {"type": "plain_text_input", "max_length": CREATOR_LIMIT, "placeholder": hint}
    known = inert(begun, CREATOR_LIMIT)
    return _input("creator", "Creator", element | ({"initial_value": known} if known else {}), optional=False)


def _networks(networks: Sequence[tuple[str, str]]) -> list[Json]:
    options = [{"text": plain_text(label), "value": name} for name, label in networks[:OPTIONS]]
    if not options:
        return []
    hint = plain_text("every network read here")
    return [_input("network", "Network", {"type": "static_select", "placeholder": hint, "options": options})]


def _visibility() -> Json:
    option = {"text": plain_text("Only I see the answer"), "value": _PRIVATE}
    return _input("visibility", "Visibility", {"type": "checkboxes", "options": [option]})


def asked(values: Mapping[str, object]) -> Asked:
    """Return what a lookup form's `state.values` say; anything that is not a form's answer reads as left empty."""
    creator = _field(values, "creator").get("value")
    network = _value(_field(values, "network").get("selected_option"))
    chosen = _field(values, "visibility").get("selected_options")
    private = isinstance(chosen, list) and any(_value(one) == _PRIVATE for one in chosen)
    return Asked(creator[:CREATOR_LIMIT].strip() if isinstance(creator, str) else "", network, private)


def _field(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    block = values.get(name)
    field = block.get(name) if isinstance(block, Mapping) else None
    return field if isinstance(field, Mapping) else {}


def _value(option: object) -> str | None:
    value = option.get("value") if isinstance(option, Mapping) else None
    return value if isinstance(value, str) else None


# --- home -------------------------------------------------------------------------------------------------------------

_WHAT = (
    "Clout answers one question: how influential is this creator, and what changed? A score of 1 to 100 out of public "
)
_WHAT_MORE = "reactions of the last 90 days, with its range, its points and what could not be read."
_FIRST = (("@name", "a score card"), ("why @name", "where its points come from"), ("help", "everything else"))


def home(commands: Card, *, command: str = "/influence") -> Json:
    """Return the app's home: what it is, how to start, and the commands of a help card."""
    start = [line(text(f"{command} {words}", "code"), f" – {what}") for words, what in _FIRST]
    opening: Json = {
        "type": "button",
        "text": plain_text("Look up a creator"),
        "action_id": action_id("open", "influence", 0),
        "value": '{"v":1,"a":[]}',
        "style": "primary",
    }
    head: list[Json] = [
        {"type": "header", "text": plain_text("How influential is this creator?")},
        *rich_text([section(line(_WHAT + _WHAT_MORE))]),
        *actions([opening]),
        {"type": "header", "text": plain_text("In any channel")},
        *rich_text(section(one) for one in start),
        {"type": "divider"},
    ]
    for most in (60, 30, 10, 0):
        blocks = [*head, *(part for block in with_rows(commands, most).blocks for part in drawn(block, as_table=False))]
        if len(blocks) <= VIEW_BLOCKS and size_of(blocks) <= VIEW_CHARACTERS:
            return {"type": "home", "blocks": blocks}
    return {"type": "home", "blocks": head}
