"""Who carries a message, where several processes share a database."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from pathlib import Path

from core.database import open_database
from core.jobs_work import deliver_work
from core.leases import LEASE, Leases
from core.messenger import Platform
from tests.core.stored_readings import HandClock


class Outbox:
    """Notes who was asked to deliver."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def deliver(self, key: str) -> str:
        self.asked.append(key)
        return "sent"


async def test_who_is_not_connected_to_a_platform_keeps_nobody_else_from_posting_there(tmp_path: Path) -> None:
    clock, outbox = HandClock(), Outbox()

    async def on_slack(key: str) -> Platform | None:
        return "slack"

    async with open_database(f"sqlite:///{tmp_path}/clout.db") as database:

        def process(name: str, platforms: Collection[Platform]) -> tuple[Leases, Callable[[str], Awaitable[str]]]:
            leases = Leases(database, clock, name)
            return leases, deliver_work(outbox, on_slack, leases, platforms)

        here, work_here = process("with slack", ["slack", "terminal"])
        _, work_there = process("with discord", ["discord", "terminal"])
        assert await here.hold("send:slack")
        assert await work_there("digest:1:2026-W47") == "another process posts on slack"
        clock.moment += LEASE + timedelta(seconds=1)  # a pause: the lease has run out
        assert await work_there("digest:1:2026-W47") == "sent", "so that it is said why nothing is posted"
        assert await work_here("digest:1:2026-W47") == "sent"
        assert await here.hold("send:slack"), "it was never taken from who can post"
        assert len(outbox.asked) == 2
