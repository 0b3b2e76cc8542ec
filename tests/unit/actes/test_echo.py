"""What was sent and what the préfecture understood (actes dossier §8.1, §11 traps 5 and 10)."""

from dataclasses import replace
from datetime import date

import pytest

from demat.actes.build import build_message_acte
from demat.actes.echo import compare_echo
from demat.actes.inbound import ARActe, MessageActe, parse_inbound
from demat.actes.messages import ActeRecu
from tests.unit.actes.factories import EMETTEUR, PNG, acte, piece, sentence, summary
from tests.unit.actes.mails import golden

SENT = MessageActe(
    numero="2024_012",
    date=date(2024, 3, 14),
    nature=1,
    matiere=(7, 10),
    objet="Tarifs 2024 de la salle des fêtes : été, où l'élève paie 50 EUR",
    document_name="99_DE-099-000000000-20240314-2024_012-DE-1-1_1.pdf",
    annexes=(
        "99_DE-099-000000000-20240314-2024_012-DE-1-1_2.pdf",
        "99_DE-099-000000000-20240314-2024_012-DE-1-1_3.png",
    ),
    document_papier=False,
    classification_date=date(2023, 9, 1),
    precedent="099-000000000-20240118-2024_002-DE",
)


def recu(**changes: object) -> ActeRecu:
    values = {name: getattr(SENT, name) for name in ActeRecu.__dataclass_fields__}
    return ActeRecu(**{**values, **changes})


def test_the_same_act() -> None:
    assert list(compare_echo(SENT, recu())) == []


@pytest.mark.parametrize(
    ("change", "code", "sent", "received"),
    [
        ({"numero": "2024_021"}, "NUMERO", "2024_012", "2024_021"),
        ({"date": date(2024, 4, 13)}, "DATE", "14/03/2024", "13/04/2024"),
        ({"nature": 2}, "NATURE", "1 (Délibérations)", "2 (Actes réglementaires)"),
        ({"nature": 7}, "NATURE", "1 (Délibérations)", "7"),
        ({"matiere": (7, 1)}, "MATIERE", "7.10", "7.1"),
        ({"matiere": (7, 10, 2)}, "MATIERE", "7.10", "7.10.2"),
        ({"matiere": ()}, "MATIERE", "7.10", "–"),
        ({"document_name": "autre.pdf"}, "DOCUMENT", SENT.document_name, "autre.pdf"),
        ({"document_name": ""}, "DOCUMENT", SENT.document_name, "–"),
        ({"annexes": ()}, "ANNEXES", ", ".join(SENT.annexes), "–"),
        (
            {"annexes": SENT.annexes[::-1]},
            "ANNEXES",
            ", ".join(SENT.annexes),
            ", ".join(SENT.annexes[::-1]),
        ),
        ({"document_papier": True}, "PAPIER", "non", "oui"),
        (
            {"classification_date": date(2020, 1, 1)},
            "CLASSIFICATION",
            "01/09/2023",
            "01/01/2020",
        ),
        ({"precedent": ""}, "PRECEDENT", SENT.precedent, "–"),
    ],
)
def test_each_difference(change: dict[str, object], code: str, sent: str, received: str) -> None:
    faults = compare_echo(SENT, recu(**change))
    assert summary(faults) == [(f"ACT-ECHO_{code}", "A")]
    (fault,) = faults
    assert (fault.params["sent"], fault.params["received"]) == (sent, received)
    assert "2024_012" in sentence(fault)
    assert "Appelez la préfecture" in sentence(fault)


def test_every_difference_at_once() -> None:
    other = recu(
        numero="X1",
        date=date(2024, 1, 1),
        nature=3,
        matiere=(1, 1),
        objet="Autre",
        document_name="a",
        annexes=(),
        document_papier=True,
        classification_date=date(2020, 1, 1),
        precedent="",
    )
    assert compare_echo(SENT, other).codes == tuple(
        f"ACT-ECHO_{field}"
        for field in (
            "NUMERO",
            "DATE",
            "NATURE",
            "MATIERE",
            "OBJET",
            "DOCUMENT",
            "ANNEXES",
            "PAPIER",
            "CLASSIFICATION",
            "PRECEDENT",
        )
    )


