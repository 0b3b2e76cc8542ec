"""What fits in a terminal of 80 columns: everything that matters."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from rich.console import Console

from demat.cli.display import day_fr, fault_lines, flows_table, moment_fr, paragraph
from demat.faults import Fault, Faults
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView

NOW = datetime(2026, 10, 8, 22, 30, tzinfo=UTC)


def _flow(number: int, key: str, subject: str, etat: str, **changes: object) -> TransmissionView:
    values: dict[str, object] = {
        "id": number,
        "deposit_id": 1,
        "collectivite": "000000000",
        "flux": "ACTES",
        "file_name": "f",
        "sha256": "",
        "size": 1,
        "key": key,
        "delivery": DeliveryState.DEPOSITED,
        "etat": etat,
        "etat_final": False,
        "etat_negative": False,
        "reference": None,
        "remote_code": None,
        "attempts": 1,
        "next_attempt_at": None,
        "lease_until": None,
        "created_at": NOW,
        "deposited_at": None,
        "updated_at": NOW,
        "facts": {"objet": subject},
        "faults": Faults(),
        "unknown_since": None,
        "supersedes": None,
        "superseded_by": None,
    }
    return TransmissionView(**{**values, **changes})  # type: ignore[arg-type]  # a test factory


FLOWS = (
    _flow(9, "099-000000000-20261020-AI_2026_017-AI", "Avancement d'un agent", "acquitte"),
    _flow(
        1234,
        "099-000000000-20261105-2026_050_LONGUE-DE",
        "Subventions aux associations pour l'année 2026, solde et avances",
        "en_anomalie",
        supersedes=1199,
    ),
    _flow(1235, "SAINTEX-20261022-D0032", "", "refuse", superseded_by=1236),
)


def _drawn(columns: int) -> list[str]:
    console = Console(width=columns, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(flows_table(FLOWS, columns))
    return [line.rstrip() for line in capture.get().splitlines()]


def _columns(lines: list[str]) -> list[str]:
    """Return, column by column, the text of the table without its cuts."""
    head = next(line for line in lines if "Identifiant" in line)
    starts = [0, head.index("Identifiant"), head.index("Objet"), head.index("État"), 200]
    return [
        "".join(line[start:end].strip() + " " for line in lines if "─" not in line)
        for start, end in pairwise(starts)
    ]


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_numbers_identifiers_and_states_are_never_cut(columns: int) -> None:
    lines = _drawn(columns)
    assert max(map(len, lines)) <= columns
    numbers, keys, subjects, states = _columns(lines)
    assert numbers.split() == ["N°", "9", "1234", "1235"]
    compact = keys.replace(" ", "")
    for flow in FLOWS:
        assert flow.key in compact
    words = " ".join(states.split())
    for words_of_state in (
        "acquitté",
        "rejeté par la préfecture (remplace 1199)",
        "refusé par le comptable (remplacé par 1236)",
    ):
        assert words_of_state in words
    assert "Subventio" in subjects


def test_a_wide_terminal_cuts_nothing() -> None:
    text = "\n".join(_drawn(160))
    assert "…" not in text
    for flow in FLOWS:
        assert flow.key in text


def test_an_identifier_is_folded_after_a_separator() -> None:
    lines = _drawn(80)
    assert any("099-000000000-20261105-2026_" in line for line in lines)
    assert any(line.strip().startswith("050_LONGUE-DE") for line in lines)


def test_a_sentence_is_cut_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "Le fichier « titres-de-la-cantine.csv » est refusé : voir l'envoi n° 12 ; corrigez-le."
    lines = paragraph(text, indent="- ", then="    ").splitlines()
    assert max(map(len, lines)) <= 40
    assert [line.strip() for line in lines] == [
        "- Le fichier",
        "« titres-de-la-cantine.csv » est",
        "refusé : voir l'envoi n° 12 ;",
        "corrigez-le.",
    ]
    assert " ".join(line.strip() for line in lines) == f"- {text}"
    assert all(line.startswith("    ") for line in lines[1:])


def test_a_fault_says_where_what_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    faults = [
        Fault(code="CFG-MISSING_KEY", params={"key": "donnees"}, source="demat.toml", line=3),
        Fault(code="CFG-MISSING_KEY", params={"key": "donnees"}),
    ]
    assert fault_lines(faults, indent="  ") == [
        "  demat.toml, ligne 3 : Le réglage « donnees » manque.",
        "    → Ajoutez-le dans le fichier de configuration.",
        "  Le réglage « donnees » manque.",
        "    → Ajoutez-le dans le fichier de configuration.",
        "    Une question ? Demandez à : votre technicien ou votre centre de services "
        "informatiques.",
    ]


def test_instants_are_those_of_paris() -> None:
    assert moment_fr(NOW) == "09/10/2026 00:30:00"
    assert day_fr(date(2026, 10, 8)) == "08/10/2026"
