"""A ready-made envelope: its acts are read, its contradictions told, hostile ones refused."""

import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from demat.actes.envelope import build_archive
from demat.actes.model import Acte
from demat.intake.api import InputFile, Reading
from demat.intake.readers.envelope import Envelope
from tests.unit.actes.factories import ACTE, CLASSIFICATION, EMETTEUR, TODAY, acte, piece
from tests.unit.actes.test_archive import entry, packed
from tests.unit.intake.factories import CONTEXT, told

CONTEXTE = replace(CONTEXT, emetteur=EMETTEUR, classification=CLASSIFICATION)
PREFIX = "099-000000000-20240314-2024_012-DE-1-1"
MESSAGE = f"{PREFIX}_0.xml"
SECOND = acte(
    numero="2024_013",
    annexes=(piece(ACTE.document.content, type_pj="99_DE"), piece(b"\xff\xd8\xff\xe0 plan")),
    document_papier=True,
    precedent="099-000000000-20240101-2024_001-DE",
)


def members(*actes: Acte) -> dict[str, bytes]:
    """Return the files of an envelope of several acts, as another platform packs them."""
    files: dict[str, bytes] = {}
    names = []
    for one in actes:
        archive = build_archive(
            one, EMETTEUR, day=TODAY, serial=1, trigramme="XYZ", application="EACT"
        )
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.content))) as tar:
            for info in tar:
                stream = tar.extractfile(info)
                assert stream is not None
                files[info.name] = stream.read()
                if info.name.endswith("_0.xml"):
                    names.append(info.name)
    envelope = next(name for name in files if name.startswith("EACT"))
    listed = "".join(
        f"<actes:Formulaire><actes:NomFichier>{name}</actes:NomFichier></actes:Formulaire>"
        for name in names
    ).encode()
    head, _, rest = files[envelope].partition(b"<actes:FormulairesEnvoyes>")
    _, _, tail = rest.partition(b"</actes:FormulairesEnvoyes>")
    files[envelope] = (
        head + b"<actes:FormulairesEnvoyes>" + listed + b"</actes:FormulairesEnvoyes>" + tail
    )
    return files


def read(files: dict[str, bytes]) -> Reading:
    archive = packed(*((entry(name), content) for name, content in files.items()))
    deposit = [InputFile(name="envoi.bin", data=archive)]
    assert Envelope().recognises(deposit)
    return Envelope().read(deposit, CONTEXTE)


def test_one_act_is_read_back_whole() -> None:
    reading = read(members(ACTE))
    assert told(reading.faults) == []
    (draft,) = reading.drafts
    document = replace(ACTE.document, name=f"99_DE-{PREFIX}_1.pdf")
    assert draft.acte == replace(ACTE, document=document)  # type: ignore[union-attr]
    assert draft.where == f"envoi.bin, {MESSAGE}"


def test_several_messages_are_several_acts_and_the_annexes_keep_their_order() -> None:
    reading = read(members(ACTE, SECOND))
    assert told(reading.faults) == []
    first, second = (draft.acte for draft in reading.drafts)  # type: ignore[union-attr]
    assert (first.numero, second.numero) == ("2024_012", "2024_013")
    assert [one.content[:4] for one in second.annexes] == [b"%PDF", b"\xff\xd8\xff\xe0"]
    assert (second.document_papier, second.precedent) == (True, SECOND.precedent)


def renamed(files: dict[str, bytes], old: str, new: str) -> dict[str, bytes]:
    """Change a name everywhere: the file, and whoever lists it."""
    return {
        name.replace(old, new): content.replace(old.encode(), new.encode())
        if name.endswith(".xml")
        else content
        for name, content in files.items()
    }


@pytest.mark.parametrize("prefix", ["", "CO_DE-"])
def test_a_document_without_type_gets_the_usual_one(prefix: str) -> None:
    reading = read(renamed(members(ACTE), "99_DE-", prefix))
    assert told(reading.faults) == []
    assert reading.drafts[0].acte.document.type_pj == "99_DE"  # type: ignore[union-attr]


