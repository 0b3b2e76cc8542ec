"""The acts of a séance: one spreadsheet, one row per act, the PDFs beside it.

Columns: ``numero, date, nature, matiere, objet, fichier`` and, as needed, ``annexes, type,
types_annexes, papier`` and what publication needs (votes, signatory, budget). Facts: actes dossier
§2.4, §4.2, §5, §6.
"""

from collections.abc import Mapping, Sequence

from demat.actes.model import Acte, Piece, parse_matiere
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import ActeDraft, InputFile, ReadContext, Reading
from demat.intake.readers.tables import SPREADSHEETS, Row, column_key, read_table

__all__ = ["ALIASES", "NATURES", "Seance", "acte_of", "named_files"]

ALIASES: Mapping[str, str] = {
    "n": "numero",
    "no": "numero",
    "num": "numero",
    "numero_acte": "numero",
    "numero_de_l_acte": "numero",
    "date_decision": "date",
    "date_de_decision": "date",
    "date_seance": "date",
    "date_acte": "date",
    "nature_acte": "nature",
    "classification": "matiere",
    "code_matiere": "matiere",
    "titre": "objet",
    "pdf": "fichier",
    "document": "fichier",
    "nom_fichier": "fichier",
    "type_piece": "type",
    "typologie": "type",
    "types_des_annexes": "types_annexes",
    "complement_papier": "papier",
    "effectif": "vote_effectif",
    "votants": "vote_reel",
    "pour": "vote_pour",
    "contre": "vote_contre",
    "abstention": "vote_abstention",
    "abstentions": "vote_abstention",
}
REQUIRED = ("numero", "date", "nature", "matiere", "objet", "fichier")
EXTRA = (
    *("vote_effectif", "vote_reel", "vote_pour", "vote_contre", "vote_abstention"),
    *("budget_annee", "budget_nom", "signataire", "qualite"),
)
"""Columns that go with the act for publication only."""

NATURES: Mapping[str, str] = {
    **{str(nature.value): nature.abrege for nature in NatureActe},
    **{nature.abrege.lower(): nature.abrege for nature in NatureActe},
    "deliberation": "DE",
    "deliberations": "DE",
    "arrete_reglementaire": "AR",
    "acte_reglementaire": "AR",
    "arrete_individuel": "AI",
    "acte_individuel": "AI",
    "contrat": "CC",
    "convention": "CC",
    "budget": "BF",
    "document_budgetaire": "BF",
    "autre": "AU",
}
_YES_NO: Mapping[str, str] = {"oui": "oui", "o": "oui", "1": "oui", "non": "", "n": "", "0": ""}


class Seance:
    """Reader of the spreadsheet of a séance."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Exactly one spreadsheet, and it speaks of acts."""
        tables = [file for file in files if file.suffix in SPREADSHEETS]
        if len(tables) != 1:
            return False
        try:
            table = read_table(tables[0])
        except FaultError:
            return False
        return _speaks_of_acts(table.columns)

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read every row into an act; orphan PDFs are faults, since they would be forgotten."""
        sheet = next(file for file in files if file.suffix in SPREADSHEETS)
        table = read_table(sheet)
        problems = table.check_columns(REQUIRED, ALIASES)
        if problems:
            return Reading(kind="seance", faults=Faults(problems))
        documents = {file.base: file for file in files if file is not sheet}
        faults: list[Fault] = []
        drafts: list[ActeDraft] = []
        used: set[str] = set()
        for row in table.rows(ALIASES):
            acte = acte_of(row, documents, context)
            used.update(named_files(row.cells))
            faults.extend(row.faults)
            if acte is not None:
                extra = {key: row.text(key) for key in EXTRA if row.text(key)}
                drafts.append(ActeDraft(acte=acte, where=row.where, extra=extra))
        faults.extend(
            Fault(code="INT-FILE_ORPHAN", params={"name": name, "sheet": sheet.base}, source=name)
            for name in sorted(set(documents) - used)
        )
        return Reading(kind="seance", drafts=tuple(drafts), faults=Faults(faults))


def _speaks_of_acts(columns: Sequence[str]) -> bool:
    names = {ALIASES.get(column, column) for column in columns}
    return len(names & {"numero", "nature", "matiere", "objet", "fichier"}) >= 3


def named_files(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return the file names that a row of a séance mentions: the act, then its annexes."""
    names = [cells.get("fichier", "").strip(), *_split(cells.get("annexes", ""))]
    return tuple(name for name in names if name)


def _split(text: str) -> list[str]:
    separator = "|" if "|" in text else "," if ";" not in text else ";"
    return [part.strip() for part in text.split(separator) if part.strip()]


def acte_of(row: Row, documents: Mapping[str, InputFile], context: ReadContext) -> Acte | None:
    """Build an act from named cells and the files beside them; ``None`` when it lacks too much.

    What is wrong is added to ``row.faults``.
    """
    numero = row.text("numero", required=True)
    objet = row.text("objet", required=True)
    jour = row.day("date", required=True)
    nature = _nature(row)
    matiere = _matiere(row)
    names = named_files({key: row.text(key) for key in ("fichier", "annexes")})
    if not row.text("fichier", required=True) or jour is None or nature is None or not matiere:
        return None
    pieces = _pieces(row, names, documents, _types(row, nature, context, len(names)))
    if len(pieces) != len(names):
        return None
    return Acte(
        numero=numero,
        date_decision=jour,
        nature=nature,
        matiere=matiere,
        objet=objet,
        document=pieces[0],
        annexes=tuple(pieces[1:]),
        document_papier=bool(row.choice("papier", _YES_NO)),
        classification_date=context.classification.date,
        precedent=row.text("acte_precedent"),
    )


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


def _types(row: Row, nature: NatureActe, context: ReadContext, count: int) -> list[str]:
    """Return one document type per file: as given, else the default of the nature (§6.1)."""
    default = _default_type(nature, context)
    given = [row.text("type").upper(), *(t.upper() for t in _split(row.text("types_annexes")))]
    padded = [*given, *[""] * count][:count]
    return [kind or default for kind in padded]


def _default_type(nature: NatureActe, context: ReadContext) -> str:
    offered = [kind.code for kind in context.classification.types_for(nature, (9, 9))]
    if nature.type_pj_defaut in offered or not offered:
        return nature.type_pj_defaut
    return next((code for code in offered if code.startswith("99_") and code != "99_SE"), "")


def _pieces(
    row: Row, names: Sequence[str], documents: Mapping[str, InputFile], types: Sequence[str]
) -> list[Piece]:
    pieces = []
    for name, kind in zip(names, types, strict=True):
        found = documents.get(name) or _same_name(name, documents)
        if found is None:
            column = "fichier" if name == names[0] else "annexes"
            row.fault("INT-FILE_MISSING", column, name=name)
        else:
            pieces.append(Piece(name=found.base, content=found.content, type_pj=kind))
    return pieces


def _same_name(name: str, documents: Mapping[str, InputFile]) -> InputFile | None:
    """Find a file whatever the case and accents of its name, when only one can be meant."""
    found = [file for base, file in documents.items() if column_key(base) == column_key(name)]
    return found[0] if len(found) == 1 else None
