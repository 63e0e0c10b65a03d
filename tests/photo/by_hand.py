"""Files of formats that no library but the reader's writes, put together byte by byte."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_CODES = {"H": 3, "I": 4, "Q": 16, "B": 1, "s": 2, "R": 5}


def tiff(
    pixels: Any,
    photometric: int,
    tags: dict[int, tuple[str, Any] | None] | None = None,
    order: str = "<",
    big: bool = False,
    planar: bool = False,
    bits: int | None = None,
    body: bytes | None = None,
) -> bytes:
    """An uncompressed TIFF of one strip (of one a plane), or one whose strip is given; a tag of None is left out."""
    planes = np.moveaxis(pixels, -1, 0) if planar else [pixels]
    kind = pixels.dtype.kind
    strips = [body] if body else [np.ascontiguousarray(p, pixels.dtype.newbyteorder(order)).tobytes() for p in planes]
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    offset = "Q" if big else "I"
    start = 16 if big else 8
    places = [start + sum(map(len, strips[:number])) for number in range(len(strips))]
    given: dict[int, tuple[str, Any] | None] = {
        256: ("I", pixels.shape[1]),
        257: ("I", pixels.shape[0]),
        258: ("H", [bits or 8 * pixels.itemsize] * samples),
        259: ("H", 1),
        262: ("H", photometric),
        273: (offset, places),
        277: ("H", samples),
        278: ("I", pixels.shape[0]),
        279: (offset, [len(strip) for strip in strips]),
        284: ("H", 2 if planar else 1),
        339: ("H", [{"u": 1, "i": 2, "f": 3}[kind]] * samples),
        **(tags or {}),
    }
    entries = {tag: entry for tag, entry in given.items() if entry}
    at = start + sum(map(len, strips))
    strips.append(bytes(at % 2))
    at += at % 2
    room, width = (8, 20) if big else (4, 12)
    rest = at + len(entries) * width + (16 if big else 6)
    table, values = b"", b""
    for tag, (code, value) in sorted(entries.items()):
        packed, count = _packed(code, value, order)
        table += struct.pack(f"{order}HH{'Q' if big else 'I'}", tag, _CODES[code], count)
        if len(packed) <= room:
            table += packed.ljust(room, b"\0")
        else:
            table += struct.pack(order + offset, rest + len(values))
            values += packed + bytes(len(packed) % 2)
    mark = b"II" if order == "<" else b"MM"
    head = mark + (struct.pack(f"{order}HHHQ", 43, 8, 0, at) if big else struct.pack(f"{order}HI", 42, at))
    count = struct.pack(order + ("Q" if big else "H"), len(entries))
    return head + b"".join(strips) + count + table + struct.pack(order + offset, 0) + values


def _packed(code: str, value: Any, order: str) -> tuple[bytes, int]:
    if code in "Bs" and isinstance(value, bytes):
        return value, len(value)
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    if code == "R":
        return struct.pack(f"{order}{2 * len(numbers)}I", *(part for number in numbers for part in number)), len(
            numbers
        )
    return struct.pack(f"{order}{len(numbers)}{code}", *numbers), len(numbers)


def packed(pixels: Any, bits: int) -> bytes:
    """Numbers of fewer than 8 or of 9 to 15 bits side by side, rows beginning on bytes."""
    planes = (pixels[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(planes.reshape(len(pixels), -1).astype(np.uint8), axis=1).tobytes()


def tga(rgb: Any) -> bytes:
    """Uncompressed Targa, first row at the top."""
    grey = rgb.ndim == 2
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 3 if grey else 2, 0, 0, 0, 0, 0, *rgb.shape[1::-1], 8 if grey else 24, 32)
    return head + (rgb if grey else rgb[..., ::-1]).tobytes()


def pcx(rgb: Any) -> bytes:
    """PCX of one or three planes, each byte a run of one."""
    planes = rgb[:, None] if rgb.ndim == 2 else np.moveaxis(rgb, 2, 1)
    height, count, width = planes.shape
    head = struct.pack(
        "<BBBBHHHHHH48xBBHHHH54x", 10, 5, 1, 8, 0, 0, width - 1, height - 1, 72, 72, 0, count, width, 1, 0, 0
    )
    body = np.stack([np.full_like(planes, 0xC1), planes], axis=-1).tobytes()
    ramp = bytes([12]) + bytes(np.arange(256).repeat(3).astype(np.uint8)) if count == 1 else b""
    return head + body + ramp


def sgi(rgb: Any) -> bytes:
    """Uncompressed SGI, rows from the bottom up, plane after plane."""
    planes = rgb[None] if rgb.ndim == 2 else np.moveaxis(rgb, 2, 0)
    head = struct.pack(">HBBHHHHII", 474, 0, rgb.itemsize, rgb.ndim, *planes.shape[:0:-1], len(planes), 0, 255)
    big = np.ascontiguousarray(planes[:, ::-1], rgb.dtype.newbyteorder(">"))
    return head.ljust(512, b"\0") + big.tobytes()


def psd(rgb: Any, depth: int = 8, pack: bool = False, resources: bytes = b"") -> bytes:
    """A flattened Photoshop file; packed as runs of literal bytes."""
    planes = rgb[None] if rgb.ndim == 2 else np.moveaxis(rgb, 2, 0)
    mode = 1 if rgb.ndim == 2 else rgb.shape[2]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(planes), *planes.shape[1:], depth, mode)
    head += bytes(4) + struct.pack(">I", len(resources)) + resources + bytes(4)
    big = np.ascontiguousarray(planes, rgb.dtype.newbyteorder(">"))
    if not pack:
        return head + b"\0\0" + big.tobytes()
    lines = []
    for line in big.reshape(-1, big.shape[2]):
        whole = line.tobytes()
        parts = [whole[at : at + 128] for at in range(0, len(whole), 128)]
        lines.append(b"".join(bytes([len(part) - 1]) + part for part in parts))
    return head + b"\0\1" + struct.pack(f">{len(lines)}H", *map(len, lines)) + b"".join(lines)


def dib(bmp: bytes) -> bytes:
    """A BMP without its file header."""
    return bmp[14:]


def ico(png: bytes, width: int, height: int) -> bytes:
    """An icon that holds one PNG."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, width, height, 0, 0, 1, 32, len(png), 22) + png


def pnm(pixels: Any, top: int) -> bytes:
    """Binary PGM or PPM."""
    kind = b"P5" if pixels.ndim == 2 else b"P6"
    numbers = np.ascontiguousarray(pixels, ">u2" if top > 255 else np.uint8).tobytes()
    return b"%s\n%d %d\n%d\n" % (kind, pixels.shape[1], pixels.shape[0], top) + numbers
