"""Those who judge what we sign and are not ours: the xmlsec1 program and the official schemas."""

import subprocess
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from lxml import etree

from demat.sandbox.pki import Pki
from demat.signing.algorithms import DS, XADES
from tests.conftest import needs_program

__all__ = ["EDITIONS", "official_schema", "xmlsec1"]

EDITIONS = ("4.7.1", "5.11", "5.17")
"""Official editions of the schema of a PES_Aller."""


@lru_cache
def official_schema(shared: Path, edition: str) -> etree.XMLSchema:
    """Return the official schema of a PES_Aller."""
    path = shared / "official" / "pes" / edition / "PES_V2" / "Rev0" / "PES_Aller.xsd"
    return etree.XMLSchema(file=str(path))


def xmlsec1(content: bytes, pki: Pki, folder: Path, at: datetime) -> list[bool]:
    """Let xmlsec1 judge each signature of a document at an instant, chain included."""
    program = needs_program("xmlsec1")
    path = folder / "signed.xml"
    path.write_bytes(content)
    root = etree.fromstring(content)
    named = [f"{DS}:Signature", "Bordereau", f"{etree.QName(root).namespace}:PES_Aller"]
    named += [f"{namespace}:SignedProperties" for namespace in XADES.values()]
    ids = [word for name in named for word in ("--id-attr:Id", name)]
    trusted = ["--trusted-pem", pki.root, "--untrusted-pem", pki.intermediate]
    moment = ["--verification-gmt-time", at.strftime("%Y-%m-%d %H:%M:%S")]
    verdicts = []
    for node in root.iter(f"{{{DS}}}Signature"):
        chosen = ["--node-id", node.get("Id")]
        command = [program, "--verify", "--enabled-key-data", "x509", *moment, *ids, *trusted]
        done = subprocess.run([*command, *chosen, path], capture_output=True, check=False)
        verdicts.append(done.returncode == 0 and b"References (ok/all): 2/2" in done.stderr)
    return verdicts
