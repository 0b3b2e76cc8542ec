"""A share that is an SFTP server, through paramiko, which is used nowhere else.

The key of the server is always checked, against a file of known hosts or a fingerprint, and never
learnt. No agent, no key of ``~/.ssh``, no old algorithm, a limit to every wait. One connection for
each share, kept between two questions and opened again when it has died.
"""

import io
import logging
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_HANDLE,
    CMD_NAME,
    CMD_OPENDIR,
    CMD_READDIR,
    SFTP_EOF,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTP_OP_UNSUPPORTED,
    SFTP_PERMISSION_DENIED,
    SFTPError,
)
from paramiko.sftp_attr import SFTPAttributes

from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    OutcomeUnknown,
    Unreachable,
)
from demat.connectors.partage import Depose, Trouble, trouble
from demat.faults import Fault, FaultError

__all__ = ["SftpPartage", "SftpSettings", "SftpTimeouts"]

_OLD = {
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"),
    "macs": ("hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"),
}
"""What paramiko still offers and no server of today needs."""
_KEEPALIVE = 30
_READ_BACK = 8 * 1024 * 1024
_FSYNC = "fsync@openssh.com"
_LOG = "demat.connectors.partage_sftp.paramiko"
_SILENT = logging.getLogger(_LOG)
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False  # it tells every failure a second time, with its stack


@dataclass(frozen=True, kw_only=True, slots=True)
class SftpTimeouts:
    """Limits of one connection, in seconds."""

    connect: float = 10.0
    """To reach the server, then to agree on keys, then to open a session: each."""
    login: float = 30.0
    """To be let in."""
    silence: float = 60.0
    """Longest silence of the server once it has a question or a piece of a file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SftpSettings:
    """How one authority reaches its share; secrets are read at each connection."""

    host: str
    port: int
    user: str
    base: str
    """Folder of the server below which the folders of the share are."""
    known_hosts: Path | None = None
    """File of known hosts, as OpenSSH writes it."""
    fingerprints: Sequence[str] = ()
    """``SHA256:…`` of the keys that the server may show; when there are any, the file of known
    hosts is not read."""
    key: Callable[[], tuple[str, bytes, str]] | None = None
    """Returns the name of the file of the private key, its content, and its passphrase, empty when
    it has none.

    A ``FaultError`` that it raises (file missing…) becomes an ``AuthenticationRefused``."""
    password: Callable[[], str] | None = None
    """Returns the password of the account; asked for after the key when there are both."""
    timeouts: SftpTimeouts = field(default_factory=SftpTimeouts)


class _Answered(Exception):
    """The server answered that it did not do what was asked."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


_BROKEN = (paramiko.SSHException, SFTPError, EOFError, OSError, ValueError)
"""The connection died, fell silent, or says what no server says."""


class _Sftp(paramiko.SFTPClient):
    """Tells a refusal of the server from a broken connection: paramiko gives both as ``OSError``.

    Three methods that paramiko does not publish are used, here only.
    """

    def _convert_status(self, msg: paramiko.Message) -> None:
        code = msg.get_int()
        text = msg.get_string().decode("utf-8", "replace")
        if code == SFTP_EOF:
            raise EOFError(text)
        if code != SFTP_OK:
            raise _Answered(code, text)

    def fsync(self, file: paramiko.SFTPFile) -> bool:
        """Have a file written to the disk of the server; ``False``: it knows no such thing."""
        try:
            self._request(CMD_EXTENDED, _FSYNC, file.handle)  # type: ignore[attr-defined]
        except _Answered as answer:
            if answer.code != SFTP_OP_UNSUPPORTED:
                raise
            return False
        return True

    def entries(self, path: str) -> Iterator[tuple[str, SFTPAttributes]]:
        """Yield what a folder holds: unlike ``listdir_attr``, also a name that is no UTF-8."""
        kind, answer = self._request(CMD_OPENDIR, path)  # type: ignore[attr-defined]
        _expect(kind, CMD_HANDLE)
        handle = answer.get_binary()
        while True:
            try:
                kind, answer = self._request(CMD_READDIR, handle)  # type: ignore[attr-defined]
            except EOFError:
                break
            _expect(kind, CMD_NAME)
            for _ in range(answer.get_int()):
                name = answer.get_string().decode("utf-8", "surrogateescape")
                answer.get_string()  # the line of a listing, for people
                yield name, SFTPAttributes._from_msg(answer)  # type: ignore[attr-defined]
        self._request(CMD_CLOSE, handle)  # type: ignore[attr-defined]


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise SFTPError(f"answer of kind {found}, {wanted} was expected")


