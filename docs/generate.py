"""Writes the pages of docs/ that come from the code; a test holds them equal to it.

`python -m docs.generate` writes, `pages()` returns what would be written.
"""

from pathlib import Path
from typing import get_args

from core.commands import COMMANDS
from core.connectors import Connector, discover, manifests
from core.manifest import BudgetRule, Manifest
from core.models import Action
from core.settings import SECTIONS, NetworkSettings, Settings
from docs import score_page

HERE = Path(__file__).parent
_WINDOWS = {
    "minute": "a minute",
    "ten_minutes": "10 minutes",
    "quarter_hour": "15 minutes",
    "hour": "an hour",
    "rolling_day": "24 hours",
    "utc_day": "a day, to midnight UTC",
    "pacific_day": "a day, to midnight in Los Angeles",
    "month": "a calendar month (UTC)",
}
_HEAD = "<!-- written by `make docs` from the code; do not edit by hand -->\n"


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {
        "commands.md": commands(),
        "networks.md": networks(),
        "score.md": _HEAD + "\n" + score_page.page(),
        "settings.md": settings(),
    }


def commands() -> str:
    """Return the table of commands, the same on every front end."""
    lines = [_HEAD, "# Commands\n", 'One table serves every front end. In a terminal: `clout chat -c "..."`.\n']
    for command in COMMANDS.values():
        lines.append(f"## `{command.name}`\n")
        lines.append(f"{command.summary}\n")
        if command.arguments:
            lines.append("| argument | needed | what |")
            lines.append("|---|---|---|")
            lines += [f"| `{a.name}` | {'yes' if a.required else 'no'} | {_cell(a.help)} |" for a in command.arguments]
            lines.append("")
        if command.examples:
            lines.append("Examples: " + ", ".join(f"`{example}`" for example in command.examples) + "\n")
    return "\n".join(lines).rstrip() + "\n"


def settings() -> str:
    """Return every setting with its meaning and default."""
    lines = [_HEAD, "# Settings\n"]
    lines.append(
        "Settings are read from the environment and from a `.env` file in the working directory; the environment wins. "
        "`clout` names every missing or wrong value in one message, and every variable that it does not know.\n"
    )
    lines += ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if name != "networks" and name not in SECTIONS:
            default = "in the user's data folder" if name == "database_url" else _default(field.default)
            lines.append(f"| `CLOUT_{name.upper()}` | {default} | {_cell(field.description or '')} |")
    for section, kind in SECTIONS.items():
        lines += ["", f"## {section.title()}\n", "| variable | default | what |", "|---|---|---|"]
        for name, field in kind.model_fields.items():
            default = _default(field.default)
            lines.append(
                f"| `CLOUT_{section.upper()}__{name.upper()}` | {default} | {_cell(field.description or '')} |"
            )
    lines += ["", "## For every network\n", "`NETWORK` is one of the names below, in capitals.\n"]
    lines += ["| variable | default | what |", "|---|---|---|"]
    for name in NetworkSettings.names():
        what = NetworkSettings.model_fields[name].description or ""
        lines.append(f"| `CLOUT_NETWORK__{name.upper()}` | the network's own | {_cell(what)} |")
    lines.append("")
    for manifest in manifests().values():
        lines += _network(manifest)
    return "\n".join(lines).rstrip() + "\n"


def networks() -> str:
    """Return what each network gives, costs and refuses, and what to set."""
    lines = [_HEAD, "# Networks\n"]
    lines.append(
        "What is read of each network through its official API, and what is not. A network that cannot be read is "
        "named on the card and never counts as zero. `settings.md` holds every variable.\n"
    )
    lines += ["| network | read by this version | needs | enters the score |", "|---|---|---|---|"]
    found = discover()
    lines += [_network_row(connector) for connector in found.values()]
    lines.append("")
    for connector in found.values():
        lines += _network_section(connector)
    return "\n".join(lines).rstrip() + "\n"


