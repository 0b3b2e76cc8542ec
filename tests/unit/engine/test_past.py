"""What the rules of a PES are told of earlier sendings, and of the budgets."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from demat.engine.past import Past
from demat.helios.plan import PlanBudget
from demat.queue.states import DeliveryState, DepositState
from tests.unit.engine.conftest import REFUSED, TITRES, Town, codes, titre, titres

SCOPE = "recette/00/2026/01"


def drop(town: Town, name: str, *rows: str) -> None:
    town.write(name, titres(*rows))
    town.intake()


def reduce(town: Town, name: str, numero: int, bordereau: int, montant: str) -> None:
    """Drop a reduction of titre 417."""
    row = titre(numero, bordereau, montant=montant).replace(";titre;", ";reduction;", 1)
    town.write(name, f"{TITRES};titre_origine\r\n{row};417\r\n".encode("cp1252"))
    town.intake()


def past(town: Town, *, alone: bool = True) -> Past:
    return Past(authority=town.authority, office=town.office, alone=alone)


def test_a_numbering_is_followed_from_its_first_number(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    assert not past(town).followed(SCOPE)
    assert past(town).cumul(SCOPE) is None
    drop(town, "b.csv", titre(400, 1, montant="0,10"))
    assert past(town).followed(SCOPE)
    assert past(town).cumul(SCOPE) == Decimal("86.50")


def test_the_other_files_of_a_deposit_are_not_forgotten(town: Town) -> None:
    drop(town, "b.csv", titre(400, 1))
    assert not past(town, alone=False).followed(SCOPE)
    assert past(town, alone=False).cumul(SCOPE) is None


def test_the_amount_of_an_original_line(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    memory = past(town)
    assert memory.montant_origine("recette/00/2026/417/1") == Decimal("86.40")
    assert memory.montant_origine("recette/00/2026/417/2") is None
    assert memory.montant_origine("recette/00/2026/418/1") is None
    assert memory.montant_origine("depense/00/2026/417/1") is None


def test_what_earlier_files_took_from_a_line_is_deducted(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    reduce(town, "b.csv", 9, 1, "50,00")
    assert past(town).montant_origine("recette/00/2026/417/1") == Decimal("36.40")
    reduce(town, "c.csv", 10, 2, "36,41")
    assert "PES-049" in codes(town.store.deposits()[-1])


def test_a_reduction_that_was_refused_takes_nothing(town: Town) -> None:
    drop(town, "a.csv", titre(417, 12))
    town.night()
    town.connector.fail_next("deposit", REFUSED)
    reduce(town, "b.csv", 9, 1, "50,00")
    town.night()
    assert town.store.transmissions()[-1].delivery is DeliveryState.REFUSED
    assert past(town).montant_origine("recette/00/2026/417/1") == Decimal("86.40")


def test_a_gap_is_told_and_does_not_stop(town: Town) -> None:
    drop(town, "a.csv", titre(400, 1))
    drop(town, "b.csv", titre(401, 2))
    drop(town, "c.csv", titre(402, 4))
    first, second, third = town.store.deposits()
    assert "PES-017_GAP" not in (*codes(first), *codes(second))
    assert "PES-017_GAP" in codes(third)
    assert third.state is DepositState.PACKED


def test_yearly_totals_follow_the_numbers_of_the_bordereaux(seal: Callable[..., Town]) -> None:
    town = seal()
    drop(town, "a.csv", titre(400, 1))
    drop(town, "b.csv", titre(403, 3, montant="0,10"), titre(402, 2, montant="0,20"))
    assert not {"PES-024", "PES-017_GAP"} & set(codes(town.store.deposits()[-1]))


def test_what_is_known_of_a_budget_is_checked(town: Town) -> None:
    plans = {"045/00": PlanBudget(nomenclature="M57", vote_par_fonction=True)}
    authority = replace(town.authority, plans=plans)
    strict = replace(
        town, authority=authority, office=replace(town.office, authorities=(authority,))
    )
    drop(strict, "a.csv", titre(417, 12))
    (deposit,) = town.store.deposits()
    assert deposit.faults.blocking.codes == ("PES-040_MISSING",)
    drop(strict, "b.csv", titre(418, 13, fonction="281"))
    assert town.store.deposits()[-1].state is DepositState.PACKED


def test_few_numbers_are_asked_for_one_by_one_and_many_at_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file of an authority that has sent thousands does not read them all."""
    drop(town, "a.csv", titre(417, 12), titre(999, 12))
    read: list[str] = []
    within = town.store.used_within
    monkeypatch.setattr(
        town.store, "used_within", lambda *asked: read.append(asked[-1]) or within(*asked)
    )
    memory = past(town)
    first = memory.used("idpce", f"{SCOPE}/417")
    assert first is not None
    assert (memory.used("idpce", f"{SCOPE}/418"), read) == (None, [])
    known = [memory.used("idpce", f"{SCOPE}/{rank}") for rank in range(400, 1400)]
    assert [rank for rank, one in enumerate(known, start=400) if one] == [417, 999]
    assert (known[17], read) == (first, [SCOPE])