@dataclass(frozen=True, slots=True)
class _Link:
    """One open connection."""

    line: socket.socket
    transport: paramiko.Transport
    sftp: _Sftp

    def close(self) -> None:
        with suppress(*_BROKEN):
            self.sftp.close()
        _close(self.transport, self.line)


def _close(transport: paramiko.Transport, link: socket.socket) -> None:
    """Close both: a transport that has not begun, or has failed, forgets its socket."""
    transport.close()
    link.close()


class SftpPartage:
    """Folders of an SFTP server."""

    def __init__(self, settings: SftpSettings) -> None:
        """Prepare the share; nothing is opened nor read yet."""
        self._settings = settings
        self._link: _Link | None = None
        self._lock = threading.RLock()
        self._atomic: bool | None = None
        self.where = f"sftp://{settings.user}@{settings.host}:{settings.port}{settings.base}"

    def atomic(self, folder: str) -> bool:
        """Ask for the renaming of a file that does not exist: « unsupported » or « no such file ».

        The plain renaming of SFTP is two steps on OpenSSH: a link, then a removal.
        """
        if self._atomic is None:
            absent = self._path(folder, ".demat-absent")
            with self._asking(folder) as sftp:
                try:
                    sftp.posix_rename(absent, f"{absent}-2")
                except _Answered as answer:
                    self._atomic = answer.code == SFTP_NO_SUCH_FILE
        return bool(self._atomic)

    def entries(self, folder: str) -> tuple[Depose, ...]:
        with self._asking(folder) as sftp:
            return tuple(
                _described(name, found)
                for name, found in sftp.entries(str(self._folder(folder)))
                if name not in (".", "..")
            )

    def look(self, folder: str, name: str) -> Depose | None:
        with self._asking(folder) as sftp:
            try:
                return _described(name, sftp.lstat(self._path(folder, name)))
            except _Answered as answer:
                if answer.code != SFTP_NO_SUCH_FILE:
                    raise
                sftp.stat(str(self._folder(folder)))  # a folder that is absent is another matter
                return None

    def read(self, folder: str, name: str, *, most: int) -> bytes | None:
        # looked at first: to open a pipe would hang the server, to open a link would follow it
        found = self.look(folder, name)
        if found is None or not found.plain:
            return None
        with self._asking(folder) as sftp:
            try:
                with sftp.open(self._path(folder, name), "rb") as stream:
                    return stream.read(most + 1)
            except _Answered as answer:
                if answer.code == SFTP_NO_SUCH_FILE:
                    return None
                raise

    def write(self, folder: str, name: str, content: bytes) -> None:
        path = self._path(folder, name)
        with self._asking(folder, unsaid=Trouble.WRITE) as sftp:
            try:
                # each piece is acknowledged before the next: pipelined, paramiko forgets refusals
                with sftp.open(path, "wb") as stream:
                    stream.write(content)
                    synced = sftp.fsync(stream)
                self._verify(sftp, path, content, synced=synced)
            except _Answered:
                with suppress(_Answered):  # gives its room back; the refusal itself is told
                    sftp.remove(path)
                raise

    def _verify(self, sftp: _Sftp, path: str, content: bytes, *, synced: bool) -> None:
        written = sftp.stat(path).st_size
        same = written == len(content)
        if same and not synced and len(content) <= _READ_BACK:
            with sftp.open(path, "rb") as stream:
                same = stream.read(len(content) + 1) == content
        if not same:
            raise _Answered(-1, f"{written} octets sur {len(content)}")

    def rename(self, folder: str, name: str, new: str) -> None:
        old, final = self._path(folder, name), self._path(folder, new)
        with self._lock:
            sftp = self._opened().sftp
            try:
                try:
                    sftp.posix_rename(old, final)
                except _Answered as answer:
                    if answer.code != SFTP_OP_UNSUPPORTED:
                        raise
                    sftp.rename(old, final)
            except _Answered as answer:
                if answer.code == SFTP_PERMISSION_DENIED:
                    raise self._said(answer, folder) from answer
                # « failure » may be that of a disk half-way; « no such file », a renaming done
                raise _lost(str(answer)) from answer
            except _BROKEN as error:
                self.close()
                raise _lost(_reason(error)) from error

    def remove(self, folder: str, name: str) -> bool:
        with self._asking(folder) as sftp:
            try:
                sftp.remove(self._path(folder, name))
            except _Answered as answer:
                if answer.code == SFTP_NO_SUCH_FILE:
                    return False
                raise
            return True

    def move(self, folder: str, name: str, target: str) -> None:
        free, rank = name, 2
        while self.look(target, free) is not None:
            free, rank = f"{name}-{rank}", rank + 1
        with self._asking(target) as sftp:
            sftp.rename(self._path(folder, name), self._path(target, free))

    def close(self) -> None:
        with self._lock:
            if self._link is not None:
                self._link.close()
                self._link = None

    # asking

    def _folder(self, folder: str) -> PurePosixPath:
        return PurePosixPath(self._settings.base) / folder

    def _path(self, folder: str, name: str) -> str:
        return str(self._folder(folder) / name)

    @contextmanager
    def _asking(self, folder: str, *, unsaid: str = Trouble.OTHER) -> Iterator[_Sftp]:
        """Give the connection for one question, and tell what goes wrong with it.

        :param unsaid: what a failure means of which the server does not say the reason.
        """
        with self._lock:
            sftp = self._opened().sftp
            try:
                yield sftp
            except _Answered as answer:
                raise self._said(answer, folder, unsaid) from answer
            except _BROKEN as error:
                self.close()
                raise _unreachable(_reason(error)) from error

    def _said(self, answer: _Answered, folder: str, unsaid: str = Trouble.OTHER) -> ConnectorError:
        codes = {SFTP_NO_SUCH_FILE: Trouble.FOLDER, SFTP_PERMISSION_DENIED: Trouble.RIGHTS}
        code = codes.get(answer.code, unsaid)
        return trouble(code, f"{self.where.rstrip('/')}/{folder}", str(answer), answered=True)

    # connecting

    def _opened(self) -> _Link:
        """Return the connection, opened again when it has died.

        :raises Unreachable: the server does not answer.
        :raises AuthenticationRefused: it is not the server that is known, or it does not let in.
        """
        if self._link is not None and self._link.transport.is_active():
            return self._link
        self.close()
        self._atomic = None  # the server may have been replaced
        known, credentials = self._known_keys(), self._credentials()
        settings = self._settings
        try:
            address = (settings.host, settings.port)
            link = socket.create_connection(address, timeout=settings.timeouts.connect)
        except OSError as error:
            raise _unreachable(_reason(error)) from error
        try:
            transport = self._transport(link)
        except _BROKEN as error:
            link.close()
            raise _unreachable(_reason(error)) from error
        try:
            session = self._session(transport, known, credentials)
            self._link = _Link(link, transport, session)
        except BaseException:
            _close(transport, link)
            raise
        return self._link

    def _transport(self, link: socket.socket) -> paramiko.Transport:
        limits = self._settings.timeouts
        transport = paramiko.Transport(link, disabled_algorithms=_OLD)
        transport.set_log_channel(_LOG)
        transport.banner_timeout = transport.handshake_timeout = limits.connect
        transport.channel_timeout = limits.connect
        transport.auth_timeout = limits.login
        return transport

    def _session(
        self,
        transport: paramiko.Transport,
        known: dict[str, paramiko.PKey],
        credentials: tuple[paramiko.PKey | None, str | None],
    ) -> _Sftp:
        settings = self._settings
        if known:
            options = transport.get_security_options()
            options.key_types = _first(options.key_types, known)
        try:
            transport.start_client(timeout=settings.timeouts.connect)
            shown = transport.get_remote_server_key()
        except _BROKEN as error:
            raise _unreachable(_reason(error)) from error
        self._check_server(shown, known)
        self._log_in(transport, *credentials)
        try:
            transport.set_keepalive(_KEEPALIVE)
            channel = transport.open_session(timeout=settings.timeouts.connect)
            channel.settimeout(settings.timeouts.silence)
            channel.invoke_subsystem("sftp")
            return _Sftp(channel)
        except _BROKEN as error:
            raise _unreachable(_reason(error)) from error

    def _known_keys(self) -> dict[str, paramiko.PKey]:
        """Return the keys under which the server is known, by kind.

        :raises AuthenticationRefused: the file of known hosts cannot be read.
        """
        settings = self._settings
        if settings.fingerprints or settings.known_hosts is None:
            return {}
        try:
            hosts = paramiko.HostKeys(str(settings.known_hosts))
        except (OSError, ValueError, paramiko.SSHException) as error:
            params = {"path": str(settings.known_hosts), "reason": _reason(error)}
            raise AuthenticationRefused(Fault(code="CON-SSH_HOSTS", params=params)) from error
        name = settings.host if settings.port == 22 else f"[{settings.host}]:{settings.port}"
        return dict(hosts.lookup(name) or {})

    def _check_server(self, shown: paramiko.PKey, known: dict[str, paramiko.PKey]) -> None:
        """:raises AuthenticationRefused: it is not, or not surely, the server that is known."""
        settings = self._settings
        found = shown.fingerprint
        expected = tuple(settings.fingerprints) or tuple(key.fingerprint for key in known.values())
        if found in expected:
            return
        params = {
            "host": f"{settings.host}:{settings.port}",
            "found": f"{shown.get_name()} {found}",
            "expected": ", ".join(expected),
        }
        code = "CON-SSH_HOST_CHANGED" if expected else "CON-SSH_HOST_UNKNOWN"
        raise AuthenticationRefused(Fault(code=code, params=params))

    def _credentials(self) -> tuple[paramiko.PKey | None, str | None]:
        """Read the key and the password, before anybody is called.

        :raises AuthenticationRefused: one of them cannot be used.
        """
        settings = self._settings
        try:
            key = None if settings.key is None else _loaded(*settings.key())
            return key, None if settings.password is None else settings.password()
        except FaultError as error:
            raise AuthenticationRefused(error.faults) from error

    def _log_in(
        self, transport: paramiko.Transport, key: paramiko.PKey | None, password: str | None
    ) -> None:
        """:raises AuthenticationRefused: the server wants another key or password.

        :raises Unreachable: it went away meanwhile.
        """
        settings = self._settings
        wanted: Sequence[str] = ()
        try:
            if key is not None:
                wanted = transport.auth_publickey(settings.user, key)
            if password is not None and not transport.is_authenticated():
                wanted = transport.auth_password(settings.user, password)
        except paramiko.AuthenticationException as error:
            if not transport.is_active() or "timeout" in str(error).lower():
                raise _unreachable(_reason(error)) from error
            raise self._refused(_reason(error)) from error
        except _BROKEN as error:
            raise _unreachable(_reason(error)) from error
        if not transport.is_authenticated():
            raise self._refused(", ".join(wanted))

    def _refused(self, reason: str) -> AuthenticationRefused:
        settings = self._settings
        params = {"user": settings.user, "host": settings.host, "reason": reason or "…"}
        return AuthenticationRefused(Fault(code="CON-SSH_LOGIN", params=params))


