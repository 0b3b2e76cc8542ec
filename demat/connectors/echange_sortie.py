"""The folder where the answers lie: looked at again and again, each file read once.

Everything in it is hostile until it is understood: sizes are bounded, only plain files of plain
names are read, what is not whole is looked at again, and what is nobody's is left alone and told
once. Nothing leaves it before whoever asked for it has stored it (connectors dossier §5.3).
"""

import gzip
import hashlib
import io
import logging
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from demat.actes.lot import MessageKey, read_lot
from demat.clock import Clock
from demat.connectors.api import InboundDocument
from demat.connectors.echange_recu import (
    Genre,
    NotOurs,
    NotWhole,
    Recu,
    read_recu,
    worth_reading,
)
from demat.connectors.partage import PART, Depose, Partage, is_plain_name
from demat.files import safe_name

__all__ = ["Lettre", "Sortie", "SortieSettings"]

logger = logging.getLogger(__name__)

_WRITING = (PART, ".tmp", ".filepart", ".partial")
"""How others name what they are still writing."""
_REFERENCE = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]{0,199}):(?P<digest>[0-9a-f]{16})")
_NUMBERS = re.compile(r"(\d{1,18})")


@dataclass(frozen=True, kw_only=True, slots=True)
class SortieSettings:
    """Where answers are, and whose."""

    folder: str
    traites: str
    """Folder where what was stored is moved; empty: it is removed."""
    sirens: frozenset[str]
    """SIREN of the authority and of its budgets; what says that it is for another is left alone."""
    most: int
    """Bytes of one file; a larger one is left alone."""
    settle: timedelta
    """How long a file that cannot be read must stay the same before it is told as broken."""
    relist: timedelta
    """How long a list of the folder is used: questions about a thousand flows come in a row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lettre:
    """What is handed over at once: one file, or a message and the files that lie beside it."""

    main: Recu
    digest: str
    modified: int
    names: tuple[str, ...]
    """Its files: the message, or the archive, before the others."""

    @property
    def reference(self) -> str:
        """Its name, and the beginning of its SHA-256: another content is another letter."""
        return f"{self.main.name}:{self.digest[:16]}"


@dataclass(slots=True)
class _Known:
    """What is known of one file from an earlier look."""

    file: Depose
    first_seen: datetime
    recu: Recu | None = None
    digest: str = ""
    broken: str = ""


class Sortie:
    """The answers that lie in one folder of a share."""

    def __init__(self, share: Partage, settings: SortieSettings, clock: Clock) -> None:
        self._share = share
        self._settings = settings
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._listed: dict[str, Depose] = {}
        self._messages: dict[str, list[tuple[Recu, str, MessageKey]]] = {}
        self._acquits: dict[str, list[Recu]] = {}
        self._unsorted = True
        self._lettres: dict[str, Lettre] = {}
        self._pes: dict[str, Lettre] = {}
        self._good_until: datetime | None = None
        self._told: set[str] = set()

    @property
    def left_alone(self) -> tuple[str, ...]:
        """What was told of the files that nobody takes."""
        return tuple(sorted(self._told))

    def _of(self, genre: Genre) -> Iterator[Recu]:
        for known in list(self._known.values()):
            if known.recu is not None and known.recu.genre is genre and self._ours(known.recu):
                yield known.recu

    def about(self, id_acte: str) -> Iterator[tuple[Recu, str, MessageKey]]:
        """Yield the messages that name an act, and those that name none, with their file."""
        self._look()
        for named in dict.fromkeys((id_acte, "")):
            yield from self._messages.get(named, ())

    def acquits(self, nom_fic: str) -> Iterator[Recu]:
        """Yield the acquits that name a PES."""
        self._look()
        yield from self._acquits.get(nom_fic, ())

    def content(self, recu: Recu) -> bytes:
        """Return a file as it was when it was read; empty when it is no longer that one."""
        known = self._known.get(recu.name)
        content = self._share.read(self._settings.folder, recu.name, most=self._settings.most)
        if known is None or content is None or _sha256(content) != known.digest:
            return b""
        return content

    def message(self, recu: Recu, name: str) -> bytes:
        """Return one message of a file, untouched; empty when the file has gone."""
        content = self.content(recu)
        if recu.name == name or not content:
            return content
        return read_lot(recu.name, content).messages[name]

    def lettres(self) -> tuple[Lettre, ...]:
        """Return what is there of ACTES, oldest first, each message with what goes with it."""
        self._look()
        return tuple(sorted(self._lettres.values(), key=_age))

    def of_helios(self) -> tuple[Lettre, ...]:
        """Return the acquits and the retours that are there, oldest first."""
        self._look()
        return tuple(sorted(self._pes.values(), key=_age))

    def get(self, reference: str) -> Lettre | None:
        """Return what bears a reference, from the last look or from a new one."""
        found = self._lettres.get(reference) or self._pes.get(reference)
        if found is None and _REFERENCE.fullmatch(reference):
            self._good_until = None
            self._look()
            found = self._lettres.get(reference) or self._pes.get(reference)
        return found

    def _sort(self) -> None:
        """Put together what was read: messages and what goes with them, acquits, retours."""
        self._unsorted = False
        messages = {recu.name: recu for recu in self._of(Genre.ACTES)}
        self._messages, self._acquits = {}, {}
        for recu in messages.values():
            for name, key in recu.keys.items():
                self._messages.setdefault(key.id_acte, []).append((recu, name, key))
        for recu in self._of(Genre.ACQUIT):
            self._acquits.setdefault(recu.nom_fic, []).append(recu)
        found: list[Lettre] = []
        claimed: set[str] = set()
        for envelope in self._of(Genre.ENVELOPE):
            beside = [messages[name] for name in envelope.beside if name in messages]
            claimed.update(envelope.beside)
            names = (*envelope.beside, *(name for one in beside for name in one.beside))
            if beside and self._complete(envelope, names):
                found.append(self._lettre(beside[0], (*names, envelope.name)))
        for name, recu in messages.items():
            if name not in claimed and self._complete(recu, recu.beside):
                found.append(self._lettre(recu, recu.beside))
        self._tell_orphans(claimed.union(*(lettre.names for lettre in found)))
        pes = [
            self._lettre(recu, ()) for recu in (*self._of(Genre.ACQUIT), *self._of(Genre.RETOUR))
        ]
        self._lettres = {lettre.reference: lettre for lettre in found}
        self._pes = {lettre.reference: lettre for lettre in pes}

    def fetch(self, lettre: Lettre) -> InboundDocument | None:
        """Return a letter: its file untouched, or an archive of its files when there are several.

        :returns: ``None`` when one of them has gone.
        """
        contents = {}
        for name in lettre.names:
            content = self._share.read(self._settings.folder, name, most=self._settings.most)
            if content is None or len(content) > self._settings.most:
                return None
            contents[name] = content
        main = contents[lettre.main.name]
        if _sha256(main) != lettre.digest:
            return None
        if len(contents) == 1:
            return InboundDocument(name=lettre.main.name, content=main)
        stem = lettre.main.name.rpartition(".")[0]
        return InboundDocument(name=f"{stem}.tar.gz", content=_packed(contents))

    def put_away(self, reference: str) -> bool:
        """Remove, or move, what was stored; a file that has changed meanwhile stays.

        The message first: what goes with it means nothing alone.

        :returns: whether the reference is one of ours, whatever was there.
        """
        lettre = self.get(reference)
        if lettre is None:
            return _REFERENCE.fullmatch(reference) is not None
        if self.content(lettre.main):
            for name in lettre.names:
                self._put_away(name)
        else:  # gone, or another one: it is read again
            self._known.pop(lettre.main.name, None)
        self._lettres.pop(reference, None)
        self._pes.pop(reference, None)
        return True

    def _put_away(self, name: str) -> None:
        settings = self._settings
        if settings.traites:
            self._share.move(settings.folder, name, settings.traites)
        else:
            self._share.remove(settings.folder, name)
        self._known.pop(name, None)
        self._listed.pop(name, None)

    # looking

    def _look(self) -> None:
        if self._good_until is not None and self._clock.now() < self._good_until:
            return
        entries = self._share.entries(self._settings.folder)
        before, self._listed = self._listed, {entry.name: entry for entry in entries}
        self._known = {name: one for name, one in self._known.items() if name in self._listed}
        for entry in entries:
            if self._readable(entry):
                self._read(entry)
        if self._unsorted or self._listed != before:
            self._sort()
        self._good_until = self._clock.now() + self._settings.relist

    def _readable(self, entry: Depose) -> bool:
        if entry.name.startswith(".") or entry.name.lower().endswith(_WRITING):
            return False
        if not is_plain_name(entry.name) or not entry.plain:
            words = "ni un fichier ordinaire, ni un nom ordinaire"
            self._tell(entry.name, "neither a plain file nor a plain name", words)
            return False
        if not worth_reading(entry.name):
            return False  # told with the orphans: it may be the document of a message
        if entry.size > self._settings.most:
            self._tell(entry.name, "too large", f"{entry.size} octets")
            return False
        return True

    def _read(self, entry: Depose) -> None:
        now = self._clock.now()
        known = self._known.get(entry.name)
        if known is not None and known.file == entry:
            if known.broken and now - known.first_seen >= self._settings.settle:
                self._tell(entry.name, f"unreadable: {known.broken}", known.broken)
            return
        known = self._known[entry.name] = _Known(file=entry, first_seen=now)
        content = self._share.read(self._settings.folder, entry.name, most=self._settings.most)
        if content is None or len(content) != entry.size:  # gone, or still growing
            del self._known[entry.name]
            return
        known.digest = _sha256(content)
        self._unsorted = True
        try:
            known.recu = read_recu(entry.name, content)
        except NotWhole as error:
            known.broken = str(error)
        except NotOurs as error:
            self._tell(entry.name, "of another kind", str(error))

    def _ours(self, recu: Recu) -> bool:
        return not recu.siren or recu.siren in self._settings.sirens

    def _complete(self, recu: Recu, beside: tuple[str, ...]) -> bool:
        """Whether what goes with a message has come; it is told once when it stays away."""
        missing = [name for name in beside if not self._there(name)]
        known = self._known[recu.name]
        self._unsorted = self._unsorted or bool(missing)  # to be told, when it lasts
        if missing and self._clock.now() - known.first_seen >= self._settings.settle:
            words = f"il manque {', '.join(map(safe_name, missing[:3]))}"
            self._tell(recu.name, "what goes with it is missing", words)
        return not missing

    def _there(self, name: str) -> bool:
        entry = self._listed.get(name)
        return entry is not None and entry.plain and is_plain_name(name)

    def _lettre(self, main: Recu, beside: tuple[str, ...]) -> Lettre:
        known = self._known[main.name]
        names = tuple(dict.fromkeys((main.name, *beside)))
        return Lettre(main=main, digest=known.digest, modified=known.file.modified, names=names)

    def _tell_orphans(self, taken: set[str]) -> None:
        for entry in self._listed.values():
            if entry.plain and is_plain_name(entry.name) and not worth_reading(entry.name):
                writing = entry.name.lower().endswith(_WRITING)
                if not writing and entry.name not in taken:
                    self._tell(entry.name, "unknown name", "nom inconnu")

    def _tell(self, name: str, why: str, words: str) -> None:
        """Tell once of a file that nobody takes.

        :param why: for the log, which names nobody: others choose these names, and what is inside.
        :param words: for whoever asks.
        """
        told = f"{safe_name(name)[:80]} ({words})"
        if told not in self._told:
            self._told.add(told)
            logger.warning(
                "left alone, %s (name %s, %d in all)",
                why,
                _sha256(os.fsencode(name))[:8],  # enough to find it in its folder
                len(self._told),
                extra={"action": "share_left_alone"},
            )


def _age(lettre: Lettre) -> tuple[int, list[tuple[int, str]]]:
    """Sort by date, then by name, whose numbers count as numbers."""
    parts = _NUMBERS.split(lettre.main.name)
    return lettre.modified, [(int(p) if p.isdecimal() else 0, p) for p in parts]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _packed(contents: Mapping[str, bytes]) -> bytes:
    """Return files as an archive, the same whenever they are the same."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)
