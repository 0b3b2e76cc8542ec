"""A ready-made envelope in the watched folder: rebuilt under our name, then acknowledged."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.acceptance.conftest import OpenMairie
from tests.acceptance.test_real_files import (
    HERAULT,
    ID_ACTE,
    _data,
    _install,
    _only_flow,
    _scenario,
    _unpacked,
)

ENVELOPE = """<?xml version="1.0" encoding="ISO-8859-1"?>
<actes:EnveloppeCLMISILL xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
 xmlns:insee="http://xml.insee.fr/schema"><actes:Emetteur>
 <actes:IDCL insee:SIREN="{siren}" actes:Departement="034" actes:Arrondissement="1"
 actes:Nature="31"/></actes:Emetteur><actes:AdressesRetour>
 <actes:Email>retour@tdt-fictif.fr</actes:Email></actes:AdressesRetour>
 <actes:FormulairesEnvoyes><actes:Formulaire><actes:NomFichier>{message}</actes:NomFichier>
 </actes:Formulaire></actes:FormulairesEnvoyes></actes:EnveloppeCLMISILL>"""
MESSAGE = f"{ID_ACTE}-1-1_0.xml"


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "real" / "actes"


def envelope(real: Path, *, siren: str = HERAULT.siren) -> bytes:
    """Pack the real message and its real document as another platform would have."""
    files = {
        f"EACT--{siren}--20171227-1.xml": ENVELOPE.format(siren=siren, message=MESSAGE).encode(),
        MESSAGE: (real / MESSAGE).read_bytes(),
        f"32_DP-{ID_ACTE}-1-1_1.pdf": (real / f"{ID_ACTE}-1-1_1.pdf").read_bytes(),
    }
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def test_a_real_act_is_taken_out_of_its_envelope_and_sent_in_ours(
    open_mairie: OpenMairie, shared: Path, real: Path
) -> None:
    mairie = open_mairie(HERAULT, _scenario(shared))
    _install(mairie, real)
    mairie.write("XYZ-EACT--491011698--20171227-1.tar.gz", envelope(real))
    mairie.nightly()
    mairie.play()
    flow = _only_flow(mairie)
    assert (flow["key"], flow["etat"]) == (ID_ACTE, "acquitte")
    sent = _unpacked(mairie.kept(flow["sha256"]))
    assert flow["file_name"].startswith("DMT-TACT--491011698--")
    assert _data(sent[MESSAGE]) == _data((real / MESSAGE).read_bytes())
    assert sent[f"32_DP-{ID_ACTE}-1-1_1.pdf"] == (real / f"{ID_ACTE}-1-1_1.pdf").read_bytes()


def test_the_envelope_of_a_neighbour_comes_back(
    open_mairie: OpenMairie, shared: Path, real: Path
) -> None:
    mairie = open_mairie(HERAULT, _scenario(shared))
    mairie.write("envoi.tar.gz", envelope(real, siren="000000018"))
    mairie.nightly()
    assert mairie.flows() == []
    (deposit,) = mairie.returned()
    assert {fault["code"] for fault in deposit["faults"]} == {"INT-ENVELOPE_SENDER"}
    assert "le SIREN y est 000000018 au lieu de 491011698" in mairie.sheet("envoi.tar")
    kept = mairie.folder / "a-corriger" / "envoi.tar" / "envoi.tar.gz"
    assert kept.read_bytes() == envelope(real, siren="000000018")
