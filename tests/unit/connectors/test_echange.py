"""The folder exchange: what each trace on the share proves, and what lies there to deceive."""

import errno
import gzip
import hashlib
import io
import logging
import os
import re
import tarfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.connectors.api import (
    AuthenticationRefused,
    Flux,
    OutcomeUnknown,
    Refused,
    RemoteProgress,
    Shipment,
    Unreachable,
)
from demat.connectors.echange import Accompagnement, EchangeConnector, EchangeSettings
from demat.connectors.partage import Depose
from demat.connectors.partage_dossier import DossierPartage
from demat.faults import Fault
from demat.sandbox import prefecture
from demat.sandbox.passerelle import Passerelle
from demat.sandbox.records import Kind
from demat.sandbox.scenario import Answer, Autorite
from tests.unit.connectors.archives import ID_ACTE, make_exchange

NOW = datetime(2026, 3, 17, 9, tzinfo=UTC)
SIREN = "000000000"
NOM_FIC = "PESALR2_21990123800010_260317_001"
PES = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<n:PES_Aller xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller">
<Enveloppe><Parametres><Version V="2"/><TypFic V="PESALR2"/><NomFic V="{NOM_FIC}"/></Parametres>
<Emetteur><Sigle V="EDITEUR"/><Adresse V="LOGICIEL 1.0"/></Emetteur></Enveloppe>
<EnTetePES><DteStr V="2026-03-02"/><IdPost V="099001"/><IdColl V="21990123800010"/>
<CodCol V="123"/><CodBud V="00"/><LibelleColBud V="SAINT EXEMPLE"/></EnTetePES>
<PES_DepenseAller><EnTeteDepense><IdVer V="2"/><InfoDematerialisee V="0"/></EnTeteDepense>
<Bordereau Id="B1"><BlocBordereau><Exer V="2026"/><IdBord V="31"/><DteBordEm V="2026-03-02"/>
<TypBord V="01"/><NbrPce V="1"/><MtBordHT V="10.00"/></BlocBordereau><Piece><BlocPiece><InfoPce>
<IdPce V="204"/><TypPce V="01"/><NatPce V="01"/></InfoPce></BlocPiece><LigneDePiece>
<BlocLignePiece><InfoLignePce><IdLigne V="1"/><Nature V="6064"/><MtHT V="10.00"/></InfoLignePce>
</BlocLignePiece></LigneDePiece></Piece></Bordereau></PES_DepenseAller></n:PES_Aller>
""".encode("iso-8859-1")


class Watched(DossierPartage):
    """A folder that tells what was done to it, and fails when told to."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self.done: list[str] = []
        self.in_one_step = True
        self.at: dict[str, Callable[[], None]] = {}

    def _do(self, what: str) -> None:
        what = re.sub(r"\.[0-9a-f]{8}\.part$", ".part", what)
        self.done.append(what)
        if what in self.at:
            self.at.pop(what)()

    def atomic(self, folder: str) -> bool:
        return self.in_one_step

    def write(self, folder: str, name: str, content: bytes) -> None:
        super().write(folder, name, content)
        self._do(f"write {name}")

    def rename(self, folder: str, name: str, new: str) -> None:
        self._do(f"before {new}")
        super().rename(folder, name, new)
        self._do(f"rename {new}")

    def remove(self, folder: str, name: str) -> bool:
        found = super().remove(folder, name)
        self._do(f"remove {name}")
        return found


class Bench:
    """A connector on a folder, its gateway, and a clock."""

    def __init__(self, base: Path, **options: object) -> None:
        small = options.get("accompagnement") is not None
        self.gateway = Passerelle(
            base=base,
            autorite=Autorite(siren=SIREN),
            extension=".txt" if small else "",
            keep=bool(options.get("pris")),
        )
        self.base = base
        self.share = Watched(base)
        self.clock = FixedClock(NOW)
        wanted: dict[str, object] = {
            "sirens": frozenset({SIREN, "219901238"}),
            "cod_cols": frozenset({"123"}),
            "relist": timedelta(0),
        }
        self.settings = EchangeSettings(**{**wanted, **options})  # type: ignore[arg-type]
        self.connector = self.again()

    def again(self) -> EchangeConnector:
        """Return the connector of another process."""
        return EchangeConnector(self.share, self.settings, self.clock)

    def entree(self) -> list[str]:
        return sorted(path.name for path in (self.base / "entree").iterdir())

    def sortie(self) -> list[str]:
        return sorted(path.name for path in (self.base / "sortie").iterdir())

    def lay(self, name: str, content: bytes) -> None:
        (self.base / "sortie" / name).write_bytes(content)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


OpenBench = Callable[..., Bench]


@pytest.fixture
def open_bench(tmp_path: Path) -> OpenBench:
    return lambda **options: Bench(tmp_path, **options)


