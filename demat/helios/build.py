"""Writing a PES_Aller: the subset that the 4.7.1, 5.11 and 5.17 schemas share (dossier §0.3–§5).

Every scalar is an element whose only attribute is ``V``; order is fixed; an element without value
is omitted. The same value always gives the same bytes.
"""

import base64
import struct
import zlib
from collections.abc import Iterable
from decimal import Decimal

from lxml import etree

from demat.amounts import cents
from demat.helios.model import (
    Adresse,
    Bordereau,
    Compte,
    Dgp,
    Domaine,
    Ligne,
    PesAller,
    PieceComptable,
    PieceJointe,
    PJRef,
    Tiers,
)
from demat.helios.text import is_transmissible
from demat.xmlio import Element

__all__ = ["build_pes", "encode_piece_jointe"]

NAMESPACE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
_DECLARATION = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'
# Magic, deflate, no flag (so no file name), mtime 0, best compression, unknown system
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_VERSION = "2"
_VERSION_PJ = "1"


def build_pes(pes: PesAller) -> bytes:
    """Write the file, unsigned, in ISO-8859-1, attachments compressed and in base64.

    :raises ValueError: when a text holds a character that ISO-8859-1 cannot carry or a line break
        (see ``demat.helios.text.transliterate``), or an amount has a fraction of a cent.
    """
    root = etree.Element(f"{{{NAMESPACE}}}PES_Aller", nsmap={"n": NAMESPACE})
    root.set("Id", _checked("Id", pes.id))
    _enveloppe(root, pes)
    _entete(root, pes)
    for domaine, write in ((Domaine.DEPENSE, _depense), (Domaine.RECETTE, _recette)):
        bordereaux = [one for one in pes.bordereaux if one.domaine is domaine]
        if bordereaux:
            write(root, pes, bordereaux)
    if pes.pieces_jointes:
        _pes_pj(root, pes.pieces_jointes)
    etree.indent(root, space=" ")
    body = etree.tostring(root, encoding="unicode")
    return _DECLARATION + body.encode("ISO-8859-1") + b"\n"


def _enveloppe(root: Element, pes: PesAller) -> None:
    enveloppe = _node(root, "Enveloppe")
    parametres = _node(enveloppe, "Parametres")
    _leaf(parametres, "Version", _VERSION)
    _leaf(parametres, "TypFic", pes.typ_fic)
    _leaf(parametres, "NomFic", pes.nom_fic)
    emetteur = _node(enveloppe, "Emetteur")
    _leaf(emetteur, "Sigle", pes.emetteur.sigle)
    _leaf(emetteur, "Adresse", pes.emetteur.adresse)


def _entete(root: Element, pes: PesAller) -> None:
    entete, budget = _node(root, "EnTetePES"), pes.budget
    _leaf(entete, "DteStr", pes.date.isoformat())
    _leaf(entete, "IdPost", budget.id_post)
    _leaf(entete, "IdColl", budget.siret)
    _leaf(entete, "FinJur", budget.fin_jur)
    _leaf(entete, "CodCol", budget.cod_col)
    _leaf(entete, "CodBud", budget.cod_bud)
    _leaf(entete, "LibelleColBud", budget.libelle)


def _depense(root: Element, pes: PesAller, bordereaux: Iterable[Bordereau]) -> None:
    branch = _node(root, "PES_DepenseAller")
    _entete_domaine(branch, "EnTeteDepense", dematerialise=pes.dematerialise)
    for bordereau in bordereaux:
        node = _bloc_bordereau(branch, bordereau, "MtBordHT")
        for piece in bordereau.pieces:
            _mandat(node, piece)


def _recette(root: Element, pes: PesAller, bordereaux: Iterable[Bordereau]) -> None:
    branch = _node(root, "PES_RecetteAller")
    _entete_domaine(branch, "EnTeteRecette", dematerialise=pes.dematerialise)
    for bordereau in bordereaux:
        node = _bloc_bordereau(branch, bordereau, "MtBordHt")
        for piece in bordereau.pieces:
            _titre(node, piece)


def _entete_domaine(branch: Element, name: str, *, dematerialise: bool) -> None:
    entete = _node(branch, name)
    _leaf(entete, "IdVer", _VERSION)
    _leaf(entete, "InfoDematerialisee", _boolean(dematerialise))


def _bloc_bordereau(branch: Element, bordereau: Bordereau, montant: str) -> Element:
    node = _node(branch, "Bordereau")
    node.set("Id", _checked("Id", bordereau.id))
    bloc = _node(node, "BlocBordereau")
    _leaf(bloc, "Exer", str(bordereau.exercice))
    _leaf(bloc, "IdBord", str(bordereau.numero))
    _leaf(bloc, "DteBordEm", bordereau.date_emission.isoformat())
    _leaf(bloc, "TypBord", bordereau.typ_bord)
    _leaf(bloc, "NbrPce", str(len(bordereau.pieces)))
    _montant(bloc, "MtCumulAnnuel", bordereau.mt_cumul_annuel)
    _montant(bloc, montant, bordereau.mt_ht)
    _tva(bloc, "MtBordTVA", bordereau.mt_tva)
    return node


