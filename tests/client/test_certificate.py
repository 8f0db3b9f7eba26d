"""Signing in with a certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_provider_cpp.client.login import fetch_token
from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.exceptions import CppConfigurationError
from tests.client.conftest import settings_for


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "release")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    paths = {}
    for kind, encryption in (
        ("plain", serialization.NoEncryption()),
        ("encrypted", serialization.BestAvailableEncryption(b"hush")),
    ):
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        paths[kind] = folder / f"{kind}.pem"
        paths[kind].write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    paths["broken"] = folder / "broken.pem"
    paths["broken"].write_text("no certificate at all")
    return paths


@pytest.mark.parametrize(("kind", "password"), [("plain", ""), ("encrypted", "hush")])
def test_a_certificate_signs_in_its_application(
    emulator: Emulator, certificate: dict[str, Path], kind: str, password: str
) -> None:
    settings = settings_for(
        emulator, auth="certificate", certificate_path=str(certificate[kind]), password=password
    )
    value, _ = fetch_token(settings)

    assert emulator._login.accepts(f"Bearer {value}")
    (request,) = emulator.requests_for("token")
    assert "client_assertion=" in request.body
    assert "client_secret" not in request.body


@pytest.mark.parametrize(("kind", "password"), [("encrypted", "wrong-hush"), ("encrypted", ""), ("broken", "")])
def test_a_certificate_that_cant_be_used_is_a_setting_to_correct(
    emulator: Emulator, certificate: dict[str, Path], kind: str, password: str
) -> None:
    settings = settings_for(
        emulator, auth="certificate", certificate_path=str(certificate[kind]), password=password
    )
    with pytest.raises(CppConfigurationError) as caught:
        fetch_token(settings)
    assert "hush" not in str(caught.value)
    assert emulator.requests_for("token") == []
