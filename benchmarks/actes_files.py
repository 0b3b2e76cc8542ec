"""The acts of the benchmark: ``python -m benchmarks.actes_files FOLDER COUNT KILOBYTES``.

``pdf/`` holds one PDF for each act, all fictional: a page with an image of noise, which no program
compresses, like the scans of town halls. ``members/`` holds, act by act, the files that its archive
is made of, for the programs that demat is compared with.
"""

import io
import random
import sys
from pathlib import Path

import pikepdf

from benchmarks.actes_steps import acte_of, pack
from demat.actes.inbound import read_archive

__all__ = ["write_files"]

_WIDTH = 256
"""Pixels of a line of the image."""


def write_files(folder: Path, count: int, kilobytes: int) -> None:
    """Write the PDF files, and the members of each archive."""
    draw = random.Random(2024)  # noqa: S311 - the same files at every run
    (folder / "pdf").mkdir()
    for rank in range(1, count + 1):
        content = _pdf(draw, rank, kilobytes * 1_000)
        (folder / "pdf" / f"{rank:04d}.pdf").write_bytes(content)
        _write_members(folder / "members" / f"{rank:04d}", pack(acte_of(rank, content), rank))


def _write_members(folder: Path, archive: bytes) -> None:
    folder.mkdir(parents=True)
    found = read_archive(archive)
    files = {found.envelope_name: found.envelope, **found.messages, **found.documents}
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _pdf(draw: random.Random, rank: int, size: int) -> bytes:
    lines = -(-size // (_WIDTH * 3))
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    image = pdf.make_stream(draw.randbytes(lines * _WIDTH * 3))
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height, image.BitsPerComponent = _WIDTH, lines, 8
    image.ColorSpace = pikepdf.Name.DeviceRGB
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    page.obj.Contents = pdf.make_stream(b"q 500 0 0 700 40 70 cm /Im0 Do Q")
    pdf.docinfo["/Title"] = f"Délibération n° {rank} de Saint-Exemple-lès-Fiction"
    stream = io.BytesIO()
    pdf.save(stream, deterministic_id=True)
    return stream.getvalue()


if __name__ == "__main__":
    write_files(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
