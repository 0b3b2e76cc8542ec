"""``demat health``: the same checks as ``/sante``, with an exit code."""

import shutil
import socket

import pytest

from demat.labels_fr.supervision import CHECKS
from demat.queue.store import Store
from tests.unit.cli.conftest import Town

LIMITS = """
[supervision.seuils]
disque_pourcent = {watch}
disque_panne_pourcent = {down}
disque_mo = 0
disque_panne_mo = 0
"""


def _limits(town: Town, *, watch: float = 0, down: float = 0) -> None:
    """Set the limits of the disk: that of this machine is not known."""
    text = town.config.read_text("utf-8").partition("\n[supervision")[0]
    text += LIMITS.format(watch=watch, down=down)
    town.config.write_text(text, "utf-8")


def test_what_is_to_be_watched(town: Town) -> None:
    _limits(town)
    said = town.demat("health")
    assert said.code == 1
    assert said.out.splitlines()[0] == "demat : à surveiller"
    assert "->  Passage de nuit" in said.out
    assert "Aucun passage de nuit n'est encore allé au bout" in said.words
    assert "ok  Base de données" in said.out


def test_all_is_well_once_a_night_was_made(town: Town) -> None:
    _limits(town)
    town.demat("nightly")
    said = town.demat("health", "--json")
    levels = {one["check"]: one["level"] for one in said.json["checks"]}
    assert {name: level for name, level in levels.items() if level != "good"} == {}
    assert (said.code, said.json["level"]) == (0, "good")
    assert set(levels) == set(CHECKS) - {"answer", "installation"}


def test_a_failure(town: Town) -> None:
    town.demat("nightly")
    _limits(town, watch=100, down=100)
    said = town.demat("health")
    assert said.code == 4
    assert said.out.startswith("demat : en panne\n")
    assert "!!  Place sur le disque : " in said.out
    assert "Le disque des données se remplit" in said.words


def test_a_store_that_does_not_open_is_a_failure(town: Town) -> None:
    town.demat("nightly")
    (town.root / "donnees" / "demat.sqlite3").write_bytes(b"no database at all" * 100)
    said = town.demat("health", "--json")
    (check,) = said.json["checks"]
    assert (said.code, check["check"], check["code"]) == (
        4,
        "installation",
        "QUE-DATABASE_CORRUPT",
    )


def test_documents_that_are_gone_are_a_failure(town: Town) -> None:
    shutil.copyfile("/dev/null", town.root / "vide.csv")
    town.demat("deposit", town.root / "vide.csv")
    (town.root / "plein.csv").write_bytes(b"a;b")
    town.demat("deposit", town.root / "plein.csv")
    shutil.rmtree(town.root / "donnees" / "documents")
    said = town.demat("health", "--json")
    assert said.code == 4
    failing = [one["code"] for one in said.json["checks"] if one["level"] == "down"]
    assert failing == ["QUE-DOCUMENT_MISSING"]


def test_it_opens_no_key_and_sends_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.demat("nightly")
    exchanges = sorted((town.root / "donnees" / "echanges").rglob("*"))
    for path in (town.root / "secrets").iterdir():
        if path.suffix != ".pem":
            path.unlink()

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is written by a look")

    before = {}
    with town.office() as office:
        before["journal"] = len(office.store.journal())
    monkeypatch.setattr(Store, "tell", refuse)
    assert town.demat("health").code in (0, 1)
    with town.office() as office:
        assert len(office.store.journal()) == before["journal"]
    assert sorted((town.root / "donnees" / "echanges").rglob("*")) == exchanges


@pytest.mark.parametrize("address", ["taken", "nowhere"])
def test_a_service_that_cannot_be_watched_does_not_start(town: Town, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = town.demat("serve", "--ecoute", f"127.0.0.1:{port}" if address == "taken" else "x")
    assert said.code == 4
    assert "de la surveillance ne peut pas être écoutée" in said.words
    assert "l'option --ecoute" in said.words