def test_the_day_of_packing_in_the_names_is_no_contradiction() -> None:
    reading = read(renamed(members(ACTE), "-20240314-", "-20240315-"))
    assert told(reading.faults) == []
    assert reading.drafts[0].acte.date_decision == ACTE.date_decision  # type: ignore[union-attr]


def edited(old: bytes, new: bytes, *, where: str = "EACT") -> Callable[[], dict[str, bytes]]:
    def make() -> dict[str, bytes]:
        files = members(ACTE)
        (name,) = [name for name in files if where in name]
        assert old in files[name]
        return {**files, name: files[name].replace(old, new)}

    return make


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (
            edited(b'SIREN="000000000"', b'SIREN="000000018"'),
            "INT-ENVELOPE_SENDER",
            {"what": "le SIREN", "found": "000000018", "expected": "000000000"},
        ),
        (
            edited(b'Departement="099"', b'Departement="098"'),
            "INT-ENVELOPE_SENDER",
            {"what": "le département", "found": "098", "expected": "099"},
        ),
        (
            edited(b'Arrondissement="1"', b'Arrondissement="2"'),
            "INT-ENVELOPE_SENDER",
            {"what": "l'arrondissement", "found": "2", "expected": "1"},
        ),
        (
            edited(b'actes:Nature="31"', b""),
            "INT-ENVELOPE_SENDER",
            {
                "what": "la nature de la collectivité",
                "found": "absent",
                "expected": "31",
            },
        ),
        (
            edited(b'Nombre="0"', b'Nombre="1"', where="_0.xml"),
            "INT-ENVELOPE_COUNT",
            {"numero": "2024_012", "announced": "1", "found": "0"},
        ),
        (
            edited(b' actes:Nombre="0"', b"", where="_0.xml"),
            "INT-ENVELOPE_COUNT",
            {"numero": "2024_012", "announced": "absent", "found": "0"},
        ),
        (
            edited(b'NumeroInterne="2024_012"', b'NumeroInterne="2024_099"', where="_0.xml"),
            "INT-ENVELOPE_NAME",
            {"name": MESSAGE, "reason": "le message dit 2024_099, nature DE"},
        ),
        (
            edited(b'CodeNatureActe="1"', b'CodeNatureActe="4"', where="_0.xml"),
            "INT-ENVELOPE_NAME",
            {"name": MESSAGE, "reason": "le message dit 2024_012, nature CC"},
        ),
    ],
)
def test_a_contradiction_stops_the_envelope(
    make: Callable[[], dict[str, bytes]], code: str, words: dict[str, str]
) -> None:
    reading = read(make())
    (fault,) = reading.faults
    told(reading.faults)
    assert (fault.code, dict(fault.params), fault.blocking) == (code, words, True)
    assert fault.source == "envoi.bin"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("-1-1_1.pdf", "-1-1_7.pdf", "son rang est 7, sa place dans le message 1"),
        ("-1-1_1.pdf", "-3-1_1.pdf", "il est celui d'un autre acte"),
        (f"99_DE-{PREFIX}_1.pdf", "acte.pdf", "il n'a pas la forme d'un nom de document"),
    ],
)
def test_the_names_of_documents_must_agree(old: str, new: str, reason: str) -> None:
    (fault,) = read(renamed(members(ACTE), old, new)).faults
    assert (fault.code, fault.params["reason"]) == ("INT-ENVELOPE_NAME", reason)


def test_the_act_of_a_neighbour_in_our_envelope_is_told() -> None:
    reading = read(renamed(members(ACTE), "099-000000000-", "099-000000018-"))
    assert [fault.params["reason"] for fault in reading.faults] == [
        "SIREN 000000018 au lieu de 000000000"
    ]


