"""Exports of titres de recette and of mandats de dépense: one row, one line of a pièce.

Columns and their treatment: helios dossier §10.2 (titres), §10.3 (mandats). The rows of one pièce
need not follow each other: they are grouped by exercice, bordereau and number.
"""

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from demat.actes.documents import detect_type
from demat.faults import Fault, FaultError, Faults
from demat.helios.model import (
    Adresse,
    Bordereau,
    Budget,
    Compte,
    Dgp,
    Domaine,
    Ligne,
    PieceComptable,
    PieceJointe,
    PJRef,
    RattachPiece,
    Tiers,
)
from demat.helios.text import transliterate
from demat.identifiers import is_bic, is_iban, is_siren, is_siret, squeeze
from demat.intake.api import InputFile, PesDraft, ReadContext, Reading
from demat.intake.readers.tables import SPREADSHEETS, Row, Table, column_key, read_table

__all__ = ["Mandats", "Titres"]

ALIASES: Mapping[str, str] = {
    "date_emission": "date_bordereau",
    "bordereau": "num_bordereau",
    "numero_bordereau": "num_bordereau",
    "titre": "num_titre",
    "numero_titre": "num_titre",
    "mandat": "num_mandat",
    "numero_mandat": "num_mandat",
    "ligne": "num_ligne",
    "imputation": "compte",
    "nature": "compte",
    "article": "compte",
    "libelle": "objet",
    "montant": "montant_ht",
    "montant_ttc": "montant_ht",
    "fournisseur": "nom",
    "raison_sociale": "nom",
    "adresse": "adresse2",
    "voie": "adresse2",
    "code_postal": "cp",
    "commune": "ville",
    "produit": "code_produit",
    "piece_jointe": "pj_fichier",
    "pj": "pj_fichier",
}
_COMMON = (
    *("exercice", "num_bordereau", "date_bordereau", "objet", "compte"),
    *("montant_ht", "nom", "adresse2", "cp", "ville"),
)

TIERS: Mapping[str, str] = {
    "particulier": "01+01",
    "personne": "01+01",
    "artisan": "01+02",
    "entreprise": "50+03",
    "societe": "50+03",
    "association": "50+06",
    "commune": "23+09",
    "departement": "22+09",
    "groupement": "24+09",
    "ccas": "26+09",
    "etat": "20+07",
    "caf": "60+11",
}
"""What the agent writes → CatTiers + NatJur (helios dossier §3.6, §10.2)."""

CIVILITES: Mapping[str, str] = {
    **dict.fromkeys(("m", "mr", "monsieur"), "M"),
    **dict.fromkeys(("mme", "madame", "mlle", "mademoiselle"), "MME"),
}

REGLEMENTS: Mapping[str, str] = {
    "numeraire": "01",
    "especes": "01",
    "cheque": "02",
    "virement": "03",
    "virement_appli_externe": "04",
    "virement_gros_montant": "05",
    "virement_etranger": "06",
    "budget_rattache": "07",
    "operation_ordre": "08",
    "operation_d_ordre": "08",
    "avis_de_reglement": "09",
    "prelevement": "10",
    "virement_interne": "11",
}
"""Words of an export → ModRegl (helios dossier §4.3)."""

_OWN_TITRE, _OWN_MANDAT = (
    "01",
    "01",
)  # NatPceOrig of the domain's own pièces: never the other's list


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """What differs between titres and mandats."""

    kind: str
    domaine: Domaine
    number: str
    required: tuple[str | tuple[str, ...], ...]
    triplets: Mapping[str, str]
    objet_limit: int
    letters: tuple[str, str]
    """Letters of the identifiers of bordereaux and attachments: domain and pièce."""
    type_pj: str


