"""What the préfecture writes: built by the sandbox, never by the sender's code."""

import gzip
import io
import tarfile
from datetime import date

from demat.connectors.api import RemoteCourrier
from demat.sandbox.courriel import FormeCourriel
from demat.sandbox.prefecture import ar_annulation, ar_reponse, letter
from demat.sandbox.records import Kind
from tests.unit.engine.conftest import ACTES, Town

PDF = b"%PDF-1.4 lettre de la pr\xe9fecture\n%%EOF\n"
INSEE = "http://xml.insee.fr/schema"

__all__ = [
    "PDF",
    "FormeCourriel",
    "Kind",
    "annulation_received",
    "archive",
    "enveloppe",
    "letter_archive",
    "letter_files",
    "post_letter",
    "reply_received",
]


def annulation_received(id_acte: str, day: date = date(2026, 12, 1)) -> bytes:
    return ar_annulation(id_acte, day)


def reply_received(
    id_acte: str, letter_day: date, *, kind: Kind = Kind.DEMANDE_PIECES, day: date | None = None
) -> bytes:
    return ar_reponse(kind, id_acte, letter_day, day or date(2026, 12, 4))


def enveloppe(siren: str, *names: str) -> bytes:
    listed = "".join(
        f"<actes:Formulaire><actes:NomFichier>{name}</actes:NomFichier></actes:Formulaire>"
        for name in names
    )
    return (
        f'<actes:EnveloppeMISILLCL xmlns:actes="{ACTES}" xmlns:insee="{INSEE}"><actes:Emetteur>'
        '<actes:IDSousPref actes:Departement="099" actes:Arrondissement="1"/></actes:Emetteur>'
        f"<actes:FormulairesEnvoyes>{listed}</actes:FormulairesEnvoyes>"
        f'<actes:Destinataire insee:SIREN="{siren}"/></actes:EnveloppeMISILLCL>'
    ).encode()


def letter_files(
    id_acte: str,
    *,
    kind: Kind = Kind.DEMANDE_PIECES,
    day: date = date(2026, 11, 25),
    text: str = "Grille tarifaire complète",
    rank: int = 12,
    siren: str = "000000000",
) -> dict[str, bytes]:
    """Envelope, message and document of a letter, by name."""
    message = f"{id_acte}-{kind.value}-1_{rank}.xml"
    document = f"{id_acte}-{kind.value}-1_{rank + 1}.pdf"
    return {
        f"EACT--SPREF0991-{siren}-20261125-{rank}.xml": enveloppe(siren, message),
        message: letter(kind, id_acte, day, text, document),
        document: PDF,
    }


def archive(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def letter_archive(id_acte: str, **changes: object) -> bytes:
    return archive(letter_files(id_acte, **changes))  # type: ignore[arg-type]  # the test's words


def post_letter(town: Town, id_acte: str, *, reference: str = "881", **changes: object) -> None:
    """Have the other side hold a letter."""
    kind = changes.get("kind", Kind.DEMANDE_PIECES)
    assert isinstance(kind, Kind)
    remote = RemoteCourrier(reference=reference, kind=kind.value, about="1", id_acte=id_acte)
    town.connector.hold_courrier(remote, letter_archive(id_acte, **changes))
