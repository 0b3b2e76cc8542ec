"""Who may sign what: each limit refuses with its reason, and lets through."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from demat.engine.parts import ToSign
from demat.engine.signataires import (
    Delegation,
    Signataire,
    may_not_sign,
    seal_for,
    unsigned_flux,
)
from demat.faults import Faults
from demat.helios.model import Domaine
from demat.labels_fr.catalogue import explain
from demat.signing.policy import SignatureOptions

DAY = date(2026, 11, 30)
TITRES = ToSign(
    id="B1",
    budget="045/00",
    libelle="BELLOMBRE",
    domaine=Domaine.RECETTE,
    exercice=2026,
    numero=12,
    typ_bord="01",
    pieces=3,
    mt_ht=Decimal("1000.00"),
    mt_tva=Decimal("200.00"),
)
MANDATS = replace(TITRES, id="B2", domaine=Domaine.DEPENSE, numero=31)
EAU = replace(TITRES, id="B3", budget="045/02", libelle="EAU", numero=3)


def unopened(person: object) -> object:
    raise AssertionError("a decision opens no key")


MAIRE = Signataire(
    nom="Camille Dupré",
    options=SignatureOptions(role="Maire"),
    open=unopened,  # type: ignore[arg-type]  # never called
    public=lambda: None,
)
DELEGATION = Delegation(reference="Arrêté n° 14")


def delegate(**limits: object) -> Signataire:
    delegation = replace(DELEGATION, **limits)  # type: ignore[arg-type]  # passed through
    return replace(MAIRE, nom="Claire Témoin", delegation=delegation)


def told(faults: Faults) -> list[str]:
    return [
        explain(fault).sentence.replace("\u202f", " ").replace("\u00a0", " ") for fault in faults
    ]


def test_the_ordonnateur_signs_everything() -> None:
    huge = replace(MANDATS, mt_ht=Decimal("999999999.99"))
    assert may_not_sign(MAIRE, (TITRES, MANDATS, EAU, huge), DAY) == Faults()
    assert may_not_sign(delegate(), (TITRES, MANDATS, EAU, huge), DAY) == Faults()


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"debut": DAY}, ""),
        ({"fin": DAY}, ""),
        (
            {"debut": date(2026, 12, 1)},
            "La délégation de Claire Témoin (Arrêté n° 14) ne commence que le 01/12/2026.",
        ),
        (
            {"fin": date(2026, 11, 29)},
            "La délégation de Claire Témoin (Arrêté n° 14) a pris fin le 29/11/2026.",
        ),
        ({"domaines": frozenset({Domaine.RECETTE})}, ""),
        (
            {"domaines": frozenset({Domaine.DEPENSE})},
            "La délégation de Claire Témoin (Arrêté n° 14) ne couvre pas les titres.",
        ),
        ({"plafond": Decimal("1200.00")}, ""),
        (
            {"plafond": Decimal("1199.99")},
            "Le bordereau n° 12 s'élève à 1 200,00 € : la délégation de Claire Témoin (Arrêté "
            "n° 14) s'arrête à 1 199,99 € par bordereau.",
        ),
    ],
)
def test_each_limit_of_a_delegation(limits: dict[str, object], sentence: str) -> None:
    assert told(may_not_sign(delegate(**limits), (TITRES,), DAY)) == (
        [sentence] if sentence else []
    )


def test_an_amount_that_cannot_be_read_is_above_any_ceiling() -> None:
    unknown = replace(TITRES, mt_ht=None)
    assert may_not_sign(delegate(), (unknown,), DAY) == Faults()
    assert told(may_not_sign(delegate(plafond=Decimal(10**9)), (unknown,), DAY)) == [
        "Le montant du bordereau n° 12 est illisible, ou n'est pas la somme de ses lignes : la "
        "délégation de Claire Témoin (Arrêté n° 14) s'arrête à 1 000 000 000,00 € par bordereau."
    ]


def test_the_ceiling_is_that_of_each_bordereau_not_of_their_sum() -> None:
    several = tuple(replace(TITRES, numero=number) for number in range(12, 20))
    assert may_not_sign(delegate(plafond=Decimal(1200)), several, DAY) == Faults()
    over = replace(TITRES, numero=20, mt_tva=Decimal("200.01"))
    (fault,) = may_not_sign(delegate(plafond=Decimal(1200)), (*several, over), DAY)
    assert (fault.code, fault.params["bordereau"]) == ("INT-SIGNER_CEILING", "20")


def test_a_budget_that_is_not_its_own() -> None:
    water = replace(MAIRE, budgets=frozenset({"045/02"}))
    assert may_not_sign(water, (EAU,), DAY) == Faults()
    assert told(may_not_sign(water, (EAU, TITRES, MANDATS), DAY)) == [
        "Camille Dupré ne signe pas pour le budget 045/00 (BELLOMBRE)."
    ]


def test_every_reason_is_told() -> None:
    limits = {
        "fin": date(2026, 1, 1),
        "domaines": frozenset({Domaine.DEPENSE}),
        "plafond": Decimal(1),
    }
    signataire = replace(delegate(**limits), budgets=frozenset({"045/02"}))
    assert may_not_sign(signataire, (TITRES, MANDATS), DAY).codes == (
        "INT-SIGNER_BUDGET",
        "INT-SIGNER_ENDED",
        "INT-SIGNER_FLUX",
        "INT-SIGNER_CEILING",
        "INT-SIGNER_CEILING",
    )


def test_a_seal_signs_alone_only_what_it_may_sign_whole() -> None:
    seal = replace(delegate(domaines=frozenset({Domaine.RECETTE})), unattended=True)
    assert seal_for((MAIRE, seal), (TITRES, EAU), DAY) is seal
    assert seal_for((MAIRE, seal), (TITRES, MANDATS), DAY) is None
    assert seal_for((MAIRE,), (TITRES,), DAY) is None
    other = replace(seal, nom="Cachet", delegation=None)
    assert seal_for((seal, other), (TITRES,), DAY) is seal
    assert seal_for((seal, other), (MANDATS,), DAY) is other


def test_what_nobody_may_sign_for_a_budget() -> None:
    titres = delegate(domaines=frozenset({Domaine.RECETTE}), plafond=Decimal(1))
    assert unsigned_flux((MAIRE,), "045/00", DAY) == ()
    assert unsigned_flux((titres,), "045/00", DAY) == (Domaine.DEPENSE,)
    over = delegate(fin=date(2026, 1, 1))
    assert unsigned_flux((titres, over), "045/00", DAY) == (Domaine.DEPENSE,)
    water = replace(MAIRE, budgets=frozenset({"045/02"}))
    assert unsigned_flux((titres, water), "045/00", DAY) == (Domaine.DEPENSE,)
    assert unsigned_flux((titres, water), "045/02", DAY) == ()
