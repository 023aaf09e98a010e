"""What Clout asks Slack for; slack_manifest.yaml says the same, which a test checks."""

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

EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
"""Events that have a listener."""
