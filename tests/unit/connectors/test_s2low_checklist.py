"""The eleven rules of the client check-list (connectors dossier §10), each met through public entry
points; the finer cases are in the tests of each module."""

import base64
import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from demat.actes.rules import check_acte
from demat.clock import FixedClock
from demat.connectors import http as transport
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    RemoteProgress,
    Unreachable,
)
from demat.connectors.dump import FolderDump
from demat.connectors.s2low import S2lowConnector
from demat.engine.retours import collect_retours
from demat.engine.transmit import transmit_due
from demat.faults import Fault, FaultError
from demat.queue.pace import Pace
from demat.queue.store import Store
from demat.signing.expiry import Held, expiry
from tests.unit.actes.factories import CONTEXTE, acte
from tests.unit.connectors.conftest import make_acte
from tests.unit.connectors.server import http
from tests.unit.connectors.test_s2low import (
    CREATE,
    GET_AR,
    HELIOS,
    HOME,
    IMPORT,
    RGS,
    STATUS,
    TEST,
    imported,
)
from tests.unit.engine.conftest import AUTHENTICATION, Town, ar, clock, collect_all, store, town
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, make_packed

__all__ = ["clock", "store", "town"]

OBJET = "Secours exceptionnel à Mme Sentinelle"
PASSWORD = "mot-de-passe-fictif"


# 1. no redirect is followed; any 3xx is class « auth » or « unknown »


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
@pytest.mark.parametrize(
    ("where", "expected"),
    [("/connexion-status.php", AuthenticationRefused), ("/modules/actes/", OutcomeUnknown)],
)
def test_rule_1_no_redirect_is_followed(connector, server, acte, status, where, expected):
    server.on(CREATE, http(b"", status, f"Location: {server.url}{where}"))
    server.on(where, http(b"OK\n4711\n"))
    with pytest.raises(expected):
        connector.deposit(acte)
    assert server.paths() == [TEST, CREATE]


# 2. bytes first, content sniffing, XML without external entities, a size cap


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html>OK\n4711\n</html>",
        b"\xef\xbb\xbf<html><body>OK</body></html>",
        b"<br />\n<b>Warning</b>: OK",
    ],
)
def test_rule_2_a_page_is_never_an_answer(connector, server, acte, body):
    server.on(CREATE, http(body))
    with pytest.raises(OutcomeUnknown) as caught:
        connector.deposit(acte)
    assert caught.value.faults.codes == ("CON-HTML_PAGE",)


