"""Pictures into Immich, each stacked with its photograph; both are uploaded where Immich has not got them.

    IMMICH_URL=https://photos.example.org IMMICH_API_KEY=... python docs/recipes/immich.py coloured/report.csv

The report is what ``app.py colorize ... --report`` writes; run this in the folder where that was run.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

import httpx


def upload(immich: httpx.Client, file: Path, photograph: Path) -> str:
    """The id of a file in Immich, which tells by the checksum whether it has it already.

    A picture gets the photograph's date, so that the two stand side by side where neither knows when it was taken.
    """
    data, date = file.read_bytes(), datetime.fromtimestamp(photograph.stat().st_mtime, timezone.utc).isoformat()
    checksum = hashlib.sha1(data).hexdigest()
    answer = immich.post(
        "/api/assets",
        headers={"x-immich-checksum": checksum},
        data={
            "fileCreatedAt": date,
            "fileModifiedAt": date,
            "deviceAssetId": checksum,  # these two are for Immich 2, and nothing to Immich 3
            "deviceId": "autochrome",
        },
        files={"assetData": (file.name, data)},
    )
    return str(answer.raise_for_status().json()["id"])


def main(report: str) -> None:
    """Upload and stack what a report names; what was so before stays so."""
    server, key = os.environ["IMMICH_URL"], os.environ["IMMICH_API_KEY"]
    with (
        open(report, newline="", encoding="utf-8") as rows,
        httpx.Client(base_url=server, headers={"x-api-key": key, "Accept": "application/json"}, timeout=300) as immich,
    ):
        for row in csv.DictReader(rows):
            if not row["picture"] or row["status"] == "kept":  # failed, left out, or the photograph's own bytes
                continue
            photograph, picture = Path(row["photograph"]), Path(row["picture"])
            if not photograph.is_file():
                print(f"{photograph}: left out, since it is no file here; unpack zips first.")
                continue
            shown_first = [upload(immich, file, photograph) for file in (picture, photograph)]
            immich.post("/api/stacks", json={"assetIds": shown_first}).raise_for_status()
            print(f"{picture} is stacked on {photograph}.")


if __name__ == "__main__":
    main(sys.argv[1])
