"""The configuration file: everything that is wrong is told at once, in French, with its path."""

from pathlib import Path

import pytest

from demat.config import Config, load_config
from demat.faults import FaultError
from demat.labels_fr.catalogue import explain

GOOD = """\
donnees = "donnees"

[[collectivites]]
nom = "Commune de Saint-Exemple-lès-Fiction"
siren = "000000000"
siret = "21990123800010"
dossier = "mairie"
departement = "099"
arrondissement = "1"
adresses_retour = ["retour@tdt-fictif.fr"]
confiance = "confiance"

[collectivites.tdt]
type = "s2low"
url = "https://tdt.example"
certificat = "secrets/client.pem"
cle = "/etc/demat/client.key"
mot_de_passe = "secrets/client.passe"
"""
SECOND = """
[[collectivites]]
nom = "Syndicat des eaux de Fiction"
siren = "000000000"
siret = "21990123800010"
dossier = "eaux"
departement = "099"
arrondissement = "1"
adresses_retour = ["retour@tdt-fictif.fr"]

[collectivites.tdt]
type = "s2low"
url = "https://tdt.example"
certificat = "secrets/client.pem"
cle = "secrets/client.key"
"""


def _load(folder: Path, text: str) -> Config:
    path = folder / "demat.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def _told(folder: Path, text: str) -> list[str]:
    """Return what is read about a configuration that is refused."""
    with pytest.raises(FaultError) as caught:
        _load(folder, text)
    return [explain(fault).sentence for fault in caught.value.faults]


def test_paths_are_those_of_the_folder_of_the_file(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    item = config.collectivites[0]
    assert config.donnees == tmp_path / "donnees"
    assert item.dossier == tmp_path / "mairie"
    assert item.confiance == tmp_path / "confiance"
    assert item.tdt.certificat == tmp_path / "secrets/client.pem"
    assert item.tdt.mot_de_passe == tmp_path / "secrets/client.passe"
    assert item.tdt.cle == Path("/etc/demat/client.key")


def test_paths_do_not_depend_on_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demat.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "ailleurs").mkdir()
    monkeypatch.chdir(tmp_path / "ailleurs")
    assert load_config(Path("../demat.toml")).donnees == tmp_path / "donnees"


def test_what_is_not_said_has_a_value(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    assert (config.trigramme, config.application, config.nuit) == ("DMT", "TACT", "02:30")
    assert config.collectivites[0].nature == "31"
    assert config.collectivites[0].signataires == ()


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace('donnees = "donnees"', 'donnes = "donnees"\nnuit = "25:00"')
        .replace('nom = "Commune de Saint-Exemple-lès-Fiction"\n', "")
        .replace("https://tdt.example", "http://tdt.example")
    )
    assert sorted(_told(tmp_path, text)) == [
        "Le réglage « collectivites.0.nom » manque.",
        "Le réglage « collectivites.0.tdt.url » a une valeur qui ne convient pas "
        "(« http://tdt.example »).",
        "Le réglage « donnees » manque.",
        "Le réglage « donnes » n'existe pas.",
        "Le réglage « nuit » a une valeur qui ne convient pas (« 25:00 »).",
    ]


def test_every_fault_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, "")
    assert {fault.source for fault in caught.value.faults} == {"demat.toml"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'siren = "000000000"',
            'siren = "000000001"',
            "Le SIREN « 000000001 » est incorrect : 9 chiffres avec une clé juste sont attendus.",
        ),
        (
            'departement = "099"',
            'departement = "99"',
            "Le code de département « 99 » est incorrect.",
        ),
        (
            'siret = "21990123800010"',
            'siret = "219"',
            "Le réglage « collectivites.0.siret » a une valeur qui ne convient pas (« 219 »).",
        ),
        (
            "adresses_retour = [",
            "adresses_retour = []\nautres = [",
            "Le réglage « collectivites.0.autres » n'existe pas.",
        ),
        (
            'donnees = "donnees"',
            'donnees = "donnees"\nstabilite_secondes = 0',
            "Le réglage « stabilite_secondes » a une valeur qui ne convient pas (« 0 »).",
        ),
        (
            'donnees = "donnees"',
            'donnees = "donnees"\nenvoi_attente_secondes = 30000',
            "Le réglage « envoi_attente_secondes » a une valeur qui ne convient pas (« 30000 »).",
        ),
        (
            'donnees = "donnees"',
            'donnees = "donnees"\n[niveaux_pes]\n"PES-012" = "parfois"',
            "Le réglage « niveaux_pes.PES-012 » a une valeur qui ne convient pas (« parfois »).",
        ),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert sentence in _told(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize(
    "second", [SECOND, SECOND.replace("000000000", "219901238").replace("eaux", "mairie")]
)
def test_two_authorities_share_neither_number_nor_folder(tmp_path: Path, second: str) -> None:
    name = (
        "Syndicat des mairie de Fiction" if "mairie" in second else "Syndicat des eaux de Fiction"
    )
    assert _told(tmp_path, GOOD + second) == [
        f"La collectivité « {name} » a le même SIREN ou le même dossier qu'une autre."
    ]


def test_no_authority_at_all(tmp_path: Path) -> None:
    assert _told(tmp_path, 'donnees = "d"') == ["Le réglage « collectivites » manque."]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        load_config(tmp_path / "absent.toml")
    text = explain(next(iter(caught.value.faults)))
    assert text.sentence == f"Le fichier de configuration « {tmp_path}/absent.toml » n'existe pas."
    assert text.remedy.startswith("Lancez « demat init »")


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"donnees = ", "end of document"), (b'donnees = "\xe9"', "utf-8"), (b"\x00", "line 1")],
    ids=["cut", "latin-1", "zero"],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "demat.toml"
    path.write_bytes(content)
    with pytest.raises(FaultError) as caught:
        load_config(path)
    assert caught.value.faults.codes == ("CFG-UNREADABLE",)
    assert word in explain(next(iter(caught.value.faults))).sentence


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        load_config(tmp_path)
    assert caught.value.faults.codes == ("CFG-UNREADABLE",)


