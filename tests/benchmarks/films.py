"""How steady the colours of films are, and how quick: ``python -m tests.benchmarks.films DIR`` (of films in colour).

Each film is made grey and coloured, once steadily and once each frame alone, and both are compared with the truth and
with each other. "Warp" is the difference in a*b* between a frame and the one before it, brought along the true film's
motion (dense inverse search on its luma, both ways; places where the ways disagree by more than a pixel, or that leave
the frame, do not count, nor do cuts): of its mean square over that of each frame alone (Lai et al., "Learning Blind
Video Temporal Consistency", ECCV 2018), and of its mean over the true film's own. CDC is the mean Jensen-Shannon
divergence (in bits) of the RGB histograms of frames that are 1, 2 and 4 apart (Liu et al., "Temporally Consistent
Video Colorization", 2021): the true film's, and ours and that of each frame alone over it. Colourfulness (Hasler and
Süsstrunk 2003) is over that of each frame alone, PSNR less that. Last is the mean difference in a*b* of the first
frames after cuts from those of the same shots coloured as films of their own, at most, and the number of cuts.

With ``--clips`` the films are made by code (``tests.support.clips``), and coloured by stand-ins too: zhang-v2 on random
weights, and a plugin that gives a field of colours. With ``--speed`` films of grey at two sizes are read, coloured and
written, steadily and each frame alone, in turn; with ``--memory`` long ones, each in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import av
import cv2
import numpy as np

from core.colour.cielab import Float, Pixels, rgb_to_lab
from core.engine import Engine
from core.prediction import AbField, Request
from core.registry.backend import BackendInfo
from core.registry.registry import load_registry
from core.settings import Settings
from core.video import steady
from core.video.colour_film import FilmJob, colour_film
from core.video.encoding import Encoding
from tests.support.clips import CLIPS, write_clip
from tests.support.standins import SPACES, write_zhang, zhang_manifest

_LOSSLESS = Encoding("ffv1", ".mkv")


def frames_of(path: Path) -> Iterator[Pixels]:
    """Each frame of a film, (h, w, 3) uint8."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def made_grey(path: Path, target: Path, most: int) -> int:
    """The film's luma as a film; gives how many frames it has."""
    count = 0
    with av.open(str(path)) as container, av.open(str(target), "w") as out:
        source = container.streams.video[0]
        stream = out.add_stream("ffv1", source.average_rate)
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, "gray"
        for frame in container.decode(source):
            if count == most:
                break
            grey = frame.to_ndarray(format="gray")
            picture = av.VideoFrame.from_ndarray(grey, format="gray")
            picture.pts, picture.time_base = count, 1 / source.average_rate
            out.mux(stream.encode(picture))
            count += 1
        out.mux(stream.encode(None))
    return count


def _each_frame_alone() -> Any:
    """Every frame begins a shot."""
    return mock.patch.object(steady, "is_cut", return_value=True)


def coloured(engine: Engine, backend: str, grey: Path, target: Path, alone: bool, **part: float) -> None:
    """The grey film in colour, without loss."""
    job = FilmJob(backend, recolour=True, **part)
    with _each_frame_alone() if alone else nullcontext():
        colour_film(engine, job, grey, target, _LOSSLESS)


class Flicker:
    """What is measured of one film's colours, frame by frame."""

    def __init__(self) -> None:
        self.squares: list[float] = []
        self.distances: list[float] = []
        self.colourfulness: list[float] = []
        self.errors: list[float] = []
        self._histograms: list[Any] = []
        self._before: Float | None = None

    def add(self, rgb: Pixels, truth: Pixels, places: Float | None, seen: Any) -> None:
        """One more frame; ``places`` says where each place was in the frame before, None after a cut."""
        ab = rgb_to_lab(rgb.astype(np.float32) / 255)[..., 1:]
        if places is not None and self._before is not None:
            moved = cv2.remap(self._before, places, np.empty(0, np.float32), cv2.INTER_LINEAR)
            distance = np.linalg.norm(ab - moved, axis=2)[seen]
            self.squares.append(float(np.square(distance).mean()))
            self.distances.append(float(distance.mean()))
        self._before = ab
        red, green, blue = (rgb[..., each].astype(np.float32) for each in range(3))
        one, two = red - green, (red + green) / 2 - blue
        self.colourfulness.append(float(np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean())))
        error = np.square(rgb.astype(np.float32) - truth).mean()
        self.errors.append(float(10 * np.log10(255**2 / max(error, 1e-6))))
        self._histograms.append(
            [np.bincount(rgb[..., each].ravel(), minlength=256) / rgb[..., 0].size for each in range(3)]
        )

    @property
    def cdc(self) -> float:
        """Colour distribution consistency."""
        found = []
        for apart in (1, 2, 4):
            for one, other in zip(self._histograms, self._histograms[apart:], strict=False):
                found.append(np.mean([_divergence(a, b) for a, b in zip(one, other, strict=True)]))
        return float(np.mean(found))


def _divergence(one: Any, other: Any) -> float:
    """Jensen-Shannon, in bits."""
    middle = (one + other) / 2

    def relative(share: Any) -> float:
        there = share > 0
        return float(np.sum(share[there] * np.log2(share[there] / middle[there])))

    return (relative(one) + relative(other)) / 2


