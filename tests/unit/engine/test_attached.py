"""The same document is sent once, and never in the place of another one."""

import hashlib

import pytest

from demat.queue.states import DepositState
from tests.unit.engine.attachments_support import (
    answer,
    carried,
    cited,
    drop,
    image,
    limited,
    numbers,
    refcomptas,
    row,
    sent,
    unique,
)
from tests.unit.engine.conftest import SIRET, Town, Verdict, codes

DOC = image(1)


def test_one_document_of_two_titres_leaves_once(town: Town) -> None:
    files = {"a.png": DOC, "copie de a.png": DOC, "b.png": image(2)}
    second = row(418, 12, "copie de a.png", "b.png")
    drop(town, "octobre", files, row(417, 12, "a.png"), second, row(419, 13, "a.png"))
    assert carried(town, 1) == [unique(417), unique(418, 2)]
    assert cited(town, 1) == {
        "417": [unique(417)],
        "418": [unique(417), unique(418, 2)],
        "419": [unique(417)],
    }
    assert town.flow(1).facts["pieces_jointes_sha256"] == {
        unique(417): hashlib.sha256(DOC).hexdigest(),
        unique(418, 2): hashlib.sha256(image(2)).hexdigest(),
    }
    assert refcomptas(town, 1) == {unique(417): [], unique(418, 2): []}


def test_the_same_document_twice_in_one_titre_is_cited_once(town: Town) -> None:
    drop(town, "octobre", {"a.png": DOC, "b.png": DOC}, row(417, 12, "a.png", "b.png"))
    assert (carried(town, 1), cited(town, 1)) == ([unique(417)], {"417": [unique(417)]})


def test_a_document_that_the_comptable_has_is_pointed_to(town: Town) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    sent(town)
    answer(town, 1)
    drop(town, "novembre", {"contrat.png": DOC}, row(418, 13, "contrat.png"))
    assert (carried(town, 2), cited(town, 2)) == ([], {"418": [unique(417)]})
    assert [flow.delivery for flow in sent(town)] == ["deposited", "deposited"]


def test_a_document_that_is_not_acknowledged_yet_leaves_again_under_its_own_number(
    town: Town,
) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    sent(town)
    drop(town, "novembre", {"contrat.png": DOC}, row(418, 13, "contrat.png"))
    assert (carried(town, 2), cited(town, 2)) == ([unique(418)], {"418": [unique(418)]})


def test_a_document_that_was_refused_leaves_again(town: Town) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    sent(town)
    refusal = Verdict(
        domaine=4, id_unique=unique(417), accepted=False, error="ERREUR_PJ", libelle="illisible"
    )
    answer(town, 1, refusal, Verdict(bordereau=12))
    drop(town, "novembre", {"contrat.png": DOC}, row(418, 13, "contrat.png"))
    assert (carried(town, 2), cited(town, 2)) == ([unique(418)], {"418": [unique(418)]})


def test_the_same_bytes_of_another_kind_are_another_attachment(town: Town) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    sent(town)
    answer(town, 1)
    header = (
        "exercice;num_bordereau;date_bordereau;num_mandat;objet;compte;montant_ht;budget;"
        "type_tiers;civilite;nom;prenom;adresse;cp;ville;mode_reglement;pj_fichier"
    )
    line = (
        "2026;31;12/10/2026;204;ACHAT;60632;86,40;00;particulier;Mme;ARDOISIER;LUCILE;"
        "14 RUE DU LAVOIR;99120;SAINT-EXEMPLE;02;a.png"
    )
    town.write("mandats/a.png", DOC)
    town.write("mandats/mandats.csv", f"{header}\r\n{line}\r\n".encode())
    town.intake()
    assert carried(town, 2) == [f"{SIRET}D2026M000204A1"]


# ------------------------------------------------------------------------- corrections


def test_a_corrected_document_does_not_pass_for_the_one_that_was_accepted(town: Town) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    sent(town)
    refusal = Verdict(bordereau=12, accepted=False, error="ERREUR_AUTRE", libelle="x")
    answer(town, 1, Verdict(domaine=4, id_unique=unique(417)), refusal)
    drop(town, "octobre", {"a.png": image(5)}, row(417, 12, "a.png"))
    other = f"{unique(417)}R2"
    assert (carried(town, 2), cited(town, 2)) == ([other], {"417": [other]})
    sent(town)
    answer(town, 2, Verdict(domaine=4, id_unique=other), refusal)
    drop(town, "octobre", {"a.png": image(5)}, row(417, 12, "a.png"))
    assert (carried(town, 3), cited(town, 3)) == ([], {"417": [other]})
    drop(town, "octobre", {"a.png": image(6)}, row(417, 12, "a.png"))
    assert len(town.flows()) == 3  # the third is not refused: 417 is there


