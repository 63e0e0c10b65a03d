"""Pictures are signed: the library's own reader trusts them, by a chain of certificates that is made here."""

import datetime
import json
import sys

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from PIL import Image

from core.errors import PhotoError, RequestError
from core.jobs.job import Job
from core.photo.captions import COLOURED, ENHANCED
from core.photo.credentials import read_credentials
from core.photo.save import SUFFIXES
from core.progress import no_progress
from tests.support.fakes import FakeBackend, make_engine, save_grey

PEM, NOT_LOCKED = serialization.Encoding.PEM, serialization.NoEncryption()


def certificate(name, above, key, above_key, is_root=False, email=True):
    today = datetime.datetime.now(datetime.timezone.utc)
    names = [
        x509.Name(
            [
                x509.NameAttribute(oid, text)
                for oid, text in ((x509.NameOID.ORGANIZATION_NAME, "Test"), (x509.NameOID.COMMON_NAME, each))
            ]
        )
        for each in (name, above)
    ]
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(is_root, None), True)
        .add_extension(
            x509.KeyUsage(digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root, **usage), True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above_key.public_key()), False)
    )
    if email and not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return builder.sign(above_key, hashes.SHA256()).public_bytes(PEM)


class Signer:
    """A signer's files, and the root that a reader is told to trust."""

    def __init__(self, folder, key=None, **options):
        folder.mkdir(exist_ok=True)
        root_key, key = ec.generate_private_key(ec.SECP256R1()), key or ec.generate_private_key(ec.SECP256R1())
        self.root = certificate("Root", "Root", root_key, root_key, is_root=True)
        self.certificates, self.key = folder / "chain.pem", folder / "key.pem"
        self.certificates.write_bytes(certificate("Archive", "Root", key, root_key, **options) + self.root)
        self.key.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, NOT_LOCKED))

    def read(self, timestamps=None):
        return read_credentials(self.certificates, self.key, timestamps)

    def reader(self, path, media):
        trust = {"trust": {"user_anchors": self.root.decode()}, "verify": {"verify_trust": True}}
        with open(path, "rb") as file, c2pa.Context(c2pa.Settings.from_dict(trust)) as context:
            reader = c2pa.Reader(media, file, context=context)
            return reader.get_validation_state(), reader.get_active_manifest(), json.loads(reader.json())


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return Signer(tmp_path_factory.mktemp("signer"))


def coloured(tmp_path, credentials, format_name="png", name="grandma.png", engine=None):
    photograph = save_grey(tmp_path / name)
    job = Job("pocket", format_name=format_name, credentials=credentials)
    target = tmp_path / f"out{SUFFIXES[format_name]}"
    job.run(engine or make_engine(), photograph, name, target, no_progress)
    return target


def actions(manifest):
    return next(each["data"]["actions"] for each in manifest["assertions"] if each["label"].startswith("c2pa.actions"))


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_every_format_is_signed_with_the_photograph_as_its_parent(tmp_path, signer, format_name):
    picture = coloured(tmp_path, signer.read(), format_name)
    image = Image.open(picture)
    assert image.size == (90, 60)
    assert COLOURED.encode() in image.info["xmp"]  # as in a picture that is not signed
    state, manifest, _ = signer.reader(picture, f"image/{format_name}")
    assert state == "Trusted"
    (parent,) = manifest["ingredients"]
    assert (parent["title"], parent["format"], parent["relationship"]) == ("grandma.png", "image/png", "parentOf")
    opened, edited = actions(manifest)
    assert opened["action"] == "c2pa.opened"
    assert parent["label"] in opened["parameters"]["ingredients"][0]["url"]
    assert (edited["action"], edited["digitalSourceType"]) == ("c2pa.edited", COLOURED)
    assert edited["description"] == "Coloured by machine (pocket)"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grandma.png", picture.name]


def test_a_changed_picture_is_found_out(tmp_path, signer):
    picture = coloured(tmp_path, signer.read())
    data = bytearray(picture.read_bytes())
    data[data.index(b"IDAT") + 40] ^= 1
    picture.write_bytes(data)
    assert signer.reader(picture, "image/png")[0] == "Invalid"


def test_colour_of_no_network_is_called_enhanced(tmp_path, signer):
    picture = coloured(tmp_path, signer.read(), engine=make_engine(FakeBackend(learned=False)))
    assert (
        signer.reader(picture, "image/png")[1]["assertions"][0]["data"]["actions"][1]["digitalSourceType"] == ENHANCED
    )


def test_credentials_of_the_photograph_are_carried_on(tmp_path, signer):
    first = coloured(tmp_path, signer.read(), "jpeg")
    Job("pocket", credentials=signer.read()).run(make_engine(), first, "first.jpg", tmp_path / "b.png", no_progress)
    state, _, store = signer.reader(tmp_path / "b.png", "image/png")
    assert state == "Trusted"
    assert len(store["manifests"]) == 2


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
)
def test_other_keys_sign_too(tmp_path, key):
    other = Signer(tmp_path / "other", key)
    assert other.reader(coloured(tmp_path, other.read()), "image/png")[0] == "Trusted"


def test_what_cannot_sign_is_refused_before_anything_is_done(tmp_path, signer, monkeypatch):
    other = Signer(tmp_path / "other")
    unfit = Signer(tmp_path / "unfit", email=False)
    (tmp_path / "rubbish.pem").write_text("rubbish")
    for certificates, key, sentence in (
        (tmp_path / "none.pem", signer.key, "cannot be read"),
        (tmp_path / "rubbish.pem", signer.key, "holds no certificate in PEM"),
        (signer.certificates, tmp_path / "rubbish.pem", "holds no key in PEM"),
        (signer.certificates, other.key, "is not the key of the first certificate"),
        (unfit.certificates, unfit.key, r"is not fit for signing \(.+\)"),
    ):
        with pytest.raises(RequestError, match=sentence):
            read_credentials(certificates, key)
    with pytest.raises(RequestError, match="is no address"):
        signer.read("tsa.example.org")
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(RequestError, match=r"need the package c2pa-python; pip install -r requirements-c2pa\.txt\.$"):
        signer.read()


def test_without_a_time_stamp_that_was_asked_for_there_is_no_picture(tmp_path, signer):
    with pytest.raises(PhotoError, match=r"^grandma\.png could not be signed \(.+\); .* authority answers\.$"):
        coloured(tmp_path, signer.read("http://127.0.0.1:9/"))
    assert [path.name for path in tmp_path.iterdir()] == ["grandma.png"]


@pytest.mark.parametrize(("name", "like"), [("naked.jxl", "a.jxl"), ("really a jpeg.png", "a.jpg")])
def test_a_photograph_that_can_hold_no_credentials_is_named_as_parent_all_the_same(tmp_path, signer, name, like):
    import pillow_jxl  # noqa: F401 - teaches Pillow to write it

    save_grey(tmp_path / like).rename(tmp_path / name)
    job = Job("pocket", format_name="png", credentials=signer.read())
    job.run(make_engine(), tmp_path / name, name, tmp_path / "out.png", no_progress)
    state, manifest, _ = signer.reader(tmp_path / "out.png", "image/png")
    assert (state, manifest["ingredients"][0]["title"]) == ("Trusted", name)


def test_a_name_that_is_no_text_is_signed_too(tmp_path, signer):
    assert signer.reader(coloured(tmp_path, signer.read(), name="caf\udce9.png"), "image/png")[0] == "Trusted"
