"""``validate`` and ``verify``: the verdict, the reasons and the exit code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from demat.engine import judge
from demat.sandbox.pki import Pki
from demat.sandbox.prefecture import retour_classification
from tests.unit.cli.conftest import FIXTURES, Said, Town

Demat = Callable[..., Said]
FLOW = FIXTURES / "compta-D0032.xml"


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_good_file(demat: Demat) -> None:
    said = demat("validate", FLOW)
    assert (said.code, said.out, said.err) == (0, "compta-D0032.xml : conforme\n", "")
    assert demat("validate", FLOW, "--json").json == {
        "files": [{"file": str(FLOW), "verdict": "accepted", "faults": []}]
    }


def test_a_bad_file_says_where_and_what_to_do(tmp_path: Path, demat: Demat) -> None:
    bad = tmp_path / "mauvais.xml"
    bad.write_bytes(FLOW.read_bytes().replace(b"<IdPost", b"<IdPoste"))
    said = demat("validate", FLOW, bad)
    assert (said.code, said.err) == (1, "")
    lines = said.out.splitlines()
    assert lines[:2] == ["compta-D0032.xml : conforme", "mauvais.xml : non conforme"]
    assert lines[2].startswith("  mauvais.xml, ligne ")
    assert any(line.startswith("    → ") for line in lines)
    assert max(map(len, lines)) <= 80
    entry = demat("validate", bad, "--json").json["files"][0]
    assert entry["verdict"] == "refused"
    assert {"code", "line", "path", "message"} <= set(entry["faults"][0])


def test_a_file_that_no_schema_describes_is_undecided(tmp_path: Path, demat: Demat) -> None:
    other = tmp_path / "autre.xml"
    other.write_bytes(b"<autre/>")
    said = demat("validate", other)
    assert said.code == 1
    assert said.out.startswith("autre.xml : indécis\n")


def test_a_second_opinion_agrees_or_refuses(
    tmp_path: Path, demat: Demat, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert demat("validate", FLOW, "--second-avis").out == "compta-D0032.xml : conforme\n"
    bad = tmp_path / "mauvais.xml"
    bad.write_bytes(FLOW.read_bytes().replace(b"<IdPost", b"<IdPoste"))
    faults = demat("validate", bad, "--second-avis", "--json").json["files"][0]["faults"]
    assert faults
    assert "XSD-SECOND_OPINION" not in [fault["code"] for fault in faults]
    monkeypatch.setattr(judge, "second_validator", lambda _content, *, catalogue: False)
    entry = demat("validate", FLOW, "--second-avis", "--json").json["files"][0]
    assert (entry["verdict"], entry["faults"][0]["code"]) == ("refused", "XSD-SECOND_OPINION")
    assert demat("validate", FLOW).code == 0


def test_a_message_of_the_prefecture(tmp_path: Path, demat: Demat) -> None:
    from datetime import date

    path = tmp_path / "7-2.xml"
    path.write_bytes(retour_classification(date(2026, 1, 5)))
    assert demat("validate", path).out == "7-2.xml : conforme\n"
    said = demat("show", path)
    assert said.out.startswith("7-2.xml : RetourClassification\n  date : 2026-01-05\n")


def test_an_unsigned_flow(demat: Demat) -> None:
    said = demat("verify", FLOW)
    assert said.code == 1
    assert "n'est pas signé." in said.words
    assert "empreinte" not in said.out
    entry = demat("verify", FLOW, "--json").json["files"][0]["signatures"][0]
    assert (entry["verdict"], entry["reasons"][0]["code"]) == ("refused", "SIG-UNSIGNED")


def test_a_flow_that_we_signed(titres: Town, pki: Pki) -> None:
    assert titres.demat("sign", "--yes").code == 0
    with titres.office() as office:
        content = office.store.documents.get(office.store.transmission(1).sha256)
    (titres.root / "signe.xml").write_bytes(content)
    said = titres.demat("verify", "signe.xml", "--confiance", pki.trust_folder)
    assert said.code == 0
    assert said.out.startswith("signe.xml : conforme\n  signature de Bordereau ")
    assert "conforme (empreintes justes, valeur juste)" in said.words
    assert "signataire : Camille Dupré" in said.words
    unknown = titres.demat("verify", "signe.xml")
    assert unknown.code == 1
    assert unknown.out.startswith("signe.xml : indécis\n")
    (titres.root / "faux.xml").write_bytes(content.replace(b"CANTINE", b"CANTINF", 1))
    forged = titres.demat("verify", "faux.xml", "--confiance", pki.trust_folder)
    assert forged.code == 1
    assert "empreintes fausses" in forged.words


def test_a_missing_file_is_a_wrong_use(demat: Demat, tmp_path: Path) -> None:
    for command in ("validate", "verify"):
        said = demat(command, FLOW, tmp_path / "absent.xml")
        assert (said.code, said.out) == (2, "")
        assert "absent.xml" in said.words
        assert demat(command, tmp_path).code == 2


def test_a_trust_folder_that_is_not_there(demat: Demat, tmp_path: Path) -> None:
    said = demat("verify", FLOW, "--confiance", tmp_path / "absent")
    assert said.code == 4
