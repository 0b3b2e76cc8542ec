"""The TdT on its lines to the ministry and to the DGFiP: TLS, own certificate, pinned servers.

A line that fails is no error here: the archive or the PES stays, what the other side has is asked
for again. The other side tells when its next event is due, so that nothing is asked for before.
"""

import base64
import hashlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from demat.sandbox.liens import FILE, Arrival, DepotPes, Seen, file_entry, mail_entry
from demat.sandbox.ordres import RETOUR, OrderError
from demat.sandbox.pki import Identity, Pki

__all__ = ["LiensHttps", "fingerprint"]

_TIMEOUT = 20.0
_IDLE = 30.0
_AGAIN_SECONDS = 1.0
"""Real time after which a quiet line is asked all the same: orders may reach it without the TdT."""
_BOUNDARY = "limite-du-tdt"


def fingerprint(identity: Identity) -> str:
    """Return the SHA-256 (hexadecimal) of a certificate in DER."""
    certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex()


class _Line:
    """One keep-alive connection to one stand-in."""

    def __init__(self, url: str, pki: Pki, server: Identity) -> None:
        context = ssl.create_default_context(cafile=str(pki.ca_bundle))
        context.load_cert_chain(pki.tdt.certificate, pki.tdt.key)
        address = urlsplit(url)
        self._connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=_TIMEOUT
        )
        self._pinned = fingerprint(server)
        self._quiet_until: datetime | None = None
        self._quiet = False
        self._asked = self._used = 0.0

    def exchange(
        self, method: str, target: str, body: bytes = b"", content_type: str = ""
    ) -> tuple[int, bytes]:
        """Return the HTTP status and the body; status 0 when no whole answer came."""
        headers = {"Content-Type": content_type} if content_type else {}
        if time.monotonic() - self._used > _IDLE:
            self._connection.close()  # the other side may have hung up
        self._used = time.monotonic()
        try:
            if self._connection.sock is None:
                self._connect()
            self._connection.request(method, target, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, b""

    def _connect(self) -> None:
        self._connection.connect()
        der = self._connection.sock.getpeercert(binary_form=True) or b""
        if hashlib.sha256(der).hexdigest() != self._pinned:
            raise ssl.SSLCertVerificationError("the server has not the pinned certificate")

    def learn(self, answer: dict[str, Any]) -> None:
        """Note when the other side's next event is due."""
        due = answer.get("prochain")
        self._quiet_until = datetime.fromisoformat(due) if due else None
        self._quiet = True
        self._asked = time.monotonic()

    def disturb(self) -> None:
        """Note that the other side may have something new."""
        self._quiet = False

    def may_have(self, until: datetime) -> bool:
        """Whether the other side may have something new at an instant."""
        if not self._quiet or time.monotonic() - self._asked > _AGAIN_SECONDS:
            return True
        return self._quiet_until is not None and self._quiet_until <= until


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class LiensHttps:
    """Links over the line."""

    def __init__(self, pki: Pki, *, ministere: str, dgfip: str) -> None:
        """Prepare the lines to two addresses; nothing is sent yet."""
        self._ministere = _Line(ministere, pki, pki.ministere)
        self._dgfip = _Line(dgfip, pki, pki.dgfip)
        self.seen = Seen()
        """Mails that need not be given again."""

    def take(self, name: str, packed: bytes, at: datetime) -> str:
        """Hand an archive to the ministry."""
        head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
        body = b"--%s\r\n%s\r\n\r\n%s\r\n--%s--\r\n" % (
            *(_BOUNDARY.encode(), head.encode("ascii"), packed),
            _BOUNDARY.encode(),
        )
        target = f"/reception?{urlencode({'instant': at.isoformat()})}"
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        return self._given(self._ministere, "POST", target, body, kind)

    def drop(self, depot: DepotPes, at: datetime) -> str:
        """Lay a PES at the DGFiP."""
        given = urlencode({**depot.commands, "instant": at.isoformat()})
        target = f"/entree/{quote(depot.name)}?{given}"
        return self._given(self._dgfip, "PUT", target, depot.content, "application/xml")

    def _given(self, line: _Line, method: str, target: str, body: bytes, kind: str) -> str:
        line.disturb()
        status, answer = line.exchange(method, target, body, kind)
        found = _json(answer)
        # a page of a proxy with status 200 takes nothing
        taken = status == 200 and "prochain" in found
        if taken:
            line.learn(found)
        return "200" if taken else str(0 if status == 200 else status)

    def arrivals(self, until: datetime) -> Iterator[Arrival]:
        """Give what the lines bring; a line that fails brings nothing this time."""
        given = urlencode({"jusqu": until.isoformat()})
        if self._ministere.may_have(until):
            found = self._asked(self._ministere, f"/boite?{given}&apres={self.seen.last}")
            for mail in found.get("mails", ()):
                self.seen.add(mail["id"])
                entry = mail_entry(
                    mail["id"],
                    datetime.fromisoformat(mail["at"]),
                    mail["subject"],
                    tuple(mail["names"]),
                    base64.b64decode(mail["content"]),
                )
                yield Arrival(entry=entry)
        if self._dgfip.may_have(until):
            found = self._asked(self._dgfip, f"/sortie?{given}")
            for file in found.get("fichiers", ()):
                yield from self._fetched(file)

    def _asked(self, line: _Line, target: str) -> dict[str, Any]:
        status, body = line.exchange("GET", target)
        found = _json(body) if status == 200 else {}
        if "prochain" in found:
            line.learn(found)
        return found

    def _fetched(self, file: dict[str, Any]) -> Iterator[Arrival]:
        status, content = self._dgfip.exchange("GET", f"/sortie/{file['id']}")
        # the page of a proxy with status 200 is not the file
        if status != 200 or hashlib.sha256(content).hexdigest() != file["sha256"]:
            self._dgfip.disturb()
            return
        at = datetime.fromisoformat(file["at"])
        yield Arrival(entry=file_entry(file["id"], file["name"], at, file["siren"], content))

    def forget(self, arrival: Arrival) -> None:
        """Take a file out of its folder; mails stay in their box."""
        if arrival.entry.kind == FILE:
            given = urlencode({"instant": arrival.entry.at.isoformat()})
            self._dgfip.exchange("DELETE", f"/sortie/{arrival.entry.head['id']}?{given}")

    def order(self, what: str, body: bytes, at: datetime) -> dict[str, object]:
        """Pass an order on.

        :raises OrderError: it is refused, or the other side does not answer.
        """
        line = self._dgfip if what == RETOUR else self._ministere
        target = f"/ordre/{what}?{urlencode({'instant': at.isoformat()})}"
        line.disturb()
        status, answer = line.exchange("POST", target, body, "application/json")
        found = _json(answer)
        if status != 200:
            raise OrderError(str(found.get("error") or "no answer from the stand-in"))
        return found
