"""Lay the site in the folder that a web server shows: only what changed, nothing foreign touched.

A manifest says which files are ours, with their SHA-256; it is written before them, so that a
power cut in between leaves no file that nobody owns (dossier §5.2, proof of posting).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from demat.faults import Fault, FaultError, Faults
from demat.files import digest_file, write_atomic

__all__ = ["MANIFEST", "write_site"]

MANIFEST = ".demat-manifeste.json"
"""Digest of every public file, by relative path."""


def write_site(folder: Path, files: Mapping[str, bytes]) -> int:
    """Write the files that changed, and remove those of an earlier site that are gone.

    :param files: relative path with slashes → content.
    :returns: how many files were written or removed; 0 when the site was already like that.
    :raises ValueError: a path leaves the folder, or is the manifest.
    :raises FaultError: ``PUB-MANIFEST`` when the manifest cannot be read, ``PUB-FOREIGN`` when a
        file that we did not write is in the way; nothing is written then.
    :raises OSError: folder not writable, disk full…; a later call goes on from there.
    """
    for path in files:
        _require_inside(path)
    owned = _read_manifest(folder)
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    changed = [path for path in digests if not _is(folder / path, digests[path])]
    _refuse_foreign(folder, [path for path in changed if path not in owned])
    _write_manifest(folder, {**owned, **digests})
    for path in sorted(changed, key=_readers_last):
        write_atomic(folder / path, files[path])
    gone = [path for path in owned if path not in digests and (folder / path).is_file()]
    for path in gone:
        _remove(folder, path)
    _write_manifest(folder, digests)
    return len(changed) + len(gone)


def _require_inside(path: str) -> None:
    parts = path.split("/")
    if path == MANIFEST or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"not a path of the site: {path!r}")


def _readers_last(path: str) -> tuple[bool, int, str]:
    """Order the files so that no page is seen before what it links to."""
    return path.endswith(".html"), -path.count("/"), path


def _read_manifest(folder: Path) -> dict[str, str]:
    try:
        owned = json.loads((folder / MANIFEST).read_bytes())["fichiers"]
        for path in owned:
            _require_inside(path)  # it says what may be removed: trust nothing in it
        return {str(path): str(digest) for path, digest in owned.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FaultError(Fault(code="PUB-MANIFEST", params={"fichier": MANIFEST})) from error


def _write_manifest(folder: Path, digests: Mapping[str, str]) -> None:
    listed = {"fichiers": dict(sorted(digests.items()))}
    content = (json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode()
    if not _is(folder / MANIFEST, hashlib.sha256(content).hexdigest()):
        write_atomic(folder / MANIFEST, content)


def _refuse_foreign(folder: Path, unknown: Iterable[str]) -> None:
    faults = Faults(
        Fault(code="PUB-FOREIGN", params={"fichier": path})
        for path in unknown
        if (folder / path).exists()
    )
    faults.raise_if_blocking()


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and digest_file(path) == digest


def _remove(folder: Path, path: str) -> None:
    (folder / path).unlink()
    for parent in PurePosixPath(path).parents:
        place = folder / parent
        if place == folder or any(place.iterdir()):
            return
        place.rmdir()
