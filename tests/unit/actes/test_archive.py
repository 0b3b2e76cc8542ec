"""Archives that may be hostile (actes dossier §2.5, §11 trap 23)."""

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from demat.actes.archive import unpack
from demat.actes.envelope import build_archive
from demat.actes.inbound import read_archive
from demat.faults import FaultError
from tests.unit.actes.factories import ACTE, EMETTEUR, PDF, TODAY, sentence

ENVELOPE = "EACT--000000000--20240315-1.xml"
PREFIX = "099-000000000-20240314-2024_012-DE-1-1"
MESSAGE = f"{PREFIX}_0.xml"
DOCUMENT = f"99_DE-{PREFIX}_1.pdf"
GOOD = build_archive(
    ACTE, EMETTEUR, day=TODAY, serial=1, trigramme="XYZ", application="EACT"
).content


def entry(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def tar(
    members: Sequence[tuple[tarfile.TarInfo, bytes]], format_: int = tarfile.GNU_FORMAT
) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format_) as archive:
        for info, content in members:
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return gzip.compress(tar(members))


def files(content: bytes = GOOD) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
        members = [(info.name, archive.extractfile(info)) for info in archive]
    return {name: stream.read() for name, stream in members if stream}


def repacked(change: Callable[[dict[str, bytes]], object]) -> bytes:
    members = files()
    change(members)
    return packed(*((entry(name), content) for name, content in members.items()))


def refusal(read: Callable[[bytes], object], content: bytes) -> tuple[str, dict[str, str]]:
    with pytest.raises(FaultError) as error:
        read(content)
    (fault,) = error.value.faults
    sentence(fault)
    return fault.code, dict(fault.params)


def test_the_good_archive() -> None:
    assert list(unpack(GOOD)) == [ENVELOPE, MESSAGE, DOCUMENT]
    assert unpack(GOOD)[DOCUMENT] == PDF


@pytest.mark.parametrize("format_", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_other_writers_are_read(format_: int) -> None:
    content = gzip.compress(tar([(entry("a.pdf", uid=1000, uname="maire"), b"a")], format_))
    assert unpack(content) == {"a.pdf": b"a"}


@pytest.mark.parametrize(
    "name",
    [
        "../a.xml",
        "/etc/passwd",
        "dossier/a.xml",
        "./a.xml",
        "..",
        ".cache",
        "._a.xml",
        "a\\b.xml",
        "C:a.xml",
        "a\nb.xml",
        "é.xml",
        "a" * 256,
    ],
)
def test_names_that_are_no_flat_name(name: str) -> None:
    assert refusal(unpack, packed((entry(name), b"x"))) == ("ACT-ARCHIVE_NAME", {"name": name})


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.DIRTYPE,
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
    ],
)
def test_members_that_are_no_plain_file(kind: bytes) -> None:
    member = entry("a.pdf", kind, linkname="/etc/passwd")
    assert refusal(unpack, packed((member, b""))) == ("ACT-ARCHIVE_KIND", {"name": "a.pdf"})


def test_a_sparse_file_that_claims_a_terabyte() -> None:
    headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": str(1 << 40),
    }
    member = entry("a.pdf", pax_headers=headers)
    content = gzip.compress(tar([(member, b"0\n".ljust(512, b"\0"))], tarfile.PAX_FORMAT))
    assert refusal(unpack, content) == ("ACT-ARCHIVE_KIND", {"name": "a.pdf"})


@pytest.mark.parametrize("second", ["a.pdf", "A.PDF"])
def test_doubles(second: str) -> None:
    content = packed((entry("a.pdf"), b"1"), (entry(second), b"2"))
    assert refusal(unpack, content) == ("ACT-ARCHIVE_DOUBLE", {"name": second})


def test_too_many_members() -> None:
    content = packed(*((entry(f"{rank}.pdf"), b"") for rank in range(2001)))
    assert refusal(unpack, content) == ("ACT-ARCHIVE_COUNT", {"limit": "2000"})


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = packed((entry("a.pdf"), bytes(3 << 20)))
    assert len(bomb) < 10_000
    assert len(unpack(bomb, max_bytes=4 << 20)["a.pdf"]) == 3 << 20
    found = refusal(lambda content: unpack(content, max_bytes=2 << 20), bomb)
    assert found == ("ACT-ARCHIVE_SIZE", {"limit": "2"})


