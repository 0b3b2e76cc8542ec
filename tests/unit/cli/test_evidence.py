"""``demat evidence``, and ``demat verify`` of what it writes, as they are read."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from demat.engine.evidence_zip import read_zip, write_zip
from tests.unit.cli.conftest import FIXTURES, Said, Town

Demat = Callable[..., Said]
SHA256 = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def signed(town: Town) -> Town:
    """A town whose titres are signed and wait to be sent."""
    assert town.demat("deposit", FIXTURES / "titres-cantine.csv").code == 0
    assert town.demat("sign", "--yes", "--signataire", "Camille Dupré").code == 0
    return town


def test_what_is_said_when_nothing_seals_it(
    signed: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = signed.demat("evidence", "1")
    (path,) = tmp_path.glob("preuve-1-PESALR2_*.zip")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == f"Preuve de l'envoi n° 1 : {path.name}"
    assert re.fullmatch(r"  empreinte du manifeste : [0-9a-f]{64}", lines[1])
    assert "Rien d'extérieur ne scelle cette preuve" in said.words
    assert lines[-1] == f"  à vérifier avec : demat verify {path.name}"


def test_what_is_said_of_a_good_one(signed: Town, tmp_path: Path) -> None:
    path = tmp_path / "preuve.zip"
    written = signed.demat("evidence", "1", "--sortie", path, "--json").json["evidence"][0]
    trust = signed.root / "confiance"
    with signed.office() as office:
        trust.mkdir()
        (trust / "racine.cer").write_bytes(office.authorities[0].trust.roots[0])
    said = signed.demat("verify", path, "--confiance", trust)
    assert said.code == 1  # undecided: nothing outside seals it
    assert said.out.splitlines()[0] == "preuve.zip : indécis"
    for words in (
        "preuve de l'envoi n° 1, PESALR2_",
        "sceau du manifeste : indécis",
        "horodatages (0) : conforme",
        "signatures (1) : conforme",
        "réponses de l'État (0) : conforme",
        f"empreinte du manifeste : {written['manifest_sha256']}",
    ):
        assert words in said.words
    assert max(map(len, said.out.splitlines())) <= 100
    found = signed.demat("verify", path, "--confiance", trust, "--json").json["files"][0]
    assert found["evidence"]["manifest_sha256"] == written["manifest_sha256"]
    assert found["signatures"][0]["signer"] == "Camille Dupré"
    assert (found["verdict"], found["evidence"]["sealed_at"]) == ("undecided", None)


def test_what_is_said_of_one_that_was_changed(signed: Town, tmp_path: Path) -> None:
    path = tmp_path / "preuve.zip"
    signed.demat("evidence", "1", "--sortie", path)
    entries = dict(read_zip(path.read_bytes()).entries)
    path.write_bytes(write_zip(entries | {"LISEZ-MOI.pdf": b"%PDF-1.4"}))
    said = signed.demat("verify", path)
    assert said.code == 1
    assert said.out.splitlines()[0] == "preuve.zip : non conforme"
    assert "Le fichier « LISEZ-MOI.pdf » de la preuve a été changé" in said.words
    assert "rien n'a changé" not in said.words


def test_each_thing_is_said_once(signed: Town, tmp_path: Path) -> None:
    path = tmp_path / "preuve.zip"
    signed.demat("evidence", "1", "--sortie", path)
    content = bytearray(path.read_bytes())
    content[content.index(b"exercice;")] ^= 1
    path.write_bytes(content)
    said = signed.demat("verify", path)
    assert said.words.count("depot/001-titres-cantine.csv » de la preuve a été changé") == 1
    assert "L'entrée «" not in said.words


def test_files_of_both_kinds_together(signed: Town, tmp_path: Path) -> None:
    path = tmp_path / "preuve.zip"
    signed.demat("evidence", "1", "--sortie", path)
    flow = FIXTURES / "compta-D0032.xml"
    files = signed.demat("verify", path, flow, "--json").json["files"]
    assert [Path(one["file"]).name for one in files] == ["preuve.zip", "compta-D0032.xml"]
    assert ["evidence" in one for one in files] == [True, False]


def test_a_deposit_that_became_nothing(town: Town, tmp_path: Path) -> None:
    bad = tmp_path / "vide.csv"
    bad.write_bytes(b"")
    town.demat("deposit", bad)
    said = town.demat("evidence", "D1")
    assert said.code == 1
    assert said.out == "Le dépôt D1 n'a donné aucun envoi : il n'y a rien à prouver.\n"
    assert town.demat("evidence", "D1", "--json").json == {"evidence": []}


def test_an_authority_that_is_no_longer_configured(signed: Town) -> None:
    signed.change('siren = "000000000"', 'siren = "000000018"')
    said = signed.demat("evidence", "1", "--json")
    assert (said.code, [one["code"] for one in said.json["error"]]) == (2, ["CFG-COLLECTIVITE"])


@pytest.mark.parametrize("target", ["9", "D9", "x", "D", "9" * 30, "-1"])
def test_what_is_not_there(town: Town, target: str) -> None:
    assert town.demat("evidence", "--json", "--", target).code == 2


def test_a_place_where_nothing_can_be_written(signed: Town) -> None:
    said = signed.demat("evidence", "1", "--sortie", "/proc/preuve.zip")
    assert said.code != 0
    assert "Traceback" not in said.words
