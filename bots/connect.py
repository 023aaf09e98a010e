"""`clout connect` and `clout disconnect`: a network's key, typed unseen, tried once, stored encrypted."""

from collections.abc import Callable
from datetime import datetime

from core import figures
from core.app import App, build
from core.cards_networks import expiry_words
from core.manifest import Credential, Manifest, Verified
from core.settings import Settings

Ask = Callable[[str], str]
"""Asks without showing what is typed; an empty answer leaves the value out."""

Say = Callable[[str], object]


async def connect(settings: Settings, network: str, team: str, ask: Ask, say: Say) -> None:
    """Ask for a network's key, try it and store it, for a team or (empty) the whole installation.

    Raises InputError, SettingsError without CLOUT_SECRET_KEYS, and the network's refusal, each with nothing stored.
    """
    async with build(settings) as app:
        source = app.networks.source(network)
        app.networks.check()  # before anybody has typed a secret in vain
        manifest = source.connector.manifest
        if manifest.setup_url:
            say(f"{manifest.label}: keys come from {manifest.setup_url}")
        wanted = [credential for credential in manifest.credentials if credential.asked]
        typed = {credential.name: ask(_question(credential)) for credential in wanted}
        tried = await app.networks.connect(manifest.name, team, typed, by="terminal")
        for line in _told(manifest, tried, team, app.clock.now()):
            say(line)
        await _warn(app, settings, manifest, team, say)


async def disconnect(settings: Settings, network: str, team: str, say: Say) -> bool:
    """Delete a key that was connected; returns whether there was one. Raises UnknownNetwork."""
    async with build(settings) as app:
        name = network.strip().lower()
        gone = await app.networks.disconnect(name, team)
        manifest = app.manifests[name]
        say(f"{manifest.label}: {'the key is deleted' if gone else 'no key was connected'}{_whose(team)}.")
        left = await app.networks.obstacle(name, team)
        if gone and not left and manifest.credentials:
            say(f"{manifest.label} can still be read: with another key, or without one.")
    return gone


def _question(credential: Credential) -> str:
    optional = "" if credential.required else " (optional: Enter leaves it out)"
    return f"{credential.help}\n{credential.name}{optional}"


def _told(manifest: Manifest, tried: Verified | None, team: str, now: datetime) -> list[str]:
    if tried is None:
        lines = [f"{manifest.label}: stored, encrypted{_whose(team)}; it could not be tried before it is used."]
    else:
        whose = f" as {tried.whose}" if tried.whose else ""
        lines = [f"{manifest.label} takes the key{whose}; stored, encrypted{_whose(team)}."]
        lines += tried.notes
        if tried.expires_at is not None:
            ends = figures.day(tried.expires_at, "UTC", now=now)
            lines.append(expiry_words(tried.expires_at, now, "UTC") or f"It ends on {ends}")
    return [line if line.endswith(".") else f"{line}." for line in lines]


async def _warn(app: App, settings: Settings, manifest: Manifest, team: str, say: Say) -> None:
    """Say what still stands in the way: a setting, or the environment's own key that wins."""
    obstacle = await app.networks.obstacle(manifest.name, team)
    if obstacle:
        say(f"Not read yet: {obstacle}")
    there = [c.name for c in manifest.credentials if c.asked and c.name in settings.network(manifest.name).values]
    if there and not team:
        names = ", ".join(f"CLOUT_{manifest.name}__{name}".upper() for name in there)
        say(f"{names} stands in the environment and wins over the stored key.")


def _whose(team: str) -> str:
    return f" for the team {team}" if team else ""
