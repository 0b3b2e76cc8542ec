"""Depositing, finding and following with S²LOW, on scripted bytes (connectors dossier §1, §9)."""

import base64
import json
from dataclasses import replace

import pytest

from demat.actes.natures import NatureActe
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    Refused,
    RemoteProgress,
    RemoteRetour,
    RemoteStatus,
    Unreachable,
)
from demat.connectors.http import Timeouts
from demat.connectors.s2low import S2lowConnector
from demat.faults import Fault, FaultError
from demat.labels_fr.connectors import LABELS
from tests.unit.connectors.conftest import PDF, PES, make_acte
from tests.unit.connectors.server import Drop, Hang, http
from tests.unit.connectors.test_s2low_status import ANOMALY, AR

TEST = "/api/test-connexion.php"
RGS = "/api/test-rgs.php"
INFO = "/api/info-connexion.php"
LABELS_OF_STATUSES = "/modules/actes/api/actes_status.php"
LOGINS = "/admin/users/api-list-login.php"
CREATE = "/modules/actes/actes_transac_create.php"
STATUS = "/modules/actes/actes_transac_get_status.php"
GET_AR = "/modules/actes/actes_transac_get_ARActe.php"
LIST = "/modules/actes/api/list_actes.php"
FETCH = "/modules/actes/actes_classification_fetch.php"
REQUEST = "/modules/actes/actes_classification_request.php"
IMPORT = "/modules/helios/api/helios_importer_fichier.php"
HELIOS = "/modules/helios/api/helios_transac_get_status.php"
ACQUIT = "/modules/helios/helios_download_acquit.php"

LOGIN = http(b"", "302 Found", "Location: /connexion-status.php")
HOME = http(b"", "302 Found", "Location: /modules/actes/index.php")
MAINTENANCE = http(b"<!DOCTYPE html><html><body>Maintenance</body></html>")
BAD_GATEWAY = http(b"<html>502</html>", "502 Bad Gateway")
LOGIN_PAGE = http(b"<html><input type='password'></html>")


def ko(words: str) -> bytes:
    return http(b"KO\n" + words.encode("latin-1") + b"\n")


def imported(resultat: str, message: str, number: str = "") -> bytes:
    text = f"<import><id>{number}</id><resultat>{resultat}</resultat><message>{message}</message>"
    return http(f"{text}</import>".encode())


def failure(caught: pytest.ExceptionInfo[ConnectorError]) -> tuple[type, tuple[str, ...]]:
    """Return class and codes, once every sentence was seen to have the values it shows."""
    for fault in caught.value.faults:
        LABELS[fault.code].sentence.format(**fault.params)
    return caught.type, caught.value.faults.codes


# the form


def test_act_is_posted_field_by_field_in_latin_1(connector, server, acte):
    server.on(CREATE, http(b"OK\n4711\n\n"))
    assert connector.deposit(acte) == "4711"
    posted = server.of(CREATE)
    texts = {
        "api": [b"1"],
        "nature_code": [b"1"],
        "classif1": [b"7"],
        "classif2": [b"10"],
        "classif3": [],
        "number": [b"2026_012"],
        "decision_date": [b"2026-03-14"],
        "subject": [b"Tarifs 2026 de la salle des f\xeates"],
        "document_papier": [b"0"],
        "en_attente": [],
        "type_acte": [b"99_DE"],
        "type_pj[]": [b"70_DE"],
    }
    assert {name: posted.field(name) for name in texts} == texts
    key = b"099_000000000_20260314_2026_012_DE_1_1"
    assert posted.files("acte_pdf_file") == [(b"99_DE_" + key + b"_1.pdf", PDF)]
    assert posted.files("acte_attachments[]") == [(b"70_DE_" + key + b"_2.pdf", PDF + b"annexe")]
    assert posted.body.count(b"Content-Disposition") == 12


def test_options_of_the_form(settings, server):
    server.on(CREATE, http(b"OK\n1\n"))
    S2lowConnector(replace(settings, en_attente=True, must_signed=True)).deposit(
        make_acte(document_papier=True, matiere=(7, 1, 2), nature=NatureActe.BUDGETAIRE)
    )
    posted = server.of(CREATE)
    assert posted.field("en_attente") == [b"1"]
    assert posted.field("must_signed") == [b"1"]
    assert posted.field("document_papier") == [b"1"]
    assert posted.field("classif3") == [b"2"]
    assert posted.field("nature_code") == [b"5"]


