"""Keys that never leave their token or smart card: PKCS#11, through the module of its maker.

One session, one login, as many signatures as needed. Whatever the token or its module answers
becomes a ``SignerUnusable`` with a French sentence: the deposit is not to blame, it waits.
"""

import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from demat.faults import Fault, FaultError
from demat.signing.certificate import check_usage, load_certificate
from demat.signing.keys import SignerUnusable, own_certificate
from demat.signing.pin import PinSource, PinTries, TokenState

if TYPE_CHECKING:
    from pkcs11 import Attribute, Mechanism, PKCS11Error, Session, Token
    from pkcs11._pkcs11 import lib as Library

__all__ = ["TokenSettings", "TokenSigner", "open_token"]

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What goes before a SHA-256 digest for a token that does not hash by itself (RFC 8017 §9.2)."""
_LISTED = 8
"""How many tokens or keys a sentence names at most."""
_LONGEST = 80
"""Longest name of a token or key in a sentence."""
_WRONG_PIN = frozenset({"PinIncorrect", "PinInvalid", "PinLenRange"})
_BEFORE_PIN = frozenset(
    {"AnotherUserAlreadyLoggedIn", "HostMemory", "SessionCount", "SessionExists"}
    | {"SessionReadOnlyExists", "SessionReadWriteSOExists", "SlotIDInvalid", "TokenNotPresent"}
    | {"TokenNotRecognised", "UserAlreadyLoggedIn", "UserPinNotInitialized"}
    | {"FunctionCancelled", "PinExpired", "PinLocked"}
)
"""Errors of a login that leave the count of wrong PINs as it was; of the others one never knows."""
_CODES = {
    "PinIncorrect": "SIG-TOKEN_OTHER_PIN",
    "PinInvalid": "SIG-TOKEN_OTHER_PIN",
    "PinLenRange": "SIG-TOKEN_OTHER_PIN",
    "PinLocked": "SIG-TOKEN_LOCKED",
    "PinExpired": "SIG-TOKEN_PIN_CHANGE",
    "UserPinNotInitialized": "SIG-TOKEN_PIN_CHANGE",
    "AnotherUserAlreadyLoggedIn": "SIG-TOKEN_BUSY",
    "UserAlreadyLoggedIn": "SIG-TOKEN_BUSY",
    "SessionCount": "SIG-TOKEN_BUSY",
    "SessionExists": "SIG-TOKEN_BUSY",
    "DeviceError": "SIG-TOKEN_REMOVED",
    "DeviceRemoved": "SIG-TOKEN_REMOVED",
    "KeyHandleInvalid": "SIG-TOKEN_REMOVED",
    "ObjectHandleInvalid": "SIG-TOKEN_REMOVED",
    "SessionClosed": "SIG-TOKEN_REMOVED",
    "SessionHandleInvalid": "SIG-TOKEN_REMOVED",
    "SlotIDInvalid": "SIG-TOKEN_REMOVED",
    "TokenNotPresent": "SIG-TOKEN_REMOVED",
    "TokenNotRecognised": "SIG-TOKEN_REMOVED",
    "UserNotLoggedIn": "SIG-TOKEN_REMOVED",
}
"""Errors of python-pkcs11 that an agent can act upon; the others are ``SIG-TOKEN_ERROR``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSettings:
    """Which key of which token."""

    module: Path
    """The PKCS#11 module of the maker of the token (``.so``)."""
    label: str = ""
    """Label of the token; empty when its serial number, or its being alone, is enough."""
    serial: str = ""
    """Serial number of the token."""
    key_label: str = ""
    """Label of the key; empty when the token holds one key, or one key made for signing."""
    key_id: str = ""
    """Identifier of the key (``CKA_ID``), in hexadecimal."""
    certificate: bytes | None = None
    """The person's certificate (DER or PEM) when the token does not hold it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSigner:
    """Signs with a key of a token, while its session is open."""

    certificate: x509.Certificate
    """The person's certificate."""
    chain: tuple[x509.Certificate, ...]
    """The other certificates of the token."""
    token: str
    """Label of the token."""
    _key: "_PrivateKey" = field(repr=False)
    _hashes: bool
    """Whether the token makes the SHA-256 digest itself."""
    _pin: str | None = field(repr=False)
    """Given again with each signature to a key that wants it (``CKA_ALWAYS_AUTHENTICATE``)."""
    _spoil: Callable[[], None] = field(repr=False)
    """Remembers that this PIN opens the token but does not sign."""

    def sign(self, data: bytes) -> bytes:
        """Return the RSA PKCS#1 v1.5 SHA-256 signature of ``data``.

        :raises SignerUnusable: ``SIG-TOKEN_REMOVED``, ``SIG-TOKEN_ERROR``…
        """
        from pkcs11 import Mechanism, PKCS11Error

        mechanism = Mechanism.SHA256_RSA_PKCS if self._hashes else Mechanism.RSA_PKCS
        content = data if self._hashes else _DIGEST_INFO + sha256(data).digest()
        try:
            return bytes(self._key.sign(content, mechanism=mechanism, pin=self._pin))
        except PKCS11Error as error:
            if type(error).__name__ in _WRONG_PIN:
                self._spoil()
            raise _unusable(error, self.token) from error


