"""A PES shown to an agent without XML: a page, a table, and the documents it carries.

What XéMéLios and pes-viewer are used for. A PES_Aller is read twice as a stream: once for the
totals, the signatures and the documents, once to write each titre or mandat as it comes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from demat.amounts import total
from demat.clock import PARIS
from demat.engine.attachments import Attachment, AttachmentFolder, Limits
from demat.engine.view_answers import acquit_page, retour_page
from demat.engine.view_csv import Row, acquit_rows, aller_rows, retour_rows, to_csv
from demat.engine.view_page import Explain, euros, render
from demat.faults import Fault, FaultError, Faults, Severity
from demat.files import write_chunks
from demat.helios.acquit import ACQUITS, parse_acquit
from demat.helios.model import Domaine
from demat.helios.read import read_whole
from demat.helios.retour import parse_retour
from demat.helios.view import (
    EntetePes,
    VueAutre,
    VueBordereau,
    VuePiece,
    VuePj,
    VueTiers,
    read_view,
)
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.signing.verify import SignatureReport, verify
from demat.xmlio import root_name

__all__ = ["Shown", "check_targets", "show_pes"]

_LONG = 300
"""Number of pièces beyond which a browser lays out only what is on screen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What was read and written."""

    kind: str
    """``PES_Aller``, ``PES_ACQUIT`` or ``PES_Retour``."""
    bordereaux: int
    """How many bordereaux; for an acquit, elements."""
    pieces: int
    """How many titres or mandats."""
    attachments: tuple[Attachment, ...]
    """The documents carried by the file."""
    faults: Faults
    """What is worth a look; each says whom to ask."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureVue:
    """The signature of one bordereau, in words."""

    etat: str
    """``valable``, ``refusee``, ``indecise`` or ``absente``."""
    words: str
    """The verdict."""
    signataire: str = ""
    """Holder of the certificate."""
    role: str = ""
    """``ClaimedRole``."""
    date: str = ""
    """Signing time, in Paris."""
    autorite: str = ""
    """Authority that issued the certificate."""
    niveau: str = ""
    """What the certificate says of its strength."""
    globale: bool = False
    """Whether it is that of the whole file."""
    reasons: Faults = field(default_factory=Faults)
    """Why, when it is not valid."""


_ABSENT = SignatureVue(etat="absente", words="non signé")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resume:
    """One bordereau, with what was counted in it."""

    bordereau: VueBordereau
    pieces: int
    """Pièces found."""
    mt_ht: Decimal
    """Sum of the lines without TVA, in euros."""
    mt_tva: Decimal
    """Sum of the TVA of the lines, in euros."""
    signature: SignatureVue
    faults: Faults
    """What is announced and is not found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What the first reading of a PES_Aller found."""

    entete: EntetePes
    resumes: tuple[Resume, ...]
    attachments: tuple[Attachment, ...]
    autres: tuple[VueAutre, ...]
    """Domains beside the bordereaux: factures, marchés."""

    @property
    def faults(self) -> Faults:
        """All that is worth a look: totals, signatures, documents."""
        return Faults(
            (
                *(fault for resume in self.resumes for fault in resume.faults),
                *(fault for resume in self.resumes for fault in resume.signature.reasons),
                *(fault for one in self.attachments for fault in one.faults),
            )
        )


def show_pes(
    source: Path,
    *,
    html: Path | None,
    csv: Path | None,
    trust: TrustStore,
    explain: Explain,
    name: str = "",
    limits: Limits | None = None,
) -> Shown:
    """Write the page and the table of a PES; the documents go beside the page.

    :param source: a PES_Aller, a PES_ACQUIT or a PES_Retour.
    :param html: where the page goes; its documents go to the folder ``<name>-pieces`` beside it.
    :param csv: where the table goes.
    :param trust: the authorities whose certificates are believed.
    :param name: what the agent calls the file; its own name when empty.
    :raises FaultError: ``INT-PATH``, ``INT-VIEW_KIND``, ``INT-VIEW_OUT``, ``XML-…``,
        ``PES-ACQUIT_…``; nothing is then written but documents of the part that could be read.
    :raises OSError: a file cannot be written.
    """
    check_targets(source, html, csv)
    try:
        with source.open("rb") as stream:
            kind = root_name(stream)
    except OSError as error:
        params = {"path": str(source), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="INT-PATH", params=params)) from error
    job = _Job(source=source, name=name or source.name, html=html, csv=csv, explain=explain)
    if kind == "PES_Aller":
        return _show_aller(job, trust, limits or Limits())
    if kind in ACQUITS:
        return _show_acquit(job)
    if kind == "PES_Retour":
        return _show_retour(job)
    raise FaultError(Fault(code="INT-VIEW_KIND", params={"name": job.name, "kind": kind}))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """What is asked for."""

    source: Path
    name: str
    html: Path | None
    csv: Path | None
    explain: Explain

    def write(
        self, template: str, values: Mapping[str, object], rows: Callable[[], Iterator[Row]]
    ) -> None:
        """Write the page and the table, each if it is wanted."""
        if self.html:
            page = render(template, self.explain, {**values, "source": self.name})
            write_chunks(self.html, page)
        if self.csv:
            write_chunks(self.csv, to_csv(rows()))


