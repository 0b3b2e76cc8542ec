"""The sentences of S²LOW (connectors dossier §1.4.2, §1.9.1)."""

import pytest

from demat.connectors.s2low_answers import parse_verdict
from demat.connectors.s2low_ko import Ko, KoKind, decode


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("La taille totale des fichiers est sup\xe9rieure", "CON-SIZE", "permanent"),
        # the apostrophe arrives as an entity
        ("Le nombre d&#039;annexes d\xe9passe 50", "CON-ANNEXES", "permanent"),
        ("\xc9chec de l&#039;authentification", "CON-AUTHENTICATION", "authentication"),
        ("Acc\xe8s refus\xe9", "CON-RIGHTS", "account"),
        ("Erreur d'initialisation du module", "CON-MODULE", "transient"),
        ("Erreur lors de l'initialisation du module", "CON-MODULE", "transient"),
        ("Mode &laquo;&nbsp;papier&nbsp;&raquo; activ\xe9", "CON-PAPER_MODE", "account"),
        ("Mode \xab papier \xbb activ\xe9", "CON-PAPER_MODE", "account"),
        ("Il faut un certificat RGS", "CON-NOT_RGS", "account"),
        ("Le certificat n&#039;est pas RGS", "CON-NOT_RGS", "account"),
        ("Le num\xe9ro n&#039;est pas correct", "CON-NUMBER", "permanent"),
        ("Vous avez saisi une date dans le futur", "CON-FUTURE_DATE", "permanent"),
        (
            "Un acte portant le m\xeame num\xe9ro interne existe d\xe9j\xe0",
            "CON-DUPLICATE_NUMBER",
            "duplicate",
        ),
        (
            "Une transaction avec le m\xeame num\xe9ro existe d\xe9j\xe0",
            "CON-DUPLICATE_NUMBER",
            "duplicate",
        ),
        ("Aucun fichier acte", "CON-NO_DOCUMENT", "permanent"),
        ("Le fichier a.pdf a une typologie absente", "CON-TYPOLOGY", "permanent"),
        ("La typologie doit faire 5 caract\xe8res", "CON-TYPOLOGY", "permanent"),
        (
            "Les deux premiers niveaux de classification sont obligatoires",
            "CON-CLASSIFICATION",
            "permanent",
        ),
        ("Type MIME incorrect : a.pdf", "CON-FILE_TYPE", "permanent"),
        ("Le fichier a.pdf n&#039;est pas un PDF", "CON-FILE_TYPE", "permanent"),
        ("La transaction n&#039;est pas en \xe9tat", "CON-CANCEL_STATE", "permanent"),
        ("Une annulation est d\xe9j\xe0 en cours", "CON-CANCEL_ASKED", "duplicate"),
        ("Un courrier ne peut pas \xeatre annul\xe9", "CON-CANCEL_KIND", "permanent"),
        ("Demande de moins d'un jour", "CON-CLASSIFICATION_DAILY", "permanent"),
        ("Pas de derni\xe8re classification", "CON-NO_CLASSIFICATION", "permanent"),
        ("Num\xe9ro de transaction invalide", "CON-UNKNOWN_REFERENCE", "unknown_reference"),
        ("Pas de num\xe9ro de transaction", "CON-UNKNOWN_REFERENCE", "unknown_reference"),
        ("Enveloppe invalide", "CON-UNKNOWN_REFERENCE", "unknown_reference"),
        ("Erreur consultation statut", "CON-MODULE", "transient"),
        ("Aucune enveloppe trouv\xe9e", "CON-NO_FILE", "permanent"),
        ("Erreur lors du t\xe9l\xe9chargement : 7", "CON-UPLOAD", "transient"),
        ("Taille sup\xe9rieure \xe0 la limite", "CON-SIZE", "permanent"),
        ("Le fichier est vide (0 octet)", "CON-EMPTY_FILE", "permanent"),
        ("doublon d\xe9tect\xe9", "CON-DUPLICATE_PES", "duplicate"),
        ("Une phrase jamais lue", "CON-KO", "permanent"),
        ("", "CON-KO", "permanent"),
    ],
)
def test_each_refusal_has_its_class(words, code, kind):
    found = parse_verdict(b"KO\n" + words.encode("latin-1") + b"\n")
    assert isinstance(found, Ko)
    assert (found.code, found.kind) == (code, KoKind(kind))
    assert found.message == decode(words.encode("latin-1"))
    assert found.fault.params == {"message": found.message or "KO"}
    # some scripts answer in UTF-8 instead
    assert parse_verdict(b"KO\n" + words.encode("utf-8")) == found
