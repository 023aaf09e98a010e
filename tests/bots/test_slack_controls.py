"""What pressing a control means, whoever sent it; and the form and the home beside messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.controls import OldControl, Press
from bots.render_slack import render
from bots.slack_controls import control, pressed
from bots.slack_views import Asked, asked, home, modal_lookup
from core.card import Button
from core.commands import COMMANDS, invoke
from tests.bots.slack_contract import nodes, of_view
from tests.bots.test_render_text import CARDS

GLOW = Button(label="Why", command="why", arguments=(("creator", "@glow & <co>"), ("since", "30d")))


def controls(message):
    """Every control of a message with the values it can send."""
    for node in (node for block in message.blocks for node in nodes(block)):
        if node.get("type") == "button":
            yield node["action_id"], node["value"]
        if node.get("type") in ("static_select", "overflow"):
            yield from ((node["action_id"], option["value"]) for option in node["options"])


def test_pressing_gives_back_what_was_drawn():
    drawn = control(GLOW, 3)
    assert drawn["action_id"] == "clout.run.why.3"
    found = pressed(drawn["action_id"], drawn["value"])
    assert found == Press("run", "why", GLOW.arguments)
    assert invoke(found.command, **found.options).arguments.text("creator") == "@glow & <co>"


@pytest.mark.parametrize("name", CARDS)
def test_every_control_of_every_card_is_a_command_that_can_be_invoked(name):
    message = render(CARDS[name].offering(COMMANDS), again=Button(label="", command="networks"), share=True)
    for action, value in controls(message):
        found = pressed(action, value)
        command = COMMANDS[found.command]
        given = {argument.name for argument in command.arguments if argument.name in found.options}
        assert given == set(found.options)
        if found.verb == "run" and found.command != "compare":
            assert invoke(found.command, **found.options).command is command


def test_the_accounts_of_one_name_can_be_chosen():
    found = [pressed(*one) for one in controls(render(CARDS["namesakes"]))]
    assert Press("run", "influence", (("creator", "tiktok:glow"),)) in found
    assert Press("run", "link", (("creator", "instagram:glow"), ("account", "github:glow"))) in found


def test_sharing_is_offered_for_private_cards_only():
    again = Button(label="", command="influence", arguments=(("creator", "@glow"),))
    private = render(CARDS["glowguru"].as_private(), again=again, share=True)
    assert Press("share", "influence", again.arguments) in [pressed(*one) for one in controls(private)]
    public = render(CARDS["glowguru"], again=again, share=True)
    assert "share" not in [pressed(*one).verb for one in controls(public)]


def test_a_state_without_room_is_no_button():
    assert control(Button(label="Show", command="influence", arguments=(("creator", "x" * 2_000),)), 0) is None


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("clout.run.why.0", None),
        ("clout.run.why.0", ""),
        ("clout.run.why.0", "{}"),
        ("clout.run.why.0", '{"v":2,"a":[]}'),
        ("clout.run.why.0", '{"v":true,"a":[]}'),
        ("clout.run.why.0", '{"v":1}'),
        ("clout.run.why.0", '{"v":1,"a":[["creator"]]}'),
        ("clout.run.why.0", '{"v":1,"a":[["creator",7]]}'),
        ("clout.run.why.0", '{"v":1,"a":[["Not a name","x"]]}'),
        ("clout.run.why.0", '{"v":1,"a":[],"p":-1}'),
        ("clout.run.why.0", '{"v":1,"a":[],"p":1.5}'),
        ("clout.run.why.0", '{"v":1,"a":[],"p":true}'),
        ("clout.run.why.0", '{"v":1,"a":[],"c":"x y"}'),
        ("clout.run.why.0", json.dumps({"v": 1, "a": [["creator", "x" * 600]]})),
        ("clout.run.why.0", json.dumps({"v": 1, "a": [["creator", "x"]] * 30})),
        ("clout.run.why.0", "[" * 2_000),
        ("clout.run.why.0", '{"v":1,"a":[],"p":' + "9" * 1_900 + "}"),
        ("clout.run.why.0", "x" * 2_001),
        ("clout.drop.why.0", '{"v":1,"a":[]}'),
        ("clout.run.why.0\n", '{"v":1,"a":[]}'),
        ("clout.run.WHY.0", '{"v":1,"a":[]}'),
        ("clout.run.why.0", '{"v":1,"a":[["private","x"]]}'),
        ("x" * 10_000, '{"v":1,"a":[]}'),
        ("", ""),
    ],
)
def test_what_cannot_be_ours_is_refused_with_what_to_do(action, value):
    with pytest.raises(OldControl, match=r"another version|not known here"):
        pressed(action, value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("vapcx"), inner, max_size=4),
)


@given(st.text(max_size=40) | st.just("clout.run.why.0"), st.text(max_size=60) | VALUES.map(json.dumps))
def test_anything_else_is_a_press_or_refused(action, value):
    try:
        found = pressed(action, value)
    except OldControl:
        return
    assert found.verb in {"run", "page", "share", "open"}
    assert all(isinstance(word, str) for pair in found.arguments for word in pair)


# --- beside messages --------------------------------------------------------------------------------------------------

NETWORKS = [("bluesky", "Bluesky"), ("x", "X")]


def test_the_form_and_the_home_are_valid():
    assert of_view(modal_lookup(NETWORKS, creator="@glow\x00", metadata="C1")) == []
    assert of_view(modal_lookup([])) == []
    assert of_view(modal_lookup([(f"n{n}", f"N {n}") for n in range(300)])) == []
    shown = home(CARDS["help"])
    assert of_view(shown) == []
    assert "/influence @name" in json.dumps(shown)
    assert pressed("clout.open.influence.0", '{"v":1,"a":[]}').verb == "open"


def test_a_form_carries_only_what_fits():
    with pytest.raises(ValueError, match="3000 characters"):
        modal_lookup([], metadata="x" * 3_001)


def test_what_was_entered():
    values = {
        "creator": {"creator": {"type": "plain_text_input", "value": " @glow "}},
        "network": {"network": {"selected_option": {"value": "x"}}},
        "visibility": {"visibility": {"selected_options": [{"value": "private"}]}},
    }
    assert asked(values) == Asked("@glow", "x", True)
    values["network"]["network"]["selected_option"] = None
    values["visibility"]["visibility"]["selected_options"] = []
    assert asked(values) == Asked("@glow")


@given(st.dictionaries(st.sampled_from(["creator", "network", "visibility"]), VALUES))
def test_any_state_of_a_form_reads(values):
    assert isinstance(asked(values), Asked)