def pes(name: str = f"{NOM_FIC}.xml", content: bytes = PES) -> Shipment:
    return Shipment(flux=Flux.HELIOS, file_name=name, content=content, key=name[:-4])


def cancellation() -> Shipment:
    return make_exchange("Annulation")


def codes(caught: "pytest.ExceptionInfo[Refused | OutcomeUnknown | Unreachable]") -> str:
    (found,) = caught.value.faults.codes
    return found


def cut() -> None:
    raise OutcomeUnknown(_fault())


def _fault() -> Fault:
    return Fault(code="CON-LOST_ANSWER", params={"reason": "ordered by the test"})


# laying


def test_a_file_is_written_aside_then_named(bench: Bench) -> None:
    assert bench.connector.deposit(pes()) == f"{NOM_FIC}.xml"
    assert bench.share.done == [
        f"write {NOM_FIC}.xml.part",
        f"before {NOM_FIC}.xml",
        f"rename {NOM_FIC}.xml",
    ]
    assert bench.entree() == [f"{NOM_FIC}.xml"]


def test_the_reference_of_an_act_names_its_message(bench: Bench) -> None:
    reference = bench.connector.deposit(cancellation())
    assert reference == f"XYZ-EACT--000000000--20260402-1.tar.gz:{ID_ACTE}-6-1"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"forme": "site", "p_msg": "PES"}, "SITE P_MSG PES#123#099001#00\n"),
        ({"forme": "site", "p_msg": "TypFic"}, "SITE P_MSG PESALR2#123#099001#00\n"),
        (
            {"forme": "meta", "p_msg": "PES"},
            "site meta P_DEST=VHPCE11;P_APPLI=GHELPES2;P_MSG=PES#123#099001#00\n",
        ),
    ],
)
def test_the_small_file_comes_last_and_says_where_it_goes(
    open_bench: OpenBench, options: Mapping[str, str], text: str
) -> None:
    bench = open_bench(accompagnement=small(**options))
    bench.connector.deposit(pes())
    order = [what for what in bench.share.done if what.startswith("rename")]
    assert order == [f"rename {NOM_FIC}.xml", f"rename {NOM_FIC}.xml.txt"]
    content = (bench.base / "entree" / f"{NOM_FIC}.xml.txt").read_text("ascii")
    assert content.endswith(text)
    assert content.count("P_DEST") == content.count("P_APPLI") == 1


def small(forme: str = "site", p_msg: str = "PES") -> Accompagnement:
    return Accompagnement(
        forme=forme, p_dest="VHPCE11", p_appli="GHELPES2", p_msg=p_msg, extension=".txt"
    )


def test_acts_have_no_small_file(open_bench: OpenBench) -> None:
    bench = open_bench(accompagnement=small())
    bench.connector.deposit(cancellation())
    assert bench.entree() == ["XYZ-EACT--000000000--20260402-1.tar.gz"]


def test_the_same_bytes_are_laid_once(bench: Bench) -> None:
    first = bench.connector.deposit(pes())
    bench.share.done.clear()
    assert bench.again().deposit(pes()) == first
    assert bench.share.done == []


def test_another_content_is_never_overwritten(bench: Bench) -> None:
    for other in (PES + b"\n", PES.replace(b"204", b"205"), b""):
        (bench.base / "entree" / f"{NOM_FIC}.xml").write_bytes(other)
        with pytest.raises(Refused) as caught:
            bench.connector.deposit(pes())
        assert (codes(caught), caught.value.duplicate) == ("CON-SHARE_CLASH", False)
        with pytest.raises(OutcomeUnknown) as unknown:  # ours may have been taken before it came
            bench.connector.find(pes())
        assert codes(unknown) == "CON-SHARE_CLASH"
        assert (bench.base / "entree" / f"{NOM_FIC}.xml").read_bytes() == other


def test_a_folder_under_that_name_is_another_content(bench: Bench) -> None:
    (bench.base / "entree" / f"{NOM_FIC}.xml").mkdir()
    with pytest.raises(Refused) as caught:
        bench.connector.deposit(pes())
    assert codes(caught) == "CON-SHARE_CLASH"


@pytest.mark.parametrize("name", ["é.xml", "a/b.xml", "../a.xml", "a b.xml", ".a.xml", "a:b.xml"])
def test_names_that_cannot_be_laid(bench: Bench, name: str) -> None:
    with pytest.raises(Refused) as caught:
        bench.connector.deposit(pes(name))
    assert codes(caught) == "CON-SHARE_NAME"
    assert bench.entree() == []


def test_files_that_are_too_large(open_bench: OpenBench) -> None:
    bench = open_bench(max_pes_bytes=100, max_acte_bytes=100)
    for shipment in (pes(), cancellation()):
        with pytest.raises(Refused) as caught:
            bench.connector.deposit(shipment)
        assert codes(caught) == "CON-SIZE"


