"""The steps of the TdT before the State hears of an exchange: 1 → 2 → 3, or -1 (dossier §1.8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from demat.sandbox import plis
from demat.sandbox.records import Pli, StoredFile
from demat.sandbox.world import World

__all__ = ["Trajet", "hand_over", "later", "leave"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trajet:
    """How one exchange, whose archive is made, goes to the ministry."""

    id: int
    then: Callable[[datetime], None] | None = None
    """What the TdT does once the ministry has the archive."""
    virus: str = ""
    """What the antivirus of the TdT finds."""
    tdt_error: str = ""
    """Refusal ordered by the scenario, in the words of the TdT."""
    wait: int | None = None
    """Minutes before a transmission window opens; none for the usual delay."""


def later(world: World, at: datetime, minutes: int, action: Callable[[datetime], None]) -> None:
    """Have something done some virtual minutes after an instant."""
    world.agenda.add(at + timedelta(minutes=minutes), action)


def hand_over(
    world: World, id: int, pli: Pli, then: Callable[[datetime], None], at: datetime
) -> None:
    """Give an archive to the ministry, again and again until it is taken (§2.2).

    Beyond the quota of the hour it waits for the next one, and those behind it wait as well (§1.8).

    :param id: exchange that it belongs to.
    :param then: what follows once it is taken.
    """
    packed = plis.tar_gz(pli.files)
    again = partial(hand_over, world, id, pli, then)
    if not world.has_room(pli, packed, at):
        world.agenda.add(at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1), again)
    elif world.send(id, pli, packed, at):
        then(at)
    else:
        later(world, at, world.scenario.delays.retry, again)


def leave(world: World, trajet: Trajet, at: datetime) -> None:
    """Start the journey of an exchange that has reached status 1."""
    later(world, at, world.scenario.delays.analysis, partial(_analyse, world, trajet))


def _analyse(world: World, trajet: Trajet, at: datetime) -> None:
    pli = world.transactions[trajet.id].pli
    if trajet.virus:  # the antivirus comes before the analysis, and has its own words
        posted = next((file.posted_name for file in pli.documents), "") if pli else ""
        world.move(trajet.id, -1, f"Fichier infecté : {posted} ({trajet.virus})", at)
        return
    error = trajet.tdt_error or (_corruption(pli.documents) if pli else "")
    if error:
        world.move(trajet.id, -1, f"Enveloppe invalide : {error}", at)
        return
    world.move(trajet.id, 2, "Accepté par le TdT : validation OK", at)
    usual = world.scenario.delays.transmission
    wait = usual if trajet.wait is None else trajet.wait
    later(world, at, wait, partial(_transmit, world, trajet))


def _corruption(files: tuple[StoredFile, ...]) -> str:
    for file in files:
        if file.mime_type == "application/pdf" and b"%%EOF" not in file.content[-1024:]:
            return f"le fichier {file.posted_name} est corrompu"
    return ""


def _transmit(world: World, trajet: Trajet, at: datetime) -> None:
    pli = world.transactions[trajet.id].pli
    if pli is None:
        raise KeyError(f"transaction {trajet.id} has no archive")
    hand_over(world, trajet.id, pli, partial(_transmitted, world, trajet), at)


def _transmitted(world: World, trajet: Trajet, at: datetime) -> None:
    # the ministry may have answered an archive whose reception it could not confirm
    if world.transactions[trajet.id].status == 2:
        world.move(trajet.id, 3, "Transmis au ministère", at)
    if trajet.then is not None:
        trajet.then(at)