def test_a_bomb_is_never_held_in_memory() -> None:
    bomb = packed((entry("a.pdf"), bytes(64 << 20)))
    tracemalloc.start()
    try:
        refusal(lambda content: unpack(content, max_bytes=1 << 20), bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def forged(size: bytes) -> bytes:
    """Write a size into the header of a second member, with a right checksum."""
    raw = bytearray(tar([(entry("a.pdf"), b"1"), (entry("b.pdf"), b"2")]))
    header = raw[1024:1536]
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    raw[1024:1536] = header
    return gzip.compress(bytes(raw))


NEGATIVE = b"\xff" * 10 + (-1024 & 0xFFFF).to_bytes(2, "big")
HUGE = b"\x80" + (1 << 60).to_bytes(11, "big")


def nested_long_names() -> bytes:
    """Chain GNU long names, each announcing the name of the next."""
    info = entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=2)
    block = info.tobuf(tarfile.GNU_FORMAT) + b"a\0".ljust(512, b"\0")
    return gzip.compress(block * 2000)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        GOOD[: len(GOOD) // 2],
        GOOD[:-4],
        gzip.compress(b""),
        gzip.compress(b"un texte"),
        gzip.compress(tar([(entry("a.pdf"), bytes(4000))])[:1500]),
        forged(NEGATIVE),
        forged(HUGE),
        nested_long_names(),
    ],
    ids=[
        "empty",
        "zip",
        "half",
        "no end",
        "empty gzip",
        "gzip of text",
        "cut tar",
        "negative size",
        "huge size",
        "nested long names",
    ],
)
def test_what_cannot_be_opened(content: bytes) -> None:
    assert refusal(unpack, content) == ("ACT-ARCHIVE_UNREADABLE", {})


def test_read_archive_keeps_the_order_of_the_lists() -> None:
    shuffled = repacked(lambda members: members.update({ENVELOPE: members.pop(ENVELOPE)}))
    found = read_archive(shuffled)
    assert (found.envelope_name, list(found.messages), list(found.documents)) == (
        ENVELOPE,
        [MESSAGE],
        [DOCUMENT],
    )
    assert found == read_archive(GOOD)


@pytest.mark.parametrize(
    ("change", "code", "params"),
    [
        (lambda m: m.pop(ENVELOPE), "ENVELOPE", {"found": "0"}),
        (
            lambda m: m.update({"EACT--000000000--20240315-2.xml": m[ENVELOPE]}),
            "ENVELOPE",
            {"found": f"{ENVELOPE}, EACT--000000000--20240315-2.xml"},
        ),
        (lambda m: m.update({ENVELOPE: m[MESSAGE]}), "ENVELOPE", {"found": ENVELOPE}),
        (lambda m: m.pop(MESSAGE), "MISSING", {"members": MESSAGE}),
        (lambda m: m.pop(DOCUMENT), "MISSING", {"members": DOCUMENT}),
        (lambda m: m.update({"b.pdf": b"", "a.pdf": b""}), "EXTRA", {"members": "a.pdf, b.pdf"}),
    ],
)
def test_lists_and_members_must_agree(
    change: Callable[[dict[str, bytes]], object], code: str, params: dict[str, str]
) -> None:
    assert refusal(read_archive, repacked(change)) == (f"ACT-ARCHIVE_{code}", params)


def test_the_limit_of_size_is_passed_on() -> None:
    found = refusal(lambda content: read_archive(content, max_bytes=1 << 10), GOOD)
    assert found == ("ACT-ARCHIVE_SIZE", {"limit": "0"})


def with_message(old: bytes, new: bytes) -> bytes:
    return repacked(lambda m: m.update({MESSAGE: m[MESSAGE].replace(old, new)}))


def renamed(name: str) -> bytes:
    def change(members: dict[str, bytes]) -> None:
        members[name] = members.pop(MESSAGE)
        members[ENVELOPE] = members[ENVELOPE].replace(MESSAGE.encode(), name.encode())

    return repacked(change)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            with_message(b'"2024_012"', b'"2024_013"'),
            f"{MESSAGE}: 2024_013 2024-03-14",
        ),
        (with_message(b'"2024-03-14"', b'"2024-03-15"'), f"{MESSAGE}: 2024_012 2024-03-15"),
        (renamed("message.xml"), "message.xml: 2024_012 2024-03-14"),
        (
            repacked(
                lambda m: m.update(
                    {
                        "b_0.xml": m[MESSAGE],
                        ENVELOPE: m[ENVELOPE].replace(
                            b"</actes:FormulairesEnvoyes>",
                            b"<actes:Formulaire><actes:NomFichier>b_0.xml</actes:NomFichier>"
                            b"</actes:Formulaire></actes:FormulairesEnvoyes>",
                        ),
                    }
                )
            ),
            "2 messages",
        ),
    ],
)
def test_the_single_act_must_agree_with_its_name(content: bytes, found: str) -> None:
    archive = read_archive(content)
    assert refusal(lambda _: archive.acte(), content) == ("ACT-ARCHIVE_ACTE", {"found": found})


def test_the_archive_of_another_message_holds_no_act() -> None:
    annulation = (
        b'<actes:ARAnnulation xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216" '
        b'actes:IDActe="x" actes:DateReception="2024-03-18"/>'
    )

    def change(members: dict[str, bytes]) -> None:
        members[MESSAGE] = annulation
        del members[DOCUMENT]

    archive = read_archive(repacked(change))
    assert refusal(lambda _: archive.acte(), b"") == ("ACT-ARCHIVE_ACTE", {"found": MESSAGE})
