"""What an acquit of Hélios means for the PES that it answers (helios dossier §8)."""

from collections.abc import Iterator
from dataclasses import replace

from demat.connectors.api import InboundDocument
from demat.engine.answer import Answer, unbound
from demat.engine.office import Office
from demat.engine.retour_sheets import element_name
from demat.faults import Fault, Faults
from demat.helios.acquit import Acquit, ElementAcquit, advice, parse_acquit, refused_elements
from demat.helios.lifecycle import EtatPes, answers, decide
from demat.helios.pieces import Verdict, element_states
from demat.helios.read import PesFacts, read_pes
from demat.helios.released import released_keys
from demat.queue.views import TransmissionView

__all__ = ["CONFLICT", "later_acquit", "understand_acquit"]

CONFLICT = "PES-ACQUIT_CONFLICT"


def understand_acquit(transmission: TransmissionView, content: bytes, sent: bytes) -> Answer:
    """Read an acquit and bind it to its flow.

    :param sent: the frozen bytes.
    :raises FaultError: it is unreadable, or it is about something else.
    """
    acquit, facts = parse_acquit(content), read_pes(sent)
    if not answers(acquit, facts):
        raise unbound(acquit.nom_fic, transmission)
    return _acquit(acquit, facts)


def later_acquit(
    answer: Answer, document: InboundDocument, transmission: TransmissionView, office: Office
) -> Answer:
    """Return what an acquit means that comes after another.

    Compared with every earlier one, bordereau by bordereau and attachment by attachment. It may
    tell what they left unsaid; when it contradicts one of them, it is at most a warning.
    """
    facts = read_pes(office.store.documents.get(transmission.sha256))
    new = parse_acquit(document.content)
    acquits = [
        parse_acquit(office.store.documents.get(receipt.sha256))
        for receipt in office.store.receipts(transmission.id)
        if receipt.kind == "PES_ACQUIT"
    ]
    said = _said(new, facts)
    differing = [
        name
        for acquit in acquits
        for name, taken in _said(acquit, facts).items()
        if said.get(name, taken) is not taken
    ]
    if not acquits and answer.etat != transmission.etat:  # the TdT had put the flow in error
        differing = list(said)
    if acquits and not differing:
        elements = dict.fromkeys(one for acquit in (*acquits, new) for one in acquit.elements)
        return _acquit(replace(new, elements=tuple(elements)), facts)
    faults = transmission.faults
    if differing:
        params = {
            "key": transmission.key,
            "name": document.name,
            "elements": ", ".join(dict.fromkeys(differing)),
        }
        faults += [Fault(code=CONFLICT, params=params)]
    return replace(
        answer,
        etat=transmission.etat,
        final=True,
        negative=transmission.etat_negative,
        faults=faults,
        frees=(),
        conflict=bool(differing),
    )


def _said(acquit: Acquit, facts: PesFacts) -> dict[str, bool]:
    """Return, by the name of the element, whether Hélios says that it has it."""
    return {
        element_name(one): one.verdict is Verdict.INTEGRE
        for one in element_states(facts, acquit)
        if one.kind in ("idbord", "idunique") and one.verdict is not Verdict.SANS_REPONSE
    }


def _acquit(acquit: Acquit, facts: PesFacts) -> Answer:
    etat = decide(acquit, facts)
    refused = refused_elements(acquit)
    faults = Faults(
        replace(advice(erreur), path="", source=_named(element))
        for element in refused
        for erreur in element.erreurs
    )
    if refused and not faults:
        faults = Faults([Fault(code="PES-ACK_NO_REASON")])
    faults += _silences(acquit, facts)
    rows = [("Fichier", facts.nom_fic)]
    rows += [
        (_named(element), "accepté" if element.accepted else "refusé")
        for element in acquit.elements
    ]
    return Answer(
        kind="PES_ACQUIT",
        etat=etat,
        final=True,
        negative=etat is not EtatPes.ACQUITTE,
        message_date=None,
        faults=faults,
        rows=rows,
        frees=released_keys(acquit, facts) if etat is not EtatPes.ACQUITTE else (),
    )


def _silences(acquit: Acquit, facts: PesFacts) -> Iterator[Fault]:
    """Yield the bordereaux of which the acquit says nothing: neither there nor refused."""
    for one in element_states(facts, acquit):
        if one.kind == "idbord" and one.verdict is Verdict.SANS_REPONSE:
            yield Fault(code="PES-ACK_SILENT", params={"nom": element_name(one)})


def _named(element: ElementAcquit) -> str:
    """Name an element of an acquit as the agent knows it."""
    if element.bordereau is not None:
        return f"Bordereau de {element.libelle} n° {element.bordereau} ({element.exercice})"
    if element.id_unique:
        return f"Pièce jointe {element.id_unique}"
    return element.libelle.capitalize()
