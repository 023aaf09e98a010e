"""Every setting, read once by core/app.py; nothing is read when this module is imported.

Settings come from the environment and from a `.env` file in the working directory, the environment first:
`CLOUT_<NAME>`, `CLOUT_SLACK__<NAME>` for Slack, `CLOUT_DISCORD__<NAME>` for Discord, and `CLOUT_<NETWORK>__<NAME>` for
one network. What a network can be told stands in its manifest, so that a new network brings its settings with it.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import SettingsError
from core.manifest import Manifest

PREFIX = "CLOUT_"
DATABASES = ("sqlite:///", "sqlite+aiosqlite:///", "postgresql+psycopg://", "postgresql://", "postgres://")
_HINTS = {
    "url_parsing": "is not an address",
    "bool_parsing": "is neither true nor false",
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "finite_number": "is not a number",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "missing": "is missing",
}


def _http_address(value: str) -> str:
    value = value.strip()
    try:
        parts = urlsplit(value)
    except ValueError as err:  # half an IPv6 address
        raise ValueError("is not an http or https address") from err
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in value):
        raise ValueError("is not an http or https address")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no ? and no #")
    if not _has_port(parts):
        raise ValueError("names no port that exists")
    return value


def _has_port(parts: SplitResult) -> bool:
    """Whether a port can be read, where one is given: `urlsplit` looks at it only when asked."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _hosts(value: str) -> str:
    for entry in filter(None, (part.strip() for part in value.split(","))):
        host, _, port = entry.rpartition(":")
        if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("is written host:port,host:port")
    return value


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (KeyError, OSError, ValueError) as err:  # unknown, a folder, or a path that is none of ours
        raise ValueError("is no IANA time zone such as Europe/Berlin") from err


def _database(value: str) -> str:
    value = value.strip()
    if not value.startswith(DATABASES):
        raise ValueError("is no database address: sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME")
    return value


def _loopback(value: str) -> str:
    value = _http_address(value)
    if urlsplit(value).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("is for a pretend platform on this machine only: http://127.0.0.1:PORT/...")
    return value if value.endswith("/") else f"{value}/"


def _loopback_socket(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme != "ws" or parts.hostname not in ("127.0.0.1", "localhost", "::1") or not _has_port(parts):
        raise ValueError("is for a pretend platform on this machine only: ws://127.0.0.1:PORT/...")
    return value.strip()


Address = Annotated[str, AfterValidator(_http_address)]
LoopbackAddress = Annotated[str, AfterValidator(_loopback)]
LoopbackSocket = Annotated[str, AfterValidator(_loopback_socket)]


def default_database() -> str:
    """Return the address of the database in the user's data folder (XDG base directories)."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return f"sqlite:///{base}/clout/clout.db"


class NetworkSettings(BaseModel):
    """What an operator may set for any network.

    `values` holds the settings that the network's manifest names, every one treated as a secret; `budgets` the figures
    for the allowances that it names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    enabled: bool | None = Field(None, description="switch the network on or off")
    base_url: Address | None = Field(None, description="another address of its API; its host becomes allowed")
    auth_url: Address | None = Field(None, description="another address of its sign-in")
    combine: Literal["sum", "separate"] | None = Field(
        None, description="`sum` counts it in the total, `separate` shows its own number beside it"
    )
    values: Mapping[str, SecretStr] = Field(default_factory=dict, description="")
    budgets: Mapping[str, Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]] = Field(
        default_factory=dict, description=""
    )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return what every network can be told, whatever its manifest names."""
        return tuple(name for name in cls.model_fields if name not in ("values", "budgets"))


class SlackSettings(BaseModel):
    """What Slack needs: a bot and an app token for Socket Mode, or a signing secret where Slack calls us."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    bot_token: SecretStr | None = Field(
        None, description="bot token, `xoxb-...`: what Clout acts with in one workspace"
    )
    app_token: SecretStr | None = Field(
        None,
        description="app-level token, `xapp-...` with connections:write, for Socket Mode: no public address needed",
    )
    signing_secret: SecretStr | None = Field(None, description="signing secret, where Slack calls Clout over HTTP")
    client_id: str | None = Field(None, description="client id, where many workspaces install Clout by OAuth")
    client_secret: SecretStr | None = Field(None, description="client secret, beside the client id")
    authorize_url: LoopbackAddress | None = Field(
        None, description="address where a pretend Slack on this machine asks for consent, for tests"
    )
    api_url: LoopbackAddress | None = Field(None, description="address of a pretend Slack on this machine, for tests")


