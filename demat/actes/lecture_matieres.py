"""The matière of an act from the words of its objet (actes dossier §5.3), never more than a guess.

A word of action (subvention, emprunt, acquisition) weighs more than a theme (école, voirie): the
subvention of an école is a subvention.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from demat.actes.classification import Classification
from demat.actes.found import NOTHING, Confidence, Found
from demat.actes.lecture_text import Texte
from demat.actes.model import Matiere, format_matiere

__all__ = ["find_matiere"]

_ACTION, _SUBJECT, _THEME = 3, 2, 1
_REAL_ESTATE = (
    r"(?:parcelles?|terrains?|immeubles?|batiments?|biens?|proprietes?|maisons?|locaux|local"
    r"|emprises?|delaisses?|chemins?\s+ruraux?|chemin\s+rural|lots?|cadastre\w*|foncier\w*)"
)
_WORDS: tuple[tuple[str, int, str], ...] = (
    ("1.1", 3, r"marches?\s+(?:publics?|de\s+(?:travaux|services?|fournitures?)|a\s+procedure)"),
    ("1.1", 3, r"attribution\s+(?:du|des|d'un)\s+(?:marches?|lots?)|appel\s+d'offres|accord-cadre"),
    ("1.1", 3, r"avenants?\s+(?:n\W*\d+\s+)?(?:au|aux|du|des)\s+(?:\w+\s+){0,2}(?:marches?|lots?)"),
    ("1.1", 3, r"groupements?\s+de\s+commandes?"),
    ("1.1", 2, r"\bmarches?\s+(?!hebdo|de\s+(?:noel|plein)|forain|aux\s+puces)"),
    (
        "1.2",
        3,
        r"delegation\s+de\s+services?\s+publics?|concession\s+de\s+service|affermage|\bdsp\b",
    ),
    (
        "1.3",
        3,
        r"(?:convention\s+de\s+mandat|mandat\s+de\s+maitrise|maitrise\s+d'ouvrage\s+deleguee)",
    ),
    (
        "1.4",
        2,
        r"contrats?\s+(?:de\s+(?:maintenance|prestations?|services?|location\s+de\s+materiel"
        r"|fourniture|assurances?)|d'(?:assurances?|entretien))|convention\s+de\s+prestations?",
    ),
    ("1.5", 4, r"protocole\s+(?:d'accord\s+)?transactionnel|transaction\b"),
    ("1.6", 4, r"maitrise\s+d'oeuvre"),
    ("2.1", 3, r"plan\s+local\s+d'urbanisme|\bplui?(?:-?h)?\b|carte\s+communale|\bpadd\b|\bscot\b"),
    (
        "2.2",
        3,
        r"permis\s+de\s+(?:construire|demolir|amenager)|declaration\s+prealable"
        r"|certificat\s+d'urbanisme|non[- ]opposition|ravalement|lotissement",
    ),
    ("2.3", 4, r"droit\s+de\s+preemption|\bdpu\b|declarations?\s+d'intention\s+d'aliener|preempt"),
    ("3.1", 3, rf"(?:acquisitions?|acquerir|achat|achete\w*)\b.{{0,60}}\b{_REAL_ESTATE}"),
    ("3.2", 3, rf"(?:ventes?|cessions?|alienations?|ceder|vendre)\b.{{0,60}}\b{_REAL_ESTATE}"),
    ("3.2", 2, r"(?:vente|cession|reforme)\s+(?:d'un|du|de)\s+(?:vehicule|materiel|tracteur)"),
    (
        "3.3",
        3,
        r"\bbail\b|\bbaux\b|\bloyers?\b|mise\s+a\s+disposition\b.{0,40}\b(?:local|locaux|salle"
        r"|batiment|terrain|logement|bureau)",
    ),
    ("3.3", 3, r"location\b.{0,40}\b(?:logement|local|locaux|appartement|terrain|bureau|garage)"),
    ("3.5", 3, r"desaffectation|declassement|occupation\b.{0,20}\bdomaine\s+public|servitude"),
    ("3.5", 2, r"domaine\s+public|permission\s+de\s+voirie"),
    ("3.6", 3, r"domaine\s+prive|coupes?\s+de\s+bois|affouage|etat\s+d'assiette|\bonf\b"),
    (
        "4.1",
        3,
        r"tableau\s+des\s+(?:effectifs|emplois)|emplois?\s+permanents?|avancement|titularisation"
        r"|nomination|stagiaire|echelon|(?:creation|suppression)\s+(?:d'un|de)\s+(?:postes?|emplois?)"
        r"|mise\s+en\s+disponibilite|detachement|compte\s+epargne|conge\s+de|temps\s+partiel|1607",
    ),
    (
        "4.2",
        4,
        r"contractuel\w*|non\s+titulaires?|accroissement\s+(?:temporaire|saisonnier)"
        r"|saisonniers?|vacataires?|apprenti\w*|duree\s+determinee|agents?\s+recenseurs?",
    ),
    (
        "4.5",
        4,
        r"rifseep|regime\s+indemnitaire|\bifse\b|\bcia\b|heures\s+supplementaires"
        r"|indemnites?\s+(?:horaires?|d'astreinte)|prime\b|bonification\s+indiciaire",
    ),
    ("4.1", 2, r"\bagents?\b|medecine\s+preventive|personnel\s+communal|\bposte\b"),
    (
        "5.1",
        4,
        r"elections?\s+(?:du|de\s+la|d'un|des)\s+(?:maire|adjoint|president|vice|bureau)"
        r"|installation\s+du\s+conseil|nombre\s+d'adjoints",
    ),
    (
        "5.2",
        3,
        r"reglement\s+interieur\s+du\s+conseil|(?:approbation|adoption)\s+du\s+(?:proces|compte"
        r"\s+rendu|pv)|commissions?\s+(?:municipales?|communales?)",
    ),
    (
        "5.3",
        4,
        r"designations?\s+(?:d'un|d'une|de|des|du)\b.{0,30}\b(?:represent\w*|delegu\w*|membres?"
        r"|referents?|correspondants?|titulaires?)|(?:representants?|delegues?)\s+(?:de\s+la\s+commune"
        r"|du\s+conseil|aupres|au\s+sein)",
    ),
    ("5.5", 4, r"delegations?\s+de\s+signature"),
    (
        "5.4",
        3,
        r"delegations?\s+(?:de\s+fonctions?|d'attributions?|consenties?|au\s+maire|du\s+conseil"
        r"|accordees?|a\s+un\s+adjoint)",
    ),
    (
        "5.6",
        4,
        r"indemnites?\s+de\s+fonctions?|indemnites?\s+des\s+elus|formation\s+des\s+elus"
        r"|protection\s+fonctionnelle|mandat\s+special",
    ),
    (
        "5.7",
        3,
        r"transferts?\s+de\s+(?:la\s+)?competences?|\bclect\b|modification\s+(?:des|de\s+ses)\s+statuts"
        r"|statuts\s+d[ue]|(?:adhesion|retrait)\b.{0,40}\b(?:syndicat|communaute)",
    ),
    ("5.7", 1, r"communaute\s+(?:de\s+communes|d'agglomeration)|syndicat|intercommunal\w*"),
    (
        "5.8",
        4,
        r"ester\s+en\s+justice|defen(?:dre|se)\s+.{0,30}(?:commune|tribunal)|tribunal\s+admin",
    ),
    (
        "6.1",
        2,
        r"circulation|stationnement|\bbruits?\b|baignade|debits?\s+de\s+boissons?|police\b"
        r"|divagation|\bchiens?\b|perils?\b|limitation\s+de\s+vitesse|mise\s+en\s+securite|interdi\w+|arrete\s+permanent",
    ),
    ("6.4", 1, r"reglement\w*\s+(?:du\s+cimetiere|de\s+la\s+salle|interieur)"),
    (
        "7.1",
        3,
        r"budgets?\s+(?:primitifs?|supplementaires?|annexes?)|decisions?\s+modificatives?"
        r"|comptes?\s+(?:administratifs?|de\s+gestion|financiers?)|affectation\s+d[ue]s?\s+resultats?"
        r"|virements?\s+de\s+credits?|(?:ouverture|inscription)\w*\s+.{0,20}credits?"
        r"|orientations?\s+budgetaires?|amortissements?|provisions?\s+pour|fongibilite"
        r"|vote\s+du\s+budget|reglement\s+budgetaire|autorisations?\s+de\s+programme",
    ),
    (
        "7.2",
        3,
        r"taux\s+(?:d'imposition|de\s+(?:fiscalite|la\s+taxe)|des\s+(?:taxes|impots))"
        r"|\btaxes?\b|fiscalite|impots?\b|exoneration",
    ),
    ("7.3", 3, r"emprunts?\b|ligne\s+de\s+tresorerie|\bprets?\s+(?:de|aupres|n)|renegociation"),
    ("7.4", 3, r"aides?\s+(?:economiques?|a\s+l'immobilier|aux\s+entreprises)"),
    (
        "7.5",
        3,
        r"subventions?|\bdetr\b|\bdsil\b|fonds\s+vert|plan\s+de\s+financement"
        r"|demande\s+(?:de\s+)?(?:financement|d'aide|de\s+concours)",
    ),
    (
        "7.6",
        3,
        r"contributions?\s+(?:budgetaires?|au\b|aux\b|communale)|contingent|participations?\s+"
        r"(?:au|aux|a\s+la|a\s+l')\s*.{0,20}(?:syndicat|sdis|fonctionnement|charges)",
    ),
    ("7.7", 3, r"avances?\s+(?:remboursable|de\s+tresorerie)"),
    ("7.8", 4, r"fonds\s+de\s+concours"),
    (
        "7.9",
        3,
        r"prise\s+de\s+participation|capital\s+(?:de\s+la|d'une|social)|\bspl\b|souscription",
    ),
    (
        "7.10",
        3,
        r"tarif\w*|redevances?|non[- ]valeurs?|creances?|regies?\s+(?:de|d')|remise\s+gracieuse"
        r"|droits?\s+de\s+place|\bdons?\b|\blegs\b|prix\s+(?:d[ue]s?\b|de\s+l)|participation\s+des\s+familles"
        r"|frais\s+de\s+(?:scolarite|ecolage)|cautions?\b|fetes\s+et\s+ceremonies|remboursement",
    ),
    ("8.1", 1, r"ecoles?|scolaires?|enseignement|cantine|periscolaires?|\brpi\b"),
    (
        "8.2",
        1,
        r"aide\s+sociale|secours\s+exceptionnels?|\bccas\b|action\s+sociale|creches?|petite\s+enfance|personnes\s+agees",
    ),
    (
        "8.3",
        1,
        r"voirie|voies?\s+(?:communales?|publiques?)|\brues?\b|eclairage|adressage|trottoirs?",
    ),
    ("8.4", 1, r"amenagement\s+du\s+territoire|\bzac\b|effacement|enfouissement"),
    (
        "8.5",
        1,
        r"logements?\s+sociaux|logement\s+social|habitat\b|politique\s+de\s+la\s+ville|\bopah\b",
    ),
    ("8.6", 1, r"formation\s+professionnelle|insertion"),
    ("8.7", 1, r"transports?\b|mobilites?\b"),
    (
        "8.8",
        1,
        r"environnement|assainissement|eau\s+potable|dechets?|ordures|\bspanc\b|energi\w+"
        r"|biodiversite|\brpqs\b|qualite\s+du\s+service|photovoltaique|forets?\b",
    ),
    ("8.9", 1, r"cultur\w+|bibliotheque|mediatheque|musees?\b|festival|spectacles?|patrimoine"),
    ("9.1", 1, r"jumelage|recensement|cimetiere|\bsports?\b|associations?\b"),
    ("9.4", 4, r"\bvoeux?\b|\bmotions?\b"),
)
_PATTERNS = tuple((code, weight, re.compile(rf"\b(?:{words})")) for code, weight, words in _WORDS)
_CHOICES = 6
"""Sub-matières that a note names one by one."""


@dataclass(frozen=True, slots=True)
class _Hit:
    code: str
    weight: int
    start: int
    end: int


def find_matiere(texte: Texte, objet: str, classification: Classification) -> Found:
    """Return the matière of the national list that the words suggest, when the préfecture knows it.

    :param objet: what the act says that it is about; without it the whole text is searched.
    """
    about = Texte.of(objet)
    hits = _hits(about)
    weak = not hits
    if weak:
        about = texte
        hits = [hit for hit in _hits(about) if hit.weight > _THEME]
    if not hits:
        return NOTHING
    best = min(hits, key=lambda hit: (-hit.weight, hit.start))
    rivals = {hit.code for hit in hits if hit.weight == best.weight} - {best.code}
    sure = best.weight >= _ACTION and not rivals and not weak
    words = about.words(best.start, best.end)
    return _known(best.code, words, sure, rivals, classification)


def _hits(texte: Texte) -> list[_Hit]:
    return [
        _Hit(code, weight, found.start(), found.end())
        for code, weight, pattern in _PATTERNS
        if (found := pattern.search(texte.plain))
    ]


def _known(
    code: str, words: str, sure: bool, rivals: set[str], classification: Classification
) -> Found:
    """Give a code that the préfecture knows, with what it knows besides."""
    matiere = _matiere(code)
    if not classification.knows(matiere):
        note = f"Ces mots font penser à {code}, que la nomenclature de votre préfecture n'a pas."
        return Found(words=words, note=note)
    children = classification.children(matiere)
    notes = [*_deeper(children, classification), *_others(rivals, classification)]
    confidence = Confidence.LIKELY if sure and not children else Confidence.GUESS
    return Found(value=code, confidence=confidence, words=words, note=" ".join(notes))


def _matiere(code: str) -> Matiere:
    return tuple(map(int, code.split(".")))


def _deeper(children: tuple[Matiere, ...], classification: Classification) -> Iterator[str]:
    if children:
        named = (f"{format_matiere(one)} {classification.matieres[one]}" for one in children)
        listed = " ; ".join([*named][:_CHOICES]) + (" …" if len(children) > _CHOICES else "")
        yield f"La nomenclature de votre préfecture est plus détaillée : {listed}."


def _others(rivals: set[str], classification: Classification) -> Iterator[str]:
    known = sorted(code for code in map(_matiere, rivals) if classification.knows(code))
    if known:
        listed = " ; ".join(
            f"{format_matiere(one)} {classification.matieres[one]}" for one in known
        )
        yield f"Aussi possible : {listed}."
