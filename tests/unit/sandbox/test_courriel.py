"""The mails of the ministry, read by the standard library and by nothing of ours."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from lxml import etree, html

from demat.sandbox.multipart import Form
from demat.sandbox.scenario import Answer, AnswerKind, FormeCourriel, RegleActe, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import Platform

ID = "099-000000000-20260227-2026_012-DE"
CANCEL = "/modules/actes/actes_transac_cancel.php"
REQUEST = "/modules/actes/actes_classification_request.php"
FORMES = tuple(
    FormeCourriel(nested=nested, envelope_last=last, encoded_names=encoded, upper_extensions=upper)
    for nested in (False, True)
    for last in (False, True)
    for encoded in (False, True)
    for upper in (False, True)
)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def mails(platform: Platform) -> list[EmailMessage]:
    return [read(mail.content) for mail in platform.world.mails]


def attachments(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    for part in message.walk():
        if part.get_content_disposition() == "attachment":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            yield part.get_filename() or "", content


def table(message: EmailMessage) -> dict[str, str]:
    (page,) = [part for part in message.walk() if part.get_content_type() == "text/html"]
    tree = html.document_fromstring(page.get_content())
    return {row[0].text or "": row[1].text or "" for row in tree.iter("tr")}


def with_letter(forme: FormeCourriel) -> Platform:
    scenario = replace(SCENARIOS["annee-d-un-acte"], formes_courriels=(forme,))
    platform = Platform(scenario)
    platform.posted_acte(number="2026_ANNEE")
    platform.advance(21 * 24 * 60)
    return platform


@pytest.mark.parametrize("forme", FORMES)
def test_a_mail_carries_the_files_of_the_protocol(forme: FormeCourriel) -> None:
    platform = with_letter(forme)
    _, mail = platform.world.mails
    letter = next(found for found in platform.world.transactions.values() if found.courrier)
    assert letter.pli is not None
    assert letter.id == mail.transaction
    message = read(mail.content)
    found = dict(attachments(message))
    document = letter.pli.documents[0].name
    shown = document[:-4] + (".PDF" if forme.upper_extensions else ".pdf")
    expected = [letter.pli.envelope.name, letter.pli.message.name, shown]
    if forme.envelope_last:
        expected = [*expected[1:], expected[0]]
    assert list(found) == expected
    assert list(found.values()) == [
        {file.name: file.content for file in letter.pli.files}[name.replace(".PDF", ".pdf")]
        for name in expected
    ]
    top = "multipart/alternative" if forme.nested else "multipart/mixed"
    assert (message.get_content_type(), message.defects) == (top, [])
    assert (b"=?UTF-8?B?" in mail.content) is forme.encoded_names


def test_the_table_sums_up_the_exchange() -> None:
    message = mails(with_letter(FormeCourriel()))[1]
    assert table(message) == {
        "Préfecture": "SPREF0991",
        "Transaction": "3-1",
        "Date d'émission": "22/03/2026",
        "Nombre de pièces jointes": "3",
        "Émetteur": "Commune de Saint-Exemple-lès-Fiction",
        "SIREN": "000000000",
        "Numéro de l'acte": "2026_ANNEE",
        "Objet": "Tarifs de la salle des fêtes",
        "Nature": "Délibérations",
        "Matière": "7.10",
        "Identifiant de l'acte": "099-000000000-20260227-2026_ANNEE-DE",
        "Opérateur": "TdT fictif",
        "Date d'homologation": "01/01/2024",
    }
    assert message["Subject"] == "[ACTES] Message 3-1 : acte ou collectivité 2026_ANNEE"
    assert message["Date"].datetime.isoformat() == "2026-03-22T09:08:00+00:00"


def test_the_logo_is_inline_and_no_attachment() -> None:
    (message, *_) = mails(with_letter(FormeCourriel()))
    (logo,) = [part for part in message.walk() if part.get_content_type() == "image/jpeg"]
    assert (logo.get_content_disposition(), logo.get_filename()) == ("inline", "logo.jpg")
    content = logo.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert (content[:3], content[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")
    (page,) = [part for part in message.walk() if part.get_content_type() == "text/html"]
    assert f'src="cid:{logo["Content-ID"].strip("<>")}"' in page.get_content()


def test_every_answer_of_the_ministry_is_a_mail() -> None:
    platform = Platform()
    id = platform.posted_acte()
    platform.advance(60)
    platform.post(CANCEL, Form(texts={"api": ["1"], "id": [id]}))
    platform.advance(60)
    platform.get(REQUEST, api="1")
    platform.advance(60)
    found = [dict(attachments(message)) for message in mails(platform)]
    roots = [
        [etree.QName(etree.fromstring(content)).localname for content in files.values()]
        for files in found
    ]
    assert [sorted(names) for names in roots] == [
        ["ARActe", "EnveloppeMISILLCL"],
        ["ARAnnulation", "EnveloppeMISILLCL"],
        ["EnveloppeMISILLCL", "ReponseClassificationSansChangement"],
    ]
    assert sorted(found[0])[0].startswith(f"{ID}-1-2_")
    assert [name for name in found[2] if name.startswith("099-000000000----7-3_")]
    ids = [message["Message-ID"] for message in mails(platform)]
    assert len(set(ids)) == 3


def test_an_anomaly_leaves_the_fields_of_its_name_empty() -> None:
    platform = Platform(SCENARIOS["anomalie"])
    platform.posted_acte()
    platform.advance(60)
    (message,) = mails(platform)
    names = [name for name, _ in attachments(message)]
    assert names[0] == "EACT--SPREF0991-000000000-20260302-1.xml"
    assert names[1].startswith("099-000000000----1-3_")


def test_an_anomaly_of_the_envelope_comes_alone() -> None:
    platform = Platform(SCENARIOS["demo"])
    platform.posted_acte(number="N1_ENV")
    platform.advance(60)
    (message,) = mails(platform)
    ((name, content),) = attachments(message)
    assert name == "ANO_EACT--000000000--20260302-1.xml"
    assert table(message)["Transaction"] == "AnomalieEnveloppe"
    assert etree.QName(etree.fromstring(content)).localname == "AnomalieEnveloppe"


def test_the_reminder_of_the_paper_part_holds_no_xml() -> None:
    platform = Platform()
    platform.posted_acte(document_papier="1")
    platform.advance(60)
    answer, reminder = mails(platform)
    assert answer["Date"] == reminder["Date"]
    assert answer["Message-ID"] != reminder["Message-ID"]
    assert list(attachments(reminder)) == []
    assert table(reminder)["Identifiant de l'acte"] == ID
    (page,) = [part for part in reminder.walk() if part.get_content_type() == "text/html"]
    assert "transmission en multi canal" in page.get_content()


def test_a_mail_says_that_it_comes_from_a_simulator() -> None:
    for message in mails(with_letter(FormeCourriel())):
        (page,) = [part for part in message.walk() if part.get_content_type() == "text/html"]
        assert "Message d'un simulateur" in page.get_content()
        assert message["From"].addresses[0].domain == "ministere.invalid"


def test_the_forms_are_taken_in_turn_and_byte_stable() -> None:
    runs = []
    for _ in range(2):
        platform = Platform(Scenario(regles_actes=(RegleActe(number="", answers=_four()),)))
        platform.posted_acte()
        platform.advance(60)
        runs.append([mail.content for mail in platform.world.mails])
    assert runs[0] == runs[1]
    tops = [read(content).get_content_type() for content in runs[0]]
    assert tops == ["multipart/mixed", "multipart/alternative"] * 2


def _four() -> tuple[Answer, ...]:
    return tuple(Answer(kind=AnswerKind.AR, minutes=minutes) for minutes in range(4))
