"""Ready-made PES files that are wrong, as an accounting software may export them.

Each goes through the watched folder and the nightly run, or through the command concerned: a
sentence, the file untouched, nothing sent.
"""

import shutil
from pathlib import Path

import pytest

from tests.acceptance.bad_input import (
    FIXTURES,
    PES,
    assert_given_back,
    assert_kept,
    changed,
    contents,
    deposit,
    lying,
)
from tests.acceptance.conftest import Mairie, demat, unfolded

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "pes"
ENCODING = "Les caractères du fichier ne correspondent pas au codage annoncé ({})."
DTD = (
    "Le fichier contient une définition de document (DTD ou entité), refusée par sécurité.",
    "Demandez à l'éditeur un export sans cette définition",
)
DAMAGED = (
    "Le fichier est abîmé ou incomplet : il ne peut pas être lu",
    "Exportez-le de nouveau depuis votre logiciel métier, sans l'ouvrir ni le modifier.",
)
USED = "Le nom de fichier « SAINTEX-20261022-D0032 » a déjà servi"
DOCTYPE = '?>\n<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n'
LAUGHS = '?>\n<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>\n'


def with_doctype(doctype: str, sigle: str) -> bytes:
    """Return the PES with a DTD before its root and an entity in its header."""
    return changed(changed(PES, "?>\n", doctype), "GESTION FICTIVE", sigle)


