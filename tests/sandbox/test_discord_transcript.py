"""What people see of messages, and what a person's client would not let them do: no client needed."""

import pytest

from sandbox.discord_forms import find
from sandbox.discord_permissions import ALL, BITS, Overwrite, Role, bits, settle
from sandbox.discord_registry import Lookup, descend, filled, offered
from sandbox.discord_transcript import components_text, seen
from sandbox.discord_weather import Weather
from sandbox.discord_wire import _parts

SEEN = {
    "**71** of *100*": "71 of 100",
    "### Title\n-# small": "Title\nsmall",
    r"\*not bold\* \_x\_ \# \@": "*not bold* _x_ # @",
    "https\u200b://x.example": "https://x.example",
    "[Breakdown](https://x.example/a)": "Breakdown (https://x.example/a)",
    "updated <t:1772452800:R>": "updated 2 Mar 2026 12:00",
    "<t:1772452800:D>, <t:1772452800:t> or <t:1772452800>": "2 Mar 2026, 12:00 or 2 Mar 2026 12:00",
    "snake_case_name and 2 * 3 * 4": "snake_case_name and 2 * 3 * 4",
    "`code`": "`code`",
}


@pytest.mark.parametrize(("written", "shown"), SEEN.items(), ids=SEEN)
def test_markup(written, shown):
    assert seen(written) == shown


def test_names_stand_for_ids(hall):
    home = hall.home
    written = (
        f"<@{hall.user('mia').id}> <#{hall.channel('leads').id}> <@&{home.role('Managers').id}> <#1> <@1> </why:5>"
    )
    assert seen(written, home) == "@Mia #leads @Managers #unknown @unknown-user /why"


def test_every_kind_of_component():
    shown = components_text([
        {"type": 9, "components": [{"type": 10, "content": "**Name**"}],
         "accessory": {"type": 11, "description": "Face", "media": {"url": "x"}}},
        {"type": 14},
        {"type": 14, "divider": False},
        {"type": 12, "items": [{"media": {"url": "https://x.example/a.png"}}]},
        {"type": 13, "file": {"url": "attachment://a.csv"}},
        {"type": 1, "components": [
            {"type": 2, "label": "Go", "emoji": {"name": "▶"}},
            {"type": 2, "label": "Site", "url": "https://x.example"},
            {"type": 2, "label": "Next", "disabled": True},
        ]},
        {"type": 1, "components": [{"type": 3, "options": [{"label": "Reach", "default": True}, {"label": "B"}]}]},
        {"type": 18, "label": "How", "description": "pick", "component": {
            "type": 21, "options": [{"label": "A"}, {"label": "B", "default": True}]}},
        {"type": 18, "label": "Sure", "component": {"type": 23, "default": True}},
    ])  # fmt: skip
    assert shown.splitlines() == [
        "Name",
        "[image: Face]",
        "─" * 24,
        "[image: a.png]",
        "[file a.csv]",
        "[▶ Go] [Site → https://x.example] [Next (off)]",
        "[Reach ▾]",
        "How (pick): ( ) A (x) B",
        "Sure: [x]",
    ]


def test_a_channel_with_embeds_private_lines_and_edits(hall):
    place = hall.channel("creators")
    embed = {"title": "**71**", "fields": [{"name": "Reach", "value": "80"}], "footer": {"text": "v1"}}
    shown = hall.publish(place, {"embeds": [embed | {"image": {"url": "attachment://a.png"}}]}, via="x")
    hall.publish(place, {"content": "secret"}, via="x", only_for=hall.user("mia"))
    hall.publish(place, {}, via="x", loading=True)
    hall.change(shown, {"content": "new"}, [])
    assert hall.transcript("creators").splitlines() == [
        "── #creators ──",
        "12:00 Clout (edited)",
        "    new",
        "    │ 71",
        "    │ Reach: 80",
        "    │ [image: a.png]",
        "    │ v1",
        "12:00 Clout (only Mia sees this)",
        "    secret",
        "12:00 Clout",
        "    Clout is thinking…",
    ]


# --- what a client refuses --------------------------------------------------------------------------------------------

OPTIONS = [
    {"name": "handle", "type": 3, "required": True, "min_length": 2, "max_length": 5},
    {"name": "top", "type": 4, "min_value": 1, "max_value": 9},
    {"name": "network", "type": 3, "choices": [{"name": "YouTube", "value": "youtube"}]},
    {"name": "private", "type": 5},
    {"name": "where", "type": 7},
    {"name": "who", "type": 6},
]
REFUSED = [
    ({}, "handle has to be given"),
    ({"handle": "nasa", "other": 1}, "no option other"),
    ({"handle": "x"}, "below min_length 2"),
    ({"handle": "xxxxxx"}, "above max_length 5"),
    ({"handle": 5}, "another kind"),
    ({"handle": "nasa", "top": 10}, "above max_value 9"),
    ({"handle": "nasa", "top": True}, "another kind"),
    ({"handle": "nasa", "network": "x"}, "one of youtube"),
    ({"handle": "nasa", "private": "yes"}, "another kind"),
]