_TITRES = _Layout(
    kind="titres",
    domaine=Domaine.RECETTE,
    number="num_titre",
    required=("num_titre", "code_produit", *_COMMON),
    triplets={
        "titre": "01-01-01",
        "fonctionnement": "01-01-01",
        "investissement": "01-01-02",
        "annulation": "02-02-06",
        "reduction": "02-02-06",
        "regularisation": "01-05-01",
    },
    objet_limit=160,
    letters=("R", "T"),
    type_pj="002",
)
_MANDATS = _Layout(
    kind="mandats",
    domaine=Domaine.DEPENSE,
    number="num_mandat",
    required=("num_mandat", *_COMMON),
    triplets={
        "mandat": "01-01-01",
        "fonctionnement": "01-01-01",
        "investissement": "01-01-02",
        "marche": "01-09-01",
        "marche_investissement": "01-09-02",
        "regie": "01-01-05",
        "paie": "01-01-11",
        "annulation": "02-02-06",
        "reduction": "02-02-06",
    },
    objet_limit=100,
    letters=("D", "M"),
    type_pj="003",
)


class _Ecritures:
    """Reader of one spreadsheet of accounting lines and the documents that it names."""

    def __init__(self, layout: _Layout) -> None:
        self._layout = layout

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Exactly one spreadsheet, with the number of a titre (or mandat) and an amount."""
        tables = [file for file in files if file.suffix in SPREADSHEETS]
        if len(tables) != 1:
            return False
        try:
            columns = read_table(tables[0]).columns
        except FaultError:
            return False
        names = {ALIASES.get(column, column) for column in columns}
        return self._layout.number in names

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read every row, then group them into pièces, bordereaux and one draft per budget."""
        sheet = next(file for file in files if file.suffix in SPREADSHEETS)
        table = read_table(sheet)
        problems = table.check_columns(self._layout.required, ALIASES)
        if problems:
            return Reading(kind=self._layout.kind, faults=Faults(problems))
        documents = {file.base: file for file in files if file is not sheet}
        return _Grouping(self._layout, context, documents).read(table)


class Titres(_Ecritures):
    """Reader of an export of titres de recette."""

    def __init__(self) -> None:
        super().__init__(_TITRES)


class Mandats(_Ecritures):
    """Reader of an export of mandats de dépense."""

    def __init__(self) -> None:
        super().__init__(_MANDATS)


@dataclass(kw_only=True, slots=True)
class _Piece:
    """A pièce being gathered, row after row."""

    first: Row
    triplet: str
    lignes: list[Ligne] = field(default_factory=list)
    refs: list[PJRef] = field(default_factory=list)


_BordereauKey = tuple[str, int, str, int]
"""CodBud, exercice, TypBord, IdBord."""


