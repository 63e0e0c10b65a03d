"""What memory held before never shows in a picture, however its file is damaged."""

import os
import subprocess
import sys


def test_damaged_files_are_refused_or_the_same_whatever_memory_held():
    command = [sys.executable, "-m", "tests.photo.damaged"]
    running = [
        subprocess.Popen(
            command,
            env={**os.environ, "MALLOC_PERTURB_": value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for value in ("17", "202")
    ]
    (one, problems), (other, _) = (process.communicate(timeout=300) for process in running)
    assert [process.returncode for process in running] == [0, 0], problems[-2000:]
    lines = one.splitlines()
    assert lines == other.splitlines()
    refused = sum(line.endswith(".") for line in lines)
    assert len(lines) > 300
    assert 0.3 < refused / len(lines) < 0.95
