"""One row of an export → one line of a titre or of a mandat (helios dossier §3.4, §3.5, §4.3)."""

import re
from dataclasses import replace
from decimal import Decimal

from demat.helios.codes import BORDEREAU_ROLE, NAT_PCE, TYP_BORD, TYP_PCE, TypTiers
from demat.helios.model import Domaine, Ligne, PrelevementSepa, RattachPiece, Tiers
from demat.intake.api import ReadContext
from demat.intake.readers.layouts import DEBITEURS, PERIODICITES, REGLEMENTS, SEQUENCES, Layout
from demat.intake.readers.tables import Row
from demat.intake.readers.texts import limited, plain
from demat.intake.readers.tiers import PAYEE, read_tiers

__all__ = ["is_second_debtor", "join_debtor", "read_ligne", "read_triplet"]

_NATURE_ROLE = "588"
"""Account of the titres of a rôle (§3.8)."""
_ORDERS = frozenset({"03", "04"})
"""TypPce of opérations d'ordre: no money moves, so there may be no tiers and no account."""
_SOMEBODY = ("nom", "prenom", "siret", "siren", "code_tiers", "iban")
"""Columns that, any filled, show that a row has a tiers."""
_TRIPLET = re.compile(r"^([0-9]{2})[-. /]?([0-9]{2})[-. /]?([0-9]{2})$")


def read_triplet(row: Row, layout: Layout) -> str:
    """Return TypBord-TypPce-NatPce: as written in ``triplet``, else what ``type`` stands for."""
    written = row.text("triplet")
    if not written:
        return row.choice("type", layout.triplets, default="01-01-01")
    found = _TRIPLET.match(written)
    lists = (TYP_BORD, TYP_PCE, NAT_PCE)
    if not found or any(
        code not in known[layout.domaine] for code, known in zip(found.groups(), lists, strict=True)
    ):
        row.fault("INT-TRIPLET", "triplet", value=written)
        return "01-01-01"
    return "-".join(found.groups())


def read_ligne(row: Row, layout: Layout, triplet: str, context: ReadContext) -> Ligne | None:
    """Read the line of a row, all its cells, so that every fault is told at once.

    ``None`` when it has no amount or no usable tiers, which is then a fault of the row.
    """
    mt_ht, mt_tva = _montants(row)
    order = triplet[3:5] in _ORDERS
    nobody = order and not any(map(row.text, _SOMEBODY))
    tiers = None if nobody else read_tiers(row, layout, context)
    ligne = Ligne(
        numero=1,
        nature=_nature(row, triplet),
        fonction=_fonction(row),
        operation=limited(row, "operation", 10),
        code_produit=limited(row, "code_produit", 4, required=layout.domaine is Domaine.RECETTE),
        compte_tiers=limited(row, "compte_tiers", 12),
        mt_ht=mt_ht or Decimal(0),
        mt_tva=mt_tva,
        tiers=() if tiers is None else (tiers,),
        rattachement=_rattachement(row, layout, triplet),
        marche=limited(row, "marche", 30),
        regie=limited(row, "regie", 10),
        emprunt=limited(row, "emprunt", 24),
        inventaire=limited(row, "inventaire", 25),
        convention=limited(row, "convention", 25),
    )
    if layout.domaine is Domaine.RECETTE:
        ligne = _recette(row, ligne)
    else:
        ligne = _depense(row, ligne, layout, context, order=order)
    return None if mt_ht is None or (tiers is None and not nobody) else ligne


def _recette(row: Row, ligne: Ligne) -> Ligne:
    """Add what only a titre has."""
    majoration = row.day("date_majoration", required=bool(row.text("taux_majoration")))
    return replace(
        ligne,
        objet=limited(row, "detail", 160),
        tx_tva=row.amount("taux_tva") or None,
        majoration=majoration is not None,
        date_majoration=majoration,
        tx_majoration=row.amount("taux_majoration", required=majoration is not None),
        mt_non_majorable=row.amount("montant_non_majorable") or None,
        prelevement_sepa=_prelevement(row, ligne),
        caution=limited(row, "caution", 24),
    )


def _depense(row: Row, ligne: Ligne, layout: Layout, context: ReadContext, *, order: bool) -> Ligne:
    """Add what only a mandat has, and pay whoever the supplier gave the debt to."""
    mode = row.choice("mode_reglement", REGLEMENTS, default="08" if order else "")
    payee = _payee(row, layout, context)
    account = row.text(f"{PAYEE}iban" if payee else "iban")
    named = f"CESSION {plain(row.text('nom'))}" if payee else ""
    return replace(
        ligne,
        mode_reglement=mode or ("03" if account else ""),
        facture=limited(row, "num_facture", 20),
        lib_vir1=limited(row, "libelle_virement", 70),
        lib_vir2=limited(row, "libelle_virement2", 70) or named,
        tiers=(payee,) if payee else ligne.tiers,
    )


def _payee(row: Row, layout: Layout, context: ReadContext) -> Tiers | None:
    """Return whoever is paid instead of the supplier: the factor, the bank of a cession.

    The norm has one Tiers per line and nothing that says « cession » in an aller (§4.4): it comes
    back in the retour. The one who receives the money is therefore the Tiers, with an account of
    his own, never the supplier's; the supplier stays readable in the text of the transfer.
    """
    if not any(column.startswith(PAYEE) and row.text(column) for column in row.cells):
        return None
    row.text(f"{PAYEE}iban", required=True)
    return read_tiers(row, layout, context, PAYEE)


