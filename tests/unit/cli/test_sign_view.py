"""What a signataire reads: reductions apart, TVA told, amounts that cannot be told, long names."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from demat.cli.sign_view import show_signable, show_waiting, waiting_json
from demat.engine.parts import ToSign
from demat.engine.sign_session import Waiting
from demat.engine.signataires import Signataire
from demat.faults import Faults
from demat.helios.model import Domaine
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from demat.signing.policy import SignatureOptions

DAY = datetime(2026, 11, 30, tzinfo=UTC)
TITRES = ToSign(
    id="B1",
    budget="045/00",
    libelle="BELLOMBRE",
    domaine=Domaine.RECETTE,
    exercice=2026,
    numero=12,
    typ_bord="01",
    pieces=1,
    mt_ht=Decimal("1234567.80"),
    mt_tva=Decimal("20.20"),
)
REDUCTION = replace(TITRES, numero=2, typ_bord="02", mt_ht=Decimal("50.00"), mt_tva=Decimal(0))
UNKNOWN = replace(TITRES, numero=14, mt_ht=None, mt_tva=Decimal(0))
MAIRE = Signataire(
    nom="Camille Dupré",
    options=SignatureOptions(role="Maire"),
    open=lambda person: pytest.fail("nothing is opened to be shown"),
    public=lambda: None,
)


def waiting(*bordereaux: ToSign) -> Waiting:
    deposit = DepositView(
        id=7,
        collectivite="000000000",
        name="titres.csv",
        kind="titres",
        state=DepositState.AWAITING_SIGNATURE,
        files=(),
        faults=Faults(),
        detail={},
        token="7",
        replaces=None,
        replaced_by=None,
        received_at=DAY,
        updated_at=DAY,
    )
    return Waiting(deposit=deposit, bordereaux=bordereaux, digest="", faults=Faults())


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.replace("\u202f", " ").replace("\u00a0", " ")


def test_each_bordereau_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_waiting("Bellombre", [waiting(TITRES, REDUCTION, UNKNOWN)], {})
    assert shown(capsys) == (
        "Bellombre : 1 dépôt attend une signature\n"
        "\n"
        "D7  titres.csv (titres de recette)\n"
        "  Budget BELLOMBRE (045/00)\n"
        "    Bordereau n° 12 de 2026                    1 titre      1 234 588,00 €\n"
        "      dont TVA 20,20 €\n"
        "    Bordereau n° 2 de 2026                     1 titre             50,00 €\n"
        "      annulation ou réduction\n"
        "    Bordereau n° 14 de 2026                    1 titre     montant douteux\n"
    )


def test_what_is_reduced_is_not_added_to_what_is_ordered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_signable(MAIRE, [waiting(TITRES, REDUCTION), waiting(TITRES)], {})
    assert shown(capsys) == (
        "\n"
        "À signer par Camille Dupré, Maire :\n"
        "    2 bordereaux, 2 titres                                  2 469 176,00 €\n"
        "    1 bordereau, 1 titre (annulation ou réduction)                 50,00 €\n"
    )


def test_a_total_that_lacks_an_amount_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_signable(MAIRE, [waiting(REDUCTION, replace(UNKNOWN, typ_bord="02"))], {})
    line = "    2 bordereaux, 2 titres (annulation ou réduction)       montant douteux\n"
    assert line in shown(capsys)


def test_a_program_reads_exact_amounts() -> None:
    found = waiting_json(waiting(TITRES, UNKNOWN))
    assert [item["total"] for item in found["bordereaux"]] == ["1234588.00", None]
    assert (found["id"], found["name"]) == (7, "titres.csv")
