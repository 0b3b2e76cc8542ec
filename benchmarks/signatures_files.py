"""What the benchmark of signatures signs, and with what: ``-m benchmarks.signatures_files FOLDER``.

The keys are those of the sandbox, made once beside the files (``DEMAT_BENCH`` names the folder).
"""

import os
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from benchmarks.pes_files import write_pieces
from demat.sandbox.pki import Pki, make_pki

__all__ = ["AT", "CITY", "OPTIONS_ROLE", "PIECES", "key_file", "pki"]

AT = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
OPTIONS_ROLE = "Maire"
CITY = "Saint-Exemple-lès-Fiction"
PIECES = 26
"""In each bordereau of the smaller files: about 80 kB."""
LARGE = 26_000
"""In the only bordereau of the largest one: about 80 MB."""


@cache
def pki() -> Pki:
    """Return the keys of the benchmark."""
    folder = Path(os.environ["DEMAT_BENCH"]) / "pki"
    folder.mkdir(exist_ok=True)
    return make_pki(folder, now=AT)


def key_file() -> tuple[bytes, str]:
    """Return the signatory's key file and its passphrase."""
    return pki().maire.p12.read_bytes(), pki().maire.passphrase


def main(folder: Path) -> None:
    """Write the four files, and make the keys."""
    pki()
    for count in (1, 10, 100):
        write_pieces(folder / f"{count}.xml", pieces=count * PIECES, per_bordereau=PIECES)
    write_pieces(folder / "large.xml", pieces=LARGE, per_bordereau=LARGE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
