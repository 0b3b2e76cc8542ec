"""PES files that the schema accepts and that Hélios would not, or that nobody should send.

As an agent would: laid in the watched folder, judged by the nightly run. Elsewhere already: keys of
SIRET and IBAN, the SIRET of nobody, Latin-1 bytes in a file declared UTF-8, a file, a NomFic or a
bordereau sent twice (``test_bad_xml``), an invoice that is no PDF (``test_bad_acts``).
"""

import base64
import gzip
import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from demat.clock import SystemClock
from demat.signing.keys import load_pkcs12
from demat.signing.policy import SignatureOptions
from demat.signing.xades import sign_elements
from tests.acceptance.bad_input import (
    PDF,
    PES,
    assert_given_back,
    assert_kept,
    changed,
    contents,
    deposit,
)
from tests.acceptance.conftest import Mairie, Result, demat, page_text
from tests.unit.helios.test_rules_more import ORMC

OBJ = '<Obj V="ABONNEMENT TELEPHONIQUE MAIRIE"/>'
END = "</n:PES_Aller>"
PJREF = (
    '<PJRef><Support V="01"/><IdUnique V="21990123800010D2026M000206F1"/>'
    '<NomPJ V="facture.pdf"/></PJRef>'
)
PJ = (
    '<PES_PJ><EnTetePES_PJ><IdVer V="1"/></EnTetePES_PJ><PJ><Contenu>'
    '<Fichier MIMEType="application/pdf">{}</Fichier></Contenu>'
    '<IdUnique V="21990123800010D2026M000206F1"/><NomPJ V="facture.pdf"/><TypePJ V="003"/>'
    '<Description V="Facture du mois"/></PJ></PES_PJ>'
)
NAMED = "La pièce jointe « facture.pdf » (21990123800010D2026M000206F1)"
PIECES = 20_000


def many(*edits: tuple[str, str]) -> bytes:
    """Return the PES of which several places are different."""
    content = PES
    for old, new in edits:
        content = changed(content, old, new)
    return content


def attached(content: bytes) -> bytes:
    """Return the PES with an attachment that holds these bytes, compressed as the norm wants."""
    return carrying(base64.b64encode(gzip.compress(content, mtime=0)).decode())


def carrying(encoded: str) -> bytes:
    """Return the PES with an attachment whose text is this one."""
    return many((OBJ, OBJ + PJREF), (END, PJ.format(encoded) + END))


def with_pieces(count: int, *, same_number: bool = False) -> bytes:
    """Return the PES with more mandats, numbered from 1 (or all with the number of the first)."""
    head, _, rest = PES.partition(b"<Piece>")
    body, _, tail = rest.partition(b"</Piece>")
    head = head.replace(b'NbrPce V="1"', b'NbrPce V="%d"' % count)
    total = f'MtBordHT V="{count * 312.5:.2f}"'.encode()
    head = head.replace(b'MtBordHT V="312.50"', total)
    out = io.BytesIO()
    out.write(head)
    for rank in range(count):
        number = 206 if same_number else rank + 1
        piece = body.replace(b'IdPce V="206"', b'IdPce V="%d"' % number)
        out.write(b"<Piece>" + piece + b"</Piece>")
    out.write(tail)
    return out.getvalue()


# --------------------------------------------------------------------- given back at once

SCHEMA = {
    "fails": changed(PES, 'MtHT V="312.50"', 'MtHT V="312.505"'),
    "passes": changed(PES, 'MtHT V="312.50"', 'MtHT V="312.500"'),
}
"""Rule 2 (helios dossier §0.4): an amount has two decimals; a zero more changes nothing."""

