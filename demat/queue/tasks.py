"""Wake-ups that workers on several machines share: Procrastinate on PostgreSQL (decision 6).

Nothing of value lives there. A task says « look at this authority », the store says what is to be
done: a task that is lost is planned again at the next minute, one that is done twice finds nothing
left to do. That is why the tables lie in a schema of their own, which may be dropped at any time,
and which a new version of Procrastinate makes anew instead of migrating it.
"""

import asyncio
import importlib.metadata
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from demat.faults import Fault, FaultError
from demat.queue.measures import Backlog
from demat.queue.postgresql import fault_of
from demat.tracing import continued, span, trace_parent

__all__ = ["TaskQueue"]

logger = logging.getLogger(__name__)

MINUTE = "minute"
STALLED = 60.0
"""Seconds without a sign of life after which the tasks of a worker are ended."""
_OWN_THREADS = 2
"""Threads for the plan and for a pause, besides those of the tasks."""
AGAIN = 5.0
"""Seconds before a worker that lost the database tries again."""
_LOOK = 5
"""Seconds that a look at what waits may take: whoever looks must not hang."""
_BACKLOG = """
SELECT job.task_name, count(*),
       coalesce(
         extract(epoch FROM clock_timestamp() - min(greatest(event.at, job.scheduled_at))), 0
       )::float
  FROM procrastinate_jobs job
  LEFT JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
 WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
 GROUP BY job.task_name
"""


