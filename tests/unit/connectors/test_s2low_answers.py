"""Reading what S²LOW answers (connectors dossier §1.3, §1.4.1, §1.5, §1.9)."""

import json

import pytest

from demat.connectors.s2low_answers import (
    ListedActe,
    Ok,
    Unreadable,
    is_acquit,
    is_login_page,
    is_login_path,
    is_xml_document,
    parse_import,
    parse_list,
    parse_reference,
    parse_verdict,
)
from demat.connectors.s2low_ko import Ko, KoKind, classify_ko
from demat.connectors.s2low_status import parse_acte_status, parse_helios_status
from tests.unit.connectors.test_s2low_status import AR

PAGE = b"<!DOCTYPE html><html><body>Maintenance</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        b"KO\nrefus",
        b"KO\r\nrefus\r\n",
        b"KO : refus",
        b"\xef\xbb\xbfKO\nrefus",
        b" KO\n\nrefus",
    ],
)
def test_ko_may_be_written_in_several_ways(body):
    assert parse_verdict(body) == Ko(code="CON-KO", kind=KoKind.PERMANENT, message="refus")


def test_ko_may_be_all_there_is():
    assert parse_verdict(b"KO") == classify_ko("")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "CON-EMPTY_ANSWER"),
        (b" \r\n", "CON-EMPTY_ANSWER"),
        (PAGE, "CON-HTML_PAGE"),
        (b"\n <HTML><head>", "CON-HTML_PAGE"),
        (b"<br />\n<b>Warning</b>: PHP\nOK\n12\n", "CON-HTML_PAGE"),
        (b"OKAY\n12\n", "CON-UNREADABLE_ANSWER"),
        (b"\x00\x01", "CON-UNREADABLE_ANSWER"),
    ],
)
def test_answers_that_say_nothing(body, code):
    for parse in (parse_verdict, parse_acte_status, parse_import, parse_helios_status, parse_list):
        with pytest.raises(Unreadable) as caught:
            parse(body)
        assert caught.value.faults.codes == (code,)


@pytest.mark.parametrize(
    "body", [b"OK\n4711\n", b"OK\r\n 4711 \r\n\r\n\r\n", b"\xef\xbb\xbfOK\n4711\n"]
)
def test_reference(body):
    assert parse_reference(body) == "4711"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"OK\n47", "CON-TRUNCATED_ANSWER"),  # perhaps 4711
        (b"OK\n", "CON-UNREADABLE_ANSWER"),
        (b"OK", "CON-UNREADABLE_ANSWER"),
        (b"OK\nabc\n", "CON-UNREADABLE_ANSWER"),
        (b"OK\n-1\n", "CON-UNREADABLE_ANSWER"),
        ("OK\n٤٧\n".encode(), "CON-UNREADABLE_ANSWER"),
    ],
)
def test_reference_must_be_a_whole_number(body, code):
    with pytest.raises(Unreadable) as caught:
        parse_reference(body)
    assert caught.value.faults.codes == (code,)


def test_helios_without_authentication_is_plain_text():
    for parse in (parse_import, parse_helios_status):
        found = parse(b"KO\n\xc9chec de l'authentification")
        assert isinstance(found, Ko)
        assert found.kind is KoKind.AUTHENTICATION


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<import><id>881</id><resultat>OK</resultat><message>réussi</message></import>",
            "881",
        ),
        (
            '<?xml version="1.0" encoding="UTF-8"?><import><resultat>KO</resultat>'
            "<message>Le fichier est un doublon détecté</message></import>",
            Ko(
                code="CON-DUPLICATE_PES",
                kind=KoKind.DUPLICATE,
                message="Le fichier est un doublon détecté",
            ),
        ),
    ],
)
def test_import(body, expected):
    assert parse_import(body.encode()) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<import><id>881</id><resultat>OK</resul", "CON-TRUNCATED_ANSWER"),
        (b"<import><id></id><resultat>OK</resultat></import>", "CON-UNREADABLE_ANSWER"),
        (b"<autre/>", "CON-UNREADABLE_ANSWER"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><import>&b;</import>', "CON-UNREADABLE_ANSWER"),
    ],
)
def test_import_unreadable(body, code):
    with pytest.raises(Unreadable) as caught:
        parse_import(body)
    assert caught.value.faults.codes == (code,)


def test_list():
    line = {
        "id": "12",
        "subject": "Tarifs de l&#039;eau ",
        "number": "2026_012",
        "date": "2026-03-14 00:00:00",
        "nature_descr": "Délibérations",
        "classification": "7.10",
        "type": 1,
    }
    body = json.dumps({"status_id": "1", "transactions": [line, {"id": 13}]}).encode()
    assert parse_list(body) == (
        ListedActe(
            reference="12",
            number="2026_012",
            decision_date="2026-03-14",
            nature="Délibérations",
            subject="Tarifs de l'eau",
            kind="1",
        ),
        ListedActe(reference="13", number="", decision_date="", nature="", subject="", kind=""),
    )


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"transactions": [1]}', b"nope", b'"\xe9"'])
def test_list_unreadable(body):
    with pytest.raises(Unreadable):
        parse_list(body)


@pytest.mark.parametrize(
    ("label", "natures"),
    [
        ("Délibérations", {1}),
        ("Arrêtés réglementaires", {2}),
        ("Actes individuels", {3}),
        ("Contrats, conventions et avenants", {4}),
        ("Documents budgétaires et financiers", {5}),
        ("Autres", {6}),
        ("Libellé inconnu", {1, 2, 3, 4, 5, 6}),  # proves nothing
    ],
)
def test_nature_of_a_label(label, natures):
    listed = ListedActe(
        reference="1", number="1", decision_date="", nature=label, subject="", kind="1"
    )
    assert {code for code in range(1, 7) if listed.has_nature(code)} == natures


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("1", True), ("", True), ("Transmission", True), ("6", False), ("Annulation", False)],
)
def test_cancellations_bear_the_number_of_the_act(kind, expected):
    listed = ListedActe(
        reference="1", number="1", decision_date="", nature="", subject="", kind=kind
    )
    assert listed.is_transmission is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'<n:PES_ACQUIT xmlns:n="urn:x"/>', True),
        (b"<PES_NonAcquit/>", True),
        (b"<PES_NON_ACQUIT/>", True),
        (b"<PES_Aller/>", False),
        (b"<br />Erreur", False),
        (b"<n:PES_ACQUIT>", False),
        (b"", False),
    ],
)
def test_acquit(body, expected):
    assert is_acquit(body) is expected


def test_xml_documents():
    assert is_xml_document(AR)
    assert is_xml_document(AR, root="ARActe")
    assert not is_xml_document(AR, root="RetourClassification")
    assert not is_xml_document(b"<html></html>")
    assert not is_xml_document(AR[:-3])


def test_login_pages_and_redirects():
    assert is_login_page(b"<html><form><input name=p type='password'></form></html>")
    assert not is_login_page(PAGE)
    assert not is_login_page(b"OK\n<input type=password>")
    assert is_login_path("https://tdt.invalid/connexion-status")
    assert is_login_path("/login.php")
    assert not is_login_path("/modules/actes/index.php")
    assert not is_login_path("")


def test_ok_keeps_the_rest_as_bytes():
    assert parse_verdict(b"OK\r\n\xe9\x00") == Ok(rest=b"\xe9\x00")
