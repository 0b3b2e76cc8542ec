"""What the tests of the sandbox share: a world without sockets, whose time stands still."""

import base64
import gzip
import html
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from demat.clock import FixedClock
from demat.sandbox.answers import Request, Response
from demat.sandbox.dgfip import Dgfip
from demat.sandbox.liens_locaux import LiensLocaux
from demat.sandbox.ministere import Ministere
from demat.sandbox.multipart import Form, Upload
from demat.sandbox.records import Depot, StoredFile
from demat.sandbox.scenario import Autorite, Scenario
from demat.sandbox.tdt import Tdt
from demat.sandbox.world import World

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
CREATE = "/modules/actes/actes_transac_create.php"
STATUS = "/modules/actes/actes_transac_get_status.php"
IMPORT = "/modules/helios/api/helios_importer_fichier.php"
PES_STATUS = "/modules/helios/api/helios_transac_get_status.php"

ACTE = {
    "api": "1",
    "nature_code": "1",
    "classif1": "7",
    "classif2": "10",
    "number": "2026_012",
    "decision_date": "2026-02-27",
    "subject": "Tarifs de la salle des fêtes",
    "document_papier": "0",
    "type_acte": "99_DE",
}


class Platform:
    """A TdT called directly."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        played, machine = replace(scenario or Scenario(), start=START), FixedClock(START)
        self.world = World(played, machine, speed=0)
        self.state = LiensLocaux(Ministere(played, machine), Dgfip(played, machine))
        self.world.connect(self.state)
        self.tdt = Tdt(self.world)

    def get(self, path: str, *, basic: tuple[str, str] = ("", ""), **query: str) -> Response:
        return self.tdt.handle(
            Request(
                method="GET",
                path=path,
                query={name: [text] for name, text in query.items()},
                form=Form(),
                certificate="ab" * 32,
                login=basic[0],
                password=basic[1],
            )
        )

    def post(self, path: str, form: Form, **query: str) -> Response:
        return self.tdt.handle(
            Request(
                method="POST",
                path=path,
                query={name: [text] for name, text in query.items()},
                form=form,
                certificate="ab" * 32,
            )
        )

    def send_acte(self, **changes: Any) -> Response:
        return self.post(CREATE, acte_form(**changes))

    def posted_acte(self, **changes: Any) -> str:
        lines = self.send_acte(**changes).body.split(b"\n")
        assert lines[0] == b"OK", lines
        return lines[1].decode()

    def send_pes(self, content: bytes, name: str = "PES.xml") -> Response:
        return self.post(IMPORT, Form(uploads={"enveloppe": [Upload(name=name, content=content)]}))

    def posted_pes(self, content: bytes) -> str:
        answer = etree.fromstring(self.send_pes(content).body)
        assert answer.findtext("resultat") == "OK"
        return answer.findtext("id") or ""

    def pes_status(self, id: str) -> str:
        body = self.get(PES_STATUS, transaction=id).body
        return etree.fromstring(body).findtext("status") or ""

    def advance(self, minutes: float) -> None:
        self.world.clock.push(minutes)
        with self.world.present():
            pass  # entering it is what runs the agenda

    def acte_status(self, id: str) -> str:
        return self.get(STATUS, transaction=id).body.split(b"\n")[1].decode()


def ko(body: bytes) -> str:
    """Return the reason of a KO."""
    head, _, message = body.decode("iso-8859-1").partition("\n")
    assert head == "KO"
    return html.unescape(message).strip()


def acte_form(
    *,
    file: bytes | None = PDF,
    annexes: Mapping[str, bytes] | None = None,
    type_pj: tuple[str, ...] = (),
    **changes: str | None,
) -> Form:
    """Return the usual form with some fields changed; ``None`` leaves one out."""
    fields = {**ACTE, **changes}
    texts = {name: [text] for name, text in fields.items() if text is not None}
    if type_pj:
        texts["type_pj[]"] = list(type_pj)
    uploads = {}
    if file is not None:
        uploads["acte_pdf_file"] = [Upload(name="acte.pdf", content=file)]
    if annexes:
        uploads["acte_attachments[]"] = [Upload(name=n, content=c) for n, c in annexes.items()]
    return Form(texts=texts, uploads=uploads)


def depot(**changes: Any) -> Depot:
    """Return a recorded act: a message, a document, one annexe."""
    files = tuple(
        StoredFile(id=id, name=name, posted_name="", mime_type=mime, content=PDF)
        for id, name, mime in (
            (1, "099-000000000-20260227-2026_012-DE-1-1_0.xml", "text/xml"),
            (2, "99_DE-099-000000000-20260227-2026_012-DE-1-1_1.pdf", "application/pdf"),
            (3, "99_DE-099-000000000-20260227-2026_012-DE-1-1_2.pdf", "application/pdf"),
        )
    )
    usual = Depot(
        autorite=Autorite(),
        number="2026_012",
        decision_date=date(2026, 2, 27),
        nature=1,
        matiere=(7, 10),
        subject="Tarifs de la salle des fêtes",
        document_papier=False,
        classification_date=date(2025, 9, 1),
        files=files,
    )
    return replace(usual, **changes)


def pes(
    *,
    nom_fic: str = "PESALR2_21990123800010_260302_001",
    cod_bud: str = "00",
    dematerialise: str = "0",
    signature: str = "",
    bordereau: str = "31",
    fonction: str = "",
    id_unique: str = "PJ1",
    contenu: bytes = b"%PDF-1.4",
    declaration: str = '<?xml version="1.0" encoding="ISO-8859-1"?>',
) -> bytes:
    """Return a PES with one bordereau of one mandat and one attachment."""
    packed = base64.b64encode(gzip.compress(contenu, mtime=0)).decode() if contenu else ""
    return f"""{declaration}
