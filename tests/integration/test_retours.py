"""From the deposit to what the comptable did: ``demat nightly`` against the sandbox over TLS."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demat.cli.demo import write_config
from demat.sandbox.client import Sandbox

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "saint-exemple"
RETOUR = """<?xml version="1.0" encoding="ISO-8859-1"?>
<n:PES_Retour xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour">
<EnTetePES><DteStr V="2026-01-15"/><IdPost V="099012"/><IdColl V="{siret}"/><CodColl V="045"/>
<CodBud V="00"/></EnTetePES><PES_RecetteRetour><Bordereau><BlocBordereau><Exer V="2026"/>
<IdBord V="12"/><TypBord V="01"/></BlocBordereau>
<Piece><BlocPiece><IdPce V="417"/><DtePcePec V="2026-01-10"/><EtatPce V="02"/></BlocPiece>
<LigneDePiece><BlocLignePiece><InfoLignePiece><IdLigne V="1"/><EtatLigPce V="05"/>
<MtHT V="86.40"/></InfoLignePiece><InfoRecouvrement><MtRecoTot V="86.40"/></InfoRecouvrement>
</BlocLignePiece><EncaissementEmargement><OrgEma V="10"/><DteReco V="2026-01-12"/>
<MtReco V="86.40"/></EncaissementEmargement></LigneDePiece></Piece>
<Piece><BlocPiece><IdPce V="418"/><DtePceRej V="2999-12-31"/><EtatPce V="04"/><ObsEtat V="03"/>
<Commentaire V="débiteur inconnu"/></BlocPiece></Piece></Bordereau></PES_RecetteRetour>
</n:PES_Retour>
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def _demat(*arguments: str, config: Path) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "demat", *arguments, "--json", "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def _night(config: Path) -> tuple[int, Any]:
    code, report = _demat("nightly", config=config)
    return code, report["authorities"][0]


def _states(config: Path) -> dict[int, str]:
    code, found = _demat("retours", config=config)
    assert code == 0
    return {one["numero"]: one["etat"] for one in found["pieces"]}


def test_from_the_deposit_to_the_payment(tmp_path: Path, sandbox: Sandbox) -> None:
    config = write_config(tmp_path, sandbox)
    mairie = tmp_path / "mairie"
    (mairie / "a-deposer").mkdir(parents=True)
    shutil.copyfile(FIXTURES / "titres-cantine.csv", mairie / "a-deposer" / "titres.csv")
    assert _night(config)[0] == 0
    assert _states(config) == dict.fromkeys((417, 418, 419), "transmise")
    sandbox.advance(24 * 60)
    assert _night(config)[1]["answers"] == 1
    assert _states(config) == dict.fromkeys((417, 418, 419), "acquittee")

    siret = "21990123800010"
    content = RETOUR.format(siret=siret).encode("iso-8859-1")
    sandbox.send_pes_retour("PES2R_REC_R_045_00.xml", content)
    sandbox.send_pes_retour("PES2R_REC_R_046_00.xml", content.replace(b"045", b"046"))
    code, item = _night(config)
    assert (code, item["retours"]) == (1, 2)
    (told,) = item["errors"]
    assert "PES2R_REC_R_046_00.xml" in told
    assert all(not one["unread"] for one in sandbox.ledger()["retours"])
    assert _states(config) == {417: "soldee", 418: "rejetee", 419: "acquittee"}
    (sheet,) = (mairie / "a-corriger").glob("comptable-budget-00-*/A-LIRE.html")
    assert "débiteur inconnu" in sheet.read_text("utf-8")
    assert _night(config) == (0, item | {"answers": 0, "retours": 0, "errors": []})
    _, months = _demat("retours", "--bilan", "--mois", "2026-01", config=config)
    (line,) = months["mois"]
    assert (line["regle"], line["en_ligne"], line["pris_en_charge"]) == ("86.40", "86.40", "86.40")
    assert _demat("doctor", config=config)[0] == 0
