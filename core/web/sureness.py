"""What the page shows of how sure the model is."""

from __future__ import annotations

from core.colour.cielab import Pixels
from core.render.confidence import GUESS, SCALE, SURE
from core.web.small_pictures import data_uri
from core.web.texts import in_english, say


def sureness_html(found: tuple[Pixels, float] | None) -> str:
    """The map of confidence with its legend, behind one quiet line; nothing where nobody says."""
    if found is None:
        return ""
    picture, mean = found
    low, high = SCALE
    return in_english(
        f'<details class="story"><summary>{say("sure.title")}</summary>'
        f'<figure class="sureness"><img src="{data_uri(picture)}" data-say-alt="sure.alt">'
        f'<figcaption>{say("sure.guess")}<i style="background: {_gradient()}"></i>{say("sure.sure")}</figcaption>'
        f"</figure>{say('sure.meaning', 'p', low=f'{low:.0%}', high=f'{high:.0%}', mean=f'{mean:.0%}')}</details>"
    )


def _gradient() -> str:
    """The legend's colours, at the map's middle lightness."""
    ends = [f"lab(60 {a} {b})" for a, b in (GUESS, (0, 0), SURE)]
    return f"linear-gradient(to right in lab, {', '.join(ends)})"
