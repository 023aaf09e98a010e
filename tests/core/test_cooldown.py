"""One creator is read anew once in ten minutes, and each team has its own ten."""

from datetime import UTC, datetime

from core.cooldown import COOLDOWN, Cooldown

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Hand:
    moment = NOON

    def now(self):
        return self.moment


def test_it_ends_after_its_length_and_is_told_until_then():
    clock = Hand()
    cooldown = Cooldown(clock)
    assert cooldown.begin("a", "@glow") is None
    assert cooldown.begin("a", "@glow") == NOON + COOLDOWN
    assert cooldown.begin("b", "@glow") is None
    clock.moment = NOON + COOLDOWN
    assert cooldown.begin("a", "@glow") is None


def test_what_failed_may_be_tried_at_once():
    cooldown = Cooldown(Hand())
    cooldown.begin("a")
    cooldown.forget("a")
    cooldown.forget("never begun")
    assert cooldown.begin("a") is None
