"""Commands that run: ``nightly``, ``watch``, ``serve``, ``worker``, ``publish``, ``sandbox``…"""

import signal
import sys
import threading
from _thread import start_new_thread
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.authorities import selected
from demat.cli.boundary import Exit, print_json, say
from demat.cli.words import plural

if TYPE_CHECKING:
    from demat.config import Config
    from demat.engine.office import Office
    from demat.engine.report import AuthorityReport, Report

__all__ = ["Play", "demo", "nightly", "publish", "sandbox", "serve", "watch", "worker"]

_ENDING = (signal.SIGTERM, signal.SIGINT)


def nightly(config: Path, *, as_json: bool, verbose: bool) -> int:
    """Make one run of everything that is due."""
    from demat.compose import open_office, supervision_of
    from demat.config import load_config
    from demat.engine.nightly import nightly as run_nightly
    from demat.supervision.supervise import traced

    loaded = load_config(config)
    _log_as(loaded, verbose=verbose, told=True)
    with open_office(loaded) as office, traced(supervision_of(loaded)):
        report = run_nightly(office)
        cut_off = _cut_off(office)
    if report is None:
        return _tell_busy(as_json=as_json)
    if as_json:
        print_json(report.as_json())
    else:
        _tell(report)
    if cut_off:
        return Exit.UNREACHABLE
    return Exit.DONE if report.outcome == "done" else Exit.FAULTS


def _log_as(loaded: "Config", *, verbose: bool, told: bool = False) -> None:
    """Log in the form that the configuration asks for."""
    from demat.logs import configure

    configure(verbose=verbose, told=told, as_json=loaded.supervision.journaux == "json")


def _cut_off(office: "Office") -> bool:
    """Tell whether something waits because the other side cannot be reached."""
    from demat.queue.states import Selection

    waiting = office.store.transmissions(selection=Selection.WAITING)
    return any("CON-UNREACHABLE" in flow.faults.codes for flow in waiting)


def _tell_busy(*, as_json: bool) -> int:
    if as_json:
        print_json({"outcome": "already_running"})
    else:
        say("Un autre passage est en cours : rien n'a été fait deux fois.")
    return Exit.DONE


def _tell(report: "Report") -> None:
    _tell_authorities(report.authorities)
    say(f"Envois tentés : {report.sent} ; issues inconnues réglées : {report.settled}")


def _tell_authorities(authorities: Sequence["AuthorityReport"]) -> None:
    from rich import box
    from rich.table import Table

    from demat.cli.display import console, paragraph

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Collectivité", overflow="fold")
    for column in (
        *("Reçus", "Prêts", "À corriger", "À signer"),
        *("Réponses", "Courriers", "Retours", "Publiés"),
    ):
        table.add_column(column, justify="right")
    for item in authorities:
        prepared = (item.received, item.packed, item.returned, item.awaiting_signature)
        answered = (item.answers, item.courriers, item.retours, item.published)
        table.add_row(item.nom, *map(str, (*prepared, *answered)))
    console().print(table)
    for item in authorities:
        for error in item.errors:
            say(paragraph(f"{item.nom} : {error}", indent="!! ", then="   "))
        for notice in item.notices:
            say(paragraph(f"{item.nom} : {notice}", indent="-> ", then="   "))


