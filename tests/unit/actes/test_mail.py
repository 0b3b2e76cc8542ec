"""Mails of the ministry, in every shape (actes dossier §9.2, §11 traps 2, 4, 13 to 15)."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from demat.actes.inbound import EnveloppePrefecture, parse_inbound
from demat.actes.mail import MAX_MAIL_BYTES, read_mail
from demat.faults import FaultError
from tests.unit.actes.factories import PDF, pdf_bytes, summary
from tests.unit.actes.mails import (
    AR_NAME,
    ENVELOPE_NAME,
    ID,
    LETTER_FILE,
    LETTER_NAME,
    TABLE,
    add_logo,
    envelope,
    golden,
    mail,
)

AR = golden("ARActe")
LETTER = golden("DemandePieceComplementaire")
ENVELOPE = (ENVELOPE_NAME, envelope(AR_NAME))
RECEIVED = EnveloppePrefecture(siren="000000000", departement="099", formulaires=(AR_NAME,))


def test_a_plain_receipt() -> None:
    message = mail(ENVELOPE, (AR_NAME, AR), html=TABLE, subject="Accusé de réception – œuvre")
    add_logo(message)
    found = read_mail(message.as_bytes())
    assert found.subject == "Accusé de réception – œuvre"
    assert found.sent == datetime(2024, 3, 15, 22, 30, tzinfo=UTC)
    assert (found.envelope, found.envelope_name) == (RECEIVED, ENVELOPE_NAME)
    assert found.messages == {AR_NAME: AR}
    assert found.documents == {}
    assert found.others == {"logo.jpg": b"\xff\xd8\xff\xe0 logo"}
    assert found.id_acte_mentioned == ID
    assert not found.reminder
    assert list(found.faults) == []


def test_the_envelope_may_come_last() -> None:
    found = read_mail(mail((AR_NAME, AR), ENVELOPE).as_bytes())
    assert found.envelope == RECEIVED
    assert list(found.messages) == [AR_NAME]


def test_a_letter_with_its_document() -> None:
    names = (LETTER_NAME,)
    message = mail((LETTER_FILE, PDF), (LETTER_NAME, LETTER), (ENVELOPE_NAME, envelope(*names)))
    found = read_mail(message.as_bytes())
    assert found.messages == {LETTER_NAME: LETTER}
    assert found.documents == {LETTER_FILE: PDF}
    assert found.others == {}
    assert list(found.faults) == []


def test_the_messages_come_in_the_order_of_the_envelope() -> None:
    names = [f"{ID}-1-2_{rank}.xml" for rank in (3, 1, 2)]
    files = [(name, AR + b"\n" * rank) for rank, name in enumerate(sorted(names))]
    found = read_mail(mail(*files, (ENVELOPE_NAME, envelope(*names))).as_bytes())
    assert list(found.messages) == names


def nested(inside: EmailMessage) -> EmailMessage:
    """Put a mail inside multiparts inside one another."""
    message = EmailMessage()
    message["From"] = "ne-pas-repondre@ministere.example.fr"
    message["Subject"] = "Emboîté"
    message.make_mixed()
    alternative = EmailMessage()
    alternative.set_content("voir la version HTML")
    alternative.make_alternative()
    related = EmailMessage()
    related.set_content(TABLE, subtype="html")
    add_logo(related)
    for part in inside.iter_attachments():
        related.attach(part)
    alternative.attach(related)
    message.attach(alternative)
    return message


def test_parts_inside_one_another() -> None:
    found = read_mail(nested(mail((AR_NAME, AR), ENVELOPE)).as_bytes())
    assert found.envelope == RECEIVED
    assert found.messages == {AR_NAME: AR}
    assert list(found.others) == ["logo.jpg"]
    assert found.id_acte_mentioned == ID


def test_a_forwarded_mail_is_read_through() -> None:
    message = mail(text="Pour information", subject="TR: AR")
    message.add_attachment(mail((AR_NAME, AR), ENVELOPE, text=""))
    found = read_mail(message.as_bytes())
    assert found.messages == {AR_NAME: AR}
    assert found.subject == "TR: AR"


def test_a_lone_anomaly_on_the_envelope() -> None:
    name = "ANO_EACT--000000000--20240315-1.xml"
    found = read_mail(mail((name, golden("AnomalieEnveloppe")), text="").as_bytes())
    assert found.envelope is None
    assert found.messages == {name: golden("AnomalieEnveloppe")}
    assert found.others == {}
    assert not found.reminder
    assert list(found.faults) == []


@pytest.mark.parametrize(
    "message",
    [
        mail(text="", html=TABLE),
        mail(text="Version HTML seulement", html=TABLE),
        mail(text=f"Le dossier papier de l'acte {ID} est attendu."),
        mail(text="", subject=f"Relance {ID}"),
        mail(("relance.pdf", PDF), text="", html=TABLE),
    ],
)
def test_a_reminder_of_the_paper_complement(message: EmailMessage) -> None:
    found = read_mail(message.as_bytes())
    assert found.reminder
    assert found.id_acte_mentioned == ID
    assert found.messages == {}


def test_the_text_of_a_reminder_is_readable() -> None:
    found = read_mail(mail(text="", html=TABLE).as_bytes())
    assert found.text.splitlines() == [
        "Préfecture Fiction",
        "Identifiant :",
        ID,
        "Message automatique",
    ]


@pytest.mark.parametrize("text", ["", "Bonjour", "acte 099-000000000-20240230-2024_012-DE"])
def test_a_mail_that_says_nothing(text: str) -> None:
    found = read_mail(mail(text=text).as_bytes())
    assert (found.reminder, found.id_acte_mentioned, found.messages) == (False, "", {})
    assert found.text == text.strip()


def test_headers_alone() -> None:
    found = read_mail(b"Subject: vide\r\n")
    assert (found.subject, found.sent, found.text) == ("vide", None, "")


@pytest.mark.parametrize(
    "header",
    [
        b'filename="=?utf-8?B?' + b"w6ljaMOpYW5jZS5wZGY=" + b'?="',
        b'filename="=?iso-8859-1?Q?=E9ch=E9ance.pdf?="',
        b"filename*=utf-8''%C3%A9ch%C3%A9ance.pdf",
        b"filename*0*=utf-8''%C3%A9ch; filename*1*=%C3%A9ance.pdf",
        "filename=\"échéance.pdf\"".encode(),
        "filename=\"échéance.pdf\"".encode("iso-8859-1"),
        b"filename=\"C:\\temp\\=?utf-8?Q?=C3=A9ch=C3=A9ance=2Epdf?=\"",
        b'filename="../../=?utf-8?Q?=C3=A9ch=C3=A9ance=2Epdf?="',
    ],
)  # fmt: skip
def test_encoded_names(header: bytes) -> None:
    content = (
        b"From: a@b.fr\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
        + header
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n"
    )
    assert read_mail(content).others == {"échéance.pdf": b"%PDF-"}


def test_a_name_in_the_type_of_the_part() -> None:
    content = b'From: a@b.fr\r\nContent-Type: application/pdf; name="a.pdf"\r\n\r\n%PDF-'
    assert read_mail(content).others == {"a.pdf": b"%PDF-"}


@pytest.mark.parametrize("name", [b"", b'; filename=""', b'; filename=".."', b'; filename="/"'])
def test_a_part_without_name_gets_one(name: bytes) -> None:
    content = (
        b"From: a@b.fr\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment" + name + b"\r\n\r\n%PDF-"
    )
    assert read_mail(content).others == {"partie-1.pdf": b"%PDF-"}


def test_an_xml_that_passes_for_text_is_a_message() -> None:
    for kind in (b"text/plain", b"text/html", b"text/xml"):
        content = b"From: a@b.fr\r\nContent-Type: " + kind + b"\r\n\r\n" + AR
        assert list(read_mail(content).messages.values()) == [AR]


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("iso-8859-1", "utf-8"),
        ("utf-8", "iso-8859-1"),
        ("us-ascii", "utf-8"),
        ("x-inconnu", "utf-8"),
        ("x-inconnu", "cp1252"),
        ("rot13", "utf-8"),
        ("idna", "utf-8"),
    ],
)
def test_a_charset_that_lies(declared: str, real: str) -> None:
    head = f"From: a@b.fr\r\nContent-Type: text/plain; charset={declared}\r\n\r\n"
    assert read_mail(head.encode() + "reçu à Fiction".encode(real)).text == "reçu à Fiction"


def test_a_message_whose_encoding_lies_is_kept_as_it_is() -> None:
    """What the XML says of its encoding is read with the message (§11 trap 4)."""
    content = AR.decode("iso-8859-1").encode("utf-8")
    found = read_mail(mail(ENVELOPE, (AR_NAME, content)).as_bytes())
    assert found.messages == {AR_NAME: content}


def test_two_files_of_the_same_name() -> None:
    other = pdf_bytes("autre")
    message = mail(
        (LETTER_NAME, LETTER), (LETTER_FILE, PDF), (LETTER_FILE, other), (LETTER_FILE.upper(), PDF)
    )
    found = read_mail(message.as_bytes())
    kept = LETTER_FILE.replace(".pdf", "~2.pdf")
    assert found.documents == {LETTER_FILE: PDF}
    assert found.others == {kept: other}
    assert summary(found.faults) == [("ACT-LOT_DOUBLE", "A"), ("ACT-LOT_EXTRA", "A")]
    assert next(iter(found.faults)).params == {"name": LETTER_FILE, "kept": kept}


def test_two_messages_of_the_same_name_are_both_messages() -> None:
    second = AR.replace(b"2024-03-15", b"2024-03-16")
    found = read_mail(mail((AR_NAME, AR), (AR_NAME, second), ENVELOPE).as_bytes())
    assert found.messages == {AR_NAME: AR, AR_NAME.replace(".xml", "~2.xml"): second}


def test_extensions_in_capitals_are_the_same_file() -> None:
    message = mail((LETTER_NAME.upper(), LETTER), (LETTER_FILE.upper(), PDF),
                   (ENVELOPE_NAME, envelope(LETTER_NAME)))  # fmt: skip
    found = read_mail(message.as_bytes())
    assert found.messages == {LETTER_NAME.upper(): LETTER}
    assert found.documents == {LETTER_FILE: PDF}
    assert list(found.faults) == []


UNKNOWN = AR.replace(b"ARActe", b"MessageNouveau")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (AR_NAME, UNKNOWN),
        ("nouveau.xml", UNKNOWN),
        (AR_NAME, b"<inconnu/>"),
        (AR_NAME, b"pas du XML"),
        (AR_NAME, b""),
        (AR_NAME, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
    ],
)
def test_a_strange_message_is_kept_among_the_messages(name: str, content: bytes) -> None:
    found = read_mail(mail((name, content), ENVELOPE, text="").as_bytes())
    assert found.messages[name] == content
    assert found.envelope == RECEIVED
    with pytest.raises(FaultError):
        parse_inbound(content)


@pytest.mark.parametrize("content", [b"pas du XML", b"", b"<inconnu/>"])
@pytest.mark.parametrize("name", [AR_NAME, "ANO_EACT--000000000--20240315-1.xml"])
def test_the_name_of_a_message_is_enough_without_envelope(name: str, content: bytes) -> None:
    found = read_mail(mail((name, content), ("a.xml", content)).as_bytes())
    assert found.messages == {name: content}
    assert found.others == {"a.xml": content}


def test_a_known_message_that_forgot_its_namespace_is_one() -> None:
    content = f'<ARActe IDActe="{ID}" DateReception="2024-03-15"/>'.encode()
    assert read_mail(mail(("ar.xml", content)).as_bytes()).messages == {"ar.xml": content}


def test_a_message_that_lists_itself_stays_a_message() -> None:
    letter = LETTER.replace(LETTER_FILE.encode(), LETTER_NAME.encode())
    found = read_mail(mail((LETTER_NAME, letter)).as_bytes())
    assert (found.messages, found.documents) == ({LETTER_NAME: letter}, {})
    assert [fault.params for fault in found.faults] == [{"members": LETTER_NAME}]


def test_an_xml_of_another_protocol_is_no_message() -> None:
    budget = b'<DocumentBudgetaire xmlns="urn:exemple"/>'
    found = read_mail(mail(ENVELOPE, (AR_NAME, AR), ("budget.xml", budget)).as_bytes())
    assert found.messages == {AR_NAME: AR}
    assert found.others == {"budget.xml": budget}


def test_the_xml_document_of_a_letter_is_a_document() -> None:
    """Even when it is itself a message of the protocol, such as the act, sent back."""
    letter = LETTER.replace(LETTER_FILE.encode(), b"acte.xml")
    acte = golden("Acte")
    message = mail(
        ("acte.xml", acte), (LETTER_NAME, letter), (ENVELOPE_NAME, envelope(LETTER_NAME))
    )
    found = read_mail(message.as_bytes())
    assert found.messages == {LETTER_NAME: letter}
    assert found.documents == {"acte.xml": acte}


def test_files_announced_and_absent_and_the_reverse() -> None:
    message = mail(
        (LETTER_NAME, LETTER),
        (ENVELOPE_NAME, envelope(LETTER_NAME, "absent.xml")),
        ("autre.pdf", PDF),
        (AR_NAME, AR),
    )
    found = read_mail(message.as_bytes())
    assert list(found.messages) == [LETTER_NAME, AR_NAME]
    assert [(fault.code, fault.params) for fault in found.faults] == [
        ("ACT-LOT_MISSING", {"members": f"absent.xml, {LETTER_FILE}"}),
        ("ACT-LOT_EXTRA", {"members": f"{AR_NAME}, autre.pdf"}),
    ]


@pytest.mark.parametrize(
    "second",
    [
        ("EACT--SPREF0991-219901238-20240315-3.xml", envelope(AR_NAME, siren="219901238")),
        ("EACT--SPREF0991-000000000-20240315-8.xml", golden("EnveloppeCLMISILL")),
    ],
)
def test_two_envelopes_give_no_authority(second: tuple[str, bytes]) -> None:
    found = read_mail(mail(ENVELOPE, second, (AR_NAME, AR)).as_bytes())
    assert found.envelope is None
    assert set(found.others) == {ENVELOPE_NAME, second[0]}
    assert found.messages == {AR_NAME: AR}
    assert summary(found.faults) == [("ACT-LOT_ENVELOPE", "A")]


def test_an_envelope_without_authority_is_none() -> None:
    broken = envelope(AR_NAME).replace(b"insee:SIREN", b"insee:X")
    found = read_mail(mail((ENVELOPE_NAME, broken), (AR_NAME, AR)).as_bytes())
    assert (found.envelope, found.envelope_name) == (None, "")
    assert found.others == {ENVELOPE_NAME: broken}
    assert summary(found.faults) == [("ACT-LOT_ENVELOPE", "A")]


def test_our_own_envelope_sent_back_is_no_envelope_of_the_prefecture() -> None:
    name = "EACT--000000000--20240315-1.xml"
    found = read_mail(mail((name, golden("EnveloppeCLMISILL"))).as_bytes())
    assert found.envelope is None
    assert found.others == {name: golden("EnveloppeCLMISILL")}


@pytest.mark.parametrize(
    ("date", "sent"),
    [
        (b"Fri, 15 Mar 2024 23:30:00 +0100", datetime(2024, 3, 15, 22, 30, tzinfo=UTC)),
        (b"Fri, 15 Mar 2024 23:30:00 -0000", datetime(2024, 3, 15, 23, 30, tzinfo=UTC)),
        (b"vendredi", None),
        (b"Fri, 31 Dec 9999 23:59:59 -1400", None),
        (b"Fri, 99 Mar 99999 99:99:99 +9999", None),
        (b"", None),
    ],
)
def test_the_date_of_the_mail_is_informative(date: bytes, sent: datetime | None) -> None:
    """It proves nothing: the AR of the same mail bears its own ``DateReception`` (§11 trap 2)."""
    content = mail(ENVELOPE, (AR_NAME, AR)).as_bytes()
    content = content.replace(b"Fri, 15 Mar 2024 23:30:00 +0100", date)
    found = read_mail(content)
    assert found.sent == sent
    assert found.messages == {AR_NAME: AR}


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"OK\n1234", b"%PDF-1.4\nFrom: a", b"\x00\xff\xfe", b"bonjour"]
)
def test_what_is_no_mail(content: bytes) -> None:
    with pytest.raises(FaultError) as error:
        read_mail(content)
    assert summary(error.value.faults) == [("ACT-MAIL_FORMAT", "B")]


HEAD = b"From: a@b.fr\r\nMIME-Version: 1.0\r\n"
FLAT = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def deep(levels: int) -> bytes:
    return HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(levels)
    )


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "too large": (lambda: HEAD + b"\r\n" + bytes(MAX_MAIL_BYTES), "ACT-MAIL_SIZE"),
    "parts inside one another": (lambda: deep(2_000), "ACT-MAIL_PARTS"),
    "mails inside one another": (
        lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
        "ACT-MAIL_PARTS",
    ),
    "multiparts beside one another": (
        lambda: FLAT + b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" * 150,
        "ACT-MAIL_PARTS",
    ),
    "many parts": (lambda: FLAT + b"--b\r\n\r\nx\r\n" * 600, "ACT-MAIL_PARTS"),
    "boundaries": (lambda: FLAT + b"--b\r\n" * 100_000, "ACT-MAIL_PARTS"),
    "headers": (lambda: HEAD + b"a: b\r\n" * 100_000, "ACT-MAIL_PARTS"),
    "lines": (lambda: HEAD + b"\r\n" + b"\n" * 1_100_000, "ACT-MAIL_PARTS"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_mail_is_refused(name: str) -> None:
    make, code = HOSTILE[name]
    with pytest.raises(FaultError) as error:
        read_mail(make())
    assert summary(error.value.faults) == [(code, "B")]


def test_a_smaller_limit_can_be_set() -> None:
    with pytest.raises(FaultError, match="ACT-MAIL_SIZE"):
        read_mail(mail().as_bytes(), max_bytes=100)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain; " + b"a=b; " * 100_000,
        b"Content-Type: text/plain; " + b"(" * 100_000,
        b"Content-Disposition: attachment; " + b"".join(b"filename*%d=a; " % n for n in range(999)),
        b"Content-Disposition: attachment; filename*" + b"9" * 5_000 + b"=a",
        b"Content-Disposition: attachment; filename*=idna''%e9.pdf",
        b"Content-Disposition: attachment; filename*=a\x00''%e9.pdf",
        b"Content-Type: text/plain; charset*=idna''%e9",
        b"Content-Type: multipart/mixed; boundary=",
        b"Subject: =?utf-8?B?a===?= =?x?y?z?=",
        b"Subject: " + b"=?utf-8?q?a?= " * 50_000,
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Transfer-Encoding: 7bits; =?",
    ],
)
def test_strange_headers_do_not_stop_the_reading(header: bytes) -> None:
    found = read_mail(b"From: a@b.fr\r\n" + header + b"\r\n\r\n" + ID.encode())
    kept = [*found.others.values(), found.text.encode()]
    assert any(ID.encode() in content for content in kept)


PIECES = (b'"', b";", b"=", b"*", b"''", b"=?utf-8?Q?", b"?=", b"\r\n", b"\x00", b"\xff", b"--")
WORDS = (b"multipart/mixed", b"message/rfc822", b"boundary=", b"charset=", b"(")


def mutilated(content: bytes, draw: random.Random) -> bytes:
    mutant = bytearray(content)
    for _ in range(draw.randint(1, 12)):
        place = draw.randrange(len(mutant))
        if draw.random() < 0.6:
            mutant[place:place] = draw.choice(PIECES + WORDS) * draw.choice((1, 1, 40))
        else:
            del mutant[place : place + draw.randint(1, 40)]
    return bytes(mutant)


def outcome(content: bytes) -> str:
    try:
        read_mail(content)
    except FaultError as error:
        return ", ".join(error.faults.codes)
    return "read"


def test_a_mutilated_mail_is_read_or_refused_but_never_fails() -> None:
    message = mail(ENVELOPE, (AR_NAME, AR), html=TABLE)
    add_logo(message)
    content = message.as_bytes()
    draw = random.Random(2024)  # noqa: S311 - the same mutants at every run
    outcomes = Counter(outcome(mutilated(content, draw)) for _ in range(400))
    assert set(outcomes) <= {"read", "ACT-MAIL_FORMAT", "ACT-MAIL_PARTS"}
    assert outcomes["read"] > 300
