"""Where passphrases and PINs come from: a file of mode 600, the keyring of the system, a person.

Never the command line, never the configuration, never the database. A secret is returned to whoever
uses it at once, and appears in no value of this module, no fault and no log.
"""

import os
import shlex
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from demat.faults import Fault, FaultError
from demat.signing.pin import PinQuestion

__all__ = [
    "Ask",
    "Keyring",
    "Prompt",
    "SecretFile",
    "SecretSource",
    "ask_pin",
    "parse_entry",
    "parse_source",
    "read_private",
    "read_secret",
]

Ask = Callable[[str], str]
"""Shows a person a question and returns what they typed, without showing it."""

_KEYRING = "trousseau:"
_PROMPT = "invite"
_LIMIT = 1024
"""Longest secret, in bytes: what is longer is another file."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The only line of a file that nobody else may read."""

    path: Path

    @property
    def state(self) -> str:
        """What changes when the file is written again; neither the secret nor its length.

        :raises FaultError: ``CFG-SECRET_MISSING``.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise _file_fault("CFG-SECRET_MISSING", self.path) from error
        return f"{self.path} {found.st_ino} {found.st_mtime_ns}"

    def read(self) -> str:
        """Return the secret.

        :raises FaultError: ``CFG-SECRET_MISSING``, ``CFG-SECRET_MODE``, ``CFG-SECRET_EMPTY``.
        """
        content = read_private(self.path, limit=_LIMIT)
        try:
            lines = content.decode("utf-8").splitlines()
        except UnicodeDecodeError:  # quotes what it could not decode: not to be told
            raise _file_fault("CFG-SECRET_MISSING", self.path) from None
        if len(lines) != 1 or not lines[0]:
            raise _file_fault("CFG-SECRET_EMPTY", self.path)
        return lines[0]


@dataclass(frozen=True, slots=True)
class Keyring:
    """An entry of the keyring of the operating system."""

    service: str
    user: str

    @property
    def state(self) -> str:
        """The entry, and a number drawn when :meth:`write` last changed it.

        Keyrings do not tell when an entry was changed: the number is an entry of its own. That of
        a secret written by another program does not change.

        :raises FaultError: ``CFG-KEYRING``.
        """
        return f"{_KEYRING}{self.service}/{self.user} {self._entry(self._number) or ''}".rstrip()

    @property
    def _number(self) -> str:
        return f"{self.user} (version)"

    def read(self) -> str:
        """Return the secret.

        :raises FaultError: ``CFG-KEYRING``, ``CFG-KEYRING_ENTRY``.
        """
        found = self._entry(self.user)
        if not found:
            raise self._fault("CFG-KEYRING_ENTRY")
        return found

    def _entry(self, user: str) -> str | None:
        import keyring

        try:
            return keyring.get_password(self.service, user)
        except _keyring_errors() as error:
            raise self._fault("CFG-KEYRING", error) from None  # its text could quote anything

    def write(self, secret: str) -> None:
        """Keep a secret under this entry, in place of the former one.

        :raises FaultError: ``CFG-KEYRING``.
        """
        import keyring

        try:
            keyring.set_password(self.service, self.user, secret)
            keyring.set_password(self.service, self._number, token_hex(8))
        except _keyring_errors() as error:
            raise self._fault("CFG-KEYRING", error) from None  # its text could quote anything

    def _fault(self, code: str, error: Exception | None = None) -> FaultError:
        entry = f"{self.service}/{self.user}"
        params = {"entry": entry, "argument": shlex.quote(entry), "reason": type(error).__name__}
        return FaultError(Fault(code=code, params=params))


def _keyring_errors() -> tuple[type[Exception], ...]:
    """Return what a keyring raises; that of Linux lets the errors of its own libraries through."""
    from keyring.errors import KeyringError

    found = [KeyringError, RuntimeError, OSError, ValueError]
    with suppress(ImportError):
        from jeepney import DBusErrorResponse
        from secretstorage.exceptions import SecretStorageException

        found += [DBusErrorResponse, SecretStorageException]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A person who types it."""

    def read(self, ask: Ask | None, question: str) -> str:
        """Ask once.

        :raises FaultError: ``SIG-NOBODY`` when nobody is there, or nothing was typed.
        """
        typed = _typed(ask, question) if ask else ""
        if not typed:
            raise FaultError(Fault(code="SIG-NOBODY"))
        return typed


SecretSource = SecretFile | Keyring | Prompt


def parse_source(text: str, folder: Path) -> SecretSource:
    """Read a source as the configuration names it.

    :param text: ``invite``, ``trousseau:SERVICE/COMPTE``, or the path of a file.
    :param folder: where a relative path starts.
    :raises FaultError: ``CFG-SECRET_SOURCE``.
    """
    if text == _PROMPT:
        return Prompt()
    if text.startswith(_KEYRING):
        return parse_entry(text.removeprefix(_KEYRING))
    if not text.strip():
        raise FaultError(Fault(code="CFG-SECRET_SOURCE", params={"value": text}))
    return SecretFile(folder / text)


def parse_entry(text: str) -> Keyring:
    """Read an entry of the keyring: ``SERVICE/COMPTE``.

    :raises FaultError: ``CFG-SECRET_SOURCE``.
    """
    service, _slash, user = text.partition("/")
    if not (service and user):
        raise FaultError(Fault(code="CFG-SECRET_SOURCE", params={"value": text}))
    return Keyring(service, user)


def read_secret(source: SecretSource, *, question: str, ask: Ask | None) -> str:
    """Return a passphrase.

    :param question: what a person is asked, when the source is a person.
    :param ask: how a person is asked; ``None`` when nobody is there, as at night.
    :raises FaultError: ``SIG-NOBODY``, ``CFG-SECRET_…``, ``CFG-KEYRING…``.
    """
    if isinstance(source, Prompt):
        return source.read(ask, question)
    return source.read()


def ask_pin(ask: Ask) -> Callable[[PinQuestion], str]:
    """Return how ``demat.signing.token`` asks a person for the PIN of a token.

    What is typed in another encoding than that of the terminal is no PIN: nothing is tried.
    """

    def asked(question: PinQuestion) -> str:
        typed = _typed(ask, _words(question))
        return typed if typed.isprintable() else ""

    return asked


def _words(question: PinQuestion) -> str:
    token = f"« {question.token} »"
    if question.on_reader:
        return f"Tapez le code PIN de {token} sur le clavier du lecteur, après Entrée : "
    if question.last_try:
        return f"Code PIN de {token} (dernier essai avant blocage) : "
    if question.wrong:
        return f"Code PIN faux. Code PIN de {token} (encore un essai) : "
    return f"Code PIN de {token} : "


def _typed(ask: Ask, question: str) -> str:
    try:
        return ask(question)
    except EOFError:
        return ""


def read_private(path: Path, *, limit: int = 1 << 20) -> bytes:
    """Read a file that only its owner may read or write: a secret, a private key.

    :raises FaultError: ``CFG-SECRET_MISSING``, ``CFG-SECRET_MODE``.
    """
    try:
        # not blocking: a pipe would wait for somebody for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _file_fault("CFG-SECRET_MISSING", path)
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise _file_fault("CFG-SECRET_MODE", path)
            content = stream.read(limit + 1)
    except OSError as error:
        raise _file_fault("CFG-SECRET_MISSING", path) from error
    if len(content) > limit:
        raise _file_fault("CFG-SECRET_MISSING", path)
    return content


def _file_fault(code: str, path: Path) -> FaultError:
    return FaultError(Fault(code=code, params={"path": str(path)}))
