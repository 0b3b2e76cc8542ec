"""The folder where revocation lists and answers are kept: the current ones, and those before.

A list is evidence: what it said on a day can matter years later, once the authority has dropped
from its newer lists what had ended meanwhile. Nothing that was accepted is ever removed here.

``<issuer>/crl-<list>-<instant>-<digest>`` and ``<issuer>/ocsp-<certificate>-<instant>-<digest>``;
``adresses.json`` remembers what each address was asked; ``a-demander/`` holds the certificates of
others whose revocation is to be asked about.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from demat.faults import FaultError
from demat.files import write_atomic
from demat.signing.certificate import load_certificate
from demat.signing.revocation import OcspAnswer, RevocationList, Subject, read_answer, read_list

__all__ = ["Memo", "RevocationFolder"]

logger = logging.getLogger(__name__)

MAX_WANTED = 500
"""How many certificates of others are remembered at most."""
_STAMP = "%Y%m%dT%H%M%SZ"
_WANTED = "a-demander"
_MEMOS = "adresses.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Memo:
    """What is remembered of an address."""

    asked: str = ""
    """Instant of the last question, ISO 8601; empty: never."""
    etag: str = ""
    """``ETag`` of the list that it gave."""
    modified: str = ""
    """``Last-Modified`` of that list."""
    failed: str = ""
    """Code of what went wrong the last time; empty: nothing."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """One file, as its name tells it."""

    path: Path
    source: str
    """The list, or the certificate, that it is about."""
    instant: datetime
    """When the authority made it, UTC."""


@dataclass(frozen=True, slots=True)
class RevocationFolder:
    """The evidence on the revocation of certificates, on disk."""

    folder: Path

    def keep_list(
        self,
        subject: Subject,
        point: tuple[str, ...],
        content: bytes,
        *,
        address: str,
        at: datetime,
    ) -> RevocationList:
        """Check a list that an address gave, and keep it.

        :param point: the addresses of this list, as the certificate has them.
        :raises FaultError: as :func:`demat.signing.revocation.read_list`; nothing is then kept.
        :raises OSError: it cannot be written.
        """
        found = read_list(content, subject.issuer, address=address, at=at)
        self._write(subject, _list_name(point), found.this_update, found.content)
        return found

    def newest_list(self, subject: Subject, point: tuple[str, ...]) -> RevocationList | None:
        """Return the newest list that was kept for these addresses."""
        for kept in self._kept(subject, _list_name(point)):
            content = _content(kept)
            try:
                return read_list(content, subject.issuer, address=point[0], at=kept.instant)
            except FaultError as error:
                _damaged(kept, error)
        return None

    def keep_answer(
        self, subject: Subject, content: bytes, *, address: str, at: datetime
    ) -> OcspAnswer:
        """Check what was answered on a certificate, and keep it.

        :raises FaultError: as :func:`demat.signing.revocation.read_answer`; nothing is then kept.
        :raises OSError: it cannot be written.
        """
        found = read_answer(content, subject, address=address, at=at)
        self._write(subject, _answer_name(subject), found.this_update, found.content)
        return found

    def newest_answer(self, subject: Subject) -> OcspAnswer | None:
        """Return the newest answer that was kept on a certificate."""
        for kept in self._kept(subject, _answer_name(subject)):
            content = _content(kept)
            try:
                return read_answer(content, subject, address="", at=kept.instant)
            except FaultError as error:
                _damaged(kept, error)
        return None

    def evidence(self, subject: Subject, at: datetime) -> tuple[list[bytes], list[bytes]]:
        """Return the lists and the answers that may tell of a certificate at an instant.

        Of each list: the newest, the first one made after the instant, and the last one made
        before the certificate ended. All the answers on it, which are short.
        """
        lists = self._kept(subject, "crl-")
        chosen: list[bytes] = []
        for source in dict.fromkeys(kept.source for kept in lists):
            chosen += _useful([kept for kept in lists if kept.source == source], subject, at)
        answers = [_content(kept) for kept in self._kept(subject, _answer_name(subject))]
        return list(dict.fromkeys(chosen)), [answer for answer in answers if answer]

    def _write(self, subject: Subject, source: str, instant: datetime, content: bytes) -> None:
        name = f"{source}-{instant.astimezone(UTC):{_STAMP}}-{_digest(content)}"
        path = self.folder / subject.issuer_key / name
        if not path.exists():
            write_atomic(path, content)

    def _kept(self, subject: Subject, prefix: str) -> list[_Kept]:
        """Return the files about a certificate whose name begins with a prefix, newest first."""
        folder = self.folder / subject.issuer_key
        if not folder.is_dir():
            return []
        found = (_read_name(path) for path in folder.glob(f"{prefix}*"))
        return sorted(
            (one for one in found if one is not None), key=lambda one: one.instant, reverse=True
        )

    # what was asked

    def memo(self, address: str) -> Memo:
        """Return what is remembered of an address."""
        return Memo(**self._memos().get(address, {}))

    def remember(self, address: str, memo: Memo) -> None:
        """Remember what an address was asked, and what it said of its list."""
        memos = {**self._memos(), address: asdict(memo)}
        content = json.dumps(memos, ensure_ascii=False, indent=1, sort_keys=True)
        write_atomic(self.folder / _MEMOS, content.encode())

    def _memos(self) -> dict[str, dict[str, str]]:
        try:
            read = json.loads((self.folder / _MEMOS).read_bytes())
        except (OSError, ValueError):  # forgotten: every address is asked once more
            return {}
        fields = set(Memo.__dataclass_fields__)
        return {
            address: memo
            for address, memo in (read.items() if isinstance(read, dict) else ())
            if isinstance(memo, dict) and memo.keys() == fields
        }

    # certificates of others

    def want(self, certificates: Iterable[bytes]) -> None:
        """Remember certificates, DER, whose revocation could not be told; best effort."""
        folder = self.folder / _WANTED
        try:
            room = MAX_WANTED - (len(list(folder.iterdir())) if folder.is_dir() else 0)
            for content in certificates:
                path = folder / f"{_digest(content)}.cer"
                if room > 0 and not path.exists():
                    write_atomic(path, content)
                    room -= 1
        except OSError as error:  # a judgment never fails for that
            logger.warning("certificates not remembered: %s", error)

    def wanted(self, at: datetime) -> tuple[bytes, ...]:
        """Return those certificates, DER; what has ended is forgotten, nobody answers on it."""
        folder = self.folder / _WANTED
        alive = []
        for path in sorted(folder.glob("*.cer")) if folder.is_dir() else ():
            content = path.read_bytes()
            try:
                ended = load_certificate(content).not_valid_after_utc < at
            except FaultError:
                ended = True
            if ended:
                path.unlink(missing_ok=True)
            else:
                alive.append(content)
        return tuple(alive)


def _useful(newest_first: list[_Kept], subject: Subject, at: datetime) -> Iterator[bytes]:
    after = [kept for kept in reversed(newest_first) if kept.instant >= at]
    alive = [kept for kept in newest_first if kept.instant <= subject.not_after]
    for candidates in (newest_first, after, alive):
        yield from islice(filter(None, map(_content, candidates)), 1)  # the first intact one


def _list_name(point: tuple[str, ...]) -> str:
    return f"crl-{_digest(chr(10).join(point).encode())}"


def _answer_name(subject: Subject) -> str:
    return f"ocsp-{_digest(subject.certificate.public_bytes(Encoding.DER))}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def _read_name(path: Path) -> _Kept | None:
    kind, _, rest = path.name.partition("-")
    source, _, rest = rest.partition("-")
    stamp, _, _digest_of_it = rest.partition("-")
    try:
        instant = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return _Kept(path=path, source=f"{kind}-{source}", instant=instant)


def _content(kept: _Kept) -> bytes:
    """Return the bytes of a file; none when they are not those that were kept."""
    try:
        content = kept.path.read_bytes()
    except OSError as error:
        _damaged(kept, error)
        return b""
    if not kept.path.name.endswith(_digest(content)):
        _damaged(kept, ValueError("altered"))
        return b""
    return content


def _damaged(kept: _Kept, error: Exception) -> None:
    logger.error("revocation evidence unusable: %s: %s", kept.path, error)
