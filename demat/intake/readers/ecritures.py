"""Exports of titres de recette and of mandats de dépense: one row, one line of a pièce.

Columns and their treatment: helios dossier §10.2 (titres), §10.3 (mandats). The rows of one pièce
need not follow each other: they are grouped by budget, exercice, bordereau and number. They are
read one by one; only what goes into the file is kept.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from demat.faults import Fault, Faults
from demat.helios.codes import BORDEREAU_ROLE, PAIE, TypePJ
from demat.helios.model import (
    Bordereau,
    Budget,
    Ligne,
    PieceComptable,
    PieceJointe,
    PJRef,
)
from demat.intake.api import InputFile, PesDraft, ReadContext, Reading
from demat.intake.names import split_names
from demat.intake.readers.attachments import ID_UNIQUE, kind_faults, mime_type, sent_name
from demat.intake.readers.columns import ECRITURES, find_sheet
from demat.intake.readers.documents import Documents
from demat.intake.readers.layouts import LAYOUTS, MANDATS, TITRES, Layout
from demat.intake.readers.lignes import (
    is_second_debtor,
    join_debtor,
    read_ligne,
    read_triplet,
)
from demat.intake.readers.pieces import read_budget, read_piece, with_keys
from demat.intake.readers.tables import Row, Table
from demat.intake.readers.texts import limited, plain

__all__ = ["Mandats", "Titres", "read_ecritures"]

_ORDINARY = "01"
_LINKED = re.compile(r"^(?P<piece>[0-9A-Z]+)A(?P<rank>[0-9]{1,3})$")
"""An IdUnique of ours: what it is of, then its rank."""
_NAMED_IN_REFERENCE = frozenset({TypePJ.FACTURE_ORMC_ENSU, TypePJ.COMPLEMENT_ENSU})
"""TypePJ that a PJRef must repeat (helios dossier §5.2)."""


def read_ecritures(
    kind: str, file: InputFile, table: Table, files: Sequence[InputFile], context: ReadContext
) -> Reading:
    """Read the table of ``file``, the other files of the deposit being its documents.

    :raises FaultError: the table turns out to be damaged or too long (``INT-TABLE…``).
    """
    layout = LAYOUTS[kind]
    problems = table.check_columns(layout.required, ECRITURES)
    if problems:
        return Reading(kind=kind, faults=Faults(problems))
    documents = Documents(other for other in files if other is not file)
    return _Grouping(layout, context, documents).read(table)


class _Ecritures:
    """Reader of one spreadsheet of accounting lines and the documents that it names."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether the spreadsheet of the deposit lists titres (or mandats)."""
        sheet = find_sheet(files)
        return sheet is not None and sheet.layout == self._layout.kind

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read every row, then group them into pièces, bordereaux and drafts.

        A file holds one budget, and rôles apart from the rest: one draft for each.
        """
        sheet = find_sheet(files)
        if sheet is None:
            raise ValueError("the deposit was not recognised")
        if sheet.doubt:
            return Reading(kind=self._layout.kind, faults=Faults([sheet.doubt]))
        return read_ecritures(self._layout.kind, sheet.file, sheet.table, files, context)


class Titres(_Ecritures):
    """Reader of an export of titres de recette."""

    def __init__(self) -> None:
        super().__init__(TITRES)


class Mandats(_Ecritures):
    """Reader of an export of mandats de dépense."""

    def __init__(self) -> None:
        super().__init__(MANDATS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    """What a bordereau is known by."""

    codes: tuple[str, str, str]
    """Of its budget."""
    exercice: int
    typ_bord: str
    numero: int


@dataclass(kw_only=True, slots=True)
class _Piece:
    """A pièce being gathered, row after row."""

    key: _Key
    head: PieceComptable
    """Everything but its lines and attachments."""
    triplet: str
    unique: str
    """Begins the IdUnique of its attachments."""
    lignes: list[Ligne] = field(default_factory=list)
    refs: dict[str, PJRef] = field(default_factory=dict)
    """By the name of the document in the deposit."""


@dataclass(kw_only=True, slots=True)
class _Bordereau:
    """A bordereau being gathered."""

    head: Bordereau
    """Everything but its pièces."""
    pieces: dict[int, _Piece] = field(default_factory=dict)


class _Grouping:
    """One reading of one sheet: rows → lignes → pièces → bordereaux → drafts."""

    def __init__(self, layout: Layout, context: ReadContext, documents: Documents) -> None:
        self._layout = layout
        self._context = context
        self._documents = documents
        self._bordereaux: dict[_Key, _Bordereau] = {}
        self._attachments: dict[tuple[str, str, str], dict[str, PieceJointe]] = {}
        self._faults: list[Fault] = []

    def read(self, table: Table) -> Reading:
        for row in table.rows(ECRITURES):
            self._take(row)
            self._faults.extend(row.faults)
        self._link_by_name_of_file()
        self._link_by_folder()
        faults = Faults([*self._faults, *self._documents.orphans(table.file)])
        drafts = () if faults.blocking else tuple(self._drafts(table.file))
        return Reading(kind=self._layout.kind, drafts=drafts, faults=faults)

    def _take(self, row: Row) -> None:
        """Read every cell of a row, so that all its faults are told, then put it where it goes."""
        place = self._place(row)
        triplet = read_triplet(row, self._layout)
        second = is_second_debtor(row, self._layout)
        ligne = None if second else read_ligne(row, self._layout, triplet, self._context)
        head = read_piece(row, self._layout, triplet)
        row.amount("cumul_annuel")
        linked = self._documents_of(row)
        if place is None:
            return
        budget, key, numero = place
        piece = self._gathered(row, budget, replace(key, typ_bord=triplet[:2]), numero, head)
        if piece.triplet != triplet:
            row.fault("INT-PIECE_MIXED", "type", numero=str(numero))
        if ligne is not None:
            piece.lignes.append(_numbered(ligne, row, len(piece.lignes) + 1))
        elif second:
            join_debtor(row, numero, piece.lignes, self._layout, self._context)
        for file, unique in linked:
            self._attach(piece, file, unique, _type_pj(row), row.text("pj_libelle"))

    def _place(self, row: Row) -> tuple[Budget, _Key, int] | None:
        """Return the budget, the bordereau and the number of a row; ``None`` when one is missing.

        The bordereau lacks its type, which comes from the triplet.
        """
        budget = read_budget(row, self._context.budgets)
        exercice = row.integer("exercice", required=True)
        bordereau = row.integer("num_bordereau", required=True)
        emission = row.day("date_bordereau", required=True)
        numero = row.integer(self._layout.number, required=True)
        if budget is None or exercice is None or bordereau is None or numero is None:
            return None
        key = _Key(codes=budget.codes, exercice=exercice, typ_bord="", numero=bordereau)
        return None if emission is None else (budget, key, numero)

    def _gathered(
        self, row: Row, budget: Budget, key: _Key, numero: int, head: PieceComptable
    ) -> _Piece:
        """Return the pièce that a row belongs to; its first row opens it, and its bordereau."""
        bordereau = self._bordereaux.get(key)
        if bordereau is None:
            bordereau = _Bordereau(head=_bordereau(row, self._layout, key))
            self._bordereaux[key] = bordereau
        _compare(row, bordereau.head)
        piece = bordereau.pieces.get(numero)
        if piece is None:
            piece = _Piece(
                key=key,
                head=_numbered_head(head, budget, key, numero),
                triplet=f"{key.typ_bord}-{head.typ_pce}-{head.nat_pce}",
                unique=self._unique(budget, key, numero),
            )
            bordereau.pieces[numero] = piece
        return piece

    def _unique(self, budget: Budget, key: _Key, numero: int) -> str:
        """Return what begins the IdUnique of the attachments of a pièce.

        It must be unique over all budgets, and a budget annexe may have the SIRET of the main one.
        """
        domain, letter = self._layout.letters
        first = next(one for one in self._context.budgets if one.siret == budget.siret)
        root = budget.siret if first.codes == budget.codes else f"{budget.siret}B{budget.cod_bud}"
        return f"{root}{domain}{key.exercice}{letter}{numero:06d}{_suffix(key.typ_bord)}"

    # ------------------------------------------------------------------------- attachments

    def _documents_of(self, row: Row) -> list[tuple[InputFile, str]]:
        """Return the documents that a row names, with their IdUnique when the export gives it."""
        names = self._documents.names(row.raw("pj_fichier"))
        cited = [(self._documents.find(row, "pj_fichier", name), "") for name in names]
        for unique in split_names(row.raw("pj_id_unique")):
            if ID_UNIQUE.match(unique):
                cited.append((self._documents.find_stem(row, "pj_id_unique", unique), unique))
            else:
                row.fault("INT-ID_UNIQUE", "pj_id_unique", value=unique)
        return [(file, unique) for file, unique in cited if file is not None]

    def _link_by_name_of_file(self) -> None:
        """Link each document that nobody cites and whose name is the IdUnique that we would give.

        Such as ``21990123800010R2026T000417A1.pdf``.
        """
        pieces = {piece.unique: piece for piece in self._pieces()}
        for file in self._documents.uncited():
            found = _LINKED.match(file.stem)
            piece = pieces.get(found["piece"]) if found else None
            if piece is not None:
                self._documents.cite(file)
                self._attach(piece, file, file.stem)

    def _link_by_folder(self) -> None:
        """Link each document that nobody cites and whose folder has the number of a pièce."""
        numbered: dict[int, list[_Piece]] = {}
        for piece in self._pieces():
            numbered.setdefault(piece.head.numero, []).append(piece)
        for file in self._documents.uncited():
            folder = file.folder
            pieces = numbered.get(int(folder), []) if folder.isdecimal() else []
            if not pieces:
                continue
            self._documents.cite(file)
            if len(pieces) > 1:
                params = {"name": file.name, "numero": str(int(folder)), "count": str(len(pieces))}
                fault = Fault(code="INT-FOLDER_AMBIGUOUS", params=params, source=file.base)
                self._faults.append(fault)
                continue
            self._attach(pieces[0], file)

    def _attach(
        self, piece: _Piece, file: InputFile, unique: str = "", kind: str = "", libelle: str = ""
    ) -> None:
        """Link a document to a pièce; the same document of a pièce is sent once."""
        if file.name in piece.refs:
            return
        self._faults.extend(kind_faults(file))
        unique = unique or self._free(piece, file)
        nom = sent_name(file.base)
        kind = kind or self._default_kind(piece, file)
        named = kind if kind in _NAMED_IN_REFERENCE else ""
        piece.refs[file.name] = PJRef(id_unique=unique, name=nom, type_pj=named)
        self._attachments.setdefault(piece.key.codes, {})[unique] = PieceJointe(
            id_unique=unique,
            name=nom,
            source=file.open,
            mime_type=mime_type(file),
            type_pj=kind,
            description=plain(libelle or file.stem)[:250],
        )

    def _free(self, piece: _Piece, file: InputFile) -> str:
        """Return the next IdUnique of a pièce that no other file of the deposit has as its name."""
        rank = len(piece.refs) + 1
        while self._documents.has_stem(f"{piece.unique}A{rank}", but=file):
            rank += 1
        return f"{piece.unique}A{rank}"

    def _default_kind(self, piece: _Piece, file: InputFile) -> str:
        """An XML beside a mandat de paie is the état de paye (helios dossier §5.3)."""
        pay = self._layout is MANDATS and piece.head.nat_pce == PAIE and file.suffix == ".xml"
        return str(TypePJ.PAYE) if pay else self._layout.type_pj

    # ------------------------------------------------------------------------------ drafts

    def _pieces(self) -> Iterator[_Piece]:
        return (piece for found in self._bordereaux.values() for piece in found.pieces.values())

    def _drafts(self, sheet: str) -> Iterable[PesDraft]:
        for budget in self._context.budgets:
            for is_role in (False, True):
                bordereaux = tuple(
                    _complete(found)
                    for key, found in self._bordereaux.items()
                    if key.codes == budget.codes and (key.typ_bord == BORDEREAU_ROLE) is is_role
                )
                if bordereaux:
                    yield self._draft(budget, bordereaux, sheet)

    def _draft(self, budget: Budget, bordereaux: tuple[Bordereau, ...], sheet: str) -> PesDraft:
        named = {ref.id_unique for one in bordereaux for piece in one.pieces for ref in piece.pj}
        attachments = self._attachments.get(budget.codes, {})
        return PesDraft(
            budget=budget,
            domaine=self._layout.domaine,
            bordereaux=bordereaux,
            pieces_jointes=tuple(pj for unique, pj in attachments.items() if unique in named),
            where=sheet,
        )


def _complete(found: _Bordereau) -> Bordereau:
    pieces = (
        replace(piece.head, pj=tuple(piece.refs.values()), lignes=tuple(piece.lignes))
        for piece in found.pieces.values()
    )
    return replace(found.head, pieces=tuple(pieces))


# ---------------------------------------------------------------- bordereaux and pièces


def _bordereau(row: Row, layout: Layout, key: _Key) -> Bordereau:
    letter = layout.letters[0]
    role = key.typ_bord == BORDEREAU_ROLE
    emission = row.day("date_bordereau")
    if emission is None:
        raise ValueError("a bordereau without date was a fault")
    return Bordereau(
        id=f"BRD{key.exercice}{letter}{key.numero:04d}{_suffix(key.typ_bord)}",
        domaine=layout.domaine,
        exercice=key.exercice,
        numero=key.numero,
        date_emission=emission,
        typ_bord=key.typ_bord,
        mt_cumul_annuel=row.amount("cumul_annuel"),
        objet=limited(row, "objet_role", 160) if role else "",
        date_asap=row.day("date_asap_role") if role else None,
        pieces=(),
    )


def _suffix(typ_bord: str) -> str:
    """Tell apart the bordereaux of each type, which have numbers of their own."""
    return "" if typ_bord == _ORDINARY else f"T{typ_bord}"


def _numbered_head(head: PieceComptable, budget: Budget, key: _Key, numero: int) -> PieceComptable:
    """Return the head of a pièce with its number and, in a rôle, its keys."""
    numbered = replace(head, numero=numero)
    if key.typ_bord != BORDEREAU_ROLE:
        return numbered
    return with_keys(numbered, budget, exercice=key.exercice, role=key.numero)


def _compare(row: Row, first: Bordereau) -> None:
    """Refuse a bordereau whose rows give two dates."""
    ours, theirs = row.day("date_bordereau"), first.date_emission
    if ours and ours != theirs:
        row.fault(
            "INT-BORDEREAU_DATES",
            "date_bordereau",
            numero=str(first.numero),
            value=f"{ours:%d/%m/%Y}",
            first=f"{theirs:%d/%m/%Y}",
        )


def _type_pj(row: Row) -> str:
    written = row.text("pj_type")
    return written.zfill(3) if written else ""


def _numbered(ligne: Ligne, row: Row, rank: int) -> Ligne:
    return replace(ligne, numero=row.integer("num_ligne") or rank)
