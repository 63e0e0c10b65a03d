"""What the page says of a photograph."""

import re

from core.photo.open import Photo
from core.web.messages import story_html
from core.web.session import Session
from core.web.upload_fields import Upload
from tests.registry.test_registry import FakeWeights
from tests.support.fakes import FakeBackend, grey_picture, make_engine


def test_the_story_says_why_it_is_not_the_preferred_backend(tmp_path):
    preferred = FakeBackend("classic", order=10)
    preferred.weights = FakeWeights(ready=False, message="The weights of classic cannot be had; go online.")
    engine = make_engine(preferred, FakeBackend("pocket", embedded=True))
    _, report = engine.colorize(Photo(grey_picture()))
    story = story_html(Session(Upload("grandma.jpg", "grandma.jpg"), report, "", tmp_path, in_colour=False), engine)
    summary = re.search("<summary>(.*)</summary>", story)
    assert summary
    assert "Coloured by <strong>Pocket</strong>" in summary[1]
    assert summary[1].endswith("<span>The weights of classic cannot be had; go online.</span>")
