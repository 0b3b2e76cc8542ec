"""The seal of a budget (actes dossier §7.3): the dossier's vector, and every way to break it."""

from dataclasses import replace

import pytest

from demat.actes.scellement import EtatScellement, Scellement, digests, verify_scellement
from demat.faults import FaultError
from demat.xmlio import parse_untrusted
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, Ligne, budget_xml

VECTOR = """<?xml version="1.0" encoding="ISO-8859-1"?>
<DocumentBudgetaire xmlns="http://www.minefi.gouv.fr/cp/demat/docbudgetaire" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
   <VersionOutil outil="DSC_COMMON" version="30"/>
   <VersionOutil outil="REMAT" version="2"/>
   <Scellement md5="F2399A66ED597A15582974DCE227B996" \
sha1="2DC409F448CD58D58E91CE6B153DE6C32696A71A" date="2024-04-02T10:15:00"/>
   <EnTeteDocBudgetaire>
      <LibelleColl V="SAINT-EXEMPLE-LÈS-FICTION"/>
      <IdColl V="00000000000000"/>
   </EnTeteDocBudgetaire>
</DocumentBudgetaire>
""".encode("iso-8859-1")
"""Test vector of §7.3."""
INTACT, ALTERED, ABSENT = EtatScellement.INTACT, EtatScellement.ALTERED, EtatScellement.ABSENT


def etat(content: bytes) -> EtatScellement:
    return verify_scellement(content).etat


def changed(old: bytes, new: bytes, content: bytes = VECTOR) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


def test_the_vector_of_the_dossier_is_intact() -> None:
    assert len(VECTOR) == 562
    assert verify_scellement(VECTOR) == Scellement(etat=INTACT, date="2024-04-02T10:15:00")


@pytest.mark.parametrize(
    "content",
    [
        VECTOR.replace(b"\n", b"\r\n"),
        VECTOR.decode("iso-8859-1").replace("ISO-8859-1", "UTF-8").encode(),
        changed(b"F2399A66ED597A15582974DCE227B996", b"f2399a66ed597a15582974dce227b996"),
        changed(b'outil="REMAT" version="2"', b"version='2'  outil='REMAT'"),
        changed(b"</EnTeteDocBudgetaire>", b"<!-- vu --></EnTeteDocBudgetaire>"),
        changed(b'<IdColl V="00000000000000"/>', b'<IdColl V="00000000000000"></IdColl>'),
    ],
    ids=["CRLF", "UTF-8", "case", "spelling", "comment", "empty element"],
)
def test_what_the_canonical_form_does_not_see_is_no_alteration(content: bytes) -> None:
    assert etat(content) is INTACT


