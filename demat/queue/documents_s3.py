"""Documents in an S3-compatible bucket, which the machines of a centre share.

An object is written whole or not at all, by one request that carries the SHA-256 of its bytes: the
other side answers once it is durable. What comes back is believed only under its digest.
"""

import hashlib
import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from demat.faults import Fault, FaultError
from demat.queue.documents import document_fault, document_key

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Store

__all__ = ["DocumentBucket", "S3Settings"]

logger = logging.getLogger(__name__)

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_REFUSED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
    | {
        "AuthorizationHeaderMalformed",
        "RequestTimeTooSkewed",
        "AccountProblem",
        "AllAccessDisabled",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class S3Settings:
    """Where the bucket is, and by which right."""

    bucket: str
    prefix: str = ""
    """What comes before the keys, without a slash at its ends."""
    address: str = ""
    """``https://…`` of the service; empty means what the environment says, else Amazon's."""
    region: str = ""
    """Empty means what the environment says, else ``us-east-1``."""
    access_key: str = ""
    """Empty means what the environment says (``AWS_ACCESS_KEY_ID``…)."""
    secret_key: str = field(default="", repr=False)
    authority: bytes | None = None
    """Certification authorities (PEM) of the service, beside those of the system."""
    connect: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=30)
    """Longest silence of the service."""
    total: timedelta = timedelta(minutes=10)
    """Longest request: 150 MB on a slow line."""
    retries: int = 4
    """How often a request without answer is made again; each may be made twice without harm."""
    retry_for: timedelta = timedelta(minutes=1)

    @property
    def name(self) -> str:
        """Name of the place, for a person."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


class DocumentBucket:
    """Objects named by their SHA-256 under a prefix: ``prefixe/ab/cdef…``."""

    def __init__(self, settings: S3Settings) -> None:
        """Make the client; nothing is asked yet.

        :raises FaultError: ``CFG-S3_LIBRARY`` when the library is not installed.
        """
        self._settings = settings
        self._store = _client(settings)

    def put(self, content: bytes) -> str:
        """See :meth:`DocumentStore.put`; it is written again even when it is there already.

        Looking first would cost as much, and would have to read it to see whether it is whole.
        """
        import obstore

        sha256 = hashlib.sha256(content).hexdigest()
        with self._translated():
            obstore.put(self._store, document_key(sha256), content, use_multipart=False)
        return sha256

    def get(self, sha256: str) -> bytes:
        """See :meth:`DocumentStore.get`."""
        content = b"".join(self._chunks(sha256))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FaultError(document_fault("QUE-DOCUMENT_CORRUPT", sha256))
        return content

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        """See :meth:`DocumentStore.local`; it is a copy that goes away with the block."""
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(prefix="demat-") as copy:
            for chunk in self._chunks(sha256):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            if digest.hexdigest() != sha256:
                raise FaultError(document_fault("QUE-DOCUMENT_CORRUPT", sha256))
            yield Path(copy.name)

    def head(self, sha256: str, size: int) -> bytes:
        """See :meth:`DocumentStore.head`."""
        found = b""
        try:
            for chunk in self._chunks(sha256, size):
                found += chunk
                if len(found) >= size:
                    break
        except FaultError as error:
            if error.faults.codes != ("QUE-DOCUMENT_MISSING",):
                raise
        return found[:size]

    def has(self, sha256: str) -> bool:
        """See :meth:`DocumentStore.has`."""
        import obstore

        key = document_key(sha256)
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:  # no words come with it: a bucket that is gone looks the same
            return self._found(sha256)
        except _errors() as error:
            raise self._told(error, sha256) from error
        return True

    def check(self, sha256: str) -> Fault | None:
        """See :meth:`DocumentStore.check`."""
        digest = hashlib.sha256()
        try:
            for chunk in self._chunks(sha256):
                digest.update(chunk)
        except FaultError as error:
            if error.faults.codes != ("QUE-DOCUMENT_MISSING",):
                raise
            return next(iter(error.faults))
        if digest.hexdigest() != sha256:
            return document_fault("QUE-DOCUMENT_CORRUPT", sha256)
        return None

    def digests(self) -> Iterator[str]:
        """See :meth:`DocumentStore.digests`."""
        import obstore

        with self._translated():
            for page in obstore.list(self._store):
                for found in page:
                    digest = found["path"].replace("/", "")
                    if found["path"] == f"{digest[:2]}/{digest[2:]}" and len(digest) == 64:
                        yield digest

    def _chunks(self, sha256: str, size: int = 1 << 20) -> Iterator[bytes]:
        """Yield the bytes, unchecked, in pieces of about that size.

        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-S3_…``.
        """
        import obstore

        with self._translated(sha256):
            found = obstore.get(self._store, document_key(sha256))
            for chunk in found.stream(min_chunk_size=size):
                yield bytes(chunk)

    def _found(self, sha256: str) -> bool:
        """Ask for a document; none of it is read.

        :raises FaultError: ``QUE-S3_…``.
        """
        try:
            next(self._chunks(sha256), b"")
        except FaultError as error:
            if error.faults.codes != ("QUE-DOCUMENT_MISSING",):
                raise
            return False
        return True

    @contextmanager
    def _translated(self, sha256: str = "") -> Iterator[None]:
        """Turn what the library raises into one fault; its own words go to the log.

        :param sha256: the document that is asked for, which may be absent.
        """
        try:
            yield
        except _errors() as error:
            raise self._told(error, sha256) from error

    def _told(self, error: Exception, sha256: str) -> FaultError:
        fault = self._fault(error, sha256)
        if fault.code != "QUE-DOCUMENT_MISSING":
            logger.warning("S3: %s", _first_line(error), extra={"action": "s3"})
        return FaultError(fault)

    def _fault(self, error: Exception, sha256: str) -> Fault:
        text = str(error)
        code = next(iter(_CODE.findall(text)), "")
        status = next(iter(_STATUS.findall(text)), "")
        place = {"lieu": self._settings.name}
        if code in ("NoSuchBucket", "InvalidBucketName"):
            return Fault(code="QUE-S3_BUCKET", params=place)
        if code == "NoSuchKey" and sha256:
            return document_fault("QUE-DOCUMENT_MISSING", sha256)
        if status in ("401", "403") or code in _REFUSED:
            return Fault(code="QUE-S3_REFUSED", params={**place, "detail": code or status})
        return Fault(code="QUE-S3_UNREACHABLE", params=place)


def _errors() -> tuple[type[Exception], ...]:
    from obstore.exceptions import BaseError

    return (BaseError, FileNotFoundError)


def _first_line(error: Exception) -> str:
    """Return what happened, without the many lines that a library adds for its own makers."""
    return str(error).partition("\n")[0][:300]


def _client(settings: S3Settings) -> "S3Store":
    """:raises FaultError: ``CFG-S3_LIBRARY``."""
    try:
        from obstore.store import S3Store
    except ImportError as error:
        params = {"lieu": settings.name}
        raise FaultError(Fault(code="CFG-S3_LIBRARY", params=params)) from error
    config: S3Config = {"checksum_algorithm": "SHA256"}
    if settings.address:
        config["endpoint"] = settings.address
    if settings.region:
        config["region"] = settings.region
    if settings.access_key:
        config["access_key_id"] = settings.access_key
        config["secret_access_key"] = settings.secret_key
    options: ClientConfig = {
        "allow_http": settings.address.startswith("http://"),
        "connect_timeout": settings.connect,
        "read_timeout": settings.silence,
        "timeout": settings.total,
    }
    if settings.authority is not None:
        options["root_certificate"] = settings.authority
    retry: RetryConfig = {
        "max_retries": settings.retries,
        "retry_timeout": settings.retry_for,
        "backoff": {
            "init_backoff": timedelta(milliseconds=200),
            "max_backoff": timedelta(seconds=10),
            "base": 2,
        },
    }
    return S3Store(
        settings.bucket,
        prefix=settings.prefix or None,
        config=config,
        client_options=options,
        retry_config=retry,
    )