WRONG = {
    "schema (rule 2)": (
        SCHEMA["fails"],
        (
            "flux.xml, ligne 18, élément MtHT",
            "Pour le montant hors taxes (MtHT), la valeur « 312.505 » n'est pas admise : il faut "
            "au plus 2 décimales.",
        ),
    ),
    "IdPce used twice": (
        with_pieces(2, same_number=True),
        (
            "À corriger (2)",
            "La pièce n° 206 figure plusieurs fois dans le fichier (bordereau n° 32).",
            "Supprimez ou renumérotez la pièce en double.",
        ),
    ),
    "bordereau of another budget": (
        changed(PES, 'CodBud V="00"', 'CodBud V="07"'),
        (
            "Le couple collectivité/budget « 045/07 » n'est pas connu à ce poste comptable "
            "(connu : 045/00, 045/02).",
            "Une question ? Demandez à : votre comptable public",
        ),
    ),
    "bordereau of another collectivité": (
        changed(PES, 'CodCol V="045"', 'CodCol V="046"'),
        ("Le couple collectivité/budget « 046/00 » n'est pas connu à ce poste comptable",),
    ),
    "bordereau of another poste": (
        changed(PES, 'IdPost V="099012"', 'IdPost V="099013"'),
        (
            "flux.xml, ligne 6, élément IdPost",
            "Le code du poste comptable « 099013 » n'est celui d'aucun budget configuré "
            "(connu : 099012).",
        ),
    ),
    "base64 that is not gzip": (
        carrying(base64.b64encode(PDF).decode()),
        (
            f"{NAMED} est illisible dans le fichier.",
            "Exportez de nouveau ; si le défaut revient, signalez-le.",
            "l'éditeur de votre logiciel métier",
        ),
    ),
    "text that is not base64": (
        carrying("PDF illisible !"),
        ("flux.xml, ligne 30", f"{NAMED} est illisible dans le fichier."),
    ),
    "gzip that is cut": (
        carrying(base64.b64encode(gzip.compress(PDF)[:-12]).decode()),
        (f"{NAMED} est illisible dans le fichier.",),
    ),
    "attachment without a byte": (attached(b""), (f"{NAMED} est vide.",)),
    "character outside Latin-1": (
        changed(PES, "ABONNEMENT TELEPHONIQUE", "ABONNEMENT A 312 &#8364;"),
        (
            "Le caractère « € » (élément Obj) ne peut pas être transmis à Hélios.",
            "Écrivez-le autrement (« EUR » pour le signe de l'euro",
        ),
    ),
    "characters that mean nothing": (
        changed(PES, OBJ, '<Obj V="nc"/>'),
        ("« nc »",),
    ),
    "UTF-8 declared UTF-8": (
        PES.replace(b"ISO-8859-1", b"UTF-8").replace(b"TELEPHONIQUE", "TÉLÉPHONIQUE".encode(), 1),
        (
            "Le fichier est écrit en « UTF-8 » alors que Hélios n'accepte que « ISO-8859-1 », "
            "annoncé au tout début du fichier.",
            "Demandez un export PES en ISO-8859-1.",
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_comes_back_with_a_sentence(strict_mairie: Mairie, case: str) -> None:
    content, sentences = WRONG[case]
    files = {"flux.xml": content}
    deposit(strict_mairie, files)
    assert_given_back(strict_mairie, strict_mairie.nightly(), files, *sentences)


def test_a_file_that_the_schema_just_admits_leaves(mairie: Mairie) -> None:
    deposit(mairie, {"flux.xml": SCHEMA["passes"]})
    assert mairie.nightly().code == 0
    assert mairie.landed() == 1
    assert contents(mairie.folder / "transmis") == [SCHEMA["passes"]]


def test_a_mandat_already_sent_in_another_bordereau(mairie: Mairie) -> None:
    deposit(mairie, {"flux.xml": PES})
    mairie.play()
    again = many(("D0032", "D0033"), ('IdBord V="32"', 'IdBord V="33"'))
    deposit(mairie, {"encore.xml": again})
    assert mairie.nightly().code == 1
    assert "La pièce n° 206 (bordereau n° 33) a déjà été envoyée (" in mairie.sheet("encore"), (
        mairie.sheet("encore")
    )
    assert contents(mairie.folder / "a-corriger") == [again]
    assert_kept(mairie, {"encore.xml": again})
    assert (len(mairie.flows()), mairie.landed()) == (1, 1)


# --------------------------------------------- what no norm states: a warning, or as configured

LIES = {
    "PES-019": (
        changed(PES, 'NbrPce V="1"', 'NbrPce V="2"'),
        "Le bordereau n° 32 annonce 2 pièce(s) mais en contient 1.",
        "Exportez de nouveau le bordereau entier.",
    ),
    "PES-020": (
        changed(PES, 'MtBordHT V="312.50"', 'MtBordHT V="312.51"'),
        "Le total hors taxes annoncé du bordereau n° 32 (312,51 €) n'est pas la somme de ses "
        "lignes (312,50 €).",
        "Vérifiez les lignes du bordereau",
    ),
    "PES-074_TYPE": (
        attached(b"MZ\x90\x00 rien d'un PDF"),
        f"{NAMED} n'est pas du type annoncé (application/pdf).",
        "enregistrez-le au format annoncé, le plus souvent PDF (le renommer ne suffit pas)",
    ),
    "PES-012_PJ": (
        attached(bytes(25_000_000)),
        f"{NAMED} dépasse les 20,0 Mo prévus.",
        "Numérisez-la avec une résolution plus faible ou en plusieurs fichiers.",
    ),
}
"""Warnings by default on the file of another software; a mairie may make them refusals."""


def blocking(mairie: Mairie, *codes: str) -> None:
    """Write ``niveaux_pes`` in the configuration."""
    levels = ", ".join(f'"{code}" = "blocking"' for code in codes)
    mairie.edit('donnees = "donnees"\n', f'donnees = "donnees"\nniveaux_pes = {{ {levels} }}\n')


@pytest.mark.parametrize("code", LIES)
def test_a_lie_comes_back_where_the_mairie_wants_it(strict_mairie: Mairie, code: str) -> None:
    content, *sentences = LIES[code]
    blocking(strict_mairie, code)
    files = {"flux.xml": content}
    deposit(strict_mairie, files)
    assert_given_back(strict_mairie, strict_mairie.nightly(), files, *sentences)


@pytest.mark.parametrize("code", ["PES-019", "PES-020"])
def test_a_lie_that_no_norm_refuses_leaves_with_a_warning(mairie: Mairie, code: str) -> None:
    content, *sentences = LIES[code]
    deposit(mairie, {"flux.xml": content})
    assert mairie.nightly().code == 0
    assert mairie.landed() == 1
    sheet = page_text(mairie.folder / "transmis" / "flux" / "A-LIRE.html")
    assert [sentence for sentence in sentences if sentence not in sheet] == []
    faults = mairie.demat("show", "D1", "--json").json["faults"]
    told = [fault for fault in faults if fault["code"] == code]
    assert [(fault["severity"], fault["source"]) for fault in told] == [("warning", "flux.xml")]
    assert_kept(mairie, {"flux.xml": content})


# ---------------------------------------------------------------------------------- size


@pytest.fixture(scope="session")
def thousands() -> bytes:
    """A bordereau of 20,000 mandats, made once: about 18 MB."""
    return with_pieces(PIECES)


def test_twenty_thousand_mandats_leave(mairie: Mairie, thousands: bytes) -> None:
    deposit(mairie, {"paie.xml": thousands})
    assert mairie.nightly().code == 0
    (flow,) = mairie.flows()
    sent = etree.fromstring(mairie.kept(flow["sha256"]), etree.XMLParser(huge_tree=True))
    numbers = [int(node.get("V", "")) for node in sent.iter("IdPce")]
    assert numbers == list(range(1, PIECES + 1))
    assert contents(mairie.folder / "transmis") == [thousands]
    assert mairie.landed() == 1


def test_a_deposit_of_more_than_a_gigabyte_is_not_even_read(strict_mairie: Mairie) -> None:
    """A sparse file: it takes no room, and would take more memory than there is, were it read."""
    path = strict_mairie.write("enorme.xml", PES)
    size = 1_000_000_001
    os.truncate(path, size)
    night = strict_mairie.demat_process("nightly", "--json")
    assert (night.code, night.json["authorities"][0]["returned"]) == (1, 1)
    sheet = strict_mairie.sheet("enorme")
    assert "Le dépôt est trop volumineux (1 fichier(s), 1000 Mo)." in sheet
    returned = strict_mairie.folder / "a-corriger" / "enorme" / "enorme.xml"
    assert returned.stat().st_size == size
    with returned.open("rb") as stream:
        assert stream.read(len(PES)) == PES
    assert (strict_mairie.flows(), strict_mairie.landed()) == ([], 0)


# ----------------------------------------------------------------------- rule 16, by command

OPTIONS = SignatureOptions(role="Maire", city="SAINT-EXEMPLE-LES-FICTION")


def signed(mairie: Mairie, who: str, days_ago: float = 0) -> bytes:
    """Return the PES as another software signs it, at that time, with a key of the sandbox."""
    identity = getattr(mairie.sandbox.pki, who)
    signer = load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="cle.p12")
    content = many(
        ("<Bordereau>", '<Bordereau Id="BRD2026D0032">'),
        ('InfoDematerialisee V="0"', 'InfoDematerialisee V="1"'),
    )
    at = SystemClock().now() - timedelta(days=days_ago)
    return sign_elements(content, ["BRD2026D0032"], signer=signer, options=OPTIONS, at=at)


@pytest.mark.parametrize(
    ("who", "days_ago", "verdict", "code"),
    [
        ("maire", 0, "accepted", None),
        ("revoked", 31, "accepted", None),
        ("revoked", 29, "refused", "SIG-REVOKED"),
    ],
)
def test_the_certificate_is_judged_at_the_time_of_the_signature(
    strict_mairie: Mairie,
    tmp_path: Path,
    who: str,
    days_ago: float,
    verdict: str,
    code: str | None,
) -> None:
    """The certificate of « revoked » was revoked thirty days ago."""
    path = tmp_path / "signe.xml"
    path.write_bytes(signed(strict_mairie, who, days_ago))
    answer = demat("verify", path, "--confiance", strict_mairie.trust, "--json")
    (entry,) = answer.json["files"]
    (signature,) = entry["signatures"]
    codes = [reason["code"] for reason in signature["reasons"]]
    assert (entry["verdict"], code in codes) == (verdict, code is not None), signature
    assert answer.code == (0 if verdict == "accepted" else 1)


# ------------------------------------------------------------- what must not leave by default


def test_an_attachment_that_swells_does_not_leave(mairie: Mairie) -> None:
    """Twenty-five megabytes of zeros in thirty-three kilobytes of base64."""
    files = {"flux.xml": LIES["PES-012_PJ"][0]}
    assert len(files["flux.xml"]) < 50_000
    deposit(mairie, files)
    assert_given_back(mairie, mairie.nightly(), files, *LIES["PES-012_PJ"][1:])


SIZE = 200_000_000


RUN = """
import pathlib, re, runpy, sys
path, sys.argv = pathlib.Path(sys.argv[1]), ["demat", "nightly", "--json"]
try:
    runpy.run_module("demat", run_name="__main__", alter_sys=True)
finally:
    told = pathlib.Path("/proc/self/status").read_text()
    path.write_text(re.search("VmHWM: *([0-9]+)", told.replace("\\t", " "))[1])
"""
"""One run that writes its own peak, in kB: that of a child counts what its parent held."""


def peak_of_nightly(mairie: Mairie) -> tuple[Result, int]:
    """Make one run in a process of its own; return its answer and its largest memory, in bytes."""
    peak = mairie.root / "peak"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(peak)],
        capture_output=True,
        check=False,
        env={**os.environ, "DEMAT_CONFIG": str(mairie.config)},
    )
    answer = Result(code=done.returncode, stdout=done.stdout.decode(), stderr=done.stderr.decode())
    return answer, int(peak.read_text()) * 1024


