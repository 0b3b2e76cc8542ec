"""What a corrected PES still has to send: new numbers where Hélios took the old ones (§8)."""

from collections.abc import Callable
from datetime import date

import pytest

from demat.engine.resubmit import resubmit
from demat.faults import FaultError
from demat.helios.pieces import EtatPiece
from demat.intake.api import InputFile
from demat.queue.states import DepositState
from demat.queue.views import NewPiece, NewRetour
from demat.xmlio import value
from tests.unit.engine.attachments_support import (
    answer,
    carried,
    cited,
    drop,
    image,
    numbers,
    refcomptas,
    root,
    row,
    sent,
    table,
    unique,
)
from tests.unit.engine.conftest import TITRES, Town, Verdict, acquit, codes, collect_all

DOC = {"a.png": image(1)}
SERIES = "recette/00/2026/01"


def accepted(town: Town) -> None:
    """Send bordereau 12: titre 417 with a document, titre 418; Hélios takes it."""
    drop(town, "octobre", DOC, row(417, 12, "a.png"), row(418, 12, montant="43,20"))
    sent(town)
    answer(town, 1)


def told(town: Town, etat: EtatPiece, numero: int = 417) -> None:
    """Take a retour that says what the comptable did with a titre of bordereau 12."""
    day = date(2026, 11, 23)
    piece = NewPiece(
        key=f"{SERIES}/{numero}",
        bordereau=12,
        objet="CANTINE",
        etat=etat,
        taken_on=day if etat is EtatPiece.REJETEE_APRES else None,
        rejected_on=day,
        amount_cents=8640,
        paid_cents=0,
        regularise=False,
    )
    assert town.store.record_retour(
        NewRetour(
            collectivite=town.authority.siren,
            sha256=town.store.documents.put(b"<PES_Retour/>"),
            name="retour.xml",
            cod_bud="00",
            day=day,
            pieces=(piece,),
        )
    )


def rejected_at_visa(town: Town, numero: int = 417) -> None:
    """Let the comptable reject a titre of bordereau 12 at visa: its number is free again."""
    accepted(town)
    told(town, EtatPiece.REJETEE, numero)


def correct(town: Town, *rows: str, files: dict[str, bytes] | None = None) -> None:
    """Hand the folder in again, as the agent who moves it back to ``a-deposer``."""
    number = town.store.deposits()[-1].id
    town.write("octobre/.demat-depot", f"{number}\n".encode())
    drop(town, "octobre", DOC if files is None else files, *rows)
    assert town.store.deposits()[-1].replaces == number


def total(town: Town, number: int, name: str) -> list[str | None]:
    path = f"BlocBordereau/{name}"
    return [value(node, path) for node in root(town, number).iter("Bordereau")]


def test_what_was_rejected_at_visa_leaves_in_a_new_bordereau(town: Town) -> None:
    rejected_at_visa(town)
    correct(town, row(417, 14, "a.png"))
    assert numbers(town, 2) == [(14, (417,))]
    # the document was accepted with the first file: it is pointed to
    assert (carried(town, 2), cited(town, 2)) == ([], {"417": [unique(417)]})
    assert (town.flow(2).supersedes, codes(town.store.deposits()[-1])) == (None, ())


def test_the_titres_that_were_taken_are_left_out_and_the_totals_are_those_that_remain(
    seal: Callable[..., Town],
) -> None:
    town = seal()
    rejected_at_visa(town)
    correct(town, row(417, 14, "a.png"), row(418, 14, montant="43,20"))
    assert numbers(town, 2) == [(14, (417,))]
    assert total(town, 2, "NbrPce") == ["1"]
    assert total(town, 2, "MtBordHt") == ["86.40"]
    assert total(town, 2, "MtCumulAnnuel") == ["216.00"]  # 129.60 were issued before
    (note,) = town.store.deposits()[-1].faults
    assert (note.code, note.blocking) == ("INT-ALREADY_SENT", False)
    assert dict(note.params) == {"what": "La pièce 418 (bordereau 14)", "key": town.flow(1).key}


def test_a_technician_resubmits_what_was_rejected_at_visa(town: Town) -> None:
    rejected_at_visa(town)
    corrected = InputFile(
        name="titres.csv", data=table(row(417, 14, "a.png"), row(418, 12, montant="43,20"))
    )
    done = resubmit(
        town.flow(1), replacements=[corrected], authority=town.authority, office=town.office
    )
    assert done.deposit.state is DepositState.PACKED
    assert numbers(town, 2) == [(14, (417,))]
    (note,) = done.deposit.faults
    assert dict(note.params) == {"what": "Le bordereau 12", "key": town.flow(1).key}


def test_what_the_comptable_took_whole_is_not_resubmitted(town: Town) -> None:
    accepted(town)
    with pytest.raises(FaultError) as caught:
        resubmit(town.flow(1), replacements=[], authority=town.authority, office=town.office)
    assert caught.value.faults.codes == ("INT-NOT_REFUSED",)


def test_the_number_of_an_integrated_bordereau_is_not_used_again(town: Town) -> None:
    rejected_at_visa(town)
    correct(town, row(417, 12, "a.png"), row(418, 12, montant="43,20"))
    deposit = town.store.deposits()[-1]
    assert deposit.state is DepositState.RETURNED
    (fault,) = deposit.faults
    expected = {"bordereau": "12", "pieces": "417", "key": town.flow(1).key}
    assert (fault.code, dict(fault.params)) == ("INT-BORDEREAU_TAKEN", expected)
    sheet = (town.folders.a_corriger / "octobre" / "A-LIRE.html").read_text("utf-8")
    assert "Mettez ce qui est à renvoyer dans un nouveau bordereau" in sheet


