"""PeduliLindungi is who its certificate says, or nothing is sent."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pedulilindungi.settings import PeduliLindungiSettings
from pedulilindungi.upstream import PeduliLindungi
from wajah.contracts.errors import Code, WajahError

from tests.unit.pedulilindungi.conftest import soon

ACCEPTANCE = json.dumps({"success": True, "code": 200, "message": "registered"}).encode()


class TlsServer:
    """Accepts whatever it is asked, under a certificate of its own making."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "certificate.pem"
        self._key = folder / "key.pem"
        self.asked: list[bytes] = []
        self.port = 0

    def make_certificate(self) -> None:
        """For 127.0.0.1, and for no other name."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    async def start(self) -> asyncio.Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self._key)
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(ACCEPTANCE)}\r\n\r\n"
        writer.write(head.encode() + ACCEPTANCE)
        await writer.drain()
        writer.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TlsServer]:
    server = TlsServer(tmp_path)
    server.make_certificate()
    async with await server.start():
        yield server


async def register(settings: PeduliLindungiSettings) -> bool:
    upstream = PeduliLindungi(settings)
    try:
        return bool((await upstream.register("3273022807762", "Siti", until=soon(5)))["success"])
    finally:
        await upstream.close()


async def test_a_trusted_certificate_is_talked_to(server: TlsServer) -> None:
    settings = PeduliLindungiSettings(pl_url=f"https://127.0.0.1:{server.port}", pl_ca_file=server.certificate)

    assert await register(settings)
    assert len(server.asked) == 1


@pytest.mark.parametrize(("host", "trusted"), [("127.0.0.1", False), ("localhost", True)])
async def test_an_unknown_authority_or_another_name_is_not(host: str, trusted: bool, server: TlsServer) -> None:
    ca_file = server.certificate if trusted else None
    settings = PeduliLindungiSettings(pl_url=f"https://{host}:{server.port}", pl_ca_file=ca_file)

    with pytest.raises(WajahError) as refused:
        await register(settings)

    assert refused.value.code is Code.PL_UNREACHABLE
    assert server.asked == []
