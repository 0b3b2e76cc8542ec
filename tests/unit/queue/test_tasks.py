"""The tasks that workers share, on a real PostgreSQL."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
import pytest

from demat.faults import FaultError
from demat.queue.tasks import TaskQueue
from demat.tracing import span, watching
from tests.postgres import NewDatabase, PostgresServer, own_server, task_tables
from tests.unit.test_tracing import Recorder

__all__ = ["own_server"]

PATIENCE = 60
"""Seconds after which a test gives up; nothing is measured."""


@pytest.fixture
def url(postgres_empty: NewDatabase) -> str:
    return postgres_empty()


@contextmanager
def working(*queues: TaskQueue, concurrency: int = 4) -> Iterator[None]:
    """Let workers work for the length of a block."""
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=queue.run,
            args=(stop,),
            kwargs={"concurrency": concurrency, "name": f"worker-{rank}"},
        )
        for rank, queue in enumerate(queues)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@contextmanager
def opened(queue: TaskQueue) -> Iterator[TaskQueue]:
    queue.open()
    try:
        yield queue
    finally:
        queue.close()


class Work:
    """Records what ran, and how much of it at the same time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.done: list[str] = []
        self.most = 0
        self._seconds = seconds
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, siren: str) -> None:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        time.sleep(self._seconds)
        with self._lock:
            self._running -= 1
            self.done.append(siren)


def test_as_many_tasks_work_as_were_asked_for_whatever_the_processors(url: str) -> None:
    work = Work(3)
    queue = TaskQueue(url)
    queue.declare("sending", work)
    with opened(queue):
        for rank in range(40):
            queue.defer("sending", lock=str(rank), siren=str(rank))
    with working(queue, concurrency=40):
        until(lambda: len(work.done) == 40)
    assert work.most == 40


def test_a_database_that_is_away_is_told_in_words(own_server: PostgresServer) -> None:
    url = own_server.url(own_server.new_database())
    own_server.kill()
    with pytest.raises(FaultError) as caught:
        TaskQueue(url)
    assert caught.value.faults.codes == ("QUE-UNREACHABLE",)


def test_a_task_that_waits_already_is_not_added_twice(url: str) -> None:
    work = Work()
    queue = TaskQueue(url)
    queue.declare("sending", work)
    with opened(queue):
        assert queue.defer("sending", lock="1", siren="1")
        assert not queue.defer("sending", lock="1", siren="1")
        assert queue.defer("sending", lock="2", siren="2")
        assert queue.waiting() == 2
    with working(queue):
        until(lambda: len(work.done) == 2)
    assert sorted(work.done) == ["1", "2"]
    with opened(queue):
        assert queue.waiting() == 0
        assert queue.defer("sending", lock="1", siren="1")


@pytest.mark.parametrize(("locks", "most"), [(("1", "1", "1", "1"), 1), (("1", "2", "3", "4"), 4)])
def test_what_holds_one_lock_never_runs_at_the_same_time(
    url: str, locks: tuple[str, ...], most: int
) -> None:
    work = Work(0.5)
    queues = [TaskQueue(url), TaskQueue(url)]
    for queue in queues:
        queue.declare("sending", work)
    with opened(queues[0]) as queue:
        for rank, lock in enumerate(locks):
            queue.defer("sending", lock=lock, siren=str(rank))
    with working(*queues):
        until(lambda: len(work.done) == len(locks))
    assert work.most == most


def test_the_plan_of_a_minute_is_made_by_one_worker(url: str) -> None:
    minutes: list[datetime] = []
    queues = [TaskQueue(url), TaskQueue(url), TaskQueue(url)]
    for queue in queues:
        queue.every_minute(minutes.append)
    with working(*queues):
        until(lambda: len(minutes) > 0)
        time.sleep(2)  # the others have their chance
    assert len(set(minutes)) == len(minutes)
    assert len(minutes) <= 2  # the test may run over the turn of a minute
    assert all(minute.second == 0 for minute in minutes)


def test_the_plan_asks_for_tasks(url: str) -> None:
    work = Work()
    queue = TaskQueue(url)
    queue.declare("sending", work)

    def plan(_minute: datetime) -> None:
        for siren in ("1", "2", "3"):
            queue.defer("sending", lock=siren, siren=siren)

    queue.every_minute(plan)
    with working(queue):
        until(lambda: len(work.done) >= 3)
    assert set(work.done) == {"1", "2", "3"}


def counts(queue: TaskQueue) -> dict[str, int]:
    return {one.task: one.count for one in queue.backlog()}


