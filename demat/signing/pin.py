"""The PIN of a token: when it may be tried, so that no retry ever locks the token.

A token locks after a few wrong PINs, often three, and only some of them tell how many are left.
So wrong PINs are counted here too, on disk, until a right one: never more than two, never the last
one that the token announces, and a kept PIN (file, keyring) that was refused is not tried again.
What is written holds no PIN, nor its length, nor any digest of it.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from demat.faults import Fault
from demat.files import safe_name, storage_fault, write_atomic
from demat.signing.keys import SignerUnusable

__all__ = ["KeptPin", "PinQuestion", "PinSource", "PinTries", "TokenState"]

MAX_WRONG = 2
"""Wrong PINs since the last right one, after which a person must ask for one more try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PinQuestion:
    """What a person is asked."""

    token: str
    """Label of the token."""
    wrong: int = 0
    """How many wrong PINs were tried since the last right one."""
    last_try: bool = False
    """One more wrong PIN may lock the token."""
    on_reader: bool = False
    """The PIN is typed on the keys of the reader; the answer is not looked at."""


class KeptPin(Protocol):
    """A PIN that is kept somewhere, read by the nightly run."""

    @property
    def state(self) -> str:
        """What changes when the PIN is changed; neither the PIN nor a digest of it."""
        ...

    def read(self) -> str:
        """Return the PIN."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PinSource:
    """Where the PIN comes from, and where refused ones are remembered."""

    memory: Path
    """Folder of the marks of refused PINs; made when needed."""
    kept: KeptPin | None = None
    """A kept PIN; ``None`` when a person types it."""
    ask: Callable[[PinQuestion], str] | None = None
    """Asks a person; ``None`` when nobody is there."""
    last_try: bool = False
    """A person was told that the token may lock, and asks for one more try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenState:
    """What a token says about itself just now."""

    label: str
    serial: str
    count_low: bool = False
    """A wrong PIN was entered since the last right one."""
    final_try: bool = False
    """One more wrong PIN locks the token."""
    locked: bool = False
    on_reader: bool = False
    """The PIN is typed on the reader itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """What is remembered of a token until a right PIN."""

    wrong: int = 0
    """Wrong PINs, counted before they are tried: a power cut counts as one."""
    counts: bool = False
    """The token was seen to tell of its wrong PINs."""
    refused: tuple[str, ...] = ()
    """States of the kept PINs that were refused."""


class PinTries:
    """Gives the PINs to try on one token, one after the other, and remembers the refused ones."""

    def __init__(self, source: PinSource) -> None:
        self._source = source
        self._before = _Mark()
        self._last_try_used = False

    def next(self, token: TokenState) -> str:
        """Return the PIN to try now; it counts as wrong unless :meth:`accepted` or :meth:`undone`.

        :param token: read from the token just before.
        :raises SignerUnusable: ``SIG-TOKEN_LOCKED``, ``SIG-TOKEN_FINAL_TRY``,
            ``SIG-TOKEN_WRONG_PINS``, ``SIG-TOKEN_PIN_REFUSED``, ``SIG-NOBODY``; what reading the
            kept PIN raises; ``INT-SYSTEM`` or ``INT-DISK_FULL`` when it could not be remembered.
        """
        mark = self._before = self._mark(token)
        last = self._judge(token, mark)
        kept = self._source.kept
        if kept is not None and not last and kept.state not in mark.refused:
            pin = kept.read()
            mark = replace(mark, refused=(*mark.refused, kept.state))
        else:
            pin = self._asked(token, mark, last=last)
        self._write(token, replace(mark, wrong=mark.wrong + 1))
        return pin

    def accepted(self, token: TokenState) -> None:
        """Forget the wrong PINs of a token: this one was right."""
        try:
            self._path(token).unlink(missing_ok=True)
        except OSError as error:
            raise SignerUnusable(storage_fault(error)) from error

    def refused(self, token: TokenState) -> None:
        """Note whether the token tells of the wrong PIN that it was just given.

        :param token: read from the token after that try.
        """
        mark = self._mark(token)
        self._write(token, replace(mark, counts=mark.counts or _told(token)))

    def spoiled(self, token: TokenState) -> None:
        """Remember that this PIN opened the token but does not sign, so that it is not insisted."""
        kept = self._source.kept
        refused = (*self._before.refused, *((kept.state,) if kept else ()))
        self._write(token, _Mark(wrong=MAX_WRONG, refused=refused))

    def undone(self, token: TokenState) -> None:
        """Forget the last PIN given: the token did not look at it."""
        if self._before == _Mark():
            self.accepted(token)
        else:
            self._write(token, self._before)

    def unclear(self, token: TokenState) -> None:
        """Count the last PIN given, which the token may have looked at; it may be tried again."""
        self._write(token, replace(self._before, wrong=self._before.wrong + 1))

    def _judge(self, token: TokenState, mark: _Mark) -> bool:
        """Return whether the next try is the one that a person asked for at their own risk."""
        if token.locked:
            raise _fault("SIG-TOKEN_LOCKED", token)
        if not token.final_try and mark.wrong < MAX_WRONG:
            return False
        if self._source.last_try and self._source.ask and not self._last_try_used:
            self._last_try_used = True
            return True
        raise _fault("SIG-TOKEN_FINAL_TRY" if token.final_try else "SIG-TOKEN_WRONG_PINS", token)

    def _asked(self, token: TokenState, mark: _Mark, *, last: bool) -> str:
        if self._source.ask is None:
            raise _fault("SIG-TOKEN_PIN_REFUSED" if self._source.kept else "SIG-NOBODY", token)
        reader = token.on_reader
        question = PinQuestion(token=token.label, wrong=mark.wrong, last_try=last, on_reader=reader)
        pin = self._source.ask(question)
        if not pin and not reader:
            raise _fault("SIG-NOBODY", token)
        return pin

    def _mark(self, token: TokenState) -> _Mark:
        """Return what is remembered; a mark that cannot be read lets nothing be tried."""
        try:
            found = json.loads(self._path(token).read_bytes())
            mark = _Mark(
                wrong=int(found["wrong"]),
                counts=bool(found["counts"]),
                refused=tuple(str(state) for state in found["refused"]),
            )
        except FileNotFoundError:
            return _Mark()
        except (OSError, ValueError, KeyError, TypeError):
            return _Mark(wrong=MAX_WRONG)
        if mark.counts and not _told(token):  # a right PIN was entered with another program
            return replace(mark, wrong=0, counts=False)
        return mark

    def _write(self, token: TokenState, mark: _Mark) -> None:
        try:
            write_atomic(self._path(token), json.dumps(asdict(mark)).encode())
        except OSError as error:
            raise SignerUnusable(storage_fault(error)) from error

    def _path(self, token: TokenState) -> Path:
        return self._source.memory / f"{safe_name(f'{token.serial}-{token.label}')}.json"


def _told(token: TokenState) -> bool:
    return token.count_low or token.final_try or token.locked


def _fault(code: str, token: TokenState) -> SignerUnusable:
    return SignerUnusable(Fault(code=code, params={"token": token.label}))
