"""PES files ready to be signed: names, totals, keys, ready-made files left as they are."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from demat.helios.read import read_pes
from demat.queue.states import DepositState
from demat.xmlio import parse_untrusted
from tests.unit.engine.conftest import FIXTURES, SIRET, Town, codes, sign_now, titre, titres


def drop(town: Town, name: str, *rows: str) -> None:
    town.write(name, titres(*rows))
    town.intake()


def test_one_file_per_budget(town: Town) -> None:
    drop(town, "titres.csv", titre(417, 12), titre(31, 3, budget="02"))
    names = [f"PESALR2_{SIRET}_261123_00{n}" for n in (1, 2)]
    assert [flow.key for flow in town.flows()] == names
    assert [flow.facts["budget"] for flow in town.flows()] == ["045/00", "045/02"]
    assert [flow.file_name for flow in town.flows()] == [f"{name}.xml" for name in names]


def test_names_start_again_each_day(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    town.clock.instant += timedelta(days=1)
    drop(town, "b.csv", titre(418, 13))
    assert [flow.key for flow in town.flows()] == [
        f"PESALR2_{SIRET}_261123_001",
        f"PESALR2_{SIRET}_261124_001",
    ]


def test_the_facts_that_later_steps_need(town: Town) -> None:
    drop(town, "titres.csv", titre(417, 12), titre(418, 12, montant="43,20"))
    (bordereau,) = town.flow(1).facts["bordereaux"]
    assert bordereau == {
        "domaine": "recette",
        "exercice": 2026,
        "numero": 12,
        "typ_bord": "01",
        "pieces": 2,
        "montant_ht": "129.60",
        "key": "recette/00/2026/01/12",
    }


def test_a_bordereau_is_sent_once(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    drop(town, "b.csv", titre(417, 12))
    second = town.store.deposits()[-1]
    assert second.state is DepositState.RETURNED
    assert all(code.startswith("PES-") for code in codes(second))
    assert len(town.flows()) == 1


def cumuls(town: Town, number: int) -> list[str]:
    root = parse_untrusted(town.store.documents.get(town.flow(number).sha256))
    return [node.get("V") or "" for node in root.iter("MtCumulAnnuel")]


def test_the_yearly_total_goes_on_per_budget(seal: Callable[..., Town]) -> None:
    town = seal()
    drop(town, "a.csv", titre(417, 12), titre(418, 13, montant="0,10"))
    drop(town, "b.csv", titre(31, 3, montant="1,00", budget="02"))
    drop(town, "c.csv", titre(419, 14, montant="0,20"))
    assert [cumuls(town, n) for n in (1, 2, 3)] == [["86.40", "86.50"], ["1.00"], ["86.70"]]


def test_without_signature_there_is_no_yearly_total(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    assert cumuls(town, 1) == []
    assert not read_pes(town.store.documents.get(town.flow(1).sha256)).dematerialise


def test_a_ready_made_file_travels_as_it_is_but_for_the_id_that_a_signature_needs(
    town: Town,
) -> None:
    town.fixture("compta-D0032.xml")
    original = (FIXTURES / "compta-D0032.xml").read_bytes()
    sent = town.store.documents.get(town.flow(1).sha256)
    assert sent.replace(b' Id="BRD2026D0032"', b"", 1) == original
    assert town.flow(1).file_name == "SAINTEX-20261022-D0032.xml"


def test_a_ready_made_file_is_not_sent_twice(town: Town) -> None:
    town.fixture("compta-D0032.xml")
    again = town.fixture("compta-D0032.xml")
    assert again.state is DepositState.RETURNED
    assert len(town.flows()) == 1


@pytest.mark.parametrize(
    ("before", "after", "family"),
    [
        (b'<IdBord V="32"/>', b"", "XSD-"),
        (b"</n:PES_Aller>", b"", "XML-"),
        (b'CodCol V="045"', b'CodCol V="046"', "PES-"),
    ],
)
def test_a_wrong_ready_made_file_goes_back(
    town: Town, before: bytes, after: bytes, family: str
) -> None:
    content = (FIXTURES / "compta-D0032.xml").read_bytes()
    assert before in content
    town.write("compta.xml", content.replace(before, after))
    town.intake()
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.RETURNED
    assert {code[:4] for code in deposit.faults.blocking.codes} == {family}
    assert {fault.source for fault in deposit.faults} == {"compta.xml"}
    assert town.flows() == ()


def test_a_name_that_was_kept_is_used_again(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False)
    waiting = town.fixture("titres-cantine.csv")
    assert waiting.detail["noms_fic"] == f"PESALR2_{SIRET}_261123_001"
    town.clock.instant += timedelta(days=2)
    sign_now(town, waiting)
    assert town.flow(1).key == f"PESALR2_{SIRET}_261123_001"
