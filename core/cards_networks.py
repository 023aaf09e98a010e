"""What can be read here, and what can be asked: the networks card and the help card."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core import figures
from core.card import (
    Block,
    Card,
    Column,
    Headline,
    Item,
    Line,
    Listing,
    Notes,
    Table,
    TableRow,
    joined,
    line,
    outside,
    text,
)
from core.cards_remarks import CAUTION
from core.manifest import BudgetState, Manifest, NetworkAvailability, Window
from core.models import Model
from core.naming import REMARK_LIMIT

EXPIRY_SHOWN = 30  # days before a token ends from which on the card says so
_WINDOWS: Mapping[Window, str] = {
    "minute": "in this minute",
    "ten_minutes": "in these 10 minutes",
    "quarter_hour": "in these 15 minutes",
    "hour": "in this hour",
    "rolling_day": "in these 24 hours",
    "utc_day": "today",
    "pacific_day": "today",
    "month": "this month",
}
_MANAGERS, _MARK = "for people who manage Clout here", "managers"
_ACCESS = {"owner_authorised": "with the creator's consent", "research_programme": "approved research only"}


class HelpEntry(Model):
    """One command as help shows it."""

    usage: str
    summary: str
    examples: tuple[str, ...] = ()
    manages: bool = False


def networks_card(networks: Sequence[NetworkAvailability], now: datetime | None = None, zone: str = "UTC") -> Card:
    """Return which networks are read here and what they show, and what each other one would need.

    With `now` it also says what is left of budgets, and which keys end soon.
    """
    ready = [network for network in networks if network.ready]
    off = [network for network in networks if not network.ready]
    read = f"{len(ready)} of {figures.counted(len(networks), 'network')} read here"
    blocks: list[Block] = [Headline(cells=(line(text(read, "strong")),))]
    if ready:
        blocks.append(_table("Read", [_ready(network, now, zone) for network in ready]))
    if off:
        blocks.append(_table("Not read", [_off(network) for network in off]))
    credits = sorted({network.manifest.attribution for network in ready if network.manifest.attribution})
    if credits:
        blocks.append(Notes(lines=(line(f"Sources: {', '.join(credits)}"),)))
    return Card(kind="networks", title=line(read), blocks=tuple(blocks), private=True)


def _table(label: str, rows: Sequence[TableRow]) -> Table:
    return Table(label=label, columns=(Column(title="Network"), Column(title="What it shows")), rows=tuple(rows))


def _ready(network: NetworkAvailability, now: datetime | None, zone: str) -> TableRow:
    manifest = network.manifest
    said = [line(_stop(manifest.reads or _counts(manifest)))]
    if manifest.combine == "separate":
        said.append(line("A score of its own, not part of the total."))
    if manifest.cannot_see:
        said.append(line(f"Not seen: {_stop(manifest.cannot_see[0].lower() + manifest.cannot_see[1:])}"))
    if network.reason:
        said.append(line(outside(_stop(network.reason), REMARK_LIMIT)))
    if now is not None:
        said += [line(words) for words in allowance_words(network, now, zone)]
    return TableRow(cells=(line(text(manifest.label, "strong")),), tail=joined(said, " "))


def _off(network: NetworkAvailability) -> TableRow:
    """Return what a network that is off would need, and what it would add."""
    manifest = network.manifest
    said = [line(outside(_stop(network.reason or manifest.off_wording or "Not set up here"), REMARK_LIMIT))]
    needed = [credential.name for credential in manifest.credentials if credential.required]
    needed += [rule.setting for rule in manifest.budgets if rule.required]
    if needed and network.implemented:  # nobody shall fetch a key that this version cannot use
        said.append(_needs(manifest, [f"CLOUT_{manifest.name}__{name}".upper() for name in needed]))
    if manifest.access in _ACCESS:
        said.append(line(f"Read {_ACCESS[manifest.access]}."))
    if manifest.reads:
        said.append(line(f"Would show: {_stop(manifest.reads[0].lower() + manifest.reads[1:])}"))
    if manifest.cost:
        said.append(line(_stop(manifest.cost)))
    return TableRow(cells=(line(text(manifest.label, "strong")),), tail=joined(said, " "))


def allowance_words(network: NetworkAvailability, now: datetime, zone: str) -> list[str]:
    """Return a sentence on each budget worth a word, and one on a key that ends within a month."""
    said = budget_sentences(network, now, zone)
    ends = expiry_words(network.expires_at, now, zone) if network.expires_at is not None else ""
    return [*said, _stop(ends)] if ends else said


def budget_sentences(network: NetworkAvailability, now: datetime, zone: str) -> list[str]:
    """Return a sentence on each budget worth a word."""
    return [_stop(budget_words(budget, now, zone)) for budget in network.budgets if _worth_saying(budget)]


def _worth_saying(budget: BudgetState) -> bool:
    """Whether a reader learns anything: an allowance without a limit, and nothing spent of it, says nothing."""
    return budget.limit is not None or budget.spent > 0


def budget_words(budget: BudgetState, now: datetime, zone: str) -> str:
    """Return what is spent of an allowance: `3 of 10,000 units spent today, 9,997 left; anew at 08:00 UTC`."""
    money, unit = budget.rule.unit == "usd", budget.rule.unit
    figure = figures.dollars if money else figures.whole
    of = "" if budget.limit is None else f" of {figure(budget.limit)}"
    named = unit.removesuffix("s") if budget.limit is None and budget.spent == 1 else unit
    words = f"{figure(budget.spent)}{of}{'' if money else ' ' + named} spent {_WINDOWS[budget.rule.window]}"
    if budget.left is not None:
        words += f", {figure(budget.left)} left" if budget.left > 0 else ", nothing left"
    if budget.resets_at is not None and budget.resets_at > now:
        words += f"; anew at {figures.at_time(budget.resets_at, now, zone)}"
    return words


def expiry_words(ends: datetime, now: datetime, zone: str) -> str:
    """Return when a key ends: `the token ends in 5 days`; empty while that is more than 30 days off."""
    days = (ends - now).days
    if ends <= now:
        return f"The token ended on {figures.day(ends, zone, now=now)}: connect a new one"
    if days > EXPIRY_SHOWN:
        return ""
    when = f"in {figures.counted(days, 'day')}" if days else f"at {figures.at_time(ends, now, zone)}"
    return f"The token ends {when}"


def _needs(manifest: Manifest, settings: Sequence[str]) -> Line:
    named = joined([line(text(setting, "code")) for setting in settings], ", ")
    where = (line(", from ", text(manifest.setup_url, url=manifest.setup_url)) if manifest.setup_url else ()) or ()
    return line("Needs ", *named, *where, ".")


def _counts(manifest: Manifest) -> str:
    return ", ".join(sorted(manifest.counts)).capitalize() or "Public reactions"


def _stop(words: str) -> str:
    trimmed = words.strip()
    return trimmed if not trimmed or trimmed.endswith((".", "?")) else f"{trimmed}."


def help_card(entries: Sequence[HelpEntry], *, intro: str = "") -> Card:
    """Return the commands with what they do; one entry alone also shows its examples."""
    title = line(text("Clout: how influential is this creator, and what changed?", "strong"))
    alone = len(entries) == 1
    items = tuple(_help_item(entry, alone=alone) for entry in entries)
    hint = line("`help` and a command shows its examples · handles: @name, network:name, name@server, or an address")
    reading = line(f"62 (58 to 65) is a score of 1 to 100 with its 90 % range: {CAUTION}")
    whose = [line(f"{_MARK}: {_MANAGERS}, as `settings` says")] if not alone and any(e.manages for e in entries) else []
    return Card(
        kind="help",
        title=title,
        blocks=(
            Headline(cells=(title,)),
            Listing(label=line(intro), items=items),
            Notes(lines=(*whose, reading, hint)),
        ),
        private=True,
    )


def _help_item(entry: HelpEntry, *, alone: bool) -> Item:
    said = [line(entry.summary)]
    if alone and entry.examples:
        said.append(line("for example ", *joined([line(text(e, "code")) for e in entry.examples], ", ")))
    if entry.manages:
        said.append(line(_MANAGERS if alone else _MARK))
    return Item(line=line(text(entry.usage, "code")), detail=joined(said, "; "))
