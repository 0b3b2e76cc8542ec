"""What agents are shown of the retours: rejected pièces, and drafts of régularisations (§8.3).

Each is laid once. The name of what is laid tells the retour, so that a crash lays the same again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from demat.amounts import from_cents
from demat.clock import paris_date
from demat.engine.office import Authority, Office
from demat.engine.sheets import correction_sheet
from demat.engine.view_csv import Row, to_csv
from demat.faults import Fault, Faults, Severity
from demat.files import write_atomic, write_chunks
from demat.helios.libelles import OBSERVATIONS, REMEDES
from demat.helios.model import Domaine
from demat.helios.pieces import ElementState, EtatPiece
from demat.helios.rule_base import french
from demat.intake.claim import SHEET
from demat.intake.readers.layouts import TIERS
from demat.queue.views import PieceView

__all__ = ["A_COMPLETER", "NOMS", "element_name", "lay_news", "motifs", "piece_faults"]

A_COMPLETER = "a-completer"
"""Folder of ``accuses`` where the drafts of régularisations are laid."""
NOMS: Mapping[Domaine, str] = {Domaine.DEPENSE: "mandat", Domaine.RECETTE: "titre"}
"""What a pièce of each domain is called."""


def lay_news(authority: Authority, office: Office) -> None:
    """Lay what no agent was shown yet, one folder per retour."""
    told: dict[int, list[PieceView]] = defaultdict(list)
    for piece in office.store.pieces(authority.siren, to_show=True):
        told[piece.retour_id].append(piece)
    for number, pieces in told.items():
        decided = [piece for piece in pieces if not piece.regularise]
        drafts = [piece for piece in pieces if piece.to_regularise]
        if decided:
            _lay_decisions(number, decided, authority, office)
        if drafts:
            _lay_drafts(number, drafts, authority, office)
        office.store.mark_shown(piece.id for piece in pieces)


def _lay_decisions(
    number: int, pieces: Sequence[PieceView], authority: Authority, office: Office
) -> None:
    faults = Faults(fault for piece in pieces for fault in piece_faults(piece))
    day = _french(pieces[0].day)
    sheet = correction_sheet(
        title=f"Le comptable a examiné vos pièces : retour du {day}",
        intro=(
            "Le comptable public a rejeté des pièces, ou attend quelque chose de vous.",
            "Corrigez les pièces ci-dessous et remettez-les, dans un nouveau bordereau, dans "
            "« a-deposer ». Les autres pièces des mêmes bordereaux ne sont pas à renvoyer.",
        ),
        faults=faults,
        explained=[office.explain(fault) for fault in faults],
        now=office.clock.now(),
    )
    folder = authority.folders.a_corriger / _name("comptable", number, pieces)
    write_atomic(folder / SHEET, sheet)


def _name(kind: str, number: int, pieces: Sequence[PieceView]) -> str:
    return f"{kind}-budget-{pieces[0].cod_bud}-retour-{number}"


def _french(day: date | None) -> str:
    return "date inconnue" if day is None else french(day)


_CODES = {
    EtatPiece.REJETEE: "PES-RETOUR_REJECTED",
    EtatPiece.REJETEE_APRES: "PES-RETOUR_BURNT",
    EtatPiece.INSTANCE: "PES-RETOUR_INSTANCE",
}


def piece_faults(piece: PieceView) -> Iterator[Fault]:
    """Yield what the comptable has against a pièce: the decision, then each reason."""
    code = _CODES.get(piece.etat)
    if code is None:
        return
    if piece.etat is EtatPiece.REJETEE and piece.rejected_on is None:
        code = "PES-RETOUR_UNDATED"  # its number was not freed
    severity = Severity.BLOCKING if piece.etat.rejected else Severity.WARNING
    nom = NOMS[piece.domaine]
    where = (
        f"{nom.capitalize()} n° {piece.numero}, bordereau n° {piece.bordereau} "
        f"({piece.exercice}), budget {piece.cod_bud}"
    )
    named = {"nom": nom, "numero": str(piece.numero), "objet": piece.objet or "sans objet"}
    said = " ; ".join(dict.fromkeys(filter(None, _comments(piece)))) or "sans commentaire"
    params = named | {"date": _french(piece.rejected_on or piece.day), "commentaire": said}
    yield Fault(code=code, params=params, severity=severity, source=where)
    for motif, words in motifs(piece).items():
        yield Fault(
            code=REMEDES[piece.domaine].get(motif, "PES-OBS_AUTRE"),
            params=named | {"motif": words},
            severity=severity,
            source=where,
        )


def motifs(piece: PieceView) -> dict[str, str]:
    """Return the reasons of the comptable, in words, by code; each once."""
    words = OBSERVATIONS[piece.domaine]
    places = [piece.detail, *piece.detail["lignes"]]
    return {
        motif: words.get(motif, f"motif n° {motif}")
        for place in places
        for motif in place["observations"]
    }


def _comments(piece: PieceView) -> Iterator[str]:
    yield piece.detail.get("commentaire", "")
    for ligne in piece.detail.get("lignes", []):
        yield ligne["commentaire"]


def element_name(element: ElementState) -> str:
    """Name an element of a sent file as the agent knows it."""
    if element.domaine is None:
        return f"pièce jointe « {element.nom} »" if element.kind == "idunique" else element.nom
    nom = NOMS[element.domaine]
    what = f"bordereau de {nom}s" if element.kind == "idbord" else nom
    return f"{what} n° {element.numero} ({element.exercice})"


_TITRES = (
    *("exercice", "num_bordereau", "date_bordereau", "num_titre", "type", "objet", "code_produit"),
    *("compte", "fonction", "montant_ht", "montant_tva", "budget", "type_tiers", "civilite"),
    *("nom", "prenom", "adresse1", "adresse2", "adresse3", "cp", "ville", "code_tiers"),
    *("encaissement_origine", "exercice_origine", "compte_tiers"),
)
_OF_MANDATS = {"num_titre": "num_mandat", "encaissement_origine": "paiement_origine"}
_MANDATS = tuple(_OF_MANDATS.get(title, title) for title in _TITRES if title != "code_produit")
_ORIGINE = {Domaine.RECETTE: "encaissement_origine", Domaine.DEPENSE: "paiement_origine"}
_COLUMNS = {Domaine.RECETTE: _TITRES, Domaine.DEPENSE: _MANDATS}
_WORDS = {code: word for word, code in reversed(list(TIERS.items()))}


def _lay_drafts(
    number: int, pieces: Sequence[PieceView], authority: Authority, office: Office
) -> None:
    """Lay one table per domain, in our own layout, and the sheet that says what it is for."""
    folder = authority.folders.accuses / A_COMPLETER / _name("regularisations", number, pieces)
    exercice = paris_date(office.clock.now()).year
    for domaine in Domaine:
        mine = [piece for piece in pieces if piece.domaine is domaine]
        if mine:
            table = folder / f"{NOMS[domaine]}s-a-completer.csv"
            write_chunks(table, to_csv(_rows(domaine, mine, exercice)))
    faults = Faults(_draft_fault(piece) for piece in pieces)
    sheet = correction_sheet(
        title="Régularisations à préparer",
        intro=(
            "De l'argent a été encaissé ou payé avant que vous n'émettiez le titre ou le mandat.",
            "Le comptable attend ces titres et ces mandats. Les tableaux de ce dossier sont "
            "commencés : complétez les numéros de bordereau et de pièce, la date, le compte (et le "
            "code produit d'un titre), puis mettez le tableau dans « a-deposer ». Ne changez pas "
            "les colonnes « type », « encaissement_origine » ou « paiement_origine », "
            "« exercice_origine » et « compte_tiers » : elles relient votre pièce à "
            "l'encaissement ou au paiement.",
        ),
        faults=faults,
        explained=[office.explain(fault) for fault in faults],
        now=office.clock.now(),
    )
    write_atomic(folder / SHEET, sheet)


def _draft_fault(piece: PieceView) -> Fault:
    recette = piece.domaine is Domaine.RECETTE
    amount = f"{from_cents(piece.amount_cents):.2f}".replace(".", ",")
    return Fault(
        code="PES-RETOUR_TITRE" if recette else "PES-RETOUR_MANDAT",
        params={
            "numero": str(piece.numero),
            "exercice": str(piece.exercice),
            "budget": piece.cod_bud,
            "objet": piece.objet or "sans objet",
            "montant": amount,
        },
        severity=Severity.WARNING,
    )


def _rows(domaine: Domaine, pieces: Iterable[PieceView], exercice: int) -> Iterator[Row]:
    columns = _COLUMNS[domaine]
    yield columns
    for piece in pieces:
        for ligne in piece.detail["lignes"]:
            values = _values(piece, ligne, exercice)
            yield tuple(values.get(column, "") for column in columns)


def _values(piece: PieceView, ligne: Mapping[str, Any], exercice: int) -> dict[str, str]:
    """Return what is known of a line; what only the agent knows stays empty."""
    tiers: dict[str, str] = ligne["tiers"]
    return {
        **tiers,
        "type_tiers": _WORDS.get(tiers.get("categorie", ""), ""),
        "exercice": str(exercice),
        "type": "regularisation",
        "objet": piece.objet,
        "montant_ht": ligne["ht"].replace(".", ","),
        "montant_tva": ligne["tva"].replace(".", ","),
        "budget": piece.cod_bud,
        _ORIGINE[piece.domaine]: str(piece.numero),
        "exercice_origine": str(piece.exercice),
        "compte_tiers": ligne["compte_tiers"],
    }
