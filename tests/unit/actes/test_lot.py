"""Mails, archives and lone messages, and what each message is about (actes dossier §8.4, §9.2)."""

import gzip
import io
import tarfile
from dataclasses import replace
from datetime import date

import pytest

from demat.actes import contents
from demat.actes.courriers import TypeCourrier
from demat.actes.envelope import (
    Packing,
    build_archive,
    build_archive_accuse,
    build_archive_annulation,
)
from demat.actes.inbound import parse_inbound, read_archive
from demat.actes.lot import MessageKey, message_key, read_lot
from demat.actes.messages import ActeRecu, AnomalieActe
from demat.actes.names import IdActe
from demat.faults import FaultError
from tests.unit.actes.factories import ACTE, DOCX, EMETTEUR, PDF, PNG, summary
from tests.unit.actes.mails import (
    AR_NAME,
    ENVELOPE_NAME,
    ID,
    LETTER_FILE,
    LETTER_NAME,
    TABLE,
    envelope,
    golden,
    mail,
)

AR = golden("ARActe")
LETTER = golden("DemandePieceComplementaire")
ANO_NAME = "ANO_EACT--000000000--20240315-1.xml"
PLACE: Packing = {"day": date(2024, 4, 19), "serial": 7, "trigramme": "XYZ", "application": "EACT"}