def test_an_archive_that_is_none_is_not_laid(bench: Bench) -> None:
    broken = Shipment(flux=Flux.ACTES, file_name="XYZ.tar.gz", content=b"no gzip", key="x")
    with pytest.raises(Refused):
        bench.connector.deposit(broken)
    assert bench.entree() == []


# what each trace proves


def test_a_renaming_that_was_lost_and_done(bench: Bench) -> None:
    bench.share.at[f"rename {NOM_FIC}.xml"] = cut
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    assert bench.again().find(pes()) == f"{NOM_FIC}.xml"


def test_a_renaming_that_was_lost_and_not_done(bench: Bench) -> None:
    bench.share.at[f"before {NOM_FIC}.xml"] = cut
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    assert [name[-5:] for name in bench.entree()] == [".part"]
    after = bench.again()
    assert after.find(pes()) is None
    assert after.deposit(pes())
    assert bench.entree() == [f"{NOM_FIC}.xml"]


def test_neither_name_is_there_nobody_knows(bench: Bench) -> None:
    """Taken, or never begun: it is never sent again blindly."""
    bench.share.at[f"rename {NOM_FIC}.xml"] = cut
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    bench.gateway.take()
    for connector in (bench.connector, bench.again()):
        with pytest.raises(OutcomeUnknown) as caught:
            connector.find(pes())
        assert codes(caught) == "CON-SHARE_TAKEN"


def test_its_answer_proves_that_it_was_taken(bench: Bench) -> None:
    for shipment in (pes(), cancellation()):
        reference = bench.connector.deposit(shipment)
        bench.gateway.take()
        with pytest.raises(OutcomeUnknown):
            bench.again().find(shipment)
        bench.gateway.answer(NOW)
        assert bench.again().find(shipment) == reference


def test_where_what_is_taken_is_kept_absence_is_a_proof(open_bench: OpenBench) -> None:
    bench = open_bench(pris="pris")
    assert bench.connector.find(pes()) is None
    bench.connector.deposit(pes())
    bench.gateway.take()
    assert bench.again().find(pes()) == f"{NOM_FIC}.xml"


def test_a_renaming_in_two_steps_leaves_a_trace_that_proves_nothing(bench: Bench) -> None:
    """Link, then remove: the gateway may have taken the one while the other is still there."""
    bench.share.in_one_step = False
    (bench.base / "entree" / f"{NOM_FIC}.xml.00000000.part").write_bytes(PES)
    for ask in (bench.connector.find, bench.connector.deposit):
        with pytest.raises(OutcomeUnknown) as caught:
            ask(pes())
        assert codes(caught) == "CON-SHARE_TAKEN"


def test_there_too_what_this_process_has_not_named_is_sent_again(bench: Bench) -> None:
    bench.share.in_one_step = False

    def fail() -> None:
        raise Unreachable(_fault())

    bench.share.at[f"write {NOM_FIC}.xml.part"] = fail
    with pytest.raises(Unreachable):
        bench.connector.deposit(pes())
    assert [name[-5:] for name in bench.entree()] == [".part"]
    assert bench.connector.find(pes()) is None
    assert bench.connector.deposit(pes())


def test_an_earlier_try_can_never_end_once_its_file_is_withdrawn(bench: Bench) -> None:
    (bench.base / "entree" / f"{NOM_FIC}.xml.00000000.part").write_bytes(b"half")
    bench.connector.deposit(pes())
    assert bench.share.done[0] == f"remove {NOM_FIC}.xml.part"
    assert bench.entree() == [f"{NOM_FIC}.xml"]


def test_an_earlier_try_that_ends_at_that_very_moment(bench: Bench) -> None:
    """Its file was there, and is not when it is removed: it was named meanwhile, and taken."""
    part = bench.base / "entree" / f"{NOM_FIC}.xml.00000000.part"
    part.write_bytes(PES)
    look = bench.share.look

    def looked(folder: str, name: str) -> Depose | None:
        found = look(folder, name)
        part.unlink(missing_ok=True)
        return found

    bench.share.look = looked  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    assert bench.entree() == []


@pytest.mark.parametrize("when", ["write", "before"])
def test_a_slow_try_that_another_worker_has_given_up(bench: Bench, when: str) -> None:
    """While it is writing, or about to name its file, another one sends the same: one lands."""
    landed: list[str] = []

    def another_worker() -> None:
        other = bench.again()
        assert other.find(pes()) is None
        landed.append(other.deposit(pes()))
        bench.gateway.take()

    part = ".part" if when == "write" else ""
    bench.share.at[f"{when} {NOM_FIC}.xml{part}"] = another_worker
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    assert landed == [f"{NOM_FIC}.xml"]
    bench.gateway.take()
    assert [pris.content for pris in bench.gateway.taken] == [PES]


