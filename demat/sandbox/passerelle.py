"""A stand-in of a gateway that works by folders: it takes what is laid, and lays the answers.

What it takes is kept in a ledger, byte for byte; what it answers is written by the ministry and the
DGFiP of the sandbox. It reads archives and PES with the sandbox's own eyes (connectors dossier
§2.2, §2.3), knows nothing of the sender but files and names, and does nothing until it is told to.
"""

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from demat.clock import date8, paris_date
from demat.sandbox import helios_returns, plis, prefecture
from demat.sandbox.actesxml import NS
from demat.sandbox.helios import Helios, read_pes
from demat.sandbox.records import Depot, Kind, StoredFile
from demat.sandbox.scenario import Autorite
from demat.xmlio import Element, local_name, parse_untrusted

__all__ = ["Passerelle", "Pris"]

_WRITING = ".part"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pris:
    """One file that was taken."""

    name: str
    content: bytes
    beside: bytes = b""
    """Content of the small file that came with it; empty when there was none."""


@dataclass(kw_only=True)
class Passerelle:
    """The folders ``entree`` and ``sortie`` below ``base``, seen from the other side."""

    base: Path
    autorite: Autorite = field(default_factory=Autorite)
    extension: str = ""
    """What the name of the small file that comes last ends with; empty: none is waited for."""
    keep: bool = False
    """Whether what is taken is moved to ``pris`` instead of being removed."""
    bare: bool = False
    """Whether messages of ACTES lie as XML files instead of archives."""
    in_force: date = date(2025, 9, 1)
    """Date of the classification in force at the préfecture."""
    taken: list[Pris] = field(default_factory=list)
    """The ledger."""

    def __post_init__(self) -> None:
        for name in ("entree", "sortie", "pris", "traites"):
            (self.base / name).mkdir(parents=True, exist_ok=True)
        self._helios = Helios(())
        self._answered = 0
        self._rank = 0

    @property
    def sortie(self) -> Path:
        """Where the answers are laid."""
        return self.base / "sortie"

    def take(self) -> tuple[Pris, ...]:
        """Take every file that is ready; return those."""
        before = len(self.taken)
        for path in sorted((self.base / "entree").iterdir()):
            if not path.name.endswith((".tar.gz", ".xml")):
                continue
            small = path.with_name(f"{path.name}{self.extension}") if self.extension else None
            if small is not None and path.suffix == ".xml" and not small.exists():
                continue
            beside = small.read_bytes() if small is not None and small.exists() else b""
            self.taken.append(Pris(name=path.name, content=path.read_bytes(), beside=beside))
            for one in (small, path):
                if one is not None and one.exists():
                    self._take(one)
        return tuple(self.taken[before:])

    def _take(self, path: Path) -> None:
        if self.keep:
            path.rename(self.base / "pris" / path.name)
        else:
            path.unlink()

    def answer(self, at: datetime) -> tuple[str, ...]:
        """Let the State answer to all that was taken; return the names that were laid."""
        waiting, self._answered = self.taken[self._answered :], len(self.taken)
        return tuple(name for pris in waiting for name in self._answer(pris, at))

    def _answer(self, pris: Pris, at: datetime) -> Iterator[str]:
        if pris.name.endswith(".xml"):
            pes = read_pes(pris.content)
            elements = self._helios.process(pes, self.autorite)
            acquit = helios_returns.acquit_v2(pes, elements, paris_date(at))
            self._rank += 1
            name = helios_returns.acquit_name(pes.header["IdPost"], at, self._rank)
            yield self.lay(name, acquit)
            return
        for name, content in _members(pris.content).items():
            if name.endswith("_0.xml"):
                yield from self._answer_message(name, content, pris, at)

    def _answer_message(self, name: str, content: bytes, pris: Pris, at: datetime) -> Iterator[str]:
        message, day = parse_untrusted(content), paris_date(at)
        root = local_name(message)
        id_acte = message.get(f"{{{NS}}}IDActe") or ""
        if root == "Acte":
            depot = _depot(message, name, _members(pris.content), self.autorite)
            yield self.send("1-2", prefecture.ar_acte(depot, day, self.in_force), depot.id_acte, at)
        elif root == "Annulation":
            yield self.send("6-2", prefecture.ar_annulation(id_acte, day), id_acte, at)
        elif root in _RECEIPTS:
            kind = _RECEIPTS[root]
            letter = date.fromisoformat(message.get(f"{{{NS}}}DateCourrierPref") or "")
            receipt = prefecture.ar_reponse(kind, id_acte, letter, day)
            yield self.send(f"{kind.value}-5", receipt, id_acte, at)
        elif root == "DemandeClassification":
            yield self.send_classification(at)

    def send_classification(self, at: datetime) -> str:
        """Lay a message 7-2; return its name."""
        return self.send("7-2", prefecture.retour_classification(self.in_force), "", at)

    def send_letter(self, kind: Kind, id_acte: str, at: datetime) -> str:
        """Lay a letter of the préfecture with its document; return its name."""
        code = f"{kind.value}-1"
        document = f"99_AU-{id_acte}-{code}_{self._rank + 2}.pdf"
        letter = prefecture.letter(
            kind, id_acte, paris_date(at), "Texte du courrier fictif", document
        )
        pdf = b"%PDF-1.4\ncourrier fictif\n%%EOF\n"
        return self.send(code, letter, id_acte, at, documents={document: pdf})

    def send(
        self,
        code: str,
        message: bytes,
        id_acte: str,
        at: datetime,
        documents: Mapping[str, bytes] | None = None,
    ) -> str:
        """Lay one message of ACTES with its documents; return the name of what was laid."""
        self._rank += 1
        about = id_acte or f"{self.autorite.departement}-{self.autorite.siren}---"
        name = f"{about}-{code}_{self._rank}.xml"
        files = {name: message, **(documents or {})}
        if self.bare:
            for one, content in reversed(files.items()):
                self.lay(one, content)
            return name
        sender = prefecture.emetteur_name(self.autorite)
        stem = f"EACT--{sender}-{self.autorite.siren}-{date8(paris_date(at))}-{self._rank}"
        envelope = prefecture.enveloppe(self.autorite, (name,))
        stored = [_stored(one, data) for one, data in {f"{stem}.xml": envelope, **files}.items()]
        return self.lay(f"{stem}.tar.gz", plis.tar_gz(stored))

    def lay(self, name: str, content: bytes) -> str:
        """Lay a file in ``sortie``, whole or not at all; return its name."""
        part = self.sortie / f"{name}{_WRITING}"
        part.write_bytes(content)
        part.rename(self.sortie / name)
        return name


