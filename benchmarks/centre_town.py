"""The fictional authorities of the benchmark of a centre, and their flows, ready to be sent.

SIREN and SIRET are invented: they begin by zeros, and have a valid key.
"""

import hashlib
import re
from pathlib import Path

from demat.clock import SystemClock
from demat.queue.states import DepositState
from demat.queue.store import Store
from demat.queue.views import NewTransmission, ReceivedFile
from demat.sandbox.pki import Pki

__all__ = ["config_text", "fill", "siren", "siret"]

PES = Path(__file__).resolve().parent.parent / "fixtures" / "saint-exemple" / "compta-D0032.xml"

_HEAD = """\
donnees = "{root}/donnees"
base = "{base}"
nuit = "{night}"
conserver_echanges = false

[rythme]
releve_minutes = 1
envois_simultanes = 64
"""
_TOWN = """
[[collectivites]]
nom = "Commune fictive {rank}"
siren = "{siren}"
siret = "{siret}"
dossier = "{root}/dossiers/{siren}"
departement = "099"
arrondissement = "1"
adresses_retour = ["tdt@exemple.invalid"]

[collectivites.tdt]
type = "s2low"
url = "{url}"
certificat = "{pki.client.certificate}"
cle = "{pki.client.key}"
mot_de_passe = "{root}/secrets/client.passe"
autorite = "{pki.ca_bundle}"

[[collectivites.budgets]]
libelle = "COMMUNE FICTIVE {rank}"
siret = "{siret}"
id_post = "099012"
cod_col = "{cod_col:03d}"
cod_bud = "00"
"""


def _with_key(digits: str) -> str:
    """Return the digits and the last one that makes their Luhn sum good."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


def siren(rank: int) -> str:
    """Return the SIREN of an authority."""
    return _with_key(f"{rank:08d}")


def siret(rank: int) -> str:
    """Return the SIRET of its budget."""
    return _with_key(f"{siren(rank)}0001")


def config_text(root: Path, url: str, base: str, night: str, pki: Pki, towns: int) -> str:
    """Return the configuration of the whole centre."""
    parts = [_HEAD.format(root=root, base=base, night=night)]
    parts += [
        _TOWN.format(
            root=root,
            url=url,
            pki=pki,
            rank=rank,
            siren=siren(rank),
            siret=siret(rank),
            cod_col=rank % 1000,
        )
        for rank in range(1, towns + 1)
    ]
    return "".join(parts)


def fill(base: str, documents: Path, *, towns: int, each: int) -> None:
    """Freeze ``each`` small PES for every authority: one deposit that is cut, as the engine does.

    The documents are not synced here, which the engine does: this is not what is measured.
    """
    model = PES.read_text(encoding="iso-8859-1")
    store = Store.open(base, documents, SystemClock())
    try:
        for rank in range(1, towns + 1):
            _freeze(store, rank, [_part(store, model, rank, number) for number in range(each)])
    finally:
        store.close()


def _freeze(store: Store, rank: int, parts: list[NewTransmission]) -> None:
    file = ReceivedFile(name="nuit.xml", sha256=parts[0].sha256, size=parts[0].size)
    deposit = store.receive(collectivite=siren(rank), name=file.name, files=[file], replaces=None)
    for state in (DepositState.DRAFTED, DepositState.CHECKED):
        store.advance(deposit.id, state)
    store.pack(deposit.id, parts)


def _part(store: Store, model: str, rank: int, number: int) -> NewTransmission:
    name = f"PESALR2_{siret(rank)}_261130_{number:03d}"
    text = re.sub(r'NomFic V="[^"]*"', f'NomFic V="{name}"', model)
    text = text.replace('IdColl V="21990123800010"', f'IdColl V="{siret(rank)}"')
    text = text.replace('CodCol V="045"', f'CodCol V="{rank % 1000:03d}"')
    text = text.replace('IdBord V="32"', f'IdBord V="{number + 1}"')
    content = text.encode("iso-8859-1")
    sha256 = hashlib.sha256(content).hexdigest()
    path = store.documents.folder / sha256[:2] / sha256[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return NewTransmission(
        flux="HELIOS",
        file_name=f"{name}.xml",
        sha256=sha256,
        size=len(content),
        key=name,
        etat="genere",
    )
