import io

import pytest

from bots.terminal import Terminal
from core.commands import Context
from tests.core.readings_by_hand import MANIFESTS, NOW, glowguru, slow


class Screen(io.StringIO):
    """A text stream that may claim to be a screen."""

    def __init__(self, tty=False, encoding="utf-8"):
        super().__init__()
        self._tty, self._encoding = tty, encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return self._tty


class Lookups:
    async def lookup(self, team, text, *, network=None, fresh=False, show=None):
        await show(slow())
        return glowguru()


class App:
    manifests = MANIFESTS
    lookups = Lookups()

    class clock:  # noqa: N801
        @staticmethod
        def now():
            return NOW

    async def context(self, team, **who):
        return Context(team, NOW, self.lookups, self.manifests, **who)


def terminal(out=None, err=None, **environment):
    return Terminal(App(), reference=lambda: "7f3a", out=out or Screen(), err=err or Screen(), environment=environment)


async def test_a_line_runs_and_shows_partial_cards():
    shown = []

    async def show(card):
        shown.append(card.kind)

    card = await terminal().run("@glowguru", show)
    assert (card.kind, shown) == ("score", ["partial"])


async def test_a_line_that_makes_no_sense_is_a_card_too():
    card = await terminal().run("histroy @glow")
    assert (card.error, card.reference) == ("BadHandle", "7f3a")


async def test_progress_stands_on_a_screen_only_and_never_in_the_output():
    quiet, screen, out = Screen(), Screen(tty=True), Screen()
    await terminal(err=quiet).run("@glowguru")
    await terminal(out=out, err=screen).run("@glowguru")
    assert quiet.getvalue() == ""
    assert "waiting for TikTok" in screen.getvalue()
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("tty", "environment", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
async def test_colour_only_where_it_is_wanted(tty, environment, coloured):
    out = Screen(tty=tty)
    screen = terminal(out=out, **environment)
    screen.print(await screen.run("@glowguru"))
    assert ("\x1b" in out.getvalue()) is coloured


async def test_width_and_characters_follow_the_screen():
    narrow = terminal(COLUMNS="60")
    card = await narrow.run("@glowguru")
    assert max(map(len, narrow.text(card).split("\n"))) <= 60
    assert terminal(out=Screen(encoding="ascii")).text(card).isascii()
    assert "▲ 4" in terminal(COLUMNS="nonsense").text(card)
