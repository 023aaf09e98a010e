"""Accounts that answer to one name: the strongest of them, and what ties the others to it.

Pure: no clock, no store, no network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from core.models import Candidate, NetworkReading, Profile


def strongest(networks: Sequence[NetworkReading]) -> NetworkReading:
    """Return the account to show when several answer to a bare name: highest score, then most followers."""
    return max(networks, key=_strength)


def _strength(reading: NetworkReading) -> tuple[float, int, str]:
    score = reading.score.score if reading.score is not None else None
    followers = reading.profile.followers if reading.profile is not None else None
    return (score or 0.0, followers or 0, reading.network)


def candidates(
    shown: NetworkReading,
    others: Iterable[NetworkReading],
    addresses: Callable[[str], tuple[str, str] | None],
    labels: Mapping[str, str],
) -> tuple[Candidate, ...]:
    """Return the other accounts with the evidence that they are the same creator.

    `addresses` turns a profile address into (network, handle), or None when it is no profile; `labels` are the
    networks' names for people.
    """
    return tuple(
        Candidate(
            network=other.network,
            handle=other.handle,
            native_id=other.native_id or "",
            score=other.score.score if other.score is not None else None,
            followers=other.profile.followers if other.profile is not None else None,
            evidence=evidence(shown, other, addresses, labels),
        )
        for other in others
    )


def evidence(
    one: NetworkReading,
    other: NetworkReading,
    addresses: Callable[[str], tuple[str, str] | None],
    labels: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what both creators published that ties the accounts together; never a guess from names or pictures."""
    if one.profile is None or other.profile is None:
        return ()
    found = []
    for source, target in ((one, other), (other, one)):
        assert source.profile is not None
        here, there = (labels.get(reading.network, reading.network) for reading in (source, target))
        if _points_to(source.profile.verified_links, target, addresses):
            found.append(f"verified link on {here} to the {there} account")
        elif _points_to(source.profile.links, target, addresses):
            found.append(f"{here} profile links to the {there} account")
    shared = _own_domains(one.profile) & _own_domains(other.profile)
    found += [f"both use the domain {domain}" for domain in sorted(shared)]
    return tuple(found)


def _points_to(
    links: Iterable[str], target: NetworkReading, addresses: Callable[[str], tuple[str, str] | None]
) -> bool:
    return any(addresses(link) == (target.network, target.handle) for link in links)


_SHARED_HOSTS = ("bsky.social", "github.io", "mastodon.social", "linktr.ee", "github.com", "youtube.com", "x.com")


def _own_domains(profile: Profile) -> set[str]:
    """Return domains that the account itself controls: its domain handle, and web sites that its profile verifies."""
    hosts = {urlsplit(link).hostname or "" for link in profile.verified_links}
    if profile.network == "bluesky":
        hosts.add(profile.handle)
    elif profile.network == "mastodon":
        hosts.add(profile.handle.rpartition("@")[2])
    return {host.removeprefix("www.") for host in hosts if "." in host and not host.endswith(_SHARED_HOSTS)}