@contextmanager
def open_token(settings: TokenSettings, pins: PinSource) -> Iterator[TokenSigner]:
    """Open a session on a token, log in once, and close it whatever happens.

    :raises SignerUnusable: with a fault ``SIG-TOKEN_…``, ``SIG-KEY_TYPE``, ``SIG-KEY_MISMATCH``,
        ``SIG-NOBODY``, or what reading a kept PIN raises.
    """
    with ExitStack() as stack:
        try:
            library = stack.enter_context(_loaded(settings.module))
            signer = _open(library, settings, pins, stack)
        except SignerUnusable:
            raise
        except FaultError as error:
            raise SignerUnusable(error.faults) from error
        yield signer


def _open(
    library: "Library", settings: TokenSettings, pins: PinSource, stack: ExitStack
) -> TokenSigner:
    from pkcs11 import PKCS11Error

    label = settings.label or settings.serial or settings.module.name
    try:
        login = _logged_in(library, settings, pins)
        stack.callback(_close, login.session)
        label = login.session.token.label
        return _signer(login, settings)
    except PKCS11Error as error:
        raise _unusable(error, label) from error


# ------------------------------------------------------------------------------------ modules

_one_thread = threading.RLock()
"""Held as long as a token is used: a module may only be called by one thread at a time."""
_users: Counter[str] = Counter()
"""How many contexts of that thread use each module."""


@contextmanager
def _loaded(module: Path) -> "Iterator[Library]":
    """Load a module for as long as it is used; what it left open goes when the last user leaves.

    A module is loaded once per process and sees a token plugged in later only when it starts anew.
    """
    import pkcs11

    path = str(module)
    with _one_thread:
        try:
            library = pkcs11.lib(path)
        except pkcs11.PKCS11Error as error:
            params = {"path": path, "reason": str(error) or type(error).__name__}
            raise SignerUnusable(Fault(code="SIG-TOKEN_MODULE", params=params)) from error
        _users[path] += 1
        try:
            yield library
        finally:
            _users[path] -= 1
            if not _users[path]:
                with suppress(pkcs11.PKCS11Error):  # a token pulled out has nothing to close
                    library.finalize()


# ------------------------------------------------------------------------------------- tokens


def _find(library: "Library", settings: TokenSettings) -> "Token":
    """Return the only token that the settings name, its flags read just now."""
    here = _present(library)
    found = [
        token
        for token in here
        if settings.label in ("", token.label) and settings.serial in ("", _serial(token))
    ]
    if len(found) == 1:
        return found[0]
    wanted = " ".join(filter(None, (settings.label, settings.serial)))
    params = {"wanted": wanted, "found": _listed(f"{one.label} ({_serial(one)})" for one in here)}
    code = "SIG-TOKEN_SEVERAL" if found else "SIG-TOKEN_NOT_FOUND" if here else "SIG-TOKEN_NONE"
    raise SignerUnusable(Fault(code=code, params=params))


def _present(library: "Library") -> "list[Token]":
    from pkcs11 import TokenFlag, TokenNotPresent, TokenNotRecognised

    tokens = []
    for slot in library.get_slots(token_present=True):
        with suppress(TokenNotPresent, TokenNotRecognised):  # just pulled out, or not for us
            tokens.append(slot.get_token())
    return [token for token in tokens if TokenFlag.TOKEN_INITIALIZED in token.flags]


def _serial(token: "Token") -> str:
    return token.serial.decode("utf-8", "replace").strip("\0 ")