def archive(*members: tuple[str, bytes]) -> bytes:
    """Return a ``.tar.gz`` of these files, in this order."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        for name, content in members:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            packed.addfile(header, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


LETTER_FILES = (
    (ENVELOPE_NAME, envelope(LETTER_NAME)),
    (LETTER_NAME, LETTER),
    (LETTER_FILE, PDF),
)


@pytest.mark.parametrize(
    "content",
    [archive(*LETTER_FILES), mail(*LETTER_FILES).as_bytes(), archive(*LETTER_FILES[::-1])],
)
def test_a_letter_is_the_same_by_mail_or_in_an_archive(content: bytes) -> None:
    lot = read_lot("lettre", content)
    assert (lot.name, lot.siren, lot.envelope_name) == ("lettre", "000000000", ENVELOPE_NAME)
    assert lot.messages == {LETTER_NAME: LETTER}
    assert lot.documents == lot.documents_of(LETTER_NAME) == {LETTER_FILE: PDF}
    assert (lot.others, lot.reminder) == ({}, "")
    assert list(lot.faults) == []
    assert lot.key_of(LETTER_NAME) == MessageKey(
        root="DemandePieceComplementaire",
        siren="000000000",
        id_acte=ID,
        date_courrier=date(2024, 4, 8),
        named=ID,
    )


def test_a_letter_without_envelope() -> None:
    lot = read_lot("lettre.tar.gz", archive(*LETTER_FILES[1:]))
    assert (lot.envelope, lot.siren) == (None, "")
    assert lot.documents_of(LETTER_NAME) == {LETTER_FILE: PDF}
    assert lot.key_of(LETTER_NAME).siren == "000000000"  # that of the act
    assert list(lot.faults) == []


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        (LETTER_FILES[:2], [("ACT-LOT_MISSING", {"members": LETTER_FILE})]),
        (LETTER_FILES[::2], [
            ("ACT-LOT_MISSING", {"members": LETTER_NAME}),
            ("ACT-LOT_EXTRA", {"members": LETTER_FILE}),
        ]),
        ((*LETTER_FILES, ("logo.png", PNG)), [("ACT-LOT_EXTRA", {"members": "logo.png"})]),
    ],
)  # fmt: skip
def test_lists_that_differ_from_the_files_are_told(
    members: tuple[tuple[str, bytes], ...], faults: list[tuple[str, dict[str, str]]]
) -> None:
    lot = read_lot("lettre.tar.gz", archive(*members))
    assert [(fault.code, fault.params) for fault in lot.faults] == faults
    assert not lot.faults.blocking
    kept = {*lot.messages, *lot.documents, *lot.others, lot.envelope_name}
    assert kept == {name for name, _ in members}
    with pytest.raises(FaultError, match=r"ACT-ARCHIVE_(MISSING|EXTRA)"):
        read_archive(archive(*members))


def test_a_long_list_is_told_shortly() -> None:
    names = [f"{rank}.xml" for rank in range(25)]
    lot = read_lot("lot.tar.gz", archive((ENVELOPE_NAME, envelope(*names))))
    (fault,) = lot.faults
    assert fault.params == {"members": ", ".join(names[:20]) + " (+5)"}


def test_several_messages_in_one_lot() -> None:
    second = LETTER_NAME.replace("3-1_12", "4-1_31")
    observations = golden("LettreObservations")
    file = f"{ID}-4-1_31.pdf"
    members = (
        (ENVELOPE_NAME, envelope(LETTER_NAME, second, AR_NAME)),
        (LETTER_NAME, LETTER),
        (LETTER_FILE, PDF),
        (second, observations),
        (file, b"%PDF- observations"),
        (AR_NAME, AR),
    )
    lot = read_lot("lot.tar.gz", archive(*members))
    assert list(lot.messages) == [LETTER_NAME, second, AR_NAME]
    assert lot.documents_of(second) == {file: b"%PDF- observations"}
    assert lot.documents_of(AR_NAME) == {}  # the act that it repeats does not come back
    assert list(lot.faults) == []
    strict = read_archive(archive(*members))
    assert (strict.messages, strict.documents) == (lot.messages, lot.documents)
    assert strict.documents_of(second) == {file: b"%PDF- observations"}


def test_an_ar_with_a_whole_act_inside_asks_for_no_document() -> None:
    act = golden("Acte").partition(b"<actes:Acte ")[2]
    content = AR.replace(b"</actes:ARActe>", b"<actes:Acte " + act + b"</actes:ARActe>")
    lot = read_lot("ar.tar.gz", archive((ENVELOPE_NAME, envelope(AR_NAME)), (AR_NAME, content)))
    assert list(lot.faults) == []
    assert lot.key_of(AR_NAME).id_acte == ID


def test_our_own_archives_are_read_too() -> None:
    packed = build_archive(ACTE, EMETTEUR, **PLACE)
    lot = read_lot(packed.name, packed.content)
    name = f"{ID}-1-1_0.xml"
    assert lot.siren == "000000000"
    assert lot.documents_of(name) == {f"99_DE-{ID}-1-1_1.pdf": ACTE.document.content}
    assert list(lot.faults) == []


@pytest.mark.parametrize(
    ("name", "root"),
    [
        (AR_NAME, "ARActe"),
        (LETTER_NAME, "DemandePieceComplementaire"),
        (ANO_NAME, "AnomalieEnveloppe"),
        ("quelconque.xml", "RetourClassification"),
    ],
)
def test_a_lone_message(name: str, root: str) -> None:
    lot = read_lot(name, golden(root))
    assert lot.messages == {name: golden(root)}
    assert (lot.envelope, lot.documents, lot.others, lot.mail) == (None, {}, {}, None)


def test_a_lone_envelope() -> None:
    lot = read_lot(ENVELOPE_NAME, envelope(AR_NAME))
    assert (lot.siren, lot.messages) == ("000000000", {})
    assert summary(lot.faults) == [("ACT-LOT_MISSING", "A")]


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"<Inconnu/>", []),
        (AR.replace(b"ARActe", b"Nouveau"), []),
        (b'<DocumentBudgetaire xmlns="urn:exemple"/>', []),
        (b"<?xml version='1.0'?><a>", [("ACT-LOT_XML", "A")]),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>", [("ACT-LOT_XML", "A")]),
    ],
)
def test_a_lone_xml_that_nobody_knows_is_a_message(
    content: bytes, codes: list[tuple[str, str]]
) -> None:
    lot = read_lot("a.xml", content)
    assert lot.messages == {"a.xml": content}
    assert lot.documents_of("a.xml") == {}
    assert summary(lot.faults) == codes
    with pytest.raises(FaultError):
        lot.key_of("a.xml")


def test_an_xml_larger_than_a_message_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = b"<Budget>" + b" " * 10_000  # and no end: reading it would tell
    letter = LETTER.replace(LETTER_FILE.encode(), b"budget.xml")
    files = (*LETTER_FILES[:1], (LETTER_NAME, letter), ("budget.xml", budget))
    assert summary(read_lot("a", archive(*files)).faults) == [("ACT-LOT_XML", "A")]
    monkeypatch.setattr(contents, "MAX_MESSAGE_BYTES", 5_000)
    lot = read_lot("a", archive(*files))
    assert list(lot.faults) == []
    assert lot.documents_of(LETTER_NAME) == {"budget.xml": budget}


def test_an_unknown_message_that_lists_a_document() -> None:
    content = LETTER.replace(b"DemandePieceComplementaire", b"LettreNouvelle")
    files = ((ENVELOPE_NAME, envelope(LETTER_NAME)), (LETTER_NAME, content), (LETTER_FILE, PDF))
    lot = read_lot("lot.tar.gz", archive(*files))
    assert lot.documents_of(LETTER_NAME) == {LETTER_FILE: PDF}


def test_a_reminder() -> None:
    lot = read_lot("relance.eml", mail(text="", html=TABLE, subject="Relance").as_bytes())
    assert (lot.reminder, lot.messages) == (ID, {})
    assert lot.mail is not None
    assert lot.mail.subject == "Relance"


def test_a_mail_that_mentions_an_act_beside_its_receipt_is_no_reminder() -> None:
    files = ((ENVELOPE_NAME, envelope(AR_NAME)), (AR_NAME, AR))
    lot = read_lot("ar.eml", mail(*files, html=TABLE).as_bytes())
    assert (lot.reminder, list(lot.messages)) == ("", [AR_NAME])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (PDF, "ACT-LOT_KIND"),
        (DOCX, "ACT-LOT_KIND"),
        (b"", "ACT-MAIL_FORMAT"),
        (b"KO\nrien", "ACT-MAIL_FORMAT"),
        (b"\x1f\x8bgzip", "ACT-ARCHIVE_UNREADABLE"),
        (archive(("../a.xml", AR)), "ACT-ARCHIVE_NAME"),
        (archive(("a.xml", AR), ("A.XML", AR)), "ACT-ARCHIVE_DOUBLE"),
    ],
)
def test_what_is_no_lot(content: bytes, code: str) -> None:
    with pytest.raises(FaultError) as error:
        read_lot("recu", content)
    assert summary(error.value.faults) == [(code, "B")]


def test_an_archive_too_large_once_open() -> None:
    with pytest.raises(FaultError, match="ACT-ARCHIVE_SIZE"):
        read_lot("a.tar.gz", archive(("a.xml", AR)), max_bytes=100)


# ------------------------------------------------------------ what binds a message to an act (§8.4)

ACTE_KEYS = {"numero": "2024_012", "date": date(2024, 3, 14), "nature": 1}
DOCUMENT = f"99_DE-{ID}-1-1_1.pdf"
LETTER_DAY = date(2024, 4, 8)
KEYS: dict[str, MessageKey] = {
    "Acte": MessageKey(root="Acte", document_name=DOCUMENT, **ACTE_KEYS),  # type: ignore[arg-type]  # the table above
    "ARActe": MessageKey(root="ARActe", id_acte=ID, document_name=DOCUMENT, **ACTE_KEYS),  # type: ignore[arg-type]  # the table above
    "AnomalieActe": MessageKey(root="AnomalieActe", document_name=DOCUMENT, **ACTE_KEYS),  # type: ignore[arg-type]  # the table above
    "AnomalieEnveloppe": MessageKey(
        root="AnomalieEnveloppe",
        siren="000000000",
        envelope_name="EACT--000000000--20240315-1.xml",
        formulaires=(f"{ID}-1-1_0.xml", "099-000000000----7-1_0.xml"),
    ),
    "CourrierSimple": MessageKey(root="CourrierSimple", id_acte=ID, date_courrier=LETTER_DAY),
    "DemandePieceComplementaire": MessageKey(
        root="DemandePieceComplementaire", id_acte=ID, date_courrier=LETTER_DAY
    ),
    "LettreObservations": MessageKey(
        root="LettreObservations", id_acte=ID, date_courrier=date(2024, 5, 2)
    ),
    "DefereTA": MessageKey(root="DefereTA", id_acte=ID, date_courrier=date(2024, 6, 20)),
    "ARPieceComplementaire": MessageKey(
        root="ARPieceComplementaire", id_acte=ID, date_courrier=LETTER_DAY
    ),
    "ARReponseRejetLettreObservations": MessageKey(
        root="ARReponseRejetLettreObservations", id_acte=ID, date_courrier=LETTER_DAY
    ),
    "ReponseCourrierSimple": MessageKey(
        root="ReponseCourrierSimple", id_acte=ID, date_courrier=LETTER_DAY
    ),
    "ARDemandePieceComplementaire": MessageKey(
        root="ARDemandePieceComplementaire", id_acte=ID, date_courrier=LETTER_DAY
    ),
    "Annulation": MessageKey(root="Annulation", id_acte=ID),
    "ARAnnulation": MessageKey(root="ARAnnulation", id_acte=ID),
    "DemandeClassification": MessageKey(root="DemandeClassification"),
    "RetourClassification": MessageKey(root="RetourClassification"),
    "ReponseClassificationSansChangement": MessageKey(root="ReponseClassificationSansChangement"),
    "EnveloppeMISILLCL": MessageKey(
        root="EnveloppeMISILLCL", siren="000000000", formulaires=(AR_NAME,)
    ),
}


@pytest.mark.parametrize("root", list(KEYS))
def test_the_key_of_each_message(root: str) -> None:
    key = message_key(parse_inbound(golden(root)))
    expected = KEYS[root]
    assert key == replace(expected, siren=expected.siren or ("000000000" if key.id_acte else ""))


@pytest.mark.parametrize("root", ["RetourClassification", "AnomalieActe", "ARActe"])
def test_the_authority_is_that_of_the_envelope(root: str) -> None:
    key = message_key(parse_inbound(golden(root)), siren="219901238")
    assert key == replace(KEYS[root], siren="219901238")


def test_a_rejected_envelope_tells_its_own_authority() -> None:
    key = message_key(parse_inbound(golden("AnomalieEnveloppe")), siren="219901238")
    assert key.siren == "000000000"


def anomalie(detail: str) -> MessageKey:
    content = golden("AnomalieEnveloppe").replace(b"XYZ-EACT--000000000--20240315-1.tar.gz", b"@")
    return message_key(parse_inbound(content.replace(b"@", detail.encode())), name="message.xml")


@pytest.mark.parametrize(
    ("detail", "name"),
    [
        ("XYZ-EACT--000000000--20240315-12.tar.gz", "EACT--000000000--20240315-12.xml"),
        ("refus de abc-TACT--000000000--20240315-3.tar.gz.", "TACT--000000000--20240315-3.xml"),
        ("EACT--000000000--20240315-2.xml", "EACT--000000000--20240315-2.xml"),
        ("XYZ-EACT--000000000--20241315-12.tar.gz", ""),
        ("archive inconnue", ""),
    ],
)
def test_the_rejected_archive_is_quoted_in_the_detail(detail: str, name: str) -> None:
    assert anomalie(detail).envelope_name == name


def test_the_name_of_the_file_wins_over_the_detail() -> None:
    message = parse_inbound(golden("AnomalieEnveloppe"))
    name = "ANO_EACT--000000000--20240315-44.xml"
    assert message_key(message, name=name).envelope_name == "EACT--000000000--20240315-44.xml"


ECHO = AnomalieActe(
    date=date(2024, 3, 15),
    nature="002",
    detail="",
    acte_recu=None,
    document_name="",
    classification_en_cours=None,
)


def test_an_anomaly_whose_name_alone_tells_the_act() -> None:
    key = message_key(ECHO, name=f"{ID}-1-3_2.xml", siren="000000000")
    assert key == MessageKey(root="AnomalieActe", siren="000000000", named=ID)


def test_an_anomaly_with_empty_act_fields_everywhere() -> None:
    """The name is ``dept-SIREN----1-3_1.xml`` and the echo has lost its attributes (§2.1, §8.2)."""
    content = (
        golden("AnomalieActe")
        .replace(b'actes:NumeroInterne="2024_012"', b'actes:NumeroInterne=""')
        .replace(b'actes:Date="2024-03-14"', b'actes:Date=""')
    )
    name = "099-000000000----1-3_1.xml"
    lot = read_lot("lot.eml", mail((ENVELOPE_NAME, envelope(name)), (name, content)).as_bytes())
    assert lot.key_of(name) == MessageKey(
        root="AnomalieActe", siren="000000000", document_name=DOCUMENT
    )


def test_the_receipt_of_an_act_that_nobody_knows_is_readable() -> None:
    other = "099-000000000-20220214-AR-2022-02-AR"
    content = AR.replace(ID.encode(), other.encode())
    name = f"{other}-1-2_5279.xml"
    lot = read_lot("ar.tar.gz", archive((ENVELOPE_NAME, envelope(name)), (name, content)))
    key = lot.key_of(name)
    assert (key.id_acte, key.siren, key.named) == (other, "000000000", other)
    assert IdActe.parse(key.id_acte).numero == "AR-2022-02"


def test_the_keys_of_what_we_send() -> None:
    id_acte = IdActe.parse(ID)
    for packed, date_courrier in (
        (
            build_archive_accuse(
                TypeCourrier.DEMANDE_PIECES, id_acte, LETTER_DAY, EMETTEUR, **PLACE
            ),
            LETTER_DAY,
        ),
        (build_archive_annulation(id_acte, EMETTEUR, **PLACE), None),
    ):
        lot = read_lot(packed.name, packed.content)
        (name,) = lot.messages
        assert (lot.key_of(name).id_acte, lot.key_of(name).date_courrier) == (ID, date_courrier)


def test_the_echo_of_an_act_is_its_key() -> None:
    message = parse_inbound(AR)
    recu = getattr(message, "acte_recu", None)
    assert isinstance(recu, ActeRecu)
    message = replace(ECHO, acte_recu=recu, document_name=recu.document_name)
    assert message_key(message) == KEYS["AnomalieActe"]
