"""`clout demo`: a tour of the real product over the sandbox's pretend internet, with creators nobody could meet."""

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from textwrap import TextWrapper, fill, indent
from types import MappingProxyType

from bots.demo_consent import Browser, free_port, link_of, pages, settings_of
from bots.demo_weeks import weeks
from bots.pictures import Pictures
from bots.terminal import Terminal
from core.app import App, build
from core.card import Card
from core.connectors import manifests
from core.settings import Settings
from sandbox.server import Sandbox

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)  # the tour's today; the same for everybody, so that its text is too
WEEKS_BEFORE = 12
FOLLOWED = "@beanco"
SIX = "@mara.example"
OTHERS = (  # where else she is; YouTube's own score stands beside the six
    "mara@toot.example",
    "github:maraquill",
    "instagram:mara.prints",
    "facebook:mara.letterpress",
    "twitch:maraquill",
    "youtube:maraquill",
)
KEYED = ("youtube", "instagram", "facebook", "twitch")  # those of them that want a key
OWNER = "@glowguru"
LIMITED, UNSET = "bluesky", "facebook"
_WIDTH = 100
_KEEP = Path("clout-demo")  # where the tour's picture stays, in the working folder


@dataclass(frozen=True, slots=True)
class Tour:
    """What a stop of the tour may touch; `environment` are the settings, no network's key among them."""

    box: Sandbox
    app: App
    terminal: Terminal
    environment: Mapping[str, str]

    @asynccontextmanager
    async def with_keys(self, *networks: str, more: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator["Tour"]:
        """Open the same database once more, as it is started with the keys of these networks and `more` settings."""
        async with _opened(self.box, {**self.environment, **self.box.keys(*networks), **more}) as tour:
            yield tour

    def say(self, words: str) -> None:
        """Print a paragraph."""
        self.terminal.write(f"\n{fill(words, _WIDTH)}\n\n")

    def page(self, words: str) -> None:
        """Print what a page in a browser says, set apart from what the terminal says."""
        # a broken address is none
        wrap = TextWrapper(_WIDTH - 4, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        framed = indent("\n".join(wrap.fill(line) for line in words.split("\n")), "  | ")
        self.terminal.write(f"{framed}\n\n")

    async def type(self, line: str, *, picture: bool = False) -> Card:
        """Show a line as typed, run it, print and return its card, with its picture's path where it is wanted."""
        self.terminal.write(f"clout> {line}\n\n")
        card = await self.terminal.run(line)
        self.terminal.print(card)
        if picture:
            pictures = Pictures(self.app.draw, environment={}, folder=_KEEP)
            self.terminal.write(f"\n{await pictures.of(card, _WIDTH)}")
        return card


async def tour(seed: int) -> int:
    """Run the tour in an empty folder of its own and return the exit code 0."""
    with tempfile.TemporaryDirectory(prefix="clout-demo-") as folder, Sandbox.in_thread(seed, MONDAY) as box:
        environment = {**box.env(), "CLOUT_DATABASE_URL": f"sqlite:///{Path(folder) / 'clout.db'}"}
        async with _opened(box, environment) as tour:
            for stop in STOPS:
                await stop(tour)
    code = await weeks(seed)
    sys.stdout.write(f"\n{fill(_FAREWELL, _WIDTH)}\n\n")
    return code


@asynccontextmanager
async def _opened(box: Sandbox, environment: Mapping[str, str]) -> AsyncIterator[Tour]:
    settings = Settings.read(manifests(), environment, env_file=None)
    async with build(settings, clock=box.clock) as app:
        numbers = count(0x7F3A)
        terminal = Terminal(app, reference=lambda: f"{next(numbers) % 0x10000:04x}", zone=settings.zone)
        yield Tour(box, app, terminal, environment)


# --- the stops --------------------------------------------------------------------------------------------------------


async def _welcome(tour: Tour) -> None:
    tour.say(
        "Clout's tour. Every creator here is invented and lives on a pretend internet on this machine; nothing leaves "
        "it. For a real one, type: clout lookup bsky.app"
    )


async def _twelve_weeks(tour: Tour) -> None:
    """Read one creator once a week, so that today's card has a past that was really measured."""
    for week in range(WEEKS_BEFORE, 0, -1):
        tour.box.clock.set(MONDAY - timedelta(weeks=week))
        await tour.app.lookups.lookup("terminal", FOLLOWED, fresh=True)
    tour.box.clock.set(MONDAY)


async def _one_card(tour: Tour) -> None:
    tour.say("1. A score card. It was read once a week for twelve weeks before, so it knows what moved.")
    await tour.type("@beanco")


async def _history(tour: Tour) -> None:
    tour.say("2. How it came there.")
    await tour.type("history @beanco 12w", picture=True)


async def _why(tour: Tour) -> None:
    tour.say(
        "3. Why. The upper table takes the score apart: every column adds up to its last row, and all of it with the 1 "
        "that everybody has to the score. The lower one takes the week's change apart: each row scores anew "
        "with one thing more that happened, and what you read adds up to the change."
    )
    await tour.type("why @beanco since 7d")


async def _patterns(tour: Tour) -> None:
    tour.say(
        "4. Two unusual patterns of different kinds, each with its numbers and its rule. One alone would cost nothing; "
        "two of different kinds take a fifth off, as a row of its own. They are named, never judged."
    )
    await tour.type("why @maxout")


async def _two_accounts(tour: Tour) -> None:
    tour.say("5. One creator, three networks. Linking is always your own act; then there is one score.")
    await tour.type("link @patchwork.example github:patchwork-pia")
    await tour.type("link @patchwork.example pia@toot.example")
    await tour.type("@patchwork.example")


async def _a_failing_network(tour: Tour) -> None:
    tour.say("6. Seven hours later Bluesky answers nothing but errors. The score stays, and the card says why.")
    tour.box.clock.advance(timedelta(hours=7))
    tour.box.faults.set("bluesky", "500")
    await tour.type("@patchwork.example")
    tour.box.faults.clear()


async def _six_networks(tour: Tour) -> None:
    tour.say(
        "7. One creator on six networks, three of them behind a key: one score. Her YouTube channel is linked too; "
        "its terms want its score kept apart, so it stands beside the six and not among them."
    )
    async with tour.with_keys(*KEYED) as keyed:
        for account in OTHERS:
            await keyed.terminal.run(f"link {SIX} {account}")
        await keyed.type(SIX)


async def _one_limited_one_unset(tour: Tour) -> None:
    tour.say(
        "8. Seven hours later Bluesky asks everybody to wait, and Facebook's key is gone from the settings. The card "
        "names both; what they said last still counts, and the score has not fallen."
    )
    tour.box.clock.advance(timedelta(hours=7))
    tour.box.faults.set(LIMITED, "429", seconds=900)
    async with tour.with_keys(*(name for name in KEYED if name != UNSET)) as keyed:
        await keyed.type(SIX)
    tour.box.faults.clear()


async def _a_difficult_server(tour: Tour) -> None:
    tour.say("9. A server that only half speaks its own API: no look-up, odd ids, pages that repeat. Still a card.")
    await tour.type("@oddny@odd.example")


async def _nobody(tour: Tour) -> None:
    tour.say("10. A handle that nobody has.")
    await tour.type("@beancoo")


async def _hostile(tour: Tour) -> None:
    tour.say("11. A profile full of control codes and markup is shown as harmless text.")
    await tour.type("@hexed")


async def _an_owner_connects(tour: Tour) -> None:
    tour.say(
        "12. TikTok shows an account's figures to its owner only. So the team sends the creator a link; the page "
        "behind it says what is read, by whom and for how long. One button there, one at TikTok, and the network "
        "counts. This happens on real pages on this machine, before a pretend TikTok."
    )
    port = free_port()
    async with tour.with_keys("tiktok", more=settings_of(port)) as keyed, pages(keyed.app, port):
        await keyed.terminal.run(OWNER)
        tour.box.clock.advance(timedelta(weeks=1))  # so that there is a score of before to compare with
        await keyed.type(OWNER)
        card = await keyed.type(f"connect {OWNER} tiktok")
        browser = Browser()
        await browser.go(link_of(card))
        tour.page(browser.text)
        tour.box.oauth["tiktok"].decide(OWNER.removeprefix("@"))
        await browser.press()
        await browser.follow()
        tour.page(browser.text)
        tour.say("The card has gained the network, and `why` a row for it.")
        await keyed.type(OWNER)
        await keyed.type(f"why {OWNER} since 7d")
        tour.say("And when it ends, by the creator's own link or by the team, everything that was read goes at once.")
        await keyed.type(f"disconnect {OWNER} tiktok")
        await keyed.type(OWNER)


_FAREWELL = (
    "That was the tour; its databases are gone again. Next: `clout lookup bsky.app` reads a real account, "
    '`clout chat -c "help"` lists every command.'
)

STOPS: tuple[Callable[[Tour], Awaitable[None]], ...] = (
    _welcome,
    _twelve_weeks,
    _one_card,
    _history,
    _why,
    _patterns,
    _two_accounts,
    _a_failing_network,
    _six_networks,
    _one_limited_one_unset,
    _a_difficult_server,
    _nobody,
    _hostile,
    _an_owner_connects,
)