def motion(before: Pixels, after: Pixels) -> tuple[Float, Any] | None:
    """Where each place of a frame was in the one before, and which of them were seen there; None across a cut."""
    old, new = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (before, after))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, on = search.calc(new, old, np.empty(0)), search.calc(old, new, np.empty(0))
    height, width = new.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = np.dstack([x + back[..., 0], y + back[..., 1]])
    apart = np.linalg.norm(back + cv2.remap(on, places, np.empty(0, np.float32), cv2.INTER_LINEAR), axis=2)
    inside = (places >= 0).all(axis=2) & (places[..., 0] < width - 1) & (places[..., 1] < height - 1)
    seen = inside & (apart < 1)
    return (places, seen) if seen.mean() > 0.1 else None


class Figures(NamedTuple):
    """What is measured of a film, see above."""

    warp: float
    warp_over_true: float
    alone_over_true: float
    cdc: float
    cdc_ours: float
    cdc_alone: float
    colourfulness: float
    decibels: float
    after_cut: float
    cuts: int

    def row(self, film: str, backend: str) -> str:
        """A line of the report."""
        return (
            f"| {film} | {backend} | {self.warp:.2f} | {self.warp_over_true:.2f} | {self.alone_over_true:.2f} "
            f"| {self.cdc:.4f} | {self.cdc_ours:.2f} | {self.cdc_alone:.2f} | {self.colourfulness:.3f} "
            f"| {self.decibels:+.2f} | {self.after_cut:.2f} ({self.cuts}) |"
        )


def measure(engine: Engine, backend: str, film: Path, folder: Path, most: int) -> Figures:
    """Colour a film in colour, and compare."""
    grey, ours, alone = (folder / f"{name}.mkv" for name in ("grey", "ours", "alone"))
    made_grey(film, grey, most)
    coloured(engine, backend, grey, ours, alone=False)
    coloured(engine, backend, grey, alone, alone=True)
    found = {name: Flicker() for name in ("truth", "ours", "alone")}
    before, cuts = None, {}
    for number, (truth, one, other) in enumerate(zip(*map(frames_of, (film, ours, alone)), strict=False)):
        way = None if before is None else motion(before, truth)
        if before is not None and (way is None or _jumps(before, truth)):
            way = None
            cuts[number] = one
        places, seen = way or (None, None)
        for name, rgb in (("truth", truth), ("ours", one), ("alone", other)):
            found[name].add(rgb, truth, places, seen)
        before = truth
    truth, one, other = (found[name] for name in ("truth", "ours", "alone"))
    return Figures(
        float(np.mean(one.squares) / np.mean(other.squares)),
        float(np.mean(one.distances) / np.mean(truth.distances)),
        float(np.mean(other.distances) / np.mean(truth.distances)),
        truth.cdc,
        one.cdc / truth.cdc,
        other.cdc / truth.cdc,
        float(np.mean(one.colourfulness) / np.mean(other.colourfulness)),
        float(np.mean(one.errors) - np.mean(other.errors)),
        max((_apart(first, _opening(engine, backend, grey, folder, at)) for at, first in cuts.items()), default=0.0),
        len(cuts),
    )