def watch(config: Path, *, once: bool, as_json: bool, verbose: bool) -> int:
    """Prepare what arrives in the watched folders; send nothing."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.nightly import Visit, prepare_arrivals

    loaded = load_config(config)
    _log_as(loaded, verbose=verbose, told=True)
    with open_office(loaded) as office, _stop_on_signal() as stop:
        visits = [Visit.of(authority, office) for authority in office.authorities]
        settle = office.settings.settle.total_seconds()
        prepare_arrivals(visits)
        while not stop.wait(settle):
            prepare_arrivals(visits)
            if once:
                break
    items = [visit.item for visit in visits]
    if as_json:
        print_json({"authorities": [asdict(item) for item in items]})
    else:
        _tell_authorities(items)
    return Exit.FAULTS if any(item.errors or item.returned for item in items) else Exit.DONE


def serve(config: Path, *, listen: str, verbose: bool) -> int:
    """Watch, send and collect by day, and make the nightly run at its hour."""
    from demat.cli.service import run_service
    from demat.compose import open_office, supervision_of
    from demat.config import load_config
    from demat.supervision.supervise import supervise

    loaded = load_config(config)
    _log_as(loaded, verbose=verbose)
    with (
        open_office(loaded) as office,
        supervise(office, supervision_of(loaded, listen=listen)) as seen,
        _stop_on_signal() as stop,
    ):
        count = plural(len(office.authorities), "collectivité")
        say(f"En service : {count}, passage de nuit à {loaded.nuit}. Ctrl+C pour arrêter.")
        _tell_address(seen)
        sys.stdout.flush()
        run_service(office, nightly_at=loaded.nuit, stop=stop)
    say("Arrêté ; rien n'est perdu.")
    return Exit.DONE


def worker(config: Path, *, concurrency: int, listen: str, verbose: bool) -> int:
    """Share the work of many authorities with the workers of other machines."""
    from demat.compose import open_office, open_tasks, supervision_of
    from demat.config import load_config
    from demat.supervision.supervise import supervise

    loaded = load_config(config)
    _log_as(loaded, verbose=verbose)
    tasks = open_tasks(loaded)
    from demat.cli.worker import run_worker

    with (
        open_office(loaded) as office,
        supervise(office, supervision_of(loaded, listen=listen), tasks.backlog) as seen,
        _stop_on_signal() as stop,
    ):
        count = plural(len(office.authorities), "collectivité")
        say(f"Au travail pour {count}, {plural(concurrency, 'tâche')} de front. Ctrl+C : arrêter.")
        _tell_address(seen)
        sys.stdout.flush()
        run_worker(office, tasks, nightly_at=loaded.nuit, concurrency=concurrency, stop=stop)
    say("Arrêté ; rien n'est perdu.")
    return Exit.DONE


def _tell_address(seen: str) -> None:
    if seen:
        say(f"Surveillance : {seen}/sante")


@contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set, so that a step is never cut in the middle."""
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: object) -> None:
        # in a thread of its own: this one may hold the lock of the event, in the middle of a wait
        start_new_thread(stop.set, ())

    before = {number: signal.signal(number, ask_to_stop) for number in _ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def publish(config: Path, siren: str, *, as_json: bool) -> int:
    """Publish what may be published, and say what is not and why."""
    from demat.cli.display import paragraph
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.publish import publish as publish_one

    with open_office(load_config(config)) as office:
        targets = selected(office, siren)
        results = [(authority, publish_one(authority, office)) for authority in targets]
    if as_json:
        print_json(
            {
                "authorities": [
                    {"siren": authority.siren, **outcome.as_json()}
                    for authority, outcome in results
                ]
            }
        )
        return Exit.DONE
    for authority, outcome in results:
        online = plural(outcome.online, "acte")
        words = f"{authority.nom} : {online} en ligne, dont {outcome.new} pour la première fois"
        say(paragraph(words, then="  "))
        for held in outcome.held_back:
            say(paragraph(held, indent="  - ", then="    "))
    return Exit.DONE


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """What a sandbox is asked to play."""

    scenario: str
    """Name, JSON file, or ``liste``."""
    seed: int | None
    """Replaces that of the scenario."""
    port: int
    speed: float
    fresh: bool
    """Forget what happened in the folder."""


def sandbox(directory: Path, play: Play, max_seconds: float) -> int:
    """Run the local stand-ins until they are stopped, or list the scenarios."""
    from demat.cli.display import paragraph
    from demat.faults import Fault, FaultError
    from demat.sandbox.journal import JournalError
    from demat.sandbox.scenario import ScenarioError
    from demat.sandbox.scenarios import RESUMES, SCENARIOS, load_scenario
    from demat.sandbox.server import run_sandbox

    if play.scenario == "liste":
        for name, resume in RESUMES.items():
            say(paragraph(f"{name} : {resume}", then="    "))
        return Exit.DONE
    try:
        chosen = load_scenario(play.scenario)
    except ScenarioError as error:
        params = {"value": play.scenario, "known": ", ".join(sorted(SCENARIOS))}
        raise FaultError(Fault(code="INT-SCENARIO", params=params)) from error
    if play.seed is not None:
        chosen = replace(chosen, seed=play.seed)
    directory.mkdir(parents=True, exist_ok=True)
    try:
        return run_sandbox(
            directory,
            scenario=chosen,
            fresh=play.fresh,
            port=play.port,
            speed=play.speed,
            max_seconds=max_seconds,
            out=sys.stdout,
        )
    except JournalError as error:
        fault = Fault(code="INT-SANDBOX", params={"path": str(directory)})
        raise FaultError(fault) from error


def demo(directory: Path | None, *, as_json: bool, keep: bool) -> int:
    """Play the whole job on a fictional commune."""
    from demat.cli.demo import play

    return play(directory, as_json=as_json, keep=keep)