def test_a_burnt_number_needs_a_new_one(town: Town) -> None:
    accepted(town)
    told(town, EtatPiece.REJETEE_APRES)
    for bordereau in ("12", "14"):
        correct(town, row(417, int(bordereau), "a.png"))
        deposit = town.store.deposits()[-1]
        assert deposit.state is DepositState.RETURNED
        (fault,) = deposit.faults
        expected = {"piece": "417", "bordereau": bordereau}
        assert (fault.code, dict(fault.params)) == ("INT-PIECE_BURNT", expected)
    correct(town, row(517, 14, "a.png"))
    assert numbers(town, 2) == [(14, (517,))]


def test_a_number_of_another_titre_is_not_mistaken_for_one_that_was_taken(town: Town) -> None:
    rejected_at_visa(town)
    correct(town, row(417, 14, "a.png"), row(418, 14, montant="99,00"))
    deposit = town.store.deposits()[-1]
    assert (deposit.state, codes(deposit)) == (DepositState.RETURNED, ("PES-028",))


def test_a_titre_refused_as_a_double_is_left_out_of_its_bordereau(town: Town) -> None:
    drop(town, "octobre", DOC, row(417, 12, "a.png"), row(418, 12, montant="43,20"))
    sent(town)
    error = "ERREUR_DOUBLON_PIECE"
    double = Verdict(bordereau=12, accepted=False, error=error, libelle="x", piece=418)
    answer(town, 1, Verdict(domaine=4, id_unique=unique(417)), double)
    correct(town, row(417, 12, "a.png"), row(418, 12, montant="43,20"))
    assert (numbers(town, 2), total(town, 2, "NbrPce")) == ([(12, (417,))], ["1"])
    assert codes(town.store.deposits()[-1]) == ("INT-ALREADY_SENT",)
    assert town.flow(2).supersedes == 1


def test_a_new_titre_in_a_bordereau_that_left_is_not_lost(town: Town) -> None:
    drop(town, "octobre", DOC, row(417, 12, "a.png"), row(418, 13))
    sent(town)
    refusal = Verdict(bordereau=13, accepted=False, error="ERREUR_AUTRE", libelle="x")
    answer(town, 1, Verdict(domaine=4, id_unique=unique(417)), Verdict(bordereau=12), refusal)
    correct(town, row(417, 12, "a.png"), row(420, 12), row(418, 13))
    deposit = town.store.deposits()[-1]
    assert deposit.state is DepositState.RETURNED
    assert [fault.params["pieces"] for fault in deposit.faults] == ["420"]


@pytest.mark.parametrize("verdict", [Verdict(domaine=1, accepted=False, exercice=None)])
def test_a_file_refused_whole_leaves_again_whole_under_a_new_name(
    seal: Callable[..., Town], verdict: Verdict
) -> None:
    town = seal()
    drop(town, "octobre", DOC, row(417, 12, "a.png"), row(418, 13, montant="43,20"))
    sent(town)
    town.answer(town.flow(1), acquit(town.flow(1), [verdict]))
    collect_all(town.authority, town.office)
    assert town.flow(1).etat == "refuse"
    (new,) = resubmit(
        town.flow(1), replacements=(), authority=town.authority, office=town.office
    ).transmissions
    assert numbers(town, 2) == [(12, (417,)), (13, (418,))]
    assert carried(town, 2) == [unique(417)]
    assert total(town, 2, "MtCumulAnnuel") == ["86.40", "129.60"]
    assert (new.supersedes, new.key != town.flow(1).key) == (1, True)


def test_a_total_of_the_export_does_not_hold_for_what_remains(seal: Callable[..., Town]) -> None:
    town = seal()
    rejected_at_visa(town)
    rows = (row(417, 14), row(418, 14, montant="43,20"))
    given = "\r\n".join(
        [f"{TITRES};cumul_annuel", *(f"{one.rstrip(';')};259,20" for one in rows), ""]
    )
    town.write("octobre/.demat-depot", b"1\n")
    town.write("octobre/titres.csv", given.encode("cp1252"))
    town.intake()
    assert total(town, 2, "MtCumulAnnuel") == ["216.00"]


def test_a_refused_document_of_a_titre_that_is_left_out_leaves_all_the_same(town: Town) -> None:
    files = {**DOC, "b.png": image(2)}
    rows = (row(417, 12, "a.png"), row(418, 12, "b.png", montant="43,20"))
    drop(town, "octobre", files, *rows)
    sent(town)
    illegible = Verdict(
        domaine=4, id_unique=unique(418), accepted=False, error="ERREUR_PJ", libelle="x"
    )
    double = "ERREUR_DOUBLON_PIECE"
    answer(
        town,
        1,
        *(Verdict(domaine=4, id_unique=unique(417)), illegible),
        Verdict(bordereau=12, accepted=False, error=double, libelle="x", piece=418),
    )
    correct(town, *rows, files=files)
    assert (numbers(town, 2), carried(town, 2)) == ([(12, (417,))], [unique(418)])
    assert refcomptas(town, 2) == {unique(418): [("02", "2026", "01", "418", "")]}
