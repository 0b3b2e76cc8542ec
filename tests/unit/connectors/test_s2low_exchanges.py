"""Letters, replies and cancellations with S²LOW, on scripted bytes (dossier §1.4.10, §1.6)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    Refused,
    RemoteCourrier,
    RemoteProgress,
    RemoteStatus,
    Shipment,
    Unreachable,
)
from demat.connectors.dump import FolderDump
from demat.connectors.http import Timeouts
from demat.connectors.s2low import S2lowConnector
from tests.unit.connectors.archives import (
    ID_ACTE,
    PDF,
    document_names,
    exchange_archive,
    make_exchange,
)
from tests.unit.connectors.server import Drop, Hang, http
from tests.unit.connectors.test_s2low import (
    BAD_GATEWAY,
    CREATE,
    GET_AR,
    HOME,
    LIST,
    LOGIN,
    LOGIN_PAGE,
    MAINTENANCE,
    NOTHING,
    STATUS,
    TEST,
    failure,
    ko,
    listed,
)

REPLY = "/modules/actes/actes_transac_reponse_create.php"
CANCEL = "/modules/actes/actes_transac_cancel.php"
LETTERS = "/modules/actes/api/list_document_prefecture.php"
MARK = "/modules/actes/api/document_prefecture_mark_as_read.php"
DOCUMENT = "/modules/actes/actes_transac_get_document.php"
DOWNLOAD = "/modules/actes/actes_download_file.php"
SENDING = (REPLY, CANCEL, CREATE)

POSTED_KEY = b"099_000000000_20260314_2026_012_DE"


# the forms


@pytest.mark.parametrize(
    ("root", "code", "sending"),
    [
        ("ReponseCourrierSimple", b"2_2", b"4"),
        ("RefusPieceComplementaire", b"3_3", b"3"),
        ("PieceComplementaire", b"3_4", b"4"),
        ("RejetLettreObservations", b"4_3", b"3"),
        ("ReponseLettreObservations", b"4_4", b"4"),
    ],
)
def test_reply_is_posted_field_by_field(connector, server, root, code, sending):
    server.on(REPLY, http(b"OK\n91\n\n"))
    assert connector.deposit(make_exchange(root)) == "91"
    assert server.paths() == [TEST, REPLY]
    posted = server.of(REPLY)
    assert posted.query == ""  # in the address, api asks for another dialect
    texts = {
        "api": [b"1"],
        "id": [b"88"],
        "type_envoie": [sending],
        "type_acte": [b"99_DE"],
        "type_pj[]": [],
    }
    assert {name: posted.field(name) for name in texts} == texts
    name = b"99_DE_" + POSTED_KEY + b"_" + code + b"_1.pdf"
    assert posted.files("acte_pdf_file") == [(name, PDF)]
    assert posted.files("acte_attachments[]") == []
    assert posted.body.count(b"Content-Disposition") == 5


def test_pieces_are_posted_in_their_order(connector, server):
    server.on(REPLY, http(b"OK\n91\n"))
    first, second, third = document_names("PieceComplementaire", 3)
    third = third.replace("99_DE", "70_DE")
    documents = {first: PDF, second: PDF + b"2", third: PDF + b"3"}
    assert connector.deposit(make_exchange("PieceComplementaire", documents)) == "91"
    posted = server.of(REPLY)
    assert posted.field("type_acte") == [b"99_DE"]
    assert posted.field("type_pj[]") == [b"99_DE", b"70_DE"]
    stem = POSTED_KEY + b"_3_4_"
    assert posted.files("acte_pdf_file") == [(b"99_DE_" + stem + b"1.pdf", PDF)]
    assert posted.files("acte_attachments[]") == [
        (b"99_DE_" + stem + b"2.pdf", PDF + b"2"),
        (b"70_DE_" + stem + b"3.pdf", PDF + b"3"),
    ]


def test_reply_is_taken_in_the_other_dialect(connector, server):
    server.on(REPLY, http("OK : id généré : 91\n".encode("latin-1")))
    assert connector.deposit(make_exchange("ReponseCourrierSimple")) == "91"


def test_cancellation_is_a_number(connector, server):
    server.on(CANCEL, http(b"OK\n52\n"))
    assert connector.deposit(make_exchange("Annulation", about="12")) == "52"
    assert server.paths() == [TEST, CANCEL]
    posted = server.of(CANCEL)
    assert (posted.field("api"), posted.field("id")) == ([b"1"], [b"12"])
    assert posted.body.count(b"Content-Disposition") == 2


@pytest.mark.parametrize("about", ["", " ", "abc", "-1", "12;13", "٤"])
@pytest.mark.parametrize("root", ["PieceComplementaire", "Annulation"])
def test_nothing_leaves_without_what_it_is_about(connector, server, root, about):
    shipment = make_exchange(root, about=about)
    for ask in (connector.deposit, connector.find):
        with pytest.raises(Refused) as caught:
            ask(shipment)
        assert failure(caught) == (Refused, ("CON-NO_ABOUT",))
        assert not caught.value.transient
    assert server.requests == []


@pytest.mark.parametrize(
    "root", ["ARDemandePieceComplementaire", "ARLettreObservations", "DemandeClassification"]
)
def test_what_s2low_sends_itself_is_not_sent(connector, server, root):
    with pytest.raises(Refused) as caught:
        connector.deposit(make_exchange(root))
    assert failure(caught) == (Refused, ("CON-SENT_BY_TDT",))
    assert next(iter(caught.value.faults)).params == {"message": root}
    assert server.requests == []


def test_s2low_says_that_it_sends_the_receipts(connector):
    assert connector.acknowledges_courriers is True


@pytest.mark.parametrize(
    ("root", "count", "code"),
    [
        ("CourrierSimple", 1, "ACT-ARCHIVE_ACTE"),  # a letter of the préfecture is not ours to send
        ("ReponseCourrierSimple", 0, "CON-REPLY_DOCUMENTS"),
        ("RefusPieceComplementaire", 2, "CON-REPLY_DOCUMENTS"),
        ("PieceComplementaire", 0, "CON-REPLY_DOCUMENTS"),
    ],
)
def test_archives_that_cannot_be_sent(connector, server, root, count, code):
    documents = dict.fromkeys(document_names(root, count), PDF)
    with pytest.raises(Refused) as caught:
        connector.deposit(make_exchange(root, documents))
    assert caught.value.faults.codes == (code,)
    if code.startswith("CON-"):
        failure(caught)
    assert server.requests == []


def test_reply_without_typologie_is_not_sent(connector, server):
    documents = {f"{ID_ACTE}-2-2_1.pdf": PDF}
    with pytest.raises(Refused) as caught:
        connector.deposit(make_exchange("ReponseCourrierSimple", documents))
    assert failure(caught) == (Refused, ("CON-NO_TYPOLOGY",))
    assert server.requests == []


def test_message_about_no_act_is_not_sent(connector, server):
    with pytest.raises(Refused) as caught:
        connector.deposit(make_exchange("Annulation", id_acte="n-importe-quoi"))
    assert caught.value.faults.codes == ("ACT-ID_ACTE",)
    assert server.requests == []


def test_size_of_a_reply_is_checked_before_sending(settings, server):
    small = S2lowConnector(replace(settings, max_acte_bytes=len(PDF) - 1))
    with pytest.raises(Refused) as caught:
        small.deposit(make_exchange("ReponseCourrierSimple"))
    assert failure(caught) == (Refused, ("CON-SIZE",))
    assert server.requests == []
    server.on(REPLY, http(b"OK\n91\n"))
    exact = S2lowConnector(replace(settings, max_acte_bytes=len(PDF)))
    assert exact.deposit(make_exchange("ReponseCourrierSimple")) == "91"


# outcomes


NOT_IN_A_STATE = "La transaction n&#039;est pas en \xe9tat d&#039;\xeatre annul\xe9e"
ASKED = "Une demande d&#039;annulation est d\xe9j\xe0 en cours"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (NOT_IN_A_STATE, "STATE"),
        ("Ce type de transaction ne peut pas \xeatre annul\xe9", "KIND"),
    ],
)
def test_refusals_of_a_cancellation(connector, server, words, code):
    server.on(CANCEL, ko(words))
    server.on(DOCUMENT, http(b"3-8-40\n6--1-41\n"))  # an earlier one, which was refused
    with pytest.raises(Refused) as caught:
        connector.deposit(make_exchange("Annulation"))
    assert failure(caught) == (Refused, (f"CON-CANCEL_{code}",))
    assert (caught.value.transient, caught.value.duplicate) == (False, False)
    message = words.replace("&#039;", "'")
    assert next(iter(caught.value.faults)).params == {"message": message}


@pytest.mark.parametrize("words", [ASKED, NOT_IN_A_STATE])
@pytest.mark.parametrize("lines", [b"6-1-52\n", b"3-8-40\n6--1-41\n6-4-52\n"])
def test_a_cancellation_that_is_there_already_is_a_success(connector, server, words, lines):
    """§9.1: whoever asked first, and even when the préfecture has answered meanwhile."""
    server.on(CANCEL, ko(words))
    server.on(DOCUMENT, http(lines))
    assert connector.deposit(make_exchange("Annulation", about="12")) == "52"
    assert server.of(DOCUMENT).query == "id=12"
    assert server.paths().count(CANCEL) == 1


@pytest.mark.parametrize(
    ("words", "answer"), [(ASKED, http(b"")), (ASKED, MAINTENANCE), (NOT_IN_A_STATE, BAD_GATEWAY)]
)
def test_a_cancellation_that_is_not_shown_is_of_unknown_outcome(connector, server, words, answer):
    server.on(CANCEL, ko(words))
    server.on(DOCUMENT, answer)
    with pytest.raises(OutcomeUnknown) as caught:
        connector.deposit(make_exchange("Annulation", about="12"))
    assert caught.value.faults.codes[0].startswith("CON-CANCEL_")


def test_unknown_letter_is_a_refusal(connector, server):
    server.on(REPLY, ko("Num\xe9ro de transaction invalide"))
    with pytest.raises(Refused) as caught:
        connector.deposit(make_exchange("PieceComplementaire"))
    assert failure(caught) == (Refused, ("CON-UNKNOWN_REFERENCE",))


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (ko("\xc9chec de l&#039;authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),
        (HOME, OutcomeUnknown, "CON-REDIRECT"),
        (MAINTENANCE, OutcomeUnknown, "CON-HTML_PAGE"),
        (BAD_GATEWAY, OutcomeUnknown, "CON-HTTP_STATUS"),
        (http(b""), OutcomeUnknown, "CON-EMPTY_ANSWER"),
        (http(b"OK\n9", length=False), OutcomeUnknown, "CON-TRUNCATED_ANSWER"),
        (http(b"OK\n"), OutcomeUnknown, "CON-UNREADABLE_ANSWER"),
        (Hang(), OutcomeUnknown, "CON-LOST_ANSWER"),
        (Drop(), OutcomeUnknown, "CON-LOST_ANSWER"),
    ],
)
@pytest.mark.parametrize("root", ["PieceComplementaire", "Annulation"])
def test_other_outcomes(settings, server, answer, expected, code, root):
    connector = S2lowConnector(replace(settings, timeouts=Timeouts(connect=5, read=0.5, upload=5)))
    path = CANCEL if root == "Annulation" else REPLY
    server.on(path, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.deposit(make_exchange(root))
    assert failure(caught) == (expected, (code,))
    assert server.paths().count(path) == 1  # never a second time


@pytest.mark.parametrize("root", ["PieceComplementaire", "Annulation"])
def test_connection_is_tried_first(connector, server, root):
    server.on(TEST, MAINTENANCE)
    with pytest.raises(Unreachable) as caught:
        connector.deposit(make_exchange(root))
    assert failure(caught) == (Unreachable, ("CON-HTML_PAGE",))
    assert server.paths() == [TEST]


# finding after a lost answer


def test_cancellation_is_found_among_what_is_about_the_act(connector, server):
    server.on(DOCUMENT, http(b"3-8-40\n6--1-52\n2-21-53\n"))
    assert connector.find(make_exchange("Annulation", about="12")) == "52"
    assert server.of(DOCUMENT).query == "id=12"
    assert server.paths() == [DOCUMENT]


@pytest.mark.parametrize("lines", [b"3-8-1240\n6-1-12", b"6-1-1"])
def test_a_number_that_is_older_than_the_act_is_perhaps_cut(connector, server, lines):
    """§8.1, F6: the length announced is that of what is left."""
    server.on(DOCUMENT, http(lines))
    with pytest.raises(Unreachable) as caught:
        connector.find(make_exchange("Annulation", about="1230"))
    assert failure(caught) == (Unreachable, ("CON-TRUNCATED_ANSWER",))
    server.on(DOCUMENT, http(b"3-8-1240\n6-1-1241"))
    assert connector.find(make_exchange("Annulation", about="1230")) == "1241"


@pytest.mark.parametrize("body", [b"", b"3-8-40\n"])
def test_cancellation_that_did_not_land_is_not_found(connector, server, body):
    server.on(DOCUMENT, http(body))
    assert connector.find(make_exchange("Annulation", about="12")) is None


def reply() -> Shipment:
    return make_exchange("PieceComplementaire")


def test_reply_is_found_when_it_is_the_only_one(connector, server):
    server.on(LIST, NOTHING, listed(type="3", id="88"), listed(id="12"))
    server.on(DOCUMENT, http(b"3-9-91\n2-21-60\n"))
    assert connector.find(reply()) == "91"
    assert server.of(DOCUMENT).query == "id=12"
    assert server.paths() == [LIST] * 3 + [DOCUMENT]


@pytest.mark.parametrize(
    ("act", "related"),
    [
        (NOTHING, b"3-9-91\n"),  # the act is not found
        (listed(id="12", date="2025-03-14"), b"3-9-91\n"),  # nor is another one
        (listed(id="12"), b""),
        (listed(id="12"), b"3-8-88\n"),  # the letter shows: it has no reply, so far
        (listed(id="12"), b"3-8-88\n3-9-91\n"),  # a reply to another letter
        (listed(id="12"), b"3--1-91\n"),
        (listed(id="12"), b"4-9-91\n"),
    ],
)
def test_reply_that_is_not_found_stays_unknown(connector, server, act, related):
    """Scenario 13: nothing protects from a second reply."""
    server.on(LIST, act)
    server.on(DOCUMENT, http(related))
    with pytest.raises(OutcomeUnknown) as caught:
        connector.find(reply())
    assert failure(caught) == (OutcomeUnknown, ("CON-REPLY_UNKNOWN",))
    assert next(iter(caught.value.faults)).params == {"key": f"{ID_ACTE}-3-4"}
    assert not set(SENDING) & set(server.paths())


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (ko("\xc9chec de l'authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (ko("Acc\xe8s refus\xe9"), AuthenticationRefused, "CON-RIGHTS"),
        (ko("Num\xe9ro de transaction invalide"), Unreachable, "CON-UNKNOWN_REFERENCE"),
        (LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),
        (HOME, Unreachable, "CON-REDIRECT"),
        (MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
        (http(b"six\n"), Unreachable, "CON-UNREADABLE_ANSWER"),
        (Drop(), Unreachable, "CON-UNREACHABLE"),
    ],
)
@pytest.mark.parametrize("root", ["PieceComplementaire", "Annulation"])
def test_search_that_cannot_be_made_proves_nothing(connector, server, answer, expected, code, root):
    server.on(LIST, listed(id="12"))
    server.on(DOCUMENT, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.find(make_exchange(root, about="12"))
    assert failure(caught) == (expected, (code,))


# following


def answer_of(root: str, inside: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<actes:{root} '
        'xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216" '
        f'actes:DateReception="2026-04-02" actes:IDActe="{ID_ACTE}">{inside}</actes:{root}>'
    ).encode("iso-8859-1")


@pytest.mark.parametrize(
    "root", ["ARAnnulation", "ARPieceComplementaire", "ARReponseRejetLettreObservations"]
)
@pytest.mark.parametrize(
    ("code", "glued"), [("4", True), ("4", False), ("11", True), ("11", False)]
)
def test_receipt_of_a_reply_or_of_a_cancellation(connector, server, root, code, glued):
    receipt = answer_of(root, "<actes:Note>reçu</actes:Note>")
    server.on(STATUS, http(f"OK\n{code}\n".encode() + (receipt if glued else b"")))
    server.on(GET_AR, http(receipt))
    assert connector.status(Flux.ACTES, "91") == RemoteStatus(
        progress=RemoteProgress.ANSWERED,
        code=code,
        message="",
        documents=(InboundDocument(name="91-AR.xml", content=receipt),),
    )
    assert (GET_AR in server.paths()) is not glued


@pytest.mark.parametrize("answer", [HOME, ko("Pas d'acquittement recu"), http(b"")])
def test_receipt_that_is_not_served_is_asked_again(connector, server, answer):
    server.on(STATUS, http(b"OK\n11\n"))
    server.on(GET_AR, answer)
    status = connector.status(Flux.ACTES, "91")
    assert (status.progress, status.documents) == (RemoteProgress.ANSWERED, ())


@pytest.mark.parametrize(
    ("body", "progress", "code", "message"),
    [
        (b"OK\n9\n", RemoteProgress.TRANSMITTED, "9", ""),
        (b"OK\n10\nRefus\xe9 par le TdT\n", RemoteProgress.ERROR, "10", "Refusé par le TdT"),
        (b"OK\n0\n", RemoteProgress.CANCELLED, "0", ""),
        # those of a letter, and one that nobody knows
        (b"OK\n7\n", RemoteProgress.UNRECOGNISED, "7", ""),
        (b"OK\n8\n", RemoteProgress.UNRECOGNISED, "8", ""),
        (b"OK\n21\n", RemoteProgress.UNRECOGNISED, "21", ""),
        (b"OK\n23\n", RemoteProgress.UNRECOGNISED, "23", ""),
    ],
)
def test_status_of_a_reply(connector, server, body, progress, code, message):
    server.on(STATUS, http(body))
    expected = RemoteStatus(progress=progress, code=code, message=message)
    assert connector.status(Flux.ACTES, "91") == expected
    unknown = progress is RemoteProgress.UNRECOGNISED  # then its name is asked for
    assert server.paths() == [STATUS, *(["/modules/actes/api/actes_status.php"] if unknown else [])]


# letters

LETTER = exchange_archive("DemandePieceComplementaire")
LINE = {
    "id": "88",
    "type": "3",
    "related_transaction_id": "12",
    "number": "2026_012",
    "unique_id": ID_ACTE,
    "last_status_id": "8",
}
TO_ARCHIVE = http(b"", "302 Found", f"Location: {DOWNLOAD}?env=7")


def test_unread_letters_are_listed(connector, server):
    server.on(LETTERS, http(json.dumps([LINE]).encode()))
    expected = (RemoteCourrier(reference="88", kind="3", about="12", id_acte=ID_ACTE),)
    assert connector.courriers() == expected
    assert server.of(LETTERS).query == ""


QUESTION_FAILS = [
    (ko("\xc9chec de l'authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
    (ko("Acc\xe8s refus\xe9"), AuthenticationRefused, "CON-RIGHTS"),
    (ko("Erreur d'initialisation du module"), Unreachable, "CON-MODULE"),
    (LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),
    (LOGIN_PAGE, AuthenticationRefused, "CON-LOGIN_PAGE"),
    (MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
    (BAD_GATEWAY, Unreachable, "CON-HTTP_STATUS"),
    (http(b""), Unreachable, "CON-EMPTY_ANSWER"),
    (Drop(), Unreachable, "CON-UNREACHABLE"),
]


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        *QUESTION_FAILS,
        (HOME, Unreachable, "CON-REDIRECT"),
        (ko("Autre chose"), Unreachable, "CON-KO"),
        (http(b'[{"id": "88"'), Unreachable, "CON-UNREADABLE_ANSWER"),
        (
            http(json.dumps({"status": "error", "error-message": "Accès refusé"}).encode()),
            AuthenticationRefused,
            "CON-RIGHTS",
        ),
    ],
)
def test_letters_that_cannot_be_listed_or_marked(connector, server, answer, expected, code):
    server.on(LETTERS, answer)
    server.on(MARK, answer)
    for ask in (connector.courriers, lambda: connector.mark_courrier_read("88")):
        with pytest.raises(ConnectorError) as caught:
            ask()
        assert failure(caught) == (expected, (code,))


@pytest.mark.parametrize(
    "location",
    [
        f"{DOWNLOAD}?env=7",
        "actes_download_file.php?env=7",
        "https://other.invalid/modules/actes/actes_download_file.php?env=7",
    ],
)
def test_letter_is_taken_where_the_redirect_says_but_never_from_elsewhere(
    connector, server, location
):
    """Only the number of the archive is believed: our certificate is shown to nobody else."""
    server.on(DOCUMENT, http(b"", "302 Found", f"Location: {location}"))
    server.on(DOWNLOAD, http(LETTER))
    expected = InboundDocument(name="88-courrier.tar.gz", content=LETTER)
    assert connector.courrier("88") == expected
    assert server.paths() == [DOCUMENT, DOWNLOAD]
    assert (server.of(DOCUMENT).query, server.of(DOWNLOAD).query) == ("id=88", "env=7")
    assert connector.courrier("88") == expected
    assert MARK not in server.paths()


def test_letter_may_come_at_once(connector, server):
    server.on(DOCUMENT, http(LETTER))
    assert connector.courrier("88").content == LETTER
    assert server.paths() == [DOCUMENT]


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        *QUESTION_FAILS,
        (HOME, Refused, "CON-NO_COURRIER"),  # scripts for browsers say no by a redirect
        (ko("Num\xe9ro de transaction invalide"), Refused, "CON-NO_COURRIER"),
        (ko("Autre chose"), Refused, "CON-NO_COURRIER"),
        (http(LETTER[:-9], length=False), Unreachable, "CON-TRUNCATED_ANSWER"),
        (http(LETTER[:-9]), Unreachable, "CON-TRUNCATED_ANSWER"),
        (http(b"6-1-52\n"), Unreachable, "CON-UNREADABLE_ANSWER"),  # the number of an act
    ],
)
@pytest.mark.parametrize("path", [DOCUMENT, DOWNLOAD])
def test_letter_that_cannot_be_had(connector, server, path, answer, expected, code):
    server.on(DOCUMENT, TO_ARCHIVE)
    server.on(path, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.courrier("88")
    assert failure(caught) == (expected, (code,))


def test_redirects_do_not_make_us_loop(connector, server):
    server.on(DOCUMENT, TO_ARCHIVE)
    server.on(DOWNLOAD, TO_ARCHIVE)
    with pytest.raises(Refused) as caught:
        connector.courrier("88")
    assert failure(caught) == (Refused, ("CON-NO_COURRIER",))
    assert server.paths() == [DOCUMENT, DOWNLOAD]


def test_letter_is_marked_twice(connector, server):
    server.on(MARK, http(b'{"result":"ok"}'))
    connector.mark_courrier_read("88")
    connector.mark_courrier_read("88")
    assert [request.query for request in server.requests] == ["transaction_id=88"] * 2


# copies of the exchanges


@pytest.fixture
def kept(settings, tmp_path: Path, instant) -> S2lowConnector:
    return S2lowConnector(settings, dump=FolderDump(tmp_path, FixedClock(instant)))


STAMP = "20260317T093000.000000Z"


def test_exchanges_of_a_letter_are_kept(kept, server, tmp_path: Path):
    server.on(LETTERS, http(json.dumps([LINE]).encode()))
    server.on(DOCUMENT, http(b"", "302 Found", f"Location: {DOWNLOAD}?env=7"))
    server.on(DOWNLOAD, http(LETTER, "200 OK", "Set-Cookie: PHPSESSID=secret"))
    server.on(MARK, http(b'{"result":"ok"}'))
    kept.courriers()
    kept.courrier("88")
    kept.mark_courrier_read("88")
    scripts = {
        "courriers": ["list_document_prefecture"],
        "courrier-88": [
            "actes_download_file",
            "actes_transac_get_document",
            "document_prefecture_mark_as_read",
        ],
    }
    assert {
        folder.name: [path.name for path in sorted(folder.iterdir())]
        for folder in tmp_path.iterdir()
    } == {
        name: [
            f"{STAMP}-{script}-{part}"
            for script in found
            for part in ("request.txt", "response.bin")
        ]
        for name, found in scripts.items()
    }
    answer = tmp_path / "courrier-88" / f"{STAMP}-actes_download_file-response.bin"
    assert answer.read_bytes().endswith(b"\r\n\r\n" + LETTER)
    assert_no_secret(tmp_path)


@pytest.mark.parametrize("root", ["ReponseCourrierSimple", "Annulation"])
def test_reply_is_kept_before_its_answer_is_understood(kept, server, tmp_path: Path, root):
    path = CANCEL if root == "Annulation" else REPLY
    server.on(path, http(b"<html>panne</html>"))
    shipment = make_exchange(root)
    with pytest.raises(OutcomeUnknown):
        kept.deposit(shipment)
    stem = f"{STAMP}-{path.rpartition('/')[2].removesuffix('.php')}"
    folder = tmp_path / shipment.key
    assert [one.name for one in sorted(folder.iterdir())] == [
        f"{stem}-request.txt",
        f"{stem}-response.bin",
    ]
    text = (folder / f"{stem}-request.txt").read_text("utf-8")
    assert text.startswith(f"POST {server.url}{path}\napi = '1'\nid = '88'\n")
    assert text.count("sha256") == (0 if root == "Annulation" else 1)
    assert (folder / f"{stem}-response.bin").read_bytes().endswith(b"<html>panne</html>")
    assert_no_secret(tmp_path)


def assert_no_secret(folder: Path) -> None:
    everything = b"".join(path.read_bytes() for path in folder.rglob("*.*"))
    for secret in (b"secret", b"Basic", b"PHPSESSID"):
        assert secret not in everything
