"""Fetch what the authorities of certification publish: lists (HTTP GET) and answers (OCSP POST).

RFC 5280 §4.2.1.13, RFC 6960 appendix A. Lists come over plain HTTP as a rule: what is fetched is
signed by its authority, and believed by ``demat.signing.revocation`` only. No credential is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from demat.connectors.http import AnswerTooLarge, cause_of, read_whole
from demat.faults import Fault, FaultError

__all__ = ["FetchLimits", "Fetched", "RevocationClient"]

_MOVED = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
_OK = 200
_MAX_MOVES = 3
_ASKS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchLimits:
    """Limits of one exchange."""

    connect: float = 10.0
    """Seconds to open the connection."""
    silence: float = 20.0
    """Longest silence of the other side, in seconds."""
    whole: float = 120.0
    """Seconds for the whole answer."""
    list_bytes: int = 50_000_000
    """Longest list; those of large authorities are above 10 MB."""
    answer_bytes: int = 100_000
    """Longest answer (OCSP)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What an address gave."""

    content: bytes | None = field(repr=False)
    """``None``: the same as the last time."""
    etag: str = ""
    modified: str = ""
    """``Last-Modified``."""


@dataclass(frozen=True, slots=True)
class RevocationClient:
    """Asks the authorities; each exchange stands alone, and every failure is a fault."""

    limits: FetchLimits = field(default_factory=FetchLimits)

    def fetch(self, address: str, *, etag: str = "", modified: str = "") -> Fetched:
        """Return the list that an address gives.

        :param etag: of the list that is held; with ``modified``, it is not sent twice.
        :raises FaultError: ``CON-REV_ADDRESS`` (``ldap:`` and the like), ``CON-REV_UNREACHABLE``,
            ``CON-REV_STATUS``, ``CON-REV_SIZE``.
        """
        held = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in held.items() if value}
        return self._exchange("GET", address, headers, None, self.limits.list_bytes)

    def ask(self, address: str, question: bytes) -> bytes:
        """Return the answer of an address to a question (OCSP), DER.

        :raises FaultError: as :meth:`fetch`.
        """
        found = self._exchange("POST", address, _ASKS, question, self.limits.answer_bytes)
        return found.content or b""

    def _exchange(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, most: int
    ) -> Fetched:
        params = {"address": address}
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy, no .netrc from the environment
                session.adapters.clear()  # nothing but the web: neither file: nor ftp:
                for scheme in ("http://", "https://"):
                    session.mount(scheme, HTTPAdapter(max_retries=0))
                return self._follow(session, method, address, headers, body, most)
        except AnswerTooLarge as error:
            limit = str(most)
            raise FaultError(
                Fault(code="CON-REV_SIZE", params={**params, "limit": limit})
            ) from error
        except requests.RequestException as error:
            reason = {"reason": cause_of(error)}
            fault = Fault(code="CON-REV_UNREACHABLE", params={**params, **reason})
            raise FaultError(fault) from error

    def _follow(
        self,
        session: requests.Session,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | None,
        most: int,
    ) -> Fetched:
        target = address
        for _ in range(_MAX_MOVES + 1):
            if not _is_of_the_web(target):
                raise FaultError(Fault(code="CON-REV_ADDRESS", params={"address": target}))
            with session.request(
                method,
                target,
                data=body,
                headers={"Accept-Encoding": "identity", "Connection": "close", **headers},
                allow_redirects=False,
                stream=True,
                timeout=(self.limits.connect, self.limits.silence),
            ) as answer:
                moved = answer.headers.get("Location", "")
                if answer.status_code in _MOVED and moved:
                    target = urljoin(target, moved)
                    continue
                return self._read(answer, address, most)
        raise _status(address, "3xx")

    def _read(self, answer: requests.Response, address: str, most: int) -> Fetched:
        etag = answer.headers.get("ETag", "")
        modified = answer.headers.get("Last-Modified", "")
        if answer.status_code == _NOT_MODIFIED:
            return Fetched(content=None, etag=etag, modified=modified)
        if answer.status_code != _OK:
            raise _status(address, str(answer.status_code))
        content = read_whole(answer, most=most, seconds=self.limits.whole)
        return Fetched(content=content, etag=etag, modified=modified)


def _is_of_the_web(address: str) -> bool:
    """Whether an address can be asked; a name under ``.invalid`` exists nowhere (RFC 2606 §2)."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    known = parts.scheme in ("http", "https") and bool(host)
    return known and not f".{host}".rstrip(".").endswith(".invalid")


def _status(address: str, status: str) -> FaultError:
    return FaultError(Fault(code="CON-REV_STATUS", params={"address": address, "status": status}))
