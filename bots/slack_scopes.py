"""What Clout asks Slack for; slack_manifest.yaml says the same, which a test checks."""

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
