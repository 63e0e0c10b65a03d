"""A plugin's own options on the page, from its pydantic model alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from pydantic import BaseModel, ConfigDict, Field

from core.web.option_fields import option_fields
from tests.support.browser import (
    Studio,
    choose_model,
    colour,
    open_details,
    save_ramp,
    serve_studio,
    show,
    shown,
    upload,
    wait_for_repaint,
)


class Wilful:
    """One colour all over, as its options say."""

    info = {"id": "wilful", "title": "Wilful", "input_size": 32}

    class Options(BaseModel):
        model_config = ConfigDict(extra="forbid")
        blue: bool = False
        amount: float = Field(0.5, ge=0, le=1, description="How <much> colour")
        scale: Literal["small", "large"] = "small"
        words: str = ""
        steps: int = Field(3, gt=0, lt=9)
        bare: float = 2.5
        weights: list[float] = []

    seen: Options

    def predict(self, request: Any, options: Options) -> Any:
        self.seen = options
        ab = np.zeros((*request.lightness.shape, 2), np.float32)
        ab[..., 1] = (-60 if options.blue else 60) * options.amount
        return ab


@pytest.fixture(scope="module")
def wilful() -> Wilful:
    return Wilful()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, wilful: Wilful) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio"), wilful) as studio:
        yield studio


def test_each_kind_of_option_has_its_field(wilful: Wilful) -> None:
    fields = {field["name"]: field for field in option_fields(wilful)}
    assert {name: field["kind"] for name, field in fields.items()} == {
        "blue": "check", "amount": "range", "scale": "choice", "words": "text", "steps": "range", "bare": "number"
    }  # fmt: skip
    assert fields["amount"] | {"low": 0, "high": 1, "value": 0.5, "title": "Amount"} == fields["amount"]
    assert [fields["steps"][each] for each in ("low", "high", "step")] == [1, 8, 1]
    assert fields["scale"]["choices"] == ["small", "large"]


def test_they_are_used_and_stay_for_the_file(visit: Page, served: Studio, wilful: Wilful, tmp_path: Path) -> None:
    show(visit, save_ramp(tmp_path / "grandma.jpg"))
    expect(visit.locator("#models .options")).to_have_count(0)
    before = shown(visit)
    choose_model(visit, "Wilful")
    wait_for_repaint(visit, before)
    options = visit.locator("#models .options")
    expect(options).to_contain_text("How <much> colour")
    some, before = colour(visit), shown(visit)
    options.get_by_label("Amount").fill("1")
    wait_for_repaint(visit, before)
    assert colour(visit) > some + 10
    before = shown(visit)
    options.get_by_label("Blue").check()
    wait_for_repaint(visit, before)
    options.get_by_label("Scale").select_option("large")
    options.get_by_label("Words").fill("dear grandma")
    options.get_by_label("Words").blur()
    upload(visit, save_ramp(tmp_path / "again.jpg"))
    expect(visit.locator("#story")).to_contain_text("again.jpg")  # a repaint may be the former photograph's
    expect(visit.locator("#slider img").nth(1)).to_be_visible()
    expect(visit.locator("#story summary")).to_contain_text("Wilful")
    with visit.expect_download() as waiting:
        visit.get_by_role("button", name="Download").click()
    pixels = np.asarray(Image.open(waiting.value.path())).astype(int)
    assert pixels[..., 2].mean() > pixels[..., 0].mean() + 10
    assert (wilful.seen.scale, wilful.seen.words, wilful.seen.amount) == ("large", "dear grandma", 1)


def test_a_former_photograph_has_its_options_back_and_a_reload_its_model(visit: Page, tmp_path: Path) -> None:
    show(visit, save_ramp(tmp_path / "grandma.jpg"))
    choose_model(visit, "Wilful")
    amount, story = visit.locator("#models .options").get_by_label("Amount"), visit.locator("#story")
    for name, value in (("grandma.jpg", "1"), ("grandpa.jpg", "0.2")):
        if name == "grandpa.jpg":
            upload(visit, save_ramp(tmp_path / name))
            expect(story).to_contain_text(name)
        before = shown(visit)
        amount.fill(value)
        wait_for_repaint(visit, before)
    visit.get_by_role("button", name="Open grandma.jpg").click()
    expect(story).to_contain_text("grandma.jpg")
    expect(amount).to_have_value("1")

    held: list[Route] = []
    visit.route(
        "**/component_server*",
        lambda route: held.append(route) if "list_models" in (route.request.post_data or "") else route.continue_(),
    )
    visit.reload()
    expect(visit.locator("#slider img").nth(1)).to_be_visible(timeout=15_000)
    visit.unroute_all()
    for route in held:
        route.continue_()
    open_details(visit, "#models")
    expect(visit.locator("#models").get_by_role("radio", name="Wilful")).to_be_checked()
