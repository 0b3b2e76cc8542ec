"""The letters of the préfecture and the replies, as the scripts of the TdT show them."""

import io
import json
import tarfile
from dataclasses import replace
from datetime import date

import pypdfium2
import pytest
from lxml import etree

from demat.sandbox.answers import Response
from demat.sandbox.multipart import Form, Upload
from demat.sandbox.ordres import LETTER
from demat.sandbox.records import Kind
from demat.sandbox.scenario import Autorite, Compte, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import PDF, Platform, ko

ACTES = "/modules/actes/"
DOCUMENT = f"{ACTES}actes_transac_get_document.php"
DOWNLOAD = f"{ACTES}actes_download_file.php"
REPLY = f"{ACTES}actes_transac_reponse_create.php"
CANCEL = f"{ACTES}actes_transac_cancel.php"
STATUS = f"{ACTES}actes_transac_get_status.php"
FILES = f"{ACTES}actes_transac_get_files_list.php"
LIST = f"{ACTES}api/list_document_prefecture.php"
NS = "{http://www.interieur.gouv.fr/ACTES#v1.1-20040216}"
ID = "099-000000000-20260227-2026_012-DE"
DAY = date(2026, 2, 28)


class Post(Platform):
    """A platform that holds one acknowledged act."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        super().__init__(scenario)
        self.act = self.posted_acte()
        self.advance(60)

    def letter(self, kind: Kind, *, text: str = "Grille tarifaire", day: date = DAY) -> str:
        order = {"number": "2026_012", "type": kind.value, "text": text, "date": day.isoformat()}
        with self.world.present() as now:
            mail = self.state.order(LETTER, json.dumps(order).encode(), now)["mail"]
            self.world.catch_up(now)
        return str(next(m.transaction for m in self.world.mails if str(m.id) == mail))

    def archive(self, id: str, **query: str) -> dict[str, bytes]:
        """Follow the redirect of a letter, and open what it leads to."""
        answer = self.get(DOCUMENT, id=id)
        assert answer.status == 302
        script, _, envelope = dict(answer.headers)["Location"].partition("?env=")
        return opened(self.get(f"{ACTES}{script}", env=envelope, **query))

    def reply(self, id: str, **changes: object) -> Response:
        return self.post(REPLY, reply_form(id, **changes))

    def posted_reply(self, id: str, **changes: object) -> str:
        body = self.reply(id, **changes).body
        assert body.startswith(b"OK\n"), body
        return body.split(b"\n")[1].decode()

    def lines(self) -> list[str]:
        return self.get(DOCUMENT, id=self.act).body.decode().splitlines()


def opened(answer: Response) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(answer.body), mode="r:gz") as archive:
        found = [(member.name, archive.extractfile(member)) for member in archive]
        return {name: stream.read() for name, stream in found if stream is not None}


def reply_form(
    id: str,
    *,
    file: bytes | None = PDF,
    attachments: tuple[bytes, ...] = (),
    types: tuple[str, ...] = (),
    **changes: str | None,
) -> Form:
    fields = {"api": "1", "id": id, "type_envoie": "4", "type_acte": "99_DE", **changes}
    texts = {name: [text] for name, text in fields.items() if text is not None}
    if types:
        texts["type_pj[]"] = list(types)
    uploads = {}
    if file is not None:
        uploads["acte_pdf_file"] = [Upload(name="réponse.pdf", content=file)]
    if attachments:
        uploads["acte_attachments[]"] = [
            Upload(name=f"piece{rank}.pdf", content=content)
            for rank, content in enumerate(attachments)
        ]
    return Form(texts=texts, uploads=uploads)


def local(content: bytes) -> str:
    return str(etree.QName(etree.fromstring(content)).localname)


def said(answer: Response) -> str:
    return ko(answer.body)


def test_a_letter_is_an_archive_with_its_envelope_message_and_document() -> None:
    post = Post()
    id = post.letter(Kind.DEMANDE_PIECES)
    files = post.archive(id)
    envelope, message, document = files
    assert envelope == "EACT--SPREF0991-000000000-20260302-2.xml"  # the AR took the number 1
    assert message.startswith(f"{ID}-3-1_")
    assert message.endswith(".xml")
    assert document.startswith(f"{ID}-3-1_")
    assert document.endswith(".pdf")
    root = etree.fromstring(files[message])
    assert local(files[message]) == "DemandePieceComplementaire"
    assert root.get(f"{NS}DateCourrierPref") == "2026-02-28"
    assert root.findtext(f"{NS}DescriptionPieces") == "Grille tarifaire"
    assert root.findtext(f"{NS}Document/{NS}NomFichier") == document
    listed = etree.fromstring(files[envelope])
    assert [node.text for node in listed.iter(f"{NS}NomFichier")] == [message]
    assert [etree.QName(child).localname for child in listed] == [
        "Emetteur",
        "FormulairesEnvoyes",
        "Destinataire",
    ]


def test_the_address_of_the_archive_is_relative_to_the_script() -> None:
    post = Post()
    id = post.letter(Kind.COURRIER_SIMPLE)
    answer = post.get(DOCUMENT, id=id)
    location = dict(answer.headers)["Location"]
    assert (answer.status, location.split("=")[0]) == (302, "actes_download_file.php?env")
    download = post.get(DOWNLOAD, env=location.split("=")[1])
    assert dict(download.headers)["Content-Disposition"] == (
        'attachment; filename="BAS-EACT--SPREF0991-000000000-20260302-2.tar.gz"'
    )
    assert download.body == post.get(DOWNLOAD, env=location.split("=")[1]).body


def test_the_document_of_a_letter_is_a_pdf_that_says_what_is_asked() -> None:
    post = Post()
    (content,) = list(
        post.archive(post.letter(Kind.LETTRE_OBSERVATIONS, text="(Œuvre) à 5 €")).values()
    )[2:]
    with pypdfium2.PdfDocument(content) as document:
        text = document[0].get_textpage().get_text_range()
    assert "Lettre d'observations au sujet de l'acte" in text
    assert "(Œuvre) à 5 €" in text


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (Kind.COURRIER_SIMPLE, ["21", "21"]),
        (Kind.DEMANDE_PIECES, ["7", "8"]),
        (Kind.LETTRE_OBSERVATIONS, ["7", "8"]),
        (Kind.DEFERE, ["21", "21"]),
    ],
)
def test_a_letter_is_received_then_acknowledged_by_the_tdt_itself(
    kind: Kind, statuses: list[str]
) -> None:
    post = Post()
    id = post.letter(kind)
    seen = [post.acte_status(id)]
    post.advance(2)
    seen.append(post.acte_status(id))
    assert seen == statuses
    sent = [sending.pli.root for sending in post.world.sent if sending.transaction == int(id)]
    receipts = {
        Kind.DEMANDE_PIECES: ["ARDemandePieceComplementaire"],
        Kind.LETTRE_OBSERVATIONS: ["ARLettreObservations"],
    }
    assert sent == receipts.get(kind, [])


def test_the_automatic_receipt_copies_the_date_of_the_letter() -> None:
    post = Post()
    post.letter(Kind.LETTRE_OBSERVATIONS)
    post.advance(2)
    (*_, sending) = post.world.sent
    root = etree.fromstring(sending.pli.message.content)
    assert dict(root.attrib) == {f"{NS}IDActe": ID, f"{NS}DateCourrierPref": "2026-02-28"}
    assert sending.pli.message.name == f"{ID}-4-2_0.xml"
    assert sending.pli.name == "BAS-EACT--000000000--20260302-2.tar.gz"  # the act took the number 1


def test_an_act_lists_what_is_about_it() -> None:
    post = Post()
    assert post.lines() == []
    first = post.letter(Kind.DEMANDE_PIECES)
    second = post.letter(Kind.DEMANDE_PIECES)
    assert post.lines() == [f"3-7-{first}", f"3-7-{second}"]
    cancellation = post.post(CANCEL, Form(texts={"api": ["1"], "id": [post.act]})).body
    post.advance(2)
    asked = cancellation.split(b"\n")[1].decode()
    assert post.lines() == [f"3-8-{first}", f"3-8-{second}", f"6-2-{asked}"]


def test_a_letter_that_was_replied_to_shows_through_its_replies() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    replies = [post.posted_reply(letter), post.posted_reply(letter, file=b"%PDF-1.4 cut")]
    assert post.lines() == [f"3-1-{replies[0]}", f"3-1-{replies[1]}"]
    post.advance(1)
    assert post.lines() == [f"3-2-{replies[0]}", f"3--1-{replies[1]}"]


@pytest.mark.parametrize("wrong", ["", "1", "abc"])
def test_documents_of_an_unknown_transaction(wrong: str) -> None:
    post = Post()
    assert said(post.get(DOCUMENT, id=wrong)) == "Numéro de transaction invalide"
    assert post.get(DOWNLOAD, env=wrong).status == 302


def test_documents_of_another_authority() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    location = dict(post.get(DOCUMENT, id=letter).headers)["Location"]
    other = Autorite(siren="123456782")
    post.world.scenario = replace(
        post.world.scenario, autorites=(Autorite(), other), comptes=(Compte(siren="123456782"),)
    )
    assert said(post.get(DOCUMENT, id=letter)) == "Accès refusé"
    assert post.get(DOWNLOAD, env=location.split("=")[1]).status == 302
    assert said(post.reply(letter)) == "Accès refusé"
    assert json.loads(post.get(LIST).body) == []


@pytest.mark.parametrize(
    ("kind", "envoie", "code", "root", "receipt"),
    [
        (Kind.DEMANDE_PIECES, "4", "3-4", "PieceComplementaire", "ARPieceComplementaire"),
        (Kind.DEMANDE_PIECES, "3", "3-3", "RefusPieceComplementaire", "ARPieceComplementaire"),
        (
            Kind.LETTRE_OBSERVATIONS,
            "4",
            "4-4",
            "ReponseLettreObservations",
            "ARReponseRejetLettreObservations",
        ),
        (
            Kind.LETTRE_OBSERVATIONS,
            "3",
            "4-3",
            "RejetLettreObservations",
            "ARReponseRejetLettreObservations",
        ),
    ],
)
def test_a_reply_goes_to_its_receipt(
    kind: Kind, envoie: str, code: str, root: str, receipt: str
) -> None:
    post = Post()
    letter = post.letter(kind)
    post.advance(2)
    reply = post.posted_reply(letter, type_envoie=envoie)
    seen = [post.acte_status(reply)]
    for minutes in (1, 2):
        post.advance(minutes)
        seen.append(post.acte_status(reply))
    assert (seen, post.acte_status(letter)) == (["1", "2", "3"], "8")
    (sending,) = [found for found in post.world.sent if found.transaction == int(reply)]
    assert [file.name for file in sending.pli.files[1:]] == [
        f"{ID}-{code}_0.xml",
        f"99_DE-{ID}-{code}_1.pdf",
    ]
    message = etree.fromstring(sending.pli.message.content)
    assert etree.QName(message).localname == root
    assert dict(message.attrib) == {f"{NS}IDActe": ID, f"{NS}DateCourrierPref": "2026-02-28"}
    assert [node.text for node in message.iter(f"{NS}NomFichier")] == [f"99_DE-{ID}-{code}_1.pdf"]
    post.advance(5)
    assert (post.acte_status(reply), post.acte_status(letter)) == ("4", "11")
    body = post.get(STATUS, transaction=reply).body
    assert local(body.removeprefix(b"OK\n4\n")) == receipt
    infos = etree.fromstring(body.removeprefix(b"OK\n4\n"))[0]
    assert dict(infos.attrib) == {f"{NS}IDActe": ID, f"{NS}DateCourrierPref": "2026-02-28"}
    assert post.acte_status(post.act) == "4"


def test_a_reply_to_an_ordinary_letter_gets_no_receipt() -> None:
    post = Post()
    letter = post.letter(Kind.COURRIER_SIMPLE)
    reply = post.posted_reply(letter, type_envoie=None)
    post.advance(100_000)
    assert (post.acte_status(reply), post.acte_status(letter)) == ("3", "21")
    assert post.world.sent[-1].pli.root == "ReponseCourrierSimple"


def test_pieces_may_be_several_with_one_typology_each() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    reply = post.posted_reply(letter, attachments=(PDF, b"\xff\xd8\xff"), types=("99_AU", "99_SE"))
    transaction = post.world.transactions[int(reply)]
    assert transaction.pli is not None
    assert [(file.name, file.posted_name) for file in transaction.pli.documents] == [
        (f"99_DE-{ID}-3-4_1.pdf", "réponse.pdf"),
        (f"99_AU-{ID}-3-4_2.pdf", "piece0.pdf"),
        (f"99_SE-{ID}-3-4_3.jpg", "piece1.pdf"),
    ]
    message = etree.fromstring(transaction.pli.message.content)
    assert len(message.findall(f"{NS}Documents/{NS}Document")) == 3


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        (Kind.DEMANDE_PIECES, {"type_acte": None}, "typologie absente"),
        (Kind.DEMANDE_PIECES, {"type_acte": "99"}, "doit faire 5 caractères"),
        (Kind.DEMANDE_PIECES, {"file": None}, "Aucun fichier de réponse"),
        (Kind.DEMANDE_PIECES, {"file": b""}, "Aucun fichier de réponse"),
        (Kind.DEMANDE_PIECES, {"file": b"PK"}, "n'est pas accepté"),
        (Kind.DEMANDE_PIECES, {"file": b"<?xml"}, "n'est pas un PDF"),
        (Kind.DEMANDE_PIECES, {"type_envoie": None}, "type d'envoi n'est pas correct"),
        (Kind.LETTRE_OBSERVATIONS, {"type_envoie": "2"}, "type d'envoi n'est pas correct"),
        (Kind.DEMANDE_PIECES, {"attachments": (PDF,)}, "piece0.pdf a une typologie absente"),
        (
            Kind.DEMANDE_PIECES,
            {"type_envoie": "3", "attachments": (PDF,), "types": ("99_AU",)},
            "Seul un envoi de pièces complémentaires",
        ),
        (
            Kind.LETTRE_OBSERVATIONS,
            {"attachments": (PDF,), "types": ("99_AU",)},
            "Seul un envoi de pièces complémentaires",
        ),
        (
            Kind.COURRIER_SIMPLE,
            {"attachments": (PDF,), "types": ("99_AU",)},
            "Seul un envoi de pièces complémentaires",
        ),
        (Kind.DEFERE, {}, "déféré n'admet pas de réponse"),
    ],
)
def test_wrong_replies(kind: Kind, changes: dict[str, object], reason: str) -> None:
    post = Post()
    letter = post.letter(kind)
    before = len(post.world.transactions)
    assert reason in said(post.reply(letter, **changes))
    assert len(post.world.transactions) == before


def test_only_a_letter_is_replied_to() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    for id in (post.act, post.posted_reply(letter)):
        assert said(post.reply(id)) == "Cette transaction n'est pas un courrier de la préfecture"
    assert said(post.reply("1")) == "Numéro de transaction invalide"


def test_the_dialect_follows_the_place_of_the_field_api() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    lines = post.reply(letter).body.split(b"\n")
    assert (lines[0], lines[1].isdigit(), lines[2:]) == (b"OK", True, [b""])
    in_query = post.post(REPLY, reply_form(letter, api=None), api="1")
    last = max(post.world.transactions)
    assert in_query.body.decode("iso-8859-1") == f"OK : id généré : {last}\n"
    refused = post.post(REPLY, reply_form(letter, api=None, file=None), api="1")
    assert refused.body.decode("iso-8859-1") == "KO : Aucun fichier de réponse n'a été transmis\n"
    assert post.reply(letter, api=None, file=None).status == 302


def test_a_reply_may_be_made_twice() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    first, second = post.posted_reply(letter), post.posted_reply(letter)
    post.advance(60)
    assert first != second
    assert [post.acte_status(id) for id in (first, second, letter)] == ["4", "4", "11"]
    sent = [
        found.pli.name
        for found in post.world.sent
        if found.transaction in {int(first), int(second)}
    ]
    assert len(set(sent)) == 2


def test_only_letters_are_unread() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    post.posted_reply(letter)
    post.advance(60)
    assert [line["id"] for line in json.loads(post.get(LIST).body)] == [letter]


def test_a_letter_comes_even_about_a_cancelled_act() -> None:
    post = Post()
    post.post(CANCEL, Form(texts={"api": ["1"], "id": [post.act]}))
    post.advance(60)
    letter = post.letter(Kind.LETTRE_OBSERVATIONS)
    post.advance(2)
    assert (post.acte_status(post.act), post.acte_status(letter)) == ("0", "8")


def test_an_archive_may_hold_the_page_of_its_mail() -> None:
    post = Post(Scenario(mail_body_in_archives=True))
    *_, page = post.archive(post.letter(Kind.DEMANDE_PIECES)).items()
    assert page[0] == "message_body.html"
    assert ID.encode() in page[1]


def test_the_files_of_letters_and_replies_are_listed_and_downloaded() -> None:
    post = Post()
    letter = post.letter(Kind.DEMANDE_PIECES)
    message, document = json.loads(post.get(FILES, transaction=letter).body)
    assert message["name"].endswith(".xml")
    assert post.get(DOWNLOAD, file=document["id"]).body.startswith(b"%PDF-1.4")
    reply = post.posted_reply(letter)
    assert said(post.get(FILES, transaction=reply)) == "Pas d'acquittement recu"
    post.advance(60)
    assert [
        line["posted_filename"] for line in json.loads(post.get(FILES, transaction=reply).body)
    ] == [
        "",
        "réponse.pdf",
    ]


def test_a_scenario_without_forms_has_plain_mails() -> None:
    post = Post(replace(SCENARIOS["nominal"], formes_courriels=()))
    assert len(post.archive(post.letter(Kind.DEMANDE_PIECES))) == 3
