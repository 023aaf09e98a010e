"""What is counted and timed for Prometheus: lookups, networks' errors and allowances, jobs, deliveries, the loop."""

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from core.errors import CloutError, SourceError
from core.lookup import Lookups, Show
from core.models import Reading

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)  # a warm lookup is the first, 25 s the limit


class Meters:
    """The meters of one process, in a registry of their own."""

    content_type: str = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._registry = registry
        # an outcome is the name of an error's class or "found": a short list, never what somebody typed
        self.lookups = Counter("clout_lookups", "Lookups, by how they ended.", ["outcome"], registry=registry)
        self.seconds = Histogram("clout_lookup_seconds", "How long lookups took.", buckets=SECONDS, registry=registry)
        self.ticks = Counter("clout_ticks", "Times it was asked what is due.", registry=registry)
        self.faults = Counter("clout_job_faults", "Jobs and steps of the ticker that failed.", registry=registry)
        self.waiting = Gauge("clout_jobs_waiting", "Jobs that wait or run.", ["queue"], registry=registry)
        self.deliveries = Counter(
            "clout_deliveries", "Deliveries, by what became of them.", ["state"], registry=registry
        )
        self.errors = Counter(
            "clout_network_errors", "Lookups that a network did not answer.", ["network", "error"], registry=registry
        )
        self.failing = Gauge(
            "clout_accounts_failing", "Tracked accounts whose last try failed.", ["network", "error"], registry=registry
        )
        self.left = Gauge(
            "clout_budget_left", "What is left of an allowance.", ["network", "unit", "window"], registry=registry
        )
        self.lag = Gauge("clout_loop_lag_seconds", "How late the loop was at most since a tick.", registry=registry)

    def text(self) -> bytes:
        """Return everything measured in Prometheus' text format."""
        return generate_latest(self._registry)


class MeteredLookups(Lookups):
    """The lookups of an app, counted and timed."""

    _meters: Meters

    @classmethod
    def over(cls, lookups: Lookups, meters: Meters) -> "MeteredLookups":
        """Return `lookups` with meters; both share everything else, so that closing one closes both."""
        metered = cls.__new__(cls)
        shared: Mapping[str, object] = vars(lookups)
        vars(metered).update(shared)
        metered._meters = meters
        return metered

    async def lookup(
        self, team: str, text: str, *, network: str | None = None, fresh: bool = False, show: Show | None = None
    ) -> Reading:
        """See Lookups.lookup."""
        with self._meters.seconds.time():
            try:
                found = await super().lookup(team, text, network=network, fresh=fresh, show=show)
            except CloutError as error:
                self._meters.lookups.labels(type(error).__name__).inc()
                if isinstance(error, SourceError):
                    self._meters.errors.labels(error.network, type(error).__name__).inc()
                raise
        self._meters.lookups.labels("found").inc()
        for one in found.networks:
            if one.failure is not None:
                self._meters.errors.labels(one.network, one.failure.error).inc()
        return found
