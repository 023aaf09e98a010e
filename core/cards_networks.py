"""What can be read here, and what can be asked: the networks card and the help card."""

from collections.abc import Sequence

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
from core.models import Manifest, Model, NetworkAvailability
from core.naming import REMARK_LIMIT

_ACCESS = {"owner_authorised": "with the creator's consent", "research_programme": "approved research only"}


class HelpEntry(Model):
    """One command as help shows it."""

    usage: str
    summary: str
    examples: tuple[str, ...] = ()
    note: str = ""


def networks_card(networks: Sequence[NetworkAvailability]) -> Card:
    """Return which networks are read here and what they show, and what each other one would need."""
    ready = [network for network in networks if network.ready]
    off = [network for network in networks if not network.ready]
    read = f"{len(ready)} of {figures.counted(len(networks), 'network')} read here"
    blocks: list[Block] = [Headline(cells=(line(text(read, "strong")),))]
    if ready:
        blocks.append(_table("Read", [_ready(network) for network in ready]))
    if off:
        blocks.append(_table("Not read", [_off(network) for network in off]))
    credits = sorted({network.manifest.attribution for network in ready if network.manifest.attribution})
    if credits:
        blocks.append(Notes(lines=(line(f"Sources: {', '.join(credits)}"),)))
    return Card(kind="networks", title=line(read), blocks=tuple(blocks), private=True)


def _table(label: str, rows: Sequence[TableRow]) -> Table:
    return Table(label=label, columns=(Column(title="Network"), Column(title="What it shows")), rows=tuple(rows))


def _ready(network: NetworkAvailability) -> TableRow:
    manifest = network.manifest
    said = [line(_stop(manifest.reads or _counts(manifest)))]
    if manifest.combine == "separate":
        said.append(line("A score of its own, not part of the total."))
    if manifest.cannot_see:
        said.append(line(f"Not seen: {_stop(manifest.cannot_see[0].lower() + manifest.cannot_see[1:])}"))
    if network.reason:
        said.append(line(outside(_stop(network.reason), REMARK_LIMIT)))
    return TableRow(cells=(line(text(manifest.label, "strong")),), tail=joined(said, " "))


def _off(network: NetworkAvailability) -> TableRow:
    """Return what a network that is off would need, and what it would add."""
    manifest = network.manifest
    said = [line(outside(_stop(network.reason or manifest.off_wording or "Not set up here"), REMARK_LIMIT))]
    needed = [credential for credential in manifest.credentials if credential.required]
    if needed and network.implemented:  # nobody shall fetch a key that this version cannot use
        said.append(_needs(manifest, [f"CLOUT_{manifest.name}__{c.name}".upper() for c in needed]))
    if manifest.access in _ACCESS:
        said.append(line(f"Read {_ACCESS[manifest.access]}."))
    if manifest.reads:
        said.append(line(f"Would show: {_stop(manifest.reads[0].lower() + manifest.reads[1:])}"))
    if manifest.cost:
        said.append(line(_stop(manifest.cost)))
    return TableRow(cells=(line(text(manifest.label, "strong")),), tail=joined(said, " "))


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
    items = tuple(_help_item(entry, examples=alone) for entry in entries)
    hint = line("`help` and a command shows its examples · handles: @name, network:name, name@server, or an address")
    return Card(
        kind="help",
        title=title,
        blocks=(
            Headline(cells=(title,)),
            Listing(label=line(intro), items=items),
            Notes(lines=(line("1 to 100, from public reactions of the last 90 days, not sales"), hint)),
        ),
        private=True,
    )


def _help_item(entry: HelpEntry, *, examples: bool) -> Item:
    said = [line(entry.summary)]
    if examples and entry.examples:
        said.append(line("for example ", *joined([line(text(e, "code")) for e in entry.examples], ", ")))
    if entry.note:
        said.append(line(entry.note))
    return Item(line=line(text(entry.usage, "code")), detail=joined(said, "; "))
