"""One act as a PDF with its data in a file of the same name: ``.json``, or the message 1-1 in XML.

The JSON holds the columns of the spreadsheet of a séance; the XML is what town software exports
(actes dossier §4.2), read leniently.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from demat.actes.inbound import MessageActe, parse_inbound
from demat.actes.model import format_matiere
from demat.actes.names import parse_file_name
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import ActeDraft, InputFile, ReadContext, Reading
from demat.intake.names import name_key
from demat.intake.readers.columns import ACTES, find_sheet
from demat.intake.readers.documents import Documents
from demat.intake.readers.seance import EXTRA, acte_of
from demat.intake.readers.tables import Row, column_key
from demat.intake.readers.workbooks import NumberText, decode

__all__ = ["ActeSidecar", "cited_texts"]


class ActeSidecar:
    """Reader of a PDF (and annexes) with one data file."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Exactly one JSON, or one XML message 1-1, and no spreadsheet to lead the deposit."""
        return len([file for file in files if _is_data(file)]) == 1 and find_sheet(files) is None

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read the act that the data file describes."""
        data = next(file for file in files if _is_data(file))
        documents = Documents(file for file in files if file is not data)
        try:
            cells = _cells(data)
        except FaultError as error:
            return Reading(kind="acte", faults=error.faults.within(data.base))
        row = Row(file=data.base, number=1, cells=dict(_completed(cells, data, documents)))
        acte = acte_of(row, documents, context)
        extra = {key: row.text(key) for key in EXTRA if row.text(key)}
        drafts = () if acte is None else (ActeDraft(acte=acte, where=data.base, extra=extra),)
        faults = [replace(fault, line=None) for fault in row.faults]  # a data file has no rows
        return Reading(
            kind="acte", drafts=drafts, faults=Faults([*faults, *documents.orphans(data.base)])
        )


def cited_texts(data: InputFile) -> tuple[str, ...]:
    """Return the lists of names that a data file cites; none for what is no data file.

    :raises FaultError: when it is one that cannot be read.
    """
    if not _is_data(data):
        return ()
    cells = _cells(data)
    return tuple(text for key in ("fichier", "annexes") if (text := cells.get(key, "")))


def _is_data(file: InputFile) -> bool:
    return file.suffix == ".json" or (file.suffix == ".xml" and b"NumeroInterne" in file.content)


def _cells(data: InputFile) -> dict[str, str]:
    return _json_cells(data) if data.suffix == ".json" else _xml_cells(data)


def _json_cells(data: InputFile) -> dict[str, str]:
    text = decode(data.content)
    try:  # numbers stay as they are written: 7.10 is no float
        content = json.loads(text, parse_float=NumberText, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise _bad_json(f"erreur vers la ligne {error.lineno}") from error
    except RecursionError as error:
        raise _bad_json("trop de crochets les uns dans les autres") from error
    if not isinstance(content, dict):
        raise _bad_json("un objet { } est attendu")
    cells: dict[str, str] = {}
    for key, value in content.items():
        name = _canonical(key)
        if name in cells:
            raise _bad_json(f"« {name} » y figure deux fois")
        cells[name] = _text(key, value)
    return cells


def _bad_json(reason: str) -> FaultError:
    return FaultError(Fault(code="INT-JSON", params={"reason": reason}))


def _canonical(key: str) -> str:
    plain = column_key(key)
    return ACTES.get(plain, plain)


def _text(key: str, value: object) -> str:
    if isinstance(value, list) and _canonical(key) in ("annexes", "types_annexes"):
        return "|".join(_scalar(key, item) for item in value)
    return _scalar(key, value)


def _scalar(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _bad_json(f"la valeur de « {key} » doit être un texte")
    return value


def _xml_cells(data: InputFile) -> dict[str, str]:
    message = parse_inbound(data.content)
    if not isinstance(message, MessageActe):
        raise FaultError(Fault(code="INT-NOT_AN_ACT", params={"name": data.base}))
    names = [message.document_name, *message.annexes]
    types = [parsed.type_pj if (parsed := parse_file_name(name)) else "" for name in names]
    return {
        "numero": message.numero,
        "date": message.date.isoformat(),
        "nature": NatureActe(message.nature).abrege if message.nature in range(1, 7) else "",
        "matiere": format_matiere(message.matiere),
        "objet": message.objet,
        "fichier": names[0],
        "annexes": "|".join(names[1:]),
        "type": types[0],
        "types_annexes": "|".join(types[1:]),
        "papier": "oui" if message.document_papier else "non",
        "acte_precedent": message.precedent,
    }


def _completed(
    cells: Mapping[str, str], data: InputFile, documents: Documents
) -> Mapping[str, str]:
    """Name the files as they lie there: protocol names without type, the document unsaid."""
    annexes = [_deposited(name, documents) for name in documents.names(cells.get("annexes", ""))]
    fichier = cells.get("fichier", "").strip()
    return {
        **cells,
        "annexes": "|".join(annexes),
        "fichier": _deposited(fichier, documents) if fichier else _main_document(data, documents),
    }


def _deposited(name: str, documents: Documents) -> str:
    """Match the protocol name of a document with the file that lies there, with or without type."""
    if documents.matching(name) or (parsed := parse_file_name(name)) is None or not parsed.type_pj:
        return name
    bare = name.removeprefix(f"{parsed.type_pj}-")
    return bare if documents.matching(bare) else name


def _main_document(data: InputFile, documents: Documents) -> str:
    """Name the document of the same stem as the data file, or the only one there is."""
    same = [file for file in documents.files if name_key(file.stem) == name_key(data.stem)]
    candidates = [file for file in same if file.suffix == ".pdf"] or same or documents.files
    return candidates[0].name if len(candidates) == 1 else ""
