"""What the TdT does with a transaction once it is taken: checks, departures, what it asks for.

ACTES 1 → 2 → 3, then ``retours`` (4 or -1); HELIOS 1 → 2 → 3, then ``ramassage`` (connectors
dossier §1.8, §1.9.5). Every step is an entry of the agenda, at a virtual instant.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from demat.clock import paris_date
from demat.sandbox import outbound, plis
from demat.sandbox.depart import Trajet, hand_over, later, leave
from demat.sandbox.dgfip import APPLICATION
from demat.sandbox.helios import PesLu, TdtError, check_as_tdt
from demat.sandbox.liens import DepotPes
from demat.sandbox.records import Depot, Kind, Step, Transaction
from demat.sandbox.scenario import RegleActe
from demat.sandbox.world import World

__all__ = [
    "cancel",
    "pending_cancellation",
    "post_acte",
    "post_pes",
    "request_classification",
    "retransmit",
]

_ALARM = timedelta(hours=48)
"""Silence of the DGFiP after which the TdT alerts (§1.9.8)."""


def post_acte(world: World, id: int, at: datetime) -> None:
    """Start the life of an act that has reached status 1."""
    _, regle = _depot(world, id)
    trajet = Trajet(
        id=id,
        then=partial(_transmitted, world, id),
        virus=regle.virus,
        tdt_error=regle.tdt_error,
        wait=regle.transmission_minutes,
    )
    leave(world, trajet, at)


def _depot(world: World, id: int) -> tuple[Depot, RegleActe]:
    depot = world.transactions[id].depot
    if depot is None:
        raise KeyError(f"transaction {id} holds no act")
    return depot, world.scenario.regle_acte(depot.number)


def _transmitted(world: World, id: int, at: datetime) -> None:
    _, regle = _depot(world, id)
    if regle.closing_minutes is not None:
        later(world, at, regle.closing_minutes, partial(_close, world, id))


def _close(world: World, id: int, at: datetime) -> None:
    if world.transactions[id].status == 3:
        world.move(id, -1, "Acte clos par le TdT : aucun acquittement reçu", at)


def cancel(world: World, act: Transaction, at: datetime) -> Transaction:
    """Open the cancellation of an act, and start its life."""
    depot, _ = _depot(world, act.id)
    contents = plis.Contents(
        autorite=depot.autorite,
        name=plis.file_name(depot, "6-1", 0),
        message=outbound.annulation(depot.id_acte),
    )
    pli = plis.to_ministry(world, contents, at)
    step = Step(status=1, message="Annulation postée", at=at)
    cancellation = world.open(Kind.ANNULATION, act.siren, step, related=act.id, pli=pli)
    leave(world, Trajet(id=cancellation.id), at)
    return cancellation


def pending_cancellation(world: World, act: int) -> int | None:
    """Return the cancellation of an act that still waits for its answer."""
    for transaction in world.related_to(act):
        if transaction.kind is Kind.ANNULATION and transaction.status in (1, 2, 3):
            return transaction.id
    return None


def request_classification(world: World, siren: str, at: datetime) -> Transaction:
    """Ask the ministry for the classification, and return the request."""
    autorite = world.scenario.autorite(siren)
    contents = plis.Contents(
        autorite=autorite,
        name=f"{autorite.departement}-{siren}----7-1_0.xml",
        message=outbound.demande_classification(world.classification_date),
    )
    step = Step(status=1, message="Demande de classification postée", at=at)
    pli = plis.to_ministry(world, contents, at)
    request = world.open(Kind.CLASSIFICATION, siren, step, pli=pli)
    then = partial(_requested, world, request.id)
    later(world, at, 0, partial(hand_over, world, request.id, pli, then))
    return request


def _requested(world: World, id: int, at: datetime) -> None:
    world.move(id, 3, "Demande de classification transmise", at)


def retransmit(world: World, id: int, at: datetime) -> None:
    """Confirm an act that waited for a person (status 17 or 18)."""
    world.move(id, 1, "Posté par un agent", at)
    post_acte(world, id, at)


def post_pes(world: World, id: int, at: datetime) -> None:
    """Start the life of a PES that has reached status 1."""
    later(world, at, world.scenario.delays.helios_check, partial(_check_pes, world, id))


def _check_pes(world: World, id: int, at: datetime) -> None:
    transaction = world.pes[id]
    try:
        pes = check_as_tdt(transaction.content, world.scenario.autorite(transaction.siren))
        key = (pes.nom_fic, pes.header["CodCol"])
        if key in world.pes_by_name:
            raise TdtError(
                f"Le fichier {pes.nom_fic} (CodCol {key[1]}) existe déjà sur la plateforme"
            )
    except TdtError as error:
        world.move_pes(id, -1, str(error), at)
        return
    world.pes_by_name[key] = id
    world.pes[id] = replace(
        transaction, nom_fic=pes.nom_fic, cod_col=key[1], siret=pes.header["IdColl"]
    )
    world.move_pes(id, 2, "Fichier valide, en attente de transmission", at)
    wait = world.scenario.delays.helios_transmission
    siren = transaction.siren
    day = paris_date(at)
    name = f"PESALR2_{siren}_{day:%y%m%d}_{world.new_serial(f'PES{siren}', day):03d}.xml"
    depot = DepotPes(name=name, commands=_commands(world, siren, pes), content=transaction.content)
    later(world, at, wait, partial(_transmit_pes, world, id, depot))


def _commands(world: World, siren: str, pes: PesLu) -> dict[str, str]:
    """Return the site commands that go with a PES (§2.3)."""
    key = "#".join(pes.header[name] for name in ("CodCol", "IdPost", "CodBud"))
    return {
        "P_DEST": world.scenario.autorite(siren).destination,
        "P_APPLI": APPLICATION,
        "P_MSG": f"PES#{key}",
    }


def _transmit_pes(world: World, id: int, depot: DepotPes, at: datetime) -> None:
    if world.pes[id].status != 2:
        return  # answered, though its reception could not be confirmed
    if world.drop(depot, at):
        world.move_pes(id, 3, "Transmis à la DGFiP", at)
        world.agenda.add(at + _ALARM, partial(_silence, world, id))
    else:
        later(world, at, world.scenario.delays.retry, partial(_transmit_pes, world, id, depot))


def _silence(world: World, id: int, at: datetime) -> None:
    if world.pes[id].status == 3:
        world.alarms.append(id)