class _Grouping:
    """One reading of one sheet: rows → lignes → pièces → bordereaux → drafts."""

    def __init__(
        self, layout: _Layout, context: ReadContext, documents: Mapping[str, InputFile]
    ) -> None:
        self._layout = layout
        self._context = context
        self._documents = documents
        self._faults: list[Fault] = []
        self._bordereaux: dict[_BordereauKey, dict[int, _Piece]] = {}
        self._attachments: dict[str, dict[str, PieceJointe]] = {}
        self._used: set[str] = set()

    def read(self, table: Table) -> Reading:
        rows = list(table.rows(ALIASES))
        for row in rows:
            self._take(row)
        self._faults = [
            Fault(code="INT-FILE_ORPHAN", params={"name": name, "sheet": table.file}, source=name)
            for name in sorted(set(self._documents) - self._used)
        ]
        drafts: tuple[PesDraft, ...] = ()
        if not self._all_faults(rows).blocking:
            drafts = tuple(self._drafts(table.file))  # reads the optional cells, which may be wrong
        faults = self._all_faults(rows)
        return Reading(
            kind=self._layout.kind, drafts=() if faults.blocking else drafts, faults=faults
        )

    def _all_faults(self, rows: Sequence[Row]) -> Faults:
        return Faults([*(fault for row in rows for fault in row.faults), *self._faults])

    def _take(self, row: Row) -> None:
        budget = _budget(row, self._context.budgets)
        exercice = row.integer("exercice", required=True)
        bordereau = row.integer("num_bordereau", required=True)
        row.day("date_bordereau", required=True)
        numero = row.integer(self._layout.number, required=True)
        triplet = row.choice("type", self._layout.triplets, default="01-01-01")
        ligne = _ligne(row, self._layout, self._context)
        if budget is None or exercice is None or bordereau is None or numero is None:
            return
        key = (budget.cod_bud, exercice, triplet[:2], bordereau)
        pieces = self._bordereaux.setdefault(key, {})
        piece = pieces.setdefault(numero, _Piece(first=row, triplet=triplet))
        if piece.triplet != triplet:
            row.fault("INT-PIECE_MIXED", "type", numero=str(numero))
        if ligne is not None:
            piece.lignes.append(_numbered(ligne, row, len(piece.lignes) + 1))
        self._attach(row, budget, exercice, numero, piece)

    def _attach(self, row: Row, budget: Budget, exercice: int, numero: int, piece: _Piece) -> None:
        """Link the documents that a row names; the same document of a pièce is sent once."""
        for name in _names(row.text("pj_fichier")):
            file = self._documents.get(name)
            if file is None:
                row.fault("INT-FILE_MISSING", "pj_fichier", name=name)
                continue
            if name in self._used and any(ref.name == _nom_pj(name) for ref in piece.refs):
                continue
            self._used.add(name)
            domain, letter = self._layout.letters
            rank = len(piece.refs) + 1
            unique = f"{budget.siret}{domain}{exercice}{letter}{numero:06d}A{rank}"
            piece.refs.append(PJRef(id_unique=unique, name=_nom_pj(name)))
            self._attachments.setdefault(budget.cod_bud, {})[unique] = PieceJointe(
                id_unique=unique,
                name=_nom_pj(name),
                content=file.content,
                mime_type=_mime_type(file),
                type_pj=row.text("pj_type") or self._layout.type_pj,
                description=_plain(row.text("pj_libelle") or file.stem)[:250],
            )

    def _drafts(self, sheet: str) -> Iterable[PesDraft]:
        for budget in self._context.budgets:
            bordereaux = tuple(
                self._bordereau(key, pieces)
                for key, pieces in self._bordereaux.items()
                if key[0] == budget.cod_bud
            )
            if bordereaux:
                attachments = self._attachments.get(budget.cod_bud, {})
                yield PesDraft(
                    budget=budget,
                    domaine=self._layout.domaine,
                    bordereaux=bordereaux,
                    pieces_jointes=tuple(attachments.values()),
                    where=sheet,
                )

    def _bordereau(self, key: _BordereauKey, pieces: Mapping[int, _Piece]) -> Bordereau:
        _, exercice, typ_bord, numero = key
        first = next(iter(pieces.values())).first
        emission = first.day("date_bordereau")
        if emission is None:
            raise ValueError("a bordereau without date was a fault")
        letter = self._layout.letters[0]
        suffix = "" if typ_bord == "01" else f"T{typ_bord}"
        return Bordereau(
            id=f"BRD{exercice}{letter}{numero:04d}{suffix}",
            domaine=self._layout.domaine,
            exercice=exercice,
            numero=numero,
            date_emission=emission,
            typ_bord=typ_bord,
            mt_cumul_annuel=first.amount("cumul_annuel"),
            pieces=tuple(self._piece(number, piece) for number, piece in pieces.items()),
        )

    def _piece(self, numero: int, piece: _Piece) -> PieceComptable:
        row = piece.first
        _, typ_pce, nat_pce = piece.triplet.split("-")
        return PieceComptable(
            numero=numero,
            typ_pce=typ_pce,
            nat_pce=nat_pce,
            objet=_plain(row.text("objet")),
            service=row.text("service"),
            date_asap=row.day("date_asap") if self._layout is _TITRES else None,
            pj=tuple(piece.refs),
            lignes=tuple(piece.lignes),
            dgp=_dgp(row) if self._layout is _MANDATS else None,
        )


