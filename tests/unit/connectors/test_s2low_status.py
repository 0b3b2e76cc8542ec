"""Where S²LOW says a transaction is (connectors dossier §1.4.7, §1.7, §1.9.2, §1.9.5)."""

import pytest

from demat.connectors.api import RemoteProgress
from demat.connectors.s2low_answers import Unreadable
from demat.connectors.s2low_ko import Ko, KoKind
from demat.connectors.s2low_status import (
    ActeReport,
    ActeStatus,
    HeliosReport,
    HeliosStatus,
    parse_acte_status,
    parse_helios_status,
    split_document,
)

ACTES = b'xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216"'
AR = (
    b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<actes:ARActe ' + ACTES + b" "
    b'actes:DateReception="2026-03-17" actes:IDActe="099-000000000-20260314-2026_012-DE">'
    b"<actes:ActeRecu><actes:Objet>F\xeates</actes:Objet></actes:ActeRecu></actes:ARActe>"
)
ANOMALY = (
    b"<actes:AnomalieActe " + ACTES + b">"
    b"<actes:Detail>ODT-VERIF-01</actes:Detail></actes:AnomalieActe>"
)
CANCELLED = b"<actes:ARAnnulation " + ACTES + b' actes:IDActe="099-1>2"/>'


@pytest.mark.parametrize(
    ("tail", "document", "text"),
    [
        (b"", b"", ""),
        (AR, AR, ""),
        (AR + b"\n\n", AR, ""),
        (ANOMALY + b"Anomalie re\xe7ue", ANOMALY, "Anomalie reçue"),  # glued
        (b"Re\xe7u : " + ANOMALY + b" fin", ANOMALY, "Reçu :  fin"),
        (CANCELLED + b" suite", CANCELLED, "suite"),
        (b"Fichier infect\xe9 &lt;b&gt;", b"", "Fichier infecté <b>"),
        (b"<b>Attention</b>", b"", "<b>Attention</b>"),
        (
            AR.replace(b"<actes:Objet>", b""),
            b"",
            AR.replace(b"<actes:Objet>", b"").decode("latin-1"),
        ),
    ],
)
def test_status_tail_is_split_without_touching_the_document(tail, document, text):
    body = b"OK\n-1\n" + tail
    assert parse_acte_status(body) == ActeReport(code="-1", document=document, text=text)


@pytest.mark.parametrize("document", [AR, ANOMALY, b"Re\xe7u : " + ANOMALY])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.95])
def test_a_document_that_is_cut_is_not_the_words_of_a_refusal(document, share):
    """§8.1, F6: the length announced is that of the half."""
    with pytest.raises(Unreadable) as caught:
        parse_acte_status(b"OK\n-1\n" + document[: int(len(document) * share)])
    assert caught.value.faults.codes == ("CON-TRUNCATED_ANSWER",)


def test_document_declared_windows_1252_is_kept_as_bytes():
    document = AR.replace(b"ISO-8859-1", b"windows-1252").replace(b"F\xeates", b"\x80uros")
    assert split_document(document) == (document, b"")


@pytest.mark.parametrize("body", [b"OK", b"OK\n", b"OK\nquatre\n", b"OK\n<?xml"])
def test_status_needs_a_number(body):
    with pytest.raises(Unreadable):
        parse_acte_status(body)


ACTE_PROGRESS = {
    "error": {-1, 10},
    "cancelled": {0},
    "pending": {1, 2, 999},
    "transmitted": {3, 9},
    # an act handed to the archive before the first poll has its AR all the same
    "answered": {4, 5, 11, 12, 13, 14, 15, 16, 19, 20, 22},
    "waiting_for_person": {17, 18},
    # 7, 8 and 21 are those of a letter: nothing that we sent is ever there
    "unrecognised": {6, 7, 8, 21},
}


@pytest.mark.parametrize("status", [*ActeStatus, 23, 1000, -2])
def test_progress_of_each_acte_status(status):
    report = parse_acte_status(f"OK\n{int(status)}\n".encode())
    assert isinstance(report, ActeReport)
    expected = [name for name, members in ACTE_PROGRESS.items() if status in members]
    assert [report.progress] == [RemoteProgress(name) for name in expected or ["unrecognised"]]


HELIOS_PROGRESS = {
    "error": {-1},
    "cancelled": {0},
    "pending": {1, 2},
    "transmitted": {3, 7},
    "answered": {4, 6, 8},
    "waiting_for_person": {13, 14},
    "unrecognised": {5, 9, 10, 11, 19, 20, 21, 22, 24},
}


@pytest.mark.parametrize("status", [*HeliosStatus, 12, 99])
def test_progress_of_each_helios_status(status):
    report = parse_helios_status(_helios(int(status)))
    assert isinstance(report, HeliosReport)
    expected = [name for name, members in HELIOS_PROGRESS.items() if status in members]
    assert [report.progress] == [RemoteProgress(name) for name in expected or ["unrecognised"]]
    assert report.after_answer == (status in {9, 10, 11, 19, 20, 21})


def _helios(status: object, resultat: str = "OK", message: str = "Transmis \xe0 la DGFiP") -> bytes:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<transaction ><id>12</id>'
        f"<resultat>{resultat}</resultat><message>{message}</message><status>{status}</status>"
        "</transaction >"
    )
    return text.encode("latin-1")


def test_helios_status_keeps_the_words():
    assert parse_helios_status(_helios(3)) == HeliosReport(code="3", text="Transmis à la DGFiP")


def test_helios_status_refused():
    found = parse_helios_status(_helios("", "KO", "Num\xe9ro de transaction invalide"))
    assert isinstance(found, Ko)
    assert found.kind is KoKind.UNKNOWN_REFERENCE


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("-1", "Le fichier PES_1 (CodCol 045) existe d\xe9j\xe0 sur la plateforme", True),
        ("-1", "Le fichier est vide", False),
        ("3", "existe d\xe9j\xe0 sur la plateforme", False),
    ],
)
def test_an_earlier_copy_is_recognised(code, words, expected):
    """§9.3, §1.9.7: the asynchronous check of NomFic and CodCol."""
    body = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<transaction ><id>12</id>'
        f"<resultat>OK</resultat><message>{words}</message><status>{code}</status></transaction>"
    ).encode("latin-1")
    report = parse_helios_status(body)
    assert isinstance(report, HeliosReport)
    assert report.earlier_copy is expected
