"""Judge files that lie anywhere against their schema; their signatures are judged next door."""

from dataclasses import dataclass, field
from pathlib import Path

from demat.actes.archive import unpack
from demat.actes.documents import detect_type, inspect_pdf
from demat.engine.findings import SignatureFinding
from demat.faults import Fault, FaultError, Faults
from demat.schemas.catalogue import Catalogue
from demat.schemas.second_opinion import second_opinion as second_validator
from demat.schemas.validate import validate
from demat.signing.verdict import Verdict

__all__ = ["FileReport", "judge_schema", "read_file"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileReport:
    """What was found on one file."""

    file: str
    verdict: Verdict
    faults: Faults
    signatures: tuple[SignatureFinding, ...] = field(default_factory=tuple)


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    :raises FaultError: ``INT-PATH``.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        params = {"path": str(path), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="INT-PATH", params=params)) from error


def judge_schema(
    name: str, content: bytes, *, second: bool = False, catalogue: Catalogue | None = None
) -> FileReport:
    """Validate a protocol file, or every XML of an archive, against its schema.

    :param second: ask an independent validator too; a disagreement is a fault.
    :param catalogue: the schemas that are known; those of the project by default.
    """
    faults = _schema_faults(name, content, catalogue)
    if second:
        faults += _second_schema_opinion(name, content, faults, catalogue)
    undecided = set(faults.codes) == {"XSD-UNKNOWN_ROOT"}
    verdict = Verdict.UNDECIDED if undecided else _of(faults)
    return FileReport(file=name, verdict=verdict, faults=faults)


def _of(faults: Faults) -> Verdict:
    return Verdict.REFUSED if faults.blocking else Verdict.ACCEPTED


def _schema_faults(name: str, content: bytes, catalogue: Catalogue | None) -> Faults:
    if content[:2] == b"\x1f\x8b":
        try:
            members = unpack(content)
        except FaultError as error:
            return error.faults.within(name)
        faults = Faults()
        for member, inner in members.items():
            if member.lower().endswith(".xml"):
                faults += validate(inner, catalogue=catalogue).within(member)
        return faults
    if detect_type(content) == "pdf":
        return _pdf_faults(name, content)
    return validate(content, catalogue=catalogue).within(name)


def _second_schema_opinion(
    name: str, content: bytes, faults: Faults, catalogue: Catalogue | None
) -> Faults:
    if "XSD-UNKNOWN_ROOT" in faults.codes or any(code[:4] != "XSD-" for code in faults.codes):
        return Faults()  # not a document that a schema judges, or not XML at all
    if content[:2] == b"\x1f\x8b":
        return Faults()
    if second_validator(content, catalogue=catalogue) == (not faults.blocking):
        return Faults()
    return Faults([Fault(code="XSD-SECOND_OPINION", source=name)])


def _pdf_faults(name: str, content: bytes) -> Faults:
    facts = inspect_pdf(content)
    if facts.readable:
        return Faults()
    return Faults([Fault(code="ACT-035", params={"name": name}, source=name)])
