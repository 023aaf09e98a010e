"""What Slack does to typed text, undone: marked-up names, addresses and channels, and its three escapes. Pure."""

import re

_NAME = re.compile(r"<@[A-Z0-9]+\|([^<>|]{1,200})>")
_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|\s]{1,2000})(?:\|([^<>]{0,2000}))?>")
_MENTION = re.compile(r"<[@#!][^<>]{0,300}>")
_CHANNEL = re.compile(r"<#[A-Z0-9]+\|([^<>|]{0,200})>")


def typed(text: str) -> str:
    """Return a command's text as its author typed it."""
    plain = _CHANNEL.sub(r"#\1", _LINK.sub(_address, _NAME.sub(r"@\1", text)))
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def named(text: str) -> dict[str, str]:
    """Return the people and channels of a command's text: `@name` and `#name` in lower case, as Slack writes them."""
    people = {f"@{found[1].casefold()}": found[0] for found in _NAME.finditer(text)}
    return people | {f"#{found[1].casefold()}": found[0] for found in _CHANNEL.finditer(text)}


def said(text: str) -> str:
    """Return a message's text as its author typed it, without the members, groups and channels it mentions."""
    return typed(_MENTION.sub(" ", text))


def _address(found: re.Match[str]) -> str:
    """Return what was typed: Slack makes a link of everything that looks like one, such as name.bsky.social."""
    url, shown = found[1], found[2] or ""
    if url in (f"http://{shown}", f"https://{shown}", f"mailto:{shown}"):
        return shown
    return url.removeprefix("mailto:")
