"""Completing a file of the business software: only the announced bytes change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from demat.faults import FaultError
from demat.helios.build import build_pes
from demat.helios.read import read_pes
from demat.helios.ready_made import Completed, complete, root_id
from tests.unit.helios.samples import mandats_reservoir, titre_cantine

ID_ATTRIBUTES = (b' Id="BRD2026D0031"', b' Id="BRD2026D0004A"')


def undone(done: Completed) -> bytes:
    """Return the original bytes, from the result and its edits alone."""
    content = done.content
    for edit in done.edits:  # once the earlier edits are undone, offsets are the original ones
        end = edit.start + len(edit.new)
        assert content[edit.start : end] == edit.new
        content = content[: edit.start] + edit.old + content[end:]
    return content


def without_ids(content: bytes) -> bytes:
    for attribute in ID_ATTRIBUTES:
        content = content.replace(attribute, b"")
    return content


def test_nothing_to_do_gives_the_same_bytes():
    content = build_pes(titre_cantine())
    assert complete(content) == Completed(content=content, changes=())


def test_the_name_and_the_flag_change_and_nothing_else():
    content = build_pes(titre_cantine())
    done = complete(content, nom_fic="PESALR2_21990123800010_260401_002", dematerialise=True)
    expected = content.replace(
        b"PESALR2_21990123800010_260312_001", b"PESALR2_21990123800010_260401_002"
    ).replace(b'<InfoDematerialisee V="0"/>', b'<InfoDematerialisee V="1"/>')
    assert done.content == expected
    assert done.changes == ("NomFic", "InfoDematerialisee")


def test_every_bordereau_without_id_gets_one():
    done = complete(without_ids(build_pes(mandats_reservoir())))
    assert done.changes == ("Id:BRD2026D0031", "Id:BRD2026D0004")
    assert [one.id for one in read_pes(done.content).bordereaux] == ["BRD2026D0031", "BRD2026D0004"]


def test_the_root_gets_an_id_only_when_the_whole_is_signed():
    content = build_pes(titre_cantine())
    identifier = root_id(content)
    bare = content.replace(f' Id="{identifier}"'.encode(), b"", 1)
    assert (bool(identifier), root_id(bare)) == (True, "")
    assert complete(bare).content == bare
    done = complete(bare, whole=True)
    assert (done.changes, root_id(done.content)) == (("Id:PES",), "PES")
    assert undone(done) == bare
    assert complete(content, whole=True).content == content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'<!-- <PES_Aller Id="a"/> --><n:PES_Aller V=">" Id="b"/>', "b"),
        (b"<?x PES_Aller?>\n<PES_Aller\nId='&#98;' />", "b"),
        (b"<PES_Aller><x Id='a'/></PES_Aller>", ""),
        (b"<Autre Id='a'/>", ""),
    ],
)
def test_the_id_of_the_root(content: bytes, expected: str):
    assert root_id(content) == expected


def test_ids_stay_unique_when_two_bordereaux_share_a_number():
    content = without_ids(build_pes(mandats_reservoir()))
    content = content.replace(b'<IdBord V="4"/>', b'<IdBord V="31"/>')
    assert complete(content).changes == ("Id:BRD2026D0031", "Id:BRD2026D0031-2")


def test_a_missing_flag_is_added_after_id_ver_only_when_it_must_be_true():
    content = build_pes(titre_cantine()).replace(b'\n   <InfoDematerialisee V="0"/>', b"")
    assert complete(content, dematerialise=False).changes == ()
    done = complete(content, dematerialise=True)
    assert b'<IdVer V="2"/><InfoDematerialisee V="1"/>' in done.content
    assert done.changes == ("InfoDematerialisee",)
    assert read_pes(done.content).dematerialise


def test_a_flag_written_true_is_already_set():
    content = build_pes(titre_cantine(dematerialise=True))
    content = content.replace(b'<InfoDematerialisee V="1"/>', b'<InfoDematerialisee V="true"/>')
    assert complete(content, dematerialise=True).changes == ()


def test_the_name_is_escaped_and_encoded_as_the_file_is():
    done = complete(build_pes(titre_cantine()), nom_fic='FICHIER "É" & <suite>')
    assert b'V="FICHIER &quot;\xc9&quot; &amp; &lt;suite&gt;"' in done.content
    assert read_pes(done.content).nom_fic == 'FICHIER "É" & <suite>'


def test_a_name_that_the_encoding_lacks_is_refused():
    with pytest.raises(ValueError, match="latin-1"):
        complete(build_pes(titre_cantine()), nom_fic="FICHIER €")


def test_open_and_close_tags_simple_quotes_and_comments_are_understood():
    content = build_pes(titre_cantine())
    content = content.replace(b'<IdVer V="2"/>', b"<IdVer V='2' ></IdVer >", 1)
    content = content.replace(b'\n   <InfoDematerialisee V="0"/>', b"")
    content = content.replace(b"<NomFic V=", b'<!-- <NomFic V="faux"/> --><NomFic  V = ', 1)
    done = complete(content, nom_fic="NOUVEAU", dematerialise=True)
    assert b'<!-- <NomFic V="faux"/> --><NomFic  V = "NOUVEAU"/>' in done.content
    assert b"<IdVer V='2' ></IdVer ><InfoDematerialisee V=\"1\"/>" in done.content


def test_an_element_of_another_namespace_is_not_ours():
    content = build_pes(titre_cantine()).replace(
        b"<Parametres>", b'<Parametres><x:NomFic xmlns:x="urn:x" V="autre"/>'
    )
    assert b'V="autre"' in complete(content, nom_fic="NOUVEAU").content


def test_a_signed_file_never_changes(shared):
    content = (shared / "real" / "helios" / "SHA256_bordereau.xml").read_bytes()
    assert complete(content, dematerialise=False).content == content
    for wanted in ({"nom_fic": "NOUVEAU"}, {"dematerialise": True}):
        with pytest.raises(ValueError, match="a signed file must not change"):
            complete(content, **wanted)


@pytest.mark.parametrize("name", ["1496987735_826268894", "LibelleColBud_avec_accent"])
def test_a_real_file_is_completed(shared, name):
    path = shared / "real" / "helios" / f"HELIOS_SIMU_ALR2_{name}.xml"
    done = complete(path.read_bytes(), nom_fic="NOUVEAU", dematerialise=True)
    assert done.changes == ("NomFic", "InfoDematerialisee")
    assert undone(done) == path.read_bytes()


def test_a_file_without_nom_fic_is_refused():
    content = build_pes(titre_cantine()).replace(b"NomFic", b"NomFichier")
    with pytest.raises(FaultError) as caught:
        complete(content, nom_fic="NOUVEAU")
    assert caught.value.faults.codes == ("PES-005_MISSING",)


def test_utf16_is_refused():
    tree = etree.fromstring(build_pes(titre_cantine()))
    with pytest.raises(FaultError) as caught:
        complete(etree.tostring(tree, encoding="UTF-16"), nom_fic="NOUVEAU")
    assert caught.value.faults.codes == ("XML-ENCODING",)


@given(
    nom_fic=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
    dematerialise=st.none() | st.booleans(),
    kept_ids=st.sets(st.sampled_from(ID_ATTRIBUTES)),
    filler=st.text(st.characters(min_codepoint=0xA1, max_codepoint=0xFF), max_size=40),
    blank=st.sampled_from(["", "\n", "\r\n\t", "  "]),
    encoding=st.sampled_from(["ISO-8859-1", "UTF-8", "windows-1252"]),
    flag=st.sampled_from([b'<InfoDematerialisee V="0"/>', b"<InfoDematerialisee V='1'/>", b""]),
)
def test_undoing_the_edits_gives_the_original_bytes(
    nom_fic, dematerialise, kept_ids, filler, blank, encoding, flag
):
    content = build_pes(mandats_reservoir())
    for attribute in set(ID_ATTRIBUTES) - kept_ids:
        content = content.replace(attribute, blank.encode())
    content = content.replace(b'<InfoDematerialisee V="0"/>', flag)
    text = content.decode("iso-8859-1").replace("SITUATION 2", filler + blank + "SITUATION 2")
    text = text.replace('encoding="ISO-8859-1"', f'encoding="{encoding}"')
    original = text.encode(encoding)
    done = complete(original, nom_fic=nom_fic, dematerialise=dematerialise)
    assert undone(done) == original
    facts = read_pes(done.content)
    assert all(bordereau.id for bordereau in facts.bordereaux)
    if nom_fic is not None:
        assert facts.nom_fic == nom_fic
    if dematerialise is not None:
        assert facts.dematerialise is dematerialise
    if not done.changes:
        assert done.content == original
