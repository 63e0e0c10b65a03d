"""What the page shows of the other colourings in a prediction, and of how sure the model is."""

from __future__ import annotations

from html import escape

from core.render.confidence import GUESS, SCALE, SURE
from core.web.session import Findings
from core.web.small_pictures import data_uri

_MEANING = """Sure means that the model gives one colour nearly all its belief (100% less the entropy of its
distribution). Plausible means near the likeliest colours (the geometric mean, over all places, of its density at the
colour shown as a share of the highest). Neither is a measure of the truth: the model may be sure and wrong."""


def strip_html(findings: Findings, chosen: str) -> str:
    """A row of buttons, one for each colouring."""
    if not findings.alternatives:
        return '<p class="quiet">This backend predicts one colour for every place, and no alternatives.</p>'
    buttons = "".join(
        f'<button type="button" data-pick="{escape(alternative.name)}" '
        f'aria-pressed="{"true" if alternative.name == chosen else "false"}">'
        f'<img src="{data_uri(picture)}" alt=""><span>{escape(alternative.label)}</span>'
        f"<small>{alternative.plausibility:.0%}</small></button>"
        for alternative, picture in findings.alternatives
    )
    return f'<h2>Other colourings, and how plausible the model finds each</h2><div class="picks">{buttons}</div>'


def sureness_html(findings: Findings) -> str:
    """The map of confidence with its legend, behind one quiet line."""
    if findings.confidence is None:
        return ""
    picture, mean = findings.confidence
    low, high = SCALE
    return (
        f'<details class="story"><summary>Where the model is sure <span>({mean:.0%} on average)</span></summary>'
        f'<figure class="sureness"><img src="{data_uri(picture)}" '
        f'alt="The photograph, orange where the model guesses and blue where it is sure">'
        f'<figcaption><span>{low:.0%} or less, a guess</span><i style="background: {_gradient()}"></i>'
        f"<span>{high:.0%} or more, sure</span></figcaption></figure><p>{_MEANING}</p></details>"
    )


def _gradient() -> str:
    """The legend's colours, at the map's middle lightness."""
    ends = [f"lab(60 {a} {b})" for a, b in (GUESS, (0, 0), SURE)]
    return f"linear-gradient(to right in lab, {', '.join(ends)})"
