"""`clout init slack`: asks for the two tokens, tries them, and writes them into `.env` beside what stands there."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import SecretStr

from bots.slack_trial import Finding, try_slack
from core.errors import SettingsError
from core.settings import Settings
from core.vault import Vault, new_key

BOT, APP, KEYS = "CLOUT_SLACK__BOT_TOKEN", "CLOUT_SLACK__APP_TOKEN", "CLOUT_SECRET_KEYS"
_SHAPES = {BOT: re.compile(r"(xoxe\.)?xoxb-[A-Za-z0-9.-]+"), APP: re.compile(r"xapp-[A-Za-z0-9.-]+")}
_STARTS = {BOT: "xoxb-", APP: "xapp-"}


def token(name: str, typed: str) -> str:
    """Return a token as it was meant; raises SettingsError for one of another kind, without showing it."""
    given = typed.strip().strip("'\"").strip()
    if not _SHAPES[name].fullmatch(given):
        raise SettingsError(f"{name} begins with {_STARTS[name]} and has no spaces. Nothing was written.")
    return given


async def init_slack(settings: Settings, ask: Callable[[str], str], say: Callable[[str], object], file: Path) -> bool:
    """Ask, try, write; return False, with nothing written, when Slack does not take the tokens."""
    bot = token(BOT, ask("Bot token (xoxb-..., from OAuth & Permissions)"))
    app = token(APP, ask("App-level token (xapp-..., from Basic Information)"))
    tried = settings.slack.model_copy(update={"bot_token": SecretStr(bot), "app_token": SecretStr(app)})
    findings: list[Finding] = await try_slack(tried)
    for finding in findings:
        say(str(finding))
    if not all(finding.good for finding in findings):
        say("Nothing was written.")
        return False
    values = {BOT: bot, APP: app} | ({} if settings.secret_keys is not None else {KEYS: new_key()})
    write_env(file, values)
    say(f"Written to {file}, which only you can read: {', '.join(values)}. Start with: clout run slack")
    return True


def init_keys(settings: Settings, say: Callable[[str], object], file: Path, *, rotate: bool) -> None:
    """Write CLOUT_SECRET_KEYS where it is missing; with `rotate` put a new key in front of those that are there."""
    had = settings.secret_keys.get_secret_value() if settings.secret_keys is not None else ""
    if had and not rotate:
        say("CLOUT_SECRET_KEYS is there already; `clout init keys --rotate` puts a new key in front.")
        return
    if os.environ.get(KEYS):
        raise SettingsError(f"{KEYS} is set in the environment, which wins over {file.name}: change it there.")
    if had:
        Vault.of(had)  # nothing is put in front of what is no key
    write_env(file, {KEYS: ",".join(filter(None, (new_key(), had)))})
    say(f"{KEYS} is written to {file}, which only you can read. Keep a copy: without it stored tokens are lost.")
    if had:
        say("`clout doctor` encrypts the networks' keys anew. Slack's installs may still need the old key behind it.")


def write_env(file: Path, values: Mapping[str, str]) -> None:
    """Set variables in a `.env` file of mode 600: other lines stay as they are, and the file changes in one step."""
    file = file.resolve()  # a link stays a link
    try:
        text = file.read_text("utf-8") if file.exists() else ""
        handle, name = tempfile.mkstemp(prefix=".env-", dir=file.parent)  # mkstemp makes it mode 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(merged(text, values))
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeError) as err:
        raise SettingsError(f"{file.name} cannot be written here. Nothing was changed.") from err


def merged(text: str, values: Mapping[str, str]) -> str:
    """Return the text of a `.env` file with variables set: in their place where they stand, else at the end."""
    left, lines = dict(values), []
    for line in text.splitlines(keepends=True):
        found = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line)
        name = found[1].upper() if found else ""
        if name not in values:
            lines.append(line)
        elif name in left:  # a second line of that name would win over the first
            lines.append(f"{name}={left.pop(name)}\n")
    if left and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join(lines) + "".join(f"{name}={value}\n" for name, value in left.items())
