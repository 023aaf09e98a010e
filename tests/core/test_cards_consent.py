"""What is said of consent: in chat, on every page of a link, and in one line of a score card."""

from datetime import timedelta
from typing import get_args

import pytest

from core import retention
from core.card import Lines, plain
from core.cards_consent import disconnected_card, link_card
from core.cards_consent_pages import COUNTS_DAYS, SCORES_DAYS, UNTRACKED_DAYS, broken_sheet, going_on_sheet, sheet_of
from core.cards_score import score_card
from core.permission import Consent, Outcome, OutcomeKind, Withdrawn
from tests.core.readings_by_hand import MANIFESTS, NOW, account, reading, total

CONSENT = Consent(
    team="slack:-:T1",
    team_name="Acme",
    network="tiktok",
    label="TikTok",
    creator="glow",
    handle="glow",
    contact="ops@clout.example",
    reads=("the account's name and picture", "how often each video was watched and liked"),
    withdraw_url="https://www.tiktok.com/setting",
    until=NOW + timedelta(hours=24),
    address="https://clout.example/connect/" + "a" * 43,
)
KINDS = get_args(OutcomeKind)
ALONE = {"foreign", "unknown", "gone"}  # nobody's consent is shown to whoever comes without a key


def outcome(kind, **more):
    told = {"signed_in": ("other",), "missing": ("video.list",), "reason": "tikTok is down"}
    told["withdrawal"] = "https://clout.example/withdraw/" + "b" * 43
    return Outcome(kind=kind, consent=None if kind in ALONE else CONSENT, **{**told, **more})


def words(card):
    return " | ".join(card.facts())


@pytest.mark.parametrize("kind", KINDS)
def test_every_outcome_has_a_page_with_a_title_and_a_next_step(kind):
    sheet = sheet_of(outcome(kind), NOW)
    said = words(sheet.card)
    assert plain(sheet.card.title).strip()
    assert len(sheet.card.blocks) > 1 or sheet.card.blocks[0].aside
    assert bool(sheet.press) == (kind in ("open", "standing"))
    assert not [wrong for wrong in ("  ", "..", "None") if wrong in said]
    if kind not in ("open", "used", "connected", "standing", "withdrawn", "gone", "replayed"):
        assert "othing was stored" in said


def test_the_page_says_what_is_read_by_whom_for_how_long_and_how_to_withdraw():
    said = words(sheet_of(outcome("open"), NOW).card)
    for part in ("The account's name and picture.", "Acme", "ops@clout.example", "Until you withdraw", "190 days"):
        assert part in said
    labels = [plain(block.label) for block in sheet_of(outcome("open"), NOW).card.blocks if hasattr(block, "label")]
    assert labels == ["What is read", "By whom", "For how long", "How to withdraw"]


def test_how_long_is_what_is_done():
    assert timedelta(days=COUNTS_DAYS) == retention.COUNTS_FOR
    assert timedelta(days=SCORES_DAYS) == retention.SCORES_FOR
    assert timedelta(days=UNTRACKED_DAYS) == retention.UNTRACKED_FOR


@pytest.mark.parametrize(
    ("team", "said"), [("discord:1", "A team on Discord"), ("terminal", "Whoever runs Clout here")]
)
def test_a_team_without_a_name_is_described(team, said):
    nameless = CONSENT.model_copy(update={"team": team, "team_name": "", "contact": ""})
    assert said in words(sheet_of(Outcome(kind="open", consent=nameless), NOW).card)


def test_names_of_strangers_are_marked_and_inert():
    bad = "<script>\u202eevil\x1b[31m"
    hostile = CONSENT.model_copy(update={"team_name": bad, "handle": bad, "creator": bad})
    for kind in KINDS:
        held = Outcome(
            kind=kind, consent=None if kind in ALONE else hostile, signed_in=(bad,), missing=(bad,), reason=bad
        )
        for said in words(sheet_of(held, NOW).card), words(link_card(hostile, NOW, zone="UTC")):
            assert "\x1b" not in said
            assert "\u202e" not in said


def test_pages_without_anybody():
    assert plain(going_on_sheet("TikTok").card.title) == "Going on to TikTok"
    assert "7f3a" in words(broken_sheet("7f3a").card)


def test_the_link_is_private_says_what_to_send_and_opens():
    card = link_card(CONSENT, NOW, zone="Europe/Berlin")
    assert card.private
    assert card.links[0].opens
    assert CONSENT.address in words(card)
    assert "disconnect @glow tiktok" in words(card)
    assert "@glow" in plain(card.title)
    local = CONSENT.model_copy(update={"address": "http://localhost:8737/connect/x"})
    assert not link_card(local, NOW, zone="UTC").links[0].opens


def test_what_was_disconnected_can_be_connected_again():
    card = disconnected_card(Withdrawn(creator="glow", network="tiktok", handles=("glow",)), manifests=MANIFESTS)
    assert "TikTok of @glow is disconnected" in words(card)
    assert card.buttons[-1].typed == "connect glow tiktok"


# --- the score card -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("networks", "line"),
    [
        (("tiktok",), "TikTok counts once @glow connects it: connect @glow tiktok"),
        (("tiktok", "threads"), "TikTok and Threads count once @glow connects them: connect @glow tiktok"),
        (
            ("tiktok", "threads", "pinterest", "linkedin", "instagram"),
            "TikTok, Threads, Pinterest and 2 more count once @glow connects them: connect @glow tiktok",
        ),
    ],
)
def test_what_a_connection_would_add_is_one_line_and_one_button(networks, line):
    plainly = reading("@glow", total(60.0), [account("instagram", 60.0, handle="glow")])
    before = score_card(plainly, NOW, zone="UTC", manifests=MANIFESTS)
    known = plainly.model_copy(update={"connectable": networks})
    card = score_card(known, NOW, zone="UTC", manifests=MANIFESTS)
    added = [block for block in card.blocks if block not in before.blocks]
    assert [type(block) for block in added] == [Lines]
    assert plain(added[0].facts[0].line) == line
    (button,) = [one for one in card.buttons if one not in before.buttons]
    assert (button.label, button.typed) == ("Connect TikTok", "connect @glow tiktok")
    assert len(added[0].facts) == 1
