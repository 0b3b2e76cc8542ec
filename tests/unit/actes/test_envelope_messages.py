"""Archives of every message that we send, alone or several together (actes dossier §2, §4)."""

import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from demat.actes.courriers import Reponse, SensReponse, TypeCourrier
from demat.actes.envelope import (
    EnveloppeActes,
    MessageSortant,
    Packing,
    build_archive,
    build_archive_accuse,
    build_archive_annulation,
    build_archive_demande_classification,
    build_archive_lot,
    build_archive_reponse,
    pack_messages,
)
from demat.actes.inbound import EnveloppeCL, parse_inbound, read_archive
from demat.actes.names import IdActe, parse_archive_name
from demat.faults import FaultError
from demat.xmlio import local_name, parse_untrusted
from tests.unit.actes.factories import ACTE, EMETTEUR, PDF, PNG, acte, pdf_bytes, piece

ID_TEXT = "099-000000000-20240314-2024_012-DE"
ID = IdActe.parse(ID_TEXT)
LETTER = date(2024, 4, 8)
PLACE: Packing = {
    "day": date(2024, 4, 19),
    "serial": 7,
    "trigramme": "XYZ",
    "application": "EACT",
}
ENVELOPE = "EACT--000000000--20240419-7.xml"
TWO = (piece(PDF), piece(PNG, type_pj="70_DE"))


def answer(courrier: TypeCourrier, sens: SensReponse, count: int = 1) -> EnveloppeActes:
    value = Reponse(
        courrier=courrier, sens=sens, id_acte=ID, date_courrier=LETTER, pieces=TWO[:count]
    )
    return build_archive_reponse(value, EMETTEUR, **PLACE)


def receipt(courrier: TypeCourrier) -> EnveloppeActes:
    return build_archive_accuse(courrier, ID, LETTER, EMETTEUR, **PLACE)


Made = Callable[[], EnveloppeActes]
ARCHIVES: dict[str, tuple[Made, str, tuple[str, ...]]] = {
    "1-1": (
        lambda: build_archive(ACTE, EMETTEUR, **PLACE),
        "Acte",
        (f"99_DE-{ID}-1-1_1.pdf",),
    ),
    "2-2": (
        lambda: answer(TypeCourrier.COURRIER_SIMPLE, SensReponse.REPONSE),
        "ReponseCourrierSimple",
        (f"99_DE-{ID}-2-2_1.pdf",),
    ),
    "3-2": (
        lambda: receipt(TypeCourrier.DEMANDE_PIECES),
        "ARDemandePieceComplementaire",
        (),
    ),
    "3-3": (
        lambda: answer(TypeCourrier.DEMANDE_PIECES, SensReponse.REFUS),
        "RefusPieceComplementaire",
        (f"99_DE-{ID}-3-3_1.pdf",),
    ),
    "3-4": (
        lambda: answer(TypeCourrier.DEMANDE_PIECES, SensReponse.REPONSE, 2),
        "PieceComplementaire",
        (f"99_DE-{ID}-3-4_1.pdf", f"70_DE-{ID}-3-4_2.png"),
    ),
    "4-2": (
        lambda: receipt(TypeCourrier.LETTRE_OBSERVATIONS),
        "ARLettreObservations",
        (),
    ),
    "4-3": (
        lambda: answer(TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REFUS),
        "RejetLettreObservations",
        (f"99_DE-{ID}-4-3_1.pdf",),
    ),
    "4-4": (
        lambda: answer(TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REPONSE),
        "ReponseLettreObservations",
        (f"99_DE-{ID}-4-4_1.pdf",),
    ),
    "6-1": (lambda: build_archive_annulation(ID, EMETTEUR, **PLACE), "Annulation", ()),
    "7-1": (
        lambda: build_archive_demande_classification(date(2023, 9, 1), EMETTEUR, **PLACE),
        "DemandeClassification",
        (),
    ),
}


@pytest.mark.parametrize("code", list(ARCHIVES))
def test_each_archive(code: str, assert_valid: Callable[[bytes], None]) -> None:
    make, root, documents = ARCHIVES[code]
    packed = make()
    message = f"{ID}-{code}_0.xml" if code != "7-1" else "099-000000000----7-1_0.xml"
    id_acte = ID_TEXT if code != "7-1" else ""
    assert (packed.name, packed.envelope_name) == (
        "XYZ-EACT--000000000--20240419-7.tar.gz",
        ENVELOPE,
    )
    assert (packed.message, packed.id_acte) == (code, id_acte)
    assert packed.id_actes == ((id_acte,) if id_acte else ())
    assert packed.members == (ENVELOPE, message, *documents)
    found = read_archive(packed.content)
    assert local_name(parse_untrusted(found.messages[message])) == root
    assert tuple(found.documents_of(message)) == documents
    assert_valid(found.envelope)
    assert_valid(found.messages[message])
    assert make() == packed


LOT = (
    acte(annexes=(piece(PNG, type_pj="70_DE"),)),
    acte(numero="2024_013", document=piece(pdf_bytes("treize"))),
    acte(numero="2024_014", document=piece(pdf_bytes("quatorze"))),
)


