"""A PES shown without XML: the page, the table, the documents."""

import base64
import csv
import gzip
import io
import re
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from demat.engine.attachments import Limits
from demat.engine.view_csv import guarded
from demat.engine.view_pes import Shown, show_pes
from demat.faults import FaultError
from demat.helios.build import build_pes
from demat.labels_fr.catalogue import explain
from demat.signing.policy import HELIOS_1_7, PolitiqueSignature, SignatureOptions
from demat.signing.trust import TrustStore
from demat.signing.xades import sign_elements
from demat.xmlio import parse_untrusted
from tests.conftest import ROOT
from tests.unit.engine.conftest import START, Pki
from tests.unit.helios.samples import mandats_reservoir, titre_cantine

GOLDEN = ROOT / "tests" / "golden" / "pes"
TITRE = build_pes(titre_cantine())
MANDATS = build_pes(mandats_reservoir())


class Viewer:
    """Shows a content, and keeps what came out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, content: bytes, *, trust: TrustStore | None = None, limits: Limits | None = None
    ) -> Shown:
        source = self.folder / "flux.xml"
        source.write_bytes(content)
        return show_pes(
            source,
            html=self.folder / "page.html",
            csv=self.folder / "table.csv",
            trust=trust or TrustStore(),
            explain=explain,
            limits=limits,
        )

    @property
    def page(self) -> str:
        return (self.folder / "page.html").read_text("utf-8")

    @property
    def words(self) -> str:
        """What is read on the page, without its marks, on one line."""
        body = self.page.partition("<main")[2].partition(">")[2]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def rows(self) -> list[dict[str, str]]:
        text = (self.folder / "table.csv").read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    @property
    def extracted(self) -> dict[str, bytes]:
        folder = self.folder / "page-pieces"
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}


@pytest.fixture
def view(tmp_path: Path) -> Viewer:
    return Viewer(tmp_path)


def carrying(content: bytes, *, packed: bytes | None = None, name: str = "") -> bytes:
    """Return the titre of the dossier with another document in it."""
    data = base64.b64encode(gzip.compress(content, mtime=0) if packed is None else packed)
    changed = re.sub(rb"(<Fichier [^>]*>)[^<]*", lambda found: found.group(1) + data, TITRE)
    return changed.replace(b"ETAT_2026_000417.pdf", name.encode() or b"ETAT_2026_000417.pdf")


def test_a_mandat_is_told_in_words(view: Viewer) -> None:
    shown = view(MANDATS)
    assert (shown.kind, shown.bordereaux, shown.pieces, shown.faults.codes) == (
        "PES_Aller",
        2,
        2,
        (),
    )
    for words in (
        "Mandats de dépense – EAU DE CLAIRVALLON",
        "code collectivité 118, code budget 02",
        "Bordereau de dépense n° 31 de l'exercice 2026",
        "Total HT 1 500,00 € (recalculé, comme annoncé)",
        "Cumul de l'année 94 120,55 €",
        "Mandat n° 204 : SITUATION 2 REHABILITATION RESERVOIR",
        "Mandat sur marché, investissement",
        "Délai global de paiement : applicable",
        "Compte : 2315",
        "HT : 1 500,00 € TVA : 300,00 € TTC : 1 800,00 €",
        "Marché : 2025-07",
        "Règlement : virement",
        "TRAVAUX DU VALLON 3 ZONE ARTISANALE DES PRES 99200 CLAIRVALLON SIRET : 90012345600015",
        "Compte bancaire : •••• 5612",
        "FACT_S2_2026.pdf (PDF, 24 octets)",
        "CERTIFICAT DE PAIEMENT (transmise sur papier)",
        "Se rapporte à : mandat n° 151 de 2026, ligne 1",
    ):
        assert words in view.words


def test_a_bank_account_is_nowhere_in_full(view: Viewer) -> None:
    view(MANDATS)
    assert b"FR9399999000010000A12345612" in MANDATS
    table = (view.folder / "table.csv").read_text("utf-8-sig")
    assert "A12345612" not in view.page + table
    assert "•••• 5612" in table


def test_a_nir_is_not_shown(view: Viewer) -> None:
    nir = b'<IdTiers V="190019912312345"/><NatIdTiers V="04"/><RefTiers'
    view(TITRE.replace(b"<RefTiers", nir))
    assert "1900199123" not in view.page
    assert "NIR : •••• 2345" in view.words


def test_the_page_is_whole_and_accessible(view: Viewer) -> None:
    view(MANDATS)
    page = view.page
    assert page.startswith('<!DOCTYPE html>\n<html lang="fr">')
    assert page.count("<h1>") == 1
    assert page.count("<table") == page.count("<caption>")
    assert "<script" not in page
    assert "default-src 'none'" in page
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r' id="([^"]+)"', page))


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        (
            b'<NbrPce V="1"/><MtCumulAnnuel V="18250.40"/>',
            b'<NbrPce V="3"/><MtCumulAnnuel V="18250.40"/>',
            "PES-019",
            "Pièces 1 recalculé, mais le bordereau annonce 3",
        ),
        (
            b'MtBordHt V="86.40"',
            b'MtBordHt V="1086.41"',
            "PES-020",
            "Total HT 86,40 € recalculé, mais le bordereau annonce 1 086,41 €",
        ),
        (
            b'<MtBordHt V="86.40"/>',
            b'<MtBordHt V="86.40"/><MtBordTVA V="5.00"/>',
            "PES-021",
            "TVA 0,00 € recalculé, mais le bordereau annonce 5,00 €",
        ),
    ],
)
def test_what_is_announced_is_compared(
    view: Viewer, old: bytes, new: bytes, code: str, words: str
) -> None:
    compact = re.sub(rb">\s+<", b"><", TITRE)
    assert old in compact
    assert view(compact.replace(old, new)).faults.codes == (code,)
    assert words in view.words
    assert "Une question ? Demandez à : l'éditeur de votre logiciel métier." in view.words


def test_hostile_values_are_only_text(view: Viewer) -> None:
    attack = b"&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=x"
    view(TITRE.replace(b"CANTINE SCOLAIRE FEVRIER 2026", attack).replace(b"ARDOISIER", attack))
    assert "<script" not in view.page
    assert 'onload=x"' not in view.page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in view.page


def test_initials_stay_capitals(view: Viewer) -> None:
    view((GOLDEN / "aller_ormc.xml").read_bytes())
    assert "Titre ORMC, fonctionnement" in view.words


def test_two_tiers_are_told_with_their_lines(view: Viewer) -> None:
    start, end = TITRE.index(b"<LigneDePiece>"), TITRE.index(b"</LigneDePiece>") + 15
    second = TITRE[start:end].replace(b'IdLigne V="1"', b'IdLigne V="2"')
    second = second.replace(b"LUCILE", b"GASPARD")
    view(TITRE[:end] + second + TITRE[end:])
    assert "Débiteur principal (ligne 1) MME LUCILE ARDOISIER" in view.words
    assert "Débiteur principal (ligne 2) MME GASPARD ARDOISIER" in view.words


def signed(pki: Pki, policy: PolitiqueSignature = HELIOS_1_7) -> bytes:
    from demat.signing.keys import load_pkcs12

    signer = load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="maire.p12")
    options = SignatureOptions(
        role="Maire", city="X", postal_code="99120", country="FRANCE", policy=policy
    )
    content = build_pes(titre_cantine(dematerialise=True))
    return sign_elements(content, ["BRD2026R0012"], signer=signer, options=options, at=START)


def test_a_signature_is_told_in_words(view: Viewer, pki: Pki) -> None:
    content = signed(pki)
    view(content, trust=TrustStore.from_folder(pki.trust_folder))
    words = view.words
    assert "Signature valable" in words
    assert "Signataire : Camille Dupré" in words
    assert "En qualité de : Maire" in words
    assert "Signé le : 23/11/2026 à 02 h 30" in words
    assert "Niveau du certificat : " in words
    view(content)
    assert "Signature intacte, certificat non vérifié" in view.words
    other = replace(HELIOS_1_7, identifier="urn:oid:1.2.3")
    view(signed(pki, other), trust=TrustStore.from_folder(pki.trust_folder))
    assert "Signature intacte, tout n'a pas pu être vérifié" in view.words
    shown = view(content.replace(b"CANTINE SCOLAIRE", b"CANTINE SCOLAIRF"))
    assert "Signature non valable" in view.words
    assert "SIG-DIGEST" in shown.faults.codes


def test_a_file_without_signature_says_so(view: Viewer) -> None:
    view(TITRE)
    assert "Non signé" in view.words
    assert "la signature est alors sur papier" in view.words


# ---------------------------------------------------------------------------------------- documents


def test_a_document_is_written_beside_the_page(view: Viewer) -> None:
    shown = view(TITRE)
    name = "001-ETAT_2026_000417.pdf"
    assert view.extracted == {name: b"%PDF-1.4 exemple fictif\n"}
    assert [(one.size, one.file) for one in shown.attachments] == [(24, f"page-pieces/{name}")]
    assert view.page.count(f'href="page-pieces/{name}"') == 2


@pytest.mark.parametrize(
    ("content", "name", "written", "codes"),
    [
        (b"%PDF-1.7", "../../etc/passwd.pdf", "001-etc_passwd.pdf", ()),
        (b"%PDF-1.7", "facture.html", "001-facture.pdf", ("INT-VIEW_TYPE",)),
        (b"<html><script>1</script></html>", "a.html", "001-a.bin", ()),
        (b"<a/>", "paye.xml", "001-paye.xml", ()),
        (b"<h xmlns='http://www.w3.org/1999/xhtml'/>", "a.xml", "001-a.xml.txt", ()),
        (b"<h xmlns='http&#58;//www.w3.org/2000/svg'/>", "a.xml", "001-a.xml.txt", ()),
        (b"<?xml-stylesheet href='x'?><a/>", "a.xml", "001-a.bin", ()),
        (b"<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>", "a.xml", "001-a.xml.txt", ()),
        (b"<a><b></a>", "a.xml", "001-a.xml.txt", ()),
        (b"\xff\xd8\xff\xe0", "photo.jpeg", "001-photo.jpeg", ()),
        (b"MZ\x90", "facture.pdf.exe", "001-facture.pdf.bin", ()),
    ],
)
def test_a_document_ends_as_its_content_deserves(
    view: Viewer, content: bytes, name: str, written: str, codes: tuple[str, ...]
) -> None:
    shown = view(carrying(content, name=name))
    assert view.extracted == {written: content}
    assert shown.faults.codes == codes


def test_nothing_is_expanded_beyond_the_limit(view: Viewer) -> None:
    bomb = carrying(bytes(2_000_001))
    shown = view(bomb, limits=Limits(one=2_000_000))
    assert (shown.faults.codes, view.extracted) == (("PES-012_PJ",), {})
    assert "(dans ce fichier, mais pas extraite)" in view.words.replace(" )", ")")
    assert view(bomb, limits=Limits(one=2_000_001)).attachments[0].size == 2_000_001


def test_all_the_documents_have_a_limit_too(view: Viewer) -> None:
    shown = view(TITRE, limits=Limits(together=23))
    assert (shown.faults.codes, view.extracted) == (("INT-VIEW_ROOM",), {})
    assert view(TITRE, limits=Limits(together=24)).faults.codes == ()


def zipped(size: int) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(size))
    return kept.getvalue()


def test_an_archive_that_announces_too_much_is_not_written(view: Viewer) -> None:
    content = carrying(zipped(1_000_000), name="a.zip")
    assert view(content, limits=Limits(archive=999_999)).faults.codes == ("INT-VIEW_ARCHIVE",)
    assert view.extracted == {}
    assert view(content, limits=Limits(archive=1_000_000)).faults.codes == ()
    assert list(view.extracted) == ["001-a.zip"]


@pytest.mark.parametrize(
    ("packed", "code", "kept"),
    [
        (b"%PDF-1.4 brut", "INT-VIEW_RAW", 1),
        (gzip.compress(b"%PDF-1.4", mtime=0)[:-4], "PES-074_ENCODING", 0),
        (b"\x1f\x8bfaux", "PES-074_ENCODING", 0),
        (b"", "PES-074", 0),
    ],
)
def test_a_document_that_is_badly_packed(view: Viewer, packed: bytes, code: str, kept: int) -> None:
    assert view(carrying(b"", packed=packed)).faults.codes == (code,)
    assert len(view.extracted) == kept


# -------------------------------------------------------------------------------------------- table


def test_the_table_has_one_row_per_line(view: Viewer) -> None:
    view(MANDATS)
    first, second = view.rows
    assert (first["Bordereau"], first["Pièce"], first["HT"], first["TVA"], first["TTC"]) == (
        *("31", "204"),
        *("1500,00", "300,00", "1800,00"),
    )
    assert first["Tiers"] == "TRAVAUX DU VALLON"
    assert first["Pièces jointes"].startswith("FACT_S2_2026.pdf (21990456200010D2026M000204F1)")
    assert "Règlement : virement" in first["Autres données de la ligne"]
    assert (second["Rattachement"], second["Pièce d'origine"]) == ("mandat", "151")
    assert (view.folder / "table.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


def test_every_row_of_the_table_is_as_long_as_its_titles(view: Viewer) -> None:
    start, end = TITRE.index(b"<LigneDePiece>"), TITRE.index(b"</LigneDePiece>") + 15
    view(TITRE[:start] + TITRE[end:])
    (row,) = view.rows
    assert None not in row
    assert None not in row.values()
    assert (row["HT"], row["Pièces jointes"]) == (
        "",
        "ETAT_2026_000417.pdf (21990123800010R2026T000417A1)",
    )


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+33", "'+33"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("a\n=1", "a =1"),
        ("A=B", "A=B"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert guarded(text) == cell


def test_an_amount_is_never_guarded_and_a_text_is(view: Viewer) -> None:
    view(TITRE.replace(b"CANTINE SCOLAIRE FEVRIER 2026", b"=HYPERLINK(1)"))
    assert view.rows[0]["Objet"] == "'=HYPERLINK(1)"
    assert view.rows[0]["HT"] == "86,40"


# ------------------------------------------------------------------------------------------ answers


def test_an_acquit_is_told_element_by_element(view: Viewer) -> None:
    shown = view((GOLDEN / "acquit_v2.xml").read_bytes())
    assert (shown.kind, shown.bordereaux) == ("PES_ACQUIT", 4)
    words = view.words
    assert "2 éléments refusés sur 4." in words
    assert "Bordereau de dépense n° 31 (2026) Refusé" in words
    assert "1971 - Compte fonction present a tort" in words
    assert "Videz la colonne « fonction » de cette ligne" in words
    assert "Demandez à : votre comptable public" in words
    assert [row["Verdict"] for row in view.rows] == [
        *("accepté", "refusé", "accepté", "refusé", "refusé"),
    ]
    assert view.rows[1]["À qui demander"] == "l'éditeur de votre logiciel métier"


def test_an_old_acquit_too(view: Viewer) -> None:
    shown = view((GOLDEN / "acquit_ancien.xml").read_bytes())
    assert shown.faults.codes == ("PES-ACK_1971",)


def test_a_refusal_without_a_reason_says_whom_to_ask(view: Viewer) -> None:
    content = (GOLDEN / "acquit_ancien.xml").read_bytes()
    content = re.sub(rb"<(NumAnoAck|LibelleAnoAck) [^>]*/>", b"", content)
    assert view(content).faults.codes == ("PES-ACK_NO_REASON",)
    assert "Demandez à : votre comptable public" in view.words


def test_a_retour_tells_states_and_payments(view: Viewer) -> None:
    content = (GOLDEN / "retour_depense.xml").read_bytes()
    shown = view(content)
    assert (shown.kind, shown.pieces) == ("PES_Retour", 1)
    assert "Mandat n° 204" in view.words
    assert "Prise en charge le : " in view.words
    assert "paiement le 02/04/2026 : 1800,00 €" in view.words
    assert view.rows[0]["Réglé"] == "1800,00"


def test_a_number_that_is_lost_is_told(view: Viewer) -> None:
    content = (GOLDEN / "retour_depense.xml").read_bytes()
    content = re.sub(rb"(<DtePcePec [^>]*/>)", rb'\1<DtePceRej V="2026-04-01"/>', content)
    view(content)
    assert "son numéro ne peut plus servir" in view.words


# -------------------------------------------------------------------------------------- what stops


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "XML-EMPTY"),
        (b"pas du xml", "XML-SYNTAX"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><PES_Aller/>", "XML-DTD"),
        (b"<facture/>", "INT-VIEW_KIND"),
        (TITRE[:-30], "XML-SYNTAX"),
        ((GOLDEN / "acquit_retour.xml").read_bytes(), "INT-VIEW_KIND"),
    ],
)
def test_what_cannot_be_shown_leaves_no_page(view: Viewer, content: bytes, code: str) -> None:
    with pytest.raises(FaultError) as caught:
        view(content)
    assert caught.value.faults.codes == (code,)
    assert not (view.folder / "page.html").exists()
    assert not (view.folder / "table.csv").exists()


def test_the_file_itself_is_never_written_over(tmp_path: Path) -> None:
    source = tmp_path / "flux.xml"
    source.write_bytes(TITRE)
    for html, table in ((source, None), (None, source), (tmp_path / "x", tmp_path / "x")):
        with pytest.raises(FaultError) as caught:
            show_pes(source, html=html, csv=table, trust=TrustStore(), explain=explain)
        assert caught.value.faults.codes == ("INT-VIEW_OUT",)
    assert source.read_bytes() == TITRE


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        show_pes(
            tmp_path / "x.xml",
            html=tmp_path / "x.html",
            csv=None,
            trust=TrustStore(),
            explain=explain,
        )
    assert caught.value.faults.codes == ("INT-PATH",)


def test_a_long_file_is_laid_out_as_it_is_scrolled(view: Viewer) -> None:
    start, end = TITRE.index(b"<Piece>"), TITRE.index(b"</Piece>") + 8
    shown = view(TITRE[:start] + TITRE[start:end] * 301 + TITRE[end:])
    assert shown.pieces == 301
    assert 'class="cadre longue"' in view.page
    assert len(view.rows) == 301


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("aller_*.xml")), ids=lambda path: path.stem)
def test_every_value_of_a_file_is_in_its_table_or_its_page(view: Viewer, path: Path) -> None:
    """Codes are told in words; free texts, numbers and references are there as written."""
    content = path.read_bytes()
    view(content)
    shown = view.words + (view.folder / "table.csv").read_text("utf-8-sig")
    root = parse_untrusted(content)
    texts = {
        node.get("V", "").strip()
        for name in ("Nom", "Prenom", "Adr2", "Ville", "ObjPce", "Obj", "NomPJ", "IdMarche")
        for node in root.iter(name)
        if not any(
            "PES_Facture" in str(up.tag) or "Marche" in str(up.tag) for up in node.iterancestors()
        )
    }
    assert [text for text in texts if text not in shown] == []
