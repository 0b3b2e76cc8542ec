"""Which numbers of a refused file are free again (helios dossier §8.1)."""

from decimal import Decimal

import pytest

from demat.helios.acquit import Acquit, ElementAcquit, ErreurAcquit
from demat.helios.model import Domaine
from demat.helios.read import BordereauFacts, PesFacts, PjFacts
from demat.helios.released import released_keys

NAME = "PESALR2_21990123800010_261123_001"
PJ = "21990123800010D2026M000204A1"
B31 = ["idbord:depense/00/2026/01/31", "idpce:depense/00/2026/01/204"]
B31_SECOND = "idpce:depense/00/2026/01/205"
B4 = ["idbord:depense/00/2026/01/4", "idpce:depense/00/2026/01/210"]
ALL = [B31[0], B31[1], B31_SECOND, *B4, f"idunique:{PJ}"]


def bordereau(numero: int, *pieces: int) -> BordereauFacts:
    return BordereauFacts(
        id=f"B{numero}",
        domaine=Domaine.DEPENSE,
        exercice=2026,
        numero=numero,
        typ_bord="01",
        nbr_pce=len(pieces),
        mt_ht=Decimal("1.00"),
        mt_tva=None,
        pieces=pieces,
        signed=True,
    )


FACTS = PesFacts(
    kind="PES_Aller",
    nom_fic=NAME,
    typ_fic="PESALR2",
    version="2",
    id_post="099012",
    id_coll="21990123800010",
    cod_col="045",
    cod_bud="00",
    libelle="X",
    bordereaux=(bordereau(31, 204, 205), bordereau(4, 210)),
    pieces_jointes=(PjFacts(id_unique=PJ, name="f.pdf", type_pj="003"),),
    dematerialise=True,
    signed_globally=False,
)


def element(
    domaine: int = 5,
    *,
    ok: bool = False,
    bordereau: int | None = None,
    exercice: int | None = 2026,
    pj: str = "",
    code: str = "",
    libelle: str = "",
    piece: int | None = None,
) -> ElementAcquit:
    erreurs = (ErreurAcquit(code=code, libelle=libelle, path="", piece=piece),) if code else ()
    return ElementAcquit(
        domaine=domaine,
        libelle="",
        accepted=ok,
        bordereau=bordereau,
        exercice=exercice if bordereau else None,
        id_unique=pj,
        erreurs=erreurs,
    )


PJ_IN = element(4, ok=True, pj=PJ)
IN_4 = element(ok=True, bordereau=4)


@pytest.mark.parametrize(
    ("elements", "freed"),
    [
        ([element(ok=True, bordereau=31), IN_4, PJ_IN], []),
        ([element(bordereau=31), IN_4, PJ_IN], [*B31, B31_SECOND]),  # the example of §8.1
        ([element(bordereau=31), element(bordereau=4), PJ_IN], ALL[:-1]),
        ([element(bordereau=31), IN_4], [*B31, B31_SECOND]),  # of the attachment nothing is said
        ([element(bordereau=31), element(bordereau=4)], ALL),
        ([IN_4, PJ_IN], []),  # silence is neither consent nor refusal
        ([PJ_IN], []),
        ([element(bordereau=31)], [*B31, B31_SECOND]),
        ([element(bordereau=31), element(ok=True, bordereau=4, exercice=None)], [*B31, B31_SECOND]),
        ([element(ok=True, bordereau=31), element(bordereau=31), IN_4], [*B31, B31_SECOND]),
        ([element(2)], ALL),  # the signature of the file
        ([element(2), element(ok=True, bordereau=31)], ALL),
        ([element(bordereau=31, code="ERREUR_DOUBLON_BORDEREAU"), IN_4], []),
        (
            [element(bordereau=31, code="ERREUR_DOUBLON_PIECE", piece=204), IN_4],
            [B31[0], B31_SECOND],
        ),
        (
            [element(ok=True, bordereau=31), IN_4, element(4, pj=PJ, code="ERREUR_PJ")],
            [f"idunique:{PJ}"],
        ),
        ([element(ok=True, bordereau=31), IN_4, element(4, pj=PJ, code="ERREUR_DOUBLON_PJ")], []),
        (
            [
                element(ok=True, bordereau=31),
                IN_4,
                element(4, pj=PJ, code="ERREUR_AUTRE", libelle="1984 - IdUnique déjà intégré"),
            ],
            [],
        ),
        ([element(6, bordereau=31), IN_4], []),  # a titre, not a mandat
    ],
)
def test_released_keys(elements: list[ElementAcquit], freed: list[str]) -> None:
    acquit = Acquit(nom_fic=NAME, cod_col="045", elements=tuple(elements))
    assert [f"{kind}:{key}" for kind, key in released_keys(acquit, FACTS)] == freed
