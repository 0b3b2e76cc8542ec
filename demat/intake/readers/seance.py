"""The acts of a séance: one spreadsheet, one row per act, the PDFs beside it.

Columns: ``numero, date, nature, matiere, objet, fichier`` and, as needed, ``annexes, type,
types_annexes, papier`` and what publication needs (votes, signatory, budget). Facts: actes dossier
§2.4, §4.2, §5, §6.

A row without number gets the next one of the authority's pattern; then the whole list waits for a
person, and comes back as the list of proposals, which has one more column: ``confirme``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from demat.actes.contexte import french_date
from demat.actes.model import Acte, Piece, format_matiere, parse_matiere
from demat.actes.natures import NatureActe
from demat.faults import FaultError, Faults
from demat.intake.api import (
    ActeDraft,
    Confidence,
    InputFile,
    Proposal,
    ReadContext,
    Reading,
)
from demat.intake.names import split_names
from demat.intake.readers.budget import FORCED, TYPE_ANNEXE, is_budget
from demat.intake.readers.columns import ACTES, find_sheet
from demat.intake.readers.documents import Documents
from demat.intake.readers.tables import Row, Table, column_key

__all__ = [
    "COLUMNS",
    "CONFIRME",
    "EXTRA",
    "NATURES",
    "Seance",
    "acte_of",
    "default_type",
    "protected",
    "read_seance",
]

REQUIRED = ("numero", "date", "nature", "matiere", "objet", "fichier")
EXTRA = (
    *("vote_effectif", "vote_reel", "vote_pour", "vote_contre", "vote_abstention"),
    *("budget_annee", "budget_nom", "signataire", "qualite"),
)
"""Columns that go with the act for publication only."""
COLUMNS = (
    *(*REQUIRED, "annexes", "type", "types_annexes", "papier", "acte_precedent"),
    *EXTRA,
)
"""Every column that is read."""
CONFIRME = "confirme"
"""Column of a list of proposals, where a person types ``oui`` at each row."""
_CONFIRMED = frozenset({"oui", "o"})
_NUMERO_NOTE = "Numéro suivant de votre série : vérifiez qu'il est libre dans votre registre."

NATURES: Mapping[str, str] = {
    **{str(nature.value): nature.abrege for nature in NatureActe},
    **{nature.abrege.lower(): nature.abrege for nature in NatureActe},
    **{column_key(nature.libelle): nature.abrege for nature in NatureActe},
    "deliberation": "DE",
    "deliberations": "DE",
    "arrete_reglementaire": "AR",
    "acte_reglementaire": "AR",
    "arrete_individuel": "AI",
    "acte_individuel": "AI",
    "contrat": "CC",
    "convention": "CC",
    "avenant": "CC",
    "budget": "BF",
    "document_budgetaire": "BF",
    "autre": "AU",
}
_YES_NO: Mapping[str, str] = {"oui": "oui", "o": "oui", "1": "oui", "non": "", "n": "", "0": ""}


class Seance:
    """Reader of the spreadsheet of a séance."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether the spreadsheet of the deposit lists acts."""
        sheet = find_sheet(files)
        return sheet is not None and sheet.layout == "seance"

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read every row into an act; orphan PDFs are faults, since they would be forgotten."""
        sheet = find_sheet(files)
        if sheet is None:
            raise ValueError("the deposit was not recognised")
        if sheet.doubt:
            return Reading(kind="seance", faults=Faults([sheet.doubt]))
        return read_seance(sheet.file, sheet.table, files, context)


def read_seance(
    file: InputFile, table: Table, files: Sequence[InputFile], context: ReadContext
) -> Reading:
    """Read a table whose columns are those of a séance, and the documents beside it.

    :param file: the spreadsheet that holds the table.
    """
    if problems := table.check_columns(REQUIRED, ACTES):
        return Reading(kind="seance", faults=Faults(problems))
    documents = Documents(one for one in files if one is not file)
    rows = list(table.rows(ACTES))
    numbers: Mapping[int, str] = {}
    if CONFIRME in table.columns:
        for row in rows:
            _check_confirmed(row)
    else:
        numbers = _next_numbers(rows, context)
    read = [(row, acte) for row in rows if (acte := acte_of(row, documents, context))]
    faults = Faults(
        chain(*(row.faults for row in rows), documents.orphans(file.base)),
    )
    if numbers:
        proposals = tuple(_proposal(row, acte, numbers) for row, acte in read)
        return Reading(kind="seance", proposals=proposals, faults=faults)
    drafts = tuple(
        ActeDraft(acte=acte, where=row.where, extra=_present(row, EXTRA)) for row, acte in read
    )
    return Reading(kind="seance", drafts=drafts, faults=faults)


def _present(row: Row, columns: Iterable[str]) -> dict[str, str]:
    return {column: row.text(column) for column in columns if row.text(column)}


def protected(text: str) -> str:
    """Return a cell that a spreadsheet program will neither compute nor turn into a number.

    It takes an apostrophe, which is dropped when the list of proposals is read back.
    """
    changed = text[:1] in ("=", "+", "-", "@", "'", "\t", "\r") or _looks_like_a_number(text)
    return f"'{text}" if changed else text


def _looks_like_a_number(text: str) -> bool:
    """Tell a text whose zeros, digits or letter E a spreadsheet would take for a number's."""
    compact = text.replace(" ", "").replace(".", "").replace(",", "").upper()
    figures, mark, power = compact.partition("E")
    if not (figures.isdigit() and (not mark or power.isdigit())):
        return False
    return bool(mark) or (len(figures) > 1 and figures[0] == "0") or len(figures) > 11