def _mandat(bordereau: Element, piece: PieceComptable) -> None:
    node = _node(bordereau, "Piece")
    bloc = _node(node, "BlocPiece")
    info = _node(bloc, "InfoPce")
    _leaf(info, "CodServ", piece.service)
    _leaf(info, "IdPce", str(piece.numero))
    _leaf(info, "TypPce", piece.typ_pce)
    _leaf(info, "NatPce", piece.nat_pce)
    _leaf(info, "Obj", piece.objet)
    _pj_refs(info, piece.pj)
    if piece.dgp:
        _dgp(bloc, piece.dgp)
    for ligne in piece.lignes:
        _ligne_mandat(node, ligne)


def _dgp(bloc: Element, dgp: Dgp) -> None:
    node = _node(bloc, "DGP")
    _leaf(node, "Dgp", _boolean(not dgp.eligible))  # 0 means subject to the time limit
    _leaf(node, "DteDebDgp", dgp.debut.isoformat())
    _leaf(node, "DteFinDgp", dgp.fin.isoformat())
    _leaf(node, "DureeDgp", str(dgp.duree))


def _titre(bordereau: Element, piece: PieceComptable) -> None:
    node = _node(bordereau, "Piece")
    bloc = _node(node, "BlocPiece")
    _leaf(bloc, "CodServ", piece.service)
    _leaf(bloc, "IdPce", str(piece.numero))
    _leaf(bloc, "TypPce", piece.typ_pce)
    _leaf(bloc, "NatPce", piece.nat_pce)
    _leaf(bloc, "DteAsp", piece.date_asap.isoformat() if piece.date_asap else "")
    _leaf(bloc, "Edition", piece.edition)
    _leaf(bloc, "ObjPce", piece.objet)
    _pj_refs(bloc, piece.pj)
    for ligne in piece.lignes:
        _ligne_titre(node, ligne)


def _pj_refs(parent: Element, refs: Iterable[PJRef]) -> None:
    for ref in refs:
        node = _node(parent, "PJRef")
        _leaf(node, "Support", ref.support)
        _leaf(node, "IdUnique", ref.id_unique)
        _leaf(node, "NomPJ", ref.name)


def _ligne_mandat(piece: Element, ligne: Ligne) -> None:
    node = _node(piece, "LigneDePiece")
    bloc = _node(node, "BlocLignePiece")
    info = _node(bloc, "InfoLignePce")
    _leaf(info, "IdLigne", str(ligne.numero))
    _leaf(info, "Nature", ligne.nature)
    _leaf(info, "Fonction", ligne.fonction)
    _leaf(info, "Operation", ligne.operation)
    _leaf(info, "Facture", ligne.facture)
    _leaf(info, "LibVir1", ligne.lib_vir1)
    _leaf(info, "LibVir2", ligne.lib_vir2)
    _leaf(info, "ModRegl", ligne.mode_reglement)
    _leaf(info, "TVAIntraCom", "0")
    _montant(info, "MtHT", ligne.mt_ht)
    _tva(info, "MtTVA", ligne.mt_tva)
    _origine_et_liens(bloc, ligne)
    for tiers in ligne.tiers:
        _tiers(node, tiers, Domaine.DEPENSE)


def _ligne_titre(piece: Element, ligne: Ligne) -> None:
    node = _node(piece, "LigneDePiece")
    bloc = _node(node, "BlocLignePiece")
    info = _node(bloc, "InfoLignePiece")
    _leaf(info, "IdLigne", str(ligne.numero))
    _leaf(info, "ObjLignePce", ligne.objet)
    _leaf(info, "CodProdLoc", ligne.code_produit)
    _leaf(info, "Nature", ligne.nature)
    _leaf(info, "Fonction", ligne.fonction)
    _leaf(info, "Operation", ligne.operation)
    _montant(info, "TxTva", ligne.tx_tva)
    _leaf(info, "Majo", "0")
    _leaf(info, "TvaIntraCom", "0")
    _montant(info, "MtHT", ligne.mt_ht)
    _tva(info, "MtTVA", ligne.mt_tva)
    _origine_et_liens(bloc, ligne)
    for tiers in ligne.tiers:
        _tiers(node, tiers, Domaine.RECETTE)


