"""Exports of titres de recette and of mandats de dépense: one row, one line of a pièce.

Columns and their treatment: helios dossier §10.2 (titres), §10.3 (mandats). The rows of one pièce
need not follow each other: they are grouped by exercice, bordereau and number.
"""

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from demat.actes.documents import detect_type
from demat.faults import Faults
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
from demat.intake.names import name_key
from demat.intake.readers.columns import ECRITURES, find_sheet
from demat.intake.readers.documents import Documents
from demat.intake.readers.tables import Row, Table

__all__ = ["REQUIRED", "Mandats", "Titres", "read_ecritures"]

_COMMON = (
    *("exercice", "num_bordereau", "date_bordereau", "objet", "compte"),
    *("nom", "adresse2", "cp", "ville"),
    ("montant_ht", "montant_ttc"),
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
    **{f"{code:02d}": f"{code:02d}" for code in range(1, 12)},
    **{str(code): f"{code:02d}" for code in range(1, 12)},
}
"""Words or codes of an export → ModRegl (helios dossier §4.3)."""

_REDUCTION, _REGULARISATION = "02-02-06", "01-05-01"
_ORIGINS: Mapping[str, tuple[str, int | None]] = {
    _REDUCTION: ("01", 1),
    _REGULARISATION: ("03", None),
}
"""Triplet → NatPceOrig and default IdLigneOrig: 01 is the domain's own kind of pièce, 03 an
encaissement, whose lines have no number (helios dossier §3.4)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """What differs between titres and mandats."""

    kind: str
    domaine: Domaine
    number: str
    required: tuple[str | tuple[str, ...], ...]
    triplets: Mapping[str, str]
    origin: str
    """Column that gives the pièce that is reduced or regularised."""
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
        "annulation": _REDUCTION,
        "reduction": _REDUCTION,
        "regularisation": _REGULARISATION,
    },
    origin="titre_origine",
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
        "annulation": _REDUCTION,
        "reduction": _REDUCTION,
    },
    origin="mandat_origine",
    objet_limit=100,
    letters=("D", "M"),
    type_pj="003",
)

_LAYOUTS: Mapping[str, _Layout] = {layout.kind: layout for layout in (_TITRES, _MANDATS)}
REQUIRED: Mapping[str, tuple[str | tuple[str, ...], ...]] = {
    kind: layout.required for kind, layout in _LAYOUTS.items()
}
"""Kind of list → the columns that it must have; one of a tuple is enough."""


def read_ecritures(
    kind: str, file: InputFile, table: Table, files: Sequence[InputFile], context: ReadContext
) -> Reading:
    """Read the table of ``file``, the other files of the deposit being its documents."""
    layout = _LAYOUTS[kind]
    problems = table.check_columns(layout.required, ECRITURES)
    if problems:
        return Reading(kind=kind, faults=Faults(problems))
    documents = Documents(other for other in files if other is not file)
    return _Grouping(layout, context, documents).read(table)


class _Ecritures:
    """Reader of one spreadsheet of accounting lines and the documents that it names."""

    def __init__(self, layout: _Layout) -> None:
        self._layout = layout

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether the spreadsheet of the deposit lists titres (or mandats)."""
        sheet = find_sheet(files)
        return sheet is not None and sheet.layout == self._layout.kind

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read every row, then group them into pièces, bordereaux and one draft per budget."""
        sheet = find_sheet(files)
        if sheet is None:
            raise ValueError("the deposit was not recognised")
        return read_ecritures(self._layout.kind, sheet.file, sheet.table, files, context)


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
    refs: dict[str, PJRef] = field(default_factory=dict)
    """By the name of the document in the deposit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    """What a bordereau is known by."""

    codes: tuple[str, str, str]
    """Of its budget."""
    exercice: int
    typ_bord: str
    numero: int


