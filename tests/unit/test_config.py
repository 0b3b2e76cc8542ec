"""The configuration file: everything that is wrong is told at once, in French, with its path."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from demat.compose import supervision_of
from demat.config import (
    ClePkcs12Config,
    Config,
    DelegationConfig,
    EchangeConfig,
    S2lowConfig,
    SignataireConfig,
    load_config,
)
from demat.engine.health import Limits
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
        (
            'donnees = "donnees"',
            'donnees = "donnees"\nrythme = { plages_muettes = ["22h-6h"] }',
            "Le réglage « rythme.plages_muettes.0 » a une valeur qui ne convient pas (« 22h-6h »).",
        ),
        (
            'donnees = "donnees"',
            'donnees = "donnees"\nrythme = { plages_muettes = ["lun-sam", "dim"] }',
            "Le réglage « rythme.plages_muettes » a une valeur qui ne convient pas "
            "(« ['lun-sam', 'dim'] »).",
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


TSA = '[horodatage]\nurl = "{url}"\nconfiance = "tsa"\n{more}\n\n[['


def test_where_the_time_stamps_come_from(tmp_path: Path) -> None:
    more = 'identifiant = "mairie"\nmot_de_passe = "secrets/tsa.passe"\npolitique = "1.2.250.1"'
    text = GOOD.replace("[[", TSA.format(url="https://tsa.exemple/tsp", more=more), 1)
    found = _load(tmp_path, text).horodatage
    assert found is not None
    assert (found.url, found.politique, found.delai_secondes) == (
        "https://tsa.exemple/tsp",
        "1.2.250.1",
        15.0,
    )
    assert (found.confiance, found.mot_de_passe) == (
        tmp_path / "tsa",
        tmp_path / "secrets/tsa.passe",
    )
    assert _load(tmp_path, GOOD).horodatage is None


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("ftp://tsa.exemple", "", "horodatage.url"),
        ("https://mairie:cle@tsa.exemple/", "", "horodatage.url"),
        ("https://tsa.exemple", 'politique = "un"', "horodatage.politique"),
        ("https://tsa.exemple", 'identifiant = "mairie"', "donné à moitié"),
        ("https://tsa.exemple", 'mot_de_passe = "x"', "donné à moitié"),
        (
            "http://tsa.exemple",
            'identifiant = "mairie"\nmot_de_passe = "x"',
            "partirait en clair",
        ),
    ],
)
def test_time_stamps_that_cannot_be(tmp_path: Path, url: str, more: str, words: str) -> None:
    (told,) = _told(tmp_path, GOOD.replace("[[", TSA.format(url=url, more=more), 1))
    assert words in told


SIGNATAIRE = """
[[collectivites.signataires]]
nom = "Claire Témoin"
ville = "BELLOMBRE"
code_postal = "99120"
budgets = ["045/00", "COMMUNE DE BELLOMBRE"]

[collectivites.signataires.delegation]
reference = "Arrêté n° 2026-14"
debut = 2026-04-02
fin = 2032-03-31
flux = ["recette"]
plafond = 0.10

