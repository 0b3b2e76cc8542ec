"""What happens to a transaction once it is taken: the steps of the TdT, then the State's answers.

ACTES 1 → 2 → 3 → 4 or -1, cancellation, archiving; HELIOS 1 → 2 → 3 → 8 (connectors dossier §1.8,
§1.9.5). Every step is an entry of the agenda, at a virtual instant.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from demat.clock import paris_date
from demat.sandbox import helios_returns, prefecture
from demat.sandbox.helios import PesLu, TdtError, check_as_tdt
from demat.sandbox.records import Depot, Kind, StoredFile
from demat.sandbox.scenario import Answer, AnswerKind, RegleActe, RegleHelios, RetourHelios
from demat.sandbox.world import World

__all__ = [
    "cancel",
    "pending_cancellation",
    "post_acte",
    "post_pes",
    "request_classification",
    "retransmit",
]

_ARCHIVED = (
    (19, "En attente de transmission au SAE"),
    (12, "Envoyé"),
    (15, "Reçu"),
    (13, "Archivé"),
)


def _after(world: World, at: datetime, minutes: int, action: Callable[[datetime], None]) -> None:
    world.agenda.add(at + timedelta(minutes=minutes), action)


def post_acte(world: World, id: int, at: datetime) -> None:
    """Start the life of an act that has reached status 1."""
    _after(world, at, world.scenario.delays.analysis, partial(_analyse, world, id))


def _depot(world: World, id: int) -> tuple[Depot, RegleActe]:
    depot = world.transactions[id].depot
    if depot is None:
        raise KeyError(f"transaction {id} holds no act")
    return depot, world.scenario.regle_acte(depot.number)


def _analyse(world: World, id: int, at: datetime) -> None:
    depot, regle = _depot(world, id)
    error = regle.tdt_error or _corruption(depot.files)
    if error:
        world.move(id, -1, f"Enveloppe invalide : {error}", at)
        return
    world.move(id, 2, "Accepté par le TdT : validation OK", at)
    minutes = regle.transmission_minutes
    wait = world.scenario.delays.transmission if minutes is None else minutes
    _after(world, at, wait, partial(_transmit, world, id))


def _corruption(files: tuple[StoredFile, ...]) -> str:
    for file in files:
        if file.mime_type == "application/pdf" and b"%%EOF" not in file.content[-1024:]:
            return f"le fichier {file.posted_name} est corrompu"
    return ""


def _transmit(world: World, id: int, at: datetime) -> None:
    world.move(id, 3, "Transmis au ministère", at)
    _, regle = _depot(world, id)
    for answer in regle.answers:
        minutes = world.scenario.delays.acte_answer if answer.minutes is None else answer.minutes
        _after(world, at, minutes, partial(_answer_acte, world, id, answer))


def _answer_acte(world: World, id: int, answer: Answer, at: datetime) -> None:
    depot, regle = _depot(world, id)
    day, in_force = paris_date(at), world.ministry_classification
    decided = prefecture.decide(answer, depot, in_force)
    if decided.kind is AnswerKind.AR:
        _receive_ar(world, id, prefecture.ar_acte(depot, day, in_force, decided.deviation), at)
        _schedule_archive(world, id, regle, at)
        return
    if decided.kind is AnswerKind.ANOMALY:
        xml = prefecture.anomalie_acte(depot, day, in_force, decided)
    else:
        names = (depot.files[0].name,)
        xml = prefecture.anomalie_enveloppe(depot.autorite, names, day, decided)
    _receive_anomaly(world, id, xml, decided, at)


def _receive_ar(world: World, id: int, xml: bytes, at: datetime) -> None:
    if world.transactions[id].status in (3, 4, -1):
        world.move(id, 4, f"Acquittement reçu le {paris_date(at)}", at, xml)
    else:
        world.error_basket.append(xml)


def _receive_anomaly(world: World, id: int, xml: bytes, answer: Answer, at: datetime) -> None:
    # an anomaly on an act that is no longer « transmis » is left to an administrator (§1.8)
    if world.transactions[id].status == 3:
        message = f"Anomalie reçue : nature {answer.nature}, {answer.detail}"
        world.move(id, -1, message, at, xml)
    else:
        world.error_basket.append(xml)


def _schedule_archive(world: World, id: int, regle: RegleActe, at: datetime) -> None:
    if regle.archive_minutes is not None:
        _after(world, at, regle.archive_minutes, partial(_archive, world, id))


def _archive(world: World, id: int, at: datetime) -> None:
    if world.transactions[id].status == 4:
        for status, message in _ARCHIVED:
            world.move(id, status, message, at)


def cancel(world: World, original: int, cancellation: int, at: datetime) -> None:
    """Start the life of the cancellation transaction that was just opened for an act."""
    delays = world.scenario.delays
    for minutes, status, message in (
        (delays.analysis, 2, "Accepté par le TdT : validation OK"),
        (delays.analysis + delays.transmission, 3, "Transmis au ministère"),
    ):
        _after(world, at, minutes, partial(_step, world, cancellation, status, message))
    total = delays.analysis + delays.transmission + delays.acte_answer
    _after(world, at, total, partial(_cancelled, world, original, cancellation))


def pending_cancellation(world: World, original: int) -> int | None:
    """Return the cancellation of an act that still waits for its answer."""
    for transaction in world.transactions.values():
        if transaction.kind is Kind.ANNULATION and transaction.related == original:
            return transaction.id if transaction.status in (1, 2, 3) else None
    return None


def _step(world: World, id: int, status: int, message: str, at: datetime) -> None:
    world.move(id, status, message, at)


def _cancelled(world: World, original: int, cancellation: int, at: datetime) -> None:
    depot, _ = _depot(world, original)
    xml = prefecture.ar_annulation(depot.id_acte, paris_date(at))
    world.move(cancellation, 4, f"Acquittement reçu le {paris_date(at)}", at, xml)
    world.move(original, 0, "Annulé", at)


def request_classification(world: World, id: int, at: datetime) -> None:
    """Start the life of a request for the classification."""
    _after(world, at, world.scenario.delays.classification, partial(_classified, world, id))


def _classified(world: World, id: int, at: datetime) -> None:
    changed = world.refresh_classification()
    message = "Nouvelle classification reçue" if changed else "Classification sans changement"
    world.move(id, 4, message, at, world.classification)


def retransmit(world: World, id: int, at: datetime) -> None:
    """Confirm an act that waited for a person (status 17 or 18)."""
    world.move(id, 1, "Posté par un agent", at)
    post_acte(world, id, at)


def post_pes(world: World, id: int, at: datetime) -> None:
    """Start the life of a PES that has reached status 1."""
    _after(world, at, world.scenario.delays.helios_check, partial(_check_pes, world, id))


def _check_pes(world: World, id: int, at: datetime) -> None:
    transaction = world.pes[id]
    try:
        pes = check_as_tdt(transaction.content, world.scenario.autorite(transaction.siren))
        key = (pes.nom_fic, pes.header["CodCol"])
        if key in world.nom_fics:
            raise TdtError(
                f"Le fichier {pes.nom_fic} (CodCol {key[1]}) existe déjà sur la plateforme"
            )
    except TdtError as error:
        world.move_pes(id, -1, str(error), at)
        return
    world.nom_fics.add(key)
    world.pes[id] = replace(transaction, nom_fic=pes.nom_fic, cod_col=key[1])
    world.move_pes(id, 2, "Fichier valide, en attente de transmission", at)
    wait = world.scenario.delays.helios_transmission
    _after(world, at, wait, partial(_transmit_pes, world, id, pes))


def _transmit_pes(world: World, id: int, pes: PesLu, at: datetime) -> None:
    world.move_pes(id, 3, "Transmis à la DGFiP", at)
    regle = world.scenario.regle_helios(pes.nom_fic)
    if regle.retour is not RetourHelios.SILENCE:
        usual = world.scenario.delays.helios_answer
        minutes = usual if regle.minutes is None else regle.minutes
        _after(world, at, minutes, partial(_answer_pes, world, id, pes, regle))


def _answer_pes(world: World, id: int, pes: PesLu, regle: RegleHelios, at: datetime) -> None:
    status, content = _returned(world, id, pes, regle.retour, at)
    delay, length = (timedelta(minutes=minutes) for minutes in regle.hidden)
    world.pes[id] = replace(
        world.pes[id],
        acquit=content,
        acquit_name=helios_returns.acquit_name(pes.header["IdPost"], at, world.new_rank()),
        hidden=(at + delay, at + delay + length) if length else None,
    )
    world.move_pes(id, status, "Retour de la DGFiP reçu", at)


def _returned(
    world: World, id: int, pes: PesLu, retour: RetourHelios, at: datetime
) -> tuple[int, bytes]:
    day = paris_date(at)
    if retour is RetourHelios.NO_BLOCK:
        return 4, helios_returns.acquit_without_block(pes, day)
    if retour is RetourHelios.NON_ACQUIT:
        return 6, helios_returns.non_acquit(pes, day)
    elements = world.helios.process(pes, world.scenario.autorite(world.pes[id].siren))
    if retour is RetourHelios.VERSION_1:
        return 8, helios_returns.acquit_v1(pes, elements, day)
    return 8, helios_returns.acquit_v2(pes, elements, day)
