"""Durable jobs: what is queued survives the process, runs on the event loop that started it, and is named by its key.

DBOS keeps the queues: an SQLite file beside the main database, or the PostgreSQL server. It answers "who runs it"; when
something is due is `core/jobs_ticker.py`'s business, and whether it was already done the work's own.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error
from dbos._dbos import _get_dbos_instance

from core.database import parse_url
from core.database_faults import plain_faults
from core.errors import CloutError, StoreError
from core.jobs_lock import only_process
from core.models import Model

APPLICATION_VERSION = "clout-1"  # for good: a changed workflow gets a new name, such as refresh.v2
LOCAL = "clout"  # the executor of an SQLite installation: a restarted process takes up what it left
KEPT = timedelta(days=7)  # finished jobs, so that they can be looked at
POLL_S = 1.0  # how often a queue is looked at; each look costs half a millisecond
CONNECTIONS = 6  # to the queues' database, kept by a process
ANSWER_S = 10.0  # DBOS itself would wait for a database that is away, and tick no more; we ask again at the next tick
STRAY_S = 30.0  # a job that stands as ours and does not run for so long was lost on its way to us
_PRUNED_AT_ONCE = 500
_MOST_ACTIVE = 10_000
_ACTIVE = ["ENQUEUED", "PENDING", "DELAYED"]
_FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

log = structlog.get_logger("clout.jobs")

Work = Callable[[str], Awaitable[str]]
"""Does a job with its argument and returns in a word how it went; doing it twice does no harm."""

Workflow = Callable[[str], Coroutine[Any, Any, str]]
Guard = Callable[[str, Callable[[], Awaitable[str]]], Awaitable[str]]


class Job(Model):
    """One piece of work: `name` is the workflow with its version, `key` is what makes it one and the same job.

    `part` is the part of a queue in parts.
    """

    name: str
    queue: str
    key: str
    argument: str = ""
    part: str = ""


class QueueRule(Model):
    """A queue: how many of its jobs one process runs at a time; of one `in_parts`, how many of each part."""

    name: str
    at_once: int = 4
    in_parts: bool = False
    poll: float = POLL_S


class Faults:
    """The job guard: whatever a job raises ends here, with a reference code in the log and in what is kept of the job.

    `reference` makes the codes; `note` hears of each fault.
    """

    def __init__(self, reference: Callable[[], str], note: Callable[[str], Awaitable[None]]) -> None:
        self._reference = reference
        self._note = note
        self.count = 0

    async def guard(self, what: str, work: Callable[[], Awaitable[str]]) -> str:
        """Do `work` and return what it returns, or `failed: ...` with the reason; raises nothing but cancellation."""
        try:
            return await work()
        except CloutError as error:
            log.warning("job refused", job=what, error=type(error).__name__)
            return await self._told(f"{what}: {error.message}")
        except Exception as error:  # the job guard (DESIGN 6): one job's fault is no other's
            reference = self._reference()
            log.exception("job failed", job=what, reference=reference)
            return await self._told(f"{what}: {type(error).__name__}, reference {reference}")

    async def _told(self, fault: str) -> str:
        self.count += 1
        try:
            await self._note(fault)
        except StoreError:  # the database may be the very fault
            log.warning("a fault could not be kept", fault=fault)
        return f"failed: {fault}"


class Jobs:
    """The queues of one process. One at a time in a process: DBOS knows no second.

    `url` is the main database's address, `works` what each workflow name does. `listen` names the queues whose jobs
    this process runs, all of them by default.
    """

    def __init__(
        self,
        url: str,
        queues: Sequence[QueueRule],
        works: Mapping[str, Work],
        guard: Guard,
        *,
        executor: str = LOCAL,
        listen: Sequence[str] | None = None,
    ) -> None:
        self._url = url
        self._queues = {rule.name: rule for rule in queues}
        self._works = works
        self._guard = guard
        self._executor = executor
        self._listen = None if listen is None else list(listen)
        self._workflows: dict[str, Workflow] = {}
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._strays: dict[str, float] = {}
        self._held = ExitStack()
        self._started = False

    @property
    def running(self) -> int:
        """How many jobs this process is doing."""
        return len(self._running)

    @property
    def started(self) -> bool:
        """Whether jobs are taken."""
        return self._started

    async def start(self) -> None:
        """Take up what was left and begin; raises StoreError, as when another process has the SQLite database."""
        address = self._prepared()
        _keep_quiet()
        try:
            with plain_faults():
                DBOS(config=self._config(address))
                self._workflows = {name: self._workflow(name, work) for name, work in self._works.items()}
                if self._listen is not None:
                    DBOS.listen_queues(self._listen)
                DBOS.launch()
                for rule in self._queues.values():
                    await self._register(rule)
        except BaseException:
            await self._destroy(0)
            self._held.close()
            raise
        self._started = True

    def _prepared(self) -> str:
        """Return the address of DBOS's database; on SQLite a file beside ours, and this process's alone from now on."""
        parsed = parse_url(self._url)
        if parsed.get_backend_name() != "sqlite":
            return parsed.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
        if parsed.database in {None, "", ":memory:"}:
            raise StoreError("Jobs need a database file: CLOUT_DATABASE_URL=sqlite:///PATH")
        path = jobs_file(Path(str(parsed.database)))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._held.enter_context(only_process(lock_file(path)))
        try:
            with plain_faults():
                path.touch(0o600)
                conn = sqlite3.connect(path)
                conn.execute("PRAGMA journal_mode=WAL")  # kept in the file: DBOS's own connections follow
                conn.close()
        except StoreError:
            self._held.close()
            raise
        return f"sqlite:///{path}"

    def _config(self, address: str) -> DBOSConfig:
        return DBOSConfig(
            name="clout",
            system_database_url=address,
            application_version=APPLICATION_VERSION,
            executor_id=self._executor,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            enable_otlp=False,
            scheduler_polling_interval_sec=3600.0,  # its schedules are not used (DESIGN 5)
            use_listen_notify=False,  # nor its messages: a connection and a thread that wakes 100 times a second less
            notification_listener_polling_interval_sec=0.25,  # the end waits for it; it looks at an empty list
            sys_db_pool_size=CONNECTIONS,
        )

    async def _register(self, rule: QueueRule) -> None:
        await DBOS.register_queue_async(
            rule.name,
            worker_concurrency=None if rule.in_parts else rule.at_once,
            partition_worker_concurrency=rule.at_once if rule.in_parts else None,
            polling_interval_sec=rule.poll,
            on_conflict="always_update",
        )

    def _workflow(self, name: str, work: Work) -> Workflow:
        @DBOS.workflow(name=name)
        async def run(argument: str) -> str:
            task, key = asyncio.current_task(), DBOS.workflow_id
            assert task is not None
            assert key is not None
            self._running[key] = task
            try:
                return await self._guard(name, lambda: work(argument))
            finally:
                if self._running.get(key) is task:
                    del self._running[key]

        return run

    def listen(self, queue: str) -> None:
        """Run the jobs of this queue too from now on."""
        if self._listen is None or queue in self._listen:
            return
        self._listen.append(queue)
        if self._started:  # DBOS has no call for it; its thread looks at the list every second
            listening = _get_dbos_instance()._listening_queues
            if listening is not None and queue not in listening:
                listening.append(queue)

    # --- the queues ---------------------------------------------------------------------------------------------------

    async def enqueue(self, wanted: Sequence[Job], now: datetime) -> int:
        """Queue jobs and return how many are new; one whose key waits or runs already is left alone.

        A key that was done before runs once more, under a name with the moment added; in a queue in parts it does not.
        Raises StoreError.
        """
        if not wanted:
            return 0
        async with _answering():
            before = await DBOS.list_workflows_async(
                workflow_ids=[job.key for job in wanted], load_input=False, load_output=False
            )
            done = {one.workflow_id for one in before}
            return sum([await self._enqueue(job, now if job.key in done else None) for job in wanted])

    async def _enqueue(self, job: Job, again: datetime | None) -> bool:
        if job.part and again is not None:
            return False
        name = job.key if again is None else f"{job.key}@{int(again.timestamp())}"
        # where a queue has parts, DBOS tells jobs apart by their names alone
        how = SetEnqueueOptions(queue_partition_key=job.part or None, deduplication_id=None if job.part else job.key)
        try:
            with SetWorkflowID(name), how:
                await DBOS.enqueue_workflow_async(job.queue, self._workflows[job.name], job.argument)
        except dbos_error.DBOSQueueDeduplicatedError:
            return False
        return True

    async def active(self) -> tuple[Job, ...]:
        """Return the jobs of all processes that wait or run; raises StoreError."""
        async with _answering():
            found = await DBOS.list_workflows_async(
                status=_ACTIVE, name=list(self._works), limit=_MOST_ACTIVE, load_output=False
            )
        return tuple(_job(one) for one in found)

    async def prune(self, now: datetime) -> int:
        """Delete the jobs that were finished a week ago; raises StoreError."""
        before = (now - KEPT).astimezone(UTC).isoformat()
        gone = 0
        async with _answering(6 * ANSWER_S):
            while found := await DBOS.list_workflows_async(
                status=_FINISHED, completed_before=before, limit=_PRUNED_AT_ONCE, load_input=False, load_output=False
            ):
                await DBOS.delete_workflows_async([one.workflow_id for one in found])
                gone += len(found)
        return gone

    async def take_over(self, executors: Sequence[str]) -> int:
        """Queue again what processes left that are dead; how many jobs. Raises StoreError."""
        if not executors:
            return 0
        async with _answering(6 * ANSWER_S):
            left = await self._pending(executors)
            await self._again(left)
        return len(left)

    async def take_back(self) -> int:
        """Queue again what stands as this process's and does not run here; how many jobs. Raises StoreError.

        A database that went away in the very moment a job was handed out leaves such ones: nobody else would ever
        take them, for this process lives.
        """
        now = asyncio.get_running_loop().time()
        async with _answering():
            idle = [one for one in await self._pending([self._executor]) if one.workflow_id not in self._running]
            self._strays = {one.workflow_id: self._strays.get(one.workflow_id, now) for one in idle}
            lost = [one for one in idle if now - self._strays[one.workflow_id] >= STRAY_S]
            await self._again(lost)
        return len(lost)

    async def _pending(self, executors: Sequence[str]) -> list[WorkflowStatus]:
        return await DBOS.list_workflows_async(
            status="PENDING", executor_id=list(executors), name=list(self._works), load_input=False, load_output=False
        )

    async def _again(self, left: Sequence[WorkflowStatus]) -> None:
        for one in left:
            queue = one.queue_name if one.queue_name in self._queues else None
            await DBOS.resume_workflow_async(one.workflow_id, queue_name=queue)

    # --- the end ------------------------------------------------------------------------------------------------------

    async def stop(self, seconds: float = 10.0) -> None:
        """Take nothing new, wait for what runs, and leave what takes longer to the next start."""
        if not self._started:
            return
        self._started = False
        ending = asyncio.create_task(self._destroy(seconds if self._running else 0))
        late = asyncio.get_running_loop().call_later(seconds, self._cancel)
        try:
            await ending
        finally:
            late.cancel()
            self._cancel()
            self._held.close()

    def _cancel(self) -> None:
        for task in list(self._running.values()):
            task.cancel()  # it stays pending, and is taken up at the next start

    async def _destroy(self, seconds: float) -> None:
        # From a thread of our own: it ends the threads that the loop's default executor consists of by now.
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "jobs-end") as own:
            await loop.run_in_executor(own, _destroy, int(seconds))
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="default"))


def jobs_file(database: Path) -> Path:
    """Return where the queues of an SQLite installation are kept."""
    return database.with_name(f"{database.stem}.jobs.db")


def lock_file(path: Path) -> Path:
    """Return the file whose lock says that a process runs these jobs."""
    return path.with_suffix(".lock")


@contextmanager
def only_run(url: str) -> Iterator[None]:
    """Let no other process run this SQLite installation meanwhile; raises StoreError when one does already.

    Held from before the first answer: the jobs take their own lock only once they start.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        yield
        return
    path = jobs_file(Path(str(parsed.database)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with only_process(path.with_suffix(".run.lock")):
        with only_process(lock_file(path)):
            pass
        yield


def free_to_run(url: str) -> None:
    """Raise StoreError when another process runs this SQLite installation."""
    with only_run(url):
        pass


@asynccontextmanager
async def _answering(seconds: float = ANSWER_S) -> AsyncIterator[None]:
    """Raise StoreError for whatever the database refuses, and when it takes too long."""
    try:
        with plain_faults():
            async with asyncio.timeout(seconds):
                yield
    except TimeoutError as err:
        raise StoreError("The database did not answer in time.") from err


def _destroy(seconds: int) -> None:
    DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)


def _keep_quiet() -> None:
    quiet = logging.getLogger("dbos")
    if not quiet.handlers:  # else it would print to the terminal in a form of its own
        quiet.addHandler(logging.NullHandler())


def _job(status: WorkflowStatus) -> Job:
    given = status.input["args"] if status.input else ()
    argument = str(given[0]) if given else ""
    key = status.deduplication_id or status.workflow_id.partition("@")[0]
    return Job(name=status.name, queue=status.queue_name or "", key=key, argument=argument)