class _Grouping:
    """One reading of one sheet: rows → lignes → pièces → bordereaux → drafts."""

    def __init__(self, layout: _Layout, context: ReadContext, documents: Documents) -> None:
        self._layout = layout
        self._context = context
        self._documents = documents
        self._bordereaux: dict[_Key, dict[int, _Piece]] = {}
        self._attachments: dict[tuple[str, str, str], dict[str, PieceJointe]] = {}

    def read(self, table: Table) -> Reading:
        rows = list(table.rows(ECRITURES))
        for row in rows:
            self._take(row)
        orphans = self._documents.orphans(table.file)
        faults = Faults([*(fault for row in rows for fault in row.faults), *orphans])
        drafts = () if faults.blocking else tuple(self._drafts(table.file))
        return Reading(kind=self._layout.kind, drafts=drafts, faults=faults)

    def _take(self, row: Row) -> None:
        budget = _budget(row, self._context.budgets)
        exercice = row.integer("exercice", required=True)
        bordereau = row.integer("num_bordereau", required=True)
        row.day("date_bordereau", required=True)
        numero = row.integer(self._layout.number, required=True)
        triplet = row.choice("type", self._layout.triplets, default="01-01-01")
        ligne = _ligne(row, self._layout, triplet, self._context)
        _check_once(row)
        names = self._documents.names(row.raw("pj_fichier"))
        files = [self._documents.find(row, "pj_fichier", name) for name in names]
        if budget is None or exercice is None or bordereau is None or numero is None:
            return
        key = _Key(codes=budget.codes, exercice=exercice, typ_bord=triplet[:2], numero=bordereau)
        pieces = self._bordereaux.setdefault(key, {})
        piece = pieces.setdefault(numero, _Piece(first=row, triplet=triplet))
        _compare(row, next(iter(pieces.values())).first, bordereau)
        if piece.triplet != triplet:
            row.fault("INT-PIECE_MIXED", "type", numero=str(numero))
        if ligne is not None:
            piece.lignes.append(_numbered(ligne, row, len(piece.lignes) + 1))
        for file in files:
            if file is not None and file.name not in piece.refs:
                self._attach(row, file, budget, key, numero, piece)

    def _attach(
        self, row: Row, file: InputFile, budget: Budget, key: _Key, numero: int, piece: _Piece
    ) -> None:
        """Link a document that a row names; the same document of a pièce is sent once."""
        domain, letter = self._layout.letters
        rank = len(piece.refs) + 1
        number = f"{numero:06d}{_suffix(key.typ_bord)}"
        unique = f"{budget.siret}{domain}{key.exercice}{letter}{number}A{rank}"
        nom = _nom_pj(file.base)
        piece.refs[file.name] = PJRef(id_unique=unique, name=nom)
        self._attachments.setdefault(key.codes, {})[unique] = PieceJointe(
            id_unique=unique,
            name=nom,
            content=file.content,
            mime_type=_mime_type(file),
            type_pj=row.text("pj_type").zfill(3) if row.text("pj_type") else self._layout.type_pj,
            description=_plain(row.text("pj_libelle") or file.stem)[:250],
        )

    def _drafts(self, sheet: str) -> Iterable[PesDraft]:
        for budget in self._context.budgets:
            bordereaux = tuple(
                self._bordereau(key, pieces)
                for key, pieces in self._bordereaux.items()
                if key.codes == budget.codes
            )
            if bordereaux:
                attachments = self._attachments.get(budget.codes, {})
                yield PesDraft(
                    budget=budget,
                    domaine=self._layout.domaine,
                    bordereaux=bordereaux,
                    pieces_jointes=tuple(attachments.values()),
                    where=sheet,
                )

    def _bordereau(self, key: _Key, pieces: Mapping[int, _Piece]) -> Bordereau:
        first = next(iter(pieces.values())).first
        emission = first.day("date_bordereau")
        if emission is None:
            raise ValueError("a bordereau without date was a fault")
        letter = self._layout.letters[0]
        return Bordereau(
            id=f"BRD{key.exercice}{letter}{key.numero:04d}{_suffix(key.typ_bord)}",
            domaine=self._layout.domaine,
            exercice=key.exercice,
            numero=key.numero,
            date_emission=emission,
            typ_bord=key.typ_bord,
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
            service=_limited(row, "service", 10),
            date_asap=row.day("date_asap") if self._layout is _TITRES else None,
            pj=tuple(piece.refs.values()),
            lignes=tuple(piece.lignes),
            dgp=_dgp(row) if self._layout is _MANDATS else None,
        )


