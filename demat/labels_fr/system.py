"""What the operating system answers when a file or a connection fails, in French."""

import errno
import os
from collections.abc import Mapping

__all__ = ["in_french"]

_REASONS: Mapping[int, str] = {
    errno.ENOENT: "il n'existe pas",
    errno.EACCES: "l'accès est refusé",
    errno.EPERM: "l'opération n'est pas permise",
    errno.EISDIR: "c'est un dossier",
    errno.ENOTDIR: "un fichier se trouve à la place d'un dossier",
    errno.EEXIST: "un fichier porte déjà ce nom",
    errno.ENOSPC: "le disque est plein",
    errno.EROFS: "le disque est en lecture seule",
    errno.ENAMETOOLONG: "le nom est trop long",
    errno.ENOTEMPTY: "le dossier n'est pas vide",
    errno.EFBIG: "le fichier dépasse la taille permise",
    errno.EDQUOT: "la place accordée sur le disque est épuisée",
    errno.EIO: "le disque ne répond pas correctement",
    errno.ECONNREFUSED: "la connexion est refusée",
    errno.ECONNRESET: "la connexion a été coupée",
    errno.ETIMEDOUT: "la réponse n'est pas venue à temps",
    errno.ENETUNREACH: "le réseau est coupé",
    errno.EHOSTUNREACH: "la machine distante est introuvable",
}
_TEXTS: Mapping[str, str] = {
    "the answer lasts too long": "la réponse dure trop longtemps",
    "timed out": "la réponse n'est pas venue à temps",
    "The read operation timed out": "la réponse n'est pas venue à temps",
    "Server connection dropped": "la connexion a été coupée",
    "Socket is closed": "la connexion a été coupée",
    "Failure": "le serveur ne le dit pas",
    "Permission denied": "l'accès est refusé",
    "No such file": "il n'existe pas",
    "Authentication failed.": "ni la clé ni le mot de passe ne conviennent",
    "database or disk is full": "le disque est plein",
    "disk I/O error": "le disque ne répond pas correctement, ou il est plein",
    "attempt to write a readonly database": "le fichier des données est en lecture seule",
    "unable to open database file": "le fichier des données ne peut pas être ouvert",
    "database is locked": "le fichier des données est occupé",
}


def in_french(text: str) -> str:
    """Translate what the system said; what is not known is kept as it is."""
    for number, french in _REASONS.items():
        english = os.strerror(number)
        if text == english:
            return french
        text = text.replace(f"[Errno {number}] {english}", french)
    return _TEXTS.get(text, text)