_RECEIPTS = {
    "RefusPieceComplementaire": Kind.DEMANDE_PIECES,
    "PieceComplementaire": Kind.DEMANDE_PIECES,
    "RejetLettreObservations": Kind.LETTRE_OBSERVATIONS,
    "ReponseLettreObservations": Kind.LETTRE_OBSERVATIONS,
}
"""Replies to which the ministry answers, by their root (actes dossier §4.1)."""


def _members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
        return {
            member.name: found.read()
            for member in archive
            if (found := archive.extractfile(member)) is not None
        }


def _stored(name: str, content: bytes) -> StoredFile:
    return StoredFile(id=0, name=name, posted_name="", mime_type="", content=content)


def _depot(message: Element, name: str, members: Mapping[str, bytes], autorite: Autorite) -> Depot:
    """Read back an act as the ministry does: its answer repeats it."""

    def attribute(node: Element, which: str) -> str:
        return node.get(f"{{{NS}}}{which}") or ""

    def text(which: str) -> str:
        return (message.findtext(f"{{{NS}}}{which}") or "").strip()

    listed = [(node.text or "").strip() for node in message.iter(f"{{{NS}}}NomFichier")]
    levels = (message.find(f"{{{NS}}}CodeMatiere{level}") for level in range(1, 6))
    return Depot(
        autorite=autorite,
        number=attribute(message, "NumeroInterne"),
        decision_date=date.fromisoformat(attribute(message, "Date")),
        nature=int(attribute(message, "CodeNatureActe")),
        matiere=tuple(int(attribute(node, "CodeMatiere")) for node in levels if node is not None),
        subject=text("Objet"),
        document_papier=text("DocumentPapier") == "O",
        classification_date=date.fromisoformat(text("ClassificationDateVersion")),
        files=tuple(_stored(one, members[one]) for one in (name, *listed)),
    )