@pytest.mark.parametrize(
    "content",
    [
        changed(b"FICTION", b"FACTION"),
        changed(b'V="00000000000000"', b'V="00000000000001"'),
        changed(b'   <IdColl V="00000000000000"/>\n', b""),
        changed(b"      <IdColl", b"     <IdColl"),
        changed(b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', b""),
        changed(b"</EnTeteDocBudgetaire>", b"<?vu oui?></EnTeteDocBudgetaire>"),
        changed(b'10:15:00"/>', b'10:15:00"/>texte'),
        changed(b'10:15:00"/>', b'10:15:00"/><X/>'),
        changed(b"F2399A66", b"F2399A67"),
        changed(b"2DC409F4", b"2DC409F5"),
        changed(b'md5="F2399A66ED597A15582974DCE227B996" ', b""),
        changed(b"<EnTeteDoc", b'<Scellement date="2024-04-02T10:15:00"/><EnTeteDoc'),
        changed(b"<EnTeteDocB", b'<x:a xmlns:x="relative"/><EnTeteDocB'),
    ],
    ids=[
        *("value", "digit", "element", "indentation", "unused namespace", "instruction"),
        *("text after the seal", "element after the seal", "md5", "sha1", "no md5"),
        *("second seal", "no canonical form"),
    ],
)
def test_any_change_is_an_alteration(content: bytes) -> None:
    assert etat(content) is ALTERED


@pytest.mark.parametrize("inside", [b"<IdColl V='9'/>", b"texte", b"<!-- vu --><X/>"])
def test_a_seal_holds_nothing(inside: bytes) -> None:
    """What lies inside the seal is taken out with it: no digest would cover it."""
    closed = b'date="2024-04-02T10:15:00"></Scellement>'
    empty = changed(b'date="2024-04-02T10:15:00"/>', closed)
    assert etat(empty) is INTACT
    assert etat(changed(b"></Scellement>", b">" + inside + b"</Scellement>", empty)) is ALTERED


def test_a_document_out_of_measure_is_not_computed() -> None:
    many = " ".join(f'a{rank}=""' for rank in range(1001)).encode()
    with pytest.raises(FaultError, match="XML-EXCESS"):
        verify_scellement(changed(b"<EnTeteDocBudgetaire>", b"<EnTeteDocBudgetaire " + many + b">"))


def test_a_seal_that_was_taken_away_is_absent() -> None:
    start, stop = VECTOR.index(b"<Scellement"), VECTOR.index(b"<EnTete")
    assert verify_scellement(VECTOR[:start] + VECTOR[stop:]) == Scellement(etat=ABSENT)


def test_a_seal_that_covers_another_one_is_no_seal() -> None:
    """Only one seal is admitted, even when the digests of the first are right."""
    twice = changed(b"<EnTeteDoc", b'<Scellement date="2024-04-02T10:15:00"/><EnTeteDoc')
    md5, sha1 = digests(parse_untrusted(twice))
    forged = changed(b"F2399A66ED597A15582974DCE227B996", md5.encode(), twice)
    forged = changed(b"2DC409F448CD58D58E91CE6B153DE6C32696A71A", sha1.encode(), forged)
    assert etat(forged) is ALTERED


def test_a_seal_elsewhere_in_the_document_is_no_seal() -> None:
    start, stop = VECTOR.index(b"<Scellement"), VECTOR.index(b"<EnTete")
    seal = VECTOR[start:stop]
    moved = (VECTOR[:start] + VECTOR[stop:]).replace(b"<IdColl", seal + b"<IdColl")
    assert etat(moved) is ABSENT


def test_the_date_is_told_as_it_is_written() -> None:
    zoned = changed(b"10:15:00", b"10:15:00.123+01:00")
    assert verify_scellement(zoned) == Scellement(etat=INTACT, date="2024-04-02T10:15:00.123+01:00")


@pytest.mark.parametrize(
    "budget",
    [
        PRIMITIF,
        MODIFICATIVE,
        FINANCIER,
        replace(
            PRIMITIF,
            libelle='A & B <C> "D" Œuvre',
            lignes=(Ligne(sens="R", nature="7067", prev="1"),),
        ),
    ],
    ids=["BP", "DM", "CFU", "escapes"],
)
def test_budgets_sealed_by_another_writer_are_intact(budget: object) -> None:
    content = budget_xml(budget)  # type: ignore[arg-type]  # the parameters are budgets
    assert etat(content) is INTACT
    assert etat(changed(b"SAINT-EXEMPLE", b"SAINT-EXEMPTE", content)) is ALTERED
    assert etat(budget_xml(budget, sealed=False)) is ABSENT  # type: ignore[arg-type]  # as above


def test_the_seal_of_a_cfu_covers_the_accounts_too() -> None:
    content = budget_xml(FINANCIER)
    assert etat(changed(b'<NumOrdre V="1"/>', b'<NumOrdre V="2"/>', content)) is ALTERED


def test_the_digests_are_those_of_the_document_without_its_seal() -> None:
    assert digests(parse_untrusted(VECTOR)) == (
        "F2399A66ED597A15582974DCE227B996",
        "2DC409F448CD58D58E91CE6B153DE6C32696A71A",
    )


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>
<DocumentBudgetaire xmlns="http://www.minefi.gouv.fr/cp/demat/docbudgetaire">&b;</DocumentBudgetaire>"""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "XML-EMPTY"),
        (VECTOR[:-30], "XML-SYNTAX"),
        (BOMB, "XML-DTD"),
        (b"<PES_Aller/>", "ACT-BUDGET_ROOT"),
        (b"<DocumentBudgetaire/>", "ACT-BUDGET_ROOT"),
        (changed(b"docbudgetaire", b"autre"), "ACT-BUDGET_ROOT"),
        (b'<c:CompteFinancierUnique xmlns:c="http://www.minefi.gouv.fr/cp/demat/doccfu"/>',
         "ACT-BUDGET_ROOT"),
    ],
)  # fmt: skip
def test_what_is_no_budget_cannot_be_verified(content: bytes, code: str) -> None:
    with pytest.raises(FaultError) as error:
        verify_scellement(content)
    assert error.value.faults.codes == (code,)


def test_a_cfu_with_two_budgets_is_refused() -> None:
    content = budget_xml(FINANCIER)
    start = content.index(b"<DocumentBudgetaire")
    stop = content.index(b"</DocumentBudgetaire>") + len(b"</DocumentBudgetaire>")
    with pytest.raises(FaultError) as error:
        verify_scellement(content[:stop] + content[start:stop] + content[stop:])
    assert error.value.faults.codes == ("ACT-BUDGET_ROOT",)