def _montants(row: Row, *, required: bool = True) -> tuple[Decimal | None, Decimal | None]:
    """Return MtHT and MtTVA; without TVA, MtHT is the whole amount (helios dossier §10.2)."""
    ht, tva, ttc = (row.amount(f"montant_{kind}") for kind in ("ht", "tva", "ttc"))
    if required and not row.text("montant_ht") and not row.text("montant_ttc"):
        row.fault("INT-CELL_EMPTY", "montant_ht")
    for column, montant in (("montant_ht", ht), ("montant_tva", tva), ("montant_ttc", ttc)):
        if montant is not None and montant < 0:
            row.fault("INT-NEGATIVE", column, value=str(montant))
    if ht is None and ttc is not None:
        ht = ttc - (tva or 0)
    elif ht is not None and ttc is not None and ht + (tva or 0) != ttc:
        params = {"ht": str(ht), "tva": str(tva or 0), "ttc": str(ttc)}
        row.fault("INT-TTC", "montant_ttc", **params)
    return ht, tva or None


def _nature(row: Row, triplet: str) -> str:
    role = triplet.startswith(BORDEREAU_ROLE)
    compte = row.text("compte", required=not role)
    if compte and not (compte.isascii() and compte.isdigit()):
        row.fault("INT-NUMBER", "compte", value=compte)
    return compte or (_NATURE_ROLE if role else "")


def _fonction(row: Row) -> str:
    """Return the fonction; 020 held as a number has become 20, which is another one (trap 21)."""
    fonction = row.text("fonction")
    if row.is_number("fonction") and len(fonction) < 3:
        row.warn("INT-FONCTION_NUMBER", "fonction", value=fonction)
    return fonction


def _rattachement(row: Row, layout: Layout, triplet: str) -> RattachPiece | None:
    """Return the earlier pièce that a row names, in the column that tells its kind (§3.4, §4.3).

    A pièce of TypPce 05 may name what it regularises in the column of its own kind, too.
    """
    expected = layout.cited_column(triplet)
    filled = [column for column in layout.origins if row.text(column)]
    exercice = row.integer("exercice_origine") or row.integer("exercice")
    rank = row.integer("ligne_origine") or 1
    if not filled:
        if expected:
            row.fault("INT-CELL_EMPTY", expected)
        return None
    if len(filled) > 1:
        row.fault("INT-ORIGIN_DOUBLE", filled[1], columns=", ".join(filled))
    column = filled[0]
    nature = layout.origins[layout.regulated if triplet[3:5] == "05" else column]
    piece = row.integer(column)
    if piece is None:
        return None
    return RattachPiece(
        nature=nature,
        exercice=exercice or 0,
        piece=piece,
        ligne=rank if nature in layout.with_line else None,
    )


def _prelevement(row: Row, ligne: Ligne) -> PrelevementSepa | None:
    """Return the SEPA debit of a row that names a mandate, or anything of a debit (§3.5)."""
    columns = ("rum", "date_mandat", "sequence", "date_prelevement", "montant_preleve")
    if not any(row.text(column) for column in columns):
        return None
    rum = limited(row, "rum", 35, required=True)
    signed = row.day("date_mandat", required=True)
    debited = row.day("date_prelevement", required=True)
    row.text("sequence", required=True)
    row.text("iban", required=True)
    montant = row.amount("montant_preleve") or ligne.mt_ht + (ligne.mt_tva or 0)
    sequence = row.choice("sequence", SEQUENCES)
    if signed is None or debited is None:
        return None
    return PrelevementSepa(
        nature="01",
        periodicite=row.choice("periodicite", PERIODICITES, default="07"),
        date_prelevement=debited,
        montant=montant,
        sequence=sequence,
        date_signature=signed,
        rum=rum,
        libelle=limited(row, "libelle_prelevement", 140),
    )


# --------------------------------------------------------------------------- co-debtors


def is_second_debtor(row: Row, layout: Layout) -> bool:
    """Tell whether a row only adds a person to the line of a titre above it.

    The rows of one titre whose ``type_debiteur`` is not the main one are co-debtors of the line of
    the same ``num_ligne``, else of the line above.
    """
    if layout.domaine is not Domaine.RECETTE:
        return False
    main = TypTiers.DEBITEUR_PRINCIPAL
    return row.choice("type_debiteur", DEBITEURS, default=main) != main


def join_debtor(
    row: Row, titre: int, lignes: list[Ligne], layout: Layout, context: ReadContext
) -> None:
    """Add a co-debtor to its line; an amount that the row repeats must be that of the line.

    :param titre: number of the titre, for the faults.
    :param lignes: its lines so far; the one that is concerned is replaced.
    """
    tiers = read_tiers(row, layout, context)
    ht, tva = _montants(row, required=False)
    numero = row.integer("num_ligne")
    places = [
        place for place, ligne in enumerate(lignes) if numero is None or ligne.numero == numero
    ]
    if not places:
        row.fault("INT-CODEBTOR_ALONE", "type_debiteur", numero=str(titre))
        return
    ligne = lignes[places[-1]]
    due = ligne.mt_ht + (ligne.mt_tva or 0)
    if ht is not None and ht + (tva or Decimal(0)) != due:
        row.fault("INT-CODEBTOR_AMOUNT", "montant_ht", value=str(ht + (tva or 0)), due=str(due))
    if tiers is not None:
        lignes[places[-1]] = replace(ligne, tiers=(*ligne.tiers, tiers))