<n:PES_Aller xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller">
<Enveloppe><Parametres><Version V="2"/><TypFic V="PESALR2"/><NomFic V="{nom_fic}"/></Parametres>
<Emetteur><Sigle V="EDITEUR"/><Adresse V="LOGICIEL 1.0"/></Emetteur></Enveloppe>
<EnTetePES><DteStr V="2026-03-02"/><IdPost V="099001"/><IdColl V="21990123800010"/>
<CodCol V="123"/><CodBud V="{cod_bud}"/><LibelleColBud V="SAINT EXEMPLE"/></EnTetePES>
<PES_DepenseAller><EnTeteDepense><IdVer V="2"/><InfoDematerialisee V="{dematerialise}"/>
</EnTeteDepense><Bordereau Id="B1"><BlocBordereau><Exer V="2026"/><IdBord V="{bordereau}"/>
<DteBordEm V="2026-03-02"/><TypBord V="01"/><NbrPce V="1"/><MtBordHT V="10.00"/></BlocBordereau>
<Piece><BlocPiece><InfoPce><IdPce V="204"/><TypPce V="01"/><NatPce V="01"/></InfoPce></BlocPiece>
<LigneDePiece><BlocLignePiece><InfoLignePce><IdLigne V="1"/><Nature V="6064"/>{fonction}
<MtHT V="10.00"/></InfoLignePce></BlocLignePiece></LigneDePiece></Piece>{signature}</Bordereau>
</PES_DepenseAller><PES_PJ><EnTetePES_PJ><IdVer V="1"/></EnTetePES_PJ><PJ><Contenu>
<Fichier MIMEType="application/pdf">{packed}</Fichier></Contenu><IdUnique V="{id_unique}"/>
<NomPJ V="facture.pdf"/><TypePJ V="003"/><Description V="Facture"/></PJ></PES_PJ>
</n:PES_Aller>
""".encode("iso-8859-1")


SIGNATURE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'


def schema(path: Path) -> etree.XMLSchema:
    """Compile an official schema."""
    return etree.XMLSchema(etree.parse(path))