@pytest.mark.parametrize(
    "objet",
    [
        "Tarifs 2024 de la salle des fêtes :  été,\n où l'élève paie 50 EUR ",
        "TARIFS 2024 DE LA SALLE DES FETES : ETE, OU L'ELEVE PAIE 50 EUR",
        "Tarifs 2024 de la salle des f?tes : ?t?, o? l'?l?ve paie 50 EUR",
        "Tarifs 2024 de la salle des f¿tes : ¿t¿, o¿ l'¿l¿ve paie 50 EUR",
        "Tarifs 2024 de la salle des f??tes : ??t??, o?? l'??l??ve paie 50 EUR",
        "Tarifs 2024 de la salle des f�tes : �t�, o� l'�l�ve paie 50 EUR",
        "Tarifs 2024 de la salle des f&#234;tes : été, où l&#8217;élève paie 50 EUR",
        "Tarifs 2024 de la salle des fêtes : été, où l’élève paie 50 €",
        "Tarifs 2024 de la salle des fêtes : été, où l'élève paie 50 EUR".encode().decode("cp1252"),
    ],
)
def test_what_transport_does_to_an_objet_is_no_difference(objet: str) -> None:
    assert list(compare_echo(SENT, recu(objet=objet))) == []


@pytest.mark.parametrize(
    "objet",
    [
        "",
        "Tarifs 2025 de la salle des fêtes : été, où l'élève paie 50 EUR",
        "Tarifs 2024 de la salle des fêtes : été, où l'élève paie 500 EUR",
        "Tarifs 2024 de la salle des fêtes",
        "Tarifs 2024 de la salle des f?êtes?s : été, où l'élève paie 50 EUR",
        "?",
        "?" * 63,
        "? " * 5_000,
        "x" * 1_000_000,
    ],
)
def test_another_objet_is_a_difference(objet: str) -> None:
    assert compare_echo(SENT, recu(objet=objet)).codes == ("ACT-ECHO_OBJET",)


def test_a_question_mark_that_was_sent_is_read_as_itself() -> None:
    sent = replace(SENT, objet="Que faire ? Rien")
    assert list(compare_echo(sent, recu(objet="Que faire ? Rien"))) == []
    assert compare_echo(sent, recu(objet="Que faire Rien")).codes == ("ACT-ECHO_OBJET",)


@pytest.mark.parametrize(
    "change",
    [
        {"classification_date": None},
        {"document_name": SENT.document_name.upper()},
        {"annexes": tuple(name.replace(".pdf", ".PDF") for name in SENT.annexes)},
    ],
)
def test_other_tolerances(change: dict[str, object]) -> None:
    assert list(compare_echo(SENT, recu(**change))) == []


@pytest.mark.parametrize("papier", [b"N", b"0", b"", b" n "])
def test_no_paper_in_any_spelling(papier: bytes) -> None:
    sent = replace(
        SENT,
        objet="Tarifs 2024 de la salle des fêtes",
        annexes=(),
        precedent="",
    )
    content = golden("ARActe").replace(b"Papier>N<", b"Papier>" + papier + b"<")
    message = parse_inbound(content)
    assert isinstance(message, ARActe)
    assert message.acte_recu is not None
    assert list(compare_echo(sent, message.acte_recu)) == []


def test_the_echo_of_what_we_build_is_the_same() -> None:
    value = acte(objet="Mise en œuvre – « école » à 50 €", annexes=(piece(PNG, type_pj="70_DE"),))
    sent = parse_inbound(build_message_acte(value, EMETTEUR))
    assert isinstance(sent, MessageActe)
    echo = ActeRecu(**{name: getattr(sent, name) for name in ActeRecu.__dataclass_fields__})
    assert list(compare_echo(sent, replace(echo, objet=value.objet))) == []
