"""One HTTPS exchange: mutual TLS, time-outs everywhere, and what a failure proves (§9.5).

Connectors dossier §1.2, §8.1 and §10; architecture decision 13. One connection per exchange: a
connection kept alive may have been closed by the other side, and the next sending would then be of
unknown outcome although nothing was received.
"""

import hashlib
import logging
import re
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.filepost import encode_multipart_formdata

from demat.connectors.api import AuthenticationRefused, ConnectorError, OutcomeUnknown, Unreachable
from demat.connectors.dump import Dump
from demat.connectors.exchange import Part, Request, Response
from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.signing.certificate import public_key_sha256

__all__ = [
    "AnswerTooLarge",
    "ClientBundle",
    "ClientCertificate",
    "ClientCredential",
    "HttpsClient",
    "HttpsSettings",
    "Timeouts",
    "cause_of",
    "https_adapter",
    "read_whole",
]

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 150 * 1024 * 1024
_CHUNK = 1 << 16
_ALERT_SECONDS = 1.0
# what a server says in TLS when it refuses the client's certificate (RFC 8446 §6.2)
_CERTIFICATE_ALERT = re.compile(
    r"ALERT_(CERTIFICATE_(REQUIRED|EXPIRED|REVOKED|UNKNOWN)|BAD_CERTIFICATE|NO_CERTIFICATE"
    r"|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|DECRYPT_ERROR)"
)


class ClientCertificate(NamedTuple):
    """Files of the certificate that authenticates the authority."""

    certificate: Path
    """PEM: the certificate, then its authorities."""
    key: Path
    """PEM private key, encrypted or not."""
    passphrase: str
    """Opens the key; not used when the key is not encrypted."""

    def __repr__(self) -> str:
        return f"ClientCertificate({str(self.certificate)!r})"  # never the passphrase


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientBundle:
    """The certificate that authenticates the authority, out of a file that Python's TLS cannot
    read (PKCS#12)."""

    pem: bytes = field(repr=False)
    """The private key, encrypted, then the certificate and its authorities."""
    passphrase: str = field(repr=False)
    """Opens the key; made at random, and known to nobody else."""


ClientCredential = tuple[Path, Path, str] | ClientBundle
"""Certificate, key and passphrase, or all in one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Limits of one exchange, in seconds."""

    connect: float = 10.0
    """To open the connection, TLS included."""
    read: float = 60.0
    """Longest silence of the other side once it has the request."""
    upload: float = 300.0
    """Whole sending of a form; also the whole reception of an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpsSettings:
    """How to reach one server on behalf of one authority."""

    base_url: str
    """``https://host[:port][/prefix]``."""
    client_certificate: Callable[[], ClientCredential] | None = None
    """Returns certificate, key and passphrase when a connection needs them; never prompts.

    A ``FaultError`` that it raises (file missing…) becomes an ``AuthenticationRefused``."""
    ca_file: Path | None = None
    """PEM of the authorities trusted for this server; ``None``: those of the system."""
    pinned: frozenset[str] = frozenset()
    """SHA-256 (hexadecimal) of the server's certificate or of its public key, one of which must be
    met, besides the verification by the authorities; empty: not checked."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """Limits of each exchange."""

    def __post_init__(self) -> None:
        if urlsplit(self.base_url).scheme != "https" or not urlsplit(self.base_url).hostname:
            raise ConfigurationError(f"the address {self.base_url!r} does not start with https://")


class PinMismatch(ssl.SSLError):
    """The server's certificate is not the one that the configuration names."""


class AnswerTooLarge(requests.RequestException):
    """The answer is longer than anything that we expect."""


