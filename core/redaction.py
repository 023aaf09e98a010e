"""Keeps secrets out of the log, whatever wrote the line: tokens of Slack and Discord, keys in headers and addresses."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

HIDDEN = "[hidden]"
_NAMES = re.compile(r"(?i)token|secret|passw|authorization|cookie|api_?key|\bsealed\b")
_SECRETS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]{8,}"  # Slack: bot, user, refresh and configuration tokens
    r"|xapp-[\w-]{8,}"
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord: id, time and signature
    r"|(?i:(?<=bearer )|(?<=bot )|(?<=basic ))[\w.~+/=-]{8,}"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # user and password of an address
    r"|(?i:(?<=access_token=)|(?<=client_secret=)|(?<=api_key=)|(?<=[?&]key=))[^&\s'\"]+"
    # what libraries write at DEBUG: addresses to answer at, single-use codes and tickets of sign-ins
    r"|(?<=hooks\.slack\.com/)[\w./-]+|aW50ZXJhY3Rpb246[\w-]+"
    r"|(?:(?<=[?&]code=)|(?<=[?&]state=)|(?<=[?&]ticket=)|(?<='code': '))[^&\s'\"]+"
)


def redacted(text: str) -> str:
    """Return the text without anything that looks like a secret."""
    return _SECRETS.sub(HIDDEN, text)


def redact_event(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide secrets in a structured event, by what its fields are called and by what they look like."""
    for name, value in event.items():
        if _NAMES.search(name) and value:
            event[name] = HIDDEN
        elif isinstance(value, str):
            event[name] = redacted(value)
    return event


class Redacting(logging.Formatter):
    """Writes plain log records, tracebacks included, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return redacted(super().format(record))
