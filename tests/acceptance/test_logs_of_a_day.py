"""A whole day with everything said (``--verbose``): the logs tell what happened, and of nobody.

Each thing that may hold personal data holds a word that no program would write by itself; the day
goes through what works, what is returned, what is refused and what the line loses.
"""

import json
from collections.abc import Iterator

import pytest

from demat.clock import SystemClock
from demat.sandbox.records import Kind
from tests.acceptance.bad_input import PDF, PES, TITRES, changed, csv, locked_pdf, old_doc
from tests.acceptance.conftest import Mairie, Result
from tests.acceptance.test_exchange import exchange_table, gateway_of

WORD = "SENTINELLE"
"""In every name, address, objet, reason and message of the day."""
HEAD = "numero;date;nature;matiere;objet;fichier"
ACTS = csv(
    HEAD,
    f"2026_090;08/10/2026;DE;3.2;Tarifs de la salle {WORD};{WORD}-acte.pdf",
    f"2026_091;08/10/2026;DE;3.2;Secours à Mme {WORD};{WORD}-acte.pdf",
)
BAD_ACTS = csv(
    HEAD,
    f"n° {WORD};08/10/2026;{WORD};99.9;Arrêté {WORD};{WORD}-absent.pdf",
    f"2026_093;{WORD};DE;3.2;;{WORD}-protege.pdf",
)
GOOD_TITRES = changed(TITRES, "ARDOISIER;LUCILE", f"{WORD};LUCILE {WORD}").replace(
    b"CANTINE SCOLAIRE", f"CANTINE {WORD}".encode()
)
OTHER_TITRES = GOOD_TITRES.replace(b"2026;12;", b"2026;13;").replace(b";41", b";51")
BAD_TITRES = changed(changed(GOOD_TITRES, "12/10/2026", f"le {WORD}"), "86,40", f"x{WORD}")
RETOUR = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<n:PES_Retour xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour">
<Nom V="{WORD}"/></n:PES_Retour>"""


@pytest.fixture
def town(mairie: Mairie) -> Mairie:
    """Return a mairie whose agents, signatory and account bear the word too."""
    mairie.edit(
        'adresses_retour = ["retour@tdt-fictif.fr"]',
        f'adresses_retour = ["{WORD}@tdt-fictif.fr"]\nreferent_nom = "Mme {WORD}"\n'
        f'referent_telephone = "01 02 03 04 05"\nreferent_email = "{WORD}@tdt-fictif.fr"',
    )
    mairie.edit('nom = "Camille Dupré"', f'nom = "Camille {WORD}"')
    mairie.edit('signataire = "Camille Dupré"', f'signataire = "Camille {WORD}"')
    return mairie


def _night(mairie: Mairie) -> Result:
    return mairie.demat("nightly", "--json", "--verbose")


def _day(town: Mairie) -> Iterator[Result]:
    town.write(f"Mme {WORD}.pdf", PDF)
    town.write(f"seance {WORD}/actes.csv", ACTS)
    town.write(f"seance {WORD}/{WORD}-acte.pdf", PDF)
    town.write(f"titres {WORD}.csv", GOOD_TITRES)
    town.write(f"{WORD}.doc", old_doc())
    town.write(f"vide {WORD}.csv", b"")
    town.write(f"mauvais {WORD}.csv", BAD_TITRES)
    town.write(f"refus {WORD}/actes.csv", BAD_ACTS)
    town.write(f"refus {WORD}/{WORD}-protege.pdf", locked_pdf())
    town.sandbox.fault("helios_importer", kind="close", when="after")
    yield _night(town)
    town.sandbox.fault("actes_transac_get_status", kind="html200", count=2)
    town.write(f"encore {WORD}.csv", OTHER_TITRES)
    yield _night(town)
    town.advance(60)
    town.sandbox.send_letter("2026_090", "3", f"Pièces sur Mme {WORD}")
    town.sandbox.send_pes_retour(f"PES2R_{WORD}.xml", RETOUR.encode("latin-1"))
    town.write(f"acquit {WORD}.xml", f"<PES_ACQUIT><NomFic V='{WORD}'/></PES_ACQUIT>".encode())
    town.sandbox.fault("retour|courrier", kind="503")
    yield _night(town)
    yield _night(town)
    town.secret("client", WORD)
    yield _night(town)


def _day_of_exchange(town: Mairie) -> Iterator[Result]:
    """The same by folders, where what others lay bears names that they choose."""
    gateway = gateway_of(town)
    exchange_table(town, "tdt", f'url = "file://{gateway.base}"')
    gateway.send_classification(SystemClock().now())
    yield _night(town)
    town.write(f"seance {WORD}/actes.csv", ACTS)
    town.write(f"seance {WORD}/{WORD}-acte.pdf", PDF)
    town.write(f"flux {WORD}.xml", changed(PES, "20261022-D0032", WORD))
    yield _night(town)
    (acte, *_) = (flow["key"] for flow in town.flows())
    gateway.take()
    gateway.answer(SystemClock().now())
    gateway.send_letter(Kind.DEMANDE_PIECES, acte, SystemClock().now())
    gateway.lay(f"PES2R_{WORD}.xml", RETOUR.encode("latin-1"))
    gateway.lay(f"Mme {WORD}.pdf", PDF)  # no name of a gateway
    gateway.lay(f"{WORD}.xml", f"<{WORD}>Mme {WORD}</{WORD}>".encode())  # nothing that we know
    gateway.lay(f"{WORD}-ACK.xml", f"<PES_ACQUIT>{WORD}".encode())  # cut
    (gateway.sortie / f"dossier-{WORD}.xml").mkdir()
    yield _night(town)
    yield _night(town)


EVENTS = (
    *("received", "returned", "packed 2 ", "deposited", "classification of 2", "exchange"),
    *("step failed: CON-CLIENT_KEY", "status not known: CON-HTML", "run done"),
)


@pytest.mark.parametrize("form", ["texte", "json"])
def test_the_logs_of_a_day_name_nobody(town: Mairie, form: str) -> None:
    town.edit("[[collectivites]]", f'[supervision]\njournaux = "{form}"\n\n[[collectivites]]')
    log = "".join(night.stderr for night in _day(town))
    for event in EVENTS:
        assert event in log, (event, log)
    for line in log.splitlines() if form == "json" else ():
        assert {"at", "level", "logger", "message"} <= json.loads(line).keys()
    assert [flow["delivery"] for flow in town.flows()] == ["deposited"] * 2 + [
        "suspended",
        "deposited",
    ]
    assert len(town.returned()) == 4
    assert WORD.casefold() not in log.casefold()


def test_the_logs_of_a_day_of_folder_exchange_name_nobody(town: Mairie) -> None:
    log = "".join(night.stderr for night in _day_of_exchange(town))
    for event in ("laid", "deposited", "left alone", "run done"):
        assert event in log, (event, log)
    etats = [flow["etat"] for flow in town.flows()]
    assert etats == ["acquitte"] * 3 + ["prepare"]  # the receipt of the letter comes last
    assert WORD.casefold() not in log.casefold()