class HttpsClient:
    """Asks one server, and says of each failure whether the request was perhaps received."""

    def __init__(self, settings: HttpsSettings, dump: Dump) -> None:
        self._settings = settings
        self._dump = dump

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        label: str = "",
    ) -> Response:
        """Read something; redirects are not followed.

        :raises Unreachable: whatever failed, reading again is safe.
        """
        url = f"{self._settings.base_url.rstrip('/')}{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        return self._exchange(Request(method="GET", url=url, label=label), headers or {})

    def post(
        self,
        path: str,
        parts: Sequence[Part],
        *,
        headers: Mapping[str, str] | None = None,
        label: str = "",
    ) -> Response:
        """Send a form as ``multipart/form-data``; redirects are not followed.

        :raises Unreachable: no byte of the form was sent, or TLS refused our certificate.
        :raises OutcomeUnknown: it failed after that.
        """
        url = f"{self._settings.base_url.rstrip('/')}{path}"
        request = Request(method="POST", url=url, parts=tuple(parts), label=label)
        return self._exchange(request, headers or {})

    def _exchange(self, request: Request, headers: Mapping[str, str]) -> Response:
        body, form_headers = self._body(request)
        context = _context(self._settings)
        exchange = self._keep_request(request)
        try:
            response = self._send(request, {**headers, **form_headers}, body, context)
        except requests.RequestException as error:
            self._keep_failure(exchange, error)
            raise _outcome(error, started=body is not None and body.started) from error
        self._keep_response(exchange, response)
        return response

    def _body(self, request: Request) -> tuple["_Upload | None", dict[str, str]]:
        if request.method == "GET":
            return None, {}
        fields = [
            (part.name, (part.file_name, part.value, part.mime_type))
            if part.file_name
            else (part.name, part.value)
            for part in request.parts
        ]
        content, content_type = encode_multipart_formdata(fields)
        upload = _Upload(content, seconds=self._settings.timeouts.upload)
        return upload, {"Content-Type": content_type}

    def _send(
        self,
        request: Request,
        headers: Mapping[str, str],
        body: "_Upload | None",
        context: ssl.SSLContext,
    ) -> Response:
        timeouts = self._settings.timeouts
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no .netrc, no authorities from the environment
            session.adapters.clear()  # nothing but https
            session.mount("https://", _Adapter(context, self._settings))
            with session.request(
                request.method,
                request.url,
                data=body,
                headers={"Accept-Encoding": "identity", "Connection": "close", **headers},
                allow_redirects=False,
                stream=True,
                timeout=(timeouts.connect, timeouts.read),
            ) as answer:
                content = read_whole(answer, most=MAX_ANSWER_BYTES, seconds=timeouts.upload)
                pairs = tuple(answer.headers.items())
                return Response(status=answer.status_code, headers=pairs, body=content)

    def _keep_request(self, request: Request) -> str:
        try:
            return self._dump.request(request)
        except OSError as error:  # disk full: nothing leaves without its trace
            fault = Fault(code="CON-DUMP", params={"reason": str(error)})
            raise Unreachable(fault) from error

    def _keep_failure(self, exchange: str, error: Exception) -> None:
        try:
            self._dump.failure(exchange, f"{type(error).__name__}: {error}")
        except OSError as lost:
            logger.error("raw copy of a failure lost: %s", lost, extra={"action": "dump_lost"})

    def _keep_response(self, exchange: str, response: Response) -> None:
        try:
            self._dump.response(exchange, response)
        except OSError as lost:
            # the other side has acted: losing its answer as well would make two harms of one
            logger.error("raw copy of an answer lost: %s", lost, extra={"action": "dump_lost"})


class _Upload:
    """A form read in pieces, which knows whether its first byte was asked for."""

    def __init__(self, content: bytes, *, seconds: float) -> None:
        self._content = content
        self._seconds = seconds
        self._position = 0
        self._deadline = 0.0
        self.started = False

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(_CHUNK), b"")

    def read(self, size: int) -> bytes:
        """Return the next piece.

        :raises TimeoutError: the sending lasts too long.
        """
        if not self.started:
            self.started = True
            self._deadline = time.monotonic() + self._seconds
        if time.monotonic() > self._deadline:
            raise TimeoutError("the sending of the form lasts too long")
        piece = self._content[self._position : self._position + size]
        self._position += len(piece)
        return piece


def read_whole(answer: requests.Response, *, most: int, seconds: float) -> bytes:
    """Read an answer that is streamed.

    :raises AnswerTooLarge: it holds more bytes than ``most``.
    :raises requests.ReadTimeout: it lasts longer than that.
    """
    deadline = time.monotonic() + seconds
    content = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        content += chunk
        if len(content) > most:
            raise AnswerTooLarge(f"more than {most} bytes")
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer lasts too long")
    return bytes(content)


def _context(settings: HttpsSettings) -> ssl.SSLContext:
    """Return TLS with verification and our certificate; TLS 1.3 is allowed, never required.

    :raises AuthenticationRefused: our own certificate, key or authorities cannot be loaded.
    """
    # built bare: create_default_context would honour SSLKEYLOGFILE
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if settings.ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cafile=settings.ca_file)
        if settings.client_certificate is not None:
            _load(context, settings.client_certificate())
    except FaultError as error:
        raise AuthenticationRefused(error.faults) from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        fault = Fault(code="CON-CLIENT_KEY", params={"reason": str(error)})
        raise AuthenticationRefused(fault) from error
    return context


