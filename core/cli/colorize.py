"""``python app.py colorize``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.album import Album, place
from core.cli.common import (
    BAD_USAGE,
    FAILED,
    INTERRUPTED,
    make_engine,
    plain_errors,
    print_aside,
    settings_of,
)
from core.cli.stopping import stopped_by_ctrl_c
from core.cli.values import read_hint, read_jobs, read_option
from core.errors import RequestError

if TYPE_CHECKING:
    from core.cli.inputs import Item
    from core.cli.reporter import Reporter
    from core.engine import Engine
    from core.jobs.job import Job
    from core.photo.credentials import Credentials
    from core.video.hints import FilmHint


def colorize(
    context: typer.Context,
    photographs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IN...", help="Photographs, films, folders, zips or patterns such as '*/*.tif'; or URIs."
        ),
    ] = None,
    input_list: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="More of them: one a line of a text, or a column of a CSV or Parquet table."),
    ] = None,
    input_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which column; 'photograph' or else the first unless given.")
    ] = None,
    output: Annotated[
        str, typer.Option(metavar="DIR", help="Folder, or URI of one, for the coloured pictures; made where missing.")
    ] = "coloured",
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders within folders.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Take a picture of the right name for done, whoever made it.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make pictures anew that are there already.")] = False,
    jobs: Annotated[
        str | None,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            help="How many processes colour at once, 1 by default; auto: as cores and memory allow, as --ray does.",
        ),
    ] = None,
    give_up: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, help="After which a process that hangs is killed, with --jobs."),
    ] = 300,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Colour on this Ray cluster; auto for the one here, local to start one."),
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write what became of each photograph as CSV, or .parquet.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell of each photograph in a line of JSON.")] = False,
    backend: Annotated[str, typer.Option(help="Which backend; see the backends command.")] = "auto",
    strength: Annotated[
        float | None, typer.Option(help="Chroma as a multiple of the predicted, 0 to 2; 1 unless given.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="0 takes the likeliest colours, 1 the calmest mean.")
    ] = None,
    vividness: Annotated[float | None, typer.Option(help="0, calm, to 1, as colourful as the model expects.")] = None,
    refine: Annotated[
        bool | None, typer.Option("--refine/--no-refine", help="Whether colour follows the photograph's edges.")
    ] = None,
    pooling: Annotated[
        bool | None,
        typer.Option("--pooling/--no-pooling", help="Whether things that are alike take colour together."),
    ] = None,
    tint_warm: Annotated[float | None, typer.Option(help="A cast over the picture, from -1, cool, to 1, warm.")] = None,
    tint_magenta: Annotated[float | None, typer.Option(help="The same from -1, green, to 1, magenta.")] = None,
    alternative: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another colouring: warmer, cooler, vivid, calm, other, other-2.")
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,#RRGGBB",
            help="A colour that is known, at 0 to 1 of width and height, in films with @SECONDS; repeatable.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Photograph to take colours from, or a folder with one of each name."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="One of the backend's own options; repeatable.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="png, jpeg, webp, tiff or avif; as the photograph's unless given.")
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            help="Of jpeg, webp and avif, as the photograph's unless given; and of films, 75 unless given.",
        ),
    ] = None,
    colour_photos: Annotated[
        str,
        typer.Option(metavar="HOW", help="Photographs in colour: skip, recolour or keep-as-is (a copy)."),
    ] = "skip",
    restore: Annotated[
        str,
        typer.Option(
            metavar="STEPS",
            help="Old prints, for the network's eyes: auto, none or some of tone, screen, marks, fading, grain, frame.",
        ),
    ] = "auto",
    restore_picture: Annotated[
        bool, typer.Option("--restore-picture", help="Mend the picture too, and not only what the network sees.")
    ] = False,
    codec: Annotated[
        str | None, typer.Option(help="Of films: h264, h265, av1, vp9, ffv1 (lossless) or prores.")
    ] = None,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Write beside each picture how it was made, as PICTURE.json.")
    ] = False,
    c2pa_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificates in PEM to sign Content Credentials with.")
    ] = None,
    c2pa_key: Annotated[Path | None, typer.Option(metavar="FILE", help="The private key to --c2pa-cert.")] = None,
    c2pa_tsa: Annotated[
        str | None, typer.Option(metavar="URL", help="Time-stamp authority to ask about each signature.")
    ] = None,
) -> None:
    """Colour photographs and films; exits 0 when all were done, 1 when some failed, 2 on bad usage, 130 on Ctrl-C."""
    from core.cli.input_list import read_list
    from core.cli.inputs import Search
    from core.cli.reporter import Reporter
    from core.jobs.colourer import faults_into
    from core.jobs.job import Job, make_folder
    from core.jobs.one_backend import OneBackend
    from core.jobs.references import ReferenceFolder
    from core.jobs.targets import Targets
    from core.look.look import make_look
    from core.photo.open import open_photo
    from core.photo.save import output_format
    from core.photo.stores import is_elsewhere, path_of

    with plain_errors(BAD_USAGE):
        if skip_existing and overwrite:
            raise RequestError("--skip-existing and --overwrite contradict each other; leave one of them out.")
        hints = [read_hint(text) for text in hint or ()]
        given = {
            "strength": strength,
            "temperature": temperature,
            "vividness": vividness,
            "refine": refine,
            "pooling": pooling,
            "tint_warm": tint_warm,
            "tint_magenta": tint_magenta,
            "alternative": alternative,
            "hints": [each for each in hints if "t" not in each] or None,
        }
        look = make_look(**{name: value for name, value in given.items() if value is not None})
        format_name = output_format(format_) if format_ else None
        at_once = read_jobs(jobs if jobs is not None else "auto" if ray else "1")
        options = dict(read_option(text) for text in option or ())
        engine = make_engine(settings_of(context))
        folder = ReferenceFolder(reference) if reference and reference.is_dir() else None
        second = open_photo(reference, engine.settings) if reference and not folder else None
        signer = _signer(c2pa_cert, c2pa_key, c2pa_tsa)
        job = Job(
            backend,
            look,
            format_name,
            options,
            second,
            quality,
            sidecar,
            signer,
            colour_photos,
            restore,
            restore_picture,
        )
        job.check(engine, has_reference=reference is not None)
        folder_out = path_of(output)
        make_folder(folder_out)
        listed = read_list(path_of(input_list), input_column) if input_list else []
        items = Search(folder_out, recursive, engine.settings).items(map(path_of, photographs or []), listed)
        if not items:
            raise RequestError("There is nothing to colour; give photographs, or --input-list with some.")
        films = _films_among(items)
        if films or codec is not None:
            from core.cli.films import check_encoding

            check_encoding(codec, quality)
        photos = [item for item in items if item not in films]
        timed = _timed(hints, bool(films), bool(photos))
        reporter = Reporter(report, as_json)
    log = Path() if is_elsewhere(folder_out) else folder_out
    with reporter, faults_into(log):
        placed = place(photos, Targets(folder_out, job, skip_existing))
        album = Album(engine, make_engine, job, OneBackend(engine, job), overwrite, placed, folder)
        with plain_errors():
            album.fetch_weights()
            left = [photos[at] for at in album.colour(at_once, reporter, log, give_up, ray)]
        if reporter.ended:
            left += films
        elif films:
            left += _colour_films(films, job, timed, engine, folder_out, codec, overwrite, reporter)
    reporter.sum_up()
    if len(items) > 1 or input_list:
        try:
            _keep_list(folder_out / "try-again.csv", items, left)
        except RequestError as error:  # as on a full disk
            print_aside(f"autochrome: {error}")
            reporter.end_for(str(error))
    if reporter.failed:
        print_aside(f"{reporter.failed} of {len(items)} failed.")
    if reporter.ended:
        raise typer.Exit(FAILED)
    if reporter.count < len(items):
        print_aside(f"Stopped; {reporter.count} of {len(items)} were done with, and what was coloured is kept.")
        raise typer.Exit(INTERRUPTED)
    if reporter.failed:
        raise typer.Exit(FAILED)


def _films_among(items: list[Item]) -> list[Item]:
    from core.video.film import ENDINGS

    if not any(item.source.path.suffix.lower() in (*ENDINGS, ".gif") for item in items):
        return []
    from core.cli.films import is_a_film

    return [item for item in items if is_a_film(item)]


def _timed(hints: list[dict[str, Any]], films: bool, photos: bool) -> tuple[FilmHint, ...]:
    """The hints that are for films.

    Raises:
        RequestError: one is for nothing that there is to colour, or is out of range.
    """
    timed = [each for each in hints if "t" in each]
    if films and not photos and len(timed) < len(hints):
        raise RequestError("A hint on a film needs its time; write it as X,Y,#RRGGBB@SECONDS.")
    if not timed:
        return ()
    if not films:
        raise RequestError("There is no film for the hint with @SECONDS; leave @SECONDS out for photographs.")
    from core.video.hints import film_hints

    return film_hints(timed)


def _colour_films(
    films: list[Item],
    job: Job,
    hints: tuple[FilmHint, ...],
    engine: Engine,
    output: Path,
    codec: str | None,
    overwrite: bool,
    reporter: Reporter,
) -> list[Item]:
    """Colour the films; gives those that failed or were left out."""
    from core.cli.films import Films
    from core.video.colour_film import FilmJob

    recolour = job.colour_photos == "recolour"
    film_job = FilmJob(job.backend, job.look, job.options, job.reference, recolour, hints)
    with stopped_by_ctrl_c() as stopped:
        return Films(engine, film_job, output, codec, job.quality, overwrite).colour(films, reporter.add, stopped)


def _signer(certificate: Path | None, key: Path | None, timestamps: str | None) -> Credentials | None:
    """Who signs the pictures; None where nobody is to.

    Raises:
        RequestError: something is missing, or of no use.
    """
    if certificate and key:
        from core.photo.credentials import read_credentials

        return read_credentials(certificate, key, timestamps)
    if certificate or key or timestamps:
        raise RequestError("To sign takes both --c2pa-cert and --c2pa-key; give them, or leave --c2pa-... out.")
    return None


def _keep_list(path: Path, items: list[Item], left: list[Item]) -> None:
    """Keep the list of what is to be tried again, from this run and earlier ones; where that is nothing, there is none.

    Raises:
        RequestError: it cannot be read or written.
    """
    from core.cli.input_list import read_list, write_list
    from core.cli.inputs import as_listed
    from core.photo.stores import shown

    known = read_list(path) if path.exists() else []
    seen, again = set(map(as_listed, items)), [as_listed(item) for item in left]
    again = list(dict.fromkeys([*(each for each in known if each not in seen), *again]))
    if again:
        write_list(path, again)
    else:
        path.unlink(missing_ok=True)
    if left:
        print_aside(f"To try what is left: --input-list {shown(path)}")
    if any(shown(item.source.path) != str(item.source.path) for item in left):
        print_aside("Addresses are in that list without user, password and query; where they need them, add them.")
