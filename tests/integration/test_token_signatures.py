"""PES signed by keys that stay in their token (SoftHSM2), judged by xmlsec1 and by ourselves."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pkcs11 import Attribute

from demat.sandbox.pki import Identity, Pki, make_pki
from demat.signing.pin import PinSource
from demat.signing.token import TokenSettings, TokenSigner, open_token
from demat.signing.trust import TrustStore
from demat.signing.verify import Verdict, overall, verify
from demat.signing.xades import sign_elements
from tests.integration.test_signatures import UNSIGNED, _real, _xmlsec1
from tests.softhsm import PIN, SoftHsm, softhsm
from tests.unit.signing.factory import NOW, OPTIONS, document

__all__ = ["softhsm"]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=NOW)


def _put(softhsm: SoftHsm, who: Identity, more: dict[Attribute, object]) -> None:
    """Put a person of the test infrastructure on a token, authorities included."""
    key = load_pem_private_key(who.key.read_bytes(), who.passphrase.encode())
    certificates = x509.load_pem_x509_certificates(who.certificate.read_bytes())
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, *certificates, more=more)


@pytest.fixture(params=["hashes", "does not hash", "wants the PIN each time"])
def signer(
    request: pytest.FixtureRequest, softhsm: SoftHsm, pki: Pki, tmp_path: Path
) -> Iterator[TokenSigner]:
    each_time = request.param == "wants the PIN each time"
    _put(softhsm, pki.maire, {Attribute.ALWAYS_AUTHENTICATE: True} if each_time else {})
    if request.param == "does not hash":
        softhsm.set("slots.mechanisms = CKM_RSA_PKCS")
    pins = PinSource(memory=tmp_path / "jetons", ask=lambda _question: PIN)
    with open_token(TokenSettings(module=softhsm.module, label="MAIRIE"), pins) as found:
        yield found


@pytest.mark.parametrize("ids", [["B1", "B2", "B3"], ["P1"]])
@pytest.mark.parametrize("namespace", ["v1.1.1", "v1.2.2"])
def test_xmlsec1_accepts_what_a_token_signed(signer, pki, tmp_path, ids, namespace) -> None:
    options = replace(OPTIONS, namespace=namespace)
    content = sign_elements(document(3), ids, signer=signer, options=options, at=NOW)
    assert _xmlsec1(content, pki, tmp_path) == [True] * len(ids)
    reports = verify(content, trust=TrustStore.from_folder(pki.trust_folder))
    assert overall(reports) is Verdict.ACCEPTED
    changed = content.replace("Élagage n°1".encode("latin-1"), "Élagage n°9".encode("latin-1"))
    assert _xmlsec1(changed, pki, tmp_path)[0] is False


@pytest.mark.parametrize("name", UNSIGNED)
def test_a_token_signs_real_files(shared, signer, pki, tmp_path, name) -> None:
    content = _real(shared, name)
    signed = sign_elements(content, ["BORD767613"], signer=signer, options=OPTIONS, at=NOW)
    assert _xmlsec1(signed, pki, tmp_path) == [True]
