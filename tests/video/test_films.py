"""A film becomes a film in colour: nothing else of it changes, and what was stopped goes on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from core.colour.cielab import rgb_to_lab
from core.errors import FilmError, InColourError, RequestError
from core.look.look import Look
from core.progress import StoppedError
from core.video.colour_film import ColouredFilm, FilmJob, colour_film
from core.video.decoding import frames
from core.video.encoding import CODECS, Part, encoding_for
from core.video.film import comment_of, look_at
from core.video.frame import Frame
from core.video.hints import FilmHint
from core.video.still import still
from tests.support.fakes import FakeBackend, make_engine
from tests.support.films import read_film, scene, sound_of, write_film


class Plain(FakeBackend):
    """The same green everywhere."""

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        ab = np.empty((12, 16, 2), np.float32)
        ab[...] = -30, 25
        return ab


def colour(source: Path, target: Path, backend: Any = None, codec: str | None = None, **job: Any) -> ColouredFilm:
    engine = make_engine(backend or Plain())
    part_seconds, progress = job.pop("part_seconds", 30.0), job.pop("progress", lambda share, words: None)
    encoding = encoding_for(target, codec)
    return colour_film(engine, FilmJob("pocket", **job), source, target, encoding, progress, part_seconds)


def lightness(rgb: Any) -> Any:
    return rgb_to_lab(rgb.astype(np.float32) / 255)[..., 0]


def greens(path: Path) -> list[float]:
    return [float(rgb_to_lab(rgb.astype(np.float32) / 255)[..., 1].mean()) for _, rgb in read_film(path)]


def test_all_but_the_colours_stays(tmp_path: Path) -> None:
    times = [0, 40, 70, 130, 135, 300, 333, 340, 410, 450, 480, 520, 600, 650]
    film = write_film(
        tmp_path / "a.mp4", map(scene, range(14)), times, sound=True, shape_of_pixels=Fraction(16, 11), rotation=90
    )
    done = colour(film, tmp_path / "b.mp4")
    assert (done.frames, done.width, done.height, done.warnings) == (14, 64, 48, ())
    before, after = read_film(film), read_film(done.path)
    assert [time for time, _ in after] == [time for time, _ in before]
    assert sound_of(done.path) == sound_of(film) != []
    for path in (film, done.path):
        seen = look_at(path)
        assert (seen.shape_of_pixels, seen.rotation) == (Fraction(16, 11), 90)
    for (_, was), (_, now) in zip(before, after, strict=True):
        light, lab = (rgb_to_lab(rgb.astype(np.float32) / 255) for rgb in (was, now))
        assert np.abs(light[..., 0] - lab[..., 0]).mean() < 1.5
        assert lab[..., 1].mean() < -15
    with av.open(str(done.path)) as container:
        assert "Autochrome: coloured by machine (pocket)" in container.metadata["comment"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def rich_film(path: Path, ending: str) -> Path:
    """A film with two sounds of which the second is the usual one, a font in Matroska, a cover in MP4."""
    plain = write_film(path / "plain.mp4", map(scene, range(12)), sound=True)
    rich = path / f"a{ending}"
    with av.open(str(plain)) as source, av.open(str(rich), "w") as sink:
        streams = [sink.add_stream_from_template(source.streams[number]) for number in (0, 1, 1)]
        usual = av.stream.Disposition.default
        streams[1].disposition, streams[2].disposition = av.stream.Disposition.comment, usual
        if ending == ".mkv":
            sink.add_attachment("font.ttf", "application/x-truetype-font", b"a font")
        else:
            cover = sink.add_stream("png", 1)
            cover.width, cover.height, cover.pix_fmt = 8, 8, "rgb24"
            cover.disposition = av.stream.Disposition.attached_pic
            sink.mux(cover.encode(av.VideoFrame.from_ndarray(np.full((8, 8, 3), 90, np.uint8), format="rgb24")))
        for packet in source.demux():
            data = bytes(packet)
            if data:
                for stream in [streams[0]] if packet.stream.type == "video" else streams[1:]:
                    copy = av.Packet(data)
                    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                    copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                    sink.mux(copy)
    return rich


def streams_of(path: Path) -> list[tuple[str, int]]:
    with av.open(str(path)) as container:
        return sorted((stream.type, int(stream.disposition)) for stream in container.streams)


@pytest.mark.parametrize(("ending", "other", "lost"), [
    (".mkv", ".mp4", "mp4 cannot hold its attachment (font.ttf), which was left out."),
    (".mp4", ".mkv", "mkv cannot hold its cover (png), which was left out."),
])  # fmt: skip
def test_fonts_covers_and_the_usual_sound_are_kept_or_named(tmp_path: Path, ending: str, other: str, lost: str) -> None:
    film = rich_film(tmp_path, ending)
    done = colour(film, tmp_path / f"b{ending}")
    assert (done.warnings, streams_of(done.path)) == ((), streams_of(film))
    assert colour(film, tmp_path / f"b{other}").warnings == (lost,)


def packed_anew(film: Path, target: Path, chapters: tuple[int, ...] = (), **metadata: str) -> Path:
    """The same pictures in another file, with metadata and chapters of so many milliseconds each."""
    head = {"movflags": "faststart"} if target.suffix == ".mp4" else {}
    with av.open(str(film)) as source, av.open(str(target), "w", options=head) as sink:
        stream = sink.add_stream_from_template(source.streams.video[0])
        sink.metadata.update(metadata)
        times = [*accumulate(chapters, initial=0)]
        sink.set_chapters([
            {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {}}
            for number, (start, end) in enumerate(pairwise(times))
        ])  # fmt: skip
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                sink.mux(packet)
    return target


@pytest.mark.parametrize("ending", [".mkv", ".mp4"])
def test_a_films_own_comment_is_kept_before_the_mark(tmp_path: Path, ending: str) -> None:
    plain = write_film(tmp_path / "plain.mp4", map(scene, range(6)))
    film = packed_anew(plain, tmp_path / f"a{ending}", comment="Grandma's film")
    done = colour(film, tmp_path / f"b{ending}")
    assert comment_of(done.path).startswith("Grandma's film; Autochrome: coloured by machine (pocket)")


UNEVEN = [0, 40, 70, 130, 135, 300]


@pytest.mark.parametrize(("ending", "other", "times"), [
    (".mov", ".mp4", None), (".mp4", ".mkv", None), (".mkv", ".mov", None), (".mkv", ".mp4", UNEVEN),
])  # fmt: skip
def test_a_films_timecode_is_kept(tmp_path: Path, ending: str, other: str, times: list[int] | None) -> None:
    plain = write_film(tmp_path / "plain.mkv", map(scene, range(6)), times)
    film = packed_anew(plain, tmp_path / f"a{ending}", timecode="01:00:00:00")
    colour(film, tmp_path / f"b{other}")
    for path in (film, tmp_path / f"b{other}"):
        with av.open(str(path)) as container:
            said = container.metadata | container.streams.video[0].metadata
        assert (said.get("timecode") or said["TIMECODE"]).startswith("01:00:00:00")


def test_a_part_does_not_have_the_timecode_of_the_films_beginning(tmp_path: Path) -> None:
    plain = write_film(tmp_path / "plain.mkv", map(scene, range(20)))
    film = packed_anew(plain, tmp_path / "a.mov", timecode="01:00:00:00")
    done = colour(film, tmp_path / "b.mov", start=0.4)
    with av.open(str(done.path)) as container:
        assert "timecode" not in container.metadata | container.streams.video[0].metadata
    assert done.warnings == ("The film's timecode is that of its beginning, which a part has not; it was left out.",)


@pytest.mark.parametrize("ending", [".mkv", ".mp4"])
def test_a_films_beginning_has_the_chapters_that_begin_in_it(tmp_path: Path, ending: str) -> None:
    plain = write_film(tmp_path / "plain.mp4", map(scene, range(75)))
    film = packed_anew(plain, tmp_path / f"a{ending}", chapters=(800, 1000, 1200))
    for seconds, ends in ((None, [0.8, 1.8, 3.0]), (1.2, [0.8, 1.2]), (0.8, [0.8])):
        colour(film, tmp_path / f"b{ending}", seconds=seconds)
        with av.open(str(tmp_path / f"b{ending}")) as container:
            chapters = container.chapters()
        assert [float(each["end"] * each["time_base"]) for each in chapters] == pytest.approx(ends)


def test_key_frames_are_predicted_and_the_rest_is_carried(tmp_path: Path) -> None:
    backend = Plain()
    colour(write_film(tmp_path / "a.mp4", map(scene, range(41))), tmp_path / "b.mp4", backend)
    assert 10 <= backend.calls <= 13


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec(tmp_path: Path, codec: str) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(6)))
    encoding = encoding_for(film, codec)
    done = colour(film, tmp_path / f"b{encoding.ending}", codec=codec)
    after = read_film(done.path)
    assert len(after) == 6
    assert np.abs(np.diff([time for time, _ in after]) - 0.04).max() < 0.0011
    assert max(greens(done.path)) < -15


@pytest.mark.parametrize("codec", CODECS)
def test_a_film_of_all_levels_stays_as_light_as_it_was(tmp_path: Path, codec: str) -> None:
    film = write_film(tmp_path / "a.mkv", map(scene, range(3)), codec="ffv1", pix_fmt="gray")
    done = colour(film, tmp_path / f"b{CODECS[codec].containers[0]}", codec=codec)
    for (_, was), (_, now) in zip(read_film(film), read_film(done.path), strict=True):
        light = [rgb_to_lab(rgb.astype(np.float32) / 255)[..., 0] for rgb in (was, now)]
        assert np.abs(light[0] - light[1]).mean() < 2


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="threads have no classes here")
@pytest.mark.parametrize("codec", CODECS)
def test_a_codec_leaves_the_rest_of_the_machine_its_processors(tmp_path: Path, codec: str) -> None:
    film = look_at(write_film(tmp_path / "a.mp4", map(scene, range(2))))
    part = Part(tmp_path / "part", film, encoding_for(film.path, codec))
    frame = Frame(0, np.zeros((film.height, film.width), np.uint8))
    part.write(part.ready(frame, np.zeros((12, 16, 2), np.float32)))
    assert classes_of_threads() == {os.SCHED_OTHER}
    part.drop()


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="threads have no classes here")
def test_a_codec_that_refuses_a_film_does_so_too(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", (scene(n, 12, 2) for n in range(3)), codec="ffv1", pix_fmt="gray")
    with pytest.raises(FilmError):
        Part(tmp_path / "part", look_at(film), encoding_for(film, "av1"))
    assert classes_of_threads() == {os.SCHED_OTHER}


def classes_of_threads() -> set[int]:
    return {os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir()}


def test_a_film_that_an_encoder_does_not_take_is_refused_in_a_sentence(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", (scene(n, 12, 2) for n in range(3)), codec="ffv1", pix_fmt="gray")
    for codec in ("h265", "av1"):
        with pytest.raises(FilmError, match=r"cannot be written \(Invalid argument\).* choose another --codec"):
            colour(film, tmp_path / "b.mkv", codec=codec)
    assert colour(film, tmp_path / "b.mkv", codec="ffv1").frames == 3


class HaltError(Exception):
    pass


def halt(share: float, words: str) -> None:
    """A progress that ends the work before it is done."""
    if share > 0.6:
        raise HaltError


def test_what_was_stopped_goes_on_and_becomes_the_same_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", (scene(n, seed=n // 30) for n in range(70)), options={"g": "12"})
    whole = colour(film, tmp_path / "whole.mp4", part_seconds=0.5)

    backend = Plain()
    with pytest.raises(HaltError):
        colour(film, tmp_path / "b.mp4", backend, part_seconds=0.5, progress=halt)
    assert not (tmp_path / "b.mp4").exists()
    stopped_at = backend.calls
    done = colour(film, tmp_path / "b.mp4", backend, part_seconds=0.5)
    assert backend.calls - stopped_at < stopped_at
    assert done.frames == whole.frames == 70
    for (_, one), (_, other) in zip(read_film(whole.path), read_film(done.path), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_person_stops_leaves_its_beginning_as_a_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(70)), sound=True)
    target = tmp_path / "b.mp4"

    def stop(after: float) -> Any:
        def progress(share: float, words: str) -> None:
            if share > after:
                raise StoppedError

        return progress

    for after in (0.3, 0.6):
        done = colour(film, target, part_seconds=0.5, progress=stop(after))
        assert (done.path.name, done.whole) == ("b.part.mp4", False)
        seen = read_film(done.path)
        assert len(seen) == done.frames > after * 70
        assert after - 0.1 < len(sound_of(done.path)) / len(sound_of(film)) < after + 0.3
        assert not target.exists()
    done = colour(film, target, part_seconds=0.5)
    assert (done.path, done.whole, done.frames) == (target, True, 70)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_a_person_who_stops_does_not_wait_for_the_first_colours(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(70)))
    backend, told = Plain(), []

    def progress(share: float, words: str) -> None:
        told.append(share)
        if len(told) == 10:
            raise StoppedError

    with pytest.raises(StoppedError):
        colour(film, tmp_path / "b.mp4", backend, progress=progress)
    assert backend.calls <= 3
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize("ending", [".ts", ".m2ts"])
def test_a_broadcast_that_was_stopped_goes_on_where_it_was(tmp_path: Path, ending: str) -> None:
    film = write_film(tmp_path / f"a{ending}", map(scene, range(150)), options={"g": "70", "sc_threshold": "0"})
    with pytest.raises(HaltError):
        colour(film, tmp_path / "b.mkv", part_seconds=0.5, progress=halt)
    assert colour(film, tmp_path / "b.mkv", part_seconds=0.5).frames == 150
    times = [time for time, _ in read_film(tmp_path / "b.mkv")]
    assert times == pytest.approx([time for time, _ in read_film(film)], abs=0.0011)


@pytest.mark.parametrize("keys_apart", [25, 70, 300])
def test_a_broadcast_is_read_from_any_frame_on(tmp_path: Path, keys_apart: int) -> None:
    options = {"g": str(keys_apart), "sc_threshold": "0"}
    film = look_at(write_film(tmp_path / "a.ts", map(scene, range(150)), options=options))
    whole = [frame.time for frame in frames(film)]
    assert len(whole) == 150
    for number in range(0, 150, 16):
        assert [frame.time for frame in frames(film, whole[number])] == whole[number:]


@pytest.mark.parametrize(("count", "keys_apart"), [(150, 12), (150, 70), (60, 250)])
def test_frames_of_an_avi_that_are_decoded_out_of_order_are_all_kept(
    tmp_path: Path, count: int, keys_apart: int
) -> None:
    options = {"bf": "3", "g": str(keys_apart), "sc_threshold": "0"}
    film = look_at(write_film(tmp_path / "a.avi", map(scene, range(count)), options=options))
    whole = list(frames(film))
    assert [frame.time for frame in whole] == [*range(1, count + 1)]
    for number in range(0, count, 16):
        for one, other in zip(frames(film, number + 1), whole[number:], strict=True):
            assert one.time == other.time
            np.testing.assert_array_equal(one.luma, other.luma)


@pytest.mark.parametrize("file", ["part-0000.nut", "key-*.npz"])
@pytest.mark.parametrize("left", [None, 0, 100])
def test_what_lost_a_part_begins_anew(tmp_path: Path, file: str, left: int | None) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(40)))

    with pytest.raises(HaltError):
        colour(film, tmp_path / "b.mp4", part_seconds=0.3, progress=halt)
    lost = max((tmp_path / ".b.mp4.parts").glob(file))
    data = lost.read_bytes()
    lost.unlink()
    if left is not None:
        lost.write_bytes(data[:left])
    assert colour(film, tmp_path / "b.mp4", part_seconds=0.3).frames == len(read_film(tmp_path / "b.mp4")) == 40


def test_another_look_begins_anew(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(40)))

    with pytest.raises(HaltError):
        colour(film, tmp_path / "b.mp4", part_seconds=0.3, progress=halt)
    colour(film, tmp_path / "b.mp4", part_seconds=0.3, look=Look(strength=0))
    assert max(map(abs, greens(tmp_path / "b.mp4"))) < 1.5


def test_a_part_of_a_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(50)), sound=True)
    done = colour(film, tmp_path / "b.mp4", start=0.4, seconds=0.8)
    assert done.frames == 20
    assert 15 < len(sound_of(done.path)) < len(sound_of(film))
    times = [time for time, _ in read_film(done.path)]
    assert (times[0], times[-1]) == pytest.approx((0, 19 / 25))


def test_how_far_it_is_counts_what_is_wanted_of_a_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(200)))
    told: list[tuple[float, str]] = []

    def progress(share: float, words: str) -> None:
        told.append((share, words))
        halt(share, words)

    with pytest.raises(HaltError):
        colour(film, tmp_path / "b.mp4", start=4.0, seconds=3.0, part_seconds=0.5, progress=progress)
    assert (told[0], told[-1][1]) == ((0, "0 of 3 seconds are coloured"), "2 of 3 seconds are coloured")
    told.clear()
    colour(film, tmp_path / "b.mp4", start=4.0, seconds=3.0, part_seconds=0.5, progress=lambda *said: told.append(said))
    assert 0.3 < told[0][0] <= 0.6
    assert told[-2] == (0.98, "3 of 3 seconds are coloured")


def test_a_broadcasts_seconds_are_counted_from_its_beginning(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.ts", map(scene, range(60)))
    for start in (0, 0.8):
        done = colour(film, tmp_path / "b.mkv", start=start, seconds=0.8)
        assert done.frames == 20
        first = lightness(read_film(done.path)[0][1])
        errors = [np.abs(first - lightness(np.dstack([scene(number)] * 3))).mean() for number in range(60)]
        assert int(np.argmin(errors)) == round(start * 25)
    hint = FilmHint(t=0.4, x=0.5, y=0.5, color="#3060c0")
    seen = still(make_engine(Plain()), FilmJob("pocket", hints=(hint,)), film, 0.4)
    assert seen.hints == (hint,)
    assert np.abs(seen.grey.astype(int) - scene(10)).mean() < 2


def test_recordings_that_were_joined_are_refused_before_they_are_coloured(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.ts", map(scene, range(60)))
    film.write_bytes(film.read_bytes() * 2)
    backend = Plain()
    with pytest.raises(FilmError, match=r"a\.ts has times that jump back after 2 seconds"):
        colour(film, tmp_path / "b.mkv", backend)
    assert backend.calls == 0


def test_a_still_is_the_frame_that_a_player_shows(tmp_path: Path) -> None:
    times = [0, 100, 400, 1300, 1350]
    film = write_film(tmp_path / "a.mp4", map(scene, range(5)), times, shape_of_pixels=Fraction(2, 1), rotation=90)
    for seconds, number in ((0, 0), (0.1, 1), (0.399, 1 + 1), (0.35, 1), (1.2, 2), (1.34, 3), (60, None)):
        if number is None:
            with pytest.raises(FilmError, match="no frame at 60 seconds"):
                still(make_engine(Plain()), FilmJob("pocket"), film, seconds)
            continue
        seen = still(make_engine(Plain()), FilmJob("pocket"), film, seconds)
        turns = round(look_at(film).rotation / 90)
        errors = [np.abs(seen.grey.astype(int) - np.rot90(scene(each), turns)).mean() for each in range(5)]
        assert int(np.argmin(errors)) == number
        assert seen.shape == pytest.approx(48 / (64 * 2))
        assert rgb_to_lab(seen.rgb.astype(np.float32) / 255)[..., 1].mean() < -15


def test_a_still_shows_the_hints_of_a_frame_as_long_as_it_is_shown(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(5)), [0, 2000, 2040, 2080, 4000])
    hint = FilmHint(t=1.0, x=0.5, y=0.5, color="#3060c0")
    job = FilmJob("pocket", hints=(hint,))
    for seconds, hints in ((0, (hint,)), (1.9, (hint,)), (2.0, ())):
        assert still(make_engine(Plain()), job, film, seconds).hints == hints


def test_a_film_in_colour_is_left_alone_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        rgb = np.kron(rng.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        for _ in range(8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(InColourError, match="in colour already"):
        colour(path, tmp_path / "b.mp4")
    assert colour(path, tmp_path / "b.mp4", recolour=True).frames == 8


def test_limits_are_said(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", map(scene, range(50)))
    with pytest.raises(FilmError, match="lasts 2 seconds, more than the 1 taken"):
        colour(film, tmp_path / "b.mp4", most_seconds=1)
    assert colour(film, tmp_path / "b.mp4", start=1.2, most_seconds=1).frames == 20
    with pytest.raises(FilmError, match="64 x 48 pixels"):
        colour(film, tmp_path / "b.mp4", most_pixels=1000)
    with pytest.raises(RequestError, match="no codec 'mp3'"):
        encoding_for(film, "mp3")


def test_a_film_that_says_nothing_of_its_length_is_taken_up_to_the_longest(tmp_path: Path) -> None:
    film = tmp_path / "a.mkv"
    with (
        av.open(str(write_film(tmp_path / "b.mkv", map(scene, range(70))))) as source,
        av.open(str(film), "w", format="matroska", options={"live": "1"}) as sink,
    ):
        stream = sink.add_stream_from_template(source.streams[0])
        for packet in source.demux():
            if packet.size:
                packet.stream = stream
                sink.mux(packet)
    assert look_at(film).seconds == 0
    with pytest.raises(FilmError, match="lasts longer than it says"):
        colour(film, tmp_path / "c.mkv", most_seconds=1)
    told: list[tuple[float, str]] = []
    done = colour(film, tmp_path / "c.mkv", most_seconds=3, progress=lambda *said: told.append(said))
    assert done.frames == 70
    assert told[-2] == (0, "3 seconds are coloured")


KINDS: dict[str, dict[str, Any]] = {
    "one frame": {"count": 1},
    "odd sizes": {"size": (47, 63), "pix_fmt": "yuv444p"},
    "ten bits": {"pix_fmt": "yuv420p10le"},
    "grey": {"pix_fmt": "gray", "codec": "ffv1", "ending": ".mkv", "options": {"crf": "1"}},
    "full range": {"pix_fmt": "yuvj420p", "codec": "mjpeg", "ending": ".avi"},
    "interlaced": {"options": {"x264-params": "interlaced=1"}},
    "gif": {"codec": "gif", "ending": ".gif", "pix_fmt": "gray"},
    "tiny": {"size": (16, 16)},
    "mpeg": {"codec": "mpeg2video", "ending": ".mpg"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_odd_films_are_coloured(tmp_path: Path, kind: str) -> None:
    odd = dict(KINDS[kind])
    size, count = odd.pop("size", (48, 64)), odd.pop("count", 12)
    film = write_film(tmp_path / f"a{odd.pop('ending', '.mp4')}", (scene(n, *size) for n in range(count)), **odd)
    done = colour(film, tmp_path / f"b{encoding_for(film).ending}")
    before, after = read_film(film), read_film(done.path)
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=0.0011)
    assert after[0][1].shape[:2] == size
    assert max(greens(done.path)) < -10


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("count", [12, 40])
def test_a_broadcast_of_several_sizes_keeps_that_of_its_beginning(tmp_path: Path, count: int, interlaced: int) -> None:
    film, greys = tmp_path / "a.ts", []
    for size in ((48, 64), (96, 128), (32, 64)):
        times = [40 * (len(greys) + number) for number in range(count)]
        programme = [scene(number, *size) for number in range(count)]
        options = {"x264-params": f"interlaced={interlaced}:bframes=0"}
        piece = write_film(tmp_path / "piece.ts", programme, times, options=options)
        film.write_bytes((film.read_bytes() if greys else b"") + piece.read_bytes())
        greys += [cv2.resize(grey, (64, 48), interpolation=cv2.INTER_AREA) for grey in programme]
    done = colour(film, tmp_path / "b.mkv")
    assert (done.width, done.height, done.frames) == (64, 48, 3 * count)
    for (_, now), grey in zip(read_film(done.path), greys, strict=True):
        assert np.abs(lightness(now) - lightness(np.dstack([grey] * 3))).mean() < 4


def cut_short(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flipped(data: bytes) -> bytes:
    spoilt = np.frombuffer(data, np.uint8).copy()
    places = np.random.default_rng(3).integers(len(spoilt) // 3, len(spoilt), 40)
    spoilt[places] ^= 0x5A
    return spoilt.tobytes()


SPOILT = {
    "cut short": cut_short,
    "flipped": flipped,
    "empty": lambda data: b"",
    "text": lambda data: b"Dear diary, today I saw a film.",
    "head alone": lambda data: data[:600],
    "zeros in the middle": lambda data: data[: len(data) // 2] + bytes(2000) + data[len(data) // 2 + 2000 :],
}


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi"])
@pytest.mark.parametrize("how", SPOILT)
def test_spoilt_films_become_films_or_one_sentence(tmp_path: Path, how: str, ending: str) -> None:
    path = write_film(tmp_path / f"a{ending}", map(scene, range(30)), options={"g": "6"})
    path.write_bytes(SPOILT[how](path.read_bytes()))
    target = tmp_path / f"b{encoding_for(path).ending}"
    problem = ""
    try:
        done = colour(path, target)
    except FilmError as error:
        problem = str(error)
    if problem:
        assert re.fullmatch(rf"{re.escape(path.name)} [^.]{{10,200}}\.", problem)
        assert not target.exists()
    else:
        assert done.frames == len(read_film(target)) > 0


def test_a_film_that_was_cut_short_keeps_every_frame_that_is_whole(tmp_path: Path) -> None:
    whole = packed_anew(write_film(tmp_path / "a.mkv", map(scene, range(60))), tmp_path / "whole.mp4")
    data, film = whole.read_bytes(), tmp_path / "cut.mp4"
    with av.open(str(whole)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size]
    film.write_bytes(data[: ends[40] + 20])
    assert colour(film, tmp_path / "b.mkv").frames == 41


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        voice = container.add_stream("aac", 48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(voice.encode(frame))
        container.mux(voice.encode(None))
    with pytest.raises(FilmError, match="perhaps it is sound alone"):
        colour(path, tmp_path / "b.mp4")


def test_a_playlist_does_not_open_what_it_names(tmp_path: Path) -> None:
    strangers = write_film(tmp_path / "strangers.ts", (scene(n) for n in range(4)))
    playlist = tmp_path / "a.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{strangers}\n#EXT-X-ENDLIST\n")
    with pytest.raises(FilmError, match="no film that can be read"):
        look_at(playlist)


def test_without_pyav_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['av'] = None; from core.video.pyav import import_av; import_av()"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert "pip install -r requirements-video.txt" in told
