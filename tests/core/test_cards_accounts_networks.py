from pydantic import SecretStr

from core.cards_accounts import accounts_card, linked_card
from core.cards_networks import HelpEntry, help_card, networks_card
from core.connectors import discover
from core.manifest import NetworkAvailability
from core.models import Linked
from core.settings import NetworkSettings
from core.sources import Source
from tests.core.readings_by_hand import MANIFESTS, NOW, account, failed


def words(card):
    return " | ".join(card.facts())


def test_networks_say_what_a_key_would_add():
    card = networks_card(
        (
            NetworkAvailability(manifest=MANIFESTS["instagram"], ready=True),
            NetworkAvailability(manifest=MANIFESTS["tiktok"], ready=False, reason="TikTok is not set up here"),
        )
    )
    said = words(card)
    assert "1 of 2 networks read here" in said
    assert "TikTok is not set up here. Needs CLOUT_TIKTOK__CLIENT_KEY. Read with the creator's consent." in said
    assert "Likes and comments of professional accounts." in said
    assert card.private


def test_a_network_this_version_cannot_read_asks_nobody_for_a_key():
    off = NetworkAvailability(manifest=MANIFESTS["tiktok"], ready=False, reason="Not read yet", implemented=False)
    said = words(networks_card((off,)))
    assert "Not read yet." in said
    assert "Needs" not in said


def test_no_key_is_asked_for_where_no_connector_could_use_it():
    settings = {"youtube": NetworkSettings(values={"api_key": SecretStr("planted")})}
    for name, connector in discover().items():
        source = Source(connector, settings.get(name, NetworkSettings()), None, None)
        told = source.availability()
        assert told.implemented == bool(connector.fetch or connector.entries)
        assert told.implemented or "not read by this version" in told.reason


def test_accounts_are_listed_with_what_is_wrong():
    linked = Linked(
        name="glowguru",
        accounts=(account("instagram", 60.0), failed("x", "NotConfigured", "X is not set up here.", handle="glowx")),
    )
    said = words(accounts_card(linked, NOW, zone="UTC", manifests=MANIFESTS))
    assert "2 linked accounts" in said
    assert "Instagram | @glowguru | 60" in said
    assert "X | @glowx | no score: X is not set up here" in said


def test_a_link_can_be_undone():
    linked = Linked(name="glowguru", accounts=(account("instagram", 60.0),))
    card = linked_card(linked, "tiktok:glow", NOW, zone="UTC", manifests=MANIFESTS)
    assert "tiktok:glow belongs to @glowguru" in words(card)
    assert "unlink glowguru tiktok:glow" in [button.typed for button in card.buttons]
    gone = linked_card(Linked(name="glowguru", accounts=()), "tiktok:glow", NOW, zone="UTC", removed=True)
    assert "tiktok:glow no longer belongs to @glowguru" in words(gone)
    assert "link @name network:handle" in words(gone)


def test_help_for_one_command_shows_examples():
    entry = HelpEntry(usage="history @creator", summary="scores over time", examples=("history @x 30d",))
    assert "for example history @x 30d" in words(help_card([entry]))
    assert "for example" not in words(help_card([entry, entry]))
