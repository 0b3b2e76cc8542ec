from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from demat.sandbox import helios_returns
from demat.sandbox.helios import ElementAck, Helios, read_pes
from demat.sandbox.scenario import Autorite
from tests.unit.sandbox.helpers import SIGNATURE, START, pes, schema

DAY = date(2026, 3, 2)
PES = read_pes(pes())
FONCTION = '<Fonction V="020"/>'


def elements(case: str) -> tuple[ElementAck, ...]:
    helios = Helios(("02",))
    content = {
        "accepted": pes(),
        "unsigned": pes(dematerialise="1"),
        "signed by mistake": pes(signature=SIGNATURE),
        "function": pes(cod_bud="02", fonction=FONCTION),
        "bad attachment": pes(contenu=b""),
    }.get(case, pes())
    if case == "again":
        helios.process(PES, Autorite())
    return helios.process(read_pes(content), Autorite())


CASES = ["accepted", "unsigned", "signed by mistake", "function", "bad attachment", "again"]


@pytest.fixture(scope="module")
def rev0(shared: Path) -> Path:
    return shared / "official" / "pes" / "5.17" / "PES_V2" / "Rev0"


@pytest.fixture(scope="module")
def v2(rev0: Path) -> etree.XMLSchema:
    return schema(rev0 / "PES_V2_Acquit_Autonome_V2.xsd")


@pytest.fixture(scope="module")
def v1(rev0: Path) -> etree.XMLSchema:
    return schema(rev0 / "PES_V2_Acquit_Autonome.xsd")


@pytest.mark.parametrize("case", CASES)
def test_acquits_are_valid_in_both_forms(
    v1: etree.XMLSchema, v2: etree.XMLSchema, case: str
) -> None:
    v2.assertValid(etree.fromstring(helios_returns.acquit_v2(PES, elements(case), DAY)))
    v1.assertValid(etree.fromstring(helios_returns.acquit_v1(PES, elements(case), DAY)))


def test_the_acquit_in_full() -> None:
    content = helios_returns.acquit_v2(PES, elements("function"), DAY)
    assert content.decode("iso-8859-1") == (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<n:PES_ACQUIT xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2">\n'
        "  <Enveloppe>\n    <Parametres>\n"
        '      <Version V="2"/>\n      <TypFic V="PESALR2"/>\n'
        '      <NomFic V="PESALR2_21990123800010_260302_001"/>\n    </Parametres>\n'
        '    <Emetteur>\n      <Sigle V="EDITEUR"/>\n      <Adresse V="LOGICIEL 1.0"/>\n'
        '    </Emetteur>\n    <Recepteur>\n      <Sigle V="HELIOS"/>\n    </Recepteur>\n'
        '  </Enveloppe>\n  <EnTetePES>\n    <DteStr V="2026-03-02"/>\n'
        '    <IdPost V="099001"/>\n    <IdColl V="21990123800010"/>\n    <CodCol V="123"/>\n'
        '    <CodBud V="00"/>\n    <LibelleColBud V="SAINT EXEMPLE"/>\n  </EnTetePES>\n'
        '  <ACQUIT>\n    <EnTeteAcquit>\n      <IdVer V="2"/>\n    </EnTeteAcquit>\n'
        '    <ElementACQUIT>\n      <DomaineAck V="4"/>\n      <EtatAck V="1"/>\n'
        '      <IdUnique V="PJ1"/>\n    </ElementACQUIT>\n'
        '    <ElementACQUIT>\n      <DomaineAck V="5"/>\n      <EtatAck V="0"/>\n'
        '      <NumBord V="31"/>\n      <ExerciceBord V="2026"/>\n      <DetailPiece>\n'
        '        <NumPiece V="204"/>\n        <DetailLigne>\n          <NumLigne V="1"/>\n'
        '          <Erreur>\n            <NumAnoAck V="ERREUR_AUTRE"/>\n'
        '            <LibelleAnoAck V="1971 - Compte fonction present a tort"/>\n'
        "          </Erreur>\n        </DetailLigne>\n      </DetailPiece>\n"
        "    </ElementACQUIT>\n  </ACQUIT>\n</n:PES_ACQUIT>\n"
    )


def test_the_old_form_is_flat() -> None:
    root = etree.fromstring(helios_returns.acquit_v1(PES, elements("function"), DAY))
    (_, refused) = root.findall("ACQUIT/ElementACQUIT")
    assert [(child.tag, child.get("V")) for child in refused] == [
        ("DomaineAck", "5"),
        ("EtatAck", "0"),
        ("ExerciceBord", "2026"),
        ("NumBord", "31"),
        ("NumPiece", "204"),
        ("NumLigne", "1"),
        ("NumAnoAck", "ERREUR_AUTRE"),
        ("LibelleAnoAck", "1971 - Compte fonction present a tort"),
    ]


def test_returns_that_say_little() -> None:
    without = etree.fromstring(helios_returns.acquit_without_block(PES, DAY))
    assert (etree.QName(without).localname, without.find("ACQUIT")) == ("PES_ACQUIT", None)
    refused = etree.fromstring(helios_returns.non_acquit(PES, DAY))
    assert etree.QName(refused).localname == "PES_NonAcquit"


def test_the_name_carries_the_poste_and_the_paris_time() -> None:
    assert helios_returns.acquit_name("099001", START, 7) == "099001_260302100000-ACK-7.xml"