def _load(context: ssl.SSLContext, found: ClientCredential) -> None:
    # a callable is never replaced by a prompt on the terminal, even when it returns ""
    if not isinstance(found, ClientBundle):
        certificate, key, passphrase = found
        context.load_cert_chain(certificate, key, password=lambda: passphrase)
        return
    # Python's TLS reads files only: this one is private, lives for one reading, and holds a key
    # that nothing but the passphrase in our memory opens, even if the machine stops right here
    with tempfile.NamedTemporaryFile(prefix="demat-", suffix=".pem") as file:
        file.write(found.pem)
        file.flush()
        context.load_cert_chain(file.name, password=lambda: found.passphrase)


def https_adapter(settings: HttpsSettings) -> HTTPAdapter:
    """Return what carries the exchanges of a session with one server.

    :raises AuthenticationRefused: our own certificate, key or authorities cannot be loaded.
    """
    return _Adapter(_context(settings), settings)


class _Adapter(HTTPAdapter):
    """Carries our TLS context; no retry, no authority besides those of the context."""

    def __init__(self, context: ssl.SSLContext, settings: HttpsSettings) -> None:
        self._context = context
        self._pool_class = _pool_class(settings)
        super().__init__(max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **kwargs: Any
    ) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._context
        )
        self.poolmanager.pool_classes_by_scheme = {"https": self._pool_class}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # the inherited method adds the authorities of certifi to the context: a private
        # authority in ca_file would no longer be the only one trusted
        conn.cert_reqs = "CERT_REQUIRED"


def _pool_class(settings: HttpsSettings) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _check_pin(self.sock, settings.pinned)
            # otherwise each write would be limited by the time-out of the connection, which
            # urllib3 gives to the socket once more when the request begins
            self.timeout = settings.timeouts.upload
            self.sock.settimeout(self.timeout)

        def request(self, *args: Any, **options: Any) -> None:
            try:
                super().request(*args, **options)
            except ssl.SSLError:  # a closed pipe is left to urllib3, which then reads the answer
                _raise_alert(self.sock)
                raise

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def _raise_alert(sock: Any) -> None:
    """Read the reason that a server may have given before it closed on us while we were writing.

    :raises ssl.SSLError: the alert, if there is one.
    """
    if sock is None:
        return
    try:
        sock.settimeout(_ALERT_SECONDS)
        sock.recv(1)
    except ssl.SSLError:
        raise
    except OSError:
        return  # nothing to read: the failure of the writing says it all


def _check_pin(sock: Any, pinned: frozenset[str]) -> None:
    """Check the server before it is told anything: the handshake is over, no request has left.

    :raises PinMismatch: neither its certificate nor its key is one of those that are expected.
    """
    if not pinned:
        return
    certificate = sock.getpeercert(binary_form=True) or b""
    found = {hashlib.sha256(certificate).hexdigest(), public_key_sha256(certificate)}
    if pinned.isdisjoint(found):
        raise PinMismatch(f"SHA-256 {' / '.join(sorted(found))}")


def _outcome(error: requests.RequestException, *, started: bool) -> ConnectorError:
    """Return what a failure proves about the request.

    :param started: whether a byte of the form was sent; a mere reading is never started.
    """
    causes = tuple(_chain(error))
    alert = _certificate_alert(causes)
    if alert:  # under TLS 1.3 it comes after the request, which the server has not read
        return AuthenticationRefused(Fault(code="CON-CLIENT_CERTIFICATE", params={"reason": alert}))
    reason = {"reason": cause_of(error)}
    if any(isinstance(cause, ssl.SSLCertVerificationError | PinMismatch) for cause in causes):
        return AuthenticationRefused(Fault(code="CON-SERVER_CERTIFICATE", params=reason))
    if started:
        return OutcomeUnknown(Fault(code="CON-LOST_ANSWER", params=reason))
    return Unreachable(Fault(code="CON-UNREACHABLE", params=reason))


def cause_of(error: BaseException) -> str:
    """Return what the innermost error says: what the system told, without what libraries add."""
    *_, last = _chain(error)
    return str(last) or type(last).__name__


def _certificate_alert(causes: Sequence[BaseException]) -> str:
    for cause in causes:
        found = _CERTIFICATE_ALERT.search(str(cause)) if isinstance(cause, ssl.SSLError) else None
        if found:
            return found[0].removeprefix("ALERT_").replace("_", " ").lower()
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those it wraps: requests and urllib3 put them in different places."""
    seen: list[BaseException] = []
    pending: list[BaseException] = [error]
    while pending:
        current = pending.pop(0)
        if current in seen:
            continue
        seen.append(current)
        yield current
        inner = (getattr(current, "reason", None), current.__cause__, *current.args)
        pending.extend(item for item in inner if isinstance(item, BaseException))
