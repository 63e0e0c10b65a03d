"""What is wrong with an old print, on the Photo tab: told, taken, undone, and the mask brushed, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.browser import Studio, coloured, save_ramp, serve_studio, show, shown, wait_for_repaint
from tests.support.old_prints import mounted, scratched, yellowed
from tests.web.test_hints_tool import point


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio")) as studio:
        yield studio


def soft(seed: int = 0) -> np.ndarray:
    """Grey 0..1, (300, 400), from black to white, smooth: nothing in it looks like a scratch."""
    coarse = np.random.default_rng(seed).random((5, 6)).astype(np.float32)
    plane = cv2.resize(coarse, (400, 300), interpolation=cv2.INTER_CUBIC)
    return (plane - plane.min()) / np.ptp(plane)


def save(plane: np.ndarray, path: Path) -> Path:
    Image.fromarray(np.rint(plane * 255).astype(np.uint8)).save(path)
    return path


def chip(page: Page, step: str):
    return page.locator(f"#prints li[data-step={step}]")


def press(page: Page, button) -> None:
    """Press a button of the tool, and wait until the picture has changed."""
    before = shown(page)
    button.click()
    wait_for_repaint(page, before)


def paint(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A stroke from one place of the picture to another."""
    page.mouse.move(*point(page, *start))
    page.mouse.down()
    page.mouse.move(*point(page, *end), steps=5)
    page.mouse.up()


def lightness(page: Page) -> np.ndarray:
    return coloured(page).mean(axis=2)


def test_a_step_is_told_taken_and_undone(visit: Page, served: Studio, tmp_path: Path) -> None:
    show(visit, save(yellowed(soft(), np.random.default_rng(1)), tmp_path / "yellow.png"))
    expect(chip(visit, "tone")).to_contain_text("This print looks toned or yellowed")
    expect(chip(visit, "fading")).to_contain_text("This print looks faded")
    expect(visit.locator("#prints")).to_contain_text("your picture stays as it is unless you say so")
    before = lightness(visit)
    button = chip(visit, "fading").get_by_role("button", name="Bring back its range")
    expect(button).to_have_attribute("aria-pressed", "false")
    press(visit, button)
    expect(button).to_have_attribute("aria-pressed", "true")
    assert np.ptp(lightness(visit)) > 1.2 * np.ptp(before)
    press(visit, button)
    expect(button).to_have_attribute("aria-pressed", "false")
    assert np.abs(lightness(visit) - before).mean() < 0.5


def test_what_the_model_sees_mended_may_be_left_as_it_is(visit: Page, served: Studio, tmp_path: Path) -> None:
    show(visit, save(yellowed(soft(), np.random.default_rng(1)), tmp_path / "yellow.png"))
    chip(visit, "fading").get_by_role("button", name="Leave it so").click()
    again = chip(visit, "fading").get_by_role("button", name="Let the model see it mended")
    expect(again).to_be_visible()
    expect(chip(visit, "tone").get_by_role("button", name="Leave it so")).to_be_visible()  # which nobody touched
    again.click()
    expect(chip(visit, "fading").get_by_role("button", name="Leave it so")).to_be_visible()


def test_a_border_is_cut_off_and_comes_back(visit: Page, served: Studio, tmp_path: Path) -> None:
    sheet, _ = mounted(soft(), np.random.default_rng(3))
    show(visit, save(sheet, tmp_path / "mounted.png"))
    button = chip(visit, "frame").get_by_role("button", name="Crop it off")
    assert coloured(visit).shape[:2] == sheet.shape
    press(visit, button)
    assert coloured(visit).shape[:2] == pytest.approx(soft().shape, abs=6)
    press(visit, chip(visit, "crop").get_by_role("button", name="Crop it off"))
    expect(chip(visit, "frame")).to_be_visible()
    assert coloured(visit).shape[:2] == sheet.shape


def test_the_mask_is_shown_brushed_and_taken_back(visit: Page, served: Studio, tmp_path: Path) -> None:
    truth = soft(3) * 0.6 + 0.2
    damaged, mask = scratched(truth, np.random.default_rng(5))
    show(visit, save(damaged, tmp_path / "scratched.png"))
    expect(chip(visit, "marks")).to_contain_text("scratched or dusty")
    before = lightness(visit)
    press(visit, chip(visit, "marks").get_by_role("button", name="Fill the marks"))
    mended = lightness(visit)
    assert np.abs(mended - before)[mask].mean() > 5
    visit.get_by_role("button", name="Show the marks").click()
    canvas = visit.locator("#mask")
    expect(canvas).to_be_visible()
    red = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((_, at) => at % 4 === 3 && _ > 99).length"  # noqa: E501
    found = canvas.evaluate(red)
    assert 0.3 * mask.sum() < found < 5 * mask.sum()
    # A stroke across everything is painted, undone, painted again and filled.
    paint(visit, (0.1, 0.5), (0.9, 0.5))
    painted = canvas.evaluate(red)
    assert painted > found + 300
    bar = visit.locator("#prints [data-part=bar]")
    bar.get_by_role("button", name="Undo").click()
    assert canvas.evaluate(red) == found
    bar.get_by_label("Erase").check()
    paint(visit, (0, 0), (1, 1))
    assert canvas.evaluate(red) < found
    press(visit, bar.get_by_role("button", name="Fill what is red"))
    expect(canvas).to_be_hidden()
    changed = np.abs(lightness(visit) - mended)
    assert changed[mask].max() > 20  # what was erased has its scratch again
    visit.get_by_role("button", name="Show the marks").click()
    press(visit, bar.get_by_role("button", name="Take back my strokes"))
    assert np.abs(lightness(visit) - mended).mean() < 0.5


def test_a_scratch_that_nobody_found_is_painted_and_filled(visit: Page, served: Studio, tmp_path: Path) -> None:
    show(visit, save_ramp(tmp_path / "ramp.png"))
    visit.get_by_role("button", name="Mark scratches to fill").click()
    expect(visit.locator("#mask")).to_be_visible()
    paint(visit, (0.4, 0.1), (0.6, 0.9))
    visit.locator("#prints").get_by_role("button", name="Fill what is red").click()
    expect(chip(visit, "marks").get_by_role("button", name="Fill the marks")).to_have_attribute("aria-pressed", "true")


def test_one_tool_at_a_time_has_the_picture(visit: Page, served: Studio, tmp_path: Path) -> None:
    show(visit, save_ramp(tmp_path / "ramp.png"))
    visit.get_by_role("button", name="Add a colour").click()
    visit.get_by_role("button", name="Mark scratches to fill").click()
    expect(visit.locator("#mask")).to_be_visible()
    paint(visit, (0.4, 0.4), (0.6, 0.6))
    expect(visit.locator("#prints").get_by_role("button", name="Undo")).to_be_enabled()
    expect(visit.locator("#hints li")).to_have_count(0)
    visit.get_by_role("button", name="Add a colour").click()
    expect(visit.locator("#mask")).to_be_hidden()
    visit.mouse.click(*point(visit, 0.5, 0.5))
    expect(visit.locator("#hints li")).to_have_count(1)
