"""Tokens of SoftHSM2, one set per test: a folder of its own, made on the spot, thrown away after.

python-pkcs11 keeps a module loaded for the whole process, but SoftHSM2 reads ``SOFTHSM2_CONF`` each
time the module starts. So whoever is done with the module stops it, here and in
``demat.signing.token``, and each test starts it on its own folder.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

from tests.conftest import needs_program

__all__ = ["PIN", "SoftHsm", "softhsm"]

PIN = "27182818284590"
"""PIN of every token; long enough to be found nowhere by chance."""
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",  # Debian, Ubuntu
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",  # Fedora, Red Hat
    "/usr/lib64/softhsm/libsofthsm2.so",  # openSUSE
    "/usr/lib/pkcs11/libsofthsm2.so",  # Arch, Alpine
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """Where the tokens are, and how to make them."""

    module: Path
    """The PKCS#11 module, for ``TokenSettings``."""
    folder: Path
    """Holds the configuration, and one folder per token in ``tokens``."""

    def token(self, label: str) -> str:
        """Make an empty token; return its serial number."""
        program = needs_program("softhsm2-util")
        words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926"]
        subprocess.run([program, *words], check=True, capture_output=True)
        with self._library() as library:
            return str(library.get_token(token_label=label).serial.decode())

    def put(
        self,
        label: str,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
        *certificates: x509.Certificate,
        name: str = "signature",
        number: bytes = b"\x01",
        more: Mapping[Attribute, Any] | None = None,
    ) -> None:
        """Put a private key and certificates on a token.

        :param name: label of the key.
        :param number: identifier (``CKA_ID``) of the key and of the first certificate.
        :param more: other attributes of the key.
        """
        with self.session(label) as session:
            if key is not None:
                session.create_object(_private(key, name, number) | dict(more or {}))
            for rank, certificate in enumerate(certificates):
                found = decode_x509_certificate(certificate.public_bytes(Encoding.DER))
                own = {Attribute.ID: number if rank == 0 else bytes([0xC0, rank])}
                session.create_object(found | {Attribute.TOKEN: True} | own)

    @contextmanager
    def session(self, label: str) -> Iterator[pkcs11.Session]:
        """Open a session that may write, to make a token unlike any that ``put`` makes."""
        with self._library() as library:
            token = library.get_token(token_label=label)
            with token.open(rw=True, user_pin=PIN) as session:
                yield session

    def set(self, line: str) -> None:
        """Add a line to the configuration of SoftHSM2."""
        with (self.folder / "softhsm2.conf").open("a") as stream:
            stream.write(f"{line}\n")

    def pull_out(self) -> None:
        """Take every token away, as when a key is unplugged."""
        for token in (self.folder / "tokens").iterdir():
            shutil.rmtree(token)

    @contextmanager
    def _library(self) -> Iterator[Any]:
        library = pkcs11.lib(str(self.module))
        try:
            yield library
        finally:
            library.finalize()


def _private(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str, number: bytes
) -> dict[Attribute, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        form = PrivateFormat.TraditionalOpenSSL
        found = decode_rsa_private_key(key.private_bytes(Encoding.DER, form, NoEncryption()))
    else:
        form = PrivateFormat.TraditionalOpenSSL
        found = decode_ec_private_key(key.private_bytes(Encoding.DER, form, NoEncryption()))
    own = {Attribute.LABEL: name, Attribute.ID: number, Attribute.TOKEN: True}
    return {**found, **own, Attribute.PRIVATE: True, Attribute.SENSITIVE: True}


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """Return SoftHSM2 with no token yet, in a folder of its own."""
    needs_program("softhsm2-util")
    module = next((Path(path) for path in _MODULES if Path(path).is_file()), None)
    if module is None:
        message = "the module libsofthsm2.so is in none of the usual places"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    folder = tmp_path / "softhsm"
    (folder / "tokens").mkdir(parents=True)
    found = SoftHsm(module, folder)
    found.set(f"directories.tokendir = {folder / 'tokens'}")
    found.set("log.level = ERROR")
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    return found
