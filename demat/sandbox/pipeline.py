"""What happens to a transaction once it is taken: the steps of the TdT, then the State's answers.

ACTES 1 → 2 → 3 → 4 or -1, cancellation, archiving; HELIOS 1 → 2 → 3 → 8 (connectors dossier §1.8,
§1.9.5). Every step is an entry of the agenda, at a virtual instant. Letters: ``courriers``.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from demat.clock import paris_date
from demat.sandbox import courriers, helios_returns, ministere, outbound, plis, prefecture
from demat.sandbox.depart import Trajet, later, leave
from demat.sandbox.helios import PesLu, TdtError, check_as_tdt
from demat.sandbox.ministere import Envoi
from demat.sandbox.records import Depot, Kind, Pli, Step, Transaction
from demat.sandbox.scenario import (
    Answer,
    AnswerKind,
    RegleActe,
    RegleHelios,
    RetourHelios,
    Since,
)
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


def post_acte(world: World, id: int, at: datetime) -> None:
    """Start the life of an act that has reached status 1."""
    _, regle = _depot(world, id)
    trajet = Trajet(
        id=id,
        then=partial(_transmitted, world, id),
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
    for answer in regle.answers:
        minutes = world.scenario.delays.acte_answer if answer.minutes is None else answer.minutes
        later(world, at, minutes, partial(_answer_acte, world, id, answer))
    if regle.closing_minutes is not None:
        later(world, at, regle.closing_minutes, partial(_close, world, id))


def _close(world: World, id: int, at: datetime) -> None:
    if world.transactions[id].status == 3:
        world.move(id, -1, "Acte clos par le TdT : aucun acquittement reçu", at)


def _answer_acte(world: World, id: int, answer: Answer, at: datetime) -> None:
    depot, regle = _depot(world, id)
    day, in_force = paris_date(at), world.ministry_classification
    decided = prefecture.decide(answer, depot, in_force)
    envoi = Envoi(code="1-2", message=b"", autorite=depot.autorite, transaction=id, depot=depot)
    if decided.kind is AnswerKind.AR:
        xml = prefecture.ar_acte(depot, day, in_force, decided.deviation)
        ministere.deliver(world, replace(envoi, message=xml), at)
        _receive_ar(world, id, xml, at)
        if depot.document_papier:
            ministere.remind_paper(world, envoi, at)
        _schedule_archive(world, id, regle, at)
        return
    if decided.kind is AnswerKind.ANOMALY:
        xml = prefecture.anomalie_acte(depot, day, in_force, decided)
        ministere.deliver(world, replace(envoi, code="1-3", message=xml, named=False), at)
    else:
        xml = ministere.refuse_archive(world, _pli(world, id), envoi, decided, at)
    _receive_anomaly(world, id, xml, decided, at)


def _pli(world: World, id: int) -> Pli:
    pli = world.transactions[id].pli
    if pli is None:
        raise KeyError(f"transaction {id} has no archive")
    return pli


def _receive_ar(world: World, id: int, xml: bytes, at: datetime) -> None:
    act = world.transactions[id]
    if act.status in (3, 4, -1):
        world.move(id, 4, f"Acquittement reçu le {paris_date(at)}", at, xml)
        if not act.answer():
            courriers.plan(world, act, Since.AR, -1, at)
    else:
        world.error_basket.append(xml)


def _receive_anomaly(world: World, id: int, xml: bytes, answer: Answer, at: datetime) -> None:
    # an anomaly on an act that is no longer « transmis » is left to an administrator (§1.8)
    if world.transactions[id].status == 3:
        world.move(id, -1, ministere.refusal_words(answer), at, xml)
    else:
        world.error_basket.append(xml)


def _schedule_archive(world: World, id: int, regle: RegleActe, at: datetime) -> None:
    if regle.archive_minutes is not None:
        later(world, at, regle.archive_minutes, partial(_archive, world, id))


def _archive(world: World, id: int, at: datetime) -> None:
    if world.transactions[id].status == 4:
        _, regle = _depot(world, id)
        for status, message in _ARCHIVED[: 1 if regle.archive_failure else None]:
            world.move(id, status, message, at)
        if regle.archive_failure:
            world.move(id, regle.archive_failure, "Échec de l'archivage", at)


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
    leave(world, Trajet(id=cancellation.id, then=partial(_asked, world, cancellation.id)), at)
    return cancellation


def pending_cancellation(world: World, act: int) -> int | None:
    """Return the cancellation of an act that still waits for its answer."""
    for transaction in world.related_to(act):
        if transaction.kind is Kind.ANNULATION and transaction.status in (1, 2, 3):
            return transaction.id
    return None


def _asked(world: World, id: int, at: datetime) -> None:
    depot, regle = _depot(world, world.act_of(world.transactions[id]).id)
    for answer in regle.cancellation:
        minutes = world.scenario.delays.acte_answer if answer.minutes is None else answer.minutes
        later(world, at, minutes, partial(_answer_cancellation, world, id, depot, answer))


def _answer_cancellation(world: World, id: int, depot: Depot, answer: Answer, at: datetime) -> None:
    day = paris_date(at)
    xml = prefecture.ar_annulation(depot.id_acte, day)
    envoi = Envoi(code="6-2", message=xml, autorite=depot.autorite, transaction=id, depot=depot)
    if answer.kind in (AnswerKind.ANOMALY, AnswerKind.ENVELOPE_ANOMALY):
        refusal = ministere.refuse_archive(world, _pli(world, id), envoi, answer, at)
        world.move(id, -1, ministere.refusal_words(answer), at, refusal)
        return
    ministere.deliver(world, envoi, at)
    world.move(id, 4, f"Acquittement reçu le {day}", at, xml)
    world.move(world.act_of(world.transactions[id]).id, 0, "Annulé", at)


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
    world.hand_over(request.id, pli, at)
    wait = world.scenario.delays.classification
    later(world, at, wait, partial(_classified, world, request.id))
    return request


def _classified(world: World, id: int, at: datetime) -> None:
    autorite = world.scenario.autorite(world.transactions[id].siren)
    if world.refresh_classification():
        code, message, xml = "7-2", "Nouvelle classification reçue", world.classification
    else:
        in_force = world.ministry_classification
        code, message = "7-3", "Classification sans changement"
        xml = prefecture.classification_sans_changement(in_force)
    envoi = Envoi(code=code, message=xml, autorite=autorite, transaction=id)
    ministere.deliver(world, envoi, at)
    world.move(id, 4, message, at, xml)


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
    later(world, at, wait, partial(_transmit_pes, world, id, pes))


def _transmit_pes(world: World, id: int, pes: PesLu, at: datetime) -> None:
    world.move_pes(id, 3, "Transmis à la DGFiP", at)
    regle = world.scenario.regle_helios(pes.nom_fic)
    if regle.retour is not RetourHelios.SILENCE:
        usual = world.scenario.delays.helios_answer
        minutes = usual if regle.minutes is None else regle.minutes
        later(world, at, minutes, partial(_answer_pes, world, id, pes, regle))


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
