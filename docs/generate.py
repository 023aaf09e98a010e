"""Writes the pages of docs/ that come from the code; a test holds them equal to it.

`python -m docs.generate` writes, `pages()` returns what would be written.
"""

from pathlib import Path

from core.commands import COMMANDS
from core.connectors import manifests
from core.models import Manifest
from core.settings import NetworkSettings, Settings

HERE = Path(__file__).parent
_HEAD = "<!-- written by `make docs` from the code; do not edit by hand -->\n"


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {"commands.md": commands(), "settings.md": settings()}


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
        if name != "networks":
            default = "in the user's data folder" if name == "database_url" else _default(field.default)
            lines.append(f"| `CLOUT_{name.upper()}` | {default} | {_cell(field.description or '')} |")
    lines += ["", "## For every network\n", "`NETWORK` is one of the names below, in capitals.\n"]
    lines += ["| variable | default | what |", "|---|---|---|"]
    for name, field in NetworkSettings.model_fields.items():
        if name != "values":
            lines.append(f"| `CLOUT_NETWORK__{name.upper()}` | the network's own | {_cell(field.description or '')} |")
    lines.append("")
    for manifest in manifests().values():
        lines += _network(manifest)
    return "\n".join(lines).rstrip() + "\n"


def _network(manifest: Manifest) -> list[str]:
    lines = [f"## {manifest.label} (`{manifest.name}`)\n"]
    if not manifest.credentials:
        return [*lines, "Needs nothing.\n"]
    lines += ["| variable | needed | what |", "|---|---|---|"]
    stem = f"CLOUT_{manifest.name.upper()}__"
    for credential in manifest.credentials:
        needed = "yes" if credential.required else "no"
        lines.append(f"| `{stem}{credential.name.upper()}` | {needed} | {_cell(credential.help)} |")
    return [*lines, ""]


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
