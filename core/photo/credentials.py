"""Content Credentials: a signed record in the picture of what was done to which photograph (C2PA specification 2.2)."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from core import __version__
from core.errors import PhotoError, RequestError
from core.photo.formats import media_type
from core.photo.stores import read_bytes

_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},  # nothing is asked of the network
    "builder": {"thumbnail": {"enabled": False}},
}
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_PROGRAM = {"name": "Autochrome", "version": __version__}


@dataclass(frozen=True)
class Credentials:
    """Who signs pictures.

    Attributes:
        certificates: PEM, the signer's own first, then the chain.
        key: the private one, PEM, PKCS #8.
        algorithm: C2PA's name of what fits the key.
        timestamps: address of a time-stamp authority (RFC 3161), which learns the hash of each signature; or None.
    """

    certificates: str
    key: str = field(repr=False)
    algorithm: str
    timestamps: str | None = None

    def sign(
        self, picture: Path, signed: Path, format_name: str, photograph: Path, name: str, done: str, source_type: str
    ) -> None:
        """Write a signed copy of a picture.

        Args:
            picture: the file.
            signed: the file to write.
            format_name: its format, a key of ``core.photo.save.SUFFIXES``.
            photograph: the file that the picture was made from; credentials of its own are carried on.
            name: what its owner calls it.
            done: what was done to it, in words.
            source_type: ``core.photo.captions.COLOURED`` or ``ENHANCED``.

        Raises:
            PhotoError: it cannot be signed.
        """
        media, parent = f"image/{format_name}", read_bytes(photograph)
        with open(picture, "rb") as source, open(signed, "w+b") as target:
            try:
                self._sign(source, target, media, _manifest(media, done, source_type), parent, name)
            except Exception as error:  # the library raises many kinds
                advice = "check the certificate" + " and that the time-stamp authority answers" * bool(self.timestamps)
                raise PhotoError(f"{name} could not be signed ({_reason(error)}); {advice}.") from error

    def _sign(
        self, source: Any, target: Any, media: str, manifest: dict[str, Any], photograph: bytes, name: str
    ) -> None:
        import c2pa

        ingredient = {
            "label": "photograph",
            "title": name.encode("utf-8", "backslashreplace").decode(),  # a file's name need not be Unicode
            "relationship": "parentOf",
            "description": f"sha256:{hashlib.sha256(photograph).hexdigest()}",
        }
        key = c2pa.C2paSignerInfo(self.algorithm, self.certificates.encode(), self.key.encode(), self.timestamps)
        with (
            c2pa.Signer.from_info(key) as signer,
            c2pa.Context(c2pa.Settings.from_dict(_SETTINGS)) as context,
            c2pa.Builder(manifest, context) as builder,
        ):
            try:
                builder.add_ingredient(ingredient, media_type(name), io.BytesIO(photograph))
            except c2pa.C2paError:  # a naked JPEG XL, or not what its name says: credentials of its own it has none
                builder.add_ingredient(ingredient, "application/octet-stream", io.BytesIO(photograph))
            builder.sign(signer, media, source, target)


def read_credentials(certificate: Path, key: Path, timestamps: str | None = None) -> Credentials:
    """Who signs, from files; tried on a picture of one pixel, without a time stamp.

    Args:
        certificate: PEM: the signer's own certificate, then those above it.
        key: PEM: its private key, not locked with a password.
        timestamps: address of a time-stamp authority, or None.

    Raises:
        RequestError: the package is missing, a file cannot be read, or they cannot be used to sign.
    """
    try:
        import c2pa  # noqa: F401
        from cryptography.hazmat.primitives import serialization
        from cryptography.x509 import load_pem_x509_certificates
    except ImportError as error:
        raise RequestError(
            "Content Credentials need the package c2pa-python; pip install -r requirements-c2pa.txt."
        ) from error
    if timestamps is not None and not timestamps.startswith(("http://", "https://")):
        raise RequestError("The time-stamp authority is no address; give one that begins with http:// or https://.")
    try:
        chain = load_pem_x509_certificates(_file(certificate))
    except ValueError as error:
        raise RequestError(f"{certificate} holds no certificate in PEM; give the signer's and its chain.") from error
    try:
        private = serialization.load_pem_private_key(_file(key), None)
    except (ValueError, TypeError) as error:  # the latter where it has a password
        raise RequestError(f"{key} holds no key in PEM without a password; give the certificate's.") from error
    algorithm = _algorithm(private)
    if algorithm is None:
        raise RequestError(f"{key} is of a kind that C2PA does not know; use ECDSA, RSA or Ed25519.")
    if private.public_key() != chain[0].public_key():
        raise RequestError(f"{key} is not the key of the first certificate in {certificate}; give the two that fit.")
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    credentials = Credentials(
        "".join(each.public_bytes(pem).decode() for each in chain),
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode(),
        algorithm,
    )
    try:
        picture, manifest = _pixel(), _manifest("image/png", "", "")
        credentials._sign(io.BytesIO(picture), io.BytesIO(), "image/png", manifest, picture, "trial.png")
    except Exception as error:  # the library raises many kinds
        raise RequestError(f"{certificate} is not fit for signing ({_reason(error)}); give one for C2PA.") from error
    return Credentials(credentials.certificates, credentials.key, algorithm, timestamps)


def _manifest(media: str, done: str, source_type: str) -> dict[str, Any]:
    """The claim: the photograph was opened, and then edited by a machine."""
    edit = {"action": "c2pa.edited", "digitalSourceType": source_type, "softwareAgent": _PROGRAM, "description": done}
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["photograph"]}}
    return {
        "format": media,
        "claim_generator_info": [_PROGRAM],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [opened, edit]}}],
    }


def _algorithm(private: Any) -> str | None:
    """C2PA's name of the algorithm for a key; None where it has none (specification, section 13.2)."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey):
        return _CURVES.get(private.curve.name)
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    return "ed25519" if isinstance(private, ed25519.Ed25519PrivateKey) else None


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read ({error.strerror}); check its name and folder.") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


def _pixel() -> bytes:
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    return file.getvalue()
