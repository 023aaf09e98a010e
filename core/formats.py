"""The machine formats: what `--json` prints, keys in a fixed order, times in ISO 8601 UTC."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.errors import CloutError, SourceError, Unavailable
from core.models import Failure, NetworkReading, Post, Reading
from core.weights import CURRENT


def lookup_json(reading: Reading, posts: Mapping[tuple[str, str], Sequence[Post]]) -> dict[str, object]:
    """Return one lookup as a JSON object; `posts` are those of the window by network and native id."""
    score = reading.score
    return {
        "handle": reading.handle,
        "state": score.state,
        "score": score.score,
        "range": None if score.low is None else [score.low, score.high],
        "model_version": score.model_version,
        "weights_version": score.weights_version,
        "networks": [_network(one, posts.get((one.network, one.native_id or ""), ())) for one in reading.networks],
        "errors": [_failure(network.failure) for network in reading.networks if network.failure is not None],
    }


def failed_lookup_json(handle: str, error: CloutError) -> dict[str, object]:
    """Return a lookup that found nothing in the same shape, so that a script needs one reader."""
    return {
        "handle": handle,
        "state": None,
        "score": None,
        "range": None,
        "model_version": CURRENT.model_version,
        "weights_version": CURRENT.weights_version,
        "networks": [],
        "errors": [_error(cause) for cause in (error.causes if isinstance(error, Unavailable) else ()) or (error,)],
    }


def _error(error: CloutError) -> dict[str, object]:
    return {
        "network": error.network or None if isinstance(error, SourceError) else None,
        "error": type(error).__name__,
        "message": error.message,
        "retry_at": _iso(error.retry_at),
    }


def _network(reading: NetworkReading, posts: Sequence[Post]) -> dict[str, object]:
    return {
        "network": reading.network,
        "native_id": reading.native_id,
        "status": reading.status,
        "score": reading.score.score if reading.score is not None else None,
        "profile": reading.profile.model_dump(mode="json") if reading.profile is not None else None,
        "posts": [post.model_dump(mode="json") for post in posts],
    }


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "network": failure.network,
        "error": failure.error,
        "message": failure.message,
        "retry_at": _iso(failure.retry_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