def check_targets(source: Path, html: Path | None, csv: Path | None) -> None:
    """Never write over the file itself, nor one answer over the other.

    :raises FaultError: ``INT-VIEW_OUT``.
    """
    seen = {source.resolve()}
    for target in (html, csv):
        if target is None:
            continue
        if target.resolve() in seen:
            raise FaultError(Fault(code="INT-VIEW_OUT", params={"path": str(target)}))
        seen.add(target.resolve())


def _show_aller(job: _Job, trust: TrustStore, limits: Limits) -> Shown:
    folder = job.html.parent / f"{job.html.stem}-pieces" if job.html else None
    found = _survey(job.source, trust, AttachmentFolder(folder=folder, limits=limits))
    with job.source.open("rb") as page, job.source.open("rb") as table:
        job.write("aller.html.j2", _values(found, page), lambda: aller_rows(read_view(table)))
    return Shown(
        kind="PES_Aller",
        bordereaux=len(found.resumes),
        pieces=sum(resume.pieces for resume in found.resumes),
        attachments=found.attachments,
        faults=found.faults,
    )


def _show_acquit(job: _Job) -> Shown:
    found = parse_acquit(job.source.read_bytes())
    page = acquit_page(found)
    job.write("acquit.html.j2", {**page}, lambda: acquit_rows(found, job.explain))
    return Shown(
        kind="PES_ACQUIT",
        bordereaux=len(found.elements),
        pieces=len({erreur.piece for erreur in found.erreurs if erreur.piece is not None}),
        attachments=(),
        faults=Faults(fault for element in page["elements"] for fault in element.faults),
    )


def _show_retour(job: _Job) -> Shown:
    found = parse_retour(job.source.read_bytes())
    job.write("retour.html.j2", retour_page(found), lambda: retour_rows(found))
    bordereaux = {(one.domaine, one.exercice, one.bordereau, one.typ_bord) for one in found.pieces}
    return Shown(
        kind="PES_Retour",
        bordereaux=len(bordereaux),
        pieces=len(found.pieces),
        attachments=(),
        faults=Faults(),
    )


# ------------------------------------------------------------------------------------- signatures


def _signature(bordereau: VueBordereau, reports: tuple[SignatureReport, ...]) -> SignatureVue:
    """Return the signature that bears on a bordereau: its own, else that of the whole file."""
    own = [r for r in reports if r.element == "Bordereau" and r.element_id == bordereau.id]
    whole = [r for r in reports if r.element == "PES_Aller"]
    if own:
        return _in_words(own[0], whole_file=False)
    return _in_words(whole[0], whole_file=True) if whole else _ABSENT


_WORDS = {
    Verdict.ACCEPTED: ("valable", "signature valable"),
    Verdict.REFUSED: ("refusee", "signature non valable"),
    Verdict.UNDECIDED: ("indecise", "signature intacte, certificat non vérifié"),
}


def _in_words(report: SignatureReport, *, whole_file: bool) -> SignatureVue:
    if "SIG-UNSIGNED" in report.reasons.codes:
        return replace(_ABSENT, reasons=report.reasons)
    etat, words = _WORDS[report.verdict]
    if report.verdict is Verdict.UNDECIDED and report.chain is Verdict.ACCEPTED:
        words = "signature intacte, tout n'a pas pu être vérifié"
    moment = report.signing_time
    return SignatureVue(
        etat=etat,
        words=words,
        signataire=report.signer,
        role=report.role,
        date=f"{moment.astimezone(PARIS):%d/%m/%Y à %H h %M}" if moment else "",
        autorite=report.issuer,
        niveau=report.level.libelle if report.certificate else "",
        globale=whole_file,
        reasons=report.reasons,
    )


# ----------------------------------------------------------------------------------------- survey