def _budget(row: Row, budgets: Sequence[Budget]) -> Budget | None:
    """Return the budget that a row names; the only one when it names none."""
    code = row.text("budget")
    if not code and len(budgets) == 1:
        return budgets[0]
    if not code:
        row.fault("INT-BUDGET_UNSAID", "budget", known=_known(budgets))
        return None
    wanted = column_key(code)
    for budget in budgets:
        if wanted.zfill(2) == budget.cod_bud.lower() or wanted == column_key(budget.libelle):
            return budget
    row.fault("INT-BUDGET_UNKNOWN", "budget", value=code, known=_known(budgets))
    return None


def _known(budgets: Sequence[Budget]) -> str:
    return ", ".join(f"{budget.cod_bud} ({budget.libelle})" for budget in budgets)


def _ligne(row: Row, layout: _Layout, context: ReadContext) -> Ligne | None:
    row.text("objet", required=True, limit=layout.objet_limit)
    compte = row.text("compte", required=True)
    if compte and not (compte.isascii() and compte.isdigit()):
        row.fault("INT-NUMBER", "compte", value=compte)
    montant = row.amount("montant_ht", required=True)
    tiers = _tiers(row, layout, context)
    recette = layout is _TITRES
    code_produit = row.text("code_produit", required=recette, limit=4)
    if montant is None or tiers is None:
        return None
    _refuse_negative(row, montant)
    return Ligne(
        numero=1,
        objet=_plain(row.text("detail", limit=160)) if recette else "",
        nature=compte,
        fonction=row.text("fonction"),
        operation=row.text("operation"),
        code_produit=code_produit,
        mt_ht=montant,
        mt_tva=row.amount("montant_tva") or None,
        tx_tva=(row.amount("taux_tva") or None) if recette else None,
        mode_reglement="" if recette else _reglement(row),
        facture="" if recette else row.text("num_facture", limit=20),
        lib_vir1="" if recette else _plain(row.text("libelle_virement", limit=70)),
        tiers=(tiers,),
        rattachement=_rattachement(row, layout),
        marche=row.text("marche"),
        regie=row.text("regie"),
        emprunt=row.text("emprunt"),
        inventaire=row.text("inventaire"),
        convention=row.text("convention"),
    )


def _refuse_negative(row: Row, montant: Decimal) -> None:
    if montant < 0:
        row.fault("INT-NEGATIVE", "montant_ht", value=str(montant))


def _numbered(ligne: Ligne, row: Row, rank: int) -> Ligne:
    return replace(ligne, numero=row.integer("num_ligne") or rank)


def _reglement(row: Row) -> str:
    """Return ModRegl: as given, else a transfer when the row has an account."""
    return row.choice("mode_reglement", REGLEMENTS, default="03" if row.text("iban") else "")


def _rattachement(row: Row, layout: _Layout) -> RattachPiece | None:
    """Return the pièce that is reduced or regularised (`titre_origine` or `mandat_origine`)."""
    column = "titre_origine" if layout is _TITRES else "mandat_origine"
    piece = row.integer(column)
    if piece is None:
        return None
    exercice = row.integer("exercice_origine") or row.integer("exercice")
    return RattachPiece(
        nature=_OWN_TITRE if layout is _TITRES else _OWN_MANDAT,
        exercice=exercice or 0,
        piece=piece,
        ligne=row.integer("ligne_origine") or 1,
    )


def _tiers(row: Row, layout: _Layout, context: ReadContext) -> Tiers | None:
    nom = _name(row, "nom", required=True)
    siret, nature_id = _siret(row)
    code = row.choice("type_tiers", TIERS, default=_guess_tiers(row, siret))
    if not code:
        row.fault("INT-TIERS_TYPE", "type_tiers", known=", ".join(sorted(TIERS)))
        return None
    categorie, juridique = code.split("+")
    person = categorie == "01"
    adresse = _adresse(row)
    compte = _compte(row, nom)
    civilite = row.choice("civilite", CIVILITES)
    return Tiers(
        id_tiers=siret,
        nat_id_tiers=nature_id,
        ref_tiers=row.text("code_tiers", limit=30),
        cat_tiers=categorie,
        nat_jur=juridique,
        civilite=context.civilites.get(civilite, "") if person else "",
        nom=nom,
        compl_nom=_name(row, "nom2"),
        prenom=_name(row, "prenom") if person else "",
        date_naissance=row.day("date_naissance") if person and layout is _TITRES else None,
        adresse=adresse,
        compte=compte,
    )


