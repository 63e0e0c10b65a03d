"""The Space created or updated on the Hub."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from core.errors import RequestError, SpaceError
from core.space.config import ROOT, is_synced, value
from core.space.files import lay_out, space_files

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")


def prepare(name: str, root: Path = ROOT) -> list[Path]:
    """The files to send, relative to ``root``.

    Raises:
        RequestError: ``name`` is not OWNER/NAME.
        SpaceError: something must be put right first.
    """
    if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith((".git", ".", "-")):
        raise RequestError(f"'{name}' is no name for a Space; write it as OWNER/NAME.")
    if not is_synced(root):
        raise SpaceError("README.md does not say what space.yaml says; run: python app.py space sync")
    return space_files(root)


def deploy(name: str, private: bool = False, hardware: str | None = None, root: Path = ROOT) -> str:
    """Create the Space where there is none, and make its files those of this folder, in one commit.

    Args:
        name: OWNER/NAME.
        private: whether a new Space is seen by its owner only; one that exists stays as it is.
        hardware: what a new Space runs on, in the Hub's words; the Hub's own choice where left out.
        root: the folder.

    Returns:
        Its address.

    Raises:
        RequestError, SpaceError: see ``prepare``; or the Hub cannot be reached, or does not let us.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    prepare(name, root)
    runs_on: Any = hardware  # the client's enum lags behind the Hub
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    try:
        address = api.create_repo(
            name,
            repo_type="space",
            space_sdk=value("sdk", root),
            private=private,
            space_hardware=runs_on,
            exist_ok=True,
        )
        with tempfile.TemporaryDirectory(prefix="autochrome-space-") as folder:
            lay_out(root, Path(folder))
            api.upload_folder(
                repo_id=name, repo_type="space", folder_path=folder, delete_patterns="*", commit_message="Autochrome"
            )
    except LocalTokenNotFoundError as error:
        raise SpaceError("The Hub wants to know who you are; run: hf auth login (or set HF_TOKEN).") from error
    except HfHubHTTPError as error:
        raise SpaceError(_refusal(name, error.response.status_code, error.server_message)) from error
    except (httpx2.TransportError, OSError) as error:
        raise SpaceError(f"{api.endpoint} cannot be reached ({error}); check the network and try again.") from error
    except ValueError as error:
        if "Invalid metadata" not in str(error):  # how the client tells of a README that the Hub does not take
            raise
        raise SpaceError(f"The Hub does not take the Space ({' '.join(str(error).split())}); correct it.") from error
    return str(address)


def _refusal(name: str, status: int, said: str | None) -> str:
    """A sentence about an answer that is none of the hoped for."""
    reason = (said or f"status {status}").strip().rstrip(".")
    if status == 401:
        return "The Hub does not know you; run: hf auth login (or set HF_TOKEN) with a token that may write."
    if status == 402:
        return f"The Hub wants to be paid for {name} ({reason}); choose another --hardware, such as zero-a10g."
    if status == 403:
        return f"Your token may not write to {name} ({reason}); use one that may, or another name."
    return f"The Hub did not take {name} ({reason}); try again later."
