"""Say what any protocol file is: its kind, its identifiers, the state of each of its elements."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from demat.actes.archive import unpack
from demat.actes.classification import parse_classification
from demat.actes.documents import detect_type, inspect_pdf
from demat.actes.inbound import parse_inbound
from demat.actes.messages import (
    ActeRecu,
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    EnveloppeCL,
    EnveloppePrefecture,
    Inbound,
)
from demat.actes.model import format_matiere
from demat.actes.scellement import EtatScellement, verify_scellement
from demat.engine.view_budget import BudgetVu, read_budgets
from demat.faults import FaultError
from demat.helios.acquit import ACQUITS, parse_acquit
from demat.helios.read import read_pes
from demat.helios.retour import parse_retour
from demat.xmlio import local_name, parse_untrusted

__all__ = ["Inspected", "inspect"]

ACTES_NAMESPACE = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspected:
    """What a file is."""

    kind: str
    """Local name of the root element, or the type of a file that is not XML."""
    identifiers: Mapping[str, str] = field(default_factory=dict)
    """The keys that bind it to others: IDActe, NomFic, SIRET, dates."""
    elements: tuple[Mapping[str, str], ...] = ()
    """For an answer, one entry per element with its ``state``; for a flow, its parts."""


def inspect(content: bytes) -> Inspected:
    """Read a file of any known kind, leniently.

    :raises FaultError: when it is XML of a known root that cannot be read at all.
    """
    kind = detect_type(content)
    if content[:2] == b"\x1f\x8b":
        return _archive(content)
    if kind == "pdf":
        return _pdf(content)
    if kind not in ("xml", "unknown", "empty"):
        return Inspected(kind=kind, identifiers={"octets": str(len(content))})
    root = parse_untrusted(content)
    name = local_name(root)
    if root.tag == f"{{{ACTES_NAMESPACE}}}{name}":
        return _acte(name, content)
    reader = _READERS.get(name)
    return reader(content) if reader else Inspected(kind=name)


def _pdf(content: bytes) -> Inspected:
    facts = inspect_pdf(content)
    identifiers = {"octets": str(len(content)), "pages": str(facts.pages)}
    if facts.pdfa:
        identifiers["pdfa"] = facts.pdfa
    identifiers["signature"] = "oui" if facts.signed else "non"
    return Inspected(kind="pdf", identifiers=identifiers)


def _archive(content: bytes) -> Inspected:
    members = unpack(content)
    return Inspected(
        kind="archive ACTES",
        identifiers={"octets": str(len(content))},
        elements=tuple(
            {"element": name, "octets": str(len(member))} for name, member in members.items()
        ),
    )


def _acte(name: str, content: bytes) -> Inspected:
    if name == "RetourClassification":
        return _classification(content)
    try:
        message = parse_inbound(content)
    except FaultError:
        return Inspected(kind=name)
    identifiers, elements = _acte_details(message)
    return Inspected(kind=name, identifiers=identifiers, elements=elements)


_Details = tuple[dict[str, str], tuple[Mapping[str, str], ...]]


def _acte_details(message: Inbound) -> _Details:
    match message:
        case ARActe():
            recu = _recu(message.acte_recu) if message.acte_recu else {}
            return _received(message) | recu, ({"element": message.id_acte, "state": "accepted"},)
        case ARAnnulation():
            return _received(message), ({"element": message.id_acte, "state": "cancelled"},)
        case AnomalieActe():
            recu = _recu(message.acte_recu) if message.acte_recu else {}
            identifiers = {"date_anomalie": message.date.isoformat(), "code": message.nature}
            element = {"element": recu.get("numero", ""), "state": "refused"}
            return identifiers | recu, (element | {"detail": message.detail},)
        case AnomalieEnveloppe():
            identifiers = {"date_anomalie": message.date.isoformat(), "siren": message.siren}
            refused = {"state": "refused", "detail": message.detail}
            return identifiers, tuple({"element": n} | refused for n in message.formulaires)
        case ActeRecu():
            return _recu(message), ()
        case EnveloppeCL() | EnveloppePrefecture():
            identifiers = {"siren": message.siren, "departement": message.departement}
            return identifiers, tuple({"element": name} for name in message.formulaires)
        case _:
            return _keys(message), ()


def _keys(message: Inbound) -> dict[str, str]:
    """The act and the dates of a message that carries no state."""
    values = {
        name: getattr(message, name, None)
        for name in ("id_acte", "date", "date_courrier", "date_reception")
    }
    return {name: str(found) for name, found in values.items() if found is not None}


def _received(message: ARActe | ARAnnulation) -> dict[str, str]:
    return {"id_acte": message.id_acte, "date_reception": message.date_reception.isoformat()}


def _recu(acte: ActeRecu) -> dict[str, str]:
    return {
        "numero": acte.numero,
        "date": acte.date.isoformat(),
        "nature": str(acte.nature),
        "matiere": format_matiere(acte.matiere),
        "objet": acte.objet,
    }


def _classification(content: bytes) -> Inspected:
    found = parse_classification(content)
    return Inspected(
        kind="RetourClassification",
        identifiers={
            "date": found.date.isoformat(),
            "natures": str(len(found.natures)),
            "matieres": str(len(found.matieres)),
        },
    )


def _pes_aller(content: bytes) -> Inspected:
    facts = read_pes(content)
    bordereaux = tuple(
        {
            "element": f"bordereau {item.numero}",
            "domaine": item.domaine.value,
            "exercice": str(item.exercice),
            "type": item.typ_bord,
            "pieces": str(len(item.pieces)),
            "montant_ht": str(item.mt_ht) if item.mt_ht is not None else "",
            "signature": "oui" if item.signed or facts.signed_globally else "non",
            "line": str(item.line or ""),
        }
        for item in facts.bordereaux
    )
    attachments = tuple(
        {"element": f"pièce jointe {item.id_unique}", "nom": item.name, "type": item.type_pj}
        for item in facts.pieces_jointes
    )
    return Inspected(
        kind="PES_Aller",
        identifiers={
            "nom_fic": facts.nom_fic,
            "typ_fic": facts.typ_fic,
            "id_post": facts.id_post,
            "id_coll": facts.id_coll,
            "cod_col": facts.cod_col,
            "cod_bud": facts.cod_bud,
            "libelle": facts.libelle,
        },
        elements=bordereaux + attachments,
    )


def _acquit(content: bytes) -> Inspected:
    found = parse_acquit(content)
    return Inspected(
        kind="PES_ACQUIT",
        identifiers={
            "nom_fic": found.nom_fic,
            "id_post": found.id_post,
            "id_coll": found.id_coll,
            "cod_col": found.cod_col,
            "cod_bud": found.cod_bud,
        },
        elements=tuple(
            {
                "element": f"{item.libelle} {item.bordereau or item.id_unique or item.id_marche}",
                "state": "accepted" if item.accepted else "refused",
                "domaine": str(item.domaine),
                "errors": "; ".join(f"{e.code} {e.libelle}".strip() for e in item.erreurs),
            }
            for item in found.elements
        ),
    )


def _retour(content: bytes) -> Inspected:
    found = parse_retour(content)
    return Inspected(
        kind="PES_Retour",
        identifiers={"nom_fic": found.nom_fic, "id_coll": found.id_coll},
        elements=tuple(
            {
                "element": f"{piece.domaine.value} {piece.exercice}, pièce {piece.numero}",
                "state": piece.etat_libelle or piece.etat,
            }
            for piece in found.pieces
        ),
    )


def _budget(content: bytes) -> Inspected:
    """Say what a budget is, whether its seal is intact, and what each of its chapitres adds up to.

    :raises FaultError: ``ACT-BUDGET_ROOT``.
    """
    seal = verify_scellement(content)
    budgets, _ = read_budgets(content)
    entete = budgets[0].entete
    identifiers = {
        "collectivite": entete.collectivite,
        "siret": entete.siret or entete.id_etab,
        "budget": entete.libelle,
        "etape": budgets[0].etape,
        "exercice": str(entete.exercice or ""),
        "date": entete.date_decision.isoformat() if entete.date_decision else "",
        "nomenclature": entete.nomenclature,
        "scellement": {
            EtatScellement.INTACT: "intact",
            EtatScellement.ALTERED: "rompu",
            EtatScellement.ABSENT: "absent",
        }[seal.etat],
    }
    return Inspected(
        kind=entete.racine,
        identifiers={name: text for name, text in identifiers.items() if text},
        elements=tuple(row for budget in budgets for row in _sections(budget)),
    )


def _sections(budget: BudgetVu) -> Iterator[Mapping[str, str]]:
    """Yield one row per chapitre of each side, each side with its total."""
    for section in budget.sections:
        for sens, cases in (("dépenses", section.depenses), ("recettes", section.recettes)):
            for case in cases:
                yield {
                    "section": section.nom,
                    "sens": sens,
                    "chapitre": case.code or "non indiqué",
                    "libelle": case.libelle,
                    "montant": str(case.total),
                }
            total = section.total_depenses if sens == "dépenses" else section.total_recettes
            yield {
                "section": section.nom,
                "sens": sens,
                "chapitre": "total",
                "montant": str(total.total),
                "state": section.etat.words if sens == "recettes" else "",
            }


_READERS: Mapping[str, Callable[[bytes], Inspected]] = {
    "PES_Aller": _pes_aller,
    **dict.fromkeys(ACQUITS, _acquit),
    "PES_Retour": _retour,
    "DocumentBudgetaire": _budget,
    "CompteFinancierUnique": _budget,
}