def _guess_tiers(row: Row, siret: str) -> str:
    """A SIRET without type is a company, a first name is a person; anything else is asked."""
    if row.text("prenom"):
        return TIERS["particulier"]
    return TIERS["entreprise"] if siret else ""


def _siret(row: Row) -> tuple[str, str]:
    """Return IdTiers and NatIdTiers from the columns ``siret`` or ``siren``."""
    for column, check, nature in (("siret", is_siret, "01"), ("siren", is_siren, "02")):
        value = squeeze(row.text(column))
        if not value:
            continue
        if check(value):
            return value, nature
        row.fault("INT-SIRET" if column == "siret" else "INT-SIREN", column, value=value)
    return "", ""


def _adresse(row: Row) -> Adresse:
    pays = row.text("pays").upper()
    abroad = pays not in ("", "FRANCE", "FR", "100")
    cp = row.text("cp", required=True)
    if cp and not (len(cp) == 5 and cp.isascii() and cp.isdigit()):
        row.fault("INT-CP", "cp", value=cp)
    if abroad and not (pays.isascii() and pays.isdigit()):
        row.fault("INT-COUNTRY", "pays", value=pays)
    return Adresse(
        adr1=_name(row, "adresse1"),
        adr2=_name(row, "adresse2", required=True),
        adr3=_name(row, "adresse3"),
        cp=cp,
        ville=_name(row, "ville", required=True),
        non_resident=abroad,
        code_pays=pays if abroad else "",
    )


def _compte(row: Row, nom: str) -> Compte | None:
    iban = squeeze(row.text("iban")).upper()
    if not iban:
        return None
    bic = squeeze(row.text("bic")).upper()
    if not is_iban(iban):
        row.fault("INT-IBAN", "iban", value=row.text("iban"))
    if bic and not is_bic(bic):
        row.fault("INT-BIC", "bic", value=row.text("bic"))
    holder = row.text("titulaire", limit=32) or nom[:32].strip()
    return Compte(iban=iban, bic=bic, titulaire=_plain(holder))


def _name(row: Row, column: str, *, required: bool = False) -> str:
    """Return a name or a line of address: 38 characters at most, as Hélios can read it."""
    return _plain(row.text(column, required=required, limit=38))


def _plain(text: str) -> str:
    """Replace what ISO-8859-1 lacks; the length may grow (``œ`` → ``oe``), the XSD will say so."""
    return transliterate(text)[0]


def _dgp(row: Row) -> Dgp | None:
    debut, fin = row.day("date_reception"), row.day("date_limite")
    if debut is None or fin is None:
        return None
    return Dgp(debut=debut, fin=fin, duree=row.integer("delai") or 30)


def _names(text: str) -> list[str]:
    separator = "|" if "|" in text else ","
    return [name.strip() for name in text.split(separator) if name.strip()]


def _nom_pj(name: str) -> str:
    """Return the file name as NomPJ admits it: Latin-1, 100 characters, extension kept."""
    plain = _plain(name)
    stem, _, suffix = plain.rpartition(".")
    return f"{stem[: 99 - len(suffix)]}.{suffix}"


def _mime_type(file: InputFile) -> str:
    """Return the MIME type from the bytes, from the name only for what the bytes do not tell."""
    by_content = {
        "pdf": "application/pdf",
        "png": "image/png",
        "jpg": "image/jpeg",
        "xml": "application/xml",
        "zip": "application/zip",
    }
    found = by_content.get(detect_type(file.content))
    return found or mimetypes.guess_type(file.base)[0] or "application/octet-stream"
