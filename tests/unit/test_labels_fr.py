"""French labels: what an agent reads, and how it is written."""

import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from demat.faults import CODE_PATTERN, Fault, Severity
from demat.labels_fr import catalogue, label, xsd
from demat.labels_fr.catalogue import LABELS, Explanation, explain, merge, render_json, sentence
from demat.labels_fr.label import (
    COMPTABLE,
    EDITEUR,
    MAIRIE,
    PREFECTURE,
    TDT,
    TECHNICIEN,
    Label,
)

PACKAGE = Path(catalogue.__file__).parents[1]
SCHEMAS = PACKAGE / "schemas" / "resources"

ASKED = {value for name, value in vars(label).items() if name.isupper()}


# ------------------------------------------------------------------- what an agent reads


@pytest.mark.parametrize(
    ("fault", "where", "text"),
    [
        (
            Fault(
                code="XSD-MISSING_ATTRIBUTE",
                params={"element": "Fichier", "attribute": "MIMEType"},
                source="flux.xml",
                line=141,
                path="PES_Aller/PES_PJ/PJ[1]/Contenu/Fichier",
            ),
            "flux.xml, ligne 141, élément Fichier",
            "Pour le fichier joint (Fichier), il manque l'attribut MIMEType, qui est obligatoire.",
        ),
        (
            Fault(
                code="XSD-MISSING_ATTRIBUTE",
                params={"element": "IdBord", "attribute": "V"},
                path="PES_Aller/IdBord[2]",
            ),
            "élément IdBord",
            "Pour le numéro de bordereau (IdBord), il manque la valeur (attribut V), "
            "qui est obligatoire.",
        ),
        (
            Fault(code="XSD-MISSING_ELEMENT", params={"element": "PJ", "expected": "IdUnique"}),
            "",
            "Dans la pièce jointe (PJ), il manque l'identifiant unique de la pièce jointe "
            "(IdUnique).",
        ),
        (
            Fault(code="XSD-MISSING_ELEMENT", params={"element": "Xyz", "expected": "A, B"}),
            "",
            "Dans l'élément Xyz, il manque l'un des éléments A, B.",
        ),
        (
            Fault(code="XSD-MISSING_ELEMENT", params={"element": "Xyz", "expected": ""}),
            "",
            "Dans l'élément Xyz, il manque un élément obligatoire.",
        ),
        (
            Fault(code="XSD-UNEXPECTED_ELEMENT", params={"element": "PJ", "expected": "Signature"}),
            "",
            "La pièce jointe (PJ) n'est pas à sa place : le format attend ici la signature "
            "électronique (Signature).",
        ),
        (
            Fault(code="XSD-UNEXPECTED_ELEMENT", params={"element": "Xyz", "expected": ""}),
            "",
            "L'élément Xyz n'est pas à sa place.",
        ),
        (
            Fault(
                code="XSD-UNEXPECTED_ATTRIBUTE", params={"element": "Exer", "attribute": "Valeur"}
            ),
            "",
            "Pour l'exercice (Exer), l'attribut Valeur n'est pas prévu par le format.",
        ),
        (
            Fault(code="XSD-TEXT", params={"element": "Bordereau", "value": "mai"}),
            "",
            "Le bordereau (Bordereau) contient le texte « mai », alors qu'aucun texte n'est "
            "admis ici.",
        ),
        (
            Fault(code="XSD-DUPLICATE_ID", params={"element": "Bordereau", "value": "B1"}),
            "",
            "L'identifiant « B1 » sert plusieurs fois dans le fichier, en particulier pour le "
            "bordereau (Bordereau) ; chaque identifiant doit être unique.",
        ),
        (
            Fault(code="XSD-OTHER", params={"element": "Tiers", "detail": "fixed value"}),
            "",
            "Le tiers (Tiers) ne respecte pas le format (détail technique : fixed value).",
        ),
        (
            Fault(code="XSD-MORE", params={"shown": "100", "more": "19900"}),
            "",
            "Le contrôle s'est arrêté après 100 erreurs ; il en reste au moins 19900.",
        ),
        (
            Fault(code="XML-ROOT", params={"expected": "PES_ACQUIT", "found": "html"}),
            "",
            "Ce n'est pas le type de fichier attendu : il commence par l'élément html "
            "au lieu de PES_ACQUIT.",
        ),
    ],
)
def test_sentences(fault, where, text):
    assert explain(fault).where == where
    assert sentence(fault) == text


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        (
            {"constraint": "type", "type": "decimal", "value": "60,00"},
            "la valeur « 60,00 » n'est pas admise : écrivez un point à la place de la virgule, "
            "soit 60.00.",
        ),
        (
            {"constraint": "type", "type": "", "value": "-1 234,5"},
            "la valeur « -1 234,5 » n'est pas admise : écrivez un point à la place de la virgule, "
            "soit -1234.5.",
        ),
        (
            {"constraint": "type", "type": "decimal", "value": "abc"},
            "la valeur « abc » n'est pas admise : un nombre est attendu, sans espace, avec un "
            "point décimal.",
        ),
        (
            {"constraint": "type", "type": "date", "value": "12/03/2024"},
            "la valeur « 12/03/2024 » n'est pas admise : écrivez la date sous la forme "
            "AAAA-MM-JJ, soit 2024-03-12.",
        ),
        (
            {"constraint": "type", "type": "date", "value": "2024-02-30"},
            "la valeur « 2024-02-30 » n'est pas admise : une date réelle est attendue, sous la "
            "forme AAAA-MM-JJ.",
        ),
        (
            {"constraint": "type", "type": "hexBinary", "value": "z"},
            "la valeur « z » n'est pas admise : sa forme ne convient pas.",
        ),
        (
            {"constraint": "enumeration", "expected": "01, 02", "value": ""},
            "une valeur vide n'est pas admise : les valeurs possibles sont 01, 02.",
        ),
        (
            {"constraint": "enumeration", "expected": "01", "value": "2"},
            "la valeur « 2 » n'est pas admise : la seule valeur possible est 01.",
        ),
        (
            {"constraint": "pattern", "limit": "[0-9]{9}", "value": "2"},
            "la valeur « 2 » n'est pas admise : elle ne suit pas le modèle prévu ([0-9]{9}).",
        ),
        (
            {"constraint": "length", "limit": "2", "value": "2"},
            "la valeur « 2 » n'est pas admise : il faut exactement 2 caractères.",
        ),
        (
            {"constraint": "min_length", "limit": "1", "value": ""},
            "une valeur vide n'est pas admise : il faut au moins 1 caractère.",
        ),
        (
            {"constraint": "max_length", "limit": "15", "value": "2"},
            "la valeur « 2 » n'est pas admise : il faut au plus 15 caractères.",
        ),
        (
            {"constraint": "digits", "limit": "7", "value": "2"},
            "la valeur « 2 » n'est pas admise : il faut au plus 7 chiffres.",
        ),
        (
            {"constraint": "decimals", "limit": "0", "value": "2.5"},
            "la valeur « 2.5 » n'est pas admise : il faut au plus 0 décimale.",
        ),
        (
            {"constraint": "minimum", "limit": "0", "value": "-2"},
            "la valeur « -2 » n'est pas admise : elle est trop petite (limite : 0).",
        ),
        (
            {"constraint": "maximum", "limit": "9", "value": "10"},
            "la valeur « 10 » n'est pas admise : elle est trop grande (limite : 9).",
        ),
    ],
)
def test_reasons_why_a_value_is_refused(params, reason):
    fault = Fault(code="XSD-VALUE", params={"element": "MtHT", "attribute": "V", **params})
    assert sentence(fault) == f"Pour le montant hors taxes (MtHT), {reason}"