class _Counter:
    """Adds up one bordereau while its pièces go by."""

    def __init__(self, bordereau: VueBordereau) -> None:
        self.bordereau = bordereau
        self.pieces = 0
        self.mt_ht = self.mt_tva = Decimal(0)

    def add(self, piece: VuePiece) -> None:
        self.pieces += 1
        self.mt_ht += piece.mt_ht
        self.mt_tva += piece.mt_tva

    def resume(self, reports: tuple[SignatureReport, ...]) -> Resume:
        return Resume(
            bordereau=self.bordereau,
            pieces=self.pieces,
            mt_ht=total([self.mt_ht]),
            mt_tva=total([self.mt_tva]),
            signature=_signature(self.bordereau, reports),
            faults=Faults(self._faults()),
        )

    def _faults(self) -> Iterator[Fault]:
        """Rules 19 to 21 of the norm, as a warning: here nothing is judged."""
        announced = self.bordereau
        if read_whole(announced.nbr_pce) != self.pieces:
            yield self._fault("PES-019", announced.nbr_pce or "0", str(self.pieces))
        if announced.mt_ht != self.mt_ht:
            yield self._fault("PES-020", _plain(announced.mt_ht), _plain(self.mt_ht))
        if (announced.mt_tva or Decimal(0)) != self.mt_tva:
            yield self._fault("PES-021", _plain(announced.mt_tva), _plain(self.mt_tva))

    def _fault(self, code: str, announced: str, found: str) -> Fault:
        params = {"bordereau": self.bordereau.numero, "announced": announced, "found": found}
        return Fault(code=code, params=params, severity=Severity.WARNING, line=self.bordereau.line)


def _plain(amount: Decimal | None) -> str:
    return euros(amount or Decimal(0)).removesuffix("€").strip()


def _survey(source: Path, trust: TrustStore, folder: AttachmentFolder) -> Survey:
    """Read the file once; only when it is signed, hold it whole in memory for the signatures."""
    entete = EntetePes()
    counters: list[_Counter] = []
    attachments: list[Attachment] = []
    autres: list[VueAutre] = []
    with source.open("rb") as stream:
        for one in read_view(stream):
            match one:
                case EntetePes():
                    entete = one
                case VueBordereau():
                    counters.append(_Counter(one))
                case VuePiece():
                    counters[-1].add(one)
                case VuePj():
                    attachments.append(folder.keep(one))
                case VueAutre():
                    autres.append(one)
    signed = any(one.nom.endswith("Signature") for one in autres)
    reports = verify(source.read_bytes(), trust=trust) if signed else ()
    return Survey(
        entete=entete,
        resumes=tuple(counter.resume(reports) for counter in counters),
        attachments=tuple(attachments),
        autres=tuple(one for one in autres if not one.nom.endswith("Signature")),
    )


# ------------------------------------------------------------------------------------------- page


@dataclass(frozen=True, kw_only=True, slots=True)
class TiersGroup:
    """One debtor or creditor of a pièce, and the lines that bear on it."""

    tiers: VueTiers
    lignes: tuple[str, ...]
    """Numbers of the lines; empty when it is that of all of them."""


def tiers_groups(piece: VuePiece) -> tuple[TiersGroup, ...]:
    """Return each tiers of a pièce once, in the order in which they come."""
    found: dict[VueTiers, list[str]] = {}
    for ligne in piece.lignes:
        for tiers in ligne.tiers:
            found.setdefault(tiers, []).append(ligne.numero)
    return tuple(
        TiersGroup(tiers=tiers, lignes=() if len(lignes) == len(piece.lignes) else tuple(lignes))
        for tiers, lignes in found.items()
    )


def _sections(
    resumes: tuple[Resume, ...], stream: BinaryIO
) -> Iterator[tuple[Resume, Iterator[VuePiece]]]:
    """Yield each bordereau with its pièces, read from the file as the page is written."""
    rows = (one for one in read_view(stream) if isinstance(one, VueBordereau | VuePiece))
    for rank, group in groupby(rows, key=_rank):
        yield resumes[rank - 1], (one for one in group if isinstance(one, VuePiece))


def _rank(one: VueBordereau | VuePiece) -> int:
    return one.rang if isinstance(one, VueBordereau) else one.bordereau.rang


def _values(found: Survey, stream: BinaryIO) -> dict[str, object]:
    domaines = {resume.bordereau.domaine for resume in found.resumes}
    return {
        "title": _title(found, domaines),
        "entete": found.entete,
        "resumes": found.resumes,
        "sections": _sections(found.resumes, stream),
        "attachments": found.attachments,
        "carried": {one.id_unique: one for one in found.attachments},
        "autres": found.autres,
        "faults": found.faults,
        "tiers_groups": tiers_groups,
        "long": sum(resume.pieces for resume in found.resumes) > _LONG,
    }


def _title(found: Survey, domaines: set[Domaine]) -> str:
    what = {
        frozenset({Domaine.DEPENSE}): "Mandats de dépense",
        frozenset({Domaine.RECETTE}): "Titres de recette",
        frozenset(Domaine): "Titres et mandats",
    }.get(frozenset(domaines), "Pièces jointes" if found.attachments else "Fichier PES")
    return f"{what} – {found.entete.libelle or found.entete.id_coll}"