def test_a_slow_try_gives_no_final_name_to_the_half_of_another(bench: Bench) -> None:
    """Given up while it was about to name its file, it does so while another one is writing."""

    def half() -> None:
        (part,) = (bench.base / "entree").glob("*.part")
        part.write_bytes(PES[:100])
        raise Unreachable(_fault())

    def another_worker() -> None:
        bench.share.at[f"write {NOM_FIC}.xml.part"] = half
        with pytest.raises(Unreachable):
            bench.again().deposit(pes())

    bench.share.at[f"before {NOM_FIC}.xml"] = another_worker
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    assert bench.gateway.take() == ()


def test_parts_of_other_files_are_not_ours(bench: Bench) -> None:
    others = [f"{NOM_FIC}.xml.part", f"{NOM_FIC}.xml.txt.00000000.part", f"{NOM_FIC}.xml.0.part"]
    for name in others:
        (bench.base / "entree" / name).write_bytes(b"x")
    with pytest.raises(OutcomeUnknown):
        bench.connector.find(pes())
    bench.connector.deposit(pes())
    assert bench.entree() == sorted([*others, f"{NOM_FIC}.xml"])


@pytest.mark.parametrize("where", ["write", "before", "rename"])
@pytest.mark.parametrize("which", ["", ".txt"])
def test_with_a_small_file_nothing_is_handed_over_before_its_name(
    open_bench: OpenBench, where: str, which: str
) -> None:
    bench = open_bench(accompagnement=small())
    part = ".part" if where == "write" else ""
    bench.share.at[f"{where} {NOM_FIC}.xml{which}{part}"] = cut
    with pytest.raises((OutcomeUnknown, Unreachable)) as caught:
        bench.connector.deposit(pes())
    landed = (where, which) == ("rename", ".txt")
    unsure = which == ".txt" and where != "write"
    if where != "write":
        assert isinstance(caught.value, OutcomeUnknown if unsure else Unreachable)
    after = bench.again()
    assert after.find(pes()) == (f"{NOM_FIC}.xml" if landed else None)
    if not landed:
        after.deposit(pes())
    assert len(bench.gateway.take()) == 1
    assert bench.entree() == []


def test_a_small_file_alone_is_sent_again_beside_its_pes(open_bench: OpenBench) -> None:
    """What lies there already is not written again."""
    bench = open_bench(accompagnement=small())
    bench.share.at[f"before {NOM_FIC}.xml.txt"] = cut
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes())
    bench.share.done.clear()
    bench.again().deposit(pes())
    assert f"write {NOM_FIC}.xml.part" not in bench.share.done
    bench.share.done.clear()
    bench.again().deposit(pes())
    assert bench.share.done == []


# answers about what was sent


def test_life_of_a_pes(bench: Bench) -> None:
    reference = bench.connector.deposit(pes())
    assert bench.connector.status(Flux.HELIOS, reference).progress is RemoteProgress.PENDING
    bench.gateway.take()
    assert bench.connector.status(Flux.HELIOS, reference).progress is RemoteProgress.TRANSMITTED
    bench.gateway.answer(NOW)
    status = bench.connector.status(Flux.HELIOS, reference)
    assert status.progress is RemoteProgress.ANSWERED
    assert b"PES_ACQUIT" in status.documents[0].content


def acquit(nom_fic: str = NOM_FIC, cod_col: str = "123", coll: str = "21990123800010") -> bytes:
    return (
        '<n:PES_ACQUIT xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2">'
        f'<Enveloppe><Parametres><NomFic V="{nom_fic}"/></Parametres></Enveloppe><EnTetePES>'
        f'<IdColl V="{coll}"/><CodCol V="{cod_col}"/></EnTetePES></n:PES_ACQUIT>'
    ).encode()


@pytest.mark.parametrize(
    ("content", "mine"),
    [
        (acquit(), True),
        (acquit(nom_fic=f"{NOM_FIC}.xml"), True),
        (acquit(cod_col="000"), True),
        (acquit(cod_col=""), True),
        (acquit(coll=""), True),
        (acquit(nom_fic="PESALR2_21990123800010_260317_002"), False),
        (acquit(nom_fic=""), False),
        (acquit(cod_col="124"), False),
        (acquit(coll="11111111100011"), False),
    ],
)
def test_an_acquit_is_bound_by_what_it_holds(bench: Bench, content: bytes, mine: bool) -> None:
    """NomFic, and CodCol and IdColl when they say something; its name says nothing (§2.3)."""
    reference = bench.connector.deposit(pes())
    bench.lay("099001_260317100000-ACK-1.xml", content)
    bench.lay(f"{NOM_FIC}-ACK.xml", acquit(nom_fic="AUTRE"))
    found = bench.connector.status(Flux.HELIOS, reference).documents
    assert [document.content for document in found] == ([content] if mine else [])


