"""Captions, rights and the machine's mark travel through every format; what cannot be read costs no picture."""

import io
import json
import shutil
import struct
import subprocess
import threading
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.photo.blocks import photoshop_of_iptc
from core.photo.captions import COLOURED, ENHANCED
from core.photo.exif import LOST
from core.photo.metadata import Metadata
from core.photo.open import Photo, open_photo
from core.photo.save import SUFFIXES, save_picture
from tests.photo import by_hand
from tests.support.fakes import grey_picture

GREY = grey_picture(24, 35)
RGB = np.dstack([GREY, GREY, 255 - GREY])
CAPTION = "Großmutter am See"
IPTC = b"".join(
    b"\x1c" + bytes(dataset) + struct.pack(">H", len(text)) + text
    for dataset, text in (
        ((1, 90), b"\x1b%G"),
        ((2, 120), CAPTION.encode()),
        ((2, 116), b"City archive"),
        ((2, 25), b"lake"),
        ((2, 25), b"family"),
    )
)
SOURCE = "Iptc4xmpExt:DigitalSourceType"
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="uuid:1" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:own="http://example.org/own/" '
    f'{SOURCE}="http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm" own:shelf="B 12"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def photo(**metadata):
    return Photo(GREY, name="grandma.tif", metadata=Metadata(**metadata))


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_captions_and_the_mark_are_in_every_format_and_are_read_again(tmp_path, format_name):
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    assert save_picture(path, RGB, photo(xmp=XMP, iptc=IPTC), "pocket", format_name) == []
    again = open_photo(path)
    packet = again.metadata.xmp.decode()
    assert packet.count(COLOURED) == 1
    assert "negativeFilm" not in packet
    assert 'own:shelf="B 12"' in packet
    assert CAPTION in packet
    assert all(word in packet for word in ("City archive", "lake", "family"))
    assert again.metadata.iptc == (IPTC if format_name in ("png", "jpeg", "tiff") else None)
    # A second pass changes nothing more.
    save_picture(tmp_path / "b.png", RGB, again, "pocket")
    assert open_photo(tmp_path / "b.png").metadata.xmp.decode().count(COLOURED) == 1


