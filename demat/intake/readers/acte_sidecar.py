"""One act as a PDF with its data in a file of the same name: ``.json``, or the message 1-1 in XML.

The JSON holds the columns of the spreadsheet of a séance; the XML is what town software exports
(actes dossier §4.2), read leniently.
"""

import json
from collections.abc import Mapping, Sequence

from demat.actes.inbound import MessageActe, parse_inbound
from demat.actes.model import format_matiere
from demat.actes.names import parse_file_name
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import ActeDraft, InputFile, ReadContext, Reading
from demat.intake.readers.seance import ALIASES, EXTRA, acte_of
from demat.intake.readers.tables import Row, column_key

__all__ = ["ActeSidecar"]


class ActeSidecar:
    """Reader of a PDF (and annexes) with one data file."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Exactly one JSON, or one XML message 1-1, and at least one other file."""
        return len(files) > 1 and len([file for file in files if _is_data(file)]) == 1

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read the act that the data file describes."""
        data = next(file for file in files if _is_data(file))
        documents = {file.base: file for file in files if file is not data}
        try:
            cells = _json_cells(data) if data.suffix == ".json" else _xml_cells(data, documents)
        except FaultError as error:
            return Reading(kind="acte", faults=error.faults.within(data.base))
        cells.setdefault("fichier", _main_document(data, documents))
        row = Row(file=data.base, number=1, cells=cells)
        acte = acte_of(row, documents, context)
        extra = {key: row.text(key) for key in EXTRA if row.text(key)}
        drafts = () if acte is None else (ActeDraft(acte=acte, where=data.base, extra=extra),)
        faults = Faults(_without_row(fault) for fault in row.faults)
        return Reading(kind="acte", drafts=drafts, faults=faults)


def _is_data(file: InputFile) -> bool:
    return file.suffix == ".json" or (file.suffix == ".xml" and b"NumeroInterne" in file.content)


def _json_cells(data: InputFile) -> dict[str, str]:
    try:
        content = json.loads(data.content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FaultError(Fault(code="INT-JSON", params={"reason": str(error)})) from error
    if not isinstance(content, Mapping):
        raise FaultError(Fault(code="INT-JSON", params={"reason": "un objet { } est attendu"}))
    return {_canonical(key): _text(value) for key, value in content.items()}


def _canonical(key: str) -> str:
    plain = column_key(key)
    return ALIASES.get(plain, plain)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "|".join(str(item) for item in value)
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "" if value is None else str(value)


def _xml_cells(data: InputFile, documents: Mapping[str, InputFile]) -> dict[str, str]:
    message = parse_inbound(data.content)
    if not isinstance(message, MessageActe):
        raise FaultError(Fault(code="INT-NOT_AN_ACT", params={"name": data.base}))
    names = [message.document_name, *message.annexes]
    types = [parsed.type_pj if (parsed := parse_file_name(name)) else "" for name in names]
    return {
        "numero": message.numero,
        "date": message.date.isoformat() if message.date else "",
        "nature": NatureActe(message.nature).abrege if message.nature in range(1, 7) else "",
        "matiere": format_matiere(message.matiere),
        "objet": message.objet,
        "fichier": _deposited_name(names[0], documents),
        "annexes": "|".join(_deposited_name(name, documents) for name in names[1:]),
        "type": types[0],
        "types_annexes": "|".join(types[1:]),
        "papier": "oui" if message.document_papier else "non",
        "acte_precedent": message.precedent,
    }


def _deposited_name(name: str, documents: Mapping[str, InputFile]) -> str:
    """Match the protocol name of a document with the file that lies there, with or without type."""
    if name in documents or (parsed := parse_file_name(name)) is None or not parsed.type_pj:
        return name
    bare = name.removeprefix(f"{parsed.type_pj}-")
    return bare if bare in documents else name


def _main_document(data: InputFile, documents: Mapping[str, InputFile]) -> str:
    """Name the document of the same stem as the data file, or the only one there is."""
    same = [name for name, file in documents.items() if file.stem == data.stem]
    return same[0] if same else next(iter(documents)) if len(documents) == 1 else ""


def _without_row(fault: Fault) -> Fault:
    return Fault(
        code=fault.code,
        params=fault.params,
        severity=fault.severity,
        path=fault.path,
        source=fault.source,
    )
