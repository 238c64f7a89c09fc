"""The certificate of the remote endpoint: the user's own, or one made here whose fingerprint clients pin.

Law: the only file that imports cryptography, and only to make a certificate. Its key never leaves its 0600 file.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from layerlift.errors import LayerliftError
from layerlift_server.security import private_files

if TYPE_CHECKING:
    from cryptography import x509

_DAYS = 825
"""How long a made certificate is good: the longest that Apple's systems accept of one that a user trusts."""
_RENEW_SECONDS = 24 * 3600.0


class CertificateError(LayerliftError):
    """The remote endpoint has no certificate that it can use."""

    code = "certificate"


@dataclass(frozen=True)
class Certificate:
    """PEM files and the SHA-256 of the certificate (64 lower-case hexadecimal digits)."""

    chain: Path
    key: Path
    fingerprint: str

    def context(self) -> ssl.SSLContext:
        """For a server: TLS 1.2 and above. Raises CertificateError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.chain, self.key, password=_no_password)
        except (OSError, ssl.SSLError) as error:
            raise CertificateError(
                f"The certificate {self.chain.name} and its key cannot be used: {error}.",
                "Give a PEM certificate and the unencrypted PEM key that belongs to it.",
            ) from None
        return context


def given(chain: Path, key: Path) -> Certificate:
    """The user's own. Raises CertificateError."""
    return Certificate(chain, key, fingerprint(chain))


def made(folder: Path, names: tuple[str, ...]) -> Certificate:
    """The one in `folder`, made now if there is none or its time is over, for these host names and addresses. Raises
    CertificateError, OSError."""
    chain, key = folder / "certificate.pem", folder / "certificate-key.pem"
    if not (chain.exists() and key.exists() and _lasts(chain)):
        written = _make(names)
        private_files.replace(key, written[1])
        private_files.replace(chain, written[0])
    return Certificate(chain, key, fingerprint(chain))


def fingerprint(chain: Path) -> str:
    """SHA-256 of a PEM file's first certificate. Raises CertificateError."""
    try:
        text = chain.read_text("ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin:end])).hexdigest()
    except (OSError, ValueError):
        raise CertificateError(f"{chain} holds no PEM certificate.", "Check the path.") from None


def spelled(digits: str) -> str:
    """A fingerprint for a person: pairs with colons, as browsers show it."""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()


def _lasts(chain: Path) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
    except ValueError:
        return False
    left = certificate.not_valid_after_utc - datetime.now(timezone.utc)
    return left.total_seconds() > _RENEW_SECONDS


def _make(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError:
        raise CertificateError(
            "Making a certificate needs the package cryptography, which is missing.",
            'Install "layerlift[remote]", or give --certificate and --key.',
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Layerlift on " + socket.gethostname()[:40])])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _no_password() -> str:
    raise ssl.SSLError("the key is encrypted")
