"""The papers of an acknowledged act, read back from the PDF (actes dossier §1.4, §9.4)."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pikepdf
import pypdfium2
import pytest

from demat.actes.delais import Evenement, ModePublicite, Publicite, TypeEvenement
from demat.actes.lifecycle import EtatActe
from demat.actes.natures import NatureActe
from demat.clock import FixedClock
from demat.engine.acte_papers import (
    EtapePapier,
    FichierPapier,
    PapierActe,
    Signataire,
    bordereau_acquittement,
    certificat_executoire,
)
from demat.faults import FaultError
from demat.labels_fr.catalogue import sentence

CLOCK = FixedClock(datetime(2024, 4, 2, 22, 30, tzinfo=UTC))
"""The 3rd of April in Paris."""
ID = "099-000000000-20240314-2024_012-DE"
MAIRE = Signataire(nom="Dominique Lenoir", ville="Saint-Exemple-lès-Fiction")
NOTIFICATION = ModePublicite.NOTIFICATION
ACTE = PapierActe(
    collectivite="Commune de Saint-Exemple-lès-Fiction",
    siren="000000000",
    agent="Camille Dupré",
    operateur="S²LOW",
    nature=NatureActe.DELIBERATION,
    numero="2024_012",
    date_decision=date(2024, 3, 14),
    objet="Tarifs 2024 de la salle des fêtes",
    matiere=(7, 10),
    matiere_libelle="Finances locales / Divers",
    document_papier=False,
    id_acte=ID,
    etat=EtatActe.ACQUITTE,
    envoye=datetime(2024, 3, 14, 23, 30, tzinfo=UTC),
    recu=date(2024, 3, 16),
    publicite=Publicite(date=date(2024, 3, 18), mode=ModePublicite.MISE_EN_LIGNE),
    fichiers=(
        FichierPapier(
            type_pj="99_DE",
            type_libelle="Délibération",
            nom="délibération 12.pdf",
            nom_protocole="99_DE_1.pdf",
            format="pdf",
            taille=123_456,
        ),
        FichierPapier(
            type_pj="",
            type_libelle="",
            nom="plan.PNG",
            nom_protocole="99_DE_2.png",
            format="png",
            taille=2_345_678,
        ),
    ),
    cycle=(
        EtapePapier(instant=datetime(2024, 3, 14, 23, 30, tzinfo=UTC), etat="Transmis"),
        EtapePapier(
            instant=datetime(2024, 4, 2, 8, 5, tzinfo=UTC),
            etat="Acquitté",
            message="Reçu par la préfecture.",
        ),
    ),
)


def acte(**changes: object) -> PapierActe:
    return replace(ACTE, **changes)  # type: ignore[arg-type]  # the names are the caller's


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page, on one line; fails when qpdf finds a fault in the file."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert list(document.check_pdf_syntax()) == []
    document = pypdfium2.PdfDocument(pdf)
    try:
        texts = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return [" ".join(text.split()) for text in texts]


def bordereau(**changes: object) -> str:
    return " ".join(pages(bordereau_acquittement(acte(**changes), CLOCK)))


def certificat(signataire: Signataire = MAIRE, **changes: object) -> str:
    return " ".join(pages(certificat_executoire(acte(**changes), signataire, CLOCK)))


def publie(day: date, mode: ModePublicite = ModePublicite.MISE_EN_LIGNE) -> Publicite:
    return Publicite(date=day, mode=mode)


# -------------------------------------------------------------------------------- the bordereau


def test_the_whole_bordereau() -> None:
    assert bordereau() == (
        "Commune de Saint-Exemple-lès-Fiction "
        f"Acte n° 2024_012 – {ID} "
        "Bordereau d'acquittement "
        "La préfecture a reçu cet acte le 16/03/2024. "
        "L'acte "
        "Collectivité Commune de Saint-Exemple-lès-Fiction (SIREN 000000000) "
        "Déposé par Camille Dupré "
        "Transmis par S²LOW "
        "Nature Délibération "
        "Numéro 2024_012 "
        "Date de la décision 14/03/2024 "
        "Objet Tarifs 2024 de la salle des fêtes "
        "Matière 7.10 Finances locales / Divers "
        "Complément sur papier Non "
        f"Identifiant de l'acte {ID} "
        "Envoyé en préfecture le 15/03/2024 à 00 h 30 "
        "Reçu en préfecture le 16/03/2024 "
        "Publicité Mis en ligne le 18/03/2024 "
        "Dates à retenir "
        "Exécutoire depuis le 18/03/2024 "
        "Déféré : le préfet peut saisir le tribunal jusqu'au 16/05/2024 "
        "Recours : une personne concernée peut saisir le tribunal jusqu'au 18/05/2024 "
        "Ces dates sont données à titre indicatif : le jour exact de la fin d'un délai dépend de "
        "règles de calcul (jour non compté, dimanche ou jour férié) que ce document ne tranche "
        "pas. "
        "Fichiers transmis (2) "
        "Type Nom d'origine Nom transmis Format Taille "
        "99_DE Délibération délibération 12.pdf 99_DE_1.pdf PDF 123 Ko "
        "- plan.PNG 99_DE_2.png PNG 2,3 Mo "
        "Suivi de la transmission "
        "Date (heure de Paris) État Message "
        "15/03/2024 à 00 h 30 Transmis "
        "02/04/2024 à 10 h 05 Acquitté Reçu par la préfecture. "
        "Établi le 03/04/2024 à 00 h 30 "
        "Page 1 sur 1"
    )


@pytest.mark.parametrize(
    ("etat", "recu", "said"),
    [
        (EtatActe.ACQUITTE, date(2024, 3, 16), "La préfecture a reçu cet acte le 16/03/2024."),
        (
            EtatActe.ANNULATION_DEMANDEE,
            date(2024, 3, 16),
            "La préfecture a reçu cet acte le 16/03/2024. Son annulation est demandée.",
        ),
        (
            EtatActe.ANNULE,
            date(2024, 3, 16),
            "La transmission de cet acte a été annulée.",
        ),
        (EtatActe.EN_ANOMALIE, None, "Cet acte a été refusé : il n'est pas transmis."),
        (
            EtatActe.TRANSMIS,
            None,
            "La préfecture n'a pas encore accusé réception de cet acte.",
        ),
    ],
)
def test_the_state_comes_first(etat: EtatActe, recu: date | None, said: str) -> None:
    text = bordereau(etat=etat, recu=recu)
    assert f"Bordereau d'acquittement {said} L'acte" in text
    assert ("Dates à retenir" in text) == etat.acknowledged


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"publicite": None}, "Publicité Date inconnue"),
        ({"publicite": None}, "Pas encore : la date de publicité n'est pas connue"),
        ({"publicite": None}, "jusqu'au Pas encore de date : elle dépend de la publicité"),
        ({"recu": None}, "Exécutoire depuis le Pas encore : la préfecture n'a pas accusé"),
        ({"recu": None}, "Reçu en préfecture le Pas encore"),
        (
            {"nature": NatureActe.INDIVIDUEL},
            "Pas encore : un acte de cette nature demande une autre publicité",
        ),
        (
            {"nature": NatureActe.BUDGETAIRE},
            "Contrôle du budget par la préfecture jusqu'au 16/04/2024",
        ),
        ({"document_papier": True}, "papier Oui : une partie du dossier suit sur papier"),
        ({"publicite": publie(date(2024, 3, 18), ModePublicite.PAPIER)}, "Publié sur papier le"),
        ({"publicite": publie(date(2024, 3, 18), ModePublicite.AFFICHAGE)}, "Affiché le 18/03"),
        ({"publicite": publie(date(2024, 3, 18), NOTIFICATION)}, "Notifié le 18/03/2024"),
        ({"fichiers": (), "cycle": ()}, "Format Taille - - - - - Suivi"),
        (
            {
                "evenements": (
                    Evenement(kind=TypeEvenement.LETTRE_OBSERVATIONS, date=date(2024, 4, 10)),
                    Evenement(kind=TypeEvenement.REPONSE_OBSERVATIONS, date=date(2024, 4, 30)),
                )
            },
            "le préfet peut saisir le tribunal jusqu'au 30/06/2024",
        ),
    ],
)
def test_what_the_bordereau_says_of(changes: dict[str, object], said: str) -> None:
    assert said in bordereau(**changes)


def test_only_the_state_and_the_headings_are_tinted() -> None:
    document = pypdfium2.PdfDocument(bordereau_acquittement(ACTE, CLOCK))
    try:
        image = document[0].render(scale=1).to_pil().convert("RGB")
    finally:
        document.close()
    tinted = sum(count for count, colour in image.getcolors(1 << 24) if colour == (238, 241, 250))
    assert 0.02 < tinted / (image.width * image.height) < 0.08


def test_an_acte_that_is_no_budget_has_no_controle_budgetaire() -> None:
    assert "Contrôle du budget" not in bordereau()


def test_long_texts_wrap_and_nothing_is_lost() -> None:
    objet = " ".join(f"mot{rank}" for rank in range(70))
    name = "".join(f"{rank:03}-" for rank in range(60)) + ".pdf"
    message = " ".join(f"phrase{rank}" for rank in range(300))
    many = [
        replace(ACTE.fichiers[0], nom=name, nom_protocole=f"99_DE_{rank}.pdf") for rank in range(60)
    ]
    step = EtapePapier(instant=ACTE.envoye, etat="Acquitté", message=message)
    found = pages(
        bordereau_acquittement(acte(objet=objet, fichiers=tuple(many), cycle=(step,) * 3), CLOCK)
    )
    text = " ".join(found)
    assert f"Objet {objet}" in text
    assert text.replace(" ", "").count(name) == 60
    assert all(f"99_DE_{rank}.pdf" in text for rank in range(60))
    assert [text.count(f"phrase{rank} ") for rank in (0, 150, 298)] == [3, 3, 3]
    assert len(found) > 5
    for rank, page in enumerate(found, start=1):
        assert page.startswith(f"Commune de Saint-Exemple-lès-Fiction Acte n° 2024_012 – {ID}")
        assert page.endswith(f"Établi le 03/04/2024 à 00 h 30 Page {rank} sur {len(found)}")
    assert any(
        "2024_012-DE Type Nom d'origine Nom transmis Format Taille" in page for page in found[1:]
    )


@pytest.mark.parametrize("letter", ["W", "m ", "界"])
def test_no_text_is_too_large_for_a_page(letter: str) -> None:
    flood = letter * 4100
    huge = FichierPapier(
        type_pj=flood, type_libelle=flood, nom=flood, nom_protocole=flood, format=flood, taille=1
    )
    found = pages(
        bordereau_acquittement(
            acte(
                collectivite=flood,
                agent=flood,
                numero=flood,
                objet=flood,
                matiere_libelle=flood,
                id_acte=flood,
                fichiers=(huge,),
                cycle=(EtapePapier(instant=ACTE.envoye, etat=flood, message=flood),),
            ),
            CLOCK,
        )
    )
    assert found[-1].endswith(f"Page {len(found)} sur {len(found)}")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("cœur – 50 € « l’été »…", "cœur – 50 € « l’été »…"),  # windows-1252 holds them
        ("e\u0301te\u0301", "été"),  # names of files made on another system
        ("a\u2011b Łódź", "a-b ?ódz"),
        ("\u200bà\ufeff la\tligne\nsuivante\x00", "à la ligne suivante"),
        ("1\u202f500\u2003euros", "1 500 euros"),
        ("界\U0001f600", "??"),
    ],
)
def test_what_the_fonts_do_not_hold_is_replaced(given: str, written: str) -> None:
    assert f"Objet {written} Matière" in bordereau(objet=given)


def test_markup_is_text() -> None:
    assert "Objet **gras** <b>x</b> {nb} Matière" in bordereau(objet="**gras** <b>x</b> {nb}")
    assert "Objet { } Matière" in bordereau(objet="{  }")


@pytest.mark.parametrize("make", [bordereau_acquittement, None])
def test_the_file_says_what_it_is_and_is_the_same_each_time(make: object) -> None:
    def write(clock: FixedClock) -> bytes:
        if make is None:
            return certificat_executoire(ACTE, MAIRE, clock)
        return bordereau_acquittement(ACTE, clock)

    content = write(CLOCK)
    assert write(CLOCK) == content
    assert write(FixedClock(datetime(2024, 4, 2, 22, 31, tzinfo=UTC))) != content
    with pikepdf.open(io.BytesIO(content)) as pdf:
        info = pdf.docinfo
        assert str(pdf.Root.Lang) == "fr-FR"
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        assert str(info["/Title"]).endswith("de l'acte n° 2024_012")
        assert str(info["/Author"]) == "Commune de Saint-Exemple-lès-Fiction"
        assert str(info["/CreationDate"]).startswith("D:20240402223000")
        assert str(info["/Producer"]) == "demat"
        width, height = (float(value) for value in list(pdf.pages[0].MediaBox)[2:])
        assert (width, height) == pytest.approx((595.28, 841.89), abs=0.1)


# ------------------------------------------------------------------------------- the certificat


def test_the_whole_certificat() -> None:
    assert certificat() == (
        "Commune de Saint-Exemple-lès-Fiction "
        f"Acte n° 2024_012 – {ID} "
        "Certificat de caractère exécutoire "
        "Le maire certifie sous sa responsabilité le caractère exécutoire de l'acte n° 2024_012 du "
        "14/03/2024, transmis à la préfecture le 15/03/2024, reçu en préfecture le 16/03/2024 et "
        "mis en ligne le 18/03/2024. "
        "Cet acte est exécutoire depuis le 18/03/2024. "
        "Collectivité Commune de Saint-Exemple-lès-Fiction (SIREN 000000000) "
        "Nature Délibération "
        "Numéro 2024_012 "
        "Date de la décision 14/03/2024 "
        "Objet Tarifs 2024 de la salle des fêtes "
        f"Identifiant de l'acte {ID} "
        "Fait à Saint-Exemple-lès-Fiction, le .................................. "
        "Le maire, Dominique Lenoir "
        "Signature et cachet "
        "Établi le 03/04/2024 à 00 h 30 "
        "Page 1 sur 1"
    )


def test_who_signs_may_be_left_to_write() -> None:
    text = certificat(Signataire(qualite="Présidente", article="La"))
    assert "La présidente certifie sous sa responsabilité" in text
    assert f"Fait à {'.' * 40}, le {'.' * 34} La présidente Signature et cachet" in text


def test_an_individual_decision_is_certified_once_notified() -> None:
    notified = publie(date(2024, 3, 20), NOTIFICATION)
    text = certificat(nature=NatureActe.INDIVIDUEL, publicite=notified)
    assert "et notifié le 20/03/2024. Cet acte est exécutoire depuis le 20/03/2024." in text


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"recu": None, "etat": EtatActe.TRANSMIS}, ["ACT-CERTIFICAT_AR"]),
        ({"recu": None}, ["ACT-CERTIFICAT_AR"]),
        ({"etat": EtatActe.EN_ANOMALIE}, ["ACT-CERTIFICAT_AR"]),
        ({"publicite": None}, ["ACT-CERTIFICAT_PUBLICITE"]),
        (
            {"publicite": None, "recu": None},
            ["ACT-CERTIFICAT_AR", "ACT-CERTIFICAT_PUBLICITE"],
        ),
        ({"nature": NatureActe.INDIVIDUEL}, ["ACT-CERTIFICAT_MODE"]),
        ({"publicite": publie(date(2024, 4, 4))}, ["ACT-CERTIFICAT_FUTUR"]),
        ({"recu": date(2024, 4, 4)}, ["ACT-CERTIFICAT_FUTUR"]),
        ({"etat": EtatActe.ANNULE}, ["ACT-CERTIFICAT_ANNULE"]),
        ({"etat": EtatActe.ANNULATION_DEMANDEE}, ["ACT-CERTIFICAT_ANNULE"]),
    ],
)
def test_no_certificat_without(changes: dict[str, object], codes: list[str]) -> None:
    with pytest.raises(FaultError) as caught:
        certificat_executoire(acte(**changes), MAIRE, CLOCK)
    assert list(caught.value.faults.codes) == codes
    for fault in caught.value.faults:
        assert "2024_012" in sentence(fault)
        assert "…" not in sentence(fault)


def test_the_day_of_the_publicity_is_enough() -> None:
    assert "depuis le 03/04/2024" in certificat(publicite=publie(date(2024, 4, 3)))