class DiscordSettings(BaseModel):
    """What Discord needs: the bot's token; the gateway is called from here, so no public address is needed."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    token: SecretStr | None = Field(None, description="bot token, from the Bot page of the application")
    api_url: LoopbackAddress | None = Field(None, description="address of a pretend Discord on this machine, for tests")
    gateway_url: LoopbackSocket | None = Field(None, description="address of its gateway, for tests")


class Settings(BaseSettings):
    """All settings of one installation; `Settings.read` is the way to make one."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    database_url: Annotated[str, AfterValidator(_database)] = Field(
        default_factory=default_database,
        description="where everything is kept: sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME",
    )
    contact: str = Field(
        "", description="operator's address or e-mail, sent with every request as the networks ask for"
    )
    allow_hosts: Annotated[str, AfterValidator(_hosts)] = Field(
        "", description="host:port,... that may be called although they are not public; plain http included"
    )
    public_url: Address | None = Field(
        None, description="https address under which browsers reach Clout: pages of consent, installs by OAuth"
    )
    secret_keys: SecretStr | None = Field(
        None, description="keys that stored tokens are encrypted with, commas between; the first encrypts, all decrypt"
    )
    port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port of the web server: health, metrics, pages of consent and, with a signing secret, Slack",
    )
    host: str = Field("127.0.0.1", description="address the web server listens on; 0.0.0.0 in a container")
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="time zone of dates in the terminal, an IANA name"
    )
    lookup_seconds: float = Field(25, gt=0, le=120, description="longest time one lookup may take, seconds")
    max_tracked: int | None = Field(None, ge=1, description="creators that one team may track at most")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("WARNING", description="what is logged")
    slack: SlackSettings = Field(default_factory=SlackSettings, description="", exclude=True)
    discord: DiscordSettings = Field(default_factory=DiscordSettings, description="", exclude=True)
    networks: Mapping[str, NetworkSettings] = Field(default_factory=dict, description="", exclude=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `read` only, which has merged the environment and the file itself."""
        return (init_settings,)

    @classmethod
    def read(
        cls,
        manifests: Mapping[str, Manifest],
        environ: Mapping[str, str] | None = None,
        env_file: Path | None = Path(".env"),
    ) -> "Settings":
        """Return the settings of the environment and the file; raises SettingsError naming every wrong value."""
        given = _merged(os.environ if environ is None else environ, env_file)
        top, networks, wrong = _sorted_out(given, manifests)
        for section, kind in SECTIONS.items():
            try:
                top[section] = kind(**_section(given, section))
            except ValidationError as err:
                wrong += _wrong_values(err, f"{section.upper()}__")
        try:
            settings = cls(**top, networks=networks)
        except ValidationError as err:
            wrong += _wrong_values(err)
        if wrong:
            raise SettingsError("Settings to mend: " + "; ".join(sorted(set(wrong))) + ".")
        return settings

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The `host:port` exceptions of the address guard."""
        return frozenset(part.strip() for part in self.allow_hosts.lower().split(",") if part.strip())

    def network(self, name: str) -> NetworkSettings:
        """Return what is set for one network, defaults when nothing is."""
        return self.networks.get(name) or NetworkSettings()


SECTIONS: Mapping[str, type[BaseModel]] = MappingProxyType({"slack": SlackSettings, "discord": DiscordSettings})
"""Settings that belong together: `CLOUT_<SECTION>__<NAME>`."""


def unknown_settings(
    manifests: Mapping[str, Manifest],
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = Path(".env"),
) -> tuple[str, ...]:
    """Return a line for each CLOUT_ variable that no setting reads, with the nearest real name."""
    given = _merged(os.environ if environ is None else environ, env_file)
    known = known_names(manifests)
    lines = []
    for name in sorted(set(given) - set(known)):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        lines.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    return tuple(lines)


def known_names(manifests: Mapping[str, Manifest]) -> dict[str, str]:
    """Return every setting's variable with its description, in the order documentation prints them."""
    names = {
        PREFIX + name.upper(): field.description or ""
        for name, field in Settings.model_fields.items()
        if name != "networks" and name not in SECTIONS
    }
    for section, kind in SECTIONS.items():
        stem = f"{PREFIX}{section.upper()}__"
        names |= {stem + name.upper(): field.description or "" for name, field in kind.model_fields.items()}
    for manifest in manifests.values():
        stem = f"{PREFIX}{manifest.name.upper()}__"
        for name in NetworkSettings.names():
            names[stem + name.upper()] = NetworkSettings.model_fields[name].description or ""
        for credential in manifest.credentials:
            names[stem + credential.name.upper()] = credential.help
        for rule in manifest.budgets:
            names[stem + rule.setting.upper()] = rule.help
    return names


def _merged(environ: Mapping[str, str], env_file: Path | None) -> dict[str, str]:
    from_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    both = {**from_file, **environ}
    return {name.upper(): value for name, value in both.items() if name.upper().startswith(PREFIX) and value}


def _section(given: Mapping[str, str], section: str) -> dict[str, str]:
    stem = f"{PREFIX}{section.upper()}__"
    # a token pasted with quotes or a newline is the commonest mistake
    return {
        name.removeprefix(stem).lower(): value.strip().strip("'\"").strip()
        for name, value in given.items()
        if name.startswith(stem)
    }


def _sorted_out(
    given: Mapping[str, str], manifests: Mapping[str, Manifest]
) -> tuple[dict[str, Any], dict[str, NetworkSettings], list[str]]:
    top: dict[str, Any] = {}
    raw: dict[str, dict[str, Any]] = {}
    for variable, value in given.items():
        head, nested, tail = variable.removeprefix(PREFIX).lower().partition("__")
        if not nested:
            if head not in SECTIONS:
                top[head] = value
        elif head in manifests:
            _place(raw.setdefault(head, {"values": {}, "budgets": {}}), tail, value, manifests[head])
    networks, wrong = {}, []
    for name, fields in raw.items():
        try:
            networks[name] = NetworkSettings(**fields)
        except ValidationError as err:
            wrong += _wrong_values(err, f"{name.upper()}__")
    return top, networks, wrong


def _place(fields: dict[str, Any], name: str, value: str, manifest: Manifest) -> None:
    if name in {credential.name for credential in manifest.credentials}:
        # a token pasted with quotes or a newline is the commonest mistake
        fields["values"][name] = SecretStr(value.strip().strip("'\"").strip())
    elif name in {rule.setting for rule in manifest.budgets}:
        fields["budgets"][name] = value.strip().strip("'\"").strip()
    elif name in NetworkSettings.names():
        fields[name] = value


def _wrong_values(err: ValidationError, stem: str = "") -> list[str]:
    lines = []
    for error in err.errors(include_url=False, include_input=False):
        name = PREFIX + stem + "__".join(str(part) for part in error["loc"] if part != "budgets").upper()
        why = _HINTS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
        lines.append(f"{name} {why}")
    return lines