@pytest.mark.parametrize(
    ("element", "attribute", "subject"),
    [
        ("IdBord", "V", "le numéro de bordereau (IdBord)"),
        ("Objet", "", "l'objet (Objet)"),
        ("Acte", "NumeroInterne", "le numéro de l'acte (NumeroInterne) de l'élément Acte"),
        ("Bordereau", "Id", "l'attribut Id de l'élément Bordereau"),
        ("Inconnu", "V", "l'élément Inconnu"),
    ],
)
def test_the_subject_of_a_value(element, attribute, subject):
    params = {"element": element, "attribute": attribute, "value": "x", "constraint": "type"}
    text = sentence(Fault(code="XSD-VALUE", params=params))
    assert text == f"Pour {subject}, la valeur « x » n'est pas admise : sa forme ne convient pas."


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        (Fault(code="XML-EMPTY"), ""),
        (Fault(code="XML-EMPTY", source="a.xml"), "a.xml"),
        (Fault(code="XML-EMPTY", line=3), "ligne 3"),
        (
            Fault(code="XML-EMPTY", source="titres.csv", line=12, path="montant_ht"),
            "titres.csv, ligne 12, colonne « montant_ht »",
        ),
        (
            Fault(code="XML-EMPTY", source="titres.csv", line=12, path="titres!montant_ht"),
            "titres.csv, ligne 12, colonne « montant_ht »",
        ),
        (
            Fault(code="XML-EMPTY", source="export.ods", line=12, path="Mandats!objet"),
            "export.ods, ligne 12, feuille « Mandats », colonne « objet »",
        ),
        (Fault(code="XML-EMPTY", path="Mandats!"), "feuille « Mandats »"),
        (Fault(code="XML-EMPTY", source="a.xml", path="A/B[2]/@V"), "a.xml, élément B"),
    ],
)
def test_where(fault, where):
    assert explain(fault).where == where


