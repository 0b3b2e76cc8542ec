"""A deposit too large for one file, from the folder of the agent to the accusés and back."""

from tests.acceptance.conftest import Mairie, OpenMairie, page_text, unfolded
from tests.unit.engine.attachments_support import image, row, table

FILES = {f"{name}.png": image(seed, 20_000) for seed, name in enumerate("abc")}


def large(mairie: Mairie, *, fonction: str = "") -> None:
    """Drop one bordereau of two titres whose three documents fill three files."""
    rows = [row(417, 12, "a.png", "b.png"), row(418, 12, "c.png")]
    # the sandbox's budget 02 refuses a fonction (error 1971)
    rows = [one.replace(";7067;;86,40;00;", f";7067;{fonction};86,40;02;") for one in rows]
    for name, content in FILES.items():
        mairie.write(f"octobre/{name}", content)
    mairie.write("octobre/titres.csv", table(*rows))


def test_a_deposit_in_three_files_is_acknowledged_file_by_file(mairie: Mairie) -> None:
    mairie.edit('donnees = "donnees"', 'donnees = "donnees"\ntaille_maximale_pes = 45000')
    large(mairie)
    mairie.play()
    flows = mairie.flows()
    assert [flow["etat"] for flow in flows] == ["acquitte"] * 3
    assert all(flow["size"] <= 45_000 for flow in flows)
    assert mairie.landed() == 3
    shown = unfolded(mairie.demat("show", "D1").stdout)
    assert "Ce dépôt est parti en 3 fichiers : 3 acceptés." in shown
    assert f"envoi n° 2 (fichier 2 sur 3) : {flows[1]['key']}, acquitté" in shown
    for rank, flow in enumerate(flows, start=1):
        page = page_text(mairie.folder / "accuses" / flow["key"] / "A-LIRE.html")
        assert f"Dépôt octobre (fichier {rank} sur 3)" in page
    kept = page_text(mairie.folder / "transmis" / "octobre" / "A-LIRE.html")
    assert "Ce dépôt part en 3 fichiers" in kept


def test_only_the_refused_bordereau_of_a_cut_deposit_leaves_again(open_mairie: OpenMairie) -> None:
    mairie = open_mairie(scenario="demo")
    mairie.edit('donnees = "donnees"', 'donnees = "donnees"\ntaille_maximale_pes = 45000')
    large(mairie, fonction="020")
    mairie.play()
    flows = mairie.flows()
    assert [flow["etat"] for flow in flows] == ["acquitte", "acquitte", "refuse"]
    assert "1971" in mairie.sheet("octobre")
    assert "Ce dépôt est parti en 3 fichiers : 2 acceptés, 1 refusé." in mairie.sheet("octobre")
    (mairie.folder / "a-corriger" / "octobre").rename(mairie.folder / "a-deposer" / "octobre")
    large(mairie)
    mairie.play()
    new = mairie.flows()[-1]
    assert (len(mairie.flows()), new["etat"], new["supersedes"]) == (4, "acquitte", 3)
    content = mairie.kept(new["sha256"])
    assert content.count(b"<PJ>") == 0  # the three documents were accepted the first time
    assert content.count(b"<PJRef>") == 3
