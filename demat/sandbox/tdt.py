"""The HTTPS face of the TdT: client certificate, account, routing to the PHP-like scripts.

Paths, dialects and authentication of connectors dossier §1.1–§1.2. Nothing is logged.
"""

import base64
import binascii
import hashlib
import hmac
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from demat.sandbox import tdt_actes, tdt_courriers, tdt_helios
from demat.sandbox.answers import (
    HOME,
    STATUS_PAGE,
    Dialect,
    Refusal,
    Request,
    Response,
    html_page,
    ko,
    ok,
    redirect,
    refusal,
)
from demat.sandbox.failures import Failure, FailureKind, Failures, When
from demat.sandbox.multipart import Form, parse_form
from demat.sandbox.pki import Pki
from demat.sandbox.scenario import Compte
from demat.sandbox.world import World

__all__ = ["Tdt", "TdtServer", "server_context"]

_ACTES = "/modules/actes/"
_HELIOS = "/modules/helios/"
_LOGINS = "/admin/users/api-list-login.php"
_CHUNK = 1 << 20
_IDLE_SECONDS = 60
_AUTH = "Échec de l'authentification"

Script = Callable[[World, Request, Compte, datetime], Response]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Route:
    """A script, the module whose right it needs, and how it says no."""

    script: Script
    dialect: Dialect
    module: str