def ages(queue: TaskQueue) -> dict[str, int]:
    """Return since how many minutes the tasks of each name wait."""
    return {one.task: int(one.seconds // 60) for one in queue.backlog()}


def test_what_waits_is_told_by_name_with_its_age(url: str) -> None:
    queue = TaskQueue(url)
    for name in ("sending", "answers", "night"):
        queue.declare(name, Work())
    assert counts(queue) == {"answers": 0, "minute": 0, "night": 0, "sending": 0}
    assert set(ages(queue).values()) == {0}
    with opened(queue):
        queue.defer("sending", lock="1", siren="1")
        queue.defer("sending", lock="1", siren="2")
        queue.defer("answers", lock="1", siren="1")
        queue.defer("answers", lock="2", siren="2", seconds=3600)  # asked for later
        queue.defer("answers", lock="3", siren="3", seconds=3600)
    assert counts(queue) == {"answers": 1, "minute": 0, "night": 0, "sending": 2}
    with task_tables(url) as connection:
        connection.execute("UPDATE procrastinate_events SET at = at - interval '90 minutes'")
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = 1")
        connection.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() - interval '8 minutes' "
            "WHERE args ->> 'siren' = '3' OR task_name = 'sending'"
        )
    assert counts(queue) == {"answers": 2, "minute": 0, "night": 0, "sending": 1}
    assert ages(queue) == {"answers": 90, "minute": 0, "night": 0, "sending": 8}


def test_tasks_of_another_version_are_told_too(url: str) -> None:
    other = TaskQueue(url)
    other.declare("retired", Work())
    with opened(other):
        other.defer("retired", lock="1", siren="1")
    assert counts(TaskQueue(url)) == {"minute": 0, "retired": 1}


def test_nobody_knows_what_waits_when_the_tables_are_gone(url: str) -> None:
    queue = TaskQueue(url)
    with task_tables(url) as connection:
        connection.execute("DROP TABLE procrastinate_jobs CASCADE")
    with pytest.raises(FaultError) as caught:
        queue.backlog()
    assert caught.value.faults.codes == ("QUE-TASKS",)


def test_a_dead_worker_keeps_no_lock_even_when_its_task_waits_again(url: str) -> None:
    work, minutes = Work(), list[datetime]()
    queue = TaskQueue(url, stalled=2)
    queue.declare("sending", work)
    queue.every_minute(minutes.append)
    with opened(queue):
        queue.defer("sending", lock="1", siren="1")
    with task_tables(url) as connection:
        (dead,) = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') "
            "RETURNING id"
        ).fetchone() or (0,)
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [dead])
    with opened(queue):
        assert queue.defer("sending", lock="1", siren="1")  # by the plan of another worker
    with working(queue):
        until(lambda: work.done == ["1"] and len(minutes) > 0)
    with opened(queue):
        assert queue.waiting() == 0


def test_a_task_that_fails_leaves_the_others(url: str, caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    queue = TaskQueue(url)

    def sending(siren: str) -> None:
        if siren == "1":
            raise KeyError(siren)
        work(siren)

    queue.declare("sending", sending)
    with opened(queue):
        queue.defer("sending", lock="1", siren="1")
        queue.defer("sending", lock="1", siren="2")
    with working(queue):
        until(lambda: work.done == ["2"])
    assert any("KeyError" in (record.exc_text or "") for record in caplog.records)
    with opened(queue):
        assert queue.waiting() == 0


def test_what_is_under_way_ends_before_the_worker(url: str) -> None:
    started, work = threading.Event(), Work(1)
    queue = TaskQueue(url)

    def sending(siren: str) -> None:
        started.set()
        work(siren)

    queue.declare("sending", sending)
    with opened(queue):
        queue.defer("sending", lock="1", siren="1")
        queue.defer("sending", lock="1", siren="2")
    with working(queue):
        assert started.wait(PATIENCE)
    assert work.done == ["1"]


def test_tables_that_were_dropped_are_made_again(url: str) -> None:
    work = Work()
    with opened(TaskQueue(url)) as queue:
        queue.declare("sending", work)
        queue.defer("sending", lock="1", siren="1")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for (schema,) in connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'demat_taches%'"
        ).fetchall():
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
    with opened(TaskQueue(url)) as queue:
        assert queue.waiting() == 0


def test_a_database_that_goes_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demat.queue.tasks.AGAIN", 0.2)
    server = PostgresServer({})
    work = Work()
    try:
        server.start()
        address = server.url(server.new_database())
        queue = TaskQueue(address, stalled=3)
        queue.declare("sending", work)
        with working(queue):
            with opened(TaskQueue(address)) as other:
                other.declare("sending", work)
                other.defer("sending", lock="1", siren="1")
                until(lambda: work.done == ["1"] and other.waiting() == 0)  # its end is recorded
            server.stop()
            time.sleep(1)
            server.start()
            with opened(TaskQueue(address)) as other:
                other.declare("sending", work)
                other.defer("sending", lock="1", siren="2")
                until(lambda: work.done == ["1", "2"])
    finally:
        server.remove()


def test_the_minutes_are_told_in_utc(url: str) -> None:
    minutes: list[datetime] = []
    queue = TaskQueue(url)
    queue.every_minute(minutes.append)
    with working(queue):
        until(lambda: len(minutes) > 0)
    assert minutes[0].utcoffset() == timedelta(0)


def test_a_task_is_a_span_of_whoever_asked_for_it(url: str) -> None:
    queue, recorder = TaskQueue(url), Recorder()
    done: list[str] = []

    def work(siren: str) -> None:
        done.append(siren)

    queue.declare("work", work)
    with opened(queue), watching(recorder):
        with span("plan"):
            assert queue.defer("work", lock="a", siren="000000000")
            assert not queue.defer("work", lock="a", siren="000000000")
        assert queue.defer("work", lock="b", siren="000000018")
    with watching(recorder), working(queue):
        until(lambda: len(done) == 2)
    assert sorted(done) == ["000000000", "000000018"]
    tasks = [told for told in recorder.ended if told.name == "task"]
    assert sorted((told.attributes["siren"], told.outcome) for told in tasks) == [
        ("000000000", "ok"),
        ("000000018", "ok"),
    ]
    assert [told for told in recorder.told if told.startswith("under")] == ["under parent-1"]
