"""Values that the tests of ``demat.actes`` start from, all fictional."""

import io
from dataclasses import replace
from datetime import date

import pikepdf

from demat.actes.classification import Classification, NatureClassee, TypePJ
from demat.actes.documents import detect_type
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.national import MATIERES, TYPES
from demat.actes.natures import NatureActe
from demat.actes.rules import ContexteActe
from demat.faults import Fault, Faults
from demat.labels_fr.actes import LABELS
from fixtures.budget import PRIMITIF, budget_xml

TODAY = date(2024, 3, 15)
VERSION = date(2023, 9, 1)


def pdf_bytes(label: str = "Délibération", *, pages: int = 1, **options: object) -> bytes:
    """Make a small PDF that a maire seems to have signed; the label makes its bytes its own."""
    pdf = pikepdf.new()
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    for _ in range(pages):
        page = pdf.add_blank_page(page_size=(200, 200))
        page.obj["/Resources"] = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.obj["/Contents"] = pdf.make_stream(b"BT /F 12 Tf 9 99 Td (Le maire) Tj ET")
    pdf.docinfo["/Title"] = label
    stream = io.BytesIO()
    pdf.save(stream, deterministic_id="encryption" not in options, **options)  # type: ignore[arg-type]  # free options
    return stream.getvalue()


PDF = pdf_bytes()
JPG = b"\xff\xd8\xff\xe0 image"
PNG = b"\x89PNG\r\n\x1a\n image"
DOCX = b"PK\x03\x04 word"
BUDGET = budget_xml(replace(PRIMITIF, exercice="2024", date_decision="2024-03-14"))

EMETTEUR = Emetteur(
    siren="000000000",
    departement="099",
    arrondissement="1",
    nature="31",
    adresses_retour=("retour@tdt-fictif.fr", "mairie@saint-exemple.fr"),
    referent_nom="Camille Dupré",
    referent_telephone="0100000000",
    referent_email="mairie@saint-exemple.fr",
)

CLASSIFICATION = Classification(
    date=VERSION,
    natures={
        nature: NatureClassee(
            nature=nature,
            libelle=nature.libelle,
            abrege=nature.abrege,
            types=tuple(TypePJ(code=code, libelle=label) for code, label in TYPES[nature].items()),
        )
        for nature in NatureActe
    },
    matieres={**MATIERES, (8, 1, 3): "cantine"},
)

ACTE = Acte(
    numero="2024_012",
    date_decision=date(2024, 3, 14),
    nature=NatureActe.DELIBERATION,
    matiere=(7, 10),
    objet="Tarifs 2024 de la salle des fêtes",
    document=Piece(name="délibération 12.pdf", content=PDF, type_pj="99_DE"),
    classification_date=VERSION,
)

CONTEXTE = ContexteActe(
    emetteur=EMETTEUR,
    classification=CLASSIFICATION,
    today=TODAY,
    numero_used=lambda numero: None,
    classification_checked=TODAY,
)


def acte(**changes: object) -> Acte:
    """Return the good act, changed."""
    return replace(ACTE, **changes)  # type: ignore[arg-type]  # the field names are the caller's


def piece(content: bytes, *, name: str = "", type_pj: str = "99_DE") -> Piece:
    """Return a file; its name tells what it holds, unless one is given."""
    kind = detect_type(content)
    suffix = kind if kind in {"pdf", "png", "jpg", "xml"} else "pdf"
    return Piece(name=name or f"annexe.{suffix}", content=content, type_pj=type_pj)


def sentence(fault: Fault) -> str:
    """Return what the agent reads; fails when the fault lacks a value that its label shows."""
    label = LABELS[fault.code]
    return f"{label.sentence} {label.remedy}".format(**fault.params)


def summary(faults: Faults) -> list[tuple[str, str]]:
    """Return the codes and severities, having checked that every sentence can be written."""
    for fault in faults:
        sentence(fault)
    return [(fault.code, "B" if fault.blocking else "A") for fault in faults]