def test_an_explanation_says_what_to_do_and_whom_to_ask():
    assert explain(Fault(code="XML-EMPTY", source="a.xml")) == Explanation(
        where="a.xml",
        sentence="Le fichier est vide.",
        remedy="Exportez-le de nouveau depuis votre logiciel métier, puis déposez-le.",
        ask=label.MAIRIE,
    )


def test_json_has_a_stable_shape():
    fault = Fault(
        code="XML-SIZE",
        params={"size": "700"},
        severity=Severity.WARNING,
        source="a.xml",
        line=1,
        path="PES_Aller",
    )
    assert render_json(fault) == {
        "code": "XML-SIZE",
        "severity": "warning",
        "source": "a.xml",
        "line": 1,
        "path": "PES_Aller",
        "message": "Le fichier pèse 700 Mo : il est trop gros pour être lu. Répartissez son "
        "contenu en plusieurs fichiers, ou allégez les pièces jointes.",
        "ask": label.MAIRIE,
    }


@pytest.mark.parametrize(
    ("code", "params", "text"),
    [
        (
            "PES-020",
            {"bordereau": "32", "announced": "312.51", "found": "312.50"},
            "Le total hors taxes annoncé du bordereau n° 32 (312,51 €) n'est pas la somme de ses "
            "lignes (312,50 €).",
        ),
        (
            "PES-043",
            {"tva": "17.3", "rate": "5.5", "expected": "4.75", "ligne": "1"},
            "La TVA (17,3 €) ne correspond pas au taux de 5,5 %, qui donne 4,75 € (bordereau n° …, "
            "pièce n° …, ligne 1).",
        ),
        (  # what the file says is shown as it says it
            "PES-042",
            {"value": "0.00", "bordereau": "1", "piece": "2", "ligne": "3"},
            "Le montant hors taxes « 0.00 » doit être supérieur à zéro (bordereau n° 1, pièce n° "
            "2, ligne 3).",
        ),
    ],
)
def test_amounts_and_rates_are_written_with_a_comma(code, params, text):
    assert sentence(Fault(code=code, params=params)) == text