def _listed(names: Iterator[str]) -> str:
    every = [_shown(name) for name in names]
    more = ["…"] if len(every) > _LISTED else []
    return ", ".join([*every[:_LISTED], *more])


def _shown(name: str) -> str:
    """Return a name that comes from a token as it may be shown: short, without control signs."""
    plain = "".join(sign if sign.isprintable() else "�" for sign in name)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


@dataclass(frozen=True, slots=True)
class _Login:
    """An open session, and what a key that wants the PIN each time needs."""

    session: "Session"
    pin: str | None = field(default=None, repr=False)
    spoil: Callable[[], None] = lambda: None


def _logged_in(library: "Library", settings: TokenSettings, pins: PinSource) -> _Login:
    """Open a session with the right PIN; the token is looked at anew before each try."""
    from pkcs11 import TokenFlag
    from pkcs11.types import PROTECTED_AUTH

    tries = PinTries(pins)
    while True:
        token = _find(library, settings)
        if TokenFlag.LOGIN_REQUIRED not in token.flags:
            return _Login(token.open())
        state = _state(token, pins)
        pin = tries.next(state)
        session = _session(token, PROTECTED_AUTH if state.on_reader else pin, tries, state)
        if session is None:
            tries.refused(_state(_find(library, settings), pins))
            continue
        tries.accepted(state)
        spoil = partial(tries.spoiled, state)
        return _Login(session, None if state.on_reader else pin, spoil)


def _session(token: "Token", pin: object, tries: PinTries, state: TokenState) -> "Session | None":
    """Open a session; ``None`` when the token says that the PIN is wrong."""
    from pkcs11 import PKCS11Error

    try:
        return token.open(user_pin=pin)
    except PKCS11Error as error:
        name = type(error).__name__
        if name in _WRONG_PIN:
            return None
        if name in _BEFORE_PIN:
            tries.undone(state)
        else:
            tries.unclear(state)
        raise _unusable(error, token.label) from error


def _state(token: "Token", pins: PinSource) -> TokenState:
    from pkcs11 import TokenFlag

    flags = token.flags
    return TokenState(
        label=_shown(token.label),
        serial=_serial(token),
        count_low=TokenFlag.USER_PIN_COUNT_LOW in flags,
        final_try=TokenFlag.USER_PIN_FINAL_TRY in flags,
        locked=TokenFlag.USER_PIN_LOCKED in flags,
        on_reader=TokenFlag.PROTECTED_AUTHENTICATION_PATH in flags and pins.kept is None,
    )


def _close(session: "Session") -> None:
    from pkcs11 import PKCS11Error

    with suppress(PKCS11Error):  # a token pulled out has nothing to close
        session.close()


# -------------------------------------------------------------------------- keys, certificates


class _Object(Protocol):
    """An object of a token, as python-pkcs11 gives it."""

    def __getitem__(self, key: "Attribute") -> Any: ...