def _origine_et_liens(bloc: Element, ligne: Ligne) -> None:
    if origine := ligne.rattachement:
        node = _node(bloc, "RattachPiece")
        _leaf(node, "NatPceOrig", origine.nature)
        _leaf(node, "ExerRat", str(origine.exercice))
        _leaf(node, "IdPceOrig", str(origine.piece))
        _leaf(node, "IdLigneOrig", "" if origine.ligne is None else str(origine.ligne))
    liens = {
        "IdConv": ligne.convention,
        "IdMarche": ligne.marche,
        "IdEmpruntOrdo": ligne.emprunt,
        "IdActif": ligne.inventaire,
        "IdRegie": ligne.regie,
    }
    if any(liens.values()):
        node = _node(bloc, "LiensIdent")
        for name, text in liens.items():
            _leaf(node, name, text)


def _tiers(ligne: Element, tiers: Tiers, domaine: Domaine) -> None:
    recette = domaine is Domaine.RECETTE
    node = _node(ligne, "Tiers")
    info = _node(node, "InfoTiers")
    naissance = tiers.date_naissance.isoformat() if tiers.date_naissance and recette else ""
    _leaf(info, "IdTiers", tiers.id_tiers)
    _leaf(info, "DteNaissance", naissance)
    _leaf(info, "NatIdTiers", tiers.nat_id_tiers)
    _leaf(info, "RefTiers", tiers.ref_tiers)
    _leaf(info, "CatTiers", tiers.cat_tiers)
    _leaf(info, "NatJur", tiers.nat_jur)
    _leaf(info, "TypTiers", tiers.typ_tiers if recette else "")
    _leaf(info, "Civilite", tiers.civilite)
    _leaf(info, "Nom", tiers.nom)
    _leaf(info, "ComplNom", tiers.compl_nom)
    _leaf(info, "Prenom", tiers.prenom)
    _adresse(node, tiers.adresse)
    if tiers.compte:
        _compte(node, tiers.compte)


def _adresse(tiers: Element, adresse: Adresse) -> None:
    node = _node(tiers, "Adresse")
    _leaf(node, "TypAdr", adresse.type_adresse)
    _leaf(node, "Adr1", adresse.adr1)
    _leaf(node, "Adr2", adresse.adr2)
    _leaf(node, "Adr3", adresse.adr3)
    _leaf(node, "CP", adresse.cp)
    _leaf(node, "Ville", adresse.ville)
    _leaf(node, "CodRes", _boolean(adresse.non_resident))
    _leaf(node, "CodPays", adresse.code_pays)


def _compte(tiers: Element, compte: Compte) -> None:
    node = _node(tiers, "CpteBancaire")
    _leaf(node, "BIC", compte.bic)
    _leaf(node, "IBAN", compte.iban)
    _leaf(node, "TitCpte", compte.titulaire)


def _pes_pj(root: Element, pieces_jointes: Iterable[PieceJointe]) -> None:
    branch = _node(root, "PES_PJ")
    _leaf(_node(branch, "EnTetePES_PJ"), "IdVer", _VERSION_PJ)
    for piece_jointe in pieces_jointes:
        node = _node(branch, "PJ")
        fichier = _node(_node(node, "Contenu"), "Fichier")
        fichier.set("MIMEType", _checked("MIMEType", piece_jointe.mime_type))
        fichier.text = encode_piece_jointe(piece_jointe.content)
        _leaf(node, "IdUnique", piece_jointe.id_unique)
        _leaf(node, "NomPJ", piece_jointe.name)
        _leaf(node, "TypePJ", piece_jointe.type_pj)
        _leaf(node, "Description", piece_jointe.description)


def encode_piece_jointe(content: bytes) -> str:
    """Compress an attachment (gzip without name nor date) and encode it in base64 (§5.1)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(content) + deflate.flush()
    trailer = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return base64.b64encode(_GZIP_HEADER + body + trailer).decode("ascii")


def _node(parent: Element, name: str) -> Element:
    return etree.SubElement(parent, name)


def _leaf(parent: Element, name: str, text: str) -> None:
    """Add a scalar, unless it has no value: the norm refuses most empty texts."""
    if text:
        etree.SubElement(parent, name).set("V", _checked(name, text))


def _montant(parent: Element, name: str, amount: Decimal | None) -> None:
    if amount is not None:
        _leaf(parent, name, f"{Decimal(cents(amount)) / 100:.2f}")


def _tva(parent: Element, name: str, amount: Decimal | None) -> None:
    """Add an amount of TVA: a zero is omitted, the norm wants it positive or absent (rule 22)."""
    _montant(parent, name, amount or None)


def _boolean(flag: bool) -> str:
    return "1" if flag else "0"


def _checked(name: str, text: str) -> str:
    if not is_transmissible(text):
        raise ValueError(f"{name} holds a character that Hélios cannot receive: {text!r}")
    return text
