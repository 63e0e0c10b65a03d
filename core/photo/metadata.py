"""What a file says of its picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Blocks:
    """Metadata as they lie in a file, unread.

    Attributes:
        exif: a TIFF block, with or without ``Exif\\0\\0`` before it; for TIFF the file itself.
        icc: a colour profile.
        xmp: an XMP packet.
        iptc: an IPTC-IIM record.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None


@dataclass(frozen=True)
class Metadata:
    """What travels from the photograph to the picture made from it.

    Attributes:
        exif: EXIF block with the orientation reset, or None.
        icc: ICC profile that describes ``Photo.pixels``, or None where the file had none.
        dpi: dots per inch (x, y), or None.
        xmp: XMP packet, or None.
        iptc: IPTC-IIM record (captions and rights), or None.
        digest: of the photograph's file, see ``core.photo.origin``, or None.
        quality: 1..100, of the JPEG file that it was, or None.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    digest: str | None = None
    quality: int | None = None
