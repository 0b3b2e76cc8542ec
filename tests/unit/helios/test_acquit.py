"""Reading a PES_ACQUIT in its two forms, and what it makes of the file."""

import pytest
from lxml import etree

from demat.faults import FaultError
from demat.helios.acquit import (
    Acquit,
    ElementAcquit,
    ErreurAcquit,
    UndecidedAcquit,
    advice,
    parse_acquit,
    refused_elements,
)
from demat.helios.build import build_pes
from demat.helios.codes import ERREURS_ACQUIT
from demat.helios.lifecycle import EtatPes, answers, decide
from demat.helios.read import PesFacts, read_pes
from demat.labels_fr.helios import LABELS
from tests.unit.helios.samples import mandats_reservoir, titre_cantine

NOM_FIC = "PESALR2_21990456200010_260320_001"
PJ = "21990456200010D2026M000204F1"
OLD = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"
CURRENT = OLD + "/v2"


def document(
    *elements: str, namespace: str = CURRENT, nom_fic: str = NOM_FIC, cod_col: str = "118"
) -> bytes:
    """Return an acquit that holds these elements."""
    body = "".join(f"<ElementACQUIT>{element}</ElementACQUIT>" for element in elements)
    return (
        f'<?xml version="1.0" encoding="ISO-8859-1"?><n:PES_ACQUIT xmlns:n="{namespace}">'
        f'<Enveloppe><Parametres><Version V="2"/><TypFic V="PESALR2"/><NomFic V="{nom_fic}"/>'
        f'</Parametres></Enveloppe><EnTetePES><DteStr V="2026-03-21"/><IdPost V="099031"/>'
        f'<IdColl V="21990456200010"/><CodCol V="{cod_col}"/><CodBud V="02"/></EnTetePES>'
        f'<ACQUIT><EnTeteAcquit><IdVer V="2"/></EnTeteAcquit>{body}</ACQUIT></n:PES_ACQUIT>'
    ).encode("iso-8859-1")


def bordereau(numero: int, etat: str, *, domaine: int = 5, rest: str = "") -> str:
    return (
        f'<DomaineAck V="{domaine}"/><EtatAck V="{etat}"/><NumBord V="{numero}"/>'
        f'<ExerciceBord V="2026"/>{rest}'
    )


def attachment(etat: str, id_unique: str = PJ) -> str:
    return f'<DomaineAck V="4"/><EtatAck V="{etat}"/><IdUnique V="{id_unique}"/>'


def erreur(code: str, libelle: str) -> str:
    return f'<Erreur><NumAnoAck V="{code}"/><LibelleAnoAck V="{libelle}"/></Erreur>'


DETAILED = (
    erreur("ERREUR_CUMUL_MONTANTS", "cumul")
    + '<DetailPiece><NumPiece V="204"/>'
    + erreur("ERREUR_DOUBLON_PIECE", "1500 - double")
    + '<DetailLigne><NumLigne V="1"/>'
    + erreur("ERREUR_AUTRE", "1971 - Compte fonction present a tort")
    + erreur("ERREUR_DOUBLON_LIGNE", "")
    + "</DetailLigne></DetailPiece>"
)
REASONS = (
    ErreurAcquit(code="ERREUR_CUMUL_MONTANTS", libelle="cumul", path="element"),
    ErreurAcquit(code="ERREUR_DOUBLON_PIECE", libelle="1500 - double", path="piece 204", piece=204),
    ErreurAcquit(
        code="ERREUR_AUTRE",
        libelle="1971 - Compte fonction present a tort",
        path="piece 204 / ligne 1",
        piece=204,
        ligne=1,
    ),
    ErreurAcquit(
        code="ERREUR_DOUBLON_LIGNE", libelle="", path="piece 204 / ligne 1", piece=204, ligne=1
    ),
)


