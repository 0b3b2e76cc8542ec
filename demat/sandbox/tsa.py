"""A time-stamping authority (RFC 3161) on the loopback address, written apart from its client.

It tells the virtual time of the sandbox, so that what is stamped is as old as what is sent. It can
be told to fail, as real ones do: nobody there, a refusal, a token about something else.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from pydantic import ConfigDict, TypeAdapter

from demat.clock import Clock
from demat.errors import DematError
from demat.sandbox.control import Desk
from demat.sandbox.failures import Failures
from demat.sandbox.pki import Identity

__all__ = ["POLICY", "Mood", "Tsa", "TsaDesk", "TsaServer"]

POLICY = "1.2.250.1.999.2.1"
"""Stands for the policy of a time-stamping authority; assigned to nobody."""
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
MAX_QUERY = 1 << 16


class Mood(StrEnum):
    """How the authority answers."""

    NOMINAL = "nominal"
    """A good token."""
    AWAY = "away"
    """HTTP 503."""
    REFUSES = "refuses"
    """A well-formed answer that says no."""
    OTHER_NONCE = "other_nonce"
    """A token that answers another request."""
    OTHER_IMPRINT = "other_imprint"
    """A token on other bytes."""
    GARBAGE = "garbage"
    """Bytes that are no answer."""


class _Answer(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """``TimeStampResp``: a refusal has no token, which asn1crypto's own class does not know."""

    _fields = [  # noqa: RUF012 - asn1crypto's way
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class Tsa:
    """Requests in, answers out; no socket here."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        """Open the key of the unit.

        :param clock: gives the instant of the tokens.
        """
        key = load_pem_private_key(identity.key.read_bytes(), identity.passphrase.encode() or None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise DematError("the key of the time-stamping unit is not an RSA key")
        self._key = key
        self._chain = [
            asn1.Certificate.load(one.public_bytes(Encoding.DER))
            for one in x509.load_pem_x509_certificates(identity.certificate.read_bytes())
        ]
        self._clock = clock
        self._lock = threading.Lock()
        self.mood = Mood.NOMINAL
        self.made = 0
        """How many tokens were given."""

    def answer(self, query: bytes) -> bytes:
        """Return a ``TimeStampResp``."""
        if self.mood is Mood.GARBAGE:
            return b"<html>proxy</html>"
        try:
            request = tsp.TimeStampReq.load(query, strict=True)
            wanted = request.native
        except (ValueError, TypeError):
            return _no("bad_data_format", "demande illisible")
        if self.mood is Mood.REFUSES:
            return _no("system_failure", "horloge en maintenance")
        if wanted["message_imprint"]["hash_algorithm"]["algorithm"] != "sha256":
            return _no("bad_alg", "SHA-256 seulement")
        if wanted["req_policy"] not in (None, POLICY):
            return _no("unaccepted_policy", "politique inconnue")
        return self._grant(wanted)

    def _grant(self, wanted: dict[str, Any]) -> bytes:
        with self._lock:
            self.made += 1
        # never the one of another token, a restart included
        serial = secrets.randbits(63) + 1
        imprint = dict(wanted["message_imprint"])
        nonce = wanted["nonce"]
        if self.mood is Mood.OTHER_IMPRINT:
            imprint["hashed_message"] = bytes(32)
        if self.mood is Mood.OTHER_NONCE:
            nonce = 1
        now = self._clock.now().astimezone(UTC)
        info: dict[str, Any] = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": serial,
            "gen_time": now.replace(microsecond=0),
            "accuracy": {"seconds": 1},
        }
        if nonce is not None:
            info["nonce"] = nonce
        token = self._sign(tsp.TSTInfo(info).dump(), now, with_chain=wanted["cert_req"])
        answer = _Answer({"status": {"status": "granted"}, "time_stamp_token": token})
        made: bytes = answer.dump()
        return made

    def _sign(self, content: bytes, now: datetime, *, with_chain: bool) -> cms.ContentInfo:
        own = self._chain[0]
        named = {
            "hash_algorithm": {"algorithm": "sha256"},
            "cert_hash": hashlib.sha256(own.dump()).digest(),
        }
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": now})]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
                {"type": "signing_certificate_v2", "values": [{"certs": [named]}]},
            ]
        )
        value = self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        signer = {
            "version": "v1",
            "sid": {
                "issuer_and_serial_number": {
                    "issuer": own.issuer,
                    "serial_number": own.serial_number,
                }
            },
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_rsa"},
            "signature": value,
        }
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(content),
            },
            "signer_infos": [signer],
        }
        if with_chain:
            signed["certificates"] = [
                cms.CertificateChoices(name="certificate", value=one) for one in self._chain
            ]
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def _no(failure: str, words: str) -> bytes:
    status = {"status": "rejection", "status_string": [words], "fail_info": {failure}}
    made: bytes = _Answer({"status": status}).dump()
    return made


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mood:
    __pydantic_config__ = ConfigDict(extra="forbid")
    mood: Mood


class TsaDesk(Desk):
    """The hand on the authority."""

    def __init__(self, tsa: Tsa, stop: Callable[[], None]) -> None:
        super().__init__(Failures(), stop)
        self._tsa = tsa
        self.orders["time-stamps"] = self._change

    def _change(self, body: bytes) -> object:
        self._tsa.mood = TypeAdapter(_Mood).validate_json(body).mood
        return {"made": self._tsa.made}


class TsaServer(ThreadingHTTPServer):
    """The listening side: plain HTTP, since a token proves itself."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, tsa: Tsa, port: int = 0) -> None:
        """Listen on the loopback address; port 0 takes a free one."""
        self.tsa = tsa
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that left is not our affair."""


class _Handler(BaseHTTPRequestHandler):
    server: TsaServer

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        query = self.rfile.read(min(size, MAX_QUERY))
        tsa = self.server.tsa
        if tsa.mood is Mood.AWAY:
            self._reply(503, "text/plain", b"maintenance")
        elif self.headers.get("Content-Type") != QUERY:
            self._reply(415, "text/plain", b"application/timestamp-query only")
        else:
            self._reply(200, REPLY, tsa.answer(query))

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""

    def _reply(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