def test_ligature_and_euro_are_transliterated_before_they_are_sent(connector, server):
    server.on(CREATE, http(b"OK\n1\n"))
    connector.deposit(make_acte(objet="Mise en œuvre, 300 €"))
    (subject,) = server.of(CREATE).field("subject")
    assert subject.isascii()
    assert subject.startswith(b"Mise en oeuvre")


def test_character_outside_latin_1_is_refused_before_sending(connector, server, acte, monkeypatch):
    """An archive of another origin may hold what ours never does."""
    import demat.connectors.s2low as module

    original = module.read_shipment

    def with_ligature(content: bytes):
        found = original(content)
        return replace(found, message=replace(found.message, objet="Mise en œuvre à 3 €"))

    monkeypatch.setattr(module, "read_shipment", with_ligature)
    with pytest.raises(Refused) as caught:
        connector.deposit(acte)
    assert failure(caught) == (Refused, ("CON-ENCODING",))
    assert next(iter(caught.value.faults)).params["characters"] == "œ €"
    assert server.requests == []


@pytest.mark.parametrize("content", [b"", b"not a tar.gz", PES])
def test_what_is_not_our_archive_is_not_sent(connector, server, acte, content):
    with pytest.raises(Refused) as caught:
        connector.deposit(replace(acte, content=content))
    assert caught.value.faults.codes[0].startswith("ACT-ARCHIVE")
    assert server.requests == []


def test_sizes_are_checked_before_sending(settings, server, acte, pes):
    """An oversized form is dropped without a KO by the server: it must not leave (§1.4.2)."""
    small = S2lowConnector(replace(settings, max_acte_bytes=100, max_pes_bytes=100))
    for shipment in (acte, pes):
        with pytest.raises(Refused) as caught:
            small.deposit(shipment)
        assert failure(caught) == (Refused, ("CON-SIZE",))
    assert server.requests == []


def test_pes_is_posted_untouched(connector, server, pes):
    server.on(IMPORT, imported("OK", "Import réussi", "881"))
    assert connector.deposit(pes) == "881"
    expected = [(b"PESALR2_21990123800010_260317_001.xml", PES)]
    assert server.of(IMPORT).files("enveloppe") == expected


def test_credentials_and_forwarded_certificate(settings, server, acte):
    server.on(CREATE, http(b"OK\n1\n"))
    der = b"\x30\x82der"
    S2lowConnector(replace(settings, forwarded_certificate=lambda: der)).deposit(acte)
    for request in server.requests:
        assert base64.b64decode(request.headers["authorization"][6:]) == b"mairie:secret-fictif"
        forwarded = request.headers["org.s2low.forward-x509-identification"]
        assert base64.b64decode(forwarded) == der


@pytest.mark.parametrize(
    ("password", "expected"), [("é", b"mairie:\xe9"), ("€", "mairie:€".encode())]
)
def test_credentials_are_latin_1_when_they_can(settings, server, password, expected):
    S2lowConnector(replace(settings, credentials=lambda: ("mairie", password))).test()
    assert base64.b64decode(server.requests[0].headers["authorization"][6:]) == expected


@pytest.mark.parametrize("field", ["credentials", "client_certificate", "forwarded_certificate"])
def test_missing_secret_is_an_authentication_problem(settings, server, acte, field):
    def missing() -> tuple[str, str]:
        raise FaultError(Fault(code="CFG-SECRET_MISSING", params={"path": "mot-de-passe.txt"}))

    with pytest.raises(AuthenticationRefused) as caught:
        S2lowConnector(replace(settings, **{field: missing})).deposit(acte)
    assert caught.value.faults.codes == ("CFG-SECRET_MISSING",)
    assert server.requests == []


# outcomes of an act: one row per line of the KO catalogue (§1.4.2) and per fault (§8.1)