def _check_once(row: Row) -> None:
    """Judge, in every row, the cells that count once for a pièce or a bordereau."""
    row.amount("cumul_annuel")
    row.day("date_asap")
    _limited(row, "service", 10)
    _dgp(row)


def _suffix(typ_bord: str) -> str:
    """Tell apart the bordereaux of each type, which have numbers of their own."""
    return "" if typ_bord == "01" else f"T{typ_bord}"


def _compare(row: Row, first: Row, numero: int) -> None:
    """Refuse a bordereau whose rows give two dates."""
    ours, theirs = row.day("date_bordereau"), first.day("date_bordereau")
    if ours and theirs and ours != theirs:
        row.fault(
            "INT-BORDEREAU_DATES",
            "date_bordereau",
            numero=str(numero),
            value=f"{ours:%d/%m/%Y}",
            first=f"{theirs:%d/%m/%Y}",
        )


def _budget(row: Row, budgets: Sequence[Budget]) -> Budget | None:
    """Return the budget that a row names; the only one when it names none."""
    code = row.text("budget")
    if not code and len(budgets) == 1:
        return budgets[0]
    if not code:
        row.fault("INT-BUDGET_UNSAID", "budget", known=_known(budgets))
        return None
    for budget in budgets:
        same_code = code.upper().zfill(len(budget.cod_bud)) == budget.cod_bud.upper()
        if same_code or name_key(code) == name_key(budget.libelle):
            return budget
    row.fault("INT-BUDGET_UNKNOWN", "budget", value=code, known=_known(budgets))
    return None


def _known(budgets: Sequence[Budget]) -> str:
    return ", ".join(f"{budget.cod_bud} ({budget.libelle})" for budget in budgets)


def _ligne(row: Row, layout: _Layout, triplet: str, context: ReadContext) -> Ligne | None:
    """Read the line of a row, all its cells, so that every fault is told at once."""
    recette = layout is _TITRES
    _limited(row, "objet", layout.objet_limit, required=True)
    mt_ht, mt_tva = _montants(row)
    tiers = _tiers(row, layout, context)
    ligne = Ligne(
        numero=1,
        objet=_limited(row, "detail", 160) if recette else "",
        nature=_compte_nature(row),
        fonction=_fonction(row),
        operation=_limited(row, "operation", 10),
        code_produit=_limited(row, "code_produit", 4, required=recette),
        mt_ht=mt_ht or Decimal(0),
        mt_tva=mt_tva,
        tx_tva=(row.amount("taux_tva") or None) if recette else None,
        mode_reglement="" if recette else _reglement(row),
        facture="" if recette else _limited(row, "num_facture", 20),
        lib_vir1="" if recette else _limited(row, "libelle_virement", 70),
        tiers=() if tiers is None else (tiers,),
        rattachement=_rattachement(row, layout, triplet),
        marche=row.text("marche"),
        regie=row.text("regie"),
        emprunt=row.text("emprunt"),
        inventaire=row.text("inventaire"),
        convention=row.text("convention"),
    )
    return None if mt_ht is None or tiers is None else ligne


def _montants(row: Row) -> tuple[Decimal | None, Decimal | None]:
    """Return MtHT and MtTVA; without TVA, MtHT is the whole amount (helios dossier §10.2)."""
    ht, tva, ttc = (row.amount(f"montant_{kind}") for kind in ("ht", "tva", "ttc"))
    if not row.text("montant_ht") and not row.text("montant_ttc"):
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


def _compte_nature(row: Row) -> str:
    compte = row.text("compte", required=True)
    if compte and not (compte.isascii() and compte.isdigit()):
        row.fault("INT-NUMBER", "compte", value=compte)
    return compte


def _fonction(row: Row) -> str:
    """Return the fonction; 020 held as a number has become 20, which is another one (trap 21)."""
    fonction = row.text("fonction")
    if row.is_number("fonction") and len(fonction) < 3:
        row.warn("INT-FONCTION_NUMBER", "fonction", value=fonction)
    return fonction


def _numbered(ligne: Ligne, row: Row, rank: int) -> Ligne:
    return replace(ligne, numero=row.integer("num_ligne") or rank)