def test_several_acts_in_one_archive(assert_valid: Callable[[bytes], None]) -> None:
    packed = build_archive_lot(LOT, EMETTEUR, **PLACE)
    ids = tuple(f"099-000000000-20240314-2024_0{rank}-DE" for rank in (12, 13, 14))
    assert (packed.message, packed.id_acte, packed.id_actes) == ("1-1", "", ids)
    assert packed.members == (
        ENVELOPE,
        f"{ids[0]}-1-1_0.xml",
        f"99_DE-{ids[0]}-1-1_1.pdf",
        f"70_DE-{ids[0]}-1-1_2.png",
        f"{ids[1]}-1-1_0.xml",
        f"99_DE-{ids[1]}-1-1_1.pdf",
        f"{ids[2]}-1-1_0.xml",
        f"99_DE-{ids[2]}-1-1_1.pdf",
    )
    found = read_archive(packed.content)
    envelope = parse_inbound(found.envelope)
    assert isinstance(envelope, EnveloppeCL)
    assert envelope.formulaires == tuple(f"{id_acte}-1-1_0.xml" for id_acte in ids)
    assert_valid(found.envelope)
    assert found.documents_of(f"{ids[1]}-1-1_0.xml") == {
        f"99_DE-{ids[1]}-1-1_1.pdf": LOT[1].document.content
    }
    with pytest.raises(KeyError):
        found.documents_of(f"{ids[1]}-1-2_0.xml")


def test_a_lot_of_one_act_is_the_archive_of_the_act() -> None:
    assert build_archive_lot((ACTE,), EMETTEUR, **PLACE) == build_archive(ACTE, EMETTEUR, **PLACE)


def test_the_request_for_everything_quotes_an_old_date() -> None:
    packed = build_archive_demande_classification(None, EMETTEUR, **PLACE)
    (message,) = read_archive(packed.content).messages.values()
    assert b"<actes:DateClassification>2001-01-01<" in message


def test_a_file_of_any_size_ends_on_a_block() -> None:
    """The archive is written by hand: the tar of another program lists and reads it."""
    for size in (0, 1, 511, 512, 513, 9_728, 10_240):
        name = f"99_DE-{ID}-1-1_1.pdf"
        message = MessageSortant(f"{ID}-1-1_0.xml", b"<a/>", ((name, b"x" * size),))
        raw = gzip.decompress(pack_messages((message,), EMETTEUR, **PLACE).content)
        assert len(raw) % tarfile.RECORDSIZE == 0
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            member = archive.extractfile(name)
            assert member is not None
            assert member.read() == b"x" * size
            assert len(archive.getmembers()) == 3
            assert archive.offset <= len(raw) - 2 * tarfile.BLOCKSIZE


def document(name: str = f"99_DE-{ID}-1-1_1.pdf") -> tuple[tuple[str, bytes], ...]:
    return ((name, PDF),)


@pytest.mark.parametrize(
    ("messages", "names"),
    [
        ((), ["0"]),
        ((MessageSortant("a.xml", b""),), ["a.xml"]),
        (
            (MessageSortant(f"{ID}-1-1_0.xml", b""), MessageSortant(f"{ID}-6-1_0.xml", b"")),
            ["1-1, 6-1"],
        ),
        (
            (MessageSortant(f"{ID}-1-1_0.xml", b""), MessageSortant(f"{ID}-1-1_0.xml", b"")),
            [f"{ID}-1-1_0.xml"],
        ),
        ((MessageSortant(f"{ID}-1-1_0.xml", b"", document() * 2),), [f"99_DE-{ID}-1-1_1.pdf"]),
        ((MessageSortant(f"{ID}-1-1_0.xml", b"", document("../a.pdf")),), ["../a.pdf"]),
        (
            (MessageSortant("099-000000000-20240314-2024-012-DE-1-1_0.xml", b""),),
            ["099-000000000-20240314-2024-012-DE"],
        ),
        (
            (MessageSortant(f"{replace(ID, siren='219901238')}-6-1_0.xml", b""),),
            ["099-219901238-20240314-2024_012-DE-6-1_0.xml"],
        ),
    ],
)
def test_what_may_not_leave(messages: tuple[MessageSortant, ...], names: list[str]) -> None:
    with pytest.raises(FaultError) as error:
        pack_messages(messages, EMETTEUR, **PLACE)
    assert [(f.code, f.params["name"]) for f in error.value.faults] == [
        ("ACT-051", name) for name in names
    ]


def test_the_act_of_another_authority_is_neither_answered_nor_cancelled() -> None:
    other = replace(EMETTEUR, siren="219901238")
    value = Reponse(
        courrier=TypeCourrier.COURRIER_SIMPLE,
        sens=SensReponse.REPONSE,
        id_acte=ID,
        date_courrier=LETTER,
        pieces=TWO[:1],
    )
    for make in (
        lambda: build_archive_reponse(value, other, **PLACE),
        lambda: build_archive_accuse(TypeCourrier.DEMANDE_PIECES, ID, LETTER, other, **PLACE),
        lambda: build_archive_annulation(ID, other, **PLACE),
    ):
        with pytest.raises(FaultError, match="ACT-051"):
            make()


@pytest.mark.parametrize("serial", [1, 9999])
@pytest.mark.parametrize("code", ["3-2", "6-1", "7-1"])
def test_every_archive_bears_the_serial_that_it_consumed(code: str, serial: int) -> None:
    place: Packing = {**PLACE, "serial": serial}
    packed = {
        "3-2": lambda: build_archive_accuse(
            TypeCourrier.DEMANDE_PIECES, ID, LETTER, EMETTEUR, **place
        ),
        "6-1": lambda: build_archive_annulation(ID, EMETTEUR, **place),
        "7-1": lambda: build_archive_demande_classification(None, EMETTEUR, **place),
    }[code]()
    found = parse_archive_name(packed.name)
    assert found is not None
    assert found.serial == serial


@pytest.mark.parametrize("serial", [0, 10_000])
def test_a_serial_out_of_the_day_is_refused(serial: int) -> None:
    place: Packing = {**PLACE, "serial": serial}
    with pytest.raises(FaultError, match="ACT-051"):
        build_archive_annulation(ID, EMETTEUR, **place)
