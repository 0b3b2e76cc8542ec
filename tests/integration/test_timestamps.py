"""Time-stamps and OpenSSL: each side judges the tokens of the other."""

import hashlib
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock, SystemClock
from demat.sandbox.pki import Pki, make_pki
from demat.sandbox.tsa import Tsa
from demat.signing.timestamp import check_token, make_request, read_response
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.conftest import needs_program

CONTENT = "Délibération n° 2026_041".encode()
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NONCE = 0x7766554433221100
CONFIG = """\
[ tsa ]
default_tsa = tsa_config1
[ tsa_config1 ]
serial = {folder}/serie
signer_digest = {digest}
default_policy = 1.2.250.1.999.3.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
accuracy = secs:1
"""


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=SystemClock().now())


def openssl(*args: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [needs_program("openssl"), "ts", *map(str, args)]
    return subprocess.run(command, capture_output=True, check=False)


def test_openssl_accepts_our_tokens(pki: Pki, tmp_path: Path) -> None:
    now = SystemClock().now()
    query = make_request(DIGEST, nonce=NONCE)
    response = Tsa(pki.time_stamps, FixedClock(now)).answer(query)
    (tmp_path / "q").write_bytes(query)
    (tmp_path / "r").write_bytes(response)
    (tmp_path / "t").write_bytes(read_response(response, sha256=DIGEST, nonce=NONCE))
    (tmp_path / "document").write_bytes(CONTENT)
    authorities = ("-CAfile", pki.root, "-untrusted", pki.intermediate)
    answered = openssl("-verify", "-queryfile", tmp_path / "q", "-in", tmp_path / "r", *authorities)
    assert (answered.returncode, answered.stdout.strip()) == (0, b"Verification: OK")
    token = ("-in", tmp_path / "t", "-token_in", "-data", tmp_path / "document")
    kept = openssl("-verify", *token, *authorities)
    assert (kept.returncode, kept.stdout.strip()) == (0, b"Verification: OK")
    (tmp_path / "document").write_bytes(CONTENT + b".")
    assert openssl("-verify", *token, *authorities).returncode != 0


@pytest.mark.parametrize(("digest", "ess"), [("sha256", "sha1"), ("sha512", "sha256")])
def test_we_accept_the_tokens_of_openssl(pki: Pki, tmp_path: Path, digest: str, ess: str) -> None:
    config = tmp_path / "tsa.cnf"
    config.write_text(CONFIG.format(folder=tmp_path, digest=digest, ess=ess), "utf-8")
    (tmp_path / "serie").write_text("01\n", "ascii")
    (tmp_path / "q").write_bytes(make_request(DIGEST, nonce=NONCE))
    made = openssl(
        *("-reply", "-config", config, "-queryfile", tmp_path / "q", "-out", tmp_path / "r"),
        *("-inkey", pki.time_stamps.key, "-signer", pki.time_stamps.certificate),
        *("-chain", pki.intermediate),
    )
    assert made.returncode == 0, made.stderr
    token = read_response((tmp_path / "r").read_bytes(), sha256=DIGEST, nonce=NONCE)
    trust = TrustStore.from_folder(pki.trust_folder)
    found = check_token(token, sha256=DIGEST, trust=trust)
    assert (found.verdict, found.reasons.codes) == (Verdict.ACCEPTED, ())
    assert found.instant is not None
    assert abs(found.instant - SystemClock().now()) < timedelta(minutes=5)
    assert found.policy == "1.2.250.1.999.3.1"
