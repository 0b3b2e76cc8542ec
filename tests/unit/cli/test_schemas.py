"""``demat schemas`` and ``demat validate --schemas``: the words, the JSON and the exit codes."""

import inspect
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from demat.cli.main import app
from demat.cli.schemas import app as schemas_app
from tests.unit.cli.conftest import Said, Town
from tests.unit.schemas.test_archives import make_folder, make_zip
from tests.unit.schemas.test_installed import INCLUDING, aller, document

Demat = Callable[..., Said]
DATED = ("--edition", "1", "--valid-from", "2015-07-01")
TITLES = " Version Documents Depuis le Origine Fichiers "


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder without configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DEMAT_CONFIG", raising=False)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_zip(tmp_path / "pes.zip", {"a.xsd": aller("Ancien")})


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "flux.xml"
    path.write_bytes(document("Ancien", "2016-01-31"))
    return path


def test_the_packaged_editions_are_listed(demat: Demat) -> None:
    said = demat("schemas", "list")
    assert (said.code, said.err) == (0, "")
    assert said.out.split("\n", 2)[1].split() == TITLES.split()
    assert "actes-2017 ACTES 01/11/2017 demat intacts" in said.words
    assert said.out.endswith("Tous les documents : version selon leur date.\n")
    found = demat("schemas", "list", "--json").json
    assert (found["chosen"], found["faults"]) == ({}, [])
    assert found["editions"][1] == {
        "edition": "pes-5.17",
        "valid_from": "2024-01-01",
        "flux": ["PES_Aller", "PES_ACQUIT", "PES_Retour", "PES_ACQUIT_RETOUR"],
        "origin": "demat",
        "installed_at": None,
        "intact": True,
    }


def test_install_then_choose_then_validate(town: Town, archive: Path, flow: Path) -> None:
    demat = town.demat
    assert demat("validate", flow).code == 1
    said = demat("schemas", "install", archive, *DATED)
    assert (said.code, said.err) == (0, "")
    assert said.out == "Version 1 installée : 1 fichier.\nElle décrit : PES_Aller.\n"
    assert (town.root / "donnees/schemas/1/fichiers/a.xsd").read_bytes() == aller("Ancien")
    assert demat("validate", flow).out == "flux.xml : conforme\n"
    flow.write_bytes(document("Ancien", "2026-01-31"))
    assert demat("validate", flow).code == 1
    said = demat("schemas", "use", "1")
    assert said.out == (
        "PES_Aller : version 1, quelle que soit la date.\n"
        "Autres documents : version selon leur date.\n"
    )
    assert demat("validate", flow).code == 0
    assert demat("validate", flow, "--schemas", "pes-5.17").code == 1
    assert demat("schemas", "use", "auto", "--json").json == {"chosen": {}}
    assert demat("validate", flow).code == 1
    assert demat("validate", flow, "--schemas", "1", "--second-avis").code == 0


