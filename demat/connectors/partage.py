"""The share where files are laid and answers picked up: what the connector asks of it.

Two kinds exist: a folder of this machine (``partage_dossier``) and an SFTP server
(``partage_sftp``). Both raise the errors of ``demat.connectors.api``, told by :func:`trouble` or by
themselves, so that the connector only has to know what a failure proves (connectors dossier §5.3,
§9.5). Names are checked here: nothing that is laid or picked up is a path.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from demat.connectors.api import AuthenticationRefused, ConnectorError, Refused, Unreachable
from demat.faults import Fault

__all__ = ["PART", "Depose", "Partage", "Trouble", "is_plain_name", "trouble"]

PART = ".part"
"""What a file that is being written bears after its name; readers leave it alone (§5.3)."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", re.ASCII)


def is_plain_name(name: str) -> bool:
    """Tell whether a name can be laid or picked up: ASCII, no path, no hidden file."""
    return _PLAIN.fullmatch(name) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Depose:
    """What lies in a folder under one name; links are not followed."""

    name: str
    size: int
    """Bytes."""
    modified: int
    """Instant of its last change by the clock of the other side: compared with itself only."""
    plain: bool
    """Whether it is a plain file: neither folder, link, device nor pipe."""


class Trouble:
    """Codes of what can be wrong with a share."""

    FOLDER = "CON-SHARE_FOLDER"
    """A folder is not there: not made yet, or a network drive that is not mounted."""
    RIGHTS = "CON-SHARE_RIGHTS"
    """The account may not do that."""
    FULL = "CON-SHARE_FULL"
    """No room: disk or quota."""
    WRITE = "CON-SHARE_WRITE"
    """What was written is not there as it was written, or the server does not say why not."""
    OTHER = "CON-SHARE_TROUBLE"
    """Anything else."""


_ERRORS: dict[str, type[Unreachable]] = {
    Trouble.FOLDER: Unreachable,
    Trouble.RIGHTS: AuthenticationRefused,
    Trouble.OTHER: Unreachable,
}


def trouble(code: str, folder: str, reason: str, *, answered: bool = False) -> ConnectorError:
    """Return the error for a share that surely did not do what was asked.

    :param code: one of :class:`Trouble`.
    :param folder: where, as a technician knows it.
    :param answered: whether a server says so: a folder that it lacks is the matter of one account,
        and of a person; that of this machine may be a drive that comes back.
    """
    fault = Fault(code=code, params={"folder": folder, "reason": reason})
    kind = _ERRORS.get(code)
    if answered and code == Trouble.FOLDER:
        return AuthenticationRefused(fault)
    return Refused(fault, transient=True) if kind is None else kind(fault)


class Partage(Protocol):
    """A share: folders with plain files in them.

    Every method raises ``Unreachable`` when the share cannot be asked and ``AuthenticationRefused``
    when a person must act first (key, login, right); what was asked was then surely not done,
    unless said otherwise.
    """

    where: str
    """How a technician knows it: a path or an address, without any secret."""

    def atomic(self, folder: str) -> bool:
        """Tell whether :meth:`rename` is one step: a file is never there under both names.

        Where it is not, an old name that is still there proves nothing.
        """
        ...

    def entries(self, folder: str) -> Sequence[Depose]:
        """List a folder, whatever lies in it."""
        ...

    def look(self, folder: str, name: str) -> Depose | None:
        """Return what lies under a name, or ``None``."""
        ...

    def read(self, folder: str, name: str, *, most: int) -> bytes | None:
        """Return the content of a plain file; ``None`` when none is there under that name.

        :param most: bytes read at most, and one: a longer answer is a longer file.
        """
        ...

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Write a file whole and synced, or verified where nothing can be synced.

        What lay under that name is lost.

        :raises Refused: transient: no room; nothing is left under that name, if possible.
        """
        ...

    def rename(self, folder: str, name: str, new: str) -> None:
        """Give a file its final name, in its folder, durably.

        :raises OutcomeUnknown: it was perhaps done.
        """
        ...

    def remove(self, folder: str, name: str) -> bool:
        """Remove a file; return whether it was there."""
        ...

    def move(self, folder: str, name: str, target: str) -> None:
        """Move a file to another folder of the share, overwriting nothing there."""
        ...

    def close(self) -> None:
        """Let go of what is held open; the next question opens it again."""
        ...
