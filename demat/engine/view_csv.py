"""The table of a PES for a spreadsheet: one row per line, UTF-8 with its mark, ``;``, commas.

A free text that a spreadsheet would take for a formula is preceded by an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from demat.engine.view_answers import etat_ligne, named_element, observations, reglements
from demat.engine.view_page import Explain
from demat.helios.acquit import Acquit, advice
from demat.helios.libelles import (
    VALEURS,
    en_clair,
    libelle,
    nature_bordereau,
    nature_piece,
    nature_rattachement,
)
from demat.helios.retour import Retour
from demat.helios.view import (
    EntetePes,
    VueBordereau,
    VueLigne,
    VuePes,
    VuePiece,
    VuePjRef,
    VueTiers,
)

__all__ = ["Row", "acquit_rows", "aller_rows", "guarded", "retour_rows", "to_csv"]

Cell = str | Decimal | None
Row = Sequence[Cell]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK = "\ufeff".encode()


def to_csv(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a table row by row; the first row holds the titles."""
    yield _MARK
    for row in rows:
        line = io.StringIO()
        csv.writer(line, delimiter=";").writerow([_cell(value) for value in row])
        yield line.getvalue().encode()


def _cell(value: Cell) -> str:
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", ",")
    return guarded(value or "")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula, on one line."""
    flat = " ".join(text.splitlines())
    return f"'{flat}" if text.startswith(_FORMULA) or flat.lstrip().startswith(_FORMULA) else flat


_ALLER = (
    *("Fichier", "Date", "Poste comptable", "SIRET", "Collectivité", "Budget", "Libellé du budget"),
    *("Domaine", "Exercice", "Bordereau", "Type de bordereau", "Date du bordereau"),
    *("Nombre de pièces annoncé", "Total HT annoncé", "TVA annoncée", "Cumul annuel"),
    *(
        "Autres données du bordereau",
        "Pièce",
        "Type de pièce",
        "Objet",
        "Autres données de la pièce",
    ),
    *("Ligne", "Objet de la ligne", "Compte", "Fonction", "Opération", "HT", "TVA", "TTC"),
    *("Rattachement", "Exercice d'origine", "Pièce d'origine", "Ligne d'origine"),
    *("Autres données de la ligne", "Tiers", "Identifiant du tiers", "Nature de l'identifiant"),
    *("Catégorie", "Nature juridique", "Rôle", "Adresse", "IBAN", "BIC", "Titulaire"),
    *("Autres données du tiers", "Autres tiers", "Pièces jointes"),
)


def aller_rows(found: Iterable[VuePes]) -> Iterator[Row]:
    """Yield the rows of a PES_Aller, titles first; a pièce without any line has one row too."""
    yield _ALLER
    entete = EntetePes()
    for one in found:
        if isinstance(one, EntetePes):
            entete = one
        elif isinstance(one, VuePiece):
            head = (*_entete(entete), *_bordereau(one.bordereau), *_piece(one))
            for ligne in one.lignes or (None,):
                yield (*head, *_ligne(one, ligne))


def _entete(entete: EntetePes) -> Row:
    return (
        *(entete.nom_fic, en_clair("", entete.date), entete.id_post, entete.id_coll),
        *(entete.cod_col, entete.cod_bud, entete.libelle),
    )


def _bordereau(one: VueBordereau) -> Row:
    return (
        *(one.domaine.value, one.exercice, one.numero),
        *(nature_bordereau(one.domaine, one.typ_bord), en_clair("", one.date_emission)),
        *(one.nbr_pce, one.mt_ht, one.mt_tva, one.mt_cumul, _champs(one.autres)),
    )


def _piece(one: VuePiece) -> Row:
    kind = nature_piece(one.bordereau.domaine, one.typ_pce, one.nat_pce)
    return (one.numero, kind, one.objet, _champs(one.autres))


def _ligne(piece: VuePiece, ligne: VueLigne | None) -> Row:
    if ligne is None:
        return (*("",) * 25, _references(piece.pj))
    tiers = ligne.tiers[0] if ligne.tiers else None
    return (
        *(ligne.numero, ligne.objet, ligne.compte, ligne.fonction, ligne.operation),
        *(ligne.mt_ht, ligne.mt_tva, ligne.mt_ttc),
        *_rattachement(piece, ligne),
        _champs(ligne.autres),
        *_tiers(tiers),
        ", ".join(other.nom for other in ligne.tiers[1:]),
        _references((*piece.pj, *ligne.pj)),
    )


def _rattachement(piece: VuePiece, ligne: VueLigne) -> Row:
    found = ligne.rattachement
    if found is None:
        return ("",) * 4
    kind = nature_rattachement(piece.bordereau.domaine, found.nature)
    return (kind, found.exercice, found.piece, found.ligne)


def _tiers(tiers: VueTiers | None) -> Row:
    if tiers is None:
        return ("",) * 11
    return (
        *(tiers.nom, tiers.id_tiers, _code("NatIdTiers", tiers.nat_id_tiers)),
        *(_code("CatTiers", tiers.cat_tiers), _code("NatJur", tiers.nat_jur)),
        *(_code("TypTiers", tiers.typ_tiers), ", ".join(tiers.adresse)),
        *(tiers.iban, tiers.bic, tiers.titulaire, _champs(tiers.autres)),
    )


def _code(name: str, value: str) -> str:
    return VALEURS[name].get(value, value)


def _champs(champs: Iterable[tuple[str, str]]) -> str:
    """Put every other value in one cell: nothing of the file is left out."""
    return " | ".join(f"{libelle(name)} : {en_clair(name, value)}" for name, value in champs)


def _references(references: Iterable[VuePjRef]) -> str:
    return " | ".join(f"{one.nom} ({one.id_unique})".strip() for one in references)


_ACQUIT = (
    *("Fichier", "Élément", "Exercice", "Bordereau", "Verdict", "Pièce", "Ligne"),
    *("Code", "Libellé du comptable", "Ce que cela veut dire", "À faire", "À qui demander"),
)


def acquit_rows(acquit: Acquit, explain: Explain) -> Iterator[Row]:
    """Yield the rows of an acquit, titles first: one per reason, or per element without any."""
    yield _ACQUIT
    for element in acquit.elements:
        head = (
            *(acquit.nom_fic, named_element(element), str(element.exercice or "")),
            *(str(element.bordereau or ""), "accepté" if element.accepted else "refusé"),
        )
        for erreur in element.erreurs:
            text = explain(advice(erreur))
            yield (
                *head,
                *(str(erreur.piece or ""), str(erreur.ligne or ""), erreur.code, erreur.libelle),
                *(text.sentence, text.remedy, text.ask),
            )
        if not element.erreurs:
            yield (*head, *("",) * 7)


_RETOUR = (
    *("Fichier", "Domaine", "Exercice", "Bordereau", "Type de bordereau", "Pièce", "Objet", "État"),
    *("Prise en charge", "Rejet", "Motifs", "Commentaire", "Numéro perdu", "Ligne"),
    *("État de la ligne", "HT", "Réglé", "Règlements"),
)


def retour_rows(retour: Retour) -> Iterator[Row]:
    """Yield the rows of a retour, titles first: one per line."""
    yield _RETOUR
    for one in retour.pieces:
        head = (
            *(retour.nom_fic, one.domaine.value, str(one.exercice or ""), str(one.bordereau or "")),
            *(one.typ_bord, str(one.numero or ""), one.objet, one.etat_libelle or one.etat),
            *(en_clair("", one.date_prise_en_charge), en_clair("", one.date_rejet)),
            *(observations(one.domaine, one.observations), one.commentaire),
            "oui" if one.numero_perdu else "non",
        )
        for ligne in one.lignes:
            yield (
                *head,
                *(str(ligne.numero or ""), etat_ligne(one.domaine, ligne)),
                *(ligne.mt_ht, ligne.mt_regle, reglements(one.domaine, ligne)),
            )
        if not one.lignes:
            yield (*head, *("",) * 5)