@pytest.mark.parametrize(
    ("words", "code", "transient", "duplicate"),
    [
        ("La taille totale des fichiers d\xe9passe", "CON-SIZE", False, False),
        ("Le nombre d&#039;annexes", "CON-ANNEXES", False, False),
        ("Acc\xe8s refus\xe9", "CON-RIGHTS", False, False),
        ("Erreur lors de l&#039;initialisation du module", "CON-MODULE", True, False),
        ("Mode \xab papier \xbb", "CON-PAPER_MODE", False, False),
        ("Il faut un certificat RGS", "CON-NOT_RGS", False, False),
        ("Le num\xe9ro n&#039;est pas correct", "CON-NUMBER", False, False),
        ("date dans le futur", "CON-FUTURE_DATE", False, False),
        ("Le m\xeame num\xe9ro interne existe d\xe9j\xe0", "CON-DUPLICATE_NUMBER", False, True),
        (
            "Une transaction avec le m\xeame num\xe9ro existe d\xe9j\xe0",
            "CON-DUPLICATE_NUMBER",
            False,
            True,
        ),
        ("Aucun fichier acte", "CON-NO_DOCUMENT", False, False),
        ("a.pdf : typologie absente", "CON-TYPOLOGY", False, False),
        ("doit faire 5 caract\xe8res", "CON-TYPOLOGY", False, False),
        ("deux premiers niveaux de classification", "CON-CLASSIFICATION", False, False),
        ("a.pdf n&#039;est pas un PDF", "CON-FILE_TYPE", False, False),
        ("Phrase nouvelle &amp; inconnue", "CON-KO", False, False),
    ],
)
def test_refusals_of_an_act(connector, server, acte, words, code, transient, duplicate):
    server.on(CREATE, ko(words))
    with pytest.raises(Refused) as caught:
        connector.deposit(acte)
    assert failure(caught) == (Refused, (code,))
    assert (caught.value.transient, caught.value.duplicate) == (transient, duplicate)
    plain = words.replace("&#039;", "'").replace("&amp;", "&")
    assert next(iter(caught.value.faults)).params == {"message": plain}


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (ko("\xc9chec de l&#039;authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),  # F2
        (LOGIN_PAGE, AuthenticationRefused, "CON-LOGIN_PAGE"),
        (http(b"", "401 Unauthorized"), AuthenticationRefused, "CON-LOGIN_PAGE"),
        (http(b"", "403 Forbidden"), AuthenticationRefused, "CON-LOGIN_PAGE"),
        (http(b"", "413 Content Too Large"), Refused, "CON-SIZE"),
        (HOME, OutcomeUnknown, "CON-REDIRECT"),  # an oversized form is dropped
        (MAINTENANCE, OutcomeUnknown, "CON-HTML_PAGE"),  # F3
        (BAD_GATEWAY, OutcomeUnknown, "CON-HTTP_STATUS"),  # F4
        (http(b"", "503 Unavailable"), OutcomeUnknown, "CON-HTTP_STATUS"),
        (http(b"", "504 Gateway Timeout"), OutcomeUnknown, "CON-HTTP_STATUS"),
        (http(b""), OutcomeUnknown, "CON-EMPTY_ANSWER"),  # F5
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOK\n47",
            OutcomeUnknown,
            "CON-LOST_ANSWER",
        ),  # F6
        (http(b"OK\n47", length=False), OutcomeUnknown, "CON-TRUNCATED_ANSWER"),  # F6
        (http(b"OK\nabc\n"), OutcomeUnknown, "CON-UNREADABLE_ANSWER"),
        (http(b"Fatal error: memory"), OutcomeUnknown, "CON-UNREADABLE_ANSWER"),
        (Hang(), OutcomeUnknown, "CON-LOST_ANSWER"),  # F7, F8
        (Drop(), OutcomeUnknown, "CON-LOST_ANSWER"),  # F8
        (Drop(after=10), OutcomeUnknown, "CON-LOST_ANSWER"),
    ],
)
@pytest.mark.parametrize("flux", [Flux.ACTES, Flux.HELIOS])
def test_other_outcomes(settings, server, acte, pes, answer, expected, code, flux):
    connector = S2lowConnector(replace(settings, timeouts=Timeouts(connect=5, read=0.5, upload=5)))
    shipment = acte if flux is Flux.ACTES else pes
    if flux is Flux.HELIOS and code == "CON-TRUNCATED_ANSWER":
        answer = http(b"<import><id>881</id><resultat>OK</resul", length=False)
    server.on(CREATE if flux is Flux.ACTES else IMPORT, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.deposit(shipment)
    assert failure(caught) == (expected, (code,))


@pytest.mark.parametrize(
    ("message", "code", "transient", "duplicate"),
    [
        ("Le certificat n'est pas RGS", "CON-NOT_RGS", False, False),
        ("Aucune enveloppe trouvée", "CON-NO_FILE", False, False),
        ("Erreur lors du téléchargement : 7", "CON-UPLOAD", True, False),
        ("Taille supérieure à la limite", "CON-SIZE", False, False),
        ("Le fichier est vide (0 octet)", "CON-EMPTY_FILE", False, False),
        ("doublon détecté", "CON-DUPLICATE_PES", False, True),
        ("Autre chose", "CON-KO", False, False),
    ],
)
def test_refusals_of_a_pes(connector, server, pes, message, code, transient, duplicate):
    server.on(IMPORT, imported("KO", message))
    with pytest.raises(Refused) as caught:
        connector.deposit(pes)
    assert failure(caught) == (Refused, (code,))
    assert (caught.value.transient, caught.value.duplicate) == (transient, duplicate)
    assert next(iter(caught.value.faults)).params == {"message": message}


# the connection is tried before anything is posted


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),
        (ko("\xc9chec de l'authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (ko("Certificat inconnu"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (ko("Acc\xe8s refus\xe9"), AuthenticationRefused, "CON-RIGHTS"),
        (ko("Erreur d'initialisation du module"), Unreachable, "CON-MODULE"),
        (HOME, Unreachable, "CON-REDIRECT"),
        (MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
        (BAD_GATEWAY, Unreachable, "CON-HTTP_STATUS"),
        (http(b""), Unreachable, "CON-EMPTY_ANSWER"),
        (http(b"?"), Unreachable, "CON-UNREADABLE_ANSWER"),
        (Drop(), Unreachable, "CON-UNREACHABLE"),
    ],
)
def test_nothing_is_posted_over_a_connection_that_fails(
    connector, server, acte, answer, expected, code
):
    server.on(TEST, answer)
    server.on(CREATE, http(b"OK\n1\n"))
    for ask in (connector.test, lambda: connector.deposit(acte)):
        with pytest.raises(ConnectorError) as caught:
            ask()
        assert failure(caught) == (expected, (code,))
    assert CREATE not in server.paths()


def test_refused_certificate_stops_before_posting(settings, server, pki, acte):
    unknown = pki.unknown_client
    files = (unknown.certificate, unknown.key, unknown.passphrase)
    with pytest.raises(AuthenticationRefused) as caught:
        S2lowConnector(replace(settings, client_certificate=lambda: files)).deposit(acte)
    assert failure(caught) == (AuthenticationRefused, ("CON-CLIENT_CERTIFICATE",))
    assert server.requests == []


def test_connection_test_returns_the_words(connector, server):
    server.on(TEST, http(b"OK : connexion r\xe9ussie\n"))
    assert connector.test() == "OK : connexion réussie"
    assert server.paths() == [TEST, RGS, INFO]


@pytest.mark.parametrize(
    ("rgs", "info", "expected"),
    [
        (b"OK\n", b"mairie\nSaint-Exemple\n", "OK ; certificat RGS : oui ; mairie Saint-Exemple"),
        (b"KO\nnon RGS", b"{}", "OK ; certificat RGS : non ; {}"),
        (b"<html></html>", b"", "OK"),
        (b"peut-\xeatre", b"x" * 1000, "OK ; " + "x" * 300),
    ],
)
def test_what_the_connection_is_worth_is_told(connector, server, rgs, info, expected):
    server.on(RGS, http(rgs))
    server.on(INFO, http(info))
    assert connector.test() == expected


@pytest.mark.parametrize("answer", [http(b"", "404 Not Found"), HOME, BAD_GATEWAY])
def test_a_platform_that_cannot_tell_more_is_no_trouble(connector, server, answer):
    server.on(RGS, answer)
    server.on(INFO, answer)
    assert connector.test() == "OK"


@pytest.mark.parametrize(
    ("logins", "code"),
    [(b"", "CON-NO_ACCOUNT"), (b"mairie\nccas\n", "CON-LOGIN_NEEDED")],
)
def test_without_login_the_certificate_must_have_one_account(settings, server, logins, code):
    server.on(LOGINS, http(logins))
    with pytest.raises(AuthenticationRefused) as caught:
        S2lowConnector(replace(settings, credentials=None)).test()
    assert failure(caught) == (AuthenticationRefused, (code,))


def test_without_login_one_account_suffices(settings, server):
    server.on(LOGINS, http(b"mairie\n"))
    assert S2lowConnector(replace(settings, credentials=None)).test() == "OK"
    assert server.paths()[:2] == [LOGINS, TEST]
    assert "authorization" not in server.requests[0].headers


def test_without_login_the_accounts_are_asked_for_once_before_the_first_sending(
    settings, server, acte
):
    """§1.2.1: the order of Pastell."""
    server.on(LOGINS, http(b"mairie\n"))
    server.on(CREATE, http(b"OK\n1\n"))
    connector = S2lowConnector(replace(settings, credentials=None))
    for _ in range(2):
        connector.deposit(acte)
    assert server.paths() == [LOGINS, TEST, CREATE, TEST, CREATE]


def test_nothing_is_sent_while_two_accounts_share_the_certificate(settings, server, acte):
    server.on(LOGINS, http(b"mairie\nccas\n"))
    connector = S2lowConnector(replace(settings, credentials=None))
    for _ in range(2):
        with pytest.raises(AuthenticationRefused) as caught:
            connector.deposit(acte)
        assert failure(caught) == (AuthenticationRefused, ("CON-LOGIN_NEEDED",))
    assert server.paths() == [LOGINS, LOGINS]


def test_maintenance_page_is_no_list_of_logins(settings, server):
    server.on(LOGINS, MAINTENANCE)
    with pytest.raises(Unreachable) as caught:
        S2lowConnector(replace(settings, credentials=None)).test()
    assert failure(caught) == (Unreachable, ("CON-HTML_PAGE",))


# following


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"OK\n3\n", RemoteStatus(progress=RemoteProgress.TRANSMITTED, code="3", message="")),
        (
            b"OK\n4\n" + AR,
            RemoteStatus(
                progress=RemoteProgress.ANSWERED,
                code="4",
                message="",
                documents=(InboundDocument(name="12-AR.xml", content=AR),),
            ),
        ),
        (
            b"OK\n-1\n" + ANOMALY + b"Anomalie re\xe7ue",
            RemoteStatus(
                progress=RemoteProgress.ERROR,
                code="-1",
                message="Anomalie reçue",
                documents=(InboundDocument(name="12-anomalie.xml", content=ANOMALY),),
            ),
        ),
        (
            b"OK\n-1\nFichier infect\xe9\n",
            RemoteStatus(progress=RemoteProgress.ERROR, code="-1", message="Fichier infecté"),
        ),
        (
            b"OK\n77\n",
            RemoteStatus(progress=RemoteProgress.UNRECOGNISED, code="77", message=""),
        ),
        (
            b"KO\nNum\xe9ro de transaction invalide",
            RemoteStatus(
                progress=RemoteProgress.UNRECOGNISED,
                code="KO",
                message="Numéro de transaction invalide",
            ),
        ),
        (
            b"KO\nAcc\xe8s refus\xe9",
            RemoteStatus(progress=RemoteProgress.UNRECOGNISED, code="KO", message="Accès refusé"),
        ),
    ],
)
def test_status_of_an_act(connector, server, answer, expected):
    server.on(STATUS, http(answer))
    assert connector.status(Flux.ACTES, "12") == expected
    assert server.of(STATUS).query == "transaction=12"