def test_an_unknown_code_is_an_error_for_us_and_a_neutral_sentence_for_the_agent():
    with pytest.raises(KeyError):
        catalogue.label("XSD-NEVER_SEEN")
    assert explain(Fault(code="XSD-NEVER_SEEN", source="a.xml")) == Explanation(
        where="a.xml",
        sentence="Une anomalie que le logiciel ne sait pas décrire a été trouvée "
        "(code XSD-NEVER_SEEN).",
        remedy="Transmettez ce code et le fichier à votre technicien.",
        ask=label.TECHNICIEN,
    )


def test_a_forgotten_value_is_an_ellipsis_for_the_agent():
    assert sentence(Fault(code="XML-SIZE")) == (
        "Le fichier pèse … Mo : il est trop gros pour être lu."
    )


def test_a_value_with_braces_is_shown_as_it_is():
    fault = Fault(code="XML-SYNTAX", params={"reason": "{x} {0}"})
    assert "(détail technique : {x} {0})" in sentence(fault)


def test_two_families_may_not_describe_the_same_code():
    family = {"XML-EMPTY": Label("Vide.")}
    with pytest.raises(ValueError, match="XML-EMPTY"):
        merge([family, {"XML-SIZE": Label("Gros.")}, family])


def test_every_element_that_has_a_meaning_is_in_a_schema():
    declared = {
        name
        for path in SCHEMAS.rglob("*.xsd")
        for name in re.findall(r'element name="([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert sorted(set(xsd.MEANINGS) - declared) == []


# ---------------------------------------------------------------------- how labels are written


def texts() -> Iterator[tuple[str, str]]:
    for code, item in LABELS.items():
        yield code, item.sentence
        if item.remedy:
            yield code, item.remedy


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", sorted(LABELS))
def test_a_label_has_a_code_and_formats_with_the_values_it_names(code):
    item = LABELS[code]
    assert CODE_PATTERN.match(code)
    assert item.ask in ASKED
    names = fields(item.sentence) | fields(item.remedy)
    assert all(name.isidentifier() for name in names)
    shown = (item.sentence + item.remedy).format_map(dict.fromkeys(names, "x"))
    assert not re.search(r"[{}]", shown)


MISTAKES = {
    "does not end with a full stop": r"[^.?!…}]$",
    "begins with a small letter": r"^[a-zàâéèêëîïôöùûüç]",
    "has a space too many": r"^\s|\s$|\s{2}|\s[,)]|\s\.(\s|$)|\(\s",
    "has English quotes": r'"|“|”',
    "has three dots instead of an ellipsis": r"\.\.\.",
    "lacks a space before : ; ! ?": r"[^\s][;!?](\s|$)|[^\s\d]:(\s|$)",
    "lacks a space inside « »": r"«[^\s]|[^\s]»",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_french_typography(mistake):
    pattern = re.compile(MISTAKES[mistake])
    assert [(code, text) for code, text in texts() if pattern.search(text)] == []


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        ("does not end with a full stop", "Le fichier est vide"),
        ("begins with a small letter", "le fichier est vide."),
        ("has a space too many", "Le fichier  est vide."),
        ("has a space too many", "Le fichier est vide ."),
        ("has English quotes", 'Le fichier "a" est vide.'),
        ("has three dots instead of an ellipsis", "Le fichier..."),
        ("lacks a space before : ; ! ?", "Attention: il est vide."),
        ("lacks a space before : ; ! ?", "Est-il vide?"),
        ("lacks a space inside « »", "Le fichier «a» est vide."),
    ],
)
def test_each_mistake_of_typography_is_seen(mistake, text):
    assert re.search(MISTAKES[mistake], text)


# ------------------------------------------------------------------------- whom an agent asks

ASKED_BY_FAMILY: Mapping[str, set[str]] = {
    "ACT": {MAIRIE, EDITEUR, TDT, PREFECTURE, TECHNICIEN},
    "PES": {MAIRIE, EDITEUR, TDT, COMPTABLE},
    "XSD": {MAIRIE, EDITEUR, TECHNICIEN},
    "XML": {MAIRIE, EDITEUR},
    "SIG": {MAIRIE, EDITEUR, TDT, COMPTABLE, TECHNICIEN},
    "INT": {MAIRIE, EDITEUR, COMPTABLE, TECHNICIEN},
    "CON": {MAIRIE, TDT, TECHNICIEN},
    "QUE": {MAIRIE, TDT, PREFECTURE, TECHNICIEN},
    "PRV": {MAIRIE, TECHNICIEN},
    "PUB": {MAIRIE, EDITEUR, TECHNICIEN},
    "CFG": {TECHNICIEN},
    "SUP": {TDT, PREFECTURE, TECHNICIEN},
}
"""The technician only where the installation is concerned: nobody asks him about a PES."""
ABOUT_A_DOCUMENT = r"^XSD-(?!ARCHIVE|SET|SECOND_OPINION)"
SENT_TO = {
    COMPTABLE: "comptable",
    EDITEUR: "éditeur",
    PREFECTURE: "préfecture",
    TDT: "tiers de télétransmission",
    TECHNICIEN: "technicien",
}
SENDING = r"(?:auprès|avec|[Dd]emandez|[Tt]ransmettez|[Pp]révenez)[^.;,:]*{}"


def whom(remedy: str) -> set[str]:
    """Return those to whom a remedy sends the agent, in so many words."""
    return {ask for ask, word in SENT_TO.items() if re.search(SENDING.format(word), remedy)}


def wrongly_asked(labels: Mapping[str, Label]) -> list[str]:
    """Return the codes whose addressee is not one of their family, or not that of the remedy."""
    return [code for code, item in labels.items() if _is_wrongly_asked(code, item)]


def _is_wrongly_asked(code: str, item: Label) -> bool:
    family = code.partition("-")[0]
    if item.ask not in ASKED_BY_FAMILY[family]:
        return True
    if item.ask == TECHNICIEN and re.match(ABOUT_A_DOCUMENT, code):
        return True
    sent = whom(item.remedy) if family != "CFG" else set()  # only technicians read those
    return bool(sent) and item.ask not in sent


def test_every_label_says_what_to_do_and_whom_to_ask():
    assert [code for code, item in LABELS.items() if not item.remedy] == []
    assert wrongly_asked(LABELS) == []


@pytest.mark.parametrize(
    ("code", "item"),
    [
        ("PES-001", Label("Faux.", remedy="Corrigez.", ask="")),
        ("PES-001", Label("Faux.", remedy="Corrigez.", ask="le voisin")),
        ("PES-001", Label("Faux.", remedy="Corrigez.", ask=TECHNICIEN)),
        ("PES-001", Label("Faux.", remedy="Vérifiez ce code auprès du comptable.", ask=EDITEUR)),
        ("INT-DATE", Label("Faux.", remedy="Demandez à l'éditeur un export.", ask=MAIRIE)),
        ("XSD-VALUE", Label("Faux.", remedy="Corrigez.", ask=TECHNICIEN)),
        ("CON-KO", Label("Faux.", remedy="Corrigez.", ask=COMPTABLE)),
        ("QUE-DISK", Label("Faux.", remedy="Prévenez votre technicien.", ask=MAIRIE)),
    ],
)
def test_a_wrong_addressee_is_seen(code, item):
    assert wrongly_asked({code: item}) == [code]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("[Errno 111] Connection refused", "la connexion est refusée"),
        ("timed out", "la réponse n'est pas venue à temps"),
        ("something that nobody foresaw", "something that nobody foresaw"),
    ],
)
def test_what_the_system_says_is_told_in_french(reason: str, told: str) -> None:
    params = {"url": "https://tsa.invalid", "reason": reason}
    assert f"Détail technique : {told}." in sentence(Fault(code="CON-TSA_AWAY", params=params))