def test_the_configuration_may_lie_elsewhere(
    town: Town, archive: Path, flow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert town.demat("schemas", "install", archive, *DATED).code == 0
    (tmp_path / "ailleurs").mkdir()
    monkeypatch.chdir(tmp_path / "ailleurs")
    assert town.demat("validate", flow).code == 1
    assert town.demat("validate", flow, "--config", town.config).code == 0
    assert town.demat("validate", flow, "--config", "absent.toml").code == 4


def test_a_folder_of_its_own_needs_no_configuration(
    demat: Demat, tmp_path: Path, flow: Path
) -> None:
    source = make_folder(tmp_path / "officiel", INCLUDING)
    said = demat("schemas", "install", source, *DATED, "--into", "mes-schemas", "--json")
    assert said.code == 0
    found = said.json
    assert datetime.fromisoformat(found.pop("installed_at")).tzinfo is not None
    assert found == {
        "edition": "1",
        "valid_from": "2015-07-01",
        "flux": ["PES_Aller"],
        "origin": "officiel",
        "intact": True,
    }
    assert "1 PES_Aller 01/07/2015 officiel intacts" in " ".join(
        demat("schemas", "list", "--folder", "mes-schemas").out.split()
    )
    assert demat("schemas", "use", "1", "--folder", "mes-schemas", "--flux", "PES_Aller").code == 0
    assert demat("validate", flow, "--folder", "mes-schemas").code == 0
    assert demat("validate", flow).code == 1


def test_nothing_is_installed_without_a_configuration(demat: Demat, archive: Path) -> None:
    said = demat("schemas", "install", archive, *DATED)
    assert said.code == 4
    assert "Le fichier de configuration « demat.toml » n'existe pas." in said.words


def test_an_edition_that_was_altered(demat: Demat, archive: Path, flow: Path) -> None:
    demat("schemas", "install", archive, *DATED, "--into", "s")
    Path("s/1/fichiers/a.xsd").write_bytes(aller("Autre"))
    sentence = (
        "Le schéma « a.xsd » de la version « 1 » a été modifié ou supprimé depuis son "
        "installation : cette version n'est pas utilisée."
    )
    listed = demat("schemas", "list", "--folder", "s")
    assert listed.code == 4
    assert sentence in listed.words
    assert "1 PES_Aller 01/07/2015 pes.zip modifiés" in listed.words
    found = demat("schemas", "list", "--folder", "s", "--json").json
    assert [fault["code"] for fault in found["faults"]] == ["CFG-SCHEMA_ALTERED"]
    said = demat("validate", flow, "--folder", "s")
    assert said.out.startswith("flux.xml : non conforme\n")
    assert sentence in " ".join(said.err.split())
    asked = demat("validate", flow, "--folder", "s", "--schemas", "1")
    assert (asked.code, asked.out) == (4, "")
    assert sentence in asked.words


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("use", "9", "--folder", "s"),
            2,
            "La version de schémas « 9 » n'est pas installée (connues : actes-2017, pes-5.17, "
            "budget-5.17).",
        ),
        (
            ("use", "pes-5.17", "--folder", "s", "--flux", "ACTES"),
            2,
            "La version de schémas « pes-5.17 » ne décrit pas « ACTES » (elle décrit : PES_Aller,",
        ),
        (
            ("install", "absent.zip", *DATED, "--into", "s"),
            2,
            "Le fichier « absent.zip » ne peut pas être lu : il n'existe pas.",
        ),
        (
            ("install", "pes.zip", "--edition", "a b", "--valid-from", "2015-07-01", "--into", "s"),
            2,
            "« a b » ne peut pas être le nom d'une version de schémas.",
        ),
        (
            ("install", "pes.zip", "--edition", "pes-5.17", *DATED[2:], "--into", "s"),
            2,
            "La version de schémas « pes-5.17 » est déjà installée : elle n'a pas été remplacée.",
        ),
        (
            ("install", "pes.zip", "--edition", "1", "--valid-from", "hier", "--into", "s"),
            2,
            "La valeur donnée pour l'option « --valid-from » ne convient pas.",
        ),
        (("install", "pes.zip", "--into", "s"), 2, "Il manque l'option « --edition »."),
        (("defaire",), 2, "La commande « defaire » n'existe pas. Les commandes : list, install, u"),
    ],
)
def test_wrong_uses_are_told(
    demat: Demat, archive: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    said = demat("schemas", *arguments)
    assert said.code == code
    assert words in said.words


def test_a_hostile_archive_is_refused(demat: Demat, tmp_path: Path) -> None:
    bad = make_zip(tmp_path / "pes.zip", {"../a.xsd": aller()})
    said = demat("schemas", "install", bad, *DATED, "--into", "s")
    assert said.code == 1
    assert "un fichier dont le nom n'est pas sûr : « ../a.xsd »." in said.words
    assert not Path("s").exists()


def test_an_unknown_edition_is_a_wrong_use_of_validate(demat: Demat, flow: Path) -> None:
    said = demat("validate", flow, "--schemas", "9")
    assert (said.code, said.out) == (2, "")
    assert "La version de schémas « 9 » n'est pas installée" in said.words


def test_the_help_speaks_french_and_shows_examples(demat: Demat) -> None:
    assert "Voir, ajouter et choisir les versions" in demat("schemas", "--help").words
    assert "Afficher cette aide." in demat("schemas", "use", "--help").words
    for command in schemas_app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        assert f"Exemple : demat schemas {name}" in (inspect.getdoc(command.callback) or "")
    assert any(group.typer_instance is schemas_app for group in app.registered_groups)