def test_other_readers_find_the_mark(tmp_path):
    for format_name, suffix in SUFFIXES.items():
        path = tmp_path / f"a{suffix}"
        save_picture(path, RGB, photo(), "reference", format_name, learned=False)
        packet = ElementTree.fromstring(Image.open(path).info["xmp"])
        found = packet.findall(".//{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
        assert [each.text for each in found] == [ENHANCED]


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_finds_the_mark_captions_and_exif_in_every_format(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x8769] = {0x9003: "1934:05:01 12:00:00"}
    for format_name, suffix in SUFFIXES.items():
        source = photo(xmp=XMP, iptc=IPTC, exif=exif.tobytes(), dpi=(300.0, 150.0))
        save_picture(tmp_path / f"a{suffix}", RGB, source, "pocket", format_name)
    told = subprocess.run(["exiftool", "-G1", "-j", *tmp_path.iterdir()], capture_output=True, check=True).stdout
    pictures = json.loads(told)
    assert len(pictures) == len(SUFFIXES)
    for picture in pictures:
        assert picture["XMP-iptcExt:DigitalSourceType"] == COLOURED
        assert picture["IFD0:Software"] == "Autochrome: coloured by machine (pocket)"
        assert (picture["IFD0:XResolution"], picture["IFD0:YResolution"]) == (300, 150)
        assert (picture["IFD0:Make"], picture["ExifIFD:DateTimeOriginal"]) == ("A camera", "1934:05:01 12:00:00")
        assert picture["XMP-dc:Description"] == CAPTION
        assert picture["XMP-dc:Rights"] == "City archive"
        assert picture["XMP-dc:Subject"] == ["lake", "family"]
        if not picture["SourceFile"].endswith(("webp", "avif")):
            assert picture["IPTC:Caption-Abstract"] == CAPTION


@pytest.mark.parametrize(
    "packet",
    [b"no packet", XMP[:300], b"<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&b;</x:xmpmeta>"],
)
def test_a_packet_that_cannot_be_read_is_left_out_and_told_of(tmp_path, packet):
    notes = save_picture(tmp_path / "a.png", RGB, photo(xmp=packet), "pocket")
    assert notes == ["Its XMP data could not be read and were left out."]
    assert COLOURED in open_photo(tmp_path / "a.png").metadata.xmp.decode()


def test_exif_too_large_for_jpeg_loses_what_programs_keep_there_and_never_the_mark(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x9286], exif[34377] = "A camera", b"ASCII\0\0\0a comment", bytes(90_000)
    notes = save_picture(tmp_path / "a.jpg", RGB, photo(exif=exif.tobytes()), "pocket", "jpeg")
    assert len(notes) == 1
    assert "more than JPEG holds" in notes[0]
    kept = Image.open(tmp_path / "a.jpg").getexif()
    assert kept[0x010F] == "A camera"
    assert kept[0x9286] == b"ASCII\0\0\0a comment"
    assert "coloured by machine" in kept[0x0131]
    assert 34377 not in kept


def test_too_much_xmp_and_iptc_for_jpeg_is_told_of(tmp_path):
    large = XMP.replace(b"B 12", b"B" * 70_000)
    notes = save_picture(tmp_path / "a.jpg", RGB, photo(xmp=large, iptc=IPTC + bytes(70_000)), "pocket", "jpeg")
    assert [note[:20] for note in notes] == ["Its XMP data are mor", "Its IPTC data are mo"]
    assert COLOURED in open_photo(tmp_path / "a.jpg").metadata.xmp.decode()


def exif_with(tag: int, kind: int, value: bytes) -> bytes:
    """A block of one tag."""
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHI4sI", 1, tag, kind, 1, value, 0)


@pytest.mark.parametrize(
    "exif",
    [
        exif_with(0x0128, 2, b"2\0\0\0"),
        exif_with(0x0213, 2, b"1\0\0\0"),
        exif_with(0x011A, 2, b"7\0\0\0"),
        exif_with(0x011A, 5, b"\xff\xff\0\0"),
        exif_with(0x8769, 4, b"\xff\xff\xff\0"),
        exif_with(0x0112, 2, b"6\0\0\0"),
        b"Exif\0\0rubbish",
        b"Exif\0\0",
    ],
    ids=["unit", "positioning", "resolution", "outside", "directory", "orientation", "rubbish", "empty"],
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_exif_that_cannot_be_read_costs_no_picture(tmp_path, exif, format_name):
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, format_name, exif=exif)
    (tmp_path / "a").write_bytes(file.getvalue())
    opened = open_photo(tmp_path / "a")
    assert opened.pixels.shape[:2] == GREY.shape
    for name, suffix in SUFFIXES.items():
        save_picture(tmp_path / f"b{suffix}", RGB, opened, "pocket", name)


@pytest.mark.parametrize(
    ("dpi", "kept"),
    [((100_000, 100_000), None), ((72, 0), None), ((1, 1), None), ((300, 600), (300, 600))],
)
def test_a_resolution_that_nobody_means_is_left_out(tmp_path, dpi, kept):
    resolution = {282: ("R", [(dpi[0], 1)]), 283: ("R", [(dpi[1], 1)]), 296: ("H", 2)}
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, resolution))
    opened = open_photo(tmp_path / "a.tif")
    assert opened.metadata.dpi == kept
    for name, suffix in SUFFIXES.items():
        save_picture(tmp_path / f"b{suffix}", RGB, opened, "pocket", name)


def test_a_bigtiffs_tags_are_saved(tmp_path):
    tags = {271: ("s", b"A scanner\0"), 33432: ("s", b"City archive\0"), 700: ("B", XMP), 33723: ("B", IPTC)}
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, tags, big=True))
    opened = open_photo(tmp_path / "a.tif")
    assert opened.warnings == ()
    assert (opened.metadata.xmp, opened.metadata.iptc) == (XMP, IPTC)
    save_picture(tmp_path / "b.png", RGB, opened, "pocket")
    kept = Image.open(tmp_path / "b.png").getexif()
    assert (kept[271], kept[33432]) == ("A scanner", "City archive")


