"""Archives of replies, cancellations and letters, written by hand as the norm describes them.

Actes dossier §2 and §4.3–4.4; nothing here is shared with what writes or reads them.
"""

import gzip
import io
import tarfile
from collections.abc import Mapping

from demat.connectors.api import Flux, Shipment

ACTES = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
ID_ACTE = "099-000000000-20260314-2026_012-DE"
LETTER_DAY = "2026-03-20"
REPLIES = {
    "ReponseCourrierSimple": "2-2",
    "RefusPieceComplementaire": "3-3",
    "PieceComplementaire": "3-4",
    "RejetLettreObservations": "4-3",
    "ReponseLettreObservations": "4-4",
}
CODES = {
    **REPLIES,
    "ARDemandePieceComplementaire": "3-2",
    "ARLettreObservations": "4-2",
    "Annulation": "6-1",
    "CourrierSimple": "2-1",
    "DemandePieceComplementaire": "3-1",
    "DemandeClassification": "7-1",
}
PDF = b"%PDF-1.4\n" + bytes(range(256)) + b"\n%%EOF\n"


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    """Return a flat archive of these files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def document_names(root: str, count: int = 1, *, id_acte: str = ID_ACTE) -> tuple[str, ...]:
    """Return the protocol names of the documents of a reply."""
    return tuple(f"99_DE-{id_acte}-{CODES[root]}_{rank}.pdf" for rank in range(1, count + 1))


def exchange_archive(
    root: str, documents: Mapping[str, bytes] | None = None, *, id_acte: str = ID_ACTE
) -> bytes:
    """Return the archive of a message about an act, with one document by default for a reply."""
    if documents is None:
        names = document_names(root, id_acte=id_acte) if root in REPLIES else ()
        documents = dict.fromkeys(names, PDF)
    files = "".join(
        f"<actes:Document><actes:NomFichier>{name}</actes:NomFichier></actes:Document>"
        for name in documents
    )
    if root == "PieceComplementaire":
        files = f"<actes:Documents>{files}</actes:Documents>"
    day = "" if root == "Annulation" else f' actes:DateCourrierPref="{LETTER_DAY}"'
    message = (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<actes:{root} xmlns:actes="{ACTES}" '
        f'actes:IDActe="{id_acte}"{day}>{files}</actes:{root}>'
    )
    name = f"{id_acte}-{CODES[root]}_0.xml"
    envelope = _envelope(name)
    return tar_gz({_ENVELOPE: envelope, name: message.encode("iso-8859-1"), **documents})


_ENVELOPE = "EACT--000000000--20260402-1.xml"


def _envelope(message: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<actes:EnveloppeCLMISILL '
        f'xmlns:actes="{ACTES}" xmlns:insee="http://xml.insee.fr/schema"><actes:Emetteur>'
        '<actes:IDCL insee:SIREN="000000000" actes:Departement="099" actes:Arrondissement="1" '
        'actes:Nature="31"/></actes:Emetteur><actes:AdressesRetour>'
        "<actes:Email>mairie@saint-exemple.fr</actes:Email></actes:AdressesRetour>"
        "<actes:FormulairesEnvoyes><actes:Formulaire>"
        f"<actes:NomFichier>{message}</actes:NomFichier></actes:Formulaire>"
        "</actes:FormulairesEnvoyes></actes:EnveloppeCLMISILL>"
    ).encode("iso-8859-1")


def make_exchange(
    root: str,
    documents: Mapping[str, bytes] | None = None,
    *,
    about: str = "88",
    id_acte: str = ID_ACTE,
) -> Shipment:
    """Return a reply or a cancellation, as the engine freezes it."""
    return Shipment(
        flux=Flux.ACTES,
        file_name=f"XYZ-{_ENVELOPE.removesuffix('.xml')}.tar.gz",
        content=exchange_archive(root, documents, id_acte=id_acte),
        key=f"{id_acte}-{CODES[root]}",
        about=about,
    )
