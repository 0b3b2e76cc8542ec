"""Client of a time-stamping authority (RFC 3161 §3.4): one HTTP or HTTPS exchange per token.

A token proves itself, so plain HTTP is allowed; a login is sent over HTTPS only. No proxy is
guessed, redirects are not followed, and an answer that is not a good token is no token.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from demat.connectors.api import AuthenticationRefused
from demat.connectors.http import (
    AnswerTooLarge,
    HttpsSettings,
    Timeouts,
    cause_of,
    https_adapter,
    read_whole,
)
from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.signing.timestamp import NONCE_BYTES, make_request, read_response

__all__ = ["TsaClient", "TsaSettings", "TsaUnusable"]

MAX_ANSWER = 1 << 20
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class TsaUnusable(FaultError):
    """No token was obtained; nothing legal stops for that, it is asked again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TsaSettings:
    """Where the authority is, and how long to wait for it, in seconds."""

    url: str
    """Address of its service, ``http://`` or ``https://``."""
    ca_file: Path | None = None
    """PEM of the authorities trusted for its TLS certificate; ``None``: those of the system."""
    credentials: Callable[[], tuple[str, str]] | None = None
    """Returns login and password, when the service wants them."""
    policy: str = ""
    """OID of the policy that is asked for; empty for its own."""
    connect: float = 5.0
    """To open the connection."""
    silence: float = 15.0
    """Longest silence; also the whole answer."""

    def __post_init__(self) -> None:
        scheme = urlsplit(self.url).scheme
        if scheme not in ("http", "https") or not urlsplit(self.url).hostname:
            raise ConfigurationError(f"the address {self.url!r} is neither http:// nor https://")
        if self.credentials is not None and scheme != "https":
            raise ConfigurationError("a password is sent over https:// only")


@dataclass(frozen=True, slots=True)
class TsaClient:
    """Asks one authority."""

    settings: TsaSettings

    def stamp(self, sha256: str) -> bytes:
        """Return a token on that digest, DER; what it says was checked, but not its chain.

        :raises TsaUnusable: ``CON-TSA_AWAY``, ``CON-TSA_ANSWER``, ``SIG-TSA_…``, ``CFG-…``.
        """
        nonce = secrets.randbits(8 * NONCE_BYTES)
        query = make_request(sha256, nonce=nonce, policy=self.settings.policy)
        try:
            answer = self._post(query)
            return read_response(answer, sha256=sha256, nonce=nonce, policy=self.settings.policy)
        except requests.RequestException as error:
            raise self._unusable("CON-TSA_AWAY", cause_of(error)) from error
        except TsaUnusable:
            raise
        except FaultError as error:
            raise TsaUnusable(error.faults) from error

    def _post(self, query: bytes) -> bytes:
        settings = self.settings
        headers = {
            "Content-Type": _QUERY,
            "Accept": _REPLY,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        with self._session() as session:
            if settings.credentials is not None:
                login, password = settings.credentials()
                session.auth = HTTPBasicAuth(login.encode(), password.encode())
            with session.post(
                settings.url,
                data=query,
                headers=headers,
                allow_redirects=False,
                stream=True,
                timeout=(settings.connect, settings.silence),
            ) as answer:
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                if answer.status_code != 200 or kind != _REPLY:
                    told = f"HTTP {answer.status_code}, {kind or 'type absent'}"
                    raise self._unusable("CON-TSA_ANSWER", told)
                return self._read(answer)

    def _session(self) -> requests.Session:
        settings = self.settings
        session = requests.Session()
        session.trust_env = False  # no proxy, no .netrc, no authorities from the environment
        session.adapters.clear()
        if urlsplit(settings.url).scheme == "http":
            session.mount("http://", HTTPAdapter(max_retries=0))
            return session
        timeouts = Timeouts(connect=settings.connect, read=settings.silence)
        https = HttpsSettings(base_url=settings.url, ca_file=settings.ca_file, timeouts=timeouts)
        try:
            session.mount("https://", https_adapter(https))
        except AuthenticationRefused as error:
            session.close()
            raise TsaUnusable(error.faults) from error
        return session

    def _read(self, answer: requests.Response) -> bytes:
        try:
            return read_whole(answer, most=MAX_ANSWER, seconds=self.settings.silence)
        except AnswerTooLarge as error:
            raise self._unusable("CON-TSA_ANSWER", f"plus de {MAX_ANSWER} octets") from error

    def _unusable(self, code: str, reason: str) -> TsaUnusable:
        params = {"url": self.settings.url, "reason": reason[:200]}
        return TsaUnusable(Fault(code=code, params=params))
