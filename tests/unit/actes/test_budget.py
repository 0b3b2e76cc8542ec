"""A budget read as values: header, lines, totals, balance."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from demat.actes.budget import (
    EnteteBudget,
    LigneBudget,
    Totaux,
    etape_of,
    is_execution,
    read_entete,
    read_lignes,
)
from demat.actes.chapitres import Section, libelle_chapitre, section_of_chapitre
from demat.faults import Fault, FaultError, Severity
from fixtures.budget import FINANCIER, LIGNES, MODIFICATIVE, PRIMITIF, Budget, Ligne, budget_xml

FONCTIONNEMENT, INVESTISSEMENT = Section.FONCTIONNEMENT, Section.INVESTISSEMENT
INCONNUE = Section.INCONNUE


def entete(content: bytes) -> EnteteBudget:
    return read_entete(io.BytesIO(content))


def read(content: bytes, faults: list[Fault] | None = None) -> tuple[Totaux, list[LigneBudget]]:
    totaux, lignes = Totaux(), []
    for one in read_lignes(io.BytesIO(content), [] if faults is None else faults):
        if isinstance(one, EnteteBudget):
            totaux = Totaux(execution=is_execution(one))
        else:
            totaux.add(one)
            lignes.append(one)
    return totaux, lignes


def with_lignes(*lignes: Ligne, budget: Budget = PRIMITIF) -> bytes:
    return budget_xml(replace(budget, lignes=lignes))


def test_the_header_of_a_budget_primitif() -> None:
    assert entete(budget_xml()) == EnteteBudget(
        racine="DocumentBudgetaire",
        siret="00000000000000",
        collectivite="SAINT-EXEMPLE-LÈS-FICTION",
        poste="SGC DE CLAIRVALLON",
        id_poste="099012",
        departement="099",
        libelle="SAINT-EXEMPLE-LÈS-FICTION",
        id_etab="00000000000000",
        cod_coll="045",
        cod_bud="00",
        nomenclature="M57-M57_A",
        nat_dec="01",
        num_dec="",
        exercice=2026,
        date_decision=date(2026, 3, 26),
        cod_typ_bud="P",
    )


def test_the_header_of_an_annexe_names_its_principal() -> None:
    found = entete(budget_xml(MODIFICATIVE))
    assert (found.annexe, found.libelle, found.principal) == (
        True,
        "EAU",
        "SAINT-EXEMPLE-LÈS-FICTION",
    )
    assert (etape_of(found), is_execution(found)) == ("décision modificative n° 2", False)


def test_the_header_of_a_cfu_is_that_of_its_budget() -> None:
    found = entete(budget_xml(FINANCIER))
    assert (found.cfu, found.siren, found.exercice) == (True, "000000000", 2025)
    assert (etape_of(found), is_execution(found)) == ("compte financier unique", True)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"exercice": "2026Z"}, "exercice", 2026),
        ({"exercice": "26"}, "exercice", None),
        ({"date_decision": "2026-03-26+01:00"}, "date_decision", date(2026, 3, 26)),
        ({"date_decision": "26/03/2026"}, "date_decision", None),
        ({"projet": "1"}, "projet", True),
        ({"projet": "false"}, "projet", False),
        ({"siret": ""}, "siren", ""),
    ],
)
def test_the_header_is_read_leniently(changes: dict[str, str], field: str, value: object) -> None:
    assert getattr(entete(budget_xml(replace(PRIMITIF, **changes))), field) == value  # type: ignore[arg-type]  # the field names are the test's


def test_the_siren_comes_from_the_budget_when_the_header_has_none() -> None:
    content = budget_xml().replace(b'<IdColl V="00000000000000"/>', b"")
    assert (entete(content).siret, entete(content).siren) == ("", "000000000")


def test_the_header_stops_at_the_first_line() -> None:
    content = budget_xml()
    head = content[: content.index(b"</LigneBudget>") + 14]
    assert entete(head + b"<x" * 10) == entete(content)
    with pytest.raises(FaultError):
        read(head + b"<x" * 10)


@pytest.mark.parametrize(
    "content",
    [
        b"<PES_Aller/>",
        b"<DocumentBudgetaire/>",
        budget_xml().replace(b"docbudgetaire", b"autre"),
        budget_xml(FINANCIER).replace(b"demat/doccfu", b"demat/autre"),
        budget_xml(FINANCIER).replace(b"docbudgetaire", b"autre"),
        budget_xml()[: budget_xml().index(b"<Budget>")] + b"</DocumentBudgetaire>",
    ],
    ids=["PES", "no namespace", "other", "CFU of another", "CFU without budget", "no budget"],
)
def test_what_is_no_budget(content: bytes) -> None:
    for reader in (entete, read):
        with pytest.raises(FaultError) as error:
            reader(content)
        assert error.value.faults.codes == ("ACT-BUDGET_ROOT",)


def test_a_large_file_that_is_no_budget_is_not_read() -> None:
    with pytest.raises(FaultError) as error:
        entete(b"<PES_Aller><a/>" + b"<b" * 100)
    assert error.value.faults.codes == ("ACT-BUDGET_ROOT",)


def test_the_totals_of_a_balanced_budget() -> None:
    totaux, lignes = read(budget_xml())
    assert len(lignes) == totaux.lignes == len(LIGNES)
    assert totaux.sections == (FONCTIONNEMENT, INVESTISSEMENT)
    assert totaux.somme(section=FONCTIONNEMENT, sens="D") == Decimal("261000.00")
    assert totaux.somme(section=FONCTIONNEMENT, sens="D", ordre=True) == Decimal("50000.00")
    assert totaux.somme(section=FONCTIONNEMENT, sens="D", chapitre="011") == Decimal("60500.00")
    assert totaux.somme(section=INVESTISSEMENT, sens="R") == Decimal("92000.00")
    assert (totaux.solde(FONCTIONNEMENT), totaux.solde(INVESTISSEMENT)) == (0, 0)
    assert (totaux.ecart_ordre, totaux.inconnu, totaux.sans_sens) == (0, False, 0)
    assert totaux.chapitres(INVESTISSEMENT, "D") == ("", "16", "21")
    assert totaux.chapitres(INVESTISSEMENT, "R") == ("021", "040", "10", "13")


def test_the_restes_a_realiser_are_voted_with_the_rest() -> None:
    totaux, _ = read(
        with_lignes(Ligne(sens="D", chapitre="21", nature="2135", prev="10", rar="5.5"))
    )
    assert totaux.somme() == Decimal("15.50")
    assert totaux.solde(INVESTISSEMENT) == Decimal("-15.50")


def test_an_account_adds_up_what_was_done_and_not_the_totals_of_the_file() -> None:
    totaux, lignes = read(budget_xml(FINANCIER))
    assert (len(lignes), totaux.somme(sens="D"), totaux.somme(sens="R")) == (
        2,
        Decimal("38210.42"),
        Decimal("31055.10"),
    )


@pytest.mark.parametrize(
    ("chapitre", "nature", "section", "deduced"),
    [
        ("011", "6411", FONCTIONNEMENT, False),
        ("040", "6811", INVESTISSEMENT, False),  # the chapitre decides, not the account
        ("", "001", INVESTISSEMENT, False),
        ("", "002", FONCTIONNEMENT, False),
        ("", "2313", INVESTISSEMENT, True),
        ("", "7067", FONCTIONNEMENT, True),
        ("", "4581", INVESTISSEMENT, True),
        ("", "481", INCONNUE, False),
        ("", "", INCONNUE, False),
        ("999", "2313", INVESTISSEMENT, True),
        ("020", "020", INVESTISSEMENT, False),
    ],
)
def test_the_section_of_a_line(chapitre: str, nature: str, section: Section, deduced: bool) -> None:
    content = with_lignes(Ligne(sens="D", chapitre=chapitre, nature=nature, prev="1"))
    totaux, (ligne,) = read(content)
    assert (ligne.section, ligne.section_deduite) == (section, deduced)
    assert (totaux.inconnu, totaux.deduites) == (section is INCONNUE, int(deduced))


def test_a_chapitre_of_another_nomenclature_tells_nothing() -> None:
    """In M22, 018 is a group of resources; in M57 a chapitre of investissement."""
    hospital = replace(PRIMITIF, nomenclature="M22-M22")
    line = Ligne(sens="R", chapitre="018", nature="7541", prev="1")
    assert read(with_lignes(line, budget=hospital))[1][0].section is FONCTIONNEMENT
    assert read(with_lignes(line))[1][0].section is INVESTISSEMENT


def test_a_budget_voted_by_function_has_its_chapitre_there() -> None:
    content = with_lignes(
        Ligne(sens="D", nature="6064", prev="1"), Ligne(sens="D", nature="2135", prev="2")
    )
    content = content.replace(b"<CodRD", b'<ContFon V="930"/><CodRD', 1)
    _, (first, second) = read(content)
    assert (first.chapitre, first.section, first.section_deduite) == ("930", FONCTIONNEMENT, False)
    assert (second.chapitre, second.section_deduite) == ("", True)
    other = with_lignes(Ligne(sens="D", nature="2135", prev="2"))
    other = other.replace(b"<CodRD", b'<ContFon V="011"/><CodRD', 1)  # a function, no chapitre
    assert read(other)[1][0].section is INVESTISSEMENT


def test_a_line_without_sens_is_in_no_total() -> None:
    totaux, _ = read(budget_xml().replace(b'<CodRD V="D"/>', b"", 1))
    assert (totaux.sans_sens, totaux.somme(section=FONCTIONNEMENT, sens="D")) == (
        1,
        Decimal("219000.00"),
    )


def test_the_lines_of_totals_are_left_out() -> None:
    content = budget_xml().replace(b'<OpBudg V="0"/>', b'<OpBudg V="T"/>', 1)
    assert read(content)[0].lignes == len(LIGNES) - 1


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1500", Decimal("1500.00")),
        ("-1500.5", Decimal("-1500.50")),
        ("+.5", Decimal("0.50")),
        ("12.", Decimal("12.00")),
        ("1.500", Decimal("1.50")),
        ("1.505", None),
        ("1,50", None),
        ("1e3", None),
        ("NaN", None),
        ("", None),
        ("9" * 21, None),
        ("\u0661", None),
    ],
)
def test_amounts(text: str, amount: Decimal | None) -> None:
    faults: list[Fault] = []
    content = with_lignes(Ligne(sens="D", chapitre="011", nature="6064", prev="#"))
    _, (ligne,) = read(
        content.replace(b'"#"', f'"{text}"'.encode("iso-8859-1", "xmlcharrefreplace")), faults
    )
    if amount is not None:
        assert (ligne.montant("MtPrev"), faults) == (amount, [])
        return
    (fault,) = faults
    assert (fault.code, fault.severity, fault.params["value"]) == (
        "ACT-BUDGET_VALUE",
        Severity.WARNING,
        text[:40],
    )
    assert (ligne.vote, fault.params["element"]) == (0, "MtPrev")
    assert fault.params["line"] == str(ligne.line)


def test_several_budgets_of_one_file_are_told_apart() -> None:
    content = budget_xml()
    start = content.index(b"<Budget>")
    stop = content.index(b"</Budget>") + len(b"</Budget>")
    second = content[start:stop].replace(b'<CodBud V="00"/>', b'<CodBud V="02"/>')
    both = content[:stop] + second + content[stop:]
    headers = [one for one in read_lignes(io.BytesIO(both), []) if isinstance(one, EnteteBudget)]
    assert [one.cod_bud for one in headers] == ["00", "02"]


# ------------------------------------------------------------------------------------ chapitres


@pytest.mark.parametrize(
    ("code", "nomenclature", "section"),
    [
        ("002", "M57-M57_D", FONCTIONNEMENT),
        ("012", "M14-M14_COM_SUP3500", FONCTIONNEMENT),
        ("731", "M57-M57_A", FONCTIONNEMENT),
        ("001", "M4-M43_D", INVESTISSEMENT),
        ("018", "M52-M52", INVESTISSEMENT),
        ("204", "M71-M71", INVESTISSEMENT),
        ("4581001", "M61-M61", INVESTISSEMENT),
        ("903", "M57-M57_D", INVESTISSEMENT),
        ("9343", "M57-M57_D", FONCTIONNEMENT),
        ("922", "M14-M14_COM_SUP3500", INCONNUE),
        ("", "M57-M57_D", INCONNUE),
        ("011", "M22-M22", INCONNUE),
        ("011", "", INCONNUE),
    ],
)
def test_the_section_of_a_chapitre(code: str, nomenclature: str, section: Section) -> None:
    assert section_of_chapitre(code, nomenclature) is section


@pytest.mark.parametrize(
    ("code", "nomenclature", "libelle"),
    [
        ("011", "M57-M57_A", "Charges à caractère général"),
        ("67", "M57-M57_A", "Charges spécifiques"),
        ("67", "M4-M49_D", "Charges exceptionnelles"),
        ("4582001", "M4-M43_D", "Opérations pour compte de tiers"),
        ("67", "M61-M61", ""),
        ("011", "M22-M22", ""),
        ("999", "M57-M57_A", ""),
    ],
)
def test_the_name_of_a_chapitre(code: str, nomenclature: str, libelle: str) -> None:
    assert libelle_chapitre(code, nomenclature) == libelle


def test_m4_calls_the_first_section_exploitation() -> None:
    assert FONCTIONNEMENT.libelle("M4-M43_D") == "exploitation"
    assert FONCTIONNEMENT.libelle("M57-M57_A") == "fonctionnement"
    assert INVESTISSEMENT.libelle("M4-M43_D") == "investissement"


# ---------------------------------------------------------------------------------- real sample


def expected_rows(shared: Path) -> Sequence[dict[str, str]]:
    path = shared / "real" / "budget" / "BP2022_TRANSPORT_expected.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_real_budget_has_the_lines_and_totals_of_its_expected_table(shared: Path) -> None:
    content = (shared / "real" / "budget" / "BP2022_TRANSPORT_totem.xml").read_bytes()
    totaux, lignes = read(content)
    rows = expected_rows(shared)
    assert [
        (one.nature, one.chapitre, one.sens, one.ordre, one.montant("MtPrev")) for one in lignes
    ] == [
        (
            row["BGT_NATURE"],
            row["BGT_CONTNAT"],
            {"dépense": "D", "recette": "R"}[row["BGT_CODRD"]],
            row["BGT_OPBUDG"] == "ordre",
            Decimal(row["BGT_MTPREV"]),
        )
        for row in rows
    ]
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["BGT_CONTNAT"], row["BGT_CODRD"][0].upper()] += Decimal(row["BGT_MTPREV"])
    for (chapitre, sens), amount in sums.items():
        assert totaux.somme(chapitre=chapitre, sens=sens) == amount
    assert (totaux.solde(FONCTIONNEMENT), totaux.solde(INVESTISSEMENT)) == (0, 0)


def test_the_real_budget_has_the_sections_of_its_expected_table(shared: Path) -> None:
    """Where the other converter leaves the section empty, ours is derived: told in the report."""
    content = (shared / "real" / "budget" / "BP2022_TRANSPORT_totem.xml").read_bytes()
    _, lignes = read(content)
    empty = 0
    for row, ligne in zip(expected_rows(shared), lignes, strict=True):
        if row["BGT_SECTION"]:
            assert ligne.section.value == row["BGT_SECTION"]
            assert not ligne.section_deduite
        else:
            assert ligne.section is INVESTISSEMENT
            assert ligne.section_deduite is (not row["BGT_CONTNAT"])
            empty += 1
    assert empty == 27