WRONG = {
    "empty": (b"", ("Le fichier « flux.xml » est vide (0 octet).", "Exportez-le")),
    "blank": (b"\r\n \r\n", ("Le fichier est vide.", "Exportez-le de nouveau")),
    "truncated": (PES[:1200], ("flux.xml, ligne 18", *DAMAGED)),
    "two files glued": (PES + PES, DAMAGED),
    "not xml": (b"Veuillez trouver ci-joint le fichier du mois", DAMAGED),
    "undeclared entity": (changed(PES, "GESTION", "&rien;"), ("flux.xml, ligne 5", *DAMAGED)),
    "dtd": (changed(PES, "?>\n", "?>\n<!DOCTYPE p>\n"), DTD),
    "external entity": (with_doctype(DOCTYPE, "&e;"), DTD),
    "entity bomb": (with_doctype(LAUGHS, "&c;"), DTD),
    "unknown root": (
        b'<?xml version="1.0"?>\n<facture xmlns="urn:fiction"><montant/></facture>',
        (
            "flux.xml, ligne 2",
            "Ce fichier n'est ni un flux PES ni un message ACTES connu : il commence par "
            "l'élément facture (espace de noms « urn:fiction »).",
        ),
    ),
    "root of an answer": (
        (GOLDEN / "acquit_v2.xml").read_bytes(),
        (
            "L'acquittement « flux.xml » répond au fichier « PESALR2_21990456200010_260320_001 », "
            "que demat n'a pas envoyé.",
            "Vérifiez qu'il s'agit de votre collectivité",
        ),
    ),
    "Latin-1 declared UTF-8": (
        changed(changed(PES, "ISO-8859-1", "UTF-8"), "TELEPHONIQUE", "TÉLÉPHONIQUE"),
        ("flux.xml, ligne 15", ENCODING.format("UTF-8"), "change souvent le codage des accents"),
    ),
    "unknown encoding": (
        changed(PES, "ISO-8859-1", "EBCDIC-FICTIF"),
        (ENCODING.format("EBCDIC-FICTIF"),),
    ),
    "amount with a comma": (
        changed(PES, 'MtHT V="312.50"', 'MtHT V="60,00"'),
        (
            "flux.xml, ligne 18, élément MtHT",
            "Pour le montant hors taxes (MtHT), la valeur « 60,00 » n'est pas admise : écrivez un "
            "point à la place de la virgule, soit 60.00.",
            "Corrigez cette information dans votre logiciel métier",
        ),
    ),
    "impossible date": (
        changed(PES, 'DteBordEm V="2026-10-22"', 'DteBordEm V="2026-13-01"'),
        (
            "flux.xml, ligne 11, élément DteBordEm",
            "Pour la date d'émission du bordereau (DteBordEm), la valeur « 2026-13-01 » n'est pas "
            "admise : une date réelle est attendue, sous la forme AAAA-MM-JJ.",
        ),
    ),
    "key of a SIRET": (
        changed(PES, "90067890500028", "90067890500029"),
        (
            "flux.xml, ligne 20 Le SIRET « 90067890500029 » de « FOURNITURES LERAND » est faux : "
            "longueur ou clé "
            "(bordereau n° 32, pièce n° 206, ligne 1).",
        ),
    ),
    "key of an IBAN": (
        changed(PES, "FR7699999000020000065432129", "FR7699999000020000065432128"),
        (
            "L'IBAN « FR7699999000020000065432128 » de « FOURNITURES LERAND » est faux",
            "(bordereau n° 32, pièce n° 206, ligne 1)",
            "Recopiez l'IBAN du relevé d'identité bancaire.",
        ),
    ),
    "SIRET of nobody": (
        changed(PES, 'IdColl V="21990123800010"', 'IdColl V="21990123800011"'),
        (
            "flux.xml, ligne 6, élément IdColl",
            "Le SIRET « 21990123800011 » du fichier n'est pas celui du budget configuré "
            "(21990123800010).",
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_comes_back_with_a_sentence(strict_mairie: Mairie, case: str) -> None:
    content, sentences = WRONG[case]
    files = {"flux.xml": content}
    deposit(strict_mairie, files)
    assert_given_back(strict_mairie, strict_mairie.nightly(), files, *sentences)


def test_one_wrong_file_does_not_keep_the_others(mairie: Mairie) -> None:
    deposit(mairie, {"flux.xml": PES[:1200], "compta.xml": PES})
    night = mairie.nightly()
    assert night.code == 1
    assert contents(mairie.folder / "a-corriger") == [PES[:1200]]
    assert contents(mairie.folder / "transmis") == [PES]
    assert mairie.landed() == 1


def test_watch_prepares_and_returns_without_sending(strict_mairie: Mairie) -> None:
    deposit(strict_mairie, {"flux.xml": PES[:1200]})
    watched = strict_mairie.demat_process("watch", "--once", "--json")
    assert (watched.code, watched.stderr) == (1, "")
    assert watched.json["authorities"][0]["returned"] == 1
    assert DAMAGED[0] in strict_mairie.sheet("flux")
    assert_kept(strict_mairie, {"flux.xml": PES[:1200]})
    assert strict_mairie.landed() == 0


def test_deposit_says_at_once_what_is_wrong(strict_mairie: Mairie, tmp_path: Path) -> None:
    original = tmp_path / "flux.xml"
    original.write_bytes(PES[:1200])
    answer = strict_mairie.demat("deposit", original, "--json")
    assert answer.code == 1
    (fault,) = answer.json["faults"]
    assert (fault["code"], fault["line"]) == ("XML-SYNTAX", 18)
    assert DAMAGED[0] in fault["message"]
    told = strict_mairie.demat("show", "D1")
    assert DAMAGED[0] in unfolded(told.stdout + told.stderr)
    assert original.read_bytes() == PES[:1200]
    assert contents(strict_mairie.folder / "a-corriger") == [PES[:1200]]


def test_deposit_of_a_file_that_is_not_there(strict_mairie: Mairie, tmp_path: Path) -> None:
    answer = strict_mairie.demat("deposit", tmp_path / "absent.xml")
    assert answer.code == 2
    assert "absent.xml » ne peut pas être lu : il n'existe pas." in unfolded(answer.stderr)
    assert lying(strict_mairie.folder) == {}


@pytest.mark.parametrize("case", sorted(WRONG.keys() - {"empty", "SIRET of nobody"}))
@pytest.mark.parametrize("command", ["validate", "verify"])
def test_the_commands_on_files_never_fail_without_words(
    tmp_path: Path, case: str, command: str
) -> None:
    content, _ = WRONG[case]
    path = tmp_path / "flux.xml"
    path.write_bytes(content)
    answer = demat(command, path, "--json")
    (entry,) = answer.json["files"]
    rules_only = case.startswith("key of") or case == "root of an answer"
    if command == "validate" and rules_only:  # the schema knows no key
        assert (answer.code, entry["verdict"], entry["faults"]) == (0, "accepted", [])
    else:
        assert answer.code == 1
        assert entry["verdict"] in ("refused", "undecided")
        unsigned = [reason for item in entry.get("signatures", ()) for reason in item["reasons"]]
        messages = [fault["message"] for fault in (*entry["faults"], *unsigned)]
        assert messages
        assert all(len(message) > 20 for message in messages)
    assert path.read_bytes() == content


@pytest.mark.parametrize("case", ["empty", "truncated", "dtd", "unknown encoding"])
def test_show_says_why_it_cannot_tell(tmp_path: Path, case: str) -> None:
    path = tmp_path / "flux.xml"
    path.write_bytes(WRONG[case][0])
    answer = demat("show", path)
    assert answer.code == 1
    assert answer.stdout == ""
    assert "Le fichier" in answer.stderr or "Les caractères du fichier" in answer.stderr


class TestAlreadyUsed:
    """What has left once: same file, same NomFic, same bordereau."""

    @pytest.fixture
    def sent(self, mairie: Mairie) -> Mairie:
        """A mairie whose PES has been sent and acknowledged."""
        mairie.drop(FIXTURES / "compta-D0032.xml")
        mairie.play()
        assert [flow["etat"] for flow in mairie.flows()] == ["acquitte"]
        return mairie

    def assert_refused(self, mairie: Mairie, content: bytes, *sentences: str) -> None:
        """The file comes back; the first one is still the only one on the other side."""
        deposit(mairie, {"encore.xml": content})
        assert mairie.nightly().code == 1
        sheet = mairie.sheet("encore")
        for sentence in sentences:
            assert sentence in sheet
        assert contents(mairie.folder / "a-corriger") == [content]
        assert_kept(mairie, {"encore.xml": content})
        assert (len(mairie.flows()), mairie.landed()) == (1, 1)

    def test_the_same_file(self, sent: Mairie) -> None:
        self.assert_refused(sent, PES, USED)

    def test_the_same_name_with_another_content(self, sent: Mairie) -> None:
        other = changed(changed(PES, 'IdBord V="32"', 'IdBord V="33"'), 'Pce V="206"', 'Pce V="9"')
        self.assert_refused(sent, other, USED)

    def test_the_same_bordereau_under_another_name(self, sent: Mairie) -> None:
        other = changed(PES, "D0032", "D0099")
        self.assert_refused(sent, other, "bordereau n° 32", "a déjà été", "D0032")

    def test_two_copies_dropped_together_leave_once(self, mairie: Mairie) -> None:
        mairie.drop(FIXTURES / "compta-D0032.xml")
        shutil.copyfile(
            FIXTURES / "compta-D0032.xml", mairie.folder / "a-deposer" / "compta-D0032-copie.xml"
        )
        assert mairie.nightly().code == 1
        assert (len(mairie.flows()), mairie.landed()) == (1, 1)
        assert contents(mairie.folder / "transmis") == [PES]
        assert contents(mairie.folder / "a-corriger") == [PES]
