from datetime import timedelta

import pytest

from core import errors
from core.cards_errors import HAPPENED, error_card, happened, not_found_card, unexpected_card
from tests.core.readings_by_hand import NOW


def classes():
    """The tree of core/errors.py, in its order: front ends may have errors of their own beside it."""
    return [
        found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, errors.CloutError)
    ]


def made(cls, message="The thing happened", retry_at=None):
    if issubclass(cls, errors.SourceChanged):
        return cls("x", message)
    if issubclass(cls, errors.SourceError):
        return cls("x", message, retry_at=retry_at)
    if issubclass(cls, errors.DeliveryError):
        return cls("#c", message, retry_at=retry_at)
    return cls(message)


def words(card):
    return " ".join(card.facts())


@pytest.mark.parametrize("cls", classes())
def test_every_error_says_what_happened_what_to_do_and_its_code(cls):
    card = error_card(made(cls), "7f3a", now=NOW)
    assert cls in HAPPENED
    assert "The thing happened." in words(card)
    assert cls.advice in words(card)
    assert words(card).endswith("· ref 7f3a")
    assert (card.tone, card.private, card.reference, card.error) == ("error", True, "7f3a", cls.__name__)
    assert "!" not in words(card)
    assert "fake" not in words(card)


def test_a_class_of_tomorrow_takes_the_words_of_its_parent():
    class Newer(errors.Private):
        pass

    assert happened(Newer("x", "m")) == HAPPENED[errors.Private]


def test_the_time_to_try_again_is_a_moment_for_the_platform():
    back = NOW + timedelta(hours=12)
    card = error_card(made(errors.RateLimited, retry_at=back), "1c09", now=NOW, zone="Europe/Berlin")
    spans = [span for block in card.blocks for fact in block.facts for span in fact.line]
    assert [(s.text, s.moment) for s in spans if s.moment] == [("23 Nov 03:00 Europe/Berlin", back)]


def test_a_message_that_asks_already_is_not_asked_twice():
    error = errors.NotFound("", "I can't find @bean on Bluesky. Did you mean @beanco?")
    card = not_found_card(error, "7f3a", ("github:beanco", "bluesky:beanco.bsky.social"))
    assert words(card).count("Did you mean") == 1
    assert [b.typed for b in card.buttons] == ["influence github:beanco", "influence bluesky:beanco.bsky.social"]


def test_handles_that_are_like_it_are_one_click_away():
    error = errors.NotFound("instagram", "I can't find @glowgru on Instagram.")
    card = not_found_card(error, "7f3a", ("glowguru", "glowgirl"))
    assert words(card) == "I can't find @glowgru on Instagram. Did you mean @glowguru or @glowgirl? · ref 7f3a"
    assert [(b.label, b.typed) for b in card.buttons] == [
        ("@glowguru", "influence glowguru"),
        ("@glowgirl", "influence glowgirl"),
    ]


def test_a_suggestion_already_made_is_not_repeated():
    error = errors.NotFound("", "I can't find @glowgru. Did you mean @glowguru?")
    assert words(not_found_card(error, "1", ("glowguru",))).count("Did you mean") == 1


def test_hostile_words_in_an_error_are_marked_and_harmless():
    card = error_card(errors.BadHandle("`\x1b[31m@everyone\u202e` is no handle"), "1")
    span = card.blocks[0].facts[0].line[0]
    assert span.untrusted
    assert span.text == "`@everyone` is no handle."


def test_a_fault_of_ours_shows_its_code():
    assert "ref 7f3a" in words(unexpected_card("7f3a"))


def test_whom_the_error_itself_means_comes_first_and_three_are_enough():
    error = errors.NotFound("", "I can't find @bean. Did you mean @beanco?", suggestion="@beanco")
    card = not_found_card(error, "1", ("bluesky:beanco", "beans", "beany", "beanz"))
    assert [button.typed for button in card.buttons] == ["influence @beanco", "influence beans", "influence beany"]
    assert [button.typed for button in error_card(error, "1").buttons] == ["influence @beanco"]


def test_a_network_that_is_meant_is_nobody_to_look_up():
    error = errors.UnknownNetwork("There is no network called “bluesy”; did you mean bluesky?", suggestion="bluesky")
    assert error_card(error, "1").buttons == ()
    assert "@bluesky" not in words(error_card(error, "1"))