def _check_confirmed(row: Row) -> None:
    """Take the protecting apostrophes off, and refuse a row that nobody has confirmed."""
    row.cells.update(
        {column: text[1:] for column, text in row.cells.items() if text.startswith("'")}
    )
    if row.text(CONFIRME).casefold() not in _CONFIRMED:
        row.fault("INT-NOT_CONFIRMED", CONFIRME)


def _next_numbers(rows: Sequence[Row], context: ReadContext) -> Mapping[int, str]:
    """Give the rows without number theirs, in order; return them by row of the spreadsheet."""
    taken = {row.text("numero") for row in rows} - {""}
    given: dict[int, str] = {}
    for row in rows:
        unheard = replace(row, faults=[])  # what is wrong is told when the act is read
        nature, day = _nature(unheard), unheard.day("date")
        if row.text("numero") or nature is None or day is None:
            continue
        numero = context.propose_numero(nature, day, taken)
        if numero:
            given[row.number] = row.cells["numero"] = numero
            taken.add(numero)
    return given


def _proposal(row: Row, acte: Acte, numbers: Mapping[int, str]) -> Proposal:
    new = row.number in numbers
    return Proposal(
        cells={
            **{column: row.raw(column) for column in COLUMNS if row.raw(column)},
            "date": french_date(acte.date_decision),
            "matiere": format_matiere(acte.matiere),
            "objet": acte.objet,
        },
        confidences={"numero": Confidence.LIKELY} if new else {},
        notes={"numero": _NUMERO_NOTE} if new else {},
        where=row.where,
    )


def acte_of(row: Row, documents: Documents, context: ReadContext) -> Acte | None:
    """Build an act from named cells and the files beside them; ``None`` when it lacks too much.

    What is wrong is added to ``row.faults``. A budget in XML decides what its row leaves empty.
    """
    budget = _completed_for_budget(row, documents)
    numero = row.text("numero", required=True)
    objet = row.text("objet", required=True)
    jour = row.day("date", required=True)
    nature = _nature(row)
    matiere = _matiere(row)
    document_papier = bool(row.choice("papier", _YES_NO))
    files = _files(row, documents)
    defaults = _default_types(nature, context, budget=budget) if nature else ("", "")
    types = _types(row, defaults, len(files)) if nature else []
    if jour is None or nature is None or not matiere or None in files:
        return None
    pieces = [
        Piece(name=file.base, content=file.content, type_pj=kind)
        for file, kind in zip(files, types, strict=True)
        if file is not None
    ]
    return Acte(
        numero=numero,
        date_decision=jour,
        nature=nature,
        matiere=matiere,
        objet=objet,
        document=pieces[0],
        annexes=tuple(pieces[1:]),
        document_papier=document_papier,
        classification_date=context.classification.date,
        precedent=row.text("acte_precedent"),
    )


def _completed_for_budget(row: Row, documents: Documents) -> bool:
    """Tell whether the act is a budget in XML, and then fill in what it can only be."""
    found = documents.matching(row.raw("fichier")) if row.raw("fichier") else ()
    if not found or not is_budget(found[0]):
        return False
    for column, value in FORCED.items():
        if not row.text(column):
            row.cells[column] = value
    return True


def _files(row: Row, documents: Documents) -> list[InputFile | None]:
    """Return the act, then its annexes; ``None`` in the place of what cannot be found."""
    name = row.raw("fichier")
    row.text("fichier", required=True)
    found = [documents.find(row, "fichier", name) if name else None]
    for annexe in documents.names(row.raw("annexes")):
        found.append(documents.find(row, "annexes", annexe))
    return found


def _nature(row: Row) -> NatureActe | None:
    if not row.text("nature", required=True):
        return None
    abrege = row.choice("nature", NATURES)
    return NatureActe.from_abrege(abrege) if abrege else None


def _matiere(row: Row) -> tuple[int, ...]:
    code = row.text("matiere", required=True).split(" ", 1)[0].rstrip(".")
    if not code:
        return ()
    try:
        matiere = parse_matiere(code)
    except FaultError:
        row.fault("INT-MATIERE", "matiere", value=code)
        return ()
    if row.is_number("matiere") and matiere[1:] == (1,):
        row.warn("INT-MATIERE_NUMBER", "matiere", value=code)
    return matiere


def _types(row: Row, defaults: tuple[str, str], count: int) -> list[str]:
    """Return one document type per file: as given, else the default of the nature (§6.1).

    :param defaults: of the act, and of its annexes.
    """
    annexes = row.raw("types_annexes").upper()
    given = [row.text("type").upper(), *(split_names(annexes, blanks=True) if annexes else ())]
    if any(given[count:]):
        params = {"types": str(len(given) - 1), "annexes": str(count - 1)}
        row.fault("INT-TYPES_COUNT", "types_annexes", **params)
    padded = [*given, *[""] * count][:count]
    act, annexe = defaults
    return [kind or (annexe if rank else act) for rank, kind in enumerate(padded)]


def _default_types(nature: NatureActe, context: ReadContext, *, budget: bool) -> tuple[str, str]:
    default = default_type(nature, context)
    return (default, TYPE_ANNEXE if budget and nature is NatureActe.BUDGETAIRE else default)


def default_type(nature: NatureActe, context: ReadContext) -> str:
    """Return the type of document that a nature has when nobody chooses one (§6.1)."""
    offered = [kind.code for kind in context.classification.types_for(nature, (9, 9))]
    if nature.type_pj_defaut in offered or not offered:
        return nature.type_pj_defaut
    return next((code for code in offered if code.startswith("99_") and code != "99_SE"), "")
