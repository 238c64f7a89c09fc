"""Whether whoever answers is who was meant: TLS with a pinned certificate, or with the machine's authorities.

Law: contexts and comparisons; connects to nothing. A pinned certificate needs no authority, no name and no date: the
same rule as ssh's, made for certificates that a server has generated for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl

from layerlift.client.address import Address
from layerlift.client.errors import NoServer, ServerError, Untrusted


def context(address: Address) -> ssl.SSLContext:
    """How to wrap a socket to `address`."""
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if address.fingerprint is not None:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE  # `check` compares the whole certificate, before anything is said
    return made


def check(address: Address, certificate: bytes | None) -> None:
    """Compare what was shown with what was pinned. Raises Untrusted."""
    if address.fingerprint is None:
        return
    shown = fingerprint(certificate or b"")
    if not hmac.compare_digest(shown, address.fingerprint):
        raise Untrusted(
            f"{address} shows another certificate (SHA-256 {shown[:16]}…) than the one that was pinned.",
            "If the server was set up anew, pair again; otherwise somebody stands between.",
        )


def fingerprint(certificate: bytes) -> str:
    """Hexadecimal SHA-256 of a certificate (DER)."""
    return hashlib.sha256(certificate).hexdigest()


def shown_by(address: Address) -> str:
    """The fingerprint that a server shows right now, for a person to compare. Raises NoServer."""
    try:
        pem = ssl.get_server_certificate((address.host, address.port), timeout=5.0)
    except OSError as wrong:
        raise unreachable(address, wrong) from wrong
    return fingerprint(ssl.PEM_cert_to_DER_cert(pem))


def unreachable(address: Address, wrong: Exception) -> ServerError:
    """What to say when no connection came about."""
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return Untrusted(f"The certificate of {address} is not trusted here.", "Pair with it: layerlift pair ADDRESS")
    if isinstance(wrong, ssl.SSLError):
        return NoServer(f"{address} does not speak TLS as a Layerlift server does.", "Check the address and the port.")
    why = (isinstance(wrong, OSError) and wrong.strerror) or str(wrong) or "no answer"
    return NoServer(f"No Layerlift server answers at {address} ({why}).", "Check the address, or start it there.")