def test_every_error_of_every_level_is_kept():
    content = document(attachment("1"), bordereau(31, "0", rest=DETAILED), bordereau(4, "1"))
    assert parse_acquit(content) == Acquit(
        nom_fic=NOM_FIC,
        cod_col="118",
        id_post="099031",
        cod_bud="02",
        id_coll="21990456200010",
        elements=(
            ElementAcquit(domaine=4, libelle="pièce jointe", accepted=True, id_unique=PJ),
            ElementAcquit(
                domaine=5,
                libelle="dépense",
                accepted=False,
                bordereau=31,
                exercice=2026,
                erreurs=REASONS,
            ),
            ElementAcquit(domaine=5, libelle="dépense", accepted=True, bordereau=4, exercice=2026),
        ),
    )


def test_the_old_form_is_flat():
    flat = (
        '<DomaineAck V="5"/><EtatAck V="0"/><ExerciceBord V="2026"/><NumBord V="31"/>'
        '<NumPiece V="204"/><NumLigne V="1"/><NumAnoAck V="ERREUR_AUTRE"/>'
        '<LibelleAnoAck V="1971 - Compte fonction present a tort"/>'
    )
    acquit = parse_acquit(document(flat, bordereau(4, "1"), namespace=OLD))
    assert acquit.elements[0] == ElementAcquit(
        domaine=5,
        libelle="dépense",
        accepted=False,
        bordereau=31,
        exercice=2026,
        erreurs=(REASONS[2],),
    )
    assert acquit.erreurs == (REASONS[2],)
    assert refused_elements(acquit) == (acquit.elements[0],)


def test_the_schemas_accept_the_documents_of_these_tests(shared):
    path = shared / "official/pes/4.7.1/PES_V2/Rev0/PES_V2_Acquit_Autonome_V2.xsd"
    content = document(
        attachment("true"), bordereau(31, "0", rest=DETAILED.replace(' V=""', ' V="x"'))
    )
    etree.XMLSchema(etree.parse(path)).assertValid(etree.fromstring(content))


@pytest.mark.parametrize(
    ("text", "accepted"), [("1", True), ("true", True), ("0", False), ("false", False)]
)
def test_etat_is_any_spelling_of_a_boolean(text, accepted):
    assert parse_acquit(document(bordereau(31, text))).elements[0].accepted is accepted


@pytest.mark.parametrize("text", ["", "OK", "2"])
def test_an_unreadable_verdict_is_not_a_success(text):
    with pytest.raises(UndecidedAcquit) as caught:
        parse_acquit(document(bordereau(31, text)))
    assert caught.value.faults.codes == ("PES-ACQUIT_STATE",)


def test_an_acquit_without_element_is_not_a_success():
    with pytest.raises(UndecidedAcquit, match="PES-ACQUIT_EMPTY"):
        parse_acquit(document())


def test_a_header_without_meaning_is_read():
    acquit = parse_acquit(document(bordereau(31, "1"), nom_fic="", cod_col="000"))
    assert (acquit.nom_fic, acquit.cod_col) == ("", "000")


def test_the_real_acquit_accepts_five_elements(shared):
    acquit = parse_acquit((shared / "real" / "helios" / "pes_acquit.xml").read_bytes())
    assert acquit.nom_fic == "HELIOS_SIMU_ALR2_1477486132_1155762524.xml"
    assert [(one.domaine, one.accepted) for one in acquit.elements] == [
        (5, True),
        (4, True),
        (4, True),
        (4, True),
        (4, True),
    ]
    assert acquit.elements[0].bordereau == 1847
    assert refused_elements(acquit) == ()


@pytest.mark.parametrize("root", ["PES_Retour", "PES_ACQUIT_RETOUR", "html"])
def test_another_root_is_refused(root):
    with pytest.raises(FaultError) as caught:
        parse_acquit(f"<{root}/>".encode())
    assert caught.value.faults.codes == ("XML-ROOT",)


def non_acquit(*elements: str, more: str = "") -> bytes:
    content = document(*elements).replace(b"PES_ACQUIT", b"PES_NonAcquit")
    return content.replace(b"<ACQUIT>", more.encode() + b"<ACQUIT>")


