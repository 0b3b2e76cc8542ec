"""A budget on its way: rule 45 asks the schema, and what leaves is what TotEM sealed."""

from dataclasses import replace
from pathlib import Path

import pytest

from demat.actes.archive import unpack
from demat.actes.scellement import EtatScellement, verify_scellement
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, Noeud, budget_xml
from tests.unit.actes.factories import pdf_bytes
from tests.unit.engine.conftest import Town

ROW = "BP_2026;26/03/2026;;;Budget primitif 2026;budget.xml;delib.pdf"


def codes(deposit: DepositView) -> list[str]:
    """Return the codes found, but for the deeper matière that this préfecture would like."""
    return [code for code in deposit.faults.codes if code != "ACT-024"]


def hand_in(town: Town, folder: Path, content: bytes, row: str = ROW) -> DepositView:
    folder.mkdir()
    (folder / "budget.xml").write_bytes(content)
    (folder / "delib.pdf").write_bytes(pdf_bytes())
    lines = ("numero;date;nature;matiere;objet;fichier;annexes", row)
    (folder / "actes.csv").write_text("\r\n".join(lines), encoding="utf-8")
    return town.hand_in(folder)


def test_a_sealed_budget_leaves_as_it_was_sealed(town: Town, tmp_path: Path) -> None:
    content = budget_xml()
    deposit = hand_in(town, tmp_path / "b", content)
    assert (deposit.state, codes(deposit)) == (DepositState.PACKED, [])
    (flow,) = town.flows()
    members = unpack(town.store.documents.get(flow.sha256))
    (name,) = (name for name in members if name.startswith("99_BU-") and name.endswith("_1.xml"))
    assert members[name] == content
    assert verify_scellement(members[name]).etat is EtatScellement.INTACT
    assert [name[:5] for name in members if name.endswith(".pdf")] == ["70_DE"]
    assert (flow.facts["nature"], flow.facts["matiere"]) == (5, "7.1")


def test_a_cfu_leaves_with_a_warning(town: Town, tmp_path: Path) -> None:
    row = ROW.replace("Budget primitif 2026", "Compte financier unique 2025")
    deposit = hand_in(town, tmp_path / "b", budget_xml(FINANCIER), row)
    assert (deposit.state, codes(deposit)) == (DepositState.PACKED, ["ACT-BUDGET_CFU"])
    assert not deposit.faults.blocking


def test_a_sealed_budget_that_the_schema_refuses_goes_back(town: Town, tmp_path: Path) -> None:
    content = budget_xml(replace(PRIMITIF, exercice="26", extra=(Noeud("Inconnu"),)))
    deposit = hand_in(town, tmp_path / "b", content)
    assert deposit.state is DepositState.RETURNED
    assert codes(deposit) == ["ACT-045_SCHEMA", "XSD-VALUE", "XSD-UNEXPECTED_ELEMENT"]
    assert {fault.source for fault in deposit.faults.blocking} == {"budget.xml"}
    assert town.flows() == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (budget_xml(sealed=False), "ACT-046"),
        (budget_xml().replace(b'"42000.00"', b'"42000.01"'), "ACT-047"),
        (budget_xml(replace(PRIMITIF, siret="21990123800010")), "ACT-048"),
        (b"<?xml version='1.0'?><DocumentBudgetaire/>", "ACT-045"),
    ],
)
def test_a_bad_budget_goes_back_and_nothing_is_lost(
    town: Town, tmp_path: Path, content: bytes, code: str
) -> None:
    deposit = hand_in(town, tmp_path / "b", content)
    assert (deposit.state, deposit.faults.blocking.codes[0]) == (DepositState.RETURNED, code)
    kept = {file.name: town.store.documents.get(file.sha256) for file in deposit.files}
    assert kept["budget.xml"] == content


def test_a_doubt_of_rule_49_lets_it_leave(town: Town, tmp_path: Path) -> None:
    deposit = hand_in(town, tmp_path / "b", budget_xml(MODIFICATIVE))
    assert (deposit.state, codes(deposit)) == (DepositState.PACKED, ["ACT-049"])
