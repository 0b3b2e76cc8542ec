"""A mairie whose documents are in an S3-compatible bucket: the whole job, and the bucket away."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.bad_input import FIXTURES, PDF, TITRES, deposit, seance
from tests.acceptance.conftest import Mairie, unfolded
from tests.s3_server import ACCESS_KEY, SECRET_KEY, ask, make_bucket, s3_server
from tests.unit.engine.test_retours import piece, retour

BUCKET = "centre"


@pytest.fixture
def s3() -> Iterator[str]:
    with s3_server() as address:
        make_bucket(address, BUCKET)
        yield address


@pytest.fixture
def town(mairie: Mairie, s3: str) -> Mairie:
    mairie.secret("s3", SECRET_KEY)
    table = f'adresse = "{s3}"\ncle_acces = "{ACCESS_KEY}"\nsecret = "secrets/s3.passe"'
    mairie.edit("[[collectivites]]\n", f"[documents_s3]\n{table}\n\n[[collectivites]]\n")
    key = f'documents = "s3://{BUCKET}/mairies"'
    mairie.edit('donnees = "donnees"\n', f'donnees = "donnees"\n{key}\n')
    return mairie


def test_the_whole_job(town: Mairie, s3: str, tmp_path: Path) -> None:
    deposit(town, {**seance(PDF), "titres.csv": TITRES})
    town.drop(FIXTURES / "mandats-2026-10")  # attachments are read in pieces
    town.play()
    assert [flow["etat"] for flow in town.flows()] == ["acquitte"] * 3
    assert town.landed() == 3
    town.sandbox.send_letter("2026_090", "3", "Grille tarifaire complète")
    town.sandbox.send_pes_retour("PES2R_REC.xml", retour(piece(417)))
    assert town.nightly().code == 0
    assert len(town.demat("courriers", "--json").json["courriers"]) == 1

    found = town.demat("flows", "--search", "titre 417", "--json").json["found"]
    assert found
    page = tmp_path / "titres.html"
    number = str(found[0]["id"])
    assert town.demat("show", number, "--html", page).code == 0
    assert "417" in page.read_text("utf-8")
    assert town.demat("evidence", number, "--sortie", tmp_path / "preuve.zip").code == 0
    assert town.demat("doctor", "--complet").code == 0

    assert not (town.root / "donnees" / "documents").exists()
    listed, _ = ask(s3, f"/{BUCKET}?list-type=2&prefix=mairies/")
    assert listed.count(b"<Key>mairies/") > 10


def test_a_refused_deposit_is_corrected_and_comes_back(town: Mairie) -> None:
    deposit(town, seance(PDF, "2026_090;08/10/2026;DE;;Tarifs de la salle;acte.pdf"))
    town.nightly()
    (laid,) = (town.folder / "a-corriger").iterdir()
    assert (laid / "acte.pdf").read_bytes() == PDF


def test_a_bucket_that_is_away_loses_nothing(town: Mairie, s3: str) -> None:
    deposit(town, seance(PDF))
    ask(s3, f"/{BUCKET}", method="DELETE")
    said = town.nightly()
    assert said.code == 1
    told = " ".join(said.json["authorities"][0]["errors"])
    assert "Le seau du stockage des documents" in told
    assert SECRET_KEY not in said.stdout + said.stderr
    assert town.landed() == 0
    doctor = town.demat("doctor")
    assert "Le seau du stockage des documents" in unfolded(doctor.stdout)
    make_bucket(s3, BUCKET)
    town.play()
    assert [flow["etat"] for flow in town.flows()] == ["acquitte"]
    assert town.landed() == 1


def test_what_cannot_be_kept_is_not_marked_as_read(town: Mairie, s3: str) -> None:
    deposit(town, {**seance(PDF), "titres.csv": TITRES})
    town.play()
    town.sandbox.send_letter("2026_090", "3", "Grille tarifaire complète")
    town.sandbox.send_pes_retour("PES2R_REC.xml", retour(piece(417)))
    town.edit(f"s3://{BUCKET}/", "s3://ailleurs-absent/")
    assert town.nightly().code == 1
    town.edit("s3://ailleurs-absent/", f"s3://{BUCKET}/")
    assert town.nightly().code == 0
    assert len(town.demat("courriers", "--json").json["courriers"]) == 1
    assert len(town.demat("retours", "--json").json["pieces"]) > 0


def test_the_database_alone_is_lost(town: Mairie, tmp_path: Path) -> None:
    """A centre: the bucket outlives the database, and tells what was handed in meanwhile."""
    assert town.demat("backup", tmp_path / "copie").code == 0
    deposit(town, {"titres.csv": TITRES})
    town.play()
    assert town.landed() == 1
    shutil.rmtree(town.root / "donnees")
    shutil.rmtree(town.folder / "transmis")  # the share of the agents too
    assert town.demat("restore", tmp_path / "copie").code == 0
    deposit(town, {"titres.csv": TITRES})
    town.nightly()
    (returned,) = town.returned()
    assert [fault["code"] for fault in returned["faults"]] == ["INT-MAYBE_SENT"]
    assert town.landed() == 1
