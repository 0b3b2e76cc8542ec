"""What ``demat backup`` and ``demat restore`` say, and what they refuse."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import PARIS, SystemClock
from tests.unit.cli.conftest import Said, Town


def test_a_backup_says_what_it_holds_and_what_it_does_not(acte: Town, tmp_path: Path) -> None:
    said = acte.demat("backup", tmp_path / "copie")
    assert (said.code, said.err) == (0, "")
    assert "Sauvegarde faite et relue : 1 envoi," in said.words
    assert "Elle ne contient ni la configuration" in said.words
    assert "ni les mots de passe, les clés" in said.words
    found = acte.demat("backup", tmp_path / "copie", "--json").json
    assert (found["nouveaux"], found["lignes"]["transmission"]) == (0, 1)
    assert found["configuration"] == str(acte.config)
    kept = b"".join(one.read_bytes() for one in (tmp_path / "copie").rglob("*") if one.is_file())
    for secret in (acte.root / "secrets").iterdir():
        assert secret.read_bytes().strip() not in kept


def test_a_document_that_is_lost_is_told(acte: Town, tmp_path: Path) -> None:
    with acte.office() as office:
        digest = office.store.deposit(1).files[0].sha256
    (acte.root / "donnees" / "documents" / digest[:2] / digest[2:]).unlink()
    said = acte.demat("backup", tmp_path / "copie")
    assert said.code == 1
    assert "Déjà perdu ou modifié avant cette sauvegarde :" in said.words
    assert f"Un document conservé a disparu (empreinte {digest})" in said.words
    found = acte.demat("backup", tmp_path / "copie", "--json")
    assert [one["code"] for one in found.json["faults"]] == ["QUE-DOCUMENT_MISSING"]
    assert found.json["manquants"] == [digest]
    assert acte.demat("restore", tmp_path / "copie", "--remplacer").code == 0


def test_raw_exchanges_and_editions_are_kept_and_put_back(acte: Town, tmp_path: Path) -> None:
    data = acte.root / "donnees"
    files = {
        data / "echanges" / "000000000" / "a.txt": b"POST /",
        data / "schemas" / "essai" / "pes.xsd": b"<schema/>",
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (data / "revocation").mkdir(exist_ok=True)
    (data / "revocation" / "liste.crl").write_bytes(b"asked for again")
    assert acte.demat("backup", tmp_path / "copie").code == 0
    data.rename(acte.root / "perdu")
    assert acte.demat("restore", tmp_path / "copie").code == 0
    assert {path: path.read_bytes() for path in files} == files
    assert not (data / "revocation" / "liste.crl").exists()


def test_a_backup_lies_nowhere_in_what_it_backs_up(acte: Town) -> None:
    for folder in ("donnees", "donnees/copie"):
        said = acte.demat("backup", acte.root / folder)
        assert said.code == 1
        assert "fait partie des données" in said.err


def test_nothing_to_restore(acte: Town, tmp_path: Path) -> None:
    said = acte.demat("restore", tmp_path / "vide", "--remplacer")
    assert said.code == 1
    assert "Aucune sauvegarde complète de demat" in said.err


def test_a_damaged_backup_is_told_in_json_too(acte: Town, tmp_path: Path) -> None:
    folder = tmp_path / "copie"
    acte.demat("backup", folder)
    document = max(folder.glob("documents/??/*"), key=lambda one: one.stat().st_size)
    document.write_bytes(b"x")
    said = acte.demat("restore", folder, "--remplacer", "--json")
    assert said.code == 1
    assert [one["code"] for one in said.json["error"]] == ["QUE-DOCUMENT_CORRUPT"]
    said = acte.demat("restore", folder, "--remplacer")
    assert "ne peut pas servir ; rien n'a été touché" in said.words


@pytest.mark.parametrize("arguments", [(), ("x", "--depuis", "2026-11-30T02:30")])
def test_one_thing_or_the_other(acte: Town, arguments: tuple[str, ...]) -> None:
    said = acte.demat("restore", *arguments)
    assert said.code == 2
    assert "soit le dossier d'une sauvegarde, soit --depuis" in said.err


@pytest.mark.parametrize("text", ["hier", "2026-13-01T00:00", "2999-01-01T00:00"])
def test_an_instant_that_is_none(acte: Town, text: str) -> None:
    said = acte.demat("restore", "--depuis", text)
    assert (said.code, "n'est pas un instant passé" in said.err) == (2, True)


def test_a_database_that_another_tool_restored(acte: Town) -> None:
    since = SystemClock().now().astimezone(PARIS) - timedelta(hours=2)
    said = acte.demat("restore", "--depuis", f"{since:%Y-%m-%dT%H:%M}")
    assert said.code == 0
    assert f"telles qu'elles étaient le {since:%d/%m/%Y}" in said.words
    assert "Envois qui attendaient : 1." in said.words
    with acte.office() as office:
        (flow,) = office.store.transmissions()
        assert (flow.delivery, flow.faults.codes) == ("suspended", ("QUE-RESTORED",))
        found = office.store.restoration()
        assert found is not None
        assert found.backup_at == since.replace(second=0, microsecond=0)


def test_a_postgresql_is_sent_to_its_own_tools(
    acte: Town, tmp_path: Path, demat: Callable[..., Said]
) -> None:
    acte.change('donnees = "donnees"', 'donnees = "donnees"\nbase = "postgresql+psycopg://x/y"')
    said = acte.demat("restore", tmp_path)
    assert said.code == 1
    assert "pg_restore" in said.err
    assert "demat restore --depuis INSTANT" in said.words + " ".join(said.err.split())
