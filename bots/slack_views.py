"""Slack's own surfaces beside messages: the form for a lookup, and the app's home. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bots.pages import with_rows
from bots.render_slack import listed
from bots.slack_blocks import Json, drawn, plain_text, rich_text, section, size_of, unlinked
from bots.slack_controls import action_id, actions, buttons
from core.card import Card, Listing, line, text
from core.inert import inert

LOOKUP = "clout.lookup.1"
"""The `callback_id` of the lookup form, with the version of its fields."""

KNOWN = "known"
"""The `action_id` of the select that asks for suggestions while somebody types."""

VIEW_BLOCKS, VIEW_CHARACTERS = 100, 12_000
CREATOR_LIMIT = 300  # characters of a handle or address
OPTIONS = 100  # of one select
METADATA_LIMIT = 3_000  # characters of what a form carries along
SUGGESTIONS = 25  # shown at once
_PRIVATE = "private"
_OPTION, _OPTION_VALUE = 75, 150  # characters of an option's text and value


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody entered in the lookup form."""

    creator: str
    network: str | None = None
    private: bool = False


def modal_lookup(
    networks: Sequence[tuple[str, str]], *, creator: str = "", metadata: str = "", private: bool = False
) -> Json:
    """Return the form for a lookup: a name or address freely typed, or chosen among those that are known here.

    `networks` are names with their labels; `metadata` comes back with the answer, such as the channel it is for;
    `private` is what the team's answers are unless somebody says otherwise. Raises ValueError when `metadata` is longer
    than Slack carries.
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
        "blocks": [_creator(creator), _known(), *_networks(networks), _visibility(private)],
    }


def _input(name: str, label: str, element: Json, *, optional: bool = True) -> Json:
    field = {"action_id": name, **element}
    return {"type": "input", "block_id": name, "label": plain_text(label), "element": field, "optional": optional}


def _creator(begun: str) -> Json:
    hint = plain_text("@name, youtube:name, name@server or a profile address")
    element: Json = {"type": "plain_text_input", "max_length": CREATOR_LIMIT, "placeholder": hint}
    known = inert(begun, CREATOR_LIMIT)
    # optional for Slack, since one may be chosen below instead; with neither the form says so
    return _input("creator", "Creator", element | ({"initial_value": known} if known else {}))


def _known() -> Json:
    hint = plain_text("type two letters or more")
    element: Json = {"type": "external_select", "min_query_length": 2, "placeholder": hint}
    return _input(KNOWN, "Or choose one looked up before", element)


def _networks(networks: Sequence[tuple[str, str]]) -> list[Json]:
    options = [{"text": plain_text(label), "value": name} for name, label in networks[:OPTIONS]]
    if not options:
        return []
    hint = plain_text("every network read here")
    return [_input("network", "Network", {"type": "static_select", "placeholder": hint, "options": options})]


def _visibility(private: bool) -> Json:
    option = {"text": plain_text("Only I see the answer"), "value": _PRIVATE}
    begun: Json = {"initial_options": [option]} if private else {}
    return _input("visibility", "Visibility", {"type": "checkboxes", "options": [option]} | begun)


def suggested(names: Sequence[str]) -> Json:
    """Return known creators as what a select may choose from; names that have no room in it are left out."""
    fitting = (name for name in names if 0 < len(inert(name, _OPTION_VALUE + 1)) <= _OPTION_VALUE)
    options = [{"text": plain_text(unlinked(inert(name, _OPTION - 1))[:_OPTION]), "value": name} for name in fitting]
    return {"options": options[:SUGGESTIONS]}


def asked(values: Mapping[str, object]) -> Asked:
    """Return what a lookup form's `state.values` say; anything that is not a form's answer reads as left empty."""
    typed = _field(values, "creator").get("value")
    creator = (
        typed if isinstance(typed, str) and typed.strip() else _value(_field(values, KNOWN).get("selected_option"))
    )
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


def home(commands: Card, sections: Sequence[Card] = (), *, command: str = "/influence") -> Json:
    """Return the app's home: what it is, how to start, what the team has, and the commands of a help card."""
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
    for most in (60, 30, 15, 8, 4, 2, 1):
        blocks = [*head, *_drawn([with_rows(one, most) for one in (*sections, commands)])]
        if len(blocks) <= VIEW_BLOCKS and size_of(blocks) <= VIEW_CHARACTERS:
            return {"type": "home", "blocks": blocks}
    return {"type": "home", "blocks": head}


def _drawn(cards: Sequence[Card]) -> list[Json]:
    """Return cards one below the other, their controls numbered on from the button that opens the form."""
    blocks: list[Json] = []
    count = 1
    for card in cards:
        for block in card.blocks:
            if isinstance(block, Listing):
                blocks += listed(block, count)
                count += 2 * len(block.items)
            else:
                blocks += drawn(block, as_table=False)
        blocks += buttons(card.buttons, count)
        count += len(card.buttons)
    return blocks
