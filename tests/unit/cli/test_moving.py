"""``migrate-store``: from the files of an authority to a PostgreSQL, and what is said about it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from demat.compose import open_store
from demat.config import load_config
from demat.engine.nightly import Visit, prepare_arrivals
from demat.engine.transmit import transmit_due
from demat.faults import FaultError, Faults
from tests.postgres import (
    NewDatabase,
    PostgresServer,
    own_server,
    postgres,
    postgres_empty,
)
from tests.s3_server import ACCESS_KEY, SECRET_KEY, make_bucket, s3_server
from tests.unit.cli.conftest import Town, drop

__all__ = ["own_server", "postgres", "postgres_empty"]


@pytest.fixture
def s3() -> Iterator[str]:
    with s3_server() as address:
        make_bucket(address, "centre")
        yield address


def bare(url: str) -> str:
    """Write an address as a person does."""
    return url.replace("%2F", "/")


def test_an_authority_moves_to_postgresql(acte: Town, postgres_empty: NewDatabase) -> None:
    base = bare(postgres_empty())
    before = acte.demat("flows", "--json").json
    said = acte.demat("migrate-store", "--vers", base)
    assert said.code == 0
    assert f"Tout est maintenant dans « {base} » : 1 dépôt, 1 envoi, journal de" in said.words
    assert f'base = "{base}"' in said.out
    refused = acte.demat("flows")
    assert refused.code == 1
    assert f"elles sont maintenant dans « {base} »" in refused.words
    acte.change('donnees = "donnees"\n', f'donnees = "donnees"\nbase = "{base}"\n')
    assert acte.demat("flows", "--json").json == before
    doctor = acte.demat("doctor", "--json").json
    found = {one["check"]: one["faults"] for one in doctor["checks"]}
    assert found["Journal"] == []
    with open_store(load_config(acte.config)) as store:
        assert store.verify_journal() == Faults()
        assert store.verify_documents() == Faults()


def test_and_comes_back(acte: Town, postgres_empty: NewDatabase) -> None:
    base = bare(postgres_empty())
    before = acte.demat("flows", "--json").json
    assert acte.demat("migrate-store", "--vers", base).code == 0
    acte.change('donnees = "donnees"\n', f'donnees = "donnees"\nbase = "{base}"\n')
    back = f"sqlite:///{acte.root / 'retour.sqlite3'}"
    assert acte.demat("migrate-store", "--vers", back, "--json").json["vers"] == back
    acte.change(base, back)
    assert acte.demat("flows", "--json").json == before


def test_the_password_of_the_new_base_is_in_a_file(acte: Town, own_server: PostgresServer) -> None:
    own_server.execute("ALTER ROLE demat PASSWORD 'très secret'")
    own_server.require_password()
    base = bare(own_server.url(own_server.new_database()))
    wrong = acte.demat("migrate-store", "--vers", base.replace("demat@", "demat:secret@"))
    assert wrong.code == 4
    assert "contient un mot de passe" in wrong.words
    assert acte.demat("migrate-store", "--vers", base).code == 3
    secret = acte.root / "secrets/base"
    secret.write_text("très secret\n")
    secret.chmod(0o600)
    said = acte.demat("migrate-store", "--vers", base, "--mot-de-passe", "secrets/base")
    assert said.code == 0
    assert f'base_mot_de_passe = "{secret}"' in said.out
    assert "très secret" not in said.out + acte.demat("flows").words


def test_a_centre_takes_the_documents_too(
    acte: Town, postgres_empty: NewDatabase, s3: str, tmp_path: Path
) -> None:
    secret = acte.root / "secrets/s3"
    secret.write_text(SECRET_KEY)
    secret.chmod(0o600)
    text = acte.config.read_text("utf-8").replace(
        'donnees = "donnees"\n',
        f'donnees = "donnees"\nbase = "{bare(postgres_empty())}"\ndocuments = "s3://centre/essai"\n',
    )
    table = (
        f'\n[documents_s3]\nadresse = "{s3}"\ncle_acces = "{ACCESS_KEY}"\nsecret = "secrets/s3"\n'
    )
    (acte.root / "centre.toml").write_text(text + table, "utf-8")
    with open_store(load_config(acte.config)) as store:
        digests = set(store.documents.digests())
    said = acte.demat("migrate-store", "--vers", "centre.toml", "--json").json
    assert said["documents"] == len(digests) > 0
    with open_store(load_config(acte.root / "centre.toml")) as store:
        assert set(store.documents.digests()) == digests
        assert store.verify_documents() == Faults()
        assert store.documents.get(store.transmission(1).sha256)


def test_a_service_that_was_forgotten_takes_nothing(
    acte: Town, postgres_empty: NewDatabase
) -> None:
    base = bare(postgres_empty())
    (given,) = drop(acte, "titres-eau.csv")
    with acte.office() as office:  # the service of the old base is still up
        assert acte.demat("migrate-store", "--vers", base).code == 0
        (authority,) = office.authorities
        authority.folders.make()
        shutil.copyfile(given, authority.folders.a_deposer / "titres-eau.csv")
        visit = Visit.of(authority, office)
        while not visit.item.errors:  # the first look only sees that it is there
            prepare_arrivals([visit])
        (told,) = visit.item.errors
        assert f"elles sont maintenant dans « {base} »" in told
        with pytest.raises(FaultError) as caught:
            transmit_due(office)
        assert caught.value.faults.codes == ("QUE-MOVED",)
    acte.change('donnees = "donnees"\n', f'donnees = "donnees"\nbase = "{base}"\n')
    assert acte.demat("watch", "--once").code in (0, 1)
    with acte.office() as office:
        names = [deposit.name for deposit in office.store.deposits()]
    assert names.count("titres-eau.csv") == 1
