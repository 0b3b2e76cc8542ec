"""Names of authorities, written in the many ways of signing tools."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from demat.signing.distinguished import common_name, format_name, same_name

EMAIL = NameOID.EMAIL_ADDRESS


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


ISSUER = _name(
    (NameOID.COUNTRY_NAME, "FR"),
    (NameOID.ORGANIZATION_NAME, "Autorité, fictive"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "0002 000000000"),
    (NameOID.COMMON_NAME, "AC fille"),
    (EMAIL, "ac@exemple.fr"),
)


def test_format_follows_rfc_4514() -> None:
    assert format_name(ISSUER) == (
        "1.2.840.113549.1.9.1=#160d6163406578656d706c652e6672,CN=AC fille,"
        "OU=0002 000000000,O=Autorité\\, fictive,C=FR"
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        # as we write it, and reversed as OpenSSL and LDAP tools do
        (format_name(ISSUER), True),
        ("C=FR, O=Autorité\\, fictive, OU=0002 000000000, CN=AC fille, E=ac@exemple.fr", True),
        # quoted, other separators, long names, numeric types
        (
            'EMAILADDRESS=ac@exemple.fr;CN="AC fille";OU=0002 000000000;O="Autorité, fictive";C=FR',
            True,
        ),
        (
            "OID.1.2.840.113549.1.9.1=ac@exemple.fr,2.5.4.3=AC fille,2.5.4.11=0002 000000000,"
            "2.5.4.10=Autorité\\2C fictive,2.5.4.6=FR",
            True,
        ),
        # hexadecimal escapes of UTF-8, case and inner spaces do not count
        ("C=fr,O=autorit\\C3\\A9\\,  FICTIVE,OU=0002 000000000,CN=ac fille,E=AC@exemple.fr", True),
        # something else
        ("C=FR,O=Autorité\\, fictive,OU=0002 000000000,CN=AC mère,E=ac@exemple.fr", False),
        ("C=FR,O=Autorité\\, fictive,OU=0002 000000000,CN=AC fille", False),
        ("C=FR,C=FR,O=Autorité\\, fictive,OU=0002 000000000,CN=AC fille,E=ac@exemple.fr", False),
        ("C=FR+O=Autorité\\, fictive,OU=0002 000000000,CN=AC fille,E=ac@exemple.fr", False),
        # not understood is not the same
        ("", False),
        ("CN", False),
        ("CN=AC fille,", False),
        ("INCONNU=x", False),
        ("CN=#zz", False),
        ("CN=#0c", False),
        ("CN=\\ff", False),
    ],
)
def test_names_are_compared_by_meaning(text: str, same: bool) -> None:
    assert same_name(text, ISSUER) is same


def test_multi_valued_rdn_in_any_order() -> None:
    rdn = x509.RelativeDistinguishedName(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "A"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, "1"),
        ]
    )
    name = x509.Name([rdn])
    assert same_name("SERIALNUMBER=1+CN=A", name)
    assert same_name("CN=A + 2.5.4.5=1", name)
    assert not same_name("CN=A,SERIALNUMBER=1", name)


def test_common_name_or_whole_name() -> None:
    assert common_name(ISSUER) == "AC fille"
    assert common_name(_name((NameOID.ORGANIZATION_NAME, "Seule"))) == "O=Seule"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=16))
def test_what_we_write_we_recognise(value: str) -> None:
    name = _name((NameOID.COMMON_NAME, value))
    assert same_name(format_name(name), name)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    same_name(text, ISSUER)
