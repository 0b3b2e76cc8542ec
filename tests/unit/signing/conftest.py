"""Fixtures of the tests of signatures: one throw-away key infrastructure for all."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from demat.sandbox.pki import Pki, make_pki
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.trust import TrustStore
from tests.softhsm import softhsm
from tests.unit.signing.factory import NOW

__all__ = ["softhsm"]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=NOW)


@pytest.fixture(scope="session")
def signer(pki: Pki) -> KeyFileSigner:
    return load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="maire.p12")


@pytest.fixture(scope="session")
def trust(pki: Pki) -> TrustStore:
    return TrustStore.from_folder(pki.trust_folder)


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)
