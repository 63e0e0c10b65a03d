"""Every kind of file that people bring is opened right, or refused in one sentence."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from core.colour.cielab import linear_to_srgb, luminance_to_lightness
from core.errors import PhotoError
from core.photo.blocks import photoshop_of_iptc
from core.photo.exif import read_exif
from core.photo.open import open_photo
from core.photo.save import save_picture
from core.settings import Settings
from tests.photo import by_hand
from tests.support.fakes import grey_picture

ROOT = Path(__file__).resolve().parents[2]
RGB = np.random.default_rng(3).integers(0, 256, (30, 41, 3), dtype=np.uint8)
GREY = grey_picture(30, 41)


def written(path, picture, **options):
    Image.fromarray(picture).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.bmp", "a.ppm"])
def test_colour_is_read_as_it_was_written(tmp_path, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    photo = open_photo(written(tmp_path / name, RGB, **options))
    np.testing.assert_array_equal(photo.pixels, RGB)
    assert photo.alpha is None


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif", "a.bmp"])
def test_grey_is_read_as_one_channel(tmp_path, name):
    np.testing.assert_array_equal(open_photo(written(tmp_path / name, GREY)).pixels, GREY)
    np.testing.assert_array_equal(open_photo(written(tmp_path / "rgb.png", np.dstack([GREY] * 3))).pixels, GREY)


def test_grey_jpeg(tmp_path):
    photo = open_photo(written(tmp_path / "a.jpg", GREY, quality=100))
    assert photo.pixels.shape == GREY.shape
    assert np.abs(photo.pixels.astype(int) - GREY).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True])
def test_orientation_is_applied_once(tmp_path, orientation, deep):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A camera"
    path = written(tmp_path / "a.png", RGB, exif=exif)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    if deep:
        body = cv2.imencode(".png", RGB[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
        chunk = path.read_bytes()
        start = chunk.index(b"eXIf") - 4
        length = int.from_bytes(chunk[start : start + 4], "big") + 12
        path.write_bytes(body[:33] + chunk[start : start + length] + body[33:])
        wanted = wanted.astype(np.uint16) * 257
    photo = open_photo(path)
    np.testing.assert_array_equal(photo.pixels, wanted)
    kept = Image.Exif()
    kept.load(photo.metadata.exif)
    assert kept[0x010F] == "A camera"
    assert kept.get(0x0112, 1) == 1


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_stay(tmp_path, name):
    deep = np.random.default_rng(4).integers(0, 65536, (20, 31, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / name), deep[..., ::-1])
    np.testing.assert_array_equal(open_photo(tmp_path / name).pixels, deep)
    cv2.imwrite(str(tmp_path / name), deep[..., 0])
    np.testing.assert_array_equal(open_photo(tmp_path / name).pixels, deep[..., 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_with_one_transparent_colour(tmp_path, channels):
    deep = np.random.default_rng(4).integers(0, 65536, (20, 31, channels), dtype=np.uint16)
    deep[5:9] = 12_345
    body = cv2.imencode(".png", deep)[1].tobytes()
    key = b"tRNS" + struct.pack(">H", 12_345) * channels
    chunk = struct.pack(">I", len(key) - 4) + key + struct.pack(">I", zlib.crc32(key))
    (tmp_path / "a.png").write_bytes(body[:33] + chunk + body[33:])
    photo = open_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.pixels, deep[..., 0] if channels == 1 else deep[..., ::-1])
    np.testing.assert_array_equal(photo.alpha == 0, (deep == 12_345).all(axis=-1))


@pytest.mark.parametrize("orientation", [1, 6, 8])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_what_is_said_of_the_picture_is_true_when_it_is_upright(tmp_path, orientation, format_name):
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x011B], exif[0x0128] = orientation, 300, 150, 2
    exif[0x8769] = {0xA002: 41, 0xA003: 30}
    options = {} if format_name == "WEBP" else {"dpi": (300, 150)}
    Image.fromarray(RGB).save(tmp_path / "a", format_name, exif=exif.tobytes(), **options)
    photo = open_photo(tmp_path / "a")
    save_picture(tmp_path / "b.jpg", RGB if orientation == 1 else RGB.swapaxes(0, 1), photo, "pocket", "jpeg")
    picture = Image.open(tmp_path / "b.jpg")
    within = picture.getexif().get_ifd(0x8769)
    assert (within[0xA002], within[0xA003]) == picture.size
    assert picture.info["dpi"] == ((300, 150) if orientation == 1 else (150, 300))
    assert (picture.getexif()[0x011A], picture.getexif()[0x011B]) == pytest.approx(picture.info["dpi"], rel=1e-4)


def test_palette_with_transparency(tmp_path):
    picture = Image.fromarray(RGB).quantize(8)
    picture.info["transparency"] = 3
    picture.save(tmp_path / "a.png", transparency=3)
    photo = open_photo(tmp_path / "a.png")
    reference = np.asarray(Image.open(tmp_path / "a.png").convert("RGBA"))
    np.testing.assert_array_equal(photo.pixels, reference[..., :3])
    np.testing.assert_array_equal(photo.alpha, reference[..., 3])


def test_alpha_is_kept_and_an_opaque_one_is_not(tmp_path):
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    assert open_photo(written(tmp_path / "a.png", rgba)).alpha is None
    rgba[3, 4, 3] = 17
    assert open_photo(written(tmp_path / "a.png", rgba)).alpha[3, 4] == 17


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.fromarray(np.full((8, 9), grey, np.uint8)) for grey in (50, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (open_photo(tmp_path / "a.gif").pixels == 50).all()


def grey_profile(gamma: float) -> bytes:
    """A minimal ICC version 2 profile of a grey device with a power curve (ICC.1:2001-04, sections 6.1 to 6.5)."""
    text = b"text" + bytes(4) + b"made by a test\0"
    description = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(79)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    offset, table, body = 128 + 4 + 12 * 4, b"", b""
    for name, data in ((b"cprt", text), (b"desc", description), (b"wtpt", white), (b"kTRC", curve)):
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(body), bytes(4), 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + white[8:] + bytes(48)
    return header + struct.pack(">I", 4) + table + body


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_linear_scan_is_seen_as_bright_as_its_profile_says(tmp_path, dtype):
    top = np.iinfo(dtype).max
    linear = np.linspace(0, top, 40).astype(dtype)[None].repeat(3, axis=0)
    photo = open_photo(written(tmp_path / "a.tif", linear, icc_profile=grey_profile(1.0)))
    assert photo.pixels.dtype == dtype
    wanted = luminance_to_lightness((linear[0] / top).astype(np.float32))
    assert np.abs(photo.lightness()[0] - wanted).max() < 0.7
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(photo.metadata.icc)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("space", ["gray", "adobergb"])
def test_a_jpeg_2000_is_seen_through_its_profile(tmp_path, dtype, space):
    """Its colour box held the profile, and nobody read it (ISO 15444-1, I.5.3.3)."""
    profile = imagecodecs.cms_profile(space, gamma=1.0) if space == "gray" else imagecodecs.cms_profile(space)
    scan = (RGB[..., 0] if space == "gray" else RGB).astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    plain = imagecodecs.jpeg2k_encode(scan, codecformat="JP2", reversible=True)
    at, header = plain.index(b"colr") - 4, plain.index(b"jp2h") - 4
    old, length = (struct.unpack_from(">I", plain, place)[0] for place in (at, header))
    box = struct.pack(">I4s3s", 11 + len(profile), b"colr", b"\2\0\0") + profile
    longer = struct.pack(">I", length + len(box) - old)
    (tmp_path / "a.jp2").write_bytes(plain[:header] + longer + plain[header + 4 : at] + box + plain[at + old :])
    tags = {34675: ("B", profile)}
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(scan, 2 if scan.ndim == 3 else 1, tags))
    seen, wanted = (open_photo(tmp_path / name) for name in ("a.jp2", "a.tif"))
    assert seen.warnings == ()
    np.testing.assert_array_equal(seen.pixels, wanted.pixels)
    assert (seen.pixels != scan).mean() > 0.2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_profile_is_known_by_its_curve_and_not_by_its_name(tmp_path, dtype):
    """Called "sRGB builtin", and linear: it passed unchanged, 29 L* wrong."""
    linear = imagecodecs.cms_profile(
        "rgb",
        gamma=1.0,
        whitepoint=(0.3127, 0.3290, 1.0),
        primaries=(0.64, 0.33, 1.0, 0.3, 0.6, 1.0, 0.15, 0.06, 1.0),
    ).replace("RGB built-in".encode("utf-16-be"), "sRGB builtin".encode("utf-16-be"))
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(linear))).startswith("sRGB")
    top = np.iinfo(dtype).max
    scan = np.random.default_rng(5).integers(0, top, (30, 40, 3), dtype=dtype, endpoint=True)
    for picture in (scan, scan[..., 0]):
        (tmp_path / "a.tif").write_bytes(by_hand.tiff(picture, 2 if picture.ndim == 3 else 1, {34675: ("B", linear)}))
        photo = open_photo(tmp_path / "a.tif")
        wanted = np.asarray(linear_to_srgb(picture.astype(np.float32) / top), np.float32)
        assert np.abs(photo.pixels / np.float32(top) - wanted).max() < 0.006


def test_an_srgb_profile_changes_nothing_and_a_broken_one_is_named(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = open_photo(written(tmp_path / "s.png", RGB, icc_profile=srgb))
    assert photo.metadata.icc == srgb
    np.testing.assert_array_equal(photo.pixels, RGB)
    broken = open_photo(written(tmp_path / "b.png", RGB, icc_profile=b"no profile at all"))
    assert broken.warnings == ("Its colour profile is broken and was left out.",)
    np.testing.assert_array_equal(broken.pixels, RGB)


def test_cmyk_becomes_rgb(tmp_path):
    Image.fromarray(RGB).convert("CMYK").save(tmp_path / "a.tif")
    assert np.abs(open_photo(tmp_path / "a.tif").pixels.astype(int) - RGB).max() <= 2


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jpg", b"dear diary", "a.jpg is no picture that can be read here; give a JPEG, PNG, WebP"),
        ("a.jpg", b"", "a.jpg is empty; copy or scan it again."),
        ("a.jpg", cut(encoded("JPEG")), "a.jpg is damaged or cut short; copy or scan it again."),
        ("a.png", cut(encoded("PNG")), "a.png is damaged or cut short; copy or scan it again."),
        ("a.webp", cut(encoded("WEBP")), "a.webp is"),
        ("a.tif", cut(encoded("TIFF")), "a.tif is"),
        ("a.gif", cut(encoded("GIF")), "a.gif is"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg is no picture that can be read here"),
    ],
)
def test_a_broken_file_gets_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError) as caught:
        open_photo(tmp_path / name)
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(PhotoError, match=r"There is no file a\.jpg"):
        open_photo(tmp_path / "a.jpg")
    with pytest.raises(PhotoError, match="cannot be read"):
        open_photo(tmp_path)


def test_limits_are_told_with_the_setting_that_raises_them(tmp_path):
    path = written(tmp_path / "a.png", np.zeros((1000, 2000), np.uint8))
    with pytest.raises(PhotoError, match=r"a.png has 2 megapixels and the limit is 1; .*AUTOCHROME_MAX_PIXELS"):
        open_photo(path, Settings(max_pixels=1_000_000))
    big = tmp_path / "b.png"
    big.write_bytes(path.read_bytes() + bytes(2_000_000))
    with pytest.raises(PhotoError, match="AUTOCHROME_MAX_UPLOAD_MB"):
        open_photo(big, Settings(max_upload_mb=1))


def test_what_is_missing_here_is_not_taken_for_damage(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    written(tmp_path / "a.jpg", GREY)
    assert open_photo(tmp_path / "a.jpg").warnings == ()
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(RGB))
    sentence = (
        r"^a\.jxl cannot be opened, since a package is missing \(pillow_jxl\); pip install -r requirements\.txt\.$"
    )
    with pytest.raises(PhotoError, match=sentence):
        open_photo(tmp_path / "a.jxl")


def test_a_temporary_file_is_called_by_the_name_people_know(tmp_path):
    (tmp_path / "tmp123").write_bytes(b"?")
    with pytest.raises(PhotoError, match=r"^grandma.jpg is no picture"):
        open_photo(tmp_path / "tmp123", name="grandma.jpg")


def test_a_photoshop_file_keeps_captions_and_resolution(tmp_path):
    caption = b"\x1c\x02\x78\x00\x07Grandma"
    resolution = struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1)
    resources = photoshop_of_iptc(caption) + b"8BIM" + struct.pack(">HHI", 0x03ED, 0, len(resolution)) + resolution
    grey = np.full((4, 6), 90, np.uint8)
    for pixels, depth in ((grey, 8), (grey.astype(np.uint16) * 257, 16)):
        (tmp_path / "a.psd").write_bytes(by_hand.psd(pixels, depth, resources=resources))
        photo = open_photo(tmp_path / "a.psd")
        assert photo.metadata.iptc == caption
        assert photo.metadata.dpi == (300, 150)


@pytest.mark.parametrize("order", "<>")
def test_a_bigtiff_keeps_its_exif_in_either_order_of_bytes(tmp_path, order):
    tags = {315: ("s", b"Grandpa Jones\0")}
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(np.full((4, 6), 90, np.uint8), 1, tags, order, big=True))
    photo = open_photo(tmp_path / "a.tif")
    assert photo.warnings == ()
    assert read_exif(photo.metadata.exif)[0][315] == "Grandpa Jones"


def test_deep_colours_that_are_read_as_eight_bits_are_told_of(tmp_path):
    pixels = np.full((4, 6, 3), 30_000, np.uint16)
    (tmp_path / "a.ppm").write_bytes(by_hand.pnm(pixels, 65_535))
    assert "read as 8" in open_photo(tmp_path / "a.ppm").warnings[0]
    (tmp_path / "a.ppm").write_bytes(by_hand.pnm(pixels.astype(np.uint8), 255))
    assert open_photo(tmp_path / "a.ppm").warnings == ()


def test_remarks_on_odd_metadata_are_not_printed_and_python_keeps_its_own_ways(tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x09\0"
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    program = """
import sys, warnings
from concurrent.futures import ThreadPoolExecutor
from core.photo.open import open_photo
before = list(warnings.filters)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(open_photo, [sys.argv[1]] * 40))
assert warnings.filters == before
"""
    command = [sys.executable, "-c", program, str(tmp_path / "a.jpg")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