def test_a_file_of_200_megabytes_is_refused_on_its_size(mairie: Mairie) -> None:
    """Before it is read: it is no XML at its end, and nobody has noticed."""
    files = {"gros.xml": carrying("A" * SIZE)[:-20]}
    deposit(mairie, files)
    answer, peak = peak_of_nightly(mairie)
    assert_given_back(
        mairie,
        answer,
        files,
        "À corriger (1)",
        "Le fichier pèse 200,0 Mo, au-delà des 128,0 Mo prévus.",
        "Exportez les bordereaux en plusieurs fichiers",
    )
    assert peak < 3 * SIZE


def test_a_role_leaves_as_it_is(mairie: Mairie) -> None:
    """§3.8: unsigned, not dematerialised, although the mairie signs its bordereaux."""
    content = ORMC.encode("iso-8859-1")
    deposit(mairie, {"role.xml": content})
    assert mairie.nightly().code == 0
    (flow,) = mairie.flows()
    assert mairie.kept(flow["sha256"]) == content
    assert mairie.landed() == 1


@pytest.mark.parametrize(("who", "days_ago"), [("maire", 0), ("revoked", 31)])
def test_a_file_that_somebody_signed_well_leaves_as_it_is(
    mairie: Mairie, who: str, days_ago: float
) -> None:
    content = signed(mairie, who, days_ago)
    deposit(mairie, {"signe.xml": content})
    assert mairie.nightly().code == 0
    (flow,) = mairie.flows()
    assert mairie.kept(flow["sha256"]) == content
    assert mairie.landed() == 1


@pytest.mark.parametrize("case", ["changed after its signature", "revoked before its signature"])
def test_a_signature_that_proves_nothing_does_not_leave(mairie: Mairie, case: str) -> None:
    """Rule 16: the comptable would refuse the whole file."""
    if case.startswith("changed"):
        content = signed(mairie, "maire").replace(b'"312.50"', b'"412.50"')
        sentence = "« Bordereau » n° « BRD2026D0032 » a été modifié après sa signature."
    else:
        content = signed(mairie, "revoked", 29)
        sentence = "avait été révoqué le"
    files = {"signe.xml": content}
    deposit(mairie, files)
    assert_given_back(mairie, mairie.nightly(), files, sentence)
