"""Captions and rights: XMP packets and IPTC records, and the mark that says how a picture was made.

XMP is ISO 16684-1; IPTC-IIM is version 4.2; the mark is IPTC Photo Metadata's Digital Source Type.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.dom import minidom

COLOURED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""Colour from a network that was trained."""

ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""Colour from another photograph, or only a restoration."""

COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/composite"
"""Colour from another version of the photograph, which may or may not be a trained network's."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_DC = "http://purl.org/dc/elements/1.1/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
_MARK = "DigitalSourceType"
_NO_LONGER_SO = (
    (_EXT, _MARK),
    (_TIFF, "Orientation"),
    (_TIFF, "ImageWidth"),
    (_TIFF, "ImageLength"),
    (_EXIF, "PixelXDimension"),
    (_EXIF, "PixelYDimension"),
)
"""Properties that are not true of the picture, which is upright: an older mark, and how the photograph's pixels lay."""

_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'.encode()

_ALTERNATIVES, _ORDERED, _UNORDERED, _PLAIN = "Alt", "Seq", "Bag", ""
_FIELDS = {
    5: (_DC, "dc:title", _ALTERNATIVES),
    25: (_DC, "dc:subject", _UNORDERED),
    40: (_PHOTOSHOP, "photoshop:Instructions", _PLAIN),
    80: (_DC, "dc:creator", _ORDERED),
    90: (_PHOTOSHOP, "photoshop:City", _PLAIN),
    95: (_PHOTOSHOP, "photoshop:State", _PLAIN),
    101: (_PHOTOSHOP, "photoshop:Country", _PLAIN),
    103: (_PHOTOSHOP, "photoshop:TransmissionReference", _PLAIN),
    105: (_PHOTOSHOP, "photoshop:Headline", _PLAIN),
    110: (_PHOTOSHOP, "photoshop:Credit", _PLAIN),
    115: (_PHOTOSHOP, "photoshop:Source", _PLAIN),
    116: (_DC, "dc:rights", _ALTERNATIVES),
    120: (_DC, "dc:description", _ALTERNATIVES),
    122: (_PHOTOSHOP, "photoshop:CaptionWriter", _PLAIN),
}
"""IPTC datasets of record 2, and the XMP properties that mean the same (IPTC Photo Metadata, mapping)."""


def source_type_of(learned: bool | None) -> str:
    """The mark of a picture whose colour a trained network gave, or did not, or nobody knows."""
    if learned is None:
        return COMPOSITE
    return COLOURED if learned else ENHANCED


def marked_xmp(packet: bytes | None, iptc: bytes | None, source_type: str) -> tuple[bytes, bool]:
    """An XMP packet with the mark, and with the captions of an IPTC record that it lacks.

    Args:
        packet: the photograph's, or None.
        iptc: the photograph's record, or None.
        source_type: ``COLOURED``, ``ENHANCED`` or ``COMPOSITE``.

    Returns:
        The packet, and whether the photograph's own could not be read and was left out.
    """
    try:
        return _marked(packet or _EMPTY, iptc, source_type), False
    except Exception:  # expat and minidom raise many kinds
        return _marked(_EMPTY, iptc, source_type), True


def _marked(packet: bytes, iptc: bytes | None, source_type: str) -> bytes:
    if b"<!" in packet.replace(b"\0", b"").replace(b"<!--", b""):
        raise ValueError("a document type")  # no XMP has one, and bombs are made of them
    document = minidom.parseString(packet.strip(b"\0 \t\r\n"))
    rdf = document.getElementsByTagNameNS(_RDF, "RDF")[0]
    for each in document.getElementsByTagName("*"):
        for space, name in _NO_LONGER_SO:
            if each.hasAttributeNS(space, name):
                each.removeAttributeNS(space, name)
        if (each.namespaceURI, each.localName) in _NO_LONGER_SO:
            assert each.parentNode is not None
            each.parentNode.removeChild(each)
    others = rdf.getElementsByTagNameNS(_RDF, "Description")
    about = others[0].getAttributeNS(_RDF, "about") if others else ""
    ours = document.createElementNS(_RDF, "rdf:Description")
    for prefix, space in (("rdf", _RDF), ("Iptc4xmpExt", _EXT), ("dc", _DC), ("photoshop", _PHOTOSHOP)):
        ours.setAttribute(f"xmlns:{prefix}", space)
    ours.setAttributeNS(_RDF, "rdf:about", about)
    _add(document, ours, _EXT, f"Iptc4xmpExt:{_MARK}", _PLAIN, [source_type])
    for number, texts in _texts(iptc or b"").items():
        space, name, kind = _FIELDS[number]
        local = name.partition(":")[2]
        if not document.getElementsByTagNameNS(space, local) and not any(
            each.hasAttributeNS(space, local) for each in others
        ):
            _add(document, ours, space, name, kind, texts)
    rdf.appendChild(ours)
    packed = document.documentElement
    assert packed is not None
    head = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    return f'{head}{packed.toxml()}\n<?xpacket end="w"?>'.encode()


def _add(
    document: minidom.Document, parent: minidom.Element, space: str, name: str, kind: str, texts: list[str]
) -> None:
    """Add a property: plain text, or a container of texts."""
    element = document.createElementNS(space, name)
    parent.appendChild(element)
    if not kind:
        element.appendChild(document.createTextNode(texts[0]))
        return
    container = document.createElementNS(_RDF, f"rdf:{kind}")
    element.appendChild(container)
    for text in texts:
        item = document.createElementNS(_RDF, "rdf:li")
        if kind == _ALTERNATIVES:
            item.setAttribute("xml:lang", "x-default")
        item.appendChild(document.createTextNode(text))
        container.appendChild(item)


def _texts(iptc: bytes) -> dict[int, list[str]]:
    """The texts of an IPTC record that XMP has a place for, by dataset."""
    datasets = list(_datasets(iptc))
    coding = "utf-8" if (1, 90, b"\x1b%G") in datasets else "latin-1"
    texts: dict[int, list[str]] = {}
    for record, number, body in datasets:
        if record == 2 and number in _FIELDS and body:
            try:
                text = body.decode("utf-8")
            except UnicodeDecodeError:
                text = body.decode(coding, "replace")
            readable = "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")
            texts.setdefault(number, []).append(readable)
    return texts


def _datasets(iptc: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and body of each dataset (IPTC-IIM 4.2, section 1.5)."""
    at = 0
    while iptc[at : at + 1] == b"\x1c" and at + 5 <= len(iptc):
        length = int.from_bytes(iptc[at + 3 : at + 5], "big")
        if length >= 0x8000:  # an extended dataset: no text is that long
            return
        yield iptc[at + 1], iptc[at + 2], iptc[at + 5 : at + 5 + length]
        at += 5 + length
