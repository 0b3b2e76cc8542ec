"""Commands that run: ``nightly``, ``watch``, ``serve``, ``publish``, ``sandbox``, ``demo``."""

import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.boundary import Exit, print_json, say

if TYPE_CHECKING:
    from demat.engine.report import Report

__all__ = ["demo", "nightly", "publish", "sandbox", "serve", "watch"]


def nightly(config: Path, *, as_json: bool, verbose: bool) -> int:
    """Make one run of everything that is due."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.nightly import nightly as run_nightly
    from demat.logs import configure

    configure(verbose=verbose)
    with open_office(load_config(config)) as office:
        report = run_nightly(office)
    if report is None:
        say("Un autre passage est en cours : rien n'a été fait deux fois.")
        return Exit.DONE
    if as_json:
        print_json(report.as_json())
    else:
        _tell(report)
    return Exit.DONE if report.outcome == "done" else Exit.FAULTS


def _tell(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Collectivité", "Reçus", "Prêts", "À corriger", "À signer", "Réponses", "Publiés")
    for item in report.authorities:
        table.add_row(
            item.nom,
            *map(
                str,
                (
                    *(item.received, item.packed, item.returned),
                    *(item.awaiting_signature, item.answers, item.published),
                ),
            ),
        )
    Console(highlight=False).print(table)
    say(f"Envois tentés : {report.sent} ; issues inconnues réglées : {report.settled}")
    for item in report.authorities:
        for error in item.errors:
            say(f"!! {item.nom} : {error}")


def watch(config: Path, *, once: bool, as_json: bool, verbose: bool) -> int:
    """Prepare what arrives in the watched folders; send nothing."""
    from time import sleep

    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.nightly import Visit, prepare_arrivals
    from demat.logs import configure

    configure(verbose=verbose)
    with open_office(load_config(config)) as office:
        visits = [Visit.of(authority, office) for authority in office.authorities]
        stop = _stop_on_signal()
        prepare_arrivals(visits)
        if once:
            sleep(office.settings.settle.total_seconds())
            prepare_arrivals(visits)
        while not once and not stop.wait(office.settings.settle.total_seconds()):
            prepare_arrivals(visits)
        if as_json:
            print_json({"authorities": [asdict(visit.item) for visit in visits]})
        return Exit.FAULTS if any(visit.item.errors for visit in visits) else Exit.DONE


def serve(config: Path, *, verbose: bool) -> int:
    """Watch, send and collect by day, and make the nightly run at its hour."""
    from demat.cli.service import run_service
    from demat.compose import open_office
    from demat.config import load_config
    from demat.logs import configure

    configure(verbose=verbose)
    loaded = load_config(config)
    with open_office(loaded) as office:
        run_service(office, nightly_at=loaded.nuit, stop=_stop_on_signal())
    return Exit.DONE


def _stop_on_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, so that a step is never cut in the middle."""
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop


def publish(config: Path, siren: str, *, as_json: bool) -> int:
    """Publish what may be published, and say what is not and why."""
    from demat.cli.flows import choose
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.publish import publish as publish_one

    with open_office(load_config(config)) as office:
        targets = [choose(office, siren)] if siren else list(office.authorities)
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
    else:
        for authority, outcome in results:
            say(f"{authority.nom} : {outcome.online} acte(s) en ligne, {outcome.new} nouveau(x)")
            for held in outcome.held_back:
                say(f"  non publié : {held}")
    return Exit.DONE


def sandbox(directory: Path, scenario: str, port: int, speed: float, max_seconds: float) -> int:
    """Run the local stand-in of the tiers de télétransmission until it is stopped."""
    from demat.sandbox.scenario import load_scenario
    from demat.sandbox.server import run_sandbox

    directory.mkdir(parents=True, exist_ok=True)
    return run_sandbox(
        directory,
        scenario=load_scenario(scenario),
        port=port,
        speed=speed,
        max_seconds=max_seconds,
        out=sys.stdout,
    )


def demo(directory: Path | None, *, as_json: bool, keep: bool) -> int:
    """Play the whole job on a fictional commune."""
    from demat.cli.demo import play

    return play(directory, as_json=as_json, keep=keep)