def _first(offered: Sequence[str], known: dict[str, paramiko.PKey]) -> list[str]:
    """Put the kinds of key under which the server is known before the others."""
    kinds = {kind for name in known for kind in _ALGORITHMS.get(name, (name,))}
    return sorted(offered, key=lambda kind: kind not in kinds)


_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def _loaded(name: str, content: bytes, passphrase: str) -> paramiko.PKey:
    """Read the private key of the account; ``PKey.from_path`` opens none that has a passphrase.

    :raises FaultError: ``CON-SSH_KEY``: no key, of an unknown kind, or another passphrase.
    """
    text = content.decode("latin-1")
    reason = "autre mot de passe, ou fichier abîmé" if passphrase else "clé d'aucun genre connu"
    for kind in _KEYS:
        try:
            return kind.from_private_key(io.StringIO(text), passphrase or None)
        except paramiko.PasswordRequiredException:
            reason = "il lui faut un mot de passe"
        except (OSError, ValueError, TypeError, paramiko.SSHException):
            continue  # a key of one kind is no key of the others
    raise FaultError(Fault(code="CON-SSH_KEY", params={"path": name, "reason": reason}))


def _described(name: str, found: SFTPAttributes) -> Depose:
    return Depose(
        name=name,
        size=found.st_size or 0,
        modified=found.st_mtime or 0,
        plain=stat.S_ISREG(found.st_mode or 0),
    )


def _reason(error: BaseException) -> str:
    return str(error).rstrip(": ") or type(error).__name__


def _unreachable(reason: str) -> Unreachable:
    return Unreachable(Fault(code="CON-UNREACHABLE", params={"reason": reason}))


def _lost(reason: str) -> OutcomeUnknown:
    return OutcomeUnknown(Fault(code="CON-LOST_ANSWER", params={"reason": reason}))