def test_iptc_is_found_where_photoshop_and_imagemagick_put_it(tmp_path):
    resource = b"8BIM\x03\xed\x00\x00\x00\x00\x00\x01a\x00" + photoshop_of_iptc(IPTC)
    file = io.BytesIO()
    segment = b"Photoshop 3.0\0" + resource
    Image.fromarray(GREY).save(file, "JPEG", extra=b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment)
    (tmp_path / "a.jpg").write_bytes(file.getvalue())
    assert open_photo(tmp_path / "a.jpg").metadata.iptc == IPTC


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_texts_in_exif_keep_their_letters(tmp_path, format_name):
    tags = {270: ("s", f"{CAPTION}\0".encode()), 305: ("s", "Fotoladen Müller\0".encode())}
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, tags))
    path = tmp_path / f"b{SUFFIXES[format_name]}"
    assert save_picture(path, RGB, open_photo(tmp_path / "a.tif"), "pocket", format_name) == []
    kept = Image.open(path).getexif()
    assert kept[270].encode("latin-1").decode() == CAPTION  # Pillow reads them as Latin-1
    assert kept[305].encode("latin-1").decode().startswith("Fotoladen Müller; Autochrome: ")


@pytest.mark.parametrize("tag", [{2: "52.5 N"}, {6: -52.0}, {0: "2200"}], ids=["latitude", "altitude", "version"])
def test_an_odd_place_costs_no_picture_and_is_told_of(tmp_path, tag):
    exif = ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    for name, value in tag.items():  # as some programs write it, against the standard
        exif.tagtype[name] = 2 if isinstance(value, str) else 10
        exif[name] = value
    block = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x8825, 4, 1, 26, 0) + exif.tobytes(26)
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + block)
    opened = open_photo(tmp_path / "a.jpg")
    assert opened.warnings == (LOST,)
    save_picture(tmp_path / "b.jpg", RGB, opened, "pocket", "jpeg")
    assert not Image.open(tmp_path / "b.jpg").getexif().get_ifd(0x8825)


def test_a_turned_photograph_is_turned_once(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = XMP.replace(b"own:shelf", b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" own:shelf')
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=exif.tobytes(), xmp=turned)
    opened = open_photo(tmp_path / "a.jpg")
    assert opened.pixels.shape[:2] == GREY.shape[::-1]
    save_picture(tmp_path / "b.jpg", np.rot90(RGB), opened, "pocket", "jpeg")
    again = Image.open(tmp_path / "b.jpg")
    assert ImageOps.exif_transpose(again).size == again.size == GREY.shape


def test_tiff_keeps_what_exif_has_in_its_own_directories(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x8769] = {0x9003: "1934:05:01 12:00:00", 0x829A: (1, 250)}
    exif[0x8825] = {1: "N", 2: (50.0, 5.0, 9.0)}
    save_picture(tmp_path / "a.tif", RGB, photo(exif=exif.tobytes(), dpi=(300.0, 300.0)), "pocket", "tiff")
    kept = Image.open(tmp_path / "a.tif").getexif()
    assert kept.get_ifd(0x8769)[0x9003] == "1934:05:01 12:00:00"
    assert kept.get_ifd(0x8825)[1] == "N"
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].tags[282].value == (300, 1)
        assert file.pages[0].compression.name == "ADOBE_DEFLATE"


def test_sixteen_bits_and_alpha_stay_under_a_profile_of_their_own(tmp_path):
    """A 16-bit RGBA scan in a space that is not sRGB: it came out nearly black."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    adobe = imagecodecs.cms_profile("adobergb")
    deep = np.random.default_rng(8).integers(8000, 60_000, (20, 30, 3), dtype=np.uint16)
    rgba = np.dstack([deep, np.full((20, 30), 30_000, np.uint16)])
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(rgba, 2, {338: ("H", 2), 34675: ("B", adobe)}))
    opened = open_photo(tmp_path / "a.tif")
    expected = imagecodecs.cms_transform(
        deep, adobe, srgb, colorspace="rgb", outcolorspace="rgb", outdtype="uint16", intent=1
    )
    assert opened.pixels.dtype == opened.alpha.dtype == np.uint16
    assert np.abs(opened.pixels.astype(int) - expected).mean() < 60
    assert (opened.alpha == 30_000).all()


def test_four_threads_may_save_one_picture(tmp_path):
    rgb = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    rgb.flags.writeable = False
    source = Photo(rgb)
    threads = [
        threading.Thread(target=save_picture, args=(tmp_path / f"{number}.png", rgb, source, "pocket"))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        np.testing.assert_array_equal(open_photo(tmp_path / f"{number}.png").pixels, rgb)


@pytest.mark.parametrize("format_name", ["jpeg", "webp", "avif"])
def test_quality_makes_files_smaller_or_larger(tmp_path, format_name):
    sizes = []
    for quality in (20, 60, 95):
        save_picture(tmp_path / "a", RGB, photo(), "pocket", format_name, quality)
        sizes.append((tmp_path / "a").stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
