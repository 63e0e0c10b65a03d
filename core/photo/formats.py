"""The file formats that are opened, and why some others are not: one list for the reader, the tests and the docs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        name: as people write it.
        codes: Pillow's names of it; of animations and multi-page files the first picture is opened.
        endings: of file names, with their dots, in small letters.
        media: its media type, where it has one that is registered.
        by_name: whether its files begin with nothing that tells them from others, so that the name must.
    """

    name: str
    codes: tuple[str, ...]
    endings: tuple[str, ...]
    media: str = "application/octet-stream"
    by_name: bool = False


FORMATS = (
    Format("JPEG", ("JPEG", "MPO"), (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), "image/jpeg"),
    Format("PNG", ("PNG",), (".png", ".apng"), "image/png"),
    Format("TIFF", ("TIFF",), (".tif", ".tiff"), "image/tiff"),
    Format("WebP", ("WEBP",), (".webp",), "image/webp"),
    Format("HEIC", ("HEIF",), (".heic", ".heics", ".heif", ".heifs", ".hif"), "image/heic"),
    Format("AVIF", ("AVIF",), (".avif", ".avifs"), "image/avif"),
    Format("JPEG XL", ("JXL",), (".jxl",), "image/jxl"),
    Format("JPEG 2000", ("JPEG2000",), (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"), "image/jp2"),
    Format("GIF", ("GIF",), (".gif",), "image/gif"),
    Format("BMP", ("BMP",), (".bmp",), "image/bmp"),
    Format("DIB", ("DIB",), (".dib",), by_name=True),
    Format("PNM", ("PPM",), (".pnm", ".ppm", ".pgm", ".pbm", ".pfm")),
    Format("PSD", ("PSD",), (".psd",), "image/vnd.adobe.photoshop"),
    Format("TGA", ("TGA",), (".tga", ".icb", ".vda", ".vst"), by_name=True),
    Format("PCX", ("PCX",), (".pcx",), by_name=True),
    Format("SGI", ("SGI",), (".sgi", ".rgb", ".rgba", ".bw")),
    Format("ICO", ("ICO",), (".ico",), "image/vnd.microsoft.icon"),
)

ENDINGS = frozenset(ending for each in FORMATS for ending in each.endings)

READABLE = "JPEG, PNG, WebP, TIFF, HEIC or AVIF"
"""For people: the best known."""

_RAW = ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2 .srf .x3f"

_NO_PICTURES = (
    ((b"%PDF",), "a PDF, which holds pages and not one picture; save its picture as PNG or TIFF"),
    ((b"%!PS", b"\xc5\xd0\xd3\xc6"), "PostScript, which is a program and no picture; save it as PNG or TIFF"),
)


def codes_for(name: str) -> list[str]:
    """Pillow's names of the formats that a file of this name may have."""
    small = name.lower()
    return [code for each in FORMATS for code in each.codes if not each.by_name or small.endswith(each.endings)]


def media_type(name: str) -> str:
    """The media type of a file of this name."""
    small = name.lower()
    return next((each.media for each in FORMATS if small.endswith(each.endings)), "application/octet-stream")


def why_not(start: bytes, name: str) -> str | None:
    """What a file is and what to do with it, where its first bytes or its name say that it is none to be opened."""
    if name.lower().endswith(tuple(_RAW.split())):
        return "a camera's raw file; develop it to TIFF or JPEG first"
    return next((reason for signs, reason in _NO_PICTURES if start.startswith(signs)), None)


def is_tiff(start: bytes) -> bool:
    """Whether a file is a TIFF or BigTIFF."""
    return start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