class _PrivateKey(_Object, Protocol):
    """A private key that may sign, as python-pkcs11 gives it."""

    def sign(self, data: bytes, *, mechanism: "Mechanism", pin: str | None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Found:
    """A private key of a token and its certificate."""

    key: "_PrivateKey"
    certificate: x509.Certificate | None

    @property
    def made_for_signing(self) -> bool:
        """Whether its authority lets it sign documents, which a key to log in is not."""
        return self.certificate is not None and not check_usage(self.certificate).blocking


@dataclass(frozen=True, slots=True)
class _Held:
    """A certificate and the identifier it bears on the token."""

    id: bytes
    certificate: x509.Certificate


def _signer(login: _Login, settings: TokenSettings) -> TokenSigner:
    from pkcs11 import Attribute, Mechanism

    session = login.session
    token = session.token
    held = _certificates(session, settings)
    every = [_Found(key, _own(key, held)) for key in _keys(session, settings)]
    found = _choose(every, token.label)
    if found.certificate is None:
        code = "SIG-TOKEN_NO_CERTIFICATE" if not held else "SIG-TOKEN_KEY_MISMATCH"
        raise _fault(code, token.label)
    each_time = bool(_attribute(found.key, Attribute.ALWAYS_AUTHENTICATE))
    if each_time and login.pin is None:  # python-pkcs11 cannot have it typed on the reader then
        raise _fault("SIG-TOKEN_EACH_TIME", token.label)
    return TokenSigner(
        certificate=found.certificate,
        chain=tuple(one.certificate for one in held if one.certificate != found.certificate),
        token=token.label,
        _key=found.key,
        _hashes=Mechanism.SHA256_RSA_PKCS in token.slot.get_mechanisms(),
        _pin=login.pin if each_time else None,
        _spoil=login.spoil,
    )


def _certificates(session: "Session", settings: TokenSettings) -> list[_Held]:
    """Return what can be read; a damaged certificate of the token is not ours to judge."""
    from pkcs11 import Attribute, ObjectClass

    held = [_Held(b"", _given(settings.certificate))] if settings.certificate else []
    for item in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        with suppress(FaultError):
            certificate = load_certificate(_attribute(item, Attribute.VALUE) or b"")
            held.append(_Held(_identity(item), certificate))
    return held


def _given(content: bytes) -> x509.Certificate:
    try:
        return load_certificate(pem.unarmor(content)[2] if pem.detect(content) else content)
    except (FaultError, ValueError, TypeError) as error:
        raise SignerUnusable(Fault(code="SIG-TOKEN_CERTIFICATE")) from error


def _keys(session: "Session", settings: TokenSettings) -> "list[_PrivateKey]":
    from pkcs11 import Attribute, ObjectClass
    from pkcs11.types import SignMixin

    wanted: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if settings.key_label:
        wanted[Attribute.LABEL] = settings.key_label
    if settings.key_id:
        wanted[Attribute.ID] = _identifier(settings.key_id)
    found = session.get_objects(wanted)
    return [cast("_PrivateKey", item) for item in found if isinstance(item, SignMixin)]


def _identifier(text: str) -> bytes:
    try:
        return bytes.fromhex(text.replace(":", ""))
    except ValueError as error:
        params = {"id": text}
        raise SignerUnusable(Fault(code="SIG-TOKEN_KEY_ID", params=params)) from error


def _choose(found: list[_Found], label: str) -> _Found:
    """Return the key to sign with; when there are several, the only one made for signing."""
    from pkcs11 import Attribute, KeyType

    suitable = [one for one in found if _attribute(one.key, Attribute.KEY_TYPE) == KeyType.RSA]
    if found and not suitable:
        raise SignerUnusable(Fault(code="SIG-KEY_TYPE", params={"holder": _shown(label)}))
    if not suitable:
        raise _fault("SIG-TOKEN_NO_KEY", label)
    if len(suitable) > 1:
        suitable = [one for one in suitable if one.made_for_signing] or suitable
    if len(suitable) > 1:
        names = _listed(_named(one.key) for one in suitable)
        params = {"token": _shown(label), "found": names}
        raise SignerUnusable(Fault(code="SIG-TOKEN_KEYS", params=params))
    return suitable[0]


def _named(key: "_PrivateKey") -> str:
    from pkcs11 import Attribute

    return f"{_attribute(key, Attribute.LABEL) or '…'} ({_identity(key).hex()})"


def _identity(item: "_Object") -> bytes:
    from pkcs11 import Attribute

    return _attribute(item, Attribute.ID) or b""


def _own(key: "_PrivateKey", held: list[_Held]) -> x509.Certificate | None:
    """Return the certificate of a key: by its numbers, or by identifier if it hides them."""
    from pkcs11 import Attribute

    modulus = _attribute(key, Attribute.MODULUS)
    exponent = _attribute(key, Attribute.PUBLIC_EXPONENT)
    if not modulus or not exponent:
        same = [one.certificate for one in held if one.id and one.id == _identity(key)]
        return same[0] if same else None
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return own_certificate([one.certificate for one in held], numbers)


def _attribute(item: "_Object", name: "Attribute") -> Any:
    """Return an attribute, or ``None`` when the token has none or does not tell."""
    from pkcs11 import AttributeSensitive, AttributeTypeInvalid

    try:
        return item[name]
    except (AttributeSensitive, AttributeTypeInvalid):
        return None
    except (ValueError, struct.error):  # a label in Latin-1, a kind of key of the maker's own…
        return None


# --------------------------------------------------------------------------------------- faults


def _unusable(error: "PKCS11Error", label: str) -> SignerUnusable:
    name = type(error).__name__  # never its text: it is the library's, and could quote anything
    code = _CODES.get(name, "SIG-TOKEN_ERROR")
    return SignerUnusable(Fault(code=code, params={"token": _shown(label), "reason": name}))


def _fault(code: str, label: str) -> SignerUnusable:
    return SignerUnusable(Fault(code=code, params={"token": _shown(label)}))
