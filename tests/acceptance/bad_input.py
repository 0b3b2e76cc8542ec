"""What the tests of bad input share: the fictional files, and what must be true of a refusal."""

import functools
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pikepdf

from tests.acceptance.conftest import Mairie, Result

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "saint-exemple"
PES = (FIXTURES / "compta-D0032.xml").read_bytes()
TITRES = (FIXTURES / "titres-cantine.csv").read_bytes()
PDF = (FIXTURES / "seance-2026-10-08" / "tarifs-salle.pdf").read_bytes()
HEAD = "numero;date;nature;matiere;objet;fichier"
ROW = "2026_090;08/10/2026;DE;3.2;Tarifs de la salle;acte.pdf"
MANDATS_HEAD = (
    "exercice;num_bordereau;date_bordereau;num_mandat;objet;compte;montant_ht;budget;type_tiers;"
    "nom;siret;adresse;cp;ville;iban;bic;num_facture;pj_fichier"
)
MANDATS_ROW = (
    "2026;41;20/10/2026;241;FOURNITURES DE BUREAU;6064;240,00;00;entreprise;FOURNITURES LERAND;"
    "90067890500028;22 AVENUE DES FORGES;99200;CLAIRVALLON;FR7699999000020000065432129;"
    "DEMOFRPPXXX;2026-0912;facture.pdf"
)

Files = Mapping[str, bytes]
"""Names in ``a-deposer``, with folders, and contents."""


def csv(*lines: str) -> bytes:
    """Return a CSV as French spreadsheet programs write it."""
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def changed(content: bytes, old: str, new: str) -> bytes:
    """Return a file of which one place is different; ``old`` must be in it."""
    before = old.encode("cp1252")
    assert before in content
    return content.replace(before, new.encode("cp1252"), 1)


def seance(pdf: bytes, *rows: str, head: str = HEAD) -> Files:
    """Return the deposit of a séance of which every act is the same PDF."""
    return {"seance/actes.csv": csv(head, *(rows or (ROW,))), "seance/acte.pdf": pdf}


def mandats(pdf: bytes = PDF, *, row: str = MANDATS_ROW) -> Files:
    """Return the deposit of one mandat with its invoice."""
    return {"mandats/mandats.csv": csv(MANDATS_HEAD, row), "mandats/facture.pdf": pdf}


@functools.cache
def locked_pdf() -> bytes:
    """Return a PDF that asks for a password when it is opened."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="secret", owner="maire"))
    return out.getvalue()


def docx() -> bytes:
    """Return what a word processor saves, as far as anybody can tell from the outside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return out.getvalue()


def old_doc() -> bytes:
    """Return the beginning of a file of Word 97, and of a workbook with a password."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016)


def deposit(mairie: Mairie, files: Files) -> None:
    """Do as an agent: copy files into ``a-deposer``."""
    for name, content in files.items():
        mairie.write(name, content)


def lying(folder: Path) -> dict[str, bytes]:
    """Return the files of the agents under a folder, by name; neither our sheets nor our marks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "A-LIRE.html" and not path.name.startswith(".")
    }


def contents(folder: Path) -> list[bytes]:
    """Return the contents of the files of the agents under a folder, in a fixed order."""
    return sorted(lying(folder).values())


def assert_kept(mairie: Mairie, files: Files) -> None:
    """Every file is in the document store, byte for byte."""
    for content in files.values():
        assert mairie.kept(hashlib.sha256(content).hexdigest()) == content


def assert_given_back(mairie: Mairie, result: Result, files: Files, *sentences: str) -> None:
    """The run said no; the deposit is in ``a-corriger`` with these words; nothing has left."""
    assert result.code == 1
    report = result.json
    assert report["outcome"] == "done_with_errors"
    (authority,) = report["authorities"]
    assert (authority["returned"], authority["packed"], authority["errors"]) == (1, 0, [])
    (place,) = (mairie.folder / "a-corriger").iterdir()
    sheet = mairie.sheet(place.name)
    missing = [sentence for sentence in sentences if sentence not in sheet]
    assert not missing, sheet
    assert "Rien n'est perdu : vos fichiers sont dans ce dossier." in sheet
    assert sorted(lying(place).values()) == sorted(files.values())
    assert lying(mairie.folder / "a-deposer") == lying(mairie.folder / "en-cours") == {}
    assert_kept(mairie, files)
    assert mairie.flows() == []
    assert mairie.landed() == 0