@pytest.mark.parametrize(
    ("answer", "documents"),
    [
        (http(AR), (InboundDocument(name="12-AR.xml", content=AR),)),
        (HOME, ()),  # the script of an older version is made for browsers
        (ko("Pas d'acquittement recu"), ()),
        (http(AR[:-4], length=False), ()),
    ],
)
def test_ar_is_fetched_when_the_act_is_already_archived(connector, server, answer, documents):
    """Scenario 8: the status is first seen as 13."""
    server.on(STATUS, http(b"OK\n13\n"))
    server.on(GET_AR, answer)
    status = connector.status(Flux.ACTES, "12")
    assert (status.progress, status.documents) == (RemoteProgress.ANSWERED, documents)
    assert server.of(GET_AR).query == "id=12"


def helios(code: int) -> bytes:
    text = f"<transaction ><id>12</id><resultat>OK</resultat><status>{code}</status></transaction >"
    return http(text.encode())


PES_ACQUIT = b'<n:PES_ACQUIT xmlns:n="urn:x"><ACQUIT/></n:PES_ACQUIT>'


@pytest.mark.parametrize(
    ("code", "acquit", "progress", "kept"),
    [
        (1, HOME, RemoteProgress.PENDING, False),
        (3, HOME, RemoteProgress.TRANSMITTED, False),
        (8, http(PES_ACQUIT), RemoteProgress.ANSWERED, True),
        (4, http(PES_ACQUIT), RemoteProgress.ANSWERED, True),
        (6, http(PES_ACQUIT), RemoteProgress.ANSWERED, True),
        (8, HOME, RemoteProgress.TRANSMITTED, False),  # cannot be served yet
        (8, http(b"<br />Fichier absent"), RemoteProgress.TRANSMITTED, False),
        (8, http(PES_ACQUIT[:-3], length=False), RemoteProgress.TRANSMITTED, False),
        # handed to the archive before the first poll
        (10, http(PES_ACQUIT), RemoteProgress.ANSWERED, True),
        (10, HOME, RemoteProgress.UNRECOGNISED, False),
        (24, http(PES_ACQUIT), RemoteProgress.UNRECOGNISED, False),
        (13, HOME, RemoteProgress.WAITING_FOR_PERSON, False),
        (-1, HOME, RemoteProgress.ERROR, False),
    ],
)
def test_status_of_a_pes(connector, server, code, acquit, progress, kept):
    server.on(HELIOS, helios(code))
    server.on(ACQUIT, acquit)
    status = connector.status(Flux.HELIOS, "12")
    documents = (InboundDocument(name="12-PES_ACQUIT.xml", content=PES_ACQUIT),) if kept else ()
    assert status == RemoteStatus(
        progress=progress, code=str(code), message="", documents=documents
    )


