"""Acts handed in as PDF files only: each becomes a proposal, read in its own text, to be confirmed.

Several acts of a séance may lie in one folder. An annexe goes with the act that it is named after
(``tarifs-annexe.pdf`` with ``tarifs.pdf``), or with the only act of its folder.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from demat.actes.contexte import blocking
from demat.actes.documents import inspect_pdf
from demat.actes.found import Found
from demat.actes.lecture import looks_like_acte, read_acte
from demat.actes.natures import NatureActe
from demat.faults import Fault, Faults
from demat.intake.api import Confidence, InputFile, Proposal, ReadContext, Reading
from demat.intake.names import annexe_of, name_key, stem_key
from demat.intake.readers.pdf_text import PdfText, read_text
from demat.intake.readers.seance import NATURES
from demat.intake.readers.tables import column_key, read_date

__all__ = ["PdfAlone"]

_IMAGES = frozenset({".png", ".jpg", ".jpeg"})
_NO_TEXT = (
    "Ce document est une image (un scan) : son texte ne peut pas être lu. Remplissez cette case."
)
_NOT_READ = "Le texte de ce document n'a pas pu être lu. Remplissez cette case."
_NUMERO_NOTE = "Le document n'en donne pas : c'est le numéro suivant de votre série."


@dataclass(slots=True, eq=False)
class _Act:
    """One act, with what goes with it."""

    file: InputFile
    found: Mapping[str, Found]
    scanned: bool
    """Whether it has no text: it may be an act as well as an annexe."""
    annexes: list[InputFile] = field(default_factory=list)
    sure: bool = True
    """Whether the annexes were told by their names."""


class PdfAlone:
    """Reader of a deposit that holds no data at all, only documents."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Only PDF files, and images that can be annexes of them."""
        kinds = [file.suffix for file in files]
        return ".pdf" in kinds and all(kind == ".pdf" or kind in _IMAGES for kind in kinds)

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Propose one act per main document; nothing of it is sent before it is confirmed."""
        faults = Faults(fault for file in files for fault in _faults(file))
        if faults.blocking:
            return Reading(kind="pdf", faults=faults)
        folders: defaultdict[str, list[InputFile]] = defaultdict(list)
        for file in sorted(files, key=lambda one: name_key(one.name)):
            folders[file.name.rpartition("/")[0]].append(file)
        acts = [act for inside in folders.values() for act in _acts(inside, context)]
        return Reading(kind="pdf", proposals=tuple(_proposals(acts, context)))


def _faults(file: InputFile) -> Iterable[Fault]:
    """Refuse a PDF that nobody could open: there is nothing to confirm about it."""
    if file.suffix != ".pdf":
        return
    name = file.base
    facts = inspect_pdf(file.content)
    if facts.password:
        yield blocking("035_PASSWORD", source=name, name=name)
    elif not facts.readable:
        yield blocking(35, source=name, name=name)


def _acts(files: Sequence[InputFile], context: ReadContext) -> list[_Act]:
    """Tell the acts of one folder from their annexes."""
    annexes = [file for file in files if _is_annexe(file)]
    mains = [file for file in files if not _is_annexe(file)]
    if not mains:  # everything is called an annexe: the first one leads
        mains = [next((file for file in files if file.suffix == ".pdf"), files[0])]
        annexes = [file for file in files if file is not mains[0]]
    acts, others = _without_attached([_act(file, context) for file in mains])
    for act in others:
        _attach(act.file, acts, sure=False)
    left = [file for file in annexes if not _attach(file, acts, sure=True)]
    return [*acts, *(_act(file, context) for file in left)]


def _act(file: InputFile, context: ReadContext) -> _Act:
    """Read what a document says of itself."""
    text = read_text(file) if file.suffix == ".pdf" else PdfText(text="")
    found = read_acte(text.text, classification=context.classification, today=context.today)
    if not text.text:
        note = _NO_TEXT if text.readable else _NOT_READ
        found = {column: replace(one, note=note) for column, one in found.items()}
    return _Act(file=file, found=found, scanned=not text.text)


def _is_annexe(file: InputFile) -> bool:
    return file.suffix in _IMAGES or annexe_of(file.stem) is not None


def _without_attached(acts: Sequence[_Act]) -> tuple[list[_Act], list[_Act]]:
    """Set apart the documents that are no act, when they can go with one that is.

    A scan without the name of an act may be one: a person tells.
    """
    real = [act for act in acts if looks_like_acte(act.found)]
    attached = [
        act
        for act in acts
        if act not in real and (_named(act.file, real) or (len(real) == 1 and not act.scanned))
    ]
    return [act for act in acts if act not in attached], attached


def _attach(file: InputFile, acts: Sequence[_Act], *, sure: bool) -> bool:
    """Give a document to the act that it goes with; tell whether there is one."""
    leader = _named(file, acts) or (acts[0] if len(acts) == 1 else None)
    if leader is None:
        return False
    leader.annexes.append(file)
    leader.sure = leader.sure and sure and bool(annexe_of(file.stem))
    return True


def _named(file: InputFile, acts: Sequence[_Act]) -> _Act | None:
    """Return the act that a document is named after; the longest name wins."""
    stem = annexe_of(file.stem) or stem_key(file.stem)
    named = [act for act in acts if stem == stem_key(act.file.stem) or _begins(stem, act.file.stem)]
    return max(named, key=lambda act: len(act.file.stem), default=None)


def _begins(stem: str, with_: str) -> bool:
    lead = stem_key(with_)
    return stem.startswith(lead) and not stem[len(lead) :][:1].isalnum()


def _proposals(acts: Sequence[_Act], context: ReadContext) -> Iterable[Proposal]:
    """Write each act as a row of a séance; those that tell no number get the next ones."""
    taken = {act.found["numero"].value for act in acts} - {""}
    for act in acts:
        found = dict(act.found)
        if not found["numero"].value:
            found["numero"] = _numbered(found, taken, context)
            taken.add(found["numero"].value)
        yield _proposal(act, found)


def _numbered(found: Mapping[str, Found], taken: set[str], context: ReadContext) -> Found:
    """Return the next number of the authority's series, when the act tells enough to have one."""
    day = read_date(found["date"].value) or context.today
    abrege = NATURES.get(column_key(found["nature"].value), "DE")
    numero = context.propose_numero(NatureActe.from_abrege(abrege), day, taken)
    if not numero:
        return found["numero"]
    return Found(value=numero, confidence=Confidence.GUESS, note=_NUMERO_NOTE)


def _proposal(act: _Act, found: Mapping[str, Found]) -> Proposal:
    cells = {column: one.value for column, one in found.items()}
    confidences = {column: one.confidence for column, one in found.items()}
    cells["fichier"] = act.file.name
    if act.annexes:
        cells["annexes"] = "|".join(file.name for file in act.annexes)
        confidences["annexes"] = Confidence.LIKELY if act.sure else Confidence.GUESS
    return Proposal(
        cells=cells,
        confidences=confidences,
        reasons={column: one.words for column, one in found.items() if one.words},
        notes={column: one.note for column, one in found.items() if one.note},
        where=act.file.name,
    )
