"""One step of the benchmark in a process of its own: ``-m benchmarks.pes_steps STEP FILE OUT``.

``judge`` is what the engine does with a ready-made file: complete it (NomFic, flag, Ids), read its
facts, apply the schema and the 77 rules, write it. ``model`` reads the whole file
into the model and writes it back.
"""

import sys
from datetime import date
from pathlib import Path

__all__ = ["judge", "model"]

_NOM_FIC = "PESALR2_21990123800010_260313_001"


def judge(source: Path, out: Path) -> int:
    """Return 1 when something stops the file."""
    from demat.engine.examine import examine
    from demat.helios.model import Budget
    from demat.helios.ready_made import complete
    from demat.helios.rules import ContextePes, Origine
    from demat.schemas.catalogue import Catalogue

    budget = Budget(
        id_post="099012", siret="21990123800010", cod_col="045", cod_bud="00", libelle="BELLOMBRE"
    )
    contexte = ContextePes(
        budgets=(budget,),
        today=date(2026, 3, 13),
        origine=Origine.READY_MADE,
        signature=True,
        max_bytes=128_000_000,
        max_pj_bytes=20_000_000,
    )
    content = complete(source.read_bytes(), nom_fic=_NOM_FIC, dematerialise=True).content
    examined = examine(content, contexte, Catalogue.default())
    (out / "completed.xml").write_bytes(content)
    if examined.faults.blocking:
        print(*sorted(set(examined.faults.codes)), file=sys.stderr)
    return int(examined.facts is None or bool(examined.faults.blocking))


def model(source: Path, out: Path) -> int:
    """Write the file anew."""
    from demat.helios.build import write_pes
    from demat.helios.full_read import read_pes_aller

    with (out / "written.xml").open("wb") as stream:
        write_pes(read_pes_aller(source.read_bytes()), stream)
    return 0


if __name__ == "__main__":
    step, source, out = sys.argv[1:]
    sys.exit({"judge": judge, "model": model}[step](Path(source), Path(out)))
