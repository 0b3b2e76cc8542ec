"""Proof for ten years: from the deposit to the answer, then verified elsewhere, much later."""

import functools
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from demat.clock import SystemClock
from demat.engine.evidence_zip import read_zip, write_zip
from demat.sandbox.pki import Pki
from tests.acceptance.bad_input import FIXTURES
from tests.acceptance.conftest import Mairie, OpenMairie, demat, unfolded
from tests.conftest import needs_program
from tests.revocations import later_list, pki_with_keys

YEARS = timedelta(days=3650)
Authority = tuple[Pki, dict[str, rsa.RSAPrivateKey]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Test keys whose authority can still revoke, years later."""
    return pki_with_keys(tmp_path_factory.mktemp("cles"), SystemClock().now())


@pytest.fixture(scope="module")
def keys(authority: Authority) -> Path:
    return authority[0].folder


def with_time_stamps(mairie: Mairie) -> None:
    """Configure the time-stamping authority of the sandbox."""
    table = f'[horodatage]\nurl = "{mairie.sandbox.tsa}"\nconfiance = "{mairie.trust}"\n'
    mairie.edit("[[collectivites]]\n", f"{table}\n[[collectivites]]\n")


@pytest.fixture
def town(open_mairie: OpenMairie) -> Mairie:
    """A mairie with a time-stamping authority, whose two deposits were answered."""
    mairie = open_mairie()
    with_time_stamps(mairie)
    mairie.drop(FIXTURES / "titres-cantine.csv", FIXTURES / "seance-2026-10-08")
    mairie.nightly()
    mairie.play()
    mairie.play()
    assert len(mairie.flows("acknowledged")) == len(mairie.flows())
    return mairie


@pytest.fixture
def archives(tmp_path: Path, authority: Authority) -> Path:
    """An empty folder, elsewhere: only the root authority was kept."""
    folder = tmp_path / "archives"
    (folder / "autorites").mkdir(parents=True)
    shutil.copy(authority[0].root, folder / "autorites")
    return folder


@pytest.fixture
def ten_years_later(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    later = SystemClock().now() + YEARS

    def now(_clock: SystemClock) -> datetime:
        return later

    with monkeypatch.context() as patch:
        patch.setattr(SystemClock, "now", now)
        yield later


def prove(town: Mairie, number: int, folder: Path) -> tuple[Path, dict[str, Any]]:
    path = folder / f"preuve-{number}.zip"
    told = town.demat("evidence", str(number), "--sortie", path, "--json")
    assert told.code == 0
    (made,) = told.json["evidence"]
    return path, made


def verified(path: Path, folder: Path) -> dict[str, Any]:
    said = demat("verify", path, "--confiance", folder / "autorites", "--json")
    (found,) = said.json["files"]
    assert (said.code == 0) == (found["verdict"] == "accepted")
    answer: dict[str, Any] = found
    return answer


def codes(found: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in found["faults"]]


def test_every_sending_is_proven_in_ten_years(
    town: Mairie, archives: Path, request: pytest.FixtureRequest
) -> None:
    made = {flow["id"]: prove(town, flow["id"], archives) for flow in town.flows()}
    shutil.rmtree(town.root / "donnees")  # the mairie has lost everything
    request.getfixturevalue("ten_years_later")
    for path, told in made.values():
        found = verified(path, archives)
        assert (found["verdict"], codes(found)) == ("accepted", [])
        assert set(found["evidence"]["points"]) == {
            *("contenu", "sceau", "horodatages", "signatures", "journal", "reponses")
        }
        assert found["evidence"]["manifest_sha256"] == told["manifest_sha256"]
        assert found["evidence"]["points"]["reponses"]["count"] >= 1
    signed = [verified(path, archives)["signatures"] for path, _ in made.values()]
    assert "Camille Dupré" in {one["signer"] for found in signed for one in found}


def test_a_certificate_that_was_revoked_since(
    town: Mairie, archives: Path, authority: Authority, request: pytest.FixtureRequest
) -> None:
    (flow,) = (one for one in town.flows() if one["flux"] == "HELIOS")
    path, _ = prove(town, flow["id"], archives)
    pki, private = authority
    now = SystemClock().now()
    later = request.getfixturevalue("ten_years_later")
    for days, verdict in ((30, "accepted"), (-30, "refused")):
        day = now + timedelta(days=days)
        late = later_list(
            pki, private["ac-fille"], [pki.maire.certificate], revoked_on=day, on=later
        )
        (archives / "autorites" / "revocations.crl").write_bytes(late)
        assert verified(path, archives)["verdict"] == verdict


def test_what_was_changed_is_named_in_words(town: Mairie, archives: Path) -> None:
    path, _ = prove(town, 1, archives)
    entries = dict(read_zip(path.read_bytes()).entries)
    name = next(one for one in entries if one.startswith("depot/"))
    path.write_bytes(write_zip(entries | {name: entries[name] + b" "}))
    said = demat("verify", path, "--confiance", archives / "autorites")
    assert said.code == 1
    assert "preuve-1.zip : non conforme" in unfolded(said.stdout)
    assert f"Le fichier « {name} » de la preuve a été changé" in unfolded(said.stdout)


def test_what_the_zip_of_a_real_sending_holds(town: Mairie, archives: Path) -> None:
    (flow,) = (one for one in town.flows() if one["flux"] == "HELIOS")
    path, told = prove(town, flow["id"], archives)
    entries = read_zip(path.read_bytes()).entries
    assert told["sealed_at"]
    assert [name for name in entries if name.startswith("echanges/")]
    whole = b"".join(entries.values())
    for secret in ("client", "maire"):
        passphrase = getattr(town.sandbox.pki, secret).passphrase.encode()
        assert passphrase not in whole
    assert b"PRIVATE KEY" not in whole
    assert entries[f"documents/{flow['file_name']}"] == town.kept(flow["sha256"])
    stamps = [name for name in entries if name.startswith("horodatages/")]
    assert len(stamps) >= 4  # the manifest, the file, its answer, a night of the journal
    journal = [json.loads(line) for line in entries["journal/journal.jsonl"].splitlines()]
    actions = [line["entree"]["action"] for line in journal]
    assert {"received", "packed", "stamped", "claimed", "deposited", "receipt"} <= set(actions)


def test_other_programs_agree(town: Mairie, archives: Path, authority: Authority) -> None:
    """Whoever has no demat can open the zip, and judge the seal of its manifest."""
    path, told = prove(town, 1, archives)
    run = functools.partial(subprocess.run, cwd=archives, capture_output=True, check=False)
    with zipfile.ZipFile(path) as opened:
        opened.extractall(archives)
    digests = run([needs_program("sha256sum"), "-c", "manifeste.sha256"])
    assert digests.returncode == 0, digests.stdout
    manifest = (archives / "manifeste.json").read_bytes()
    assert sha256(manifest).hexdigest() == told["manifest_sha256"]
    pki, _ = authority
    judged = run(
        [
            *(needs_program("openssl"), "ts", "-verify", "-token_in"),
            *("-in", "horodatages/manifeste.tst", "-data", "manifeste.json"),
            *("-CAfile", str(pki.root), "-untrusted", str(pki.intermediate)),
        ]
    )
    assert judged.stdout.strip() == b"Verification: OK", judged.stderr


def test_a_deposit_of_several_sendings(town: Mairie, archives: Path) -> None:
    (deposit,) = {one["deposit"] for one in town.flows() if one["flux"] == "ACTES"}
    said = town.demat("evidence", f"D{deposit}", "--sortie", archives, "--json")
    numbers = [one["id"] for one in town.flows() if one["deposit"] == deposit]
    assert [one["transmission"] for one in said.json["evidence"]] == numbers
    for one in said.json["evidence"]:
        assert verified(Path(one["file"]), archives)["verdict"] == "accepted"


def test_numbers_that_are_none(town: Mairie) -> None:
    for target, code in (("99", "TRANSMISSION"), ("D99", "DEPOSIT"), ("x", "TRANSMISSION")):
        said = town.demat("evidence", target, "--json")
        assert said.code == 2
        assert [one["code"] for one in said.json["error"]] == [f"QUE-UNKNOWN_{code}"]


def test_a_night_without_time_stamps_then_one_with(open_mairie: OpenMairie) -> None:
    mairie = open_mairie()
    with_time_stamps(mairie)
    mairie.sandbox.time_stamps("away")
    mairie.drop(FIXTURES / "titres-cantine.csv")
    first = mairie.nightly().json
    assert (first["outcome"], first["sent"], first["stamped"]) == ("done", 1, 0)
    assert any("horodatage" in text for text in first["authorities"][0]["notices"])
    mairie.sandbox.time_stamps("nominal")
    assert mairie.nightly().json["stamped"] == 2
    assert mairie.sandbox.time_stamps("nominal") == 2