@pytest.mark.parametrize(
    ("transaction", "code"),
    [
        ("6-1", "INT-ENVELOPE_CANCEL"),
        ("2-2", "INT-ENVELOPE_REPLY"),
        ("3-3", "INT-ENVELOPE_REPLY"),
        ("4-2", "INT-ENVELOPE_REPLY"),
        ("7-1", "INT-ENVELOPE_ASK"),
        ("1-2", "INT-ENVELOPE_RECEIVED"),
        ("5-1", "INT-ENVELOPE_RECEIVED"),
    ],
)
def test_what_is_no_act_is_told_with_the_command_that_does_it(transaction: str, code: str) -> None:
    reading = read(renamed(members(ACTE), "-1-1_0.xml", f"-{transaction}_0.xml"))
    assert [found for found, _, _ in told(reading.faults)] == [code]
    assert reading.drafts == ()


def test_an_envelope_of_the_prefecture_is_no_deposit() -> None:
    name = "EACT--SPREF0991-000000000-20240315-9.xml"
    content = (
        b'<a:EnveloppeMISILLCL xmlns:a="http://www.interieur.gouv.fr/ACTES#v1.1-20040216">'
        b'<a:Emetteur><a:IDSousPref a:Departement="099" a:Arrondissement="1"/></a:Emetteur>'
        b'<a:Destinataire a:SIREN="000000000"/><a:FormulairesEnvoyes/></a:EnveloppeMISILLCL>'
    )
    assert [code for code, _, _ in told(read({name: content}).faults)] == ["INT-ENVELOPE_RECEIVED"]


# ------------------------------------------------------------------------------- hostile

GOOD = members(ACTE)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (packed((entry("../evil.xml"), b"x")), "ACT-ARCHIVE_NAME"),
        (packed((entry("/etc/passwd"), b"x")), "ACT-ARCHIVE_NAME"),
        (packed((entry("a", tarfile.SYMTYPE, linkname="/etc/passwd"), b"")), "ACT-ARCHIVE_KIND"),
        (packed((entry("a", tarfile.LNKTYPE, linkname="b"), b"")), "ACT-ARCHIVE_KIND"),
        (packed((entry("a", tarfile.CHRTYPE), b"")), "ACT-ARCHIVE_KIND"),
        (packed((entry("sous", tarfile.DIRTYPE), b"")), "ACT-ARCHIVE_KIND"),
        (
            packed(
                *((entry(name), content) for name, content in GOOD.items()),
                (entry("._trace.xml"), b"x"),
            ),
            "ACT-ARCHIVE_NAME",
        ),
        (
            packed(
                *((entry(name), content) for name, content in GOOD.items()),
                (entry("autre.pdf"), b"x"),
            ),
            "ACT-ARCHIVE_EXTRA",
        ),
        (
            packed(
                *(
                    (entry(name), content)
                    for name, content in GOOD.items()
                    if not name.endswith(".pdf")
                )
            ),
            "ACT-ARCHIVE_MISSING",
        ),
        (gzip.compress(b"\0" * 400_000_000, 1), "ACT-ARCHIVE_SIZE"),
        (b"\x1f\x8b abime", "ACT-ARCHIVE_UNREADABLE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_envelope_is_refused_with_a_clear_fault(content: bytes, code: str) -> None:
    reading = Envelope().read([InputFile(name="envoi.tar.gz", data=content)], CONTEXTE)
    assert [found for found, _, _ in told(reading.faults)] == [code]
    assert {fault.source for fault in reading.faults} == {"envoi.tar.gz"}
    assert reading.drafts == ()


def test_only_a_lone_compressed_file_is_one() -> None:
    archive = InputFile(name="envoi", data=b"\x1f\x8b")
    assert Envelope().recognises([archive])
    assert not Envelope().recognises([archive, archive])
    assert not Envelope().recognises([InputFile(name="a.tar.gz", data=b"PK\x03\x04")])
