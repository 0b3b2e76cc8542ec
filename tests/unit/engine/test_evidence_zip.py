"""The one form of a zip of evidence: any byte that changes is seen, and named."""

import struct
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.engine import evidence_zip
from demat.engine.evidence_zip import is_evidence, read_zip, write_zip
from demat.faults import FaultError
from demat.labels_fr.catalogue import sentence

ENTRIES = {
    "manifeste.json": b'{"format": "demat-preuve"}',
    "depot/001-titres.csv": b"exercice;titre\n" * 3,
    "documents/envoi.xml": b"<PES/>",
    "recus/01-vide.xml": b"",
}
ZIP = write_zip(ENTRIES)


def named(content: bytes) -> list[tuple[str, str]]:
    found = read_zip(content).faults
    for fault in found:
        assert "{nom}" not in sentence(fault)
    return [(fault.code, fault.params.get("nom", "")) for fault in found]


def owners() -> list[str]:
    """The entry to which each byte of the zip belongs; empty for the end of the file."""
    found: list[str] = []
    for name, body in ENTRIES.items():
        found += [name] * (30 + len(name) + len(body))
    for name in ENTRIES:
        found += [name] * (46 + len(name))
    return found + [""] * 22


def test_what_is_written_is_read_back_and_other_programs_agree() -> None:
    reading = read_zip(ZIP)
    assert (dict(reading.entries), len(reading.faults)) == (ENTRIES, 0)
    with zipfile.ZipFile(BytesIO(ZIP)) as opened:
        assert opened.testzip() is None
        assert {one.filename: opened.read(one) for one in opened.infolist()} == ENTRIES
        assert {one.date_time for one in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {one.external_attr >> 16 for one in opened.infolist()} == {0o100644}
    assert is_evidence(ZIP)
    assert not is_evidence(b"PK\x03\x04" + bytes(60))
    assert len(owners()) == len(ZIP)


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_every_byte_that_is_flipped_is_seen_and_named(bit: int) -> None:
    for place, owner in enumerate(owners()):
        broken = bytearray(ZIP)
        broken[place] ^= 1 << bit
        found = named(bytes(broken))
        if owner:
            assert ("PRV-ZIP_ENTRY", owner) in found, place
        else:
            assert found[-1] == ("PRV-ZIP_END", ""), place


def test_a_zip_is_known_for_what_it_is_whatever_byte_was_changed() -> None:
    for place in range(len(ZIP)):
        broken = bytearray(ZIP)
        broken[place] ^= 0x20
        assert is_evidence(bytes(broken[:64]))
    assert not is_evidence(forged(("manifeste.txt", b"a")))
    assert not is_evidence(b"<PES_Aller/>")
    assert not is_evidence(b"")


def test_a_byte_of_a_content_names_its_entry() -> None:
    at = 0
    for name, body in ENTRIES.items():
        at += 30 + len(name)
        for place in range(at, at + len(body)):
            broken = bytearray(ZIP)
            broken[place] ^= 0x10
            assert ("PRV-ZIP_ENTRY", name) in named(bytes(broken))
        at += len(body)


@given(st.integers(0, len(ZIP) - 1))
def test_a_zip_that_was_cut(size: int) -> None:
    assert named(ZIP[:size]) or size == 0


def test_what_is_added_before_between_or_after() -> None:
    assert named(b"x" + ZIP)
    assert named(ZIP + b"x") == [("PRV-ZIP_END", "")]
    assert named(b"") == [("PRV-ZIP_END", "")]
    middle = ZIP.index(b"PK\x01\x02")
    assert named(ZIP[:middle] + b"cache" + ZIP[middle:]) == [("PRV-ZIP_ENTRY", "manifeste.json")]


def forged(*pairs: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as opened:
        for name, body in pairs:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            opened.writestr(info, body)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name() -> None:
    found = named(forged(("manifeste.json", b"a"), ("manifeste.json", b"b")))
    assert ("PRV-ZIP_DOUBLE", "manifeste.json") in found


@pytest.mark.parametrize(
    "name", ["../dehors", "/etc/passwd", "a/../b", "a//b", "C:\\x", "a\x00b", "é", "a/", ".cache"]
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        write_zip({name: b""})
    label = name.encode()
    head = struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0x800, 0, 0, 0x21, 0, 0, 0, len(label), 0
    )
    assert "PRV-ZIP_NAME" in [code for code, _ in named(head + label)]


def test_a_bomb_is_never_opened() -> None:
    bomb = forged(("manifeste.json", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert named(bomb)
    assert sum(map(len, read_zip(bomb).entries.values())) <= len(bomb)


def test_a_size_that_lies() -> None:
    head = struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0x800, 0, 0, 0x21, 0, 2**32 - 1, 2**32 - 1, 1, 0
    )
    assert named(head + b"a") == [("PRV-ZIP_ENTRY", "a")]


def test_what_is_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_zip, "MAX_BYTES", 1000)
    with pytest.raises(FaultError) as caught:
        read_zip(bytes(1001))
    assert caught.value.faults.codes == ("PRV-SIZE",)
    with pytest.raises(FaultError):
        write_zip({"a": bytes(1000)})


def test_thousands_of_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_zip, "MAX_ENTRIES", 3)
    assert named(ZIP)
    with pytest.raises(FaultError):
        write_zip(ENTRIES)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_crash(content: bytes) -> None:
    assert read_zip(content).faults