def _reglement(row: Row) -> str:
    """Return ModRegl: as given, else a transfer when the row has an account."""
    return row.choice("mode_reglement", REGLEMENTS, default="03" if row.text("iban") else "")


def _rattachement(row: Row, layout: _Layout, triplet: str) -> RattachPiece | None:
    """Return the pièce that is reduced or regularised (`titre_origine` or `mandat_origine`)."""
    nature, ligne = _ORIGINS.get(triplet, ("01", 1))
    piece = row.integer(layout.origin, required=triplet in _ORIGINS)
    exercice = row.integer("exercice_origine") or row.integer("exercice")
    rank = row.integer("ligne_origine")
    if piece is None:
        return None
    return RattachPiece(
        nature=nature,
        exercice=exercice or 0,
        piece=piece,
        ligne=None if ligne is None else rank or ligne,
    )


def _tiers(row: Row, layout: _Layout, context: ReadContext) -> Tiers | None:
    nom = _name(row, "nom", required=True)
    identifier, nature_id = _siret(row)
    code = row.choice("type_tiers", TIERS, default=_guess_tiers(row, identifier))
    if not code and not row.text("type_tiers"):
        words = ", ".join(sorted(TIERS))
        row.fault("INT-TIERS_TYPE", "type_tiers", known=words)
    categorie, _, juridique = code.partition("+")
    person = categorie == "01"
    civilite = row.choice("civilite", CIVILITES)
    tiers = Tiers(
        id_tiers=identifier,
        nat_id_tiers=nature_id,
        ref_tiers=_limited(row, "code_tiers", 30),
        cat_tiers=categorie,
        nat_jur=juridique,
        civilite=context.civilites.get(civilite, "") if person else "",
        nom=nom,
        compl_nom=_name(row, "nom2"),
        prenom=_name(row, "prenom") if person else "",
        date_naissance=row.day("date_naissance") if person and layout is _TITRES else None,
        adresse=_adresse(row),
        compte=_compte(row, nom),
    )
    return tiers if code else None


def _guess_tiers(row: Row, siret: str) -> str:
    """A SIRET without type is a company, a first name is a person; anything else is asked."""
    if row.text("prenom"):
        return TIERS["particulier"]
    return TIERS["entreprise"] if siret else ""


def _siret(row: Row) -> tuple[str, str]:
    """Return IdTiers and NatIdTiers from the columns ``siret`` or ``siren``, by their length."""
    for column in ("siret", "siren"):
        value = squeeze(row.text(column))
        if is_siret(value):
            return value, "01"
        if is_siren(value):
            return value, "02"
        if value:
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
    holder = _limited(row, "titulaire", 32) or nom[:32].strip()
    return Compte(iban=iban, bic=bic, titulaire=holder)


def _name(row: Row, column: str, *, required: bool = False) -> str:
    """Return a name or a line of address: 38 characters at most."""
    return _limited(row, column, 38, required=required)


def _limited(row: Row, column: str, limit: int, *, required: bool = False) -> str:
    """Return a cell as Hélios can read it, measured after: ``œ`` has become ``oe``."""
    value = _plain(row.text(column, required=required))
    if len(value) > limit:
        params = {"value": value, "limit": str(limit), "size": str(len(value))}
        row.fault("INT-TOO_LONG", column, **params)
    return value


def _plain(text: str) -> str:
    """Replace what ISO-8859-1 lacks."""
    return transliterate(text)[0]


def _dgp(row: Row) -> Dgp | None:
    """Return the time limit for paying: its last day follows from the first when it is not said."""
    fin, duree = row.day("date_limite"), row.integer("delai") or 30
    if duree > 99:
        _limited(row, "delai", 2)
    debut = row.day("date_reception", required=fin is not None)
    if debut is None:
        return None
    return Dgp(debut=debut, fin=fin or debut + timedelta(days=min(duree, 99)), duree=duree)


def _nom_pj(name: str) -> str:
    """Return the file name as NomPJ admits it: Latin-1, 95 characters, then the extension."""
    stem, dot, suffix = _plain(name).rpartition(".")
    return f"{stem[:95]}.{suffix}" if dot else suffix[:95]


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
