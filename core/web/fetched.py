"""Files that a call names by their web address, fetched within the limits that uploads have.

Gradio would read the whole of one into memory, however large, and take what a broken connection left of it for the
file the next time.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin

import anyio
import httpx
from anyio import to_thread
from gradio.processing_utils import PUBLIC_HOSTNAME_WHITELIST
from gradio_client.utils import strip_invalid_filename_characters
from safehttpx import AsyncSecureTransport, is_public_ip, matches_domain_whitelist

from core.errors import PhotoError
from core.web.colouring import make_room, new_folder

_PATIENCE, _SILENCE = 120.0, 15.0
"""Seconds that a file may take, and that its server may say nothing."""

_HOPS = 5
"""Addresses that may lead to one another."""


async def fetched(address: str, most: int | None) -> Path:
    """The file at a public address, http or https, in a new folder of Gradio's cache, under its own name.

    Args:
        address: it.
        most: bytes at most, or None.

    Raises:
        PhotoError: it cannot be had, is larger, takes too long, or lies in this server's own network.
    """
    try:
        return await asyncio.wait_for(_fetched(address, most), _PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL, socket.gaierror, ValueError, asyncio.TimeoutError) as error:
        raise PhotoError(
            "The address of the picture cannot be read from here; see that anybody can open it, or send the file."
        ) from error


async def _fetched(address: str, most: int | None) -> Path:
    for _ in range(_HOPS):
        async with (
            httpx.AsyncClient(transport=await _transport(httpx.URL(address).host), timeout=_SILENCE) as client,
            client.stream("GET", address) as answer,
        ):
            if answer.has_redirect_location:
                address = urljoin(address, answer.headers["Location"])
                continue
            answer.raise_for_status()
            size = int(answer.headers.get("Content-Length", 0))
            _within(size, most)
            await to_thread.run_sync(make_room, size)
            return await _written(answer, _name(address), most)
    raise ValueError(address)


async def _transport(host: str) -> httpx.AsyncBaseTransport | None:
    """Leads to the address that was found to be public, whatever the name means a moment later.

    Raises:
        ValueError: there is none.
    """
    if matches_domain_whitelist(host, PUBLIC_HOSTNAME_WHITELIST):
        return None
    transport: httpx.AsyncBaseTransport = AsyncSecureTransport(await _public_ip(host))
    return transport


async def _public_ip(host: str) -> str:
    for *_, place in await asyncio.get_running_loop().getaddrinfo(host, None):
        if is_public_ip(place[0]):
            return str(place[0])
    raise ValueError(host)


async def _written(answer: httpx.Response, name: str, most: int | None) -> Path:
    """An answer's body as a file; nothing is left of one that breaks off."""
    path = await to_thread.run_sync(new_folder) / name
    size = 0
    try:
        async with await anyio.open_file(path, "wb") as file:
            async for chunk in answer.aiter_bytes():
                size += len(chunk)
                _within(size, most)
                await file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
        raise
    return path


def _within(size: int, most: int | None) -> None:
    if most is not None and size > most:
        raise PhotoError(f"The address leads to more than the {most / 1e6:.0f} MB that are taken; send a smaller file.")


def _name(address: str) -> str:
    named = unquote(PurePosixPath(address.partition("?")[0]).name)
    return strip_invalid_filename_characters(named)[-100:] or "photo"