def _test(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    return ok(f"Connexion réussie : {compte.login}")


def _routes() -> dict[str, _Route]:
    actes: dict[str, tuple[Script, Dialect]] = {
        "actes_transac_create.php": (tdt_actes.create, Dialect.API_POST),
        "actes_transac_cancel.php": (tdt_actes.cancel, Dialect.API_POST),
        "actes_transac_get_document.php": (tdt_courriers.get_document, Dialect.TEXT),
        "actes_transac_reponse_create.php": (tdt_courriers.reply, Dialect.API_REPLY),
        "actes_classification_fetch.php": (tdt_actes.classification_fetch, Dialect.API_GET),
        "actes_classification_request.php": (tdt_actes.classification_request, Dialect.API_GET),
        "actes_transac_get_status.php": (tdt_actes.get_status, Dialect.TEXT),
        "actes_transac_get_files_list.php": (tdt_actes.get_files_list, Dialect.TEXT),
        "actes_transac_get_ARActe.php": (tdt_actes.get_ar, Dialect.TEXT),
        "actes_download_file.php": (tdt_actes.download_file, Dialect.BROWSER),
        "api/list_actes.php": (tdt_actes.list_actes, Dialect.JSON),
        "api/number_actes.php": (tdt_actes.number_actes, Dialect.JSON),
        "api/list_document_prefecture.php": (tdt_courriers.list_letters, Dialect.JSON),
        "api/document_prefecture_mark_as_read.php": (
            tdt_courriers.mark_as_read,
            Dialect.JSON,
        ),
    }
    helios: dict[str, tuple[Script, Dialect]] = {
        "api/helios_importer_fichier.php": (tdt_helios.import_pes, Dialect.TEXT),
        "api/helios_transac_get_status.php": (tdt_helios.get_status, Dialect.TEXT),
        "api/helios_get_list.php": (tdt_helios.get_list, Dialect.TEXT),
        "api/helios_get_retour.php": (tdt_helios.get_retour, Dialect.TEXT),
        "api/helios_change_status.php": (tdt_helios.change_status, Dialect.TEXT),
        "helios_download_acquit.php": (tdt_helios.download_acquit, Dialect.BROWSER),
    }
    found = {"/api/test-connexion.php": _Route(script=_test, dialect=Dialect.TEXT, module="")}
    for prefix, module, table in ((_ACTES, "ACTES", actes), (_HELIOS, "HELIOS", helios)):
        for name, (script, dialect) in table.items():
            found[prefix + name] = _Route(script=script, dialect=dialect, module=module)
    return found


class Tdt:
    """Requests in, answers out; no socket here."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes = _routes()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path == _LOGINS:
            logins = [compte.login for compte in self._comptes(request)]
            return Response(body="".join(f"{login}\n" for login in logins).encode("iso-8859-1"))
        if request.path in (HOME, STATUS_PAGE):
            return html_page("Plate-forme de télétransmission", "Une erreur est survenue.")
        route = self._routes.get(request.path)
        if route is None:
            return html_page("404", "Cette page n'existe pas.", status=404)
        with self._world.present() as now:
            return self._run(route, request, now)

    def _run(self, route: _Route, request: Request, now: datetime) -> Response:
        comptes = self._comptes(request)
        compte = comptes[0] if len(comptes) == 1 else _by_login(comptes, request)
        if compte is None:
            # an unknown certificate gets a page; HELIOS says it in plain text, never in XML
            if comptes or route.module == "HELIOS":
                return refusal(route.dialect, request, _AUTH)
            return redirect(STATUS_PAGE)
        if route.module and route.module not in compte.modules:
            return refusal(route.dialect, request, "Accès refusé")
        try:
            return route.script(self._world, request, compte, now)
        except Refusal as error:
            return refusal(route.dialect, request, str(error))

    def _comptes(self, request: Request) -> list[Compte]:
        return [
            compte
            for compte in self._world.scenario.comptes
            if compte.certificate in ("", request.certificate)
        ]


def _by_login(comptes: list[Compte], request: Request) -> Compte | None:
    for compte in comptes:
        same = hmac.compare_digest(compte.password.encode(), request.password.encode())
        if compte.login == request.login and same:
            return compte
    return None


def server_context(pki: Pki) -> ssl.SSLContext:
    """Return the TLS settings: own certificate, client certificate required and not revoked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    context.load_verify_locations(pki.ca_bundle)
    context.load_verify_locations(pki.crl)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


class TdtServer(ThreadingHTTPServer):
    """The listening side: one thread per connection, handshake in that thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        port: int,
        *,
        tdt: Tdt,
        failures: Failures,
        context: ssl.SSLContext,
        max_post_bytes: int,
    ) -> None:
        """Listen on the loopback address; port 0 takes a free one."""
        self.tdt = tdt
        self.failures = failures
        self.max_post_bytes = max_post_bytes
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a refused handshake or a client gone is the client's affair."""

    def server_close(self) -> None:
        self.stopping.set()
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Plateforme-TdT/4.2"
    timeout = _IDLE_SECONDS
    server: TdtServer
    connection: ssl.SSLSocket

    def setup(self) -> None:
        super().setup()
        self.connection.do_handshake()

    def version_string(self) -> str:
        return self.server_version

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: exchanges may hold personal data."""

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        body = self._body()
        failure = self.server.failures.take(path, When.BEFORE)
        if failure is not None:
            self._fail(failure, b"<html>")
            return
        response = self.server.tdt.handle(self._request(path, body))
        failure = self.server.failures.take(path, When.AFTER)
        if failure is None:
            self._send(response)
        else:
            self._fail(failure, response.body)

    def _body(self) -> bytes:
        """Read what was posted; a form that is too big is dropped whole, as PHP does."""
        length = int(self.headers.get("Content-Length") or 0)
        keep = length <= self.server.max_post_bytes
        pieces: list[bytes] = []
        while length > 0:
            piece = self.rfile.read(min(_CHUNK, length))
            if not piece:
                raise ConnectionError("the client left in the middle of its request")
            length -= len(piece)
            if keep:
                pieces.append(piece)
        return b"".join(pieces)

    def _request(self, path: str, body: bytes) -> Request:
        login, password = _basic(self.headers.get("Authorization") or "")
        der = self.connection.getpeercert(binary_form=True) or b""
        form = parse_form(self.headers.get("Content-Type") or "", body) if body else Form()
        return Request(
            method=self.command,
            path=path,
            query=parse_qs(
                urlsplit(self.path).query, keep_blank_values=True, encoding="iso-8859-1"
            ),
            form=form,
            certificate=hashlib.sha256(der).hexdigest(),
            login=login,
            password=password,
        )

    def _send(self, response: Response, *, cut: bool = False) -> None:
        self.send_response(response.status)
        for name, content in response.headers:
            self.send_header(name, content)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body[: len(response.body) // 2] if cut else response.body)
        if cut:
            self._hang_up()

    def _fail(self, failure: Failure, body: bytes) -> None:
        if failure.kind is FailureKind.HTML200:
            self._send(html_page("Maintenance", "La plate-forme est en maintenance."))
        elif failure.kind is FailureKind.ERROR503:
            self._send(html_page("503", "Service momentanément indisponible.", status=503))
        elif failure.kind is FailureKind.EMPTY200:
            self._send(Response(body=b""))
        elif failure.kind is FailureKind.MODULE:
            self._send(ko("Erreur lors de l'initialisation du module"))
        elif failure.kind is FailureKind.TRUNCATE:
            self._send(Response(body=body), cut=True)
        else:
            if failure.kind is FailureKind.HANG:
                self.server.stopping.wait(failure.seconds)
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        plain = base64.b64decode(encoded, validate=True).decode("iso-8859-1")
    except binascii.Error:
        return "", ""
    login, _, password = plain.partition(":")
    return login, password
