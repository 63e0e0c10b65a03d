"""What the page says of a photograph."""

from dataclasses import replace

from core.photo.open import Photo
from core.web.messages import story_html
from core.web.session import Session
from core.web.upload_fields import Upload
from tests.registry.test_registry import FakeWeights
from tests.support.fakes import FakeBackend, grey_picture, make_engine


def test_the_story_says_why_it_is_not_the_preferred_backend():
    preferred = FakeBackend("classic", order=10)
    preferred.weights = FakeWeights(ready=False, message="The weights of classic cannot be had; go online.")
    engine = make_engine(preferred, FakeBackend("pocket", embedded=True))
    _, report = engine.colorize(Photo(grey_picture()))
    upload = Upload("grandma.jpg", "grandma.jpg")
    story = story_html(Session(token="-", upload=upload, report=report, key="", in_colour=False), engine)
    chip, rest = story.split("</summary>")
    assert "Quick model; the better one is not here" in chip
    assert "The weights of classic cannot be had; go online." in rest
    assert "Pocket" in rest


def test_what_a_backend_has_to_say_is_seen_at_once():
    class Doubtful(FakeBackend):
        def predict(self, request, options):
            return replace(super().predict(request, options), notes=("The <reference> fits badly; choose another.",))

    engine = make_engine(Doubtful())
    _, report = engine.colorize(Photo(grey_picture()))
    upload = Upload("grandma.jpg", "grandma.jpg")
    story = story_html(Session(token="-", upload=upload, report=report, key="", in_colour=False), engine)
    assert "The &lt;reference&gt; fits badly; choose another." in story.split("</details>")[1]