def test_a_non_acquit_refuses_the_whole_file():
    acquit = parse_acquit(non_acquit(more=erreur("ERREUR_SCHEMA_INCOMPLET", "illisible")))
    facts = read_pes(build_pes(mandats_reservoir()))
    assert decide(acquit, facts) is EtatPes.REFUSE
    assert [fault.code for fault in map(advice, acquit.erreurs)] == [
        *("PES-ACK_NON_ACQUIT", "PES-ACK_ERREUR_SCHEMA_INCOMPLET")
    ]
    assert (acquit.nom_fic, acquit.elements[0].libelle) == (NOM_FIC, "fichier entier")


def test_each_reason_of_a_non_acquit_is_read_once():
    acquit = parse_acquit(non_acquit(bordereau(31, "0", rest=erreur("ERREUR_AUTRE", "1971 - x"))))
    assert [erreur.code for erreur in acquit.erreurs] == ["PES_NonAcquit", "ERREUR_AUTRE"]


def test_a_non_acquit_that_accepts_something_concludes_nothing():
    with pytest.raises(UndecidedAcquit) as caught:
        parse_acquit(non_acquit(bordereau(31, "0"), bordereau(32, "1")))
    assert caught.value.faults.codes == ("PES-ACQUIT_STATE",)


def test_a_domain_of_a_later_norm_keeps_its_number():
    assert parse_acquit(document(bordereau(1, "1", domaine=42))).elements[0].libelle == "42"


@pytest.mark.parametrize("code", sorted(ERREURS_ACQUIT))
def test_every_code_of_the_schemas_has_an_advice(code):
    fault = advice(ErreurAcquit(code=code, libelle="0042 - motif", path="piece 3", piece=3))
    label = LABELS[fault.code]
    assert fault.code == f"PES-ACK_{code}"
    assert "(pièce 3). Hélios dit : « 0042 - motif »." in label.sentence.format(**fault.params)
    assert label.remedy


@pytest.mark.parametrize("numero", ["1971", "1984", "2559"])
@pytest.mark.parametrize(
    ("code", "numbered"), [("ERREUR_AUTRE", True), ("", True), ("ERREUR_DOUBLON_PJ", False)]
)
def test_a_number_tells_more_under_a_general_code(numero, code, numbered):
    fault = advice(ErreurAcquit(code=code, libelle=f"{numero} - motif", path="piece 3", piece=3))
    assert fault.code == (f"PES-ACK_{numero}" if numbered else f"PES-ACK_{code}")
    label = LABELS[fault.code]
    assert f"Hélios dit : « {numero} - motif »." in label.sentence.format(**fault.params)
    assert label.remedy


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            REASONS[2],
            "Hélios refuse la fonction donnée à une ligne (pièce 204, ligne 1) : ce budget ne se "
            "tient pas par fonction. Hélios dit : « 1971 - Compte fonction present a tort ».",
        ),
        (
            ErreurAcquit(code="ERREUR_TIMEOUT", libelle="", path="element"),
            "Hélios n'a pas répondu à temps (l'ensemble de l'élément). "
            "Hélios dit : « sans explication ».",
        ),
        (
            ErreurAcquit(code="ERREUR_NEUVE", libelle="x", path="element"),
            "Hélios refuse un élément du fichier (l'ensemble de l'élément) avec le code "
            "« ERREUR_NEUVE », que nous ne connaissons pas : « x ».",
        ),
    ],
)
def test_the_advice_quotes_helios(found, sentence):
    fault = advice(found)
    assert LABELS[fault.code].sentence.format(**fault.params) == sentence


def _facts(pes=None) -> PesFacts:
    return read_pes(build_pes(pes or mandats_reservoir()))