[collectivites.signataires.cle]
type = "pkcs12"
fichier = "secrets/claire.p12"
"""
PLAIN = BUDGET.partition("[collectivites.budgets.asap]")[0]


def _signataire(folder: Path, text: str) -> SignataireConfig:
    (found,) = _load(folder, GOOD + PLAIN + text).collectivites[0].signataires
    return found


def test_a_signataire_as_declared(tmp_path: Path) -> None:
    found = _signataire(tmp_path, SIGNATAIRE)
    assert (found.qualite, found.pays, found.espace_de_noms) == ("Maire", "FRANCE", "v1.1.1")
    assert (found.sans_surveillance, found.politique) == (False, None)
    assert found.delegation == DelegationConfig(
        reference="Arrêté n° 2026-14",
        debut=date(2026, 4, 2),
        fin=date(2032, 3, 31),
        flux=frozenset({"recette"}),
        plafond=Decimal("0.10"),
    )
    assert found.cle == ClePkcs12Config(
        type="pkcs12", fichier=tmp_path / "secrets/claire.p12", secret="invite"
    )


def test_nothing_limits_whoever_has_no_delegation(tmp_path: Path) -> None:
    start, _, rest = SIGNATAIRE.partition("[collectivites.signataires.delegation]")
    text = start.replace('budgets = ["045/00", "COMMUNE DE BELLOMBRE"]', "")
    found = _signataire(tmp_path, text + rest[rest.index("[collectivites") :])
    assert (found.delegation, found.budgets) == (None, frozenset())


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("5000", "5000"),
        ("5000.5", "5000.5"),
        ("0.1", "0.1"),
        ('"5 000,00"', "5000.00"),
        ('"1234.56"', "1234.56"),
        ("1e3", "1E+3"),
    ],
)
def test_a_ceiling_is_an_exact_decimal(tmp_path: Path, written: str, amount: str) -> None:
    found = _signataire(tmp_path, SIGNATAIRE.replace("plafond = 0.10", f"plafond = {written}"))
    assert found.delegation is not None
    assert str(found.delegation.plafond) == amount


@pytest.mark.parametrize("written", ["0.001", "true", "nan", "inf", '"1,234"', '"beaucoup"', "[1]"])
def test_what_is_no_ceiling(tmp_path: Path, written: str) -> None:
    text = SIGNATAIRE.replace("plafond = 0.10", f"plafond = {written}")
    (told,) = _told(tmp_path, GOOD + PLAIN + text)
    assert "collectivites.0.signataires.0.delegation.plafond" in told


def test_a_ceiling_never_is_a_float(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        DelegationConfig.model_validate({"reference": "A", "plafond": 0.1})


@pytest.mark.parametrize(
    ("cle", "expected"),
    [
        (
            'type = "pem"\ncertificat = "c.pem"\ncle = "/k.pem"\nsecret = "trousseau:demat/claire"',
            {"certificat": "c.pem", "cle": "/k.pem", "secret": "trousseau:demat/claire"},
        ),
        (
            'type = "pkcs11"\nmodule = "/usr/lib/m.so"\nsecret = "pin"\njeton = "MAIRIE"',
            {"module": "/usr/lib/m.so", "secret": "pin", "jeton": "MAIRIE"},
        ),
        ('type = "pkcs12"\nfichier = "a.p12"\nsecret = "/s"', {"fichier": "a.p12", "secret": "/s"}),
    ],
)
def test_the_three_kinds_of_keys(tmp_path: Path, cle: str, expected: dict[str, str]) -> None:
    start = SIGNATAIRE.partition('type = "pkcs12"')[0]
    found = _signataire(tmp_path, start + cle).cle
    paths = ("certificat", "cle", "module", "fichier", "secret")
    wanted = {
        name: str(tmp_path / text) if name in paths and not text.startswith("trousseau") else text
        for name, text in expected.items()
    }
    assert {name: str(getattr(found, name)) for name in expected} == wanted


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            'type = "pkcs12"',
            'type = "carte"',
            [
                "Le réglage « collectivites.0.signataires.0.cle.type » a une valeur qui ne "
                "convient pas (« carte »)."
            ],
        ),
        (
            'type = "pkcs12"\n',
            "",
            ["Le réglage « collectivites.0.signataires.0.cle.type » manque."],
        ),
        (
            'fichier = "secrets/claire.p12"',
            'secret = "trousseau:demat"',
            [
                "Le réglage « collectivites.0.signataires.0.cle.secret » a une valeur qui ne "
                "convient pas (« trousseau:demat »).",
                "Le réglage « collectivites.0.signataires.0.cle.fichier » manque.",
            ],
        ),
        (
            'type = "pkcs12"',
            'type = "pkcs12"\nempreinte = "AB:CD"',
            [
                "Le réglage « collectivites.0.signataires.0.cle.empreinte » a une valeur qui ne "
                "convient pas (« AB:CD »)."
            ],
        ),
        (
            'flux = ["recette"]',
            "flux = []",
            [
                "Le réglage « collectivites.0.signataires.0.delegation.flux » a une valeur qui ne "
                "convient pas (« [] »)."
            ],
        ),
        (
            'reference = "Arrêté n° 2026-14"\n',
            "",
            ["Le réglage « collectivites.0.signataires.0.delegation.reference » manque."],
        ),
        (
            'code_postal = "99120"\nbudgets',
            'code_postal = "99120"\nsans_surveillance = true\nbudgets',
            [
                "Le signataire « Claire Témoin » de « Commune de Saint-Exemple-lès-Fiction » signe "
                "sans surveillance, mais son mot de passe est demandé à quelqu'un (secret vaut "
                "« invite »)."
            ],
        ),
        (
            '"045/00", "COMMUNE DE BELLOMBRE"',
            '"045/00", "045/02"',
            [
                "Le budget « 045/02 » du signataire « Claire Témoin » n'est pas un budget de "
                "« Commune de Saint-Exemple-lès-Fiction » (connus : 045/00, COMMUNE DE BELLOMBRE)."
            ],
        ),
        (
            "fin = 2032-03-31",
            "fin = 2026-04-01",
            [
                "La délégation du signataire « Claire Témoin » de « Commune de "
                "Saint-Exemple-lès-Fiction » finit le 01/04/2026, avant de commencer le 02/04/2026."
            ],
        ),
        (
            "plafond = 0.10",
            "plafond = 0",
            [
                "Le plafond de la délégation du signataire « Claire Témoin » de « Commune de "
                "Saint-Exemple-lès-Fiction » (0) n'est pas un montant positif."
            ],
        ),
    ],
)
def test_a_signataire_that_could_not_sign_is_told_at_start(
    tmp_path: Path, old: str, new: str, sentences: list[str]
) -> None:
    assert old in SIGNATAIRE
    assert _told(tmp_path, GOOD + PLAIN + SIGNATAIRE.replace(old, new)) == sentences


def test_a_delegation_may_last_one_day(tmp_path: Path) -> None:
    text = SIGNATAIRE.replace("fin = 2032-03-31", "fin = 2026-04-02")
    assert _signataire(tmp_path, text).delegation is not None


def test_two_signataires_do_not_share_a_name(tmp_path: Path) -> None:
    twice = SIGNATAIRE + SIGNATAIRE.replace("Claire Témoin", "CLAIRE TÉMOIN")
    assert _told(tmp_path, GOOD + PLAIN + twice) == [
        "Deux signataires de « Commune de Saint-Exemple-lès-Fiction » portent le même nom : "
        "« CLAIRE TÉMOIN »."
    ]


def test_the_table_of_before_says_how_it_is_written_now(tmp_path: Path) -> None:
    old = '\n[collectivites.signature]\ncertificat = "a.p12"\nmot_de_passe = "a.passe"\n'
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, GOOD + old)
    (fault,) = caught.value.faults
    text = explain(fault)
    assert text.sentence == (
        "La section [collectivites.signature] de « Commune de Saint-Exemple-lès-Fiction » n'existe "
        "plus : les signataires sont déclarés un par un."
    )
    for word in ("[[collectivites.signataires]]", "fichier", "secret", "pkcs12"):
        assert word in text.remedy
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, GOOD.replace("donnees", "donnes") + old)
    codes = {"CFG-SIGNATURE_TABLE", "CFG-UNKNOWN_KEY", "CFG-MISSING_KEY"}
    assert set(caught.value.faults.codes) == codes


@pytest.mark.parametrize(
    "base",
    [
        "postgresql+psycopg://demat:secret@base.example/demat",
        "postgresql+psycopg:///demat?host=base.example&user=demat&password=secret",
    ],
)
def test_a_password_in_the_address_of_the_database_is_refused(tmp_path: Path, base: str) -> None:
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, f'base = "{base}"\n{GOOD}')
    assert caught.value.faults.codes == ("CFG-BASE_SECRET",)


def test_the_password_of_the_database_is_in_a_file(tmp_path: Path) -> None:
    said = 'base_mot_de_passe = "secrets/base"\n'
    config = _load(
        tmp_path, f'base = "postgresql+psycopg://demat@base.example/demat"\n{said}{GOOD}'
    )
    assert config.base_mot_de_passe == tmp_path / "secrets/base"
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, said + GOOD)
    assert caught.value.faults.codes == ("CFG-BASE_PASSWORD",)


ECHANGE = """\
[collectivites.tdt]
type = "echange"
url = "sftp://saint-exemple@passerelle.exemple.fr:2222/saint-exemple"
empreinte_hote = ["SHA256:jDgCQ7SKAVKqUcBhZxSMMx9rEvZ1Y5V3OFNBmbQvmsY"]
cle = "secrets/passerelle"
mot_de_passe = "secrets/passerelle.passe"
"""


def _exchange(*, old: str = "", new: str = "") -> str:
    assert old in ECHANGE
    return GOOD.partition("[collectivites.tdt]")[0] + ECHANGE.replace(old, new)


def test_an_exchange_is_another_way_to_the_tdt(tmp_path: Path) -> None:
    tdt = _load(tmp_path, _exchange()).collectivites[0].tdt
    assert isinstance(tdt, EchangeConfig)
    assert (tdt.entree, tdt.sortie, tdt.traites, tdt.pris) == ("entree", "sortie", "", "")
    assert tdt.cle == tmp_path / "secrets/passerelle"
    assert tdt.mot_de_passe == tmp_path / "secrets/passerelle.passe"


def test_known_hosts_may_replace_a_fingerprint(tmp_path: Path) -> None:
    line = 'empreinte_hote = ["SHA256:jDgCQ7SKAVKqUcBhZxSMMx9rEvZ1Y5V3OFNBmbQvmsY"]'
    tdt = _load(tmp_path, _exchange(old=line, new='hotes_connus = "known_hosts"'))
    assert tdt.collectivites[0].tdt.hotes_connus == tmp_path / "known_hosts"  # type: ignore[union-attr]


def test_pes_may_go_another_way_than_acts(tmp_path: Path) -> None:
    other = ECHANGE.replace("collectivites.tdt", "collectivites.tdt_helios")
    item = _load(tmp_path, GOOD + other).collectivites[0]
    assert isinstance(item.tdt, S2lowConfig)
    assert isinstance(item.tdt_helios, EchangeConfig)


SFTP = "sftp://saint-exemple@passerelle.exemple.fr:2222/saint-exemple"


@pytest.mark.parametrize(
    "url",
    [
        "file:///srv/echange",
        "sftp://a@b",
        "sftp://a@b/",
        "sftp://a.b@[::1]:22/c",
        "sftp://a@10.0.0.1:22",
    ],
)
def test_addresses_of_a_share(tmp_path: Path, url: str) -> None:
    assert _load(tmp_path, _exchange(old=SFTP, new=url))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a@b/c",
        "sftp://b/c",
        "sftp://a:secret@b/c",
        "file://b/c",
        "file:c",
        "/srv/echange",
        "sftp://a@b:22x/c",
    ],
)
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    (told,) = _told(tmp_path, _exchange(old=SFTP, new=url))
    assert told.startswith(
        "Le réglage « collectivites.0.tdt.url » a une valeur qui ne convient pas"
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'empreinte_hote = ["SHA256:jDgCQ7SKAVKqUcBhZxSMMx9rEvZ1Y5V3OFNBmbQvmsY"]',
            "",
            "Rien ne dit comment reconnaître le serveur SFTP",
        ),
        ('cle = "secrets/passerelle"', "", "Rien ne dit comment se connecter au serveur SFTP"),
        ('cle = "', 'traites = "sortie"\ncle = "', "Deux des dossiers d'échange"),
        ('cle = "', 'accompagnement = "site"\ncle = "', "n'a pas de destination"),
        ("SHA256:jD", "SHA256:j", "tdt.empreinte_hote"),
        ("SHA256:", "MD5:", "tdt.empreinte_hote"),
        ('cle = "', 'entree = "../ailleurs"\ncle = "', "tdt.entree"),
        ('cle = "', 'sortie = "/ailleurs"\ncle = "', "tdt.sortie"),
        ('cle = "', 'certificat = "x"\ncle = "', "tdt.certificat » n'existe pas"),
        ('type = "echange"', 'type = "echanges"', "tdt.type"),
        ('type = "echange"', "", "tdt.type » manque"),
    ],
)
def test_what_is_wrong_in_an_exchange(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert any(words in told for told in _told(tmp_path, _exchange(old=old, new=new)))


def test_nothing_is_shown_of_an_installation_by_default(tmp_path: Path) -> None:
    found = _load(tmp_path, GOOD).supervision
    assert (found.journaux, found.ecoute, found.traces) == ("texte", "", "")


@pytest.mark.parametrize(
    "text",
    [
        'ecoute = "9464"',
        'ecoute = "127.0.0.1:99999"',
        'ecoute = "http://127.0.0.1:9464"',
        'journaux = "xml"',
        'traces = "127.0.0.1:4318"',
        'traces = "http://moi:secret@127.0.0.1:4318/v1/traces"',
        "seuils = {envoi_heures = 0}",
        "seuils = {envoi_heures = 30}",  # a failure before it is to be watched
        "seuils = {disque_panne_mo = 3000}",
        "seuils = {disque_panne_pourcent = 11.0}",
    ],
)
def test_a_supervision_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    (said,) = _told(tmp_path, GOOD.replace("[[coll", f"[supervision]\n{text}\n\n[[coll", 1))
    assert "« supervision." in said


@pytest.mark.parametrize("address", ["127.0.0.1:9464", "[::1]:9464", "localhost:0", ""])
def test_where_the_supervision_may_listen(tmp_path: Path, address: str) -> None:
    text = f'[supervision]\necoute = "{address}"\n\n[[coll'
    config = _load(tmp_path, GOOD.replace("[[coll", text, 1))
    assert config.supervision.ecoute == address
    listen = supervision_of(config).listen
    assert ("" if listen is None else str(listen)) == address


@pytest.mark.parametrize(
    "address", ["9464", ":9464", "localhost:", "localhost:x", "[]:1", "a:65536"]
)
def test_a_process_may_not_listen_just_anywhere(tmp_path: Path, address: str) -> None:
    config = _load(tmp_path, GOOD)
    assert str(supervision_of(config, listen="[::1]:9465").listen) == "[::1]:9465"
    with pytest.raises(FaultError) as caught:
        supervision_of(config, listen=address)
    assert caught.value.faults.codes == ("CFG-LISTEN",)


def test_limits_are_those_of_the_configuration(tmp_path: Path) -> None:
    assert supervision_of(_load(tmp_path, GOOD)).limits == Limits()
    text = "[supervision.seuils]\n" + "".join(
        f"{key} = {10 + rank}\n"
        for rank, key in enumerate(
            key
            for name in ("envoi", "acte", "pes", "inconnu", "nuit")
            for key in (f"{name}_heures", f"{name}_panne_heures")
        )
    )
    text += "certificat_jours = 1\nliste_jours = 2\ndisque_pourcent = 4\n"
    text += "disque_panne_pourcent = 3\ndisque_mo = 6\ndisque_panne_mo = 5\n\n[[coll"
    found = supervision_of(_load(tmp_path, GOOD.replace("[[coll", text, 1))).limits
    assert found == Limits(
        unsent=(10, 11),
        actes=(12, 13),
        pes=(14, 15),
        unknown=(16, 17),
        night=(18, 19),
        certificate_days=1,
        list_days=2,
        disk_percent=(4, 3),
        disk_megabytes=(6, 5),
    )


# the line to the tiers de télétransmission

_PEM = 'certificat = "secrets/client.pem"\ncle = "/etc/demat/client.key"\n'


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (_PEM, "", "CFG-TDT_CERTIFICATE"),
        (_PEM, 'certificat = "secrets/client.pem"\n', "CFG-TDT_CERTIFICATE"),
        (_PEM, _PEM + 'certificat_p12 = "secrets/client.p12"\n', "CFG-TDT_CERTIFICATE"),
        (_PEM, _PEM + 'identifiant = "mairie"\n', "CFG-TDT_LOGIN"),
        (_PEM, _PEM + 'mot_de_passe_compte = "secrets/compte.passe"\n', "CFG-TDT_LOGIN"),
        (_PEM, _PEM + 'empreintes_serveur = ["abc"]\n', "CFG-VALUE"),
        (_PEM, _PEM + 'empreintes_serveur = [""]\n', "CFG-VALUE"),
        (_PEM, _PEM + 'pieces = ["tampon", "archive"]\n', "CFG-VALUE"),
    ],
)
def test_half_a_line_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    with pytest.raises(FaultError) as caught:
        _load(tmp_path, GOOD.replace(old, new))
    assert caught.value.faults.codes == (code,)


def test_a_line_is_given_in_one_file_or_in_two(tmp_path: Path) -> None:
    one = GOOD.replace(_PEM, 'certificat_p12 = "secrets/client.p12"\n')
    tdt = _load(tmp_path, one).collectivites[0].tdt
    assert tdt.certificat_p12 == tmp_path / "secrets/client.p12"
    assert (tdt.certificat, tdt.cle) == (None, None)
    digest = ":".join(["0A"] * 32)
    two = GOOD + f'empreintes_serveur = ["{digest}"]\n'
    assert _load(tmp_path, two).collectivites[0].tdt.empreintes_serveur == {"0a" * 32}
