"""The one form of a zip of evidence: its bytes follow from its entries, so that any change shows.

Nothing is compressed (a compressor of another year gives other bytes), every date and attribute is
fixed, there is no comment and no gap. Reading is strict and in memory: nothing is extracted, what
differs from the one form is named, and a size that lies is found before anything is allocated.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from demat.faults import Fault, FaultError, Faults

__all__ = ["MAX_BYTES", "ZipReading", "is_evidence", "read_zip", "write_zip"]

MAX_BYTES = 2_000_000_000
"""Largest zip that is written or read: it is held in memory."""
MAX_ENTRIES = 60_000
"""Below the 65,535 that the plain form can count."""
MAX_NAME = 240

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_HEAD = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL_HEAD = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END_RECORD = struct.Struct("<4sHHHHIIH")
_VERSION, _UTF8, _STORED, _DATE = 20, 0x0800, 0, 0x21
_MADE_BY, _MODE = (3 << 8) | _VERSION, 0o100644 << 16
_FIXED = struct.pack("<HHHHH", _VERSION, _UTF8, _STORED, 0, _DATE)
"""What follows the first four bytes of every entry."""
_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_NAME = re.compile(f"{_PART}(/{_PART})*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ZipReading:
    """What a zip holds, and how it differs from the one form."""

    entries: Mapping[str, bytes]
    """Contents by name, in the order of the file; the first one of a name."""
    faults: Faults
    """``PRV-ZIP_…``, each with the name of its entry."""


def write_zip(entries: Mapping[str, bytes]) -> bytes:
    """Return the zip of these entries, in this order.

    :raises FaultError: ``PRV-SIZE``.
    :raises ValueError: for a name that could not be read back.
    """
    total = sum(len(content) + 2 * len(name) + 100 for name, content in entries.items())
    if total > MAX_BYTES or len(entries) > MAX_ENTRIES:
        raise FaultError(Fault(code="PRV-SIZE", params={"octets": str(total)}))
    for name in entries:
        if not _is_plain(name):
            raise ValueError(f"not a name of evidence: {name!r}")
    return b"".join(_pieces(list(entries.items())))


def is_evidence(content: bytes) -> bool:
    """Tell whether bytes begin as a zip of evidence, or as one of which a byte was changed.

    :param content: at least the first 44 bytes.
    """
    head = (content[:4] == _LOCAL, content[4:14] == _FIXED, content[30:44] == b"manifeste.json")
    return sum(head) >= 2


def read_zip(content: bytes) -> ZipReading:
    """Read every entry, and name what is not as :func:`write_zip` writes it.

    :raises FaultError: ``PRV-SIZE``: it is not looked at.
    """
    if len(content) > MAX_BYTES:
        raise FaultError(Fault(code="PRV-SIZE", params={"octets": str(len(content))}))
    found: list[tuple[str, bytes]] = []
    names: set[str] = set()
    faults: list[Fault] = []
    told = _directory_names(content)
    at = 0
    while at < len(content) and content[at : at + 4] not in (_CENTRAL, _END):
        entry = _entry(content, at)
        if entry is None or len(found) >= MAX_ENTRIES:
            faults += _lost(content, at, told, found)
            break
        faults += _entry_faults(content, at, entry, told.get(at, ""), names)
        found.append(entry[:2])
        names.add(entry[0])
        at = entry[2]
    else:
        faults += _directory_faults(content[at:], found)
    entries: dict[str, bytes] = {}
    for name, body in found:
        entries.setdefault(name, body)
    return ZipReading(entries=entries, faults=Faults(faults))


def _lost(
    content: bytes, at: int, told: Mapping[int, str], found: list[tuple[str, bytes]]
) -> list[Fault]:
    """Name what stands where nothing can be read: an entry, or the first of the directory."""
    if at in told or content[at : at + 4] == _LOCAL or not found:
        return [_broken(told.get(at) or _name_at(content, at))]
    return _directory_faults(content[at:], found)


def _entry_faults(
    content: bytes, at: int, entry: tuple[str, bytes, int], told: str, names: set[str]
) -> list[Fault]:
    """Compare one entry with the one form; the directory tells its name when its own was changed.

    :param names: those of the entries before it.
    """
    name, body, end = entry
    if told not in ("", name):
        return [_broken(told)]
    if not _is_plain(name):
        return [Fault(code="PRV-ZIP_NAME", params={"nom": _shown(name)})]
    if name in names:
        return [Fault(code="PRV-ZIP_DOUBLE", params={"nom": name})]
    return [] if content[at : end - len(body)] == _local(name, body) else [_broken(name)]


def _pieces(entries: list[tuple[str, bytes]]) -> Iterator[bytes]:
    for name, body in entries:
        yield _local(name, body)
        yield body
    yield from (piece for _, piece in _directory(entries))


def _local(name: str, body: bytes) -> bytes:
    label = name.encode()
    head = _LOCAL_HEAD.pack(
        *(_LOCAL, _VERSION, _UTF8, _STORED, 0, _DATE),
        *(zlib.crc32(body), len(body), len(body), len(label), 0),
    )
    return head + label


def _directory(entries: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield the records at the end of the file, each with the name of its entry."""
    at = size = 0
    for name, body in entries:
        label = name.encode()
        head = _CENTRAL_HEAD.pack(
            *(_CENTRAL, _MADE_BY, _VERSION, _UTF8, _STORED, 0, _DATE),
            *(zlib.crc32(body), len(body), len(body), len(label), 0, 0, 0, 0, _MODE, at),
        )
        yield name, head + label
        at += len(_local(name, body)) + len(body)
        size += len(head) + len(label)
    count = len(entries)
    yield "", _END_RECORD.pack(_END, 0, 0, count, count, size, at, 0)