@pytest.mark.parametrize(
    ("elements", "etat"),
    [
        ([bordereau(31, "1"), bordereau(4, "1"), attachment("1")], EtatPes.ACQUITTE),
        ([bordereau(31, "1"), bordereau(4, "1")], EtatPes.ACQUITTE),
        # A bordereau that the acquit does not mention is not accepted
        ([bordereau(31, "1"), attachment("1")], EtatPes.ACQUITTE_PARTIEL),
        ([attachment("1")], EtatPes.REFUSE),
        # The refusal comes after acceptances (dossier §11, trap 8)
        ([attachment("1"), bordereau(4, "1"), bordereau(31, "0")], EtatPes.ACQUITTE_PARTIEL),
        # One bordereau over several elements (trap 4): one refusal refuses it
        ([bordereau(31, "1"), bordereau(31, "0"), bordereau(4, "1")], EtatPes.ACQUITTE_PARTIEL),
        ([bordereau(31, "0"), bordereau(4, "0"), attachment("1")], EtatPes.REFUSE),
        ([bordereau(31, "1"), bordereau(4, "1"), attachment("0")], EtatPes.ACQUITTE_PARTIEL),
        # A refusal about something that we do not recognise never passes for a success
        ([bordereau(31, "1"), bordereau(4, "1"), bordereau(99, "0")], EtatPes.ACQUITTE_PARTIEL),
        # Signature of one bordereau, then of the whole file
        (
            [bordereau(31, "1"), bordereau(4, "1"), bordereau(31, "0", domaine=3)],
            EtatPes.ACQUITTE_PARTIEL,
        ),
        (
            [bordereau(31, "1"), bordereau(4, "1"), '<DomaineAck V="2"/><EtatAck V="0"/>'],
            EtatPes.REFUSE,
        ),
        (['<DomaineAck V="0"/><EtatAck V="0"/>'], EtatPes.REFUSE),
        # A technical refusal that names a bordereau refuses that one only
        (
            [bordereau(31, "1"), bordereau(4, "1"), bordereau(31, "0", domaine=1)],
            EtatPes.ACQUITTE_PARTIEL,
        ),
        ([bordereau(31, "1"), bordereau(31, "0", domaine=1)], EtatPes.REFUSE),
        ([bordereau(31, "1", domaine=1), bordereau(4, "1", domaine=1)], EtatPes.REFUSE),
        # A refusal of the domain without a number refuses its bordereaux; an approval is not enough
        (['<DomaineAck V="5"/><EtatAck V="0"/>', bordereau(31, "1")], EtatPes.REFUSE),
        (['<DomaineAck V="5"/><EtatAck V="1"/>'], EtatPes.REFUSE),
        # Verdicts of the other domain, or of another year, are not about these bordereaux
        ([bordereau(31, "1", domaine=6), bordereau(4, "1", domaine=6)], EtatPes.REFUSE),
        (
            [bordereau(31, "1").replace("2026", "2025"), bordereau(4, "1")],
            EtatPes.ACQUITTE_PARTIEL,
        ),
    ],
)
def test_the_state_of_the_file(elements, etat):
    assert decide(parse_acquit(document(*elements)), _facts()) is etat


def test_a_role_is_acknowledged_in_its_own_domain():
    acquit = parse_acquit(document(bordereau(12, "1", domaine=7)))
    assert decide(acquit, _facts(titre_cantine())) is EtatPes.ACQUITTE


@pytest.mark.parametrize(
    ("elements", "etat"),
    [
        ([attachment("1")], EtatPes.ACQUITTE),
        ([attachment("0")], EtatPes.REFUSE),
        ([attachment("1", "AUTRE")], EtatPes.REFUSE),
    ],
)
def test_a_file_of_attachments_alone(elements, etat):
    content = build_pes(mandats_reservoir())
    start, end = content.index(b"<PES_DepenseAller>"), content.index(b"<PES_PJ>")
    facts = read_pes(content[:start] + content[end:])
    assert facts.bordereaux == ()
    assert decide(parse_acquit(document(*elements)), facts) is etat


@pytest.mark.parametrize(
    ("nom_fic", "cod_col", "expected"),
    [
        (NOM_FIC, "118", True),
        (NOM_FIC, "000", True),
        (NOM_FIC, "119", False),
        (NOM_FIC + ".xml", "118", False),
        ("", "118", False),
    ],
)
def test_an_acquit_answers_the_file_of_the_same_name(nom_fic, cod_col, expected):
    acquit = parse_acquit(document(bordereau(31, "1"), nom_fic=nom_fic, cod_col=cod_col))
    assert answers(acquit, _facts()) is expected


@pytest.mark.parametrize(
    ("etat", "final"),
    [("genere", False), ("transmis", False), ("acquitte", True), ("acquitte_partiel", True)],
)
def test_states_know_whether_they_are_final(etat, final):
    assert EtatPes(etat).final is final
