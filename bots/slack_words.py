"""What Slack does to typed text, undone: marked-up names, addresses and channels, and its three escapes. Pure."""

import re

_NAME = re.compile(r"<@[A-Z0-9]+\|([^<>|]{1,200})>")
_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|\s]{1,2000})(?:\|([^<>]{0,2000}))?>")
_CHANNEL = re.compile(r"<#[A-Z0-9]+\|([^<>|]{0,200})>")


def typed(text: str) -> str:
    """Return a command's text as its author typed it."""
    plain = _CHANNEL.sub(r"#\1", _LINK.sub(_address, _NAME.sub(r"@\1", text)))
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _address(found: re.Match[str]) -> str:
    """Return what was typed: Slack makes a link of everything that looks like one, such as name.bsky.social."""
    url, shown = found[1], found[2] or ""
    if url in (f"http://{shown}", f"https://{shown}", f"mailto:{shown}"):
        return shown
    return url.removeprefix("mailto:")