def _directory_faults(rest: bytes, found: list[tuple[str, bytes]]) -> list[Fault]:
    if any(not _is_plain(name) for name, _ in found):
        return []  # named already; such names cannot be written again
    at = 0
    for name, piece in _directory(found):
        if rest[at : at + len(piece)] != piece:
            return [_broken(name) if name else Fault(code="PRV-ZIP_END")]
        at += len(piece)
    return [Fault(code="PRV-ZIP_END")] if rest[at:] else []


def _entry(content: bytes, at: int) -> tuple[str, bytes, int] | None:
    """Return name, content and end of the entry at a place; ``None`` when there is none."""
    if content[at : at + 4] != _LOCAL or len(content) < at + _LOCAL_HEAD.size:
        return None
    head = _LOCAL_HEAD.unpack_from(content, at)
    size, name_size, extra = head[8], head[9], head[10]
    start = at + _LOCAL_HEAD.size + name_size
    if name_size > MAX_NAME or extra or start + size > len(content):
        return None
    name = content[at + _LOCAL_HEAD.size : start].decode("utf-8", "replace")
    return name, content[start : start + size], start + size


def _directory_names(content: bytes) -> dict[int, str]:
    """Return what the directory at the end calls the entry at each place, as far as it can be read.

    Only to name what is wrong: a byte that changed is in an entry or in the directory, not in both.
    """
    if len(content) < _END_RECORD.size or content[-_END_RECORD.size :][:4] != _END:
        return {}
    at = _END_RECORD.unpack_from(content, len(content) - _END_RECORD.size)[6]
    names: dict[int, str] = {}
    while content[at : at + 4] == _CENTRAL and at + _CENTRAL_HEAD.size <= len(content):
        head = _CENTRAL_HEAD.unpack_from(content, at)
        start, size = at + _CENTRAL_HEAD.size, head[10]
        label = content[start : start + size].decode("utf-8", "replace")
        if _is_plain(label):
            names.setdefault(head[16], label)
        at = start + size
    return names


def _name_at(content: bytes, at: int) -> str:
    """Return the name that stands where an entry should begin, whatever is wrong with it."""
    size = int.from_bytes(content[at + 26 : at + 28], "little")
    label = content[at + _LOCAL_HEAD.size : at + _LOCAL_HEAD.size + min(size, MAX_NAME)]
    plain = re.match(rb"[A-Za-z0-9._/-]*", label)
    name = plain[0].decode("ascii") if plain else ""
    return name or f"octet {at}"


def _is_plain(name: str) -> bool:
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


def _broken(name: str) -> Fault:
    return Fault(code="PRV-ZIP_ENTRY", params={"nom": _shown(name)})


def _shown(name: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in name)[:MAX_NAME]
