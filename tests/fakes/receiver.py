"""A receiver of notifications: a real HTTP or HTTPS server on loopback that keeps what it is sent."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request; header names in lower case."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Receiver:
    """What it answers, and what it was sent.

    Attributes:
        statuses: of the first answers; 200 after them.
        headers: beside each answer that is not 200.
        heard: called with each request before it is answered.
    """

    statuses: list[int] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    heard: Callable[[Received], None] | None = None
    address: str = ""
    letters: list[Received] = field(default_factory=list)


@contextmanager
def listening(receiver: Receiver | None = None, *, tls: Path | None = None) -> Iterator[Receiver]:
    """Serve while inside; `tls` is a PEM with key and certificate."""
    told = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Received(path=self.path, body=body, headers=headers)
            told.letters.append(one)
            if told.heard is not None:
                told.heard(one)
            status = told.statuses.pop(0) if told.statuses else 200
            self.send_response(status)
            for name, value in told.headers.items() if status != 200 else ():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        told.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> Path:
    """Make a key and a certificate for 127.0.0.1 that vouches for itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, serial_number=1, public_key=key.public_key())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "receiver.pem"
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that does not trust us hangs up: that is its business."""
