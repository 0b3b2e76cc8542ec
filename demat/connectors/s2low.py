"""S²LOW, tiers de télétransmission: ACTES and HELIOS over HTTPS (connectors dossier §1, §9).

What S²LOW says is read in ``s2low_answers``; what leaves is built in ``s2low_form``; this module
asks, and turns each answer into one of the four outcomes of a sending.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    PaperKind,
    Refused,
    RemoteCourrier,
    RemotePaper,
    RemoteProgress,
    RemoteRetour,
    RemoteStatus,
    Shipment,
    Unreachable,
)
from demat.connectors.dump import Dump, NoDump
from demat.connectors.exchange import Part, Response
from demat.connectors.http import ClientCredential, HttpsClient, HttpsSettings, Timeouts
from demat.connectors.s2low_answers import (
    ListedActe,
    Unreadable,
    is_acquit,
    is_login_path,
    is_xml_document,
    parse_import,
    parse_list,
    parse_marked,
    parse_no_retour,
    parse_reference,
    parse_retours,
    parse_verdict,
    refuse_page,
    unreadable,
)
from demat.connectors.s2low_courriers import (
    Related,
    cancellation_among,
    check_letter,
    envelope_of,
    parse_courrier_marked,
    parse_courriers,
    parse_related,
    parse_reply_reference,
    reply_among,
)
from demat.connectors.s2low_form import (
    ActeShipment,
    CancelShipment,
    ReplyShipment,
    cancel_form,
    create_form,
    import_form,
    read_shipment,
    reply_form,
)
from demat.connectors.s2low_ko import Ko, KoKind, decode
from demat.connectors.s2low_outcomes import (
    question_refused,
    readable,
    refusal,
    screen,
    unrecognised,
)
from demat.connectors.s2low_papers import ListedFile, check_pdf, parse_files, parse_labels
from demat.connectors.s2low_status import (
    ActeReport,
    ActeStatus,
    HeliosReport,
    parse_acte_status,
    parse_helios_status,
    progress_of,
)
from demat.faults import Fault, FaultError

__all__ = ["S2lowConnector", "S2lowSettings"]

_TEST = "/api/test-connexion.php"
_RGS = "/api/test-rgs.php"
_INFO = "/api/info-connexion.php"
_LOGINS = "/admin/users/api-list-login.php"
_CREATE = "/modules/actes/actes_transac_create.php"
_ACTE_STATUS = "/modules/actes/actes_transac_get_status.php"
_ACTE_AR = "/modules/actes/actes_transac_get_ARActe.php"
_ACTE_LIST = "/modules/actes/api/list_actes.php"
_REPLY = "/modules/actes/actes_transac_reponse_create.php"
_CANCEL = "/modules/actes/actes_transac_cancel.php"
_LETTERS = "/modules/actes/api/list_document_prefecture.php"
_LETTER_READ = "/modules/actes/api/document_prefecture_mark_as_read.php"
_DOCUMENT = "/modules/actes/actes_transac_get_document.php"
_DOWNLOAD = "/modules/actes/actes_download_file.php"
_FILES = "/modules/actes/actes_transac_get_files_list.php"
_BORDEREAU = "/modules/actes/actes_create_pdf.php"
_STATUS_LABELS = "/modules/actes/api/actes_status.php"
_CONFIRM = "/modules/actes/actes_transac_post_confirm_api.php"
_HOME = "/modules/actes/index.php"
_CLASSIFICATION = "/modules/actes/actes_classification_fetch.php"
_ASK_CLASSIFICATION = "/modules/actes/actes_classification_request.php"
_IMPORT = "/modules/helios/api/helios_importer_fichier.php"
_HELIOS_STATUS = "/modules/helios/api/helios_transac_get_status.php"
_ACQUIT = "/modules/helios/helios_download_acquit.php"
_RETOURS = "/modules/helios/api/helios_get_list.php"
_RETOUR = "/modules/helios/api/helios_get_retour.php"
_RETOUR_READ = "/modules/helios/api/helios_change_status.php"

_PAGE_SIZE = 100
_WORDS = 300
"""Characters shown of what S²LOW says of an account."""
# in the order of an act's life: one that moves forward meanwhile is met in a later list (§9.2)
_LISTED_STATUSES = (17, 18, 1, 2, 3, -1, 4, 5, 19, 20, 22, 12, 15, 13, 14, 16, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class S2lowSettings:
    """How one authority reaches its S²LOW platform."""

    base_url: str
    """``https://host[:port][/prefix]``."""
    client_certificate: Callable[[], ClientCredential]
    """Returns PEM certificate, PEM key and passphrase, or all in one, at each connection; never
    prompts."""
    ca_file: Path | None = None
    """PEM of the authorities trusted for the server; ``None``: those of the system."""
    credentials: Callable[[], tuple[str, str]] | None = None
    """Returns login and password; needed when several accounts share the certificate.

    A ``FaultError`` that it raises becomes an ``AuthenticationRefused``."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """Limits of each exchange."""
    pinned: frozenset[str] = frozenset()
    """SHA-256 of the server's certificate or public key, one of which must be met besides the
    authorities; empty: not checked."""
    forwarded_certificate: Callable[[], bytes] | None = None
    """Returns the DER certificate of the agent on whose behalf a trusted platform acts.

    A ``FaultError`` that it raises becomes an ``AuthenticationRefused``."""
    en_attente: bool = False
    """Leave the acts in status 17, for an agent with an RGS certificate to confirm."""
    must_signed: bool = False
    """Leave the acts in status 18, to be signed on the platform."""
    papers: frozenset[PaperKind] = frozenset()
    """What is fetched of an acknowledged act."""
    max_acte_bytes: int = 150 * 1024 * 1024
    """Files of one act; above, the server drops the whole form without a KO (§1.4.2)."""
    max_pes_bytes: int = 128 * 1000 * 1000
    """One PES file (§1.4.3)."""


class S2lowConnector:
    """Connector to S²LOW, for one authority."""

    name = "s2low"
    acknowledges_courriers = True
    keeps_refused_numbers = True

    def __init__(self, settings: S2lowSettings, *, dump: Dump | None = None) -> None:
        """Prepare the connector; nothing is opened nor read yet.

        :raises ConfigurationError: when the address is not ``https://``.
        """
        self._settings = settings
        self._client = HttpsClient(
            HttpsSettings(
                base_url=settings.base_url,
                client_certificate=settings.client_certificate,
                ca_file=settings.ca_file,
                pinned=settings.pinned,
                timeouts=settings.timeouts,
            ),
            NoDump() if dump is None else dump,
        )
        self.papers_offered = settings.papers
        self._account_known = settings.credentials is not None

    def test(self) -> str:
        """Check certificate and account; return the words of S²LOW on them.

        Whether the connection is of RGS grade, and which account it opens, are told when the
        version of the platform can say so.

        :raises AuthenticationRefused: certificate, login or rights.
        :raises Unreachable: the question could not be asked.
        """
        self._account_known = self._settings.credentials is not None
        words = [self._check_connection(), self._rgs(), self._told(_INFO)]
        return " ; ".join(filter(None, words))

    def deposit(self, shipment: Shipment) -> str:
        """Post an act, a reply, a cancellation or a PES; return the number of the transaction.

        The connection is tried first: under TLS 1.3 a refused certificate only shows at the first
        answer, and a maintenance page must not make the outcome of a sending unknown.

        :raises Unreachable: surely not received.
        :raises OutcomeUnknown: perhaps received.
        :raises Refused: received and rejected, or not sendable; ``CON-NO_ABOUT`` for a reply or a
            cancellation of which S²LOW would not know what it is about.
        """
        if shipment.flux is Flux.ACTES:
            path, parts, read = self._acte_form(shipment)
        else:
            path, parts, read = self._pes_form(shipment)
        self._check_connection()
        response = self._post(path, parts, shipment.key)
        try:
            outcome = read(response)
        except Unreadable as error:
            raise OutcomeUnknown(error.faults) from error
        if isinstance(outcome, Ko) and path == _CANCEL:
            return self._cancellation_there(outcome, shipment)
        if isinstance(outcome, Ko):
            raise refusal(outcome)
        return outcome

    def find(self, shipment: Shipment) -> str | None:
        """Look for what was sent and whose outcome is unknown (§9.2, probes A and B; §1.6).

        Nothing keeps a reply from being taken twice: one that is not found stays unknown.

        :returns: the number of its transaction, or ``None`` when S²LOW does not hold it, which is
            never said of a reply.
        :raises Unreachable: the question could not be asked.
        :raises OutcomeUnknown: ``CON-NO_SEARCH`` (no search exists for a PES),
            ``CON-LANDED_NO_ID`` (held, but listed nowhere), ``CON-REPLY_UNKNOWN``.
        :raises Refused: ``CON-NUMBER_CLASH``: the number is that of another act; ``CON-NO_ABOUT``.
        """
        if shipment.flux is Flux.HELIOS:
            raise OutcomeUnknown(Fault(code="CON-NO_SEARCH", params={"key": shipment.key}))
        found = read_shipment(shipment.content)
        if isinstance(found, ReplyShipment):
            return self._find_reply(found, shipment)
        if isinstance(found, CancelShipment):
            return self._find_cancellation(shipment)
        return self._find_acte(found)

    def _find_acte(self, acte: ActeShipment) -> str | None:
        # before the AR the name of the message is known; after it, the identifier of the act
        landed = self._knows(f"{acte.id_acte}-1-1") or self._knows(acte.id_acte)
        listed = self._search(acte.message.numero)
        if listed is None:
            if landed:
                raise OutcomeUnknown(Fault(code="CON-LANDED_NO_ID", params={"key": acte.id_acte}))
            return None
        if not _is_same(listed, acte):
            raise Refused(_clash(listed, acte))
        return listed.reference

    def status(self, flux: Flux, reference: str) -> RemoteStatus:
        """Ask where a transaction is, and fetch the answer of the State once there is one.

        A number that S²LOW does not know, or refuses to show, is ``UNRECOGNISED``.

        :raises Unreachable: the question could not be asked; asking again is safe.
        """
        if flux is Flux.ACTES:
            return self._acte_status(reference)
        return self._helios_status(reference)

    def papers(self, reference: str, *, affichage: date | None = None) -> tuple[RemotePaper, ...]:
        """Return the bordereau and the stamped copies of an acknowledged act (§1.4.8).

        Stamped copies keep the rank of their file; what is no PDF has none.

        :raises Unreachable: one of them cannot be had now; asking again is safe.
        """
        found: list[RemotePaper] = []
        if PaperKind.BORDEREAU in self.papers_offered:
            content = self._pdf(_BORDEREAU, {"trans_id": reference}, reference)
            found.append(RemotePaper(kind=PaperKind.BORDEREAU, rank=0, content=content))
        if PaperKind.TAMPON in self.papers_offered:
            stamp = {"tampon": "true"}
            if affichage is not None:
                stamp["date_affichage"] = affichage.isoformat()
            for rank, file in enumerate(self._files(reference)):
                if file.is_pdf:
                    content = self._pdf(_DOWNLOAD, {"file": file.reference, **stamp}, reference)
                    found.append(RemotePaper(kind=PaperKind.TAMPON, rank=rank, content=content))
        return tuple(found)

    def person_page(self, flux: Flux, reference: str, code: str) -> str:
        """Return the address where an agent confirms an act in status 17 (§1.4.9).

        Opened in a browser that shows the agent's own RGS certificate; it leads back to S²LOW. What
        waits for a signature is signed from the first page of the platform.
        """
        base = self._settings.base_url.rstrip("/")
        if progress_of(flux, code) is not RemoteProgress.WAITING_FOR_PERSON:
            return ""
        if flux is not Flux.ACTES or int(code) != ActeStatus.EN_ATTENTE_D_ETRE_POSTEE:
            return f"{base}/"
        back = f"{base}{_HOME}?error=%%ERROR%%&message=%%MESSAGE%%"
        return f"{base}{_CONFIRM}?{urlencode({'id': reference, 'url_return': back})}"

    def classification(self) -> bytes:
        """Return the last classification that S²LOW holds, untouched (§1.4.6).

        :raises Refused: ``CON-NO_CLASSIFICATION``: it holds none.
        :raises Unreachable: the question could not be asked.
        """
        body = self._get(_CLASSIFICATION, {"api": "1"}, label="classification").body
        if is_xml_document(body, root="RetourClassification"):
            return body
        raise self._classification_refusal(body)

    def request_classification(self, held: date | None) -> None:
        """Ask the préfecture for its classification (7-1); at most once a day.

        :param held: not used by S²LOW, which writes the message itself.
        :raises Refused: ``CON-CLASSIFICATION_DAILY``: already asked today.
        :raises Unreachable: the question could not be asked.
        """
        body = self._get(_ASK_CLASSIFICATION, {"api": "1"}, label="classification").body
        if isinstance(readable(parse_verdict, body), Ko):
            raise self._classification_refusal(body)

    def retours(self) -> tuple[RemoteRetour, ...]:
        """List the PES_Retour that nobody has marked as read (§1.9.4).

        :raises Unreachable: the question could not be asked.
        """
        found = readable(parse_retours, self._get(_RETOURS, {}, label="retours").body)
        if isinstance(found, Ko):
            raise question_refused(found)
        return tuple(RemoteRetour(reference=one.reference, name=one.name) for one in found)

    def retour(self, reference: str) -> InboundDocument:
        """Return a PES_Retour, untouched, whatever its content: it is judged elsewhere.

        :raises Refused: ``CON-NO_RETOUR``.
        :raises Unreachable: the question could not be asked.
        """
        body = self._get(_RETOUR, {"id": reference}, label=f"retour-{reference}").body
        if is_xml_document(body):
            return InboundDocument(name=f"{reference}-PES_Retour.xml", content=body)
        raise _not_given(readable(parse_no_retour, body), "CON-NO_RETOUR", reference)

    def mark_read(self, reference: str) -> None:
        """Tell S²LOW that a PES_Retour was stored durably.

        :raises Refused: ``CON-NO_RETOUR``.
        :raises Unreachable: the answer is not known; asking again is safe.
        """
        body = self._get(_RETOUR_READ, {"id": reference}, label=f"retour-{reference}").body
        ko = readable(parse_marked, body)
        if ko is not None:
            raise _not_given(ko, "CON-NO_RETOUR", reference)

    def courriers(self) -> tuple[RemoteCourrier, ...]:
        """List the letters that nobody has marked as read (§1.6).

        :raises Unreachable: the question could not be asked.
        """
        found = readable(parse_courriers, self._get(_LETTERS, {}, label="courriers").body)
        if isinstance(found, Ko):
            raise question_refused(found)
        return found

    def courrier(self, reference: str) -> InboundDocument:
        """Return the archive of a letter, untouched, whatever its content: it is judged elsewhere.

        The script answers by a redirect to the archive, or to a page when it cannot (§1.1, §1.6).

        :raises Refused: ``CON-NO_COURRIER``.
        :raises Unreachable: the question could not be asked.
        """
        label = f"courrier-{reference}"
        response = self._ask(_DOCUMENT, {"id": reference}, label=label)
        envelope = envelope_of(response.header("Location")) if _is_redirect(response) else ""
        if envelope:
            response = self._ask(_DOWNLOAD, {"env": envelope}, label=label)
        if _is_redirect(response) and not is_login_path(response.header("Location")):
            message = f"HTTP {response.status} {response.header('Location')}"
            params = {"reference": reference, "message": message}
            raise Refused(Fault(code="CON-NO_COURRIER", params=params))
        screen(response, failure=Unreachable)
        ko = readable(check_letter, response.body)
        if ko is not None:
            raise _not_given(ko, "CON-NO_COURRIER", reference)
        return InboundDocument(name=f"{reference}-courrier.tar.gz", content=response.body)

    def mark_courrier_read(self, reference: str) -> None:
        """Tell S²LOW that a letter was stored durably; it says yes even to an unknown number.

        :raises Unreachable: the answer is not known; asking again is safe.
        """
        query = {"transaction_id": reference}
        body = self._get(_LETTER_READ, query, label=f"courrier-{reference}").body
        ko = readable(parse_courrier_marked, body)
        if ko is not None:
            raise question_refused(ko)

    # asking

    def _ask(self, path: str, query: Mapping[str, str], *, label: str) -> Response:
        return self._client.get(path, query, headers=self._headers(), label=label)

    def _get(self, path: str, query: Mapping[str, str], *, label: str) -> Response:
        response = self._ask(path, query, label=label)
        screen(response, failure=Unreachable)
        return response

    def _post(self, path: str, parts: Sequence[Part], label: str) -> Response:
        response = self._client.post(path, parts, headers=self._headers(), label=label)
        screen(response, failure=OutcomeUnknown)
        return response

    def _headers(self) -> dict[str, str]:
        headers = {}
        if self._settings.credentials is not None:
            headers["Authorization"] = _basic(self._settings.credentials)
        if self._settings.forwarded_certificate is not None:
            certificate = base64.b64encode(_secret(self._settings.forwarded_certificate))
            headers["org.s2low.forward-x509-identification"] = certificate.decode("ascii")
        return headers

    def _check_connection(self) -> str:
        if not self._account_known:  # §1.2.1: asked once, where no login is configured
            self._check_single_account()
            self._account_known = True
        body = self._get(_TEST, {}, label="connexion").body
        if body.lstrip().startswith(b"OK"):  # a welcome may follow on the same line
            return decode(body)
        verdict = readable(parse_verdict, body)
        if isinstance(verdict, Ko) and verdict.kind is KoKind.TRANSIENT:
            raise Unreachable(verdict.fault)
        if isinstance(verdict, Ko):
            code = "CON-RIGHTS" if verdict.code == "CON-RIGHTS" else "CON-AUTHENTICATION"
            params = {"message": verdict.message or "KO"}
            raise AuthenticationRefused(Fault(code=code, params=params))
        return decode(body)

    def _check_single_account(self) -> None:
        body = self._get(_LOGINS, {}, label="connexion").body
        logins = body.decode("latin-1").split()
        if not logins:
            raise AuthenticationRefused(Fault(code="CON-NO_ACCOUNT"))
        readable(refuse_page, body)
        if len(logins) > 1:
            params = {"logins": ", ".join(logins)}
            raise AuthenticationRefused(Fault(code="CON-LOGIN_NEEDED", params=params))

    def _rgs(self) -> str:
        """Return whether the connection is of RGS grade, in words; empty when it is not told."""
        told = self._told(_RGS)
        if told.startswith("OK"):
            return "certificat RGS : oui"
        return "certificat RGS : non" if told.startswith("KO") else ""

    def _told(self, path: str) -> str:
        """Return what a script about the connection says; empty where it does not exist."""
        try:
            body = self._get(path, {}, label="connexion").body
            readable(refuse_page, body)
        except (Unreachable, Refused):  # an older version has no such script
            return ""
        return " ".join(decode(body).split())[:_WORDS]

    # sending

    def _acte_form(
        self, shipment: Shipment
    ) -> tuple[str, Sequence[Part], Callable[[Response], str | Ko]]:
        found = read_shipment(shipment.content)
        if isinstance(found, CancelShipment):
            return _CANCEL, cancel_form(_about(shipment)), _read_reference
        _check_size(found.size, self._settings.max_acte_bytes)
        if isinstance(found, ReplyShipment):
            return _REPLY, reply_form(found, _about(shipment)), _read_reply_reference
        waits = {"en_attente": self._settings.en_attente, "must_signed": self._settings.must_signed}
        parts = create_form(found, **waits)
        return _CREATE, parts, _read_reference

    def _pes_form(
        self, shipment: Shipment
    ) -> tuple[str, Sequence[Part], Callable[[Response], str | Ko]]:
        _check_size(len(shipment.content), self._settings.max_pes_bytes)
        parts = import_form(shipment.file_name, shipment.content)
        return _IMPORT, parts, lambda answer: parse_import(answer.body)

    # recovering

    def _find_reply(self, reply: ReplyShipment, shipment: Shipment) -> str:
        letter = _about(shipment)
        listed = self._search(reply.id_acte.numero)
        found = None
        if listed is not None and listed.decision_date == reply.id_acte.date.isoformat():
            related = self._related(listed.reference, shipment.key)
            found = reply_among(related, letter=letter, kind=reply.kind)
        if found is None:
            raise OutcomeUnknown(Fault(code="CON-REPLY_UNKNOWN", params={"key": shipment.key}))
        return found

    def _find_cancellation(self, shipment: Shipment) -> str | None:
        return cancellation_among(self._related(_about(shipment), shipment.key))

    def _cancellation_there(self, ko: Ko, shipment: Shipment) -> str:
        """Return the number of the cancellation that keeps ours from being taken (§1.4.10, §9.1).

        « Déjà en cours » is a success whoever asked first; an act that is « not in a state » to be
        cancelled may be so because it is cancelled by now.

        :raises OutcomeUnknown: it is there, and is not shown; or nobody could be asked.
        :raises Refused: the act cannot be cancelled.
        """
        if ko.code not in ("CON-CANCEL_ASKED", "CON-CANCEL_STATE"):
            raise refusal(ko)
        try:
            related = self._related(_about(shipment), shipment.key)
        except ConnectorError as error:
            raise OutcomeUnknown(ko.fault) from error
        there = cancellation_among(one for one in related if one.status != ActeStatus.ERREUR)
        if there is not None:
            return there
        raise OutcomeUnknown(ko.fault) if ko.kind is KoKind.DUPLICATE else refusal(ko)

    def _related(self, acte: str, label: str) -> tuple[Related, ...]:
        body = self._get(_DOCUMENT, {"id": acte}, label=label).body
        found = readable(parse_related, body)
        if isinstance(found, Ko):
            raise question_refused(found)
        # numbers grow: a last one that is older than the act is perhaps the beginning of another
        if found and not body.endswith(b"\n") and int(found[-1].reference) < int(acte):
            raise Unreachable(Fault(code="CON-TRUNCATED_ANSWER"))
        return found

    def _knows(self, unique_id: str) -> bool:
        body = self._get(_ACTE_STATUS, {"unique_id": unique_id}, label=unique_id).body
        report = readable(parse_acte_status, body)
        if isinstance(report, ActeReport):
            return True
        if report.kind is KoKind.UNKNOWN_REFERENCE:
            return False
        raise question_refused(report)

    def _search(self, numero: str) -> ListedActe | None:
        for status in _LISTED_STATUSES:
            for listed in self._list(status):
                if listed.number == numero and listed.is_transmission:
                    return listed
        return None

    def _list(self, status: int) -> Iterator[ListedActe]:
        seen: set[str] = set()
        offset = 0
        while True:
            query = {"status_id": str(status), "offset": str(offset), "limit": str(_PAGE_SIZE)}
            page = readable(parse_list, self._get(_ACTE_LIST, query, label="list").body)
            fresh = [listed for listed in page if listed.reference not in seen]
            yield from fresh
            seen.update(listed.reference for listed in fresh)
            offset += len(page)
            if len(page) < _PAGE_SIZE or not fresh:  # not fresh: the server ignores the offset
                return

    # following

    def _acte_status(self, reference: str) -> RemoteStatus:
        body = self._get(_ACTE_STATUS, {"transaction": reference}, label=reference).body
        report = readable(parse_acte_status, body)
        if isinstance(report, Ko):
            return unrecognised(report)
        documents: tuple[InboundDocument, ...] = ()
        message = report.text
        if report.progress is RemoteProgress.UNRECOGNISED:
            message = message or self._label(report.code)
        if report.progress is RemoteProgress.ANSWERED:
            documents = self._ar(reference, report)
        elif report.progress is RemoteProgress.ERROR and report.document:
            name = f"{reference}-anomalie.xml"
            documents = (InboundDocument(name=name, content=report.document),)
        return RemoteStatus(
            progress=report.progress, code=report.code, message=message, documents=documents
        )

    def _ar(self, reference: str, report: ActeReport) -> tuple[InboundDocument, ...]:
        content = report.document or self._download(_ACTE_AR, reference)
        if not content or not is_xml_document(content):
            return ()  # the engine asks again: the AR itself proves the acknowledgement
        return (InboundDocument(name=f"{reference}-AR.xml", content=content),)

    def _helios_status(self, reference: str) -> RemoteStatus:
        body = self._get(_HELIOS_STATUS, {"transaction": reference}, label=reference).body
        report = readable(parse_helios_status, body)
        if isinstance(report, Ko):
            return unrecognised(report)
        progress = report.progress
        documents: tuple[InboundDocument, ...] = ()
        if progress is RemoteProgress.ANSWERED or report.after_answer:
            documents = self._acquit(reference)
            progress = _progress_of_answer(report, bool(documents))
        return RemoteStatus(
            progress=progress,
            code=report.code,
            message=report.text,
            documents=documents,
            earlier_copy=report.earlier_copy,
        )

    def _acquit(self, reference: str) -> tuple[InboundDocument, ...]:
        content = self._download(_ACQUIT, reference)
        if not is_acquit(content):
            return ()
        return (InboundDocument(name=f"{reference}-PES_ACQUIT.xml", content=content),)

    def _download(self, path: str, reference: str) -> bytes:
        """Return a file, or nothing: these scripts answer any error by a redirect (§1.1)."""
        response = self._ask(path, {"id": reference}, label=reference)
        if _is_redirect(response):
            return b""
        screen(response, failure=Unreachable)
        return response.body

    def _files(self, reference: str) -> tuple[ListedFile, ...]:
        body = self._get(_FILES, {"transaction": reference}, label=reference).body
        found = readable(parse_files, body)
        if isinstance(found, Ko):
            raise question_refused(found)
        if not found:  # seen right after the AR: the list is empty for a while (§8.2)
            raise Unreachable(unreadable(body).faults)
        return found

    def _pdf(self, path: str, query: Mapping[str, str], reference: str) -> bytes:
        body = self._get(path, query, label=reference).body
        readable(check_pdf, body)
        return body

    def _label(self, code: str) -> str:
        """Return what S²LOW calls a status that we do not know; empty when it does not say."""
        try:
            body = self._get(_STATUS_LABELS, {}, label="statuts").body
            return readable(parse_labels, body).get(code, "")
        except (Unreachable, Refused):
            return ""

    def _classification_refusal(self, body: bytes) -> ConnectorError:
        verdict = readable(parse_verdict, body)
        if not isinstance(verdict, Ko):
            return Unreachable(unreadable(body).faults)
        if verdict.kind in (KoKind.AUTHENTICATION, KoKind.TRANSIENT):
            return question_refused(verdict)
        return Refused(verdict.fault)


def _progress_of_answer(report: HeliosReport, downloaded: bool) -> RemoteProgress:
    if downloaded:
        return RemoteProgress.ANSWERED
    # S²LOW itself shows 3 while the acquit cannot be served (§1.9.2)
    return RemoteProgress.UNRECOGNISED if report.after_answer else RemoteProgress.TRANSMITTED


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        message = f"{size / 1_048_576:.0f} Mo, maximum {limit / 1_048_576:.0f} Mo"
        raise Refused(Fault(code="CON-SIZE", params={"message": message}))


def _is_same(listed: ListedActe, acte: ActeShipment) -> bool:
    message = acte.message
    return (
        listed.decision_date == message.date.isoformat()
        and listed.has_nature(message.nature)
        and listed.subject == " ".join(message.objet.split())
    )


def _clash(listed: ListedActe, acte: ActeShipment) -> Fault:
    params = {
        "numero": acte.message.numero,
        "reference": listed.reference,
        "date": listed.decision_date,
        "objet": listed.subject,
    }
    return Fault(code="CON-NUMBER_CLASH", params=params)


T = TypeVar("T")


def _secret(read: Callable[[], T]) -> T:
    """Read what authenticates us.

    :raises AuthenticationRefused: its file is missing…
    """
    try:
        return read()
    except FaultError as error:
        raise AuthenticationRefused(error.faults) from error


def _basic(credentials: Callable[[], tuple[str, str]]) -> str:
    plain = ":".join(_secret(credentials))
    try:
        content = plain.encode("iso-8859-1")
    except UnicodeEncodeError:
        content = plain.encode("utf-8")
    return f"Basic {base64.b64encode(content).decode('ascii')}"


def _about(shipment: Shipment) -> str:
    if not re.fullmatch(r"[0-9]{1,18}", shipment.about, re.ASCII):
        raise Refused(Fault(code="CON-NO_ABOUT", params={"key": shipment.key}))
    return shipment.about


def _read_reference(response: Response) -> str | Ko:
    return parse_reference(response.body)


def _read_reply_reference(response: Response) -> str | Ko:
    return parse_reply_reference(response.body, framed=response.framed)


def _is_redirect(response: Response) -> bool:
    return 300 <= response.status < 400


def _not_given(ko: Ko, code: str, reference: str) -> ConnectorError:
    """Return what a KO says of one PES_Retour or of one letter."""
    if ko.kind in (KoKind.AUTHENTICATION, KoKind.TRANSIENT) or ko.code == "CON-RIGHTS":
        return question_refused(ko)
    params = {"reference": reference, "message": ko.message or "KO"}
    return Refused(Fault(code=code, params=params))
