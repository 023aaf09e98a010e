"""Small readings of made-up networks, for tests of what several accounts come to."""

from datetime import UTC, datetime, timedelta

from core.models import NetworkReading, NetworkScore, Post, Profile, Snapshot

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def post(name: str, days: float, likes: int | None = 1) -> Post:
    return Post(network="toy", native_id=name, created_at=NOW - timedelta(days=days), likes=likes)


def profile(network: str = "toy", handle: str = "glow", **more: object) -> Profile:
    values = {"network": network, "native_id": f"{network}-1", "handle": handle, "fetched_at": NOW, **more}
    return Profile.model_validate(values)


def snapshot(*posts: Post, reach: float | None = 90) -> Snapshot:
    start = None if reach is None else NOW - timedelta(days=reach)
    return Snapshot(profile=profile(), posts=posts, complete_from=start)


def score(value: float | None, state: str = "ok", network: str = "toy") -> NetworkScore:
    values = {
        "network": network,
        "state": state,
        "score": value,
        "low": value,
        "high": value,
        "as_of": NOW,
        "model_version": "m",
        "weights_version": "w",
    }
    return NetworkScore.model_validate(values)


def reading(value: float | None, network: str = "toy", failed: bool = False, **more: object) -> NetworkReading:
    values = {
        "network": network,
        "status": "upstream_error" if failed else "ok",
        "handle": "glow",
        "native_id": f"{network}-1",
        "profile": profile(network),
        "score": score(value, network=network),
        "failure": {"network": network, "error": "Unavailable", "message": "m"} if failed else None,
        **more,
    }
    return NetworkReading.model_validate(values)