BUDGET = """
[[collectivites.budgets]]
libelle = "COMMUNE DE BELLOMBRE"
siret = "21990123800010"
id_post = "099012"
cod_col = "045"
cod_bud = "00"

[collectivites.budgets.asap]
signataire_nom = "TEMOIN"
signataire_prenom = "CLAIRE"
adresse2 = "1 PLACE DU PUITS"
cp = "99120"
ville = "BELLOMBRE"
ref_bdf = "099045"
talon = ["{emetteur:9} {poste}", "{an}{titre:8} {centimes:8}"]
centre_cp = "99999"
centre_ville = "FICTION CEDEX 9"
tresorerie_nom = "SGC DE BELLOMBRE"
tresorerie_adresse2 = "2 RUE DU TRESOR"
tresorerie_cp = "99120"
tresorerie_ville = "BELLOMBRE"
"""


def test_the_avis_of_a_budget_need_little_more_than_what_the_comptable_gives(
    tmp_path: Path,
) -> None:
    asap = _load(tmp_path, GOOD + BUDGET).collectivites[0].budgets[0].asap
    assert asap is not None
    assert (asap.signataire_qualite, asap.mode_recouvrement, asap.code_tipi) == (
        "Maire",
        "talon",
        "",
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'ref_bdf = "099045"',
            'ref_bdf = "099045"\ncode_tipi = "099045"',
            "Le paiement en ligne du budget « COMMUNE DE BELLOMBRE » est donné à moitié : "
            "« code_tipi » et « adresse_tipi » vont ensemble.",
        ),
        (
            'ref_bdf = "099045"',
            'ref_bdf = "099045"\nadresse_tipi = "https://paiement.exemple"',
            "Le paiement en ligne du budget « COMMUNE DE BELLOMBRE » est donné à moitié : "
            "« code_tipi » et « adresse_tipi » vont ensemble.",
        ),
        (
            'ref_bdf = "099045"',
            'ref_bdf = "099045"\nmode_recouvrement = "tip"',
            "Le mode de recouvrement « tip » du budget « COMMUNE DE BELLOMBRE » exige « ics », "
            "l'identifiant de créancier SEPA.",
        ),
        (
            "{an}{titre:8}",
            "{cle}",
            "Le réglage « collectivites.0.budgets.0.asap.talon.1 » a une valeur qui ne convient "
            "pas (« {cle} {centimes:8} »).",
        ),
        (
            'ref_bdf = "099045"\n',
            "",
            "Le réglage « collectivites.0.budgets.0.asap.ref_bdf » manque.",
        ),
    ],
)
def test_avis_that_could_not_be_written_are_told_at_start(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in BUDGET
    assert _told(tmp_path, GOOD + BUDGET.replace(old, new)) == [sentence]


def test_the_numbers_of_the_acts_have_a_pattern_or_none(tmp_path: Path) -> None:
    assert _load(tmp_path, GOOD).collectivites[0].numerotation is None
    text = GOOD.replace('departement = "099"', 'departement = "099"\nnumerotation = "{}"', 1)
    right = text.replace("{}", "{annee}_{rang:03d}")
    assert _load(tmp_path, right).collectivites[0].numerotation == "{annee}_{rang:03d}"
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, text.replace("{}", "{annee}-{rang}"))
    (fault,) = caught.value.faults
    assert fault.params["key"] == "collectivites.0.numerotation"
    assert "il donnerait « 2026-1 »" in explain(fault).remedy


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("x = 3\ny = 0\nlargeur = 150", []),
        ("x = 101", ["tampon.x"]),
        ("y = -1", ["tampon.y"]),
        ("largeur = 10", ["tampon.largeur"]),
        ("x = nan", ["tampon.x"]),
        ('coin = "milieu"', ["tampon.coin"]),
        ('pages = "paires"', ["tampon.pages"]),
    ],
)
def test_the_stamp_stays_within_the_page(line: str, sentences: list[str], tmp_path: Path) -> None:
    text = f"{GOOD}\n[collectivites.tampon]\n{line}\n"
    if not sentences:
        assert _load(tmp_path, text).collectivites[0].tampon.largeur == 150
        return
    (told,) = _told(tmp_path, text)
    assert f"Le réglage « collectivites.0.{sentences[0]} » a une valeur" in told


@pytest.mark.parametrize(
    "address", ["127.0.0.1:3310", "clamav.mairie.example:3310", "[::1]:3310", "/run/clamd.ctl"]
)
def test_where_the_antivirus_is(tmp_path: Path, address: str) -> None:
    text = GOOD.replace("[[", f'[antivirus]\nadresse = "{address}"\n\n[[', 1)
    config = _load(tmp_path, text)
    assert config.antivirus is not None
    assert (config.antivirus.adresse, config.antivirus.delai_secondes) == (address, 180.0)
    assert _load(tmp_path, GOOD).antivirus is None


@pytest.mark.parametrize("address", ["", "clamd", "clamd.ctl", "127.0.0.1", "http://x:3310/"])
def test_an_antivirus_that_is_nowhere(tmp_path: Path, address: str) -> None:
    text = GOOD.replace("[[", f'[antivirus]\nadresse = "{address}"\n\n[[', 1)
    (told,) = _told(tmp_path, text)
    assert "antivirus.adresse" in told