class TaskQueue:
    """The tasks of one installation; every worker opens its own."""

    def __init__(self, url: str, *, stalled: float = STALLED, minute: str = "* * * * *") -> None:
        """Make the tables when they are missing; they belong to this version of Procrastinate.

        :param url: SQLAlchemy address of the database, which is a PostgreSQL.
        :param stalled: seconds without a sign of life after which a worker is held for dead.
        :param minute: when the plan is made and the dead are looked for, as cron says it; a sixth
            field counts seconds.
        :raises FaultError: ``QUE-UNREACHABLE``, ``QUE-BUSY``, ``QUE-DISK``.
        """
        conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        version = ".".join(importlib.metadata.version("procrastinate").split(".")[:2])
        schema = f"demat_taches_{version.replace('.', '_')}"
        options = f"-c search_path={schema} -c synchronous_commit=off"  # see the head of the file
        try:
            _make_tables(conninfo, schema, options)
        except psycopg.OperationalError as error:  # away, or gone in the middle
            fault = fault_of(error)
            if fault is None:
                raise
            raise FaultError(fault) from error
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo, min_size=1, max_size=4, kwargs={"options": options}
        )
        looking = f"{options} -c statement_timeout={_LOOK}s"
        self._look = partial(
            psycopg.connect, conninfo, options=looking, connect_timeout=_LOOK, autocommit=True
        )
        self._app = procrastinate.App(connector=connector)
        self._names = [MINUTE]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stalled = stalled
        self._plan: Callable[[datetime], None] | None = None
        # always there: without any periodic task, a worker does not see its connections fail
        task = self._app.task(name=MINUTE, priority=100, queueing_lock=MINUTE)(self._minute)
        self._app.periodic(cron=minute)(task)

    def declare(self, name: str, action: Callable[..., None]) -> None:
        """Say what a task does; it runs in a thread of its own, a span of whoever asked for it."""

        def task(trace: str = "", **arguments: str) -> None:
            with continued(trace), span("task", task=name, siren=arguments.get("siren")):
                action(**arguments)

        self._app.task(name=name)(task)
        self._names.append(name)

    def every_minute(self, plan: Callable[[datetime], None]) -> None:
        """Have ``plan`` called once a minute, by one worker of all; with the instant, UTC."""
        self._plan = plan

    def defer(
        self, name: str, *, lock: str, priority: int = 0, seconds: int = 0, **arguments: str
    ) -> bool:
        """Ask for a task, unless the same one waits already; safe from any thread.

        :param lock: tasks of one lock never run at the same time, on any machine.
        :param seconds: how long it waits at least.
        :returns: whether it was added.
        """
        same = " ".join([name, *arguments.values()])
        parent = trace_parent()
        if parent:
            arguments["trace"] = parent
        asked = self._app.configure_task(
            name,
            lock=lock,
            queueing_lock=same,
            priority=priority,
            schedule_in={"seconds": seconds} if seconds else None,
            allow_unknown=False,
        )
        try:
            if self._loop is None:
                asked.defer(**arguments)
            else:  # the pool belongs to the loop of the worker
                waiting = asked.defer_async(**arguments)
                asyncio.run_coroutine_threadsafe(waiting, self._loop).result()
        except AlreadyEnqueued:
            return False
        return True

    def waiting(self) -> int:
        """Return how many tasks wait or run."""
        return len(list(self._app.job_manager.list_jobs()))

    def backlog(self) -> tuple[Backlog, ...]:
        """Return what could begin and waits for a worker, by name; safe from any thread.

        A task waits while the workers are busy, or another one holds its lock. Those that were
        asked for later do not count yet; a name of which none waits is told with 0.

        :raises FaultError: ``QUE-TASKS`` when nobody can tell.
        """
        try:
            with self._look() as connection:
                found = {name: rest for name, *rest in connection.execute(_BACKLOG)}
        except psycopg.Error as error:
            params = {"raison": " ".join(str(error).split())}
            raise FaultError(Fault(code="QUE-TASKS", params=params)) from error
        names = sorted({*self._names, *found})
        waiting = ((name, *found.get(name, (0, 0.0))) for name in names)
        return tuple(Backlog(task=name, count=count, seconds=age) for name, count, age in waiting)

    def open(self) -> None:
        """Open for :meth:`defer` and :meth:`waiting` outside of :meth:`run`."""
        self._app.open()

    def close(self) -> None:
        """Undo :meth:`open`."""
        self._app.close()

    def run(self, stop: threading.Event, *, concurrency: int, name: str) -> None:
        """Work until ``stop`` is set; what is under way ends first.

        A database that goes away is waited for.
        """
        asyncio.run(self._run(stop, concurrency, name))

    async def _run(self, stop: threading.Event, concurrency: int, name: str) -> None:
        # asyncio has a few threads only, by the number of processors: tasks wait for the line
        threads = ThreadPoolExecutor(concurrency + _OWN_THREADS, thread_name_prefix="task")
        asyncio.get_running_loop().set_default_executor(threads)
        while not stop.is_set():
            try:
                async with self._app.open_async():
                    self._loop = asyncio.get_running_loop()
                    await self._work(stop, concurrency, name)
            except (ConnectorException, psycopg.Error, OSError) as error:
                logger.warning("the database is away: %s", error, extra={"action": "worker"})
            finally:
                self._loop = None
            if not stop.is_set():
                await asyncio.to_thread(stop.wait, AGAIN)

    async def _work(self, stop: threading.Event, concurrency: int, name: str) -> None:
        work = asyncio.create_task(
            self._app.run_worker_async(
                name=name,
                concurrency=concurrency,
                delete_jobs=procrastinate.jobs.DeleteJobCondition.ALWAYS,
                install_signal_handlers=False,
                update_heartbeat_interval=self._stalled / 6,
                stalled_worker_timeout=self._stalled,
            )
        )
        while not stop.is_set() and not work.done():
            await asyncio.wait([work], timeout=0.2)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    async def _minute(self, timestamp: int) -> None:
        await self._forget_the_dead()
        if self._plan is not None:
            await asyncio.to_thread(self._planned, datetime.fromtimestamp(timestamp, UTC))

    def _planned(self, minute: datetime) -> None:
        if self._plan is not None:
            with span("plan"):
                self._plan(minute)

    async def _forget_the_dead(self) -> None:
        """End the tasks of workers that died: their locks would else stay shut.

        They are not given to others: the plan asks for what is still due, and the same task may
        wait already, which would then stand in the way of its own twin.
        """
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled):
            logger.warning("task %s of a dead worker is ended", job.task_name)
            await manager.finish_job(job, procrastinate.jobs.Status.ABORTED, delete_job=True)


def _make_tables(conninfo: str, schema: str, options: str) -> None:
    with psycopg.connect(conninfo, options=options) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [schema])
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
        row = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if row is not None and row[0] is None:
            connection.execute(SchemaManager.get_schema().encode())