def test_an_attachment_that_was_refused_alone_leaves_alone(town: Town) -> None:
    rows = (row(417, 12, "a.png"), row(418, 12, "b.png", "a.png"))
    drop(town, "octobre", {"a.png": DOC, "b.png": image(2)}, *rows)
    sent(town)
    refusal = Verdict(
        domaine=4, id_unique=unique(417), accepted=False, error="ERREUR_PJ", libelle="illisible"
    )
    other = Verdict(domaine=4, id_unique=unique(418))
    answer(town, 1, refusal, other, Verdict(bordereau=12))
    assert town.flow(1).etat == "acquitte_partiel"
    drop(town, "octobre", {"a.png": image(9), "b.png": image(2)}, *rows)
    assert (carried(town, 2), numbers(town, 2)) == ([unique(417)], [])
    assert refcomptas(town, 2) == {
        unique(417): [("02", "2026", "01", "417", ""), ("02", "2026", "01", "418", "")]
    }
    assert town.flow(2).supersedes == 1
    assert codes(town.store.deposits()[-1]) == ("INT-ALREADY_SENT",)
    sent(town)
    answer(town, 2)
    assert town.flow(2).etat == "acquitte"


@pytest.mark.parametrize(
    ("error", "libelle"), [("ERREUR_DOUBLON_PJ", "x"), ("ERREUR_AUTRE", "1984 - deja integree")]
)
def test_an_attachment_refused_as_a_double_is_there_already(
    town: Town, error: str, libelle: str
) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    sent(town)
    double = Verdict(domaine=4, id_unique=unique(417), accepted=False, error=error, libelle=libelle)
    refusal = Verdict(bordereau=12, accepted=False, error="ERREUR_AUTRE", libelle="x")
    answer(town, 1, double, refusal)
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    assert (carried(town, 2), cited(town, 2)) == ([], {"417": [unique(417)]})


def test_a_deposit_that_repeats_what_was_sent_is_no_correction(town: Town) -> None:
    drop(town, "octobre", {"a.png": DOC}, row(417, 12, "a.png"))
    drop(town, "encore", {"a.png": DOC}, row(417, 12, "a.png"))
    deposit = town.store.deposits()[-1]
    assert deposit.state is DepositState.RETURNED
    assert codes(deposit) == ("PES-017", "PES-028")


def test_a_changed_document_of_an_accepted_titre_is_not_sent(town: Town) -> None:
    files = {"a.png": DOC, "b.png": image(2)}
    rows = (row(417, 12, "a.png"), row(418, 13, "b.png"))
    drop(town, "octobre", files, *rows)
    sent(town)
    answer(
        town,
        1,
        *(Verdict(domaine=4, id_unique=unique(numero)) for numero in (417, 418)),
        Verdict(bordereau=12),
        Verdict(bordereau=13, accepted=False, error="ERREUR_AUTRE", libelle="x"),
    )
    drop(town, "octobre", {**files, "a.png": image(7)}, *rows)
    assert (numbers(town, 2), carried(town, 2)) == ([(13, (418,))], [])


def test_a_document_that_left_for_another_titre_is_not_missing(town: Town) -> None:
    """Titre 418 points to the attachment of 417, whose file has no answer yet."""
    town = limited(town, 25_000)
    files = {"a.png": DOC, "b.png": image(2, 15_000)}
    rows = (row(417, 12, "a.png"), row(418, 12, "a.png"), row(419, 13, "b.png"))
    drop(town, "octobre", files, *rows)
    sent(town)
    assert [carried(town, n) for n in (1, 2)] == [[unique(417)], [unique(419)]]
    answer(town, 2, Verdict(domaine=1, accepted=False))
    drop(town, "octobre", files, *rows)
    assert (numbers(town, 3), carried(town, 3)) == ([(13, (419,))], [unique(419)])
