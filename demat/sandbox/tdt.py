"""The TdT behind its line: account, routing to the PHP-like scripts, commit of what they change.

Paths, dialects and authentication of connectors dossier §1.1–§1.2.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from demat.sandbox import tdt_actes, tdt_courriers, tdt_enveloppes, tdt_helios, tdt_papiers
from demat.sandbox.answers import (
    HOME,
    STATUS_PAGE,
    Dialect,
    Refusal,
    Request,
    Response,
    html_page,
    ok,
    redirect,
    refusal,
)
from demat.sandbox.journal import Entry
from demat.sandbox.liens import FILE, MAIL
from demat.sandbox.message import Message
from demat.sandbox.ramassage import pick_up
from demat.sandbox.retours import receive_mail
from demat.sandbox.scenario import Compte
from demat.sandbox.world import World

__all__ = ["Tdt"]

_ACTES = "/modules/actes/"
_HELIOS = "/modules/helios/"
_LOGINS = "/admin/users/api-list-login.php"
_AUTH = "Échec de l'authentification"
_MODULE = "Erreur lors de l'initialisation du module"
_READS = frozenset(
    {
        *("/api/test-connexion.php", "/api/test-rgs.php", "/api/info-connexion.php"),
        *(_LOGINS, HOME, STATUS_PAGE),
        *(
            f"{_ACTES}{name}.php"
            for name in (
                "actes_transac_get_document",
                "actes_classification_fetch",
                "actes_transac_get_status",
                "actes_transac_get_files_list",
                "actes_transac_get_ARActe",
                "actes_download_file",
                "actes_transac_get_tampon",
                "actes_create_pdf",
                "api/actes_status",
                "api/list_actes",
                "api/number_actes",
                "api/list_document_prefecture",
            )
        ),
        *(
            f"{_HELIOS}{name}.php"
            for name in (
                "api/helios_transac_get_status",
                "api/helios_get_list",
                "api/helios_get_retour",
                "helios_download_acquit",
            )
        ),
    }
)
"""Scripts that change nothing, which no journal needs to keep; any other is kept."""

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
        "actes_transac_submit.php": (tdt_enveloppes.submit, Dialect.API_POST),
        "actes_transac_get_document.php": (tdt_courriers.get_document, Dialect.TEXT),
        "actes_transac_reponse_create.php": (tdt_courriers.reply, Dialect.API_REPLY),
        "actes_classification_fetch.php": (tdt_actes.classification_fetch, Dialect.API_GET),
        "actes_classification_request.php": (tdt_actes.classification_request, Dialect.API_GET),
        "actes_transac_get_status.php": (tdt_actes.get_status, Dialect.TEXT),
        "actes_transac_get_files_list.php": (tdt_actes.get_files_list, Dialect.TEXT),
        "actes_transac_get_ARActe.php": (tdt_actes.get_ar, Dialect.TEXT),
        "actes_download_file.php": (tdt_actes.download_file, Dialect.BROWSER),
        "actes_transac_get_tampon.php": (tdt_actes.get_tampon, Dialect.BROWSER),
        "actes_create_pdf.php": (tdt_papiers.bordereau, Dialect.BROWSER),
        "actes_transac_post_confirm_api.php": (tdt_papiers.confirm, Dialect.BROWSER),
        "api/actes_status.php": (tdt_papiers.status_labels, Dialect.JSON),
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
    connection: dict[str, Script] = {
        "/api/test-connexion.php": _test,
        "/api/test-rgs.php": tdt_papiers.rgs,
        "/api/info-connexion.php": tdt_papiers.info,
    }
    found = {
        path: _Route(script=script, dialect=Dialect.TEXT, module="")
        for path, script in connection.items()
    }
    for prefix, module, table in ((_ACTES, "ACTES", actes), (_HELIOS, "HELIOS", helios)):
        for name, (script, dialect) in table.items():
            found[prefix + name] = _Route(script=script, dialect=dialect, module=module)
    return found


class Tdt:
    """Requests in, answers out; no socket here."""

    def __init__(self, world: World) -> None:
        """Answer from a world, and have it take in what the State sends."""
        self._world = world
        self._routes = _routes()
        world.receivers = {MAIL: partial(receive_mail, world), FILE: partial(pick_up, world)}

    def receive(self, message: Message) -> Response:
        """Answer one request; whatever it changed is on the disk when this returns."""
        request = message.request()
        changes = request.path not in _READS
        with self._world.present() as now:
            committed = self._world.commit(message.entry(now)) if changes else 0
            response = self._answer(request, now)
        self._world.sync(committed)
        return response

    def replay(self, entry: Entry) -> None:
        """Do again what a request did."""
        with self._world.present(entry.at) as now:
            self._answer(Message.of(entry).request(), now)

    def handle(self, request: Request) -> Response:
        """Answer one request, which no journal keeps."""
        with self._world.present() as now:
            return self._answer(request, now)

    def _answer(self, request: Request, now: datetime) -> Response:
        if request.path == _LOGINS:
            logins = [compte.login for compte in self._comptes(request)]
            return Response(body="".join(f"{login}\n" for login in logins).encode("iso-8859-1"))
        if request.path in (HOME, STATUS_PAGE):
            return html_page("Plate-forme de télétransmission", "Une erreur est survenue.")
        route = self._routes.get(request.path)
        if route is None:
            return html_page("404", "Cette page n'existe pas.", status=404)
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
        scenario = self._world.scenario
        if scenario.start and now < scenario.start + timedelta(minutes=scenario.module_minutes):
            return refusal(route.dialect, request, _MODULE)
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