def test_rule_2_no_entity_of_the_machine_enters_an_answer(connector, server, pes, tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("ne doit pas sortir")
    body = (
        f'<!DOCTYPE import [<!ENTITY x SYSTEM "file://{secret}">]>'
        "<import><id></id><resultat>KO</resultat><message>&x;</message></import>"
    ).encode()
    server.on(IMPORT, http(body))
    with pytest.raises(ConnectorError) as caught:
        connector.deposit(pes)
    assert "ne doit pas sortir" not in str(caught.value)


def test_rule_2_an_answer_has_a_limit(connector, server, acte, monkeypatch):
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    server.on(CREATE, http(b"OK\n" + b"1" * 2000))
    with pytest.raises(OutcomeUnknown):
        connector.deposit(acte)


# 3. fields in ISO-8859-1, file names in ASCII, the original objet kept


def test_rule_3_fields_are_latin_1_and_names_ascii(connector, server):
    server.on(CREATE, http(b"OK\n1\n"))
    connector.deposit(make_acte(objet="Fête : l’été à 3 €, œuvre – n° 2"))
    posted = server.of(CREATE)
    assert posted.field("subject") == ["Fête : l'été à 3 EUR, oeuvre - n° 2".encode("latin-1")]
    (name, _), *_ = posted.files("acte_pdf_file")
    assert name.isascii()
    assert not set(name.decode()) & set('-/\\"é')


def test_rule_3_what_was_written_is_kept_as_it_was_written(town: Town) -> None:
    """Only what leaves is transliterated: the deposit keeps the bytes of the agent."""
    deposit = town.fixture("seance-2026-11-05")
    for file in deposit.files:
        assert town.store.documents.has(file.sha256)
    table = next(file for file in deposit.files if file.name.endswith((".csv", ".xlsx", ".ods")))
    assert town.store.documents.get(table.sha256)


# 4. two enumerations of statuses; an unknown value is never an error


@pytest.mark.parametrize(
    ("flux", "path", "answer"),
    [
        (Flux.ACTES, STATUS, b"OK\n4242\n"),
        (
            Flux.HELIOS,
            HELIOS,
            b"<transaction><id>1</id><resultat>OK</resultat><message/><status>4242</status>"
            b"</transaction>",
        ),
    ],
)
def test_rule_4_an_unknown_status_is_asked_about_again(connector, server, flux, path, answer):
    server.on(path, http(answer))
    status = connector.status(flux, "1")
    assert (status.progress, status.code) == (RemoteProgress.UNRECOGNISED, "4242")


def test_rule_4_the_same_number_is_not_the_same_status(connector, server):
    """13: archived for ACTES, to be signed for HELIOS."""
    server.on(STATUS, http(b"OK\n13\n"))
    server.on(GET_AR, HOME)
    server.on(
        HELIOS,
        http(b"<transaction><resultat>OK</resultat><status>13</status></transaction>"),
    )
    assert connector.status(Flux.ACTES, "1").progress is RemoteProgress.ANSWERED
    assert connector.status(Flux.HELIOS, "1").progress is RemoteProgress.WAITING_FOR_PERSON


# 5. everything is checked before it is sent


@pytest.mark.parametrize(
    "changes",
    [
        {"numero": "2026-012"},
        {"numero": "A" * 16},
        {"date_decision": CONTEXTE.today + timedelta(days=1)},
        {"objet": ""},
        {"objet": "x" * 501},
        {"matiere": (99, 99)},
        {"document": replace(acte().document, type_pj="99_XX")},
        {"document": replace(acte().document, content=b"PK\x03\x04")},
    ],
)
def test_rule_5_what_the_platform_would_refuse_does_not_leave(changes):
    assert not check_acte(acte(), CONTEXTE).blocking
    assert check_acte(acte(**changes), CONTEXTE).blocking


def test_rule_5_nor_what_is_too_big(settings, server, acte):
    with pytest.raises(ConnectorError):
        S2lowConnector(replace(settings, max_acte_bytes=10)).deposit(acte)
    assert server.requests == []


# 6. secrets come from files; no password, no key, nothing of an objet in the logs


def test_rule_6_logs_and_copies_hold_no_secret(settings, server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    server.on(CREATE, http(b"KO\nMode papier\n"), http(b"OK\n1\n"))
    dump = FolderDump(tmp_path / "echanges", FixedClock(START))
    mine = replace(settings, credentials=lambda: ("mairie", PASSWORD))
    connector = S2lowConnector(mine, dump=dump)
    shipment = make_acte(objet=OBJET)
    with pytest.raises(ConnectorError):
        connector.deposit(shipment)
    connector.deposit(shipment)
    passphrase = settings.client_certificate()[2]
    encoded = base64.b64encode(f"mairie:{PASSWORD}".encode()).decode()
    logged = "\n".join(record.getMessage() for record in caplog.records)
    for secret in (PASSWORD, passphrase, encoded, "Sentinelle", "Authorization"):
        assert secret not in logged
    copies = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert copies  # the form is kept as evidence, never what opens the door
    for secret in (PASSWORD, passphrase, encoded):
        assert secret.encode() not in copies


# 7. the machine's certificate is not the agent's; both ends are told in time


def test_rule_7_the_end_of_the_machine_certificate_is_told(connector, server):
    """Scenario 15 of §8.3: 30 days before, then in words that grow more urgent."""
    last = date(2026, 3, 31)
    said = [
        expiry("Saint-Exemple", last, last - timedelta(days=left), Held.LINE).codes
        for left in (90, 30, 7, -1)
    ]
    assert said[0] == ()
    assert len({codes for codes in said[1:] if codes}) == 3
    server.on(RGS, http(b"KO\nLe certificat n'est pas RGS\n"))
    assert "certificat RGS : non" in connector.test()


def test_rule_7_an_act_may_wait_for_the_certificate_of_an_agent(settings, server, acte):
    server.on(CREATE, http(b"OK\n1\n"))
    S2lowConnector(replace(settings, en_attente=True)).deposit(acte)
    assert server.of(CREATE).field("en_attente") == [b"1"]


# 8. nothing is marked on the other side before it is durably here


def test_rule_8_a_retour_is_kept_before_it_is_marked(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.connector.held_retours["7"] = InboundDocument(name="PES2R.xml", content=b"<PES_Retour/>")

    def full(_: bytes) -> str:
        raise FaultError(Fault(code="QUE-DISK", params={"raison": "plein"}))

    with monkeypatch.context() as patched:
        patched.setattr(town.store.documents, "put", full)
        with pytest.raises(FaultError):
            collect_retours(town.authority, town.office)
    assert town.connector.read_retours == []
    collect_retours(town.authority, town.office)
    assert town.connector.read_retours == ["7"]


# 9. one worker per remote account, a breaker on class « auth »


def test_rule_9_an_account_sends_one_flow_at_a_time(tmp_path: Path) -> None:
    opened = Store.open(
        f"sqlite:///{tmp_path / 'demat.db'}",
        tmp_path / "documents",
        FixedClock(START),
        pace=Pace(),
    )
    for siren in (EXEMPLE, EXEMPLE, VOISINE):
        make_packed(opened, collectivite=siren)
    lease = timedelta(minutes=5)
    taken = [opened.claim(f"worker-{rank}", lease=lease) for rank in range(3)]
    owners = [claim.transmission.collectivite for claim in taken if claim is not None]
    assert sorted(owners) == [EXEMPLE, VOISINE]
    opened.close()


def test_rule_9_a_refused_account_is_left_alone(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    town.connector.fail_next("deposit", AUTHENTICATION)
    transmit_due(town.office)
    assert len(town.flows()) == 2
    assert len(town.connector.shipments) == 1
    assert [pause.collectivite for pause in town.store.pauses()] == [town.authority.siren]


# 10 and 11. the bytes of the AR for ever; three dates that are not the same


def test_rules_10_and_11_the_ar_is_kept_as_it_came_and_three_dates_are_told_apart(
    town: Town,
) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    content = b'<?xml version="1.0" encoding="windows-1252"?>\n' + ar(flow, day="2026-11-24")
    town.answer(flow, content)
    town.clock.instant = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
    collect_all(town.authority, town.office)
    (receipt,) = town.store.receipts(1)
    assert town.store.documents.get(receipt.sha256) == content
    decided, received = date.fromisoformat(str(flow.facts["date"])), receipt.message_date
    assert received == date(2026, 11, 24)  # DateReception: starts the délai de déféré
    assert receipt.received_at == town.clock.instant  # when we heard of it
    assert len({decided, received, receipt.received_at.date()}) == 3


def test_nothing_of_a_question_is_lost_when_the_line_is_cut(connector, server):
    """Every read may be asked again (§9.1)."""
    server.on(STATUS, http(b"OK", "503 Service Unavailable"), http(b"OK\n3\n"))
    with pytest.raises(Unreachable):
        connector.status(Flux.ACTES, "1")
    assert connector.status(Flux.ACTES, "1").code == "3"


def test_a_pes_posted_again_is_the_same_to_the_last_byte(connector, server, pes):
    """§9.3: the key is the digest of the bytes."""
    server.on(IMPORT, imported("OK", "réussi", "881"))
    for _ in range(2):
        connector.deposit(pes)
    first, second = (one for one in server.requests if one.path == IMPORT)
    assert first.files("enveloppe") == second.files("enveloppe")
