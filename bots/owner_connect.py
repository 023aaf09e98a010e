"""`clout connect NETWORK --creator @name`: an owner's consent on the owner's own machine, without a public address.

Where the network sends people back to their own machine, the same pages as everywhere are served there for as long as
it takes; where it does not, the address it sends them to is pasted.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette

from bots.consent_pages import ConsentPages
from bots.terminal import Terminal
from bots.web import Health, serving
from core.app import App, build
from core.cards_consent import disconnected_card
from core.cards_consent_pages import sheet_of
from core.consents import Consents
from core.errors import InputError, SettingsError
from core.permission import CALLBACK_PATH, Begun, Consent, Outcome, OutcomeKind
from core.settings import Settings

NOWHERE = "https://localhost"  # where browsers are sent that a network lets nobody but https addresses catch
_TRIES = 3
_AGAIN: frozenset[OutcomeKind] = frozenset({"denied", "other_account", "partly", "late", "unanswered"})
_NO_END: frozenset[OutcomeKind] = frozenset({"unknown", "foreign", "replayed"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose account on which network an owner is asked for, by what name where it is another one than the creator's."""

    network: str
    creator: str
    team: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sits here: asked, told, and shown a page (None where no browser shall be opened)."""

    ask: Callable[[str], str]
    say: Callable[[str], object]
    open_page: Callable[[str], object] | None = None

    def show(self, address: str) -> None:
        """Open a page, if it may be."""
        if self.open_page is not None:
            self.open_page(address)


async def connect_owner(settings: Settings, asked: Asked, person: Person, *, port: int) -> Outcome:
    """Walk an owner through the consent and return what came of it.

    Raises InputError, SettingsError and NotConfigured, each with nothing stored.
    """
    async with build(settings) as app:
        terminal = Terminal(app, reference=lambda: token_hex(2), zone=settings.zone)
        if app.consents.returns_to_own_machine(asked.network):
            outcome = await _here(app, asked, person, terminal, port)
        else:
            outcome = await _pasted(app, asked, person, terminal)
        terminal.print(sheet_of(outcome, app.clock.now()).card)
        return outcome


async def disconnect_owner(settings: Settings, network: str, creator: str, team: str) -> None:
    """End an owner's consent and say what was deleted; raises NotRecorded where there is none."""
    async with build(settings) as app:
        withdrawn = await app.consents.disconnect(team, creator, network)
        terminal = Terminal(app, reference=lambda: token_hex(2), zone=settings.zone)
        terminal.print(disconnected_card(withdrawn, manifests=app.manifests))


async def _begun(consents: Consents, asked: Asked) -> Consent:
    return await consents.begin(asked.team, asked.creator, asked.network, "terminal", account=asked.account)


# --- where the network sends people back here -------------------------------------------------------------------------


async def _here(app: App, asked: Asked, person: Person, terminal: Terminal, port: int) -> Outcome:
    consents = app.consents.at(f"http://localhost:{port}")
    consent = await _begun(consents, asked)
    came: asyncio.Queue[Outcome] = asyncio.Queue()
    pages = ConsentPages(consents, app.clock, reference=lambda: token_hex(2), done=came.put_nowait)
    async with _served(Starlette(routes=pages.routes()), port):
        redirect = f"{consents.base}{CALLBACK_PATH}/{consent.network}"
        person.say(f"{consent.label} has to know this redirect address of your app: {redirect}")
        person.say(f"Open this page in a browser on this machine; Ctrl-C gives up:\n{consent.address}")
        person.show(consent.address)
        while True:
            outcome = await came.get()
            if outcome.kind in _AGAIN:
                terminal.print(sheet_of(outcome, app.clock.now()).card)
                person.say("Waiting for another try; Ctrl-C gives up.")
            elif outcome.kind not in _NO_END:
                return outcome


@asynccontextmanager
async def _served(web: Starlette, port: int) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(web, Health({}), "127.0.0.1", port))
        except SettingsError as error:
            raise SettingsError(f"Port {port} is taken on this machine: choose another with --port.") from error
        yield


# --- where it does not ------------------------------------------------------------------------------------------------


async def _pasted(app: App, asked: Asked, person: Person, terminal: Terminal) -> Outcome:
    consents = app.consents.at(app.consents.base or NOWHERE)
    consent = await _begun(consents, asked)
    link = consent.address.rpartition("/")[2]
    terminal.print(sheet_of(await consents.shown(link), app.clock.now()).card)
    begun = await consents.start(link)
    if isinstance(begun, Outcome):
        return begun
    redirect = f"{consents.base}{CALLBACK_PATH}/{consent.network}"
    person.say(
        f"\n{consent.label} sends nobody back to their own machine, and has to know this redirect address: {redirect}"
    )
    person.say(f"Allow it on this page:\n{begun.address}")
    person.say("The browser then goes to an address that begins like the one above. It need not open: paste it here.")
    person.show(begun.address)
    return await _finished(consents, consent.network, begun, person)


async def _finished(consents: Consents, network: str, begun: Begun, person: Person) -> Outcome:
    for _ in range(_TRIES):
        pasted = await asyncio.to_thread(person.ask, "Address")
        told = _answer_in(pasted)
        if told.get("state") == begun.state:
            code, error = told.get("code", ""), told.get("error", "")
            return await consents.finish(network, begun.state, begun.browser, code=code, error=error)
        person.say("That is not the address of this sign-in. Copy the whole address line of the browser.")
    raise InputError("No address of this sign-in was given. Nothing was stored.")


def _answer_in(address: str) -> dict[str, str]:
    """Return what a network put into the address it sent a browser to."""
    with suppress(ValueError):
        return {name: values[-1] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    return {}
