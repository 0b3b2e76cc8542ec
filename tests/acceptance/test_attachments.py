"""Attachments that the comptable could not use: the agent is told which, and nothing leaves."""

import io
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from tests.acceptance.conftest import Mairie
from tests.conftest import ROOT

CASE = ROOT / "fixtures" / "cas" / "mandat-ordinaire"
PDF = (CASE / "facture-601.pdf").read_bytes()


def locked() -> bytes:
    """Return a PDF that asks for a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="secret", user="secret"))
    return out.getvalue()


def deposited(mairie: Mairie, folder: Path, documents: dict[str, bytes]) -> dict[str, Any]:
    """Deposit the mandat that cites ``facture-601.pdf`` with other documents."""
    for name, content in {"mandats.csv": (CASE / "mandats.csv").read_bytes(), **documents}.items():
        path = folder / "depot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    answer: dict[str, Any] = mairie.demat("deposit", folder / "depot", "--json").json
    return answer


@pytest.mark.parametrize(
    ("documents", "code", "message"),
    [
        ({}, "INT-FILE_MISSING", "Le fichier « facture-601.pdf », cité dans la colonne"),
        (
            {"facture-601.pdf": PDF, "bon.pdf": PDF},
            "INT-FILE_ORPHAN",
            "Le fichier « bon.pdf » est dans le dépôt mais « mandats.csv » ne le cite pas.",
        ),
        (
            {"a/facture-601.pdf": PDF, "b/facture-601.pdf": PDF + b"\n"},
            "INT-FILE_AMBIGUOUS",
            "« facture-601.pdf » : a/facture-601.pdf, b/facture-601.pdf.",
        ),
        (
            {"facture-601.pdf": PDF[: len(PDF) // 2]},
            "INT-PDF_DAMAGED",
            "Le PDF « facture-601.pdf » est abîmé ou incomplet",
        ),
        (
            {"facture-601.pdf": locked()},
            "INT-PDF_PASSWORD",
            "Le PDF « facture-601.pdf » est protégé par un mot de passe",
        ),
        (
            {"facture-601.pdf": b"<html>Erreur 404</html>"},
            "PES-074_TYPE",
            "« facture-601.pdf »",
        ),
        ({"facture-601.pdf": b""}, "INT-FILE_EMPTY", "Le fichier « facture-601.pdf » est vide"),
    ],
)
def test_a_deposit_whose_document_is_unusable_goes_back(
    strict_mairie: Mairie, tmp_path: Path, documents: dict[str, bytes], code: str, message: str
) -> None:
    answer = deposited(strict_mairie, tmp_path, documents)
    assert answer["state"] == "returned"
    (fault,) = answer["faults"]
    assert fault["code"] == code
    assert message in fault["message"]
    assert strict_mairie.flows() == []


def test_a_document_above_the_limit_of_the_authority_is_named(
    strict_mairie: Mairie, tmp_path: Path
) -> None:
    strict_mairie.edit("stabilite", "taille_maximale_pj = 100\nstabilite")
    answer = deposited(strict_mairie, tmp_path, {"facture-601.pdf": PDF})
    (fault,) = answer["faults"]
    assert (answer["state"], fault["code"]) == ("returned", "PES-012_PJ")
    assert "« facture-601.pdf »" in fault["message"]
