"""Encrypted, pinned, paired: over real TLS sockets against the stand-in."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.client.conftest import drawn
from core.client.standin import TOKEN, StandIn
from core.client.test_verbs import whole
from layerlift.client import NoServer, ServerError, Untrusted
from layerlift.client.address import Address
from layerlift.client.known_servers import Known, KnownServers
from layerlift.client.tls import fingerprint, shown_by


def certificate(folder: Path) -> tuple[Path, str]:
    """A self-signed certificate for 127.0.0.1 with its key in one file, and its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path, fingerprint(made.public_bytes(serialization.Encoding.DER))


@pytest.fixture
def secured(places, tmp_path):
    path, digits = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with StandIn(context) as server:
        server.fingerprint = digits
        server.address = f"https://127.0.0.1:{server.port}"
        yield server


def test_a_pinned_certificate_and_a_token(secured, connecting):
    document = drawn(900, 700)
    with connecting(address=secured.address, token=TOKEN, fingerprint=secured.fingerprint) as client:
        assert np.array_equal(whole(client.decompose(document)), document.pixels)
        secured.drop_lines()
        assert client.jobs() == [], "it comes back encrypted too"
    assert secured.hellos[1].token == TOKEN


def test_another_certificate_than_the_pinned_one(secured, connecting):
    with pytest.raises(Untrusted, match="shows another certificate"):
        connecting(address=secured.address, token=TOKEN, fingerprint="ab" * 32)
    assert secured.hellos == [], "nothing was said"


def test_a_certificate_that_nobody_vouches_for(secured, connecting):
    with pytest.raises(Untrusted, match="is not trusted here"):
        connecting(address=secured.address, token=TOKEN)
    assert secured.hellos == []


def test_what_a_server_shows(secured):
    assert shown_by(Address("127.0.0.1", secured.port, tls=True)) == secured.fingerprint
    with pytest.raises(NoServer):
        shown_by(Address("127.0.0.1", 1, tls=True))


def test_pairing_with_a_code_once_and_for_all(secured, connecting):
    with connecting(
        address=secured.address, code="123456", device="Anna's laptop", fingerprint=secured.fingerprint
    ) as client:
        assert not client.welcome.owner
        assert (secured.hellos[0].code, secured.hellos[0].device) == ("123456", "Anna's laptop")
    assert KnownServers().get(f"127.0.0.1:{secured.port}") == Known("n" * 43, secured.fingerprint, True)
    with pytest.raises(ServerError, match="Nobody knows you"):  # the stand-in forgets; what counts is what we showed
        connecting(address=f"127.0.0.1:{secured.port}")
    assert secured.hellos[1].token == "n" * 43


def test_a_server_that_was_never_paired(places, connecting):
    with pytest.raises(ServerError, match=r"has not been paired with studio:7860\. Get a code there") as caught:
        connecting(address="studio:7860")
    assert caught.value.code == "unauthorized"


def test_a_port_that_speaks_no_tls(server, connecting):
    with pytest.raises(NoServer):
        connecting(address=f"https://127.0.0.1:{server.port}", token=TOKEN, fingerprint="ab" * 32)
