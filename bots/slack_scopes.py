"""What Clout asks Slack for; slack_manifest.yaml says the same, which a test checks."""

from core.errors import SettingsError
from core.settings import Settings

INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"

SCOPES = (
    "commands",
    "chat:write",
    "chat:write.public",
    "channels:read",
    "groups:read",
    "channels:join",
    "users:read",
    "files:write",
    "files:read",
)
"""Scopes of the bot; none reads what people write."""

NEEDED = ("commands", "chat:write", "users:read")
"""Without these a lookup cannot be asked for or answered."""

EVENTS = (
    "app_home_opened",
    "app_uninstalled",
    "tokens_revoked",
    "channel_deleted",
    "group_deleted",
    "channel_archive",
    "group_archive",
    "channel_left",
    "group_left",
    "channel_unarchive",
    "group_unarchive",
    "member_joined_channel",
)
"""Events that have a listener."""


def installs_by_oauth(settings: Settings) -> bool:
    """Return whether workspaces install Clout themselves: a client id and its secret are set."""
    return settings.slack.client_id is not None and settings.slack.client_secret is not None


def install_address(settings: Settings) -> str:
    """Return where a workspace installs Clout, again too; empty where that is done by hand."""
    if settings.public_url is None or not installs_by_oauth(settings):
        return ""
    return settings.public_url.rstrip("/") + INSTALL_PATH


def check(settings: Settings) -> None:
    """Raise SettingsError naming what an install by OAuth still needs."""
    slack = settings.slack
    needed = {
        "CLOUT_SLACK__SIGNING_SECRET (or CLOUT_SLACK__APP_TOKEN)": slack.signing_secret or slack.app_token,
        "CLOUT_PUBLIC_URL": settings.public_url,
        "CLOUT_SECRET_KEYS": settings.secret_keys,
        "CLOUT_PORT": settings.port if settings.port is None else True,
    }
    if missing := [name for name, value in needed.items() if value is None]:
        raise SettingsError(f"Installs by OAuth need {' and '.join(missing)} too.")


def by_http(settings: Settings) -> bool:
    """Return whether Slack calls us: with a signing secret, and a port that it can be called on."""
    return settings.slack.signing_secret is not None and settings.port is not None


def lacks(settings: Settings) -> str | None:
    """Return what is missing before Slack can be answered, or None."""
    slack = settings.slack
    if installs_by_oauth(settings):
        try:
            check(settings)
        except SettingsError as error:
            return error.message
        return None
    needed = {"BOT_TOKEN": slack.bot_token}
    if not by_http(settings):
        needed["APP_TOKEN"] = slack.app_token
    missing = [f"CLOUT_SLACK__{name}" for name, value in needed.items() if value is None]
    return f"Slack's Socket Mode needs {' and '.join(missing)}." if missing else None
