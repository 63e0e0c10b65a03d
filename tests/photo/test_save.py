"""What is written can be read again, carries what it must, and appears whole or not at all."""

import resource

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.errors import PhotoError, RequestError
from core.photo.metadata import Metadata
from core.photo.open import Photo, open_photo
from core.photo.save import SUFFIXES, coloured_name, output_format, save_picture
from tests.support.fakes import grey_picture

RGB = np.random.default_rng(5).integers(0, 256, (24, 35, 3), dtype=np.uint8)
DEEP = np.random.default_rng(6).integers(0, 65536, (24, 35, 3), dtype=np.uint16)


def photo_with_everything(dtype=np.uint8) -> Photo:
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = "A camera", "A scanner"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = grey_picture(24, 35, dtype)
    return Photo(grey, alpha=grey, name="grandma.tif", metadata=Metadata(exif.tobytes(), icc, (300.0, 300.0)))


@pytest.mark.parametrize("format_name", SUFFIXES)
@pytest.mark.parametrize("rgb", [RGB, DEEP], ids=["8 bit", "16 bit"])
def test_metadata_travels_and_the_machine_is_named(tmp_path, rgb, format_name):
    photo = photo_with_everything(rgb.dtype)
    path = tmp_path / coloured_name(photo.name, format_name)
    notes = save_picture(path, rgb, photo, "pocket", format_name)
    image = Image.open(path)
    assert image.size == (35, 24)
    assert image.getexif()[0x010F] == "A camera"
    assert image.getexif()[0x0131] == "A scanner; Autochrome: coloured by machine (pocket)"
    assert image.info["icc_profile"] == photo.metadata.icc
    assert image.getexif()[0x011A] == pytest.approx(300)
    if format_name not in ("webp", "avif"):
        assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-3)
    assert ("JPEG holds no transparency; PNG and WebP keep it." in notes) == (format_name == "jpeg")
    assert any("16; PNG and TIFF keep them" in note for note in notes) == (
        rgb.dtype == np.uint16 and format_name not in ("png", "tiff")
    )


@pytest.mark.parametrize("rgb", [RGB, DEEP], ids=["8 bit", "16 bit"])
def test_png_keeps_every_bit(tmp_path, rgb):
    photo = photo_with_everything(rgb.dtype)
    save_picture(tmp_path / "a.png", rgb, photo, "pocket")
    again = open_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(again.pixels, rgb)
    np.testing.assert_array_equal(again.alpha, photo.alpha)


def test_a_second_pass_does_not_repeat_the_mark(tmp_path):
    photo = Photo(grey_picture())
    save_picture(tmp_path / "a.png", np.dstack([photo.pixels] * 3), photo, "pocket")
    again = open_photo(tmp_path / "a.png")
    save_picture(tmp_path / "b.png", np.dstack([again.pixels] * 3), again, "pocket")
    mark = Image.open(tmp_path / "b.png").getexif()[0x0131]
    assert mark == f"Autochrome: coloured by machine (pocket), from sha256:{again.metadata.digest}"


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_on_a_full_disk_nothing_is_left_behind_and_the_older_picture_stays(tmp_path, format_name):
    """A real one: no file of this process may pass 20 kB, and the picture would."""
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    path.write_bytes(b"an older picture")
    rgb = np.random.default_rng(13).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    untouched = rgb.copy()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(PhotoError, match=r"could not be written \(.*\); free some space or choose another folder"):
            save_picture(path, rgb, Photo(rgb), "pocket", format_name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"an older picture"
    np.testing.assert_array_equal(rgb, untouched)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PhotoError, match=r"a\.png could not be written \(No such file or directory\)"):
        save_picture(tmp_path / "nowhere" / "a.png", RGB, Photo(RGB), "pocket")


def test_a_strip_too_long_for_webp_is_sent_to_png(tmp_path):
    strip = np.zeros((1, 20_000, 3), np.uint8)
    with pytest.raises(PhotoError, match=r"at most 16,383 pixels a side and this picture has 20,000; choose png"):
        save_picture(tmp_path / "a.webp", strip, Photo(strip), "pocket", "webp")
    save_picture(tmp_path / "a.png", strip, Photo(strip), "pocket", "png")


@pytest.mark.parametrize(("asked", "meant"), [("png", "png"), ("JPG", "jpeg"), (".jpeg", "jpeg"), ("WebP", "webp")])
def test_formats_are_understood(asked, meant):
    assert output_format(asked) == meant


def test_an_unknown_format_is_refused():
    with pytest.raises(RequestError, match="no output format 'psd'; choose png, jpeg, webp, tiff or avif"):
        output_format("psd")