def test_two_acquits_about_one_pes_and_one_of_them_twice(bench: Bench) -> None:
    reference = bench.connector.deposit(pes())
    for rank, content in enumerate((acquit(), acquit(cod_col="000"), acquit())):
        bench.lay(f"{rank}-ACK.xml", content)
    found = bench.connector.status(Flux.HELIOS, reference).documents
    assert [document.name for document in found] == [
        f"{reference}-PES_ACQUIT.xml",
        f"{reference}-PES_ACQUIT-2.xml",
    ]


ACTE = "XYZ-EACT--000000000--20260402-1.tar.gz:099-000000000-20260314-2026_012-DE-1-1"
ANO = "ANO_EACT--000000000--20260402-1.xml"
ANSWER = Answer(nature="002", detail="ODT-VERIF-01 : essai")


def anomaly(numero: str = "2026_012", day: str = "2026-03-14") -> bytes:
    ns = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
    return (
        f'<actes:AnomalieActe xmlns:actes="{ns}"><actes:Date>2026-03-17</actes:Date>'
        "<actes:Nature>002</actes:Nature><actes:Detail>essai</actes:Detail>"
        f'<actes:ActeRecu actes:Date="{day}" actes:NumeroInterne="{numero}" '
        'actes:CodeNatureActe="1"><actes:CodeMatiere1 actes:CodeMatiere="7"/>'
        '<actes:CodeMatiere2 actes:CodeMatiere="10"/><actes:Objet>Essai</actes:Objet>'
        "<actes:ClassificationDateVersion>2025-09-01</actes:ClassificationDateVersion>"
        "</actes:ActeRecu></actes:AnomalieActe>"
    ).encode()


def ar(id_acte: str = ID_ACTE, day: str = "2026-03-17") -> bytes:
    ns = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
    return (f'<a:ARActe xmlns:a="{ns}" a:DateReception="{day}" a:IDActe="{id_acte}"/>').encode()


def refused_envelope(names: tuple[str, ...]) -> bytes:
    return prefecture.anomalie_enveloppe(Autorite(siren=SIREN), names, date(2026, 3, 17), ANSWER)


@pytest.mark.parametrize(
    ("files", "progress"),
    [
        ({f"{ID_ACTE}-1-2_7.xml": ar()}, RemoteProgress.ANSWERED),
        ({"n-importe.xml": ar()}, RemoteProgress.ANSWERED),
        ({f"{ID_ACTE}-1-2_7.xml": ar("099-000000000-20260314-2026_013-DE")}, None),
        ({f"{ID_ACTE}-1-3_7.xml": anomaly()}, RemoteProgress.ERROR),
        ({"099-000000000----1-3_1.xml": anomaly()}, RemoteProgress.ERROR),
        ({"099-000000000----1-3_1.xml": anomaly(numero="2026_013")}, None),
        ({"099-000000000----1-3_1.xml": anomaly(day="2026-03-13")}, None),
        ({"099-111111111----1-3_1.xml": anomaly()}, None),
        ({ANO: refused_envelope(("autre.xml",))}, RemoteProgress.ERROR),
        ({"ANO_x.xml": refused_envelope((f"{ID_ACTE}-1-1_0.xml",))}, RemoteProgress.ERROR),
        ({"ANO_x.xml": refused_envelope(("autre.xml",))}, None),
        ({"a.xml": anomaly(), "b.xml": ar()}, RemoteProgress.ANSWERED),
        ({f"{ID_ACTE}-6-2_7.xml": prefecture.ar_annulation(ID_ACTE, date(2026, 3, 17))}, None),
    ],
)
def test_an_answer_about_an_act_is_bound_by_what_it_holds(
    bench: Bench, files: Mapping[str, bytes], progress: RemoteProgress | None
) -> None:
    for name, content in files.items():
        bench.lay(name, content)
    status = bench.connector.status(Flux.ACTES, ACTE)
    assert status.progress is (progress or RemoteProgress.TRANSMITTED)
    if progress is RemoteProgress.ANSWERED:  # an AR always wins
        assert all(b"ARActe" in document.content for document in status.documents)


def test_the_same_ar_twice_is_one_answer(bench: Bench) -> None:
    for name in ("a.xml", "b.xml"):
        bench.lay(name, ar())
    assert len(bench.connector.status(Flux.ACTES, ACTE).documents) == 1
    bench.lay("c.xml", ar(day="2026-03-18"))
    assert len(bench.connector.status(Flux.ACTES, ACTE).documents) == 2


@pytest.mark.parametrize("reference", ["", "1", "x.tar.gz", "x.tar.gz:", "a:b", "x.tar.gz:../../y"])
@pytest.mark.parametrize("flux", list(Flux))
def test_references_that_are_not_ours(bench: Bench, flux: Flux, reference: str) -> None:
    assert bench.connector.status(flux, reference).progress is RemoteProgress.UNRECOGNISED


