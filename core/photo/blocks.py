"""JPEG and PNG files taken apart into pictures without metadata, and their metadata.

Metadata that cannot be read must not cost a good picture, so that decoders do not get to see any.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from core.photo.metadata import Blocks

_EXIF, _XMP, _ICC, _PHOTOSHOP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404
_SCAN = 0xDA
_KEPT_APPS = (0xE0, 0xEE)  # JFIF, and Adobe's mark of how colours are stored
_APPS = range(0xE0, 0xF0)
_COMMENT = 0xFE
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 16_000_000
"""Of a block, unpacked."""


def split_jpeg(data: bytes) -> tuple[bytes, Blocks]:
    """A JPEG file without its metadata, and these; the file as it is where it is no sequence of segments."""
    blocks, icc, kept, at = Blocks(), {}, [data[:2]], 2
    for marker, start, end in _segments(data):
        body = data[start + 4 : end]
        if marker not in _KEPT_APPS and (marker in _APPS or marker == _COMMENT):
            if marker == 0xE1 and body.startswith(_EXIF):
                blocks.exif = blocks.exif or body
            elif marker == 0xE1 and body.startswith(_XMP):
                blocks.xmp = blocks.xmp or body[len(_XMP) :]
            elif marker == 0xE2 and body.startswith(_ICC):
                icc[body[12:13]] = body[14:]
            elif marker == 0xED and body.startswith(_PHOTOSHOP):
                blocks.iptc = blocks.iptc or iptc_of_photoshop(body[len(_PHOTOSHOP) :])
        else:
            kept.append(data[start:end])
        at = end
    blocks.icc = b"".join(icc[number] for number in sorted(icc)) or None
    return b"".join([*kept, data[at:]]), blocks


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the first scan (ITU-T T.81, B.1.1)."""
    at = 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker, length = struct.unpack_from(">BH", data, at + 1)
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 + length
        if marker == _SCAN or length < 2 or end > len(data):
            return
        yield marker, at, end
        at = end


def jpeg_body(data: bytes) -> int:
    """Where the picture begins in a JPEG file: behind what is said of it."""
    said = (*_APPS, _COMMENT)
    return next((start for marker, start, _ in _segments(data) if marker not in said), 2)


def jpeg_frame(data: bytes) -> tuple[int, int, int] | None:
    """Bits a channel, height and width of a JPEG file, by its frame header (ITU-T T.81, B.2.2)."""
    frames = (data[start + 4 : end] for marker, start, end in _segments(data) if marker in _FRAMES)
    return next((struct.unpack_from(">BHH", frame) for frame in frames if len(frame) >= 5), None)


def iptc_of_photoshop(resources: bytes) -> bytes | None:
    """The IPTC record among Photoshop's image resources."""
    return next((body for kind, body in photoshop_resources(resources) if kind == _IPTC_RESOURCE), None)


def photoshop_resources(resources: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and body of each of Photoshop's image resources (Adobe, Photoshop file formats specification)."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        (kind,) = struct.unpack_from(">H", resources, at + 4)
        at += 6 + (resources[at + 6] + 2) // 2 * 2  # a name, padded to an even length with the byte before it
        if at + 4 > len(resources):
            break
        (length,) = struct.unpack_from(">I", resources, at)
        yield kind, resources[at + 4 : at + 4 + length]
        at += 4 + length + length % 2


def photoshop_of_iptc(iptc: bytes) -> bytes:
    """The other way round: one resource, without a name."""
    padding = bytes(len(iptc) % 2)
    return b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(iptc)) + iptc + padding


def split_png(data: bytes) -> tuple[bytes, Blocks, tuple[float, float] | None]:
    """A PNG file without its metadata, these, and its dots per inch (PNG specification, third edition, section 11)."""
    blocks, dpi, kept, at = Blocks(), None, [_PNG_SIGNATURE], 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        body = data[at + 8 : end - 4]
        if kind[:1].isupper() or kind == b"tRNS":
            kept.append(data[at:end])
        elif kind == b"eXIf":
            blocks.exif = body
        elif kind == b"iCCP":
            blocks.icc = _inflated(body.partition(b"\0")[2][1:])
        elif kind == b"pHYs" and len(body) == 9 and body[8] == 1:
            across, down = struct.unpack(">II", body[:8])
            dpi = across * 0.0254, down * 0.0254
        elif kind in (b"iTXt", b"zTXt", b"tEXt"):
            _take_text(kind, body, blocks)
        at = end
    return b"".join([*kept, data[at:]]), blocks, dpi


def _take_text(kind: bytes, body: bytes, blocks: Blocks) -> None:
    """Keep an XMP packet, and the profiles that ImageMagick and exiftool write as text."""
    key, _, rest = body.partition(b"\0")
    if kind == b"iTXt" and key == b"XML:com.adobe.xmp":
        text = rest[2:].split(b"\0", 2)[-1]
        blocks.xmp = _inflated(text) if rest[:1] == b"\1" else text
    elif key.startswith(b"Raw profile type "):
        text = (_inflated(rest[1:]) or b"") if kind == b"zTXt" else rest
        try:
            profile = bytes.fromhex("".join(text.decode("ascii").split()[2:]))
        except ValueError:
            return
        if key.endswith(b"iptc"):
            blocks.iptc = iptc_of_photoshop(profile) or profile
        elif key.endswith(b"exif"):
            blocks.exif = blocks.exif or profile
        elif key.endswith(b"xmp"):
            blocks.xmp = blocks.xmp or profile


def _inflated(packed: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(packed, _MOST_BYTES)
    except zlib.error:
        return b"?"  # there was a block; what it said is lost
