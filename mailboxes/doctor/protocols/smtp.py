"""SMTP as a mail client speaks it; a certificate is read, whoever signed it."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cryptography import x509

from mailboxes.doctor.access import SECONDS


def lenient_context() -> ssl.SSLContext:
    """Return a context that accepts every certificate, so that it can be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without loading the authorities
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def own_name() -> str:
    """Return the name for EHLO. smtplib would ask the DNS for it, and wait as long as that does."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


@contextmanager
def connect(address: str, port: int) -> Iterator[smtplib.SMTP]:
    """Connect and greet, on port 465 with TLS from the start; raises OSError or SMTPException."""
    if port == 465:
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            address,
            port,
            local_hostname=own_name(),
            timeout=SECONDS,
            context=lenient_context(),
        )
    else:
        client = smtplib.SMTP(address, port, local_hostname=own_name(), timeout=SECONDS)
    try:
        client.ehlo()
        yield client
        with suppress(OSError, smtplib.SMTPException):  # it has said all that was asked
            client.quit()
    finally:
        client.close()


def start_tls(client: smtplib.SMTP) -> None:
    """Switch to TLS; raises SMTPException if that is refused."""
    status, text = client.starttls(context=lenient_context())
    if status != 220:
        raise smtplib.SMTPResponseException(status, text)
    client.ehlo()


def certificate(client: smtplib.SMTP) -> x509.Certificate:
    """Return the certificate of the other side; raises ssl.SSLError without TLS."""
    return certificate_of(client.sock)


def certificate_of(connection: object) -> x509.Certificate:
    if not isinstance(connection, ssl.SSLSocket):
        raise ssl.SSLError("there is no TLS")
    return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")


def sign_in(client: smtplib.SMTP, address: str, password: str) -> tuple[int, str]:
    """Sign in with PLAIN, once: smtplib's login() would try every mechanism."""
    response = base64.b64encode(f"\0{address}\0{password}".encode()).decode()
    status, text = client.docmd("AUTH", f"PLAIN {response}")
    return status, text.decode(errors="replace")
