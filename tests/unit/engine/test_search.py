"""Finding a titre, a person, an amount or a document again."""

from decimal import Decimal

import pytest

from demat.engine.search import Found, Query, parse_query, search
from demat.engine.transmit import transmit_due
from demat.faults import FaultError
from demat.helios.read import read_pes
from tests.unit.engine.conftest import SIREN, VOISINE, Town, Verdict, acquit

NAME = "ARDOISIER"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("titre 417", Query(kind="titre", number="417")),
        ("Titre n° 0417", Query(kind="titre", number="417")),
        ("mandats 204", Query(kind="mandat", number="204")),
        ("pièce 9", Query(kind="piece", number="9")),
        ("bordereau n°31", Query(kind="bordereau", number="31")),
        ("417", Query(words=("417",), number="417")),
        ("86,40", Query(words=("86,40",), amount=Decimal("86.40"))),
        ("1 234,50 €", Query(words=("1", "234,50", "€"), amount=Decimal("1234.50"))),
        ("60 €", Query(words=("60", "€"), amount=Decimal("60.00"))),
        ("Société Éléonore", Query(words=("societe", "eleonore"))),
        ("titre de recette", Query(words=("titre", "de", "recette"))),
    ],
)
def test_what_an_agent_types(text: str, query: Query) -> None:
    assert parse_query(text) == query


@pytest.mark.parametrize("text", ["", "   ", "« »", "…"])
def test_nothing_to_look_for(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_query(text)
    assert caught.value.faults.codes == ("INT-SEARCH",)


def told(found: tuple[Found, ...]) -> list[tuple[int, str, str, str]]:
    return [(one.transmission.id, one.bordereau, one.piece, one.what) for one in found]


@pytest.fixture
def mandats(town: Town) -> Town:
    """One PES of mandats, sent: transmission 1."""
    town.fixture("mandats-2026-10")
    transmit_due(town.office)
    return town


def test_a_mandat_by_its_number(mandats: Town) -> None:
    facts = read_pes(mandats.store.documents.get(mandats.flow().sha256))
    bordereau = facts.bordereaux[0]
    place = f"{bordereau.numero} ({bordereau.exercice})"
    number = bordereau.pieces[0]
    for text in (f"mandat {number}", f"pièce {number}", f"mandat n° 0{number}"):
        found = search(text, mandats.office).found
        assert told(found) == [(1, place, f"mandat {number}", "numéro")]
    assert search(f"titre {number}", mandats.office).found == ()
    assert told(search(f"bordereau {bordereau.numero}", mandats.office).found) == [
        (1, place, "", "bordereau")
    ]
    assert search(f"mandat {number}9", mandats.office).found == ()


def test_a_file_by_its_name_an_attachment_by_its_own(mandats: Town) -> None:
    flow = mandats.flow()
    assert told(search(flow.key.lower(), mandats.office).found)[0] == (1, "", "", "nom du fichier")
    identifier = flow.facts["pieces_jointes"][0]
    assert "pièce jointe" in {one.what for one in search(identifier, mandats.office).found}


def test_a_person_an_amount_and_an_objet(town: Town) -> None:
    town.fixture("titres-cantine.csv")
    content = town.store.documents.get(town.flow().sha256)
    assert NAME.encode() in content
    hits = search(f"{NAME.lower()} lucile", town.office).found
    assert {one.what for one in hits} == {"tiers"}
    assert all(NAME in one.text for one in hits)
    assert {one.what for one in search("86,40", town.office).found} <= {"montant", "total"}
    assert search("86,40", town.office).found
    assert search("86,41", town.office).found == ()
    assert "objet" in {one.what for one in search("CANTINE", town.office).found}
    assert search("cantine jamais", town.office).found == ()


def test_an_acte_by_its_identifier_and_its_objet(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    key = town.flow(1).key
    assert told(search(key, town.office).found)[0] == (1, "", "", "identifiant de l'acte")
    assert {one.what for one in search("Programme de VOIRIE", town.office).found} == {"objet"}


def test_a_reason_of_the_comptable(mandats: Town) -> None:
    flow = mandats.flow()
    verdict = Verdict(
        domaine=5, bordereau=31, accepted=False, error="ERREUR_AUTRE", libelle="Compte à tort"
    )
    mandats.answer(flow, acquit(flow, [verdict]))
    mandats.night()
    (hit,) = search("compte a tort", mandats.office).found
    assert (hit.what, hit.bordereau) == (
        "réponse du comptable, Bordereau de dépense n° 31 (2026)",
        "31 (2026)",
    )


def test_newest_first_and_no_more_than_wanted(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    town.fixture("arrete-individuel")
    assert len(town.flows()) == 2
    whole = search("099-000000000", town.office)
    assert [one.transmission.id for one in whole.found] == [2, 1]
    assert (whole.read, whole.more) == (2, False)
    short = search("099-000000000", town.office, limit=1)
    assert [one.transmission.id for one in short.found] == [2]
    assert (short.read, short.more) == (1, True)


def test_each_authority_sees_its_own(mandats: Town) -> None:
    key = mandats.flow().key
    assert search(key, mandats.office, collectivite=SIREN).found
    assert search(key, mandats.office, collectivite=VOISINE).found == ()


def test_a_damaged_document_is_told_and_does_not_stop_the_search(mandats: Town) -> None:
    flow = mandats.flow()
    path = mandats.store.documents.path(flow.sha256)
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])
    assert [one.id for one in search("jamais", mandats.office).unreadable] == [1]
    path.unlink()
    result = search(flow.key, mandats.office)
    assert [one.id for one in result.unreadable] == [1]
    assert told(result.found)[0][3] == "nom du fichier"
