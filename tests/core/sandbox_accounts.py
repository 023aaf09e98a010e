"""The sandbox's invented accounts as house types at one moment, without a server between."""

from datetime import UTC, datetime, timedelta

from core.models import FollowerReading, Kind, Post, Profile
from sandbox.timeline import KIND_NAMES
from sandbox.world import Account

KINDS: tuple[Kind, ...] = KIND_NAMES  # type: ignore[assignment]
_VIEWED = ("instagram", "tiktok", "x", "youtube")


def profile_of(account: Account, moment: datetime) -> Profile:
    at = moment.timestamp()
    return Profile(
        network=account.network,
        native_id=account.native_id,
        handle=account.handle,
        followers=account.followers(at),
        following=account.plan.following,
        fetched_at=moment,
    )


def posts_of(account: Account, moment: datetime) -> tuple[Post, ...]:
    """Every post of the last 91 days, with the counts of the moment."""
    line, at = account.timeline, moment.timestamp()
    shown = line.visible(at)
    shown = shown[line.at[shown] > at - 91 * 86_400]
    counts = line.counts(shown, at)
    return tuple(
        Post(
            network=account.network,
            native_id=str(index),
            created_at=datetime.fromtimestamp(float(line.at[index]), UTC),
            kind=KINDS[line.kind[index]],
            likes=int(row[0]),
            replies=int(row[1]),
            reposts=int(row[2]),
            quotes=int(row[3]),
            views=int(row[5]) if account.network in _VIEWED else None,
        )
        for index, row in zip(shown.tolist(), counts.tolist(), strict=True)
    )


def daily_followers(account: Account, moment: datetime, days: int = 90) -> tuple[FollowerReading, ...]:
    """One reading a day, as a tracked account has."""
    moments = (moment - timedelta(days=back) for back in range(days, 0, -1))
    return tuple(FollowerReading(fetched_at=at, followers=account.followers(at.timestamp())) for at in moments)
