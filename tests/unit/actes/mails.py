"""Mails of the ministry, made up for the tests: any shape, all fictional."""

from email.message import EmailMessage
from pathlib import Path

GOLDEN = Path(__file__).parents[2] / "golden" / "actes"
ID = "099-000000000-20240314-2024_012-DE"
ENVELOPE_NAME = "EACT--SPREF0991-000000000-20240315-9.xml"
AR_NAME = f"{ID}-1-2_4127.xml"
LETTER_NAME = f"{ID}-3-1_12.xml"
LETTER_FILE = f"{ID}-3-1_12.pdf"
TABLE = (
    "<html><head><title>x</title><style>td {color: red}</style></head><body><!-- note -->"
    "<table><tr><td>Pr&eacute;fecture</td><td>Fiction</td></tr>"
    f"<tr><td>Identifiant&nbsp;:</td><td><b>{ID}</b></td></tr></table>"
    "<script>var a = '<td>';</script><p>Message automatique</p></body></html>"
)


def golden(root: str) -> bytes:
    """Return the golden message that has this root."""
    return (GOLDEN / f"{root}.xml").read_bytes()


def envelope(*messages: str, siren: str = "000000000") -> bytes:
    """Return an inbound envelope that lists these messages."""
    listed = "".join(
        f"<actes:Formulaire><actes:NomFichier>{name}</actes:NomFichier></actes:Formulaire>"
        for name in messages
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<actes:EnveloppeMISILLCL xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216"'
        ' xmlns:insee="http://xml.insee.fr/schema"><actes:Emetteur>'
        '<actes:IDSousPref actes:Departement="099" actes:Arrondissement="1"/></actes:Emetteur>'
        f"<actes:FormulairesEnvoyes>{listed}</actes:FormulairesEnvoyes>"
        f'<actes:Destinataire insee:SIREN="{siren}"/></actes:EnveloppeMISILLCL>'
    ).encode("iso-8859-1")


def mail(
    *attached: tuple[str, bytes],
    text: str = "Bonjour,\nVeuillez trouver ci-joint.",
    html: str = "",
    subject: str = "Accusé de réception",
) -> EmailMessage:
    """Return a mail with these files attached, in this order."""
    message = EmailMessage()
    message["From"] = "ne-pas-repondre@ministere.example.fr"
    message["To"] = "retour@tdt-fictif.fr"
    message["Subject"] = subject
    message["Date"] = "Fri, 15 Mar 2024 23:30:00 +0100"
    if text:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    for name, content in attached:
        message.add_attachment(content, maintype="application", subtype="octet-stream",
                               filename=name)  # fmt: skip
    return message


def add_logo(message: EmailMessage) -> None:
    """Add the picture that the HTML text shows."""
    message.add_attachment(
        b"\xff\xd8\xff\xe0 logo",
        maintype="image",
        subtype="jpeg",
        filename="logo.jpg",
        disposition="inline",
        cid="<logo@ministere.example.fr>",
    )