def _opening(engine: Engine, backend: str, grey: Path, folder: Path, number: int) -> Pixels:
    """The frame of a number, with which a shot begins, where nothing of the film before it is known."""
    with av.open(str(grey)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
    coloured(engine, backend, grey, folder / "shot.mkv", alone=False, start=(number - 0.5) / rate, seconds=10)
    return next(frames_of(folder / "shot.mkv"))


def _apart(one: Pixels, other: Pixels) -> float:
    """The mean difference in a*b* of two pictures."""
    ab = [rgb_to_lab(each.astype(np.float32) / 255)[..., 1:] for each in (one, other)]
    return float(np.abs(ab[0] - ab[1]).mean())


def _jumps(before: Pixels, after: Pixels) -> bool:
    small = [cv2.resize(each, (16, 12), interpolation=cv2.INTER_AREA).astype(np.float32) for each in (before, after)]
    return float(np.abs(small[0] - small[1]).mean()) > 25


def made_of_scenes(path: Path, size: tuple[int, int], count: int) -> Path:
    """A grey film at 25 frames a second."""
    from tests.support.films import scene

    height, width = size
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", 25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(count):
            grey = cv2.resize(scene(number, 120, 160), (width, height), interpolation=cv2.INTER_CUBIC)
            frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def repeated(path: Path, target: Path, times: int) -> Path:
    """A film one time after the other: its packets, not encoded again."""
    with av.open(str(target), "w") as out:
        stream, late = None, 0
        for _ in range(times):
            with av.open(str(path)) as container:
                source, end = container.streams.video[0], 0
                stream = stream or out.add_stream_from_template(source)
                for packet in container.demux(source):
                    if packet.pts is None or packet.dts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.pts, packet.dts, packet.stream = packet.pts + late, packet.dts + late, stream
                    out.mux(packet)
            late += end
    return target


def memory(backend: str, folder: Path, size: tuple[int, int], seconds: int) -> str:
    """Megabytes at most of a process that colours a film of this length, and frames a second."""
    film = repeated(made_of_scenes(folder / "ten.mp4", size, 250), folder / "long.mp4", seconds // 10)
    code = (
        "import resource, sys; from pathlib import Path; from core.engine import Engine; "
        "from core.registry.registry import load_registry; from core.settings import Settings; "
        "from core.video.colour_film import FilmJob, colour_film; from core.video.encoding import Encoding; "
        "film = Path(sys.argv[1]); colour_film(Engine(load_registry(), Settings(cache_mb=64)), FilmJob(sys.argv[2]), "
        "film, film.with_name('long.colour.mp4'), Encoding('h264', '.mp4')); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    started = time.perf_counter()
    most = subprocess.run([sys.executable, "-c", code, film, backend], capture_output=True, text=True, check=True)
    rate = seconds * 25 / (time.perf_counter() - started)
    return f"| {size[1]} x {size[0]}, {seconds} s | {backend} | {most.stdout.strip()} | {rate:.0f} |"


def speed(engine: Engine, backend: str, folder: Path, size: tuple[int, int], count: int) -> str:
    """Frames a second, of the wall's clock and of the processor's, steadily and each frame alone."""
    film = made_of_scenes(folder / "speed.mp4", size, count)
    cells = []
    for alone in (False, True):
        started, worked = time.perf_counter(), time.process_time()
        with _each_frame_alone() if alone else nullcontext():
            colour_film(engine, FilmJob(backend), film, folder / "speed.colour.mp4", Encoding("h264", ".mp4"))
        wall, work = time.perf_counter() - started, time.process_time() - worked
        cells.append(f"{count / wall:.1f} | {1000 * work / count:.0f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"| {size[1]} x {size[0]}, {count} frames | {backend} | {' | '.join(cells)} | {memory} |"


class FieldBackend:
    """Stands for a plugin that gives a field: hues by lightness, which wander from frame to frame."""

    info: Any = BackendInfo(id="field", title="Field", input_size=128)

    def predict(self, request: Request, options: Any) -> AbField:
        """The same for the same picture."""
        seed = int.from_bytes(hashlib.sha256(request.lightness.tobytes()).digest()[:4], "big")
        wander, more = np.random.default_rng(seed).normal(0, 0.35, 2)
        light = cv2.GaussianBlur(request.lightness, (0, 0), 2)
        turn = light * np.float32(np.pi / 60) + np.float32(wander)
        chroma = np.float32(22 * np.exp(0.3 * more))
        return AbField((np.dstack([np.cos(turn), np.sin(turn)]) * chroma).astype(np.float32))


def engine_with_stand_ins(folder: Path) -> Engine:
    """The built-in backends, zhang-v2's on random weights with a sixteenth of its channels, and a field's."""
    models = folder / "models"
    files = write_zhang(models / "zhang-v2", narrow=16)
    (models / "zhang-v2.toml").write_text(zhang_manifest(files, SPACES[:1]), "utf-8")
    settings = Settings(cache_mb=64, models_dir=models)
    registry = load_registry(settings=settings)
    registry.register(FieldBackend())
    return Engine(registry, settings)


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.films", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of films in colour")
    parser.add_argument("--clips", action="store_true", help="also of clips made by code, with stand-ins")
    parser.add_argument("--backend", default="pocket")
    parser.add_argument("--frames", type=int, default=100, help="of each film")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--memory", action="store_true", help="of films of 3 and of 30 minutes: takes long")
    given = parser.parse_args()
    engine = Engine(load_registry(), Settings(cache_mb=64))
    with tempfile.TemporaryDirectory() as folder:
        if given.folder or given.clips:
            print("| film | backend | warp/alone | /true | alone/true | CDC | ours | alone | colour | dB | cut |")
        if given.clips:
            stand_ins = engine_with_stand_ins(Path(folder))
            for name in CLIPS:
                clip = write_clip(Path(folder) / f"{name}.mp4", name, given.frames)
                for backend in ("pocket", "zhang-v2", "field"):
                    figures = measure(stand_ins, backend, clip, Path(folder), given.frames)
                    print(figures.row(name, backend), flush=True)
        if given.folder:
            for film in sorted(each for each in given.folder.iterdir() if each.suffix in (".mp4", ".mkv", ".webm")):
                figures = measure(engine, given.backend, film, Path(folder), given.frames)
                print(figures.row(film.stem, given.backend), flush=True)
        if given.speed:
            print("| size | backend | steadily, f/s | ms of a core | alone, f/s | ms of a core | MB at most |")
            for size, count in (((480, 640), 150), ((1080, 1920), 50)):
                print(speed(engine, given.backend, Path(folder), size, count), flush=True)
        if given.memory:
            print("| size, length | backend | MB at most | frames a second |")
            for size, seconds in (((1080, 1920), 10), ((1080, 1920), 40), ((180, 320), 180), ((180, 320), 1800)):
                print(memory(given.backend, Path(folder), size, seconds), flush=True)


if __name__ == "__main__":
    main()