# what lies there to deceive


def tar(members: Mapping[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(content), kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue())


BAD = {
    "empty.xml": b"",
    "blank.xml": b"   \n",
    "html.xml": b"<!DOCTYPE html><html><body>maintenance</body></html>",
    "page.xml": b"<html><body>maintenance</body></html>",
    "cut.xml": ar()[:-20],
    "text.xml": b"OK\n4711\n",
    "binary.xml": bytes(range(256)),
    "bomb.xml": b'<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>',
    "ours.xml": PES,
    "cut.tar.gz": tar({"a.xml": ar()})[:-30],
    "none.tar.gz": b"no gzip",
    "path.tar.gz": tar({"../../a.xml": ar()}),
    "link.tar.gz": tar({"a.xml": b""}, tarfile.SYMTYPE),
    "pdf.tar.gz": tar({"a.pdf": b"%PDF-1.4"}),
    "empty-ACK.xml": b"",
    "PES2R_cut": b"<n:PES_Retour xmlns:n='x'>",
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_what_cannot_be_read_is_left_alone_and_told_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    bench.lay(name, BAD[name])
    bench.lay("good.xml", ar())
    caplog.set_level(logging.WARNING)
    for _ in range(4):
        bench.clock.instant += timedelta(seconds=10)
        assert [one.id_acte for one in bench.connector.courriers()] == [ID_ACTE]
        assert bench.connector.retours() == ()
        assert len(bench.connector.status(Flux.ACTES, ACTE).documents) == 1
    (record,) = caplog.records
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    assert record.getMessage().endswith(f" (name {digest}, 1 in all)")
    assert name not in record.getMessage()
    assert bench.sortie() == sorted([name, "good.xml"])
    assert name in bench.connector.test()


@pytest.mark.parametrize("name", ["x.part", ".hidden.xml", "y.xml.filepart", "z.tmp"])
def test_what_others_are_writing_is_not_even_told(
    bench: Bench, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    bench.lay(name, ar())
    bench.clock.instant += timedelta(hours=1)
    assert bench.connector.courriers() == ()
    assert caplog.records == []


@pytest.mark.parametrize(
    "name", ["donnees.ocr", "donnees.ocre", "LISEZMOI", "courrier.pdf", "é.xml"]
)
def test_unknown_names_are_left_alone(bench: Bench, name: str) -> None:
    bench.lay(name, ar())
    assert bench.connector.courriers() == ()
    assert bench.connector.retours() == ()
    assert bench.sortie() == [name]
    assert "laissés de côté" in bench.connector.test()


def test_links_pipes_and_folders_are_left_alone(bench: Bench) -> None:
    sortie = bench.base / "sortie"
    (bench.base / "elsewhere.xml").write_bytes(ar())
    (sortie / "link.xml").symlink_to(bench.base / "elsewhere.xml")
    os.mkfifo(sortie / "pipe.xml")
    (sortie / "folder.xml").mkdir()
    assert bench.connector.courriers() == ()
    assert {path.name for path in sortie.iterdir()} == {"link.xml", "pipe.xml", "folder.xml"}
    assert bench.connector.test().count("ni un fichier ordinaire") == 3


def test_a_file_that_is_too_large_is_not_read(open_bench: OpenBench) -> None:
    bench = open_bench(max_answer_bytes=1000)
    bench.lay("large.xml", ar() + b" " * 1000)
    assert bench.connector.courriers() == ()
    assert "large.xml" in bench.connector.test()


def test_a_file_that_is_being_written_is_taken_when_it_is_whole(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    whole = ar()
    for end in range(0, len(whole), 20):
        bench.lay("a.xml", whole[:end])
        bench.clock.instant += timedelta(seconds=3)
        assert bench.connector.courriers() == ()
    bench.lay("a.xml", whole)
    (found,) = bench.connector.courriers()
    assert bench.connector.courrier(found.reference).content == whole
    assert caplog.records == []  # it never stayed the same long enough to be called broken


def test_a_file_that_grows_between_two_looks_is_not_taken(bench: Bench) -> None:
    """Its size when it is listed is not that of what is read."""
    bench.lay("a.xml", ar())
    entries = bench.share.entries

    def stale(folder: str) -> tuple[Depose, ...]:
        found = entries(folder)
        return tuple(
            Depose(name=one.name, size=one.size - 1, modified=one.modified, plain=True)
            for one in found
        )

    bench.share.entries = stale  # type: ignore[method-assign]
    assert bench.connector.courriers() == ()


def test_what_is_for_another_authority_is_left_alone(bench: Bench) -> None:
    other = Passerelle(base=bench.base, autorite=Autorite(siren="111111111"))
    other.send_classification(NOW)
    other.send_letter(Kind.COURRIER_SIMPLE, "099-111111111-20260314-2026_012-DE", NOW)
    other.lay("1-ACK.xml", acquit(coll="11111111100011"))
    before = bench.sortie()
    assert bench.connector.courriers() == ()
    assert bench.connector.retours() == ()
    with pytest.raises(Refused):
        bench.connector.classification()
    assert bench.sortie() == before


# what is stored, then put away


def test_nothing_leaves_before_it_was_stored(bench: Bench) -> None:
    bench.gateway.send_letter(Kind.DEMANDE_PIECES, ID_ACTE, NOW)
    before = bench.sortie()
    for _ in range(3):
        (letter,) = bench.connector.courriers()
        bench.connector.courrier(letter.reference)
        bench.connector.status(Flux.ACTES, ACTE)
        bench.connector.test()
    assert bench.sortie() == before
    bench.connector.mark_courrier_read(letter.reference)
    bench.connector.mark_courrier_read(letter.reference)
    assert bench.sortie() == []


def test_another_process_puts_away_what_a_first_one_stored(bench: Bench) -> None:
    bench.lay("a.xml", ar())
    (letter,) = bench.connector.courriers()
    bench.again().mark_courrier_read(letter.reference)
    assert bench.sortie() == []


def test_what_has_changed_since_it_was_stored_stays(bench: Bench) -> None:
    """Another AR under the same name, of the same size and date: it was never stored."""
    bench.lay("a.xml", ar())
    path = bench.base / "sortie" / "a.xml"
    (letter,) = bench.connector.courriers()
    date_of = path.stat()
    path.write_bytes(ar(day="2026-03-18"))
    os.utime(path, ns=(date_of.st_atime_ns, date_of.st_mtime_ns))
    bench.connector.mark_courrier_read(letter.reference)
    assert bench.sortie() == ["a.xml"]
    (other,) = bench.connector.courriers()
    assert other.reference != letter.reference
    assert b"2026-03-18" in bench.connector.courrier(other.reference).content


def test_what_was_stored_can_be_kept_aside(open_bench: OpenBench) -> None:
    bench = open_bench(traites="traites")
    for day in ("2026-03-17", "2026-03-18"):
        bench.lay("a.xml", ar(day=day))
        (letter,) = bench.connector.courriers()
        bench.connector.mark_courrier_read(letter.reference)
    assert bench.sortie() == []
    kept = sorted(path.read_bytes() for path in (bench.base / "traites").iterdir())
    assert kept == [ar(), ar(day="2026-03-18")]


@pytest.mark.parametrize("reference", ["../../etc/passwd:0123456789abcdef", "a.xml", "", "a:b"])
def test_references_that_nobody_gave(bench: Bench, reference: str) -> None:
    bench.lay("a.xml", ar())
    bench.connector.mark_courrier_read(reference)
    for ask in (bench.connector.retour, bench.connector.mark_read, bench.connector.courrier):
        with pytest.raises(Refused):
            ask(reference)
    assert bench.sortie() == ["a.xml"]


def test_acquits_and_retours_are_put_away_alike(bench: Bench) -> None:
    bench.lay("1-ACK.xml", acquit())
    bench.lay("PES2R_DEP_P_1.xml", b'<n:PES_Retour xmlns:n="x"><EnTetePES/></n:PES_Retour>')
    listed = bench.connector.retours()
    assert {one.name for one in listed} == {"1-ACK.xml", "PES2R_DEP_P_1.xml"}
    for one in listed:
        bench.connector.retour(one.reference)
        bench.connector.mark_read(one.reference)
    assert bench.sortie() == []


# messages and what goes with them


def test_a_message_waits_for_the_documents_that_lie_beside_it(bench: Bench) -> None:
    bench.gateway.bare = True
    bench.gateway.send_letter(Kind.COURRIER_SIMPLE, ID_ACTE, NOW)
    pdf = next(path for path in bench.gateway.sortie.iterdir() if path.suffix == ".pdf")
    content = pdf.read_bytes()
    pdf.unlink()
    assert bench.connector.courriers() == ()
    pdf.write_bytes(content)
    (letter,) = bench.connector.courriers()
    found = bench.connector.courrier(letter.reference)
    with tarfile.open(fileobj=io.BytesIO(found.content)) as archive:
        assert sorted(archive.getnames()) == bench.sortie()
    assert bench.connector.courrier(letter.reference) == found  # the same bytes each time
    bench.connector.mark_courrier_read(letter.reference)
    assert bench.sortie() == []


def test_a_document_that_never_comes_is_told(bench: Bench) -> None:
    bench.gateway.bare = True
    name = bench.gateway.send_letter(Kind.COURRIER_SIMPLE, ID_ACTE, NOW)
    for path in bench.gateway.sortie.glob("*.pdf"):
        path.unlink()
    bench.connector.courriers()
    bench.clock.instant += timedelta(minutes=1)
    bench.connector.courriers()
    assert f"{name} (il manque" in bench.connector.test()


def test_a_document_cannot_be_a_path(bench: Bench) -> None:
    (bench.base / "secret.pdf").write_bytes(b"secret")
    letter = prefecture.letter(
        Kind.COURRIER_SIMPLE, ID_ACTE, date(2026, 3, 17), "", "../secret.pdf"
    )
    bench.lay(f"{ID_ACTE}-2-1_1.xml", letter)
    assert bench.connector.courriers() == ()


def test_an_envelope_and_its_messages_lie_apart(bench: Bench) -> None:
    envelope = prefecture.enveloppe(Autorite(siren=SIREN), ("099-000000000----1-3_1.xml",))
    bench.lay("EACT--SPREF0991-000000000-20260317-1.xml", envelope)
    assert bench.connector.courriers() == ()  # an envelope alone says nothing
    bench.lay("099-000000000----1-3_1.xml", anomaly())
    (found,) = bench.connector.courriers()
    content = bench.connector.courrier(found.reference).content
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert len(archive.getnames()) == 2
    bench.connector.mark_courrier_read(found.reference)
    assert bench.sortie() == []


def test_letters_come_in_their_order(bench: Bench) -> None:
    names = [bench.gateway.send_letter(Kind.DEFERE, ID_ACTE, NOW) for _ in range(12)]
    for name in names:
        os.utime(bench.base / "sortie" / name, ns=(0, 0))
    assert [one.reference.partition(":")[0] for one in bench.connector.courriers()] == names


def test_ten_thousand_answers(open_bench: OpenBench) -> None:
    """Each is read once; a question about one of them does not read the others again."""
    bench = open_bench(relist=timedelta(seconds=5))
    for rank in range(10_000):
        bench.lay(f"{rank}.xml", ar(f"099-000000000-20260314-2026_{rank:05d}-DE"))
    reads = 0
    read = bench.share.read

    def counted(folder: str, name: str, *, most: int) -> bytes | None:
        nonlocal reads
        reads += 1
        return read(folder, name, most=most)

    bench.share.read = counted  # type: ignore[method-assign]
    assert len(bench.connector.courriers()) == 10_000
    for rank in range(100):
        mine = f"099-000000000-20260314-2026_{rank:05d}-DE-1-1"
        status = bench.connector.status(Flux.ACTES, f"{ACTE.partition(':')[0]}:{mine}")
        assert status.progress is RemoteProgress.ANSWERED
    assert reads == 10_100


# the classification


def test_the_newest_classification(bench: Bench) -> None:
    for day in (date(2025, 9, 1), date(2026, 1, 2), date(2024, 1, 1)):
        bench.gateway.in_force = day
        bench.gateway.send_classification(NOW)
    assert b"2026-01-02" in bench.connector.classification()


def test_the_classification_is_asked_for(open_bench: OpenBench) -> None:
    asked: list[date | None] = []

    def pack(held: date | None) -> tuple[str, bytes]:
        asked.append(held)
        return "XYZ-EACT--000000000--20260317-2.tar.gz", make_exchange(
            "DemandeClassification"
        ).content

    bench = open_bench(ask_classification=pack)
    bench.connector.request_classification(date(2025, 9, 1))
    assert asked == [date(2025, 9, 1)]
    bench.gateway.take()
    bench.gateway.answer(NOW)
    assert b"RetourClassification" in bench.connector.classification()


def test_where_the_other_side_asks_for_it_itself(bench: Bench) -> None:
    with pytest.raises(Refused):
        bench.connector.request_classification(None)


# trying it


def test_a_share_that_works(bench: Bench) -> None:
    bench.lay("a.xml", ar())
    assert bench.connector.test() == f"OK : {bench.base} ; 1 réponse(s) à prendre"
    assert bench.entree() == []


@pytest.mark.parametrize("folder", ["entree", "sortie", "traites", "pris"])
def test_a_share_that_lacks_a_folder(open_bench: OpenBench, folder: str) -> None:
    bench = open_bench(traites="traites", pris="pris")
    (bench.base / folder).rmdir()
    with pytest.raises(Unreachable) as caught:
        bench.connector.test()
    assert codes(caught) == "CON-SHARE_FOLDER"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EROFS, AuthenticationRefused), (errno.EDQUOT, Refused)]
)
def test_a_share_where_nothing_can_be_written(
    bench: Bench, number: int, kind: type[Exception]
) -> None:
    def fail() -> None:
        with bench.share._telling("entree"):
            raise OSError(number, os.strerror(number))

    bench.share.at["write demat-essai.part"] = fail
    with pytest.raises(kind):
        bench.connector.test()