@pytest.mark.parametrize("flux", [Flux.ACTES, Flux.HELIOS])
@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),
        (ko("\xc9chec de l'authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (ko("Erreur consultation statut"), Unreachable, "CON-MODULE"),
        (HOME, Unreachable, "CON-REDIRECT"),
        (MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
        (BAD_GATEWAY, Unreachable, "CON-HTTP_STATUS"),
        (http(b""), Unreachable, "CON-EMPTY_ANSWER"),
        (Drop(), Unreachable, "CON-UNREACHABLE"),
    ],
)
def test_status_that_cannot_be_asked(connector, server, flux, answer, expected, code):
    server.on(STATUS, answer)
    server.on(HELIOS, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.status(flux, "12")
    assert failure(caught) == (expected, (code,))


def test_failing_download_is_asked_again(connector, server):
    server.on(STATUS, http(b"OK\n13\n"))
    server.on(GET_AR, BAD_GATEWAY)
    with pytest.raises(Unreachable):
        connector.status(Flux.ACTES, "12")


# finding after a lost answer (§9.2)

UNKNOWN = ko("Num\xe9ro de transaction invalide")


def listed(**changes: str) -> bytes:
    line = {
        "id": "4711",
        "subject": "Tarifs 2026 de la salle des fêtes",
        "number": "2026_012",
        "date": "2026-03-14",
        "nature_descr": "Délibérations",
        "classification": "7.10",
        "type": "1",
        **changes,
    }
    return http(json.dumps({"transactions": [line]}).encode())


NOTHING = http(b'{"transactions": []}')


def test_act_that_landed_is_found(connector, server, acte):
    server.on(STATUS, http(b"OK\n1\n"))
    server.on(LIST, NOTHING, NOTHING, listed())
    assert connector.find(acte) == "4711"
    key = "099-000000000-20260314-2026_012-DE"
    assert server.of(STATUS).query == f"unique_id={key}-1-1"
    asked = [request.query for request in server.requests if request.path == LIST]
    assert asked == [f"status_id={status}&offset=0&limit=100" for status in (17, 18, 1)]
    assert CREATE not in server.paths()


@pytest.mark.parametrize(
    "status", [17, 18, 1, 2, 3, -1, 4, 5, 6, 19, 20, 22, 12, 15, 13, 14, 16, 0]
)
def test_act_is_found_whatever_became_of_it_meanwhile(connector, server, acte, status):
    """Each status of an act (§1.7): one that is left out hides the act that landed."""
    server.on(STATUS, UNKNOWN)
    server.on(LIST, NOTHING)
    server.on(f"{LIST}?status_id={status}&offset=0&limit=100", listed())
    assert connector.find(acte) == "4711"


def test_act_is_also_known_by_its_identifier(connector, server, acte):
    """After the AR, the identifier is known and the name of the message may not be."""
    server.on(STATUS, UNKNOWN, http(b"OK\n4\n"))
    server.on(LIST, listed())
    assert connector.find(acte) == "4711"
    queries = [request.query for request in server.requests if request.path == STATUS]
    key = "099-000000000-20260314-2026_012-DE"
    assert queries == [f"unique_id={key}-1-1", f"unique_id={key}"]


def test_act_that_did_not_land_is_not_found(connector, server, acte):
    server.on(STATUS, UNKNOWN)
    server.on(LIST, listed(number="2026_013", id="9"), listed(type="6"), NOTHING)
    assert connector.find(acte) is None


def test_act_that_landed_but_is_not_listed(connector, server, acte):
    server.on(STATUS, http(b"OK\n1\n"))
    server.on(LIST, NOTHING)
    with pytest.raises(OutcomeUnknown) as caught:
        connector.find(acte)
    assert failure(caught) == (OutcomeUnknown, ("CON-LANDED_NO_ID",))


@pytest.mark.parametrize(
    "changes",
    [
        {"date": "2026-03-13"},
        {"nature_descr": "Arrêtés réglementaires"},
        {"subject": "Tarifs 2025 de la salle des fêtes"},
    ],
)
@pytest.mark.parametrize("landed", [http(b"OK\n1\n"), UNKNOWN])
def test_number_of_another_act_is_never_a_success(connector, server, acte, changes, landed):
    server.on(STATUS, landed)
    server.on(LIST, listed(**changes))
    with pytest.raises(Refused) as caught:
        connector.find(acte)
    assert failure(caught) == (Refused, ("CON-NUMBER_CLASH",))
    assert not caught.value.duplicate


def test_lists_are_read_page_after_page(connector, server, acte):
    full = json.dumps({"transactions": [{"id": str(i), "number": f"N{i}"} for i in range(100)]})
    server.on(STATUS, http(b"OK\n1\n"))
    server.on(LIST, http(full.encode()), listed())
    assert connector.find(acte) == "4711"
    asked = [request.query for request in server.requests if request.path == LIST]
    assert asked == ["status_id=17&offset=0&limit=100", "status_id=17&offset=100&limit=100"]


def test_server_that_ignores_the_offset_does_not_make_us_loop(connector, server, acte):
    full = json.dumps({"transactions": [{"id": str(i), "number": f"N{i}"} for i in range(100)]})
    server.on(STATUS, UNKNOWN)
    server.on(LIST, http(full.encode()))
    assert connector.find(acte) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ko("\xc9chec de l'authentification"), AuthenticationRefused),
        (ko("Acc\xe8s refus\xe9"), AuthenticationRefused),
        (ko("Phrase inconnue"), Unreachable),
        (MAINTENANCE, Unreachable),
    ],
)
def test_search_that_cannot_be_made_proves_nothing(connector, server, acte, answer, expected):
    server.on(STATUS, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.find(acte)
    assert caught.type is expected


def test_pes_cannot_be_searched(connector, server, pes):
    with pytest.raises(OutcomeUnknown) as caught:
        connector.find(pes)
    assert failure(caught) == (OutcomeUnknown, ("CON-NO_SEARCH",))
    assert server.requests == []


# classification

CLASSIFICATION = (
    b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<actes:RetourClassification '
    b'xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216">d\xe9cision'
    b"</actes:RetourClassification>\n"
)


def test_classification_is_returned_untouched(connector, server):
    server.on(FETCH, http(CLASSIFICATION))
    assert connector.classification() == CLASSIFICATION
    assert server.of(FETCH).query == "api=1"


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (ko("Pas de derni\xe8re classification"), Refused, "CON-NO_CLASSIFICATION"),
        (ko("\xc9chec de l'authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (ko("Erreur d'initialisation du module"), Unreachable, "CON-MODULE"),
        (MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
        (http(CLASSIFICATION[:-9], length=False), Unreachable, "CON-UNREADABLE_ANSWER"),
        (http(b"OK\n"), Unreachable, "CON-UNREADABLE_ANSWER"),
    ],
)
def test_classification_that_cannot_be_had(connector, server, answer, expected, code):
    server.on(FETCH, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.classification()
    assert failure(caught) == (expected, (code,))


def test_classification_is_asked_for(connector, server):
    server.on(REQUEST, http(b"OK\n99\n"))
    connector.request_classification(None)
    assert server.paths() == [REQUEST]


def test_classification_is_asked_for_once_a_day(connector, server):
    server.on(REQUEST, ko("Derni\xe8re demande de moins d&#039;un jour"))
    with pytest.raises(Refused) as caught:
        connector.request_classification(None)
    assert failure(caught) == (Refused, ("CON-CLASSIFICATION_DAILY",))
    message = "Dernière demande de moins d'un jour"
    assert next(iter(caught.value.faults)).params == {"message": message}


# PES_Retour

RETOURS = "/modules/helios/api/helios_get_list.php"
GET_RETOUR = "/modules/helios/api/helios_get_retour.php"
MARK = "/modules/helios/api/helios_change_status.php"
LISTED = (
    b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<liste><idColl>000000000</idColl><resultat/>"
    b"<message/><dateDemande>2026-03-17 09:00:00</dateDemande>"
    b"<pes_retour><id>31</id><nom>PES2R_DEP_1.xml</nom><date>2026-03-16 01:15:00</date>"
    b"</pes_retour><pes_retour><id>32</id><nom>d\xe9p&amp;amp;ense.xml</nom><date>?</date>"
    b"</pes_retour></liste>"
)


def test_unread_retours_are_listed_without_their_ambiguous_dates(connector, server):
    server.on(RETOURS, http(LISTED))
    assert connector.retours() == (
        RemoteRetour(reference="31", name="PES2R_DEP_1.xml"),
        RemoteRetour(reference="32", name="d\xe9p&ense.xml"),
    )


def _answer(root: str, resultat: str, message: str = "") -> bytes:
    text = (
        f"<{root}><id>31</id><resultat>{resultat}</resultat><message>{message}</message></{root}>"
    )
    return http(text.encode())


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (_answer("liste", "KO", "Accès refusé"), AuthenticationRefused, "CON-RIGHTS"),
        (_answer("liste", "KO", "Autre chose"), Unreachable, "CON-KO"),
        (http(b"KO\n\xc9chec de l'authentification"), AuthenticationRefused, "CON-AUTHENTICATION"),
        (http(LISTED.replace(b"31", b"x")), Unreachable, "CON-UNREADABLE_ANSWER"),
        (http(LISTED[:-9], length=False), Unreachable, "CON-TRUNCATED_ANSWER"),
        (MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
    ],
)
def test_retours_that_cannot_be_listed(connector, server, answer, expected, code):
    server.on(RETOURS, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.retours()
    assert failure(caught) == (expected, (code,))


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (_answer("get_retour", "KO", "PES_Retour introuvable"), Refused, "CON-NO_RETOUR"),
        (_answer("get_retour", "KO", "Accès refusé"), AuthenticationRefused, "CON-RIGHTS"),
        (_answer("get_retour", "OK"), Unreachable, "CON-UNREADABLE_ANSWER"),
        (http(b"<n:PES_Retour xmlns:n='x'><A", length=False), Unreachable, "CON-TRUNCATED_ANSWER"),
    ],
)
def test_retour_that_cannot_be_had(connector, server, answer, expected, code):
    server.on(GET_RETOUR, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.retour("31")
    assert failure(caught) == (expected, (code,))


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        (_answer("transaction", "KO", "PES_Retour introuvable"), Refused, "CON-NO_RETOUR"),
        (_answer("transaction", ""), Unreachable, "CON-UNREADABLE_ANSWER"),
        (http(b"KO\nErreur d'initialisation du module"), Unreachable, "CON-MODULE"),
    ],
)
def test_mark_whose_success_is_not_told(connector, server, answer, expected, code):
    server.on(MARK, answer)
    with pytest.raises(ConnectorError) as caught:
        connector.mark_read("31")
    assert failure(caught) == (expected, (code,))
    assert server.of(MARK).query == "id=31"