def _network_row(connector: Connector) -> str:
    manifest = connector.manifest
    needed = [c.name for c in manifest.credentials if c.required]
    needed += [rule.setting for rule in manifest.budgets if rule.required]
    needs = ", ".join(f"`{_variable(manifest, name)}`" for name in needed) or "nothing"
    if manifest.access == "owner_authorised":
        needs += ", and the creator's consent"
    read = "not yet" if not _is_read(connector) else "yes" if manifest.enabled_by_default else "yes, off by default"
    enters = "no number" if not manifest.counts else "its own number" if manifest.combine == "separate" else "yes"
    return f"| {manifest.label} | {read} | {needs} | {enters} |"


def _is_read(connector: Connector) -> bool:
    return connector.fetch is not None or connector.entries is not None


def _network_section(connector: Connector) -> list[str]:
    manifest = connector.manifest
    names = [_variable(manifest, credential.name) for credential in manifest.credentials]
    names += [_variable(manifest, rule.setting) for rule in manifest.budgets]
    known = {
        "Counts": manifest.reads,
        "Per post": ", ".join(name for name in get_args(Action) if name in manifest.counts),
        "Cannot see": manifest.cannot_see,
        "Costs": manifest.cost,
        "Limits": manifest.limits,
        "Budget": " ".join(_budget(rule) for rule in manifest.budgets),
        "Kept": f"raw counts {manifest.retention.days} days after the last fetch." if manifest.retention else "",
        "Switched on by": "" if manifest.enabled_by_default else f"`{_variable(manifest, 'enabled')}=true`",
        "Set": ", ".join(f"`{name}`" for name in names),
        "Get it at": f"<{manifest.setup_url}>" if manifest.setup_url else "",
        "When it is off": f"“{manifest.off_wording}”" if manifest.off_wording else "",
    }
    written = f"Written like `{manifest.handles.example}`: {manifest.handles.hint}."
    return [
        f"## {manifest.label} (`{manifest.name}`)\n",
        *(
            []
            if _is_read(connector)
            else ["**Not read by this version yet;** its handles and addresses are understood.\n"]
        ),
        f"- {written}",
        *(f"- {name}: {words}" for name, words in known.items() if words),
        "",
    ]


def _variable(manifest: Manifest, name: str) -> str:
    return f"CLOUT_{manifest.name.upper()}__{name.upper()}"


def _network(manifest: Manifest) -> list[str]:
    lines = [f"## {manifest.label} (`{manifest.name}`)\n"]
    if not manifest.credentials and not manifest.budgets:
        return [*lines, "Needs nothing.\n"]
    lines += ["| variable | needed | what |", "|---|---|---|"]
    for credential in manifest.credentials:
        needed = "yes" if credential.required else "no"
        lines.append(f"| `{_variable(manifest, credential.name)}` | {needed} | {_cell(credential.help)} |")
    for rule in manifest.budgets:
        needed, default = "yes" if rule.required else "no", f" Default {rule.default:,g}." if rule.default else ""
        lines.append(f"| `{_variable(manifest, rule.setting)}` | {needed} | {_cell(rule.help)}{default} |")
    return [*lines, ""]


def _budget(rule: BudgetRule) -> str:
    """Return an allowance in words: how much in which time, and what a lookup sets aside."""
    unit = {"usd": "dollars"}.get(rule.unit, rule.unit)
    most = f"{rule.default:,g} {unit}" if rule.default else f"as many {unit} as you set"
    if not rule.required and not rule.default:
        most = f"as many {unit} as its answers tell, or you set"
    return f"{most} in {_WINDOWS[rule.window]}; refreshes take at most 80 % of it."


def _default(value: object) -> str:
    return "" if value in ("", None) else f"`{value}`"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


def write() -> None:
    """Write every page to this folder."""
    for name, page in pages().items():
        (HERE / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write()