@pytest.fixture
def place(hall):
    return Lookup(hall.home, hall.channel("creators"), hall.users)


@pytest.mark.parametrize(("given", "why"), REFUSED, ids=str)
def test_a_client_refuses(place, given, why):
    with pytest.raises(ValueError, match=why):
        filled(OPTIONS, given, place)


def test_a_client_resolves_what_is_picked(hall, place):
    sent = filled(OPTIONS, {"handle": "nasa", "where": "leads", "who": "max", "top": None}, place)
    assert [one["name"] for one in sent] == ["handle", "where", "who"]
    assert sent[1]["value"] == str(hall.channel("leads").id)
    assert {name: len(one) for name, one in place.resolved.items()} == {"channels": 1, "users": 1, "members": 1}
    with pytest.raises(LookupError, match="there are: general, creators, leads"):
        filled(OPTIONS, {"handle": "nasa", "where": "gone"}, place)


def test_commands_and_subcommands_are_found_by_name():
    link = {"name": "link", "type": 1, "options": OPTIONS}
    known = {0: [{"name": "creator", "type": 1, "options": [link]}]}
    command = offered(known, "creator", 1, None)
    assert descend(command, ["link"]) == (OPTIONS, [("link", 1)])
    for path, why in ((["gone"], "no subcommand"), ([], "needs a subcommand")):
        with pytest.raises(LookupError, match=why):
            descend(command, path)
    with pytest.raises(LookupError, match="there are: creator"):
        offered(known, "other", 1, None)


def test_buttons_are_found_by_words_and_name():
    go = {"type": 2, "custom_id": "a", "label": "Go"}
    off = {"type": 2, "custom_id": "b", "label": "Off", "disabled": True}
    shown = [{"type": 17, "components": [{"type": 1, "components": [go, off]}]}]
    assert find(shown, "Go") is find(shown, "a")
    with pytest.raises(ValueError, match="switched off"):
        find(shown, "Off")
    with pytest.raises(LookupError, match=r"there are: Go \(a\), Off \(b\)"):
        find(shown, "gone")
    assert find(shown, "gone", force=True) == {"type": 2, "custom_id": "gone"}


# --- permissions, weather, multipart ----------------------------------------------------------------------------------


def test_permissions_settle_in_discords_order():
    view, send = BITS["view_channel"], BITS["send_messages"]
    roles = [Role(1, "everyone", view | send), Role(2, "quiet")]
    assert settle(1, 9, 5, roles, {}) == view | send
    assert settle(1, 9, 5, roles, {1: Overwrite(0, deny=send)}) == view
    assert settle(1, 9, 5, roles, {1: Overwrite(0, deny=send), 2: Overwrite(0, allow=send)}) == view | send
    assert settle(1, 9, 5, roles, {2: Overwrite(0, allow=send), 5: Overwrite(1, deny=send)}) == view
    assert settle(1, 9, 5, roles, {5: Overwrite(1, deny=view)}) == 0
    assert settle(1, 5, 5, roles, {5: Overwrite(1, deny=view)}) == ALL
    assert settle(1, 9, 5, [Role(1, "x", BITS["administrator"])], {}) == ALL
    with pytest.raises(LookupError, match="no permission called fly"):
        bits(["fly"])


def test_limits_count_by_path_and_forget():
    now = [0.0]
    weather = Weather(lambda: now[0])
    weather.limit("POST /channels/*", 2, 5.0)
    waits = [weather.count("POST /channels/1/messages", "t")[1] for _ in range(3)]
    assert waits == [0.0, 0.0, 5.0]
    assert weather.count("POST /channels/2/messages", "t")[1] == 0.0
    now[0] = 5.1
    assert weather.count("POST /channels/1/messages", "t")[1] == 0.0


def test_faults_are_counted_down_and_the_newest_acts():
    weather = Weather()
    weather.fail("POST *", "500", times=2)
    weather.fail("POST /a", "50013")
    taken = [weather.take("POST /a") for _ in range(4)]
    assert [one.kind if one else None for one in taken] == ["50013", "500", "500", None]
    assert weather.take("GET /a") is None


def test_bytes_of_files_survive_whatever_they_hold():
    body = b"\r\n--\r\n\x00\xff--other\r\n"
    raw = (
        b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="files[1]"; filename="a.png"\r\n\r\n' + body + b"\r\n--b--\r\n"
    )
    text, files = _parts(raw, b"b")
    assert text == b"{}"
    assert [(one.number, one.name, one.body) for one in files] == [(1, "a.png", body)]
