"""What the environment says, read once."""

import pytest

from core.errors import SettingsError
from core.settings import Settings, load_settings


def test_variables_are_read_and_empty_ones_are_not_set():
    settings = load_settings({"AUTOCHROME_MAX_PIXELS": "1000", "AUTOCHROME_CACHE_MB": "", "AUTOCHROME_PLUGINS": ""})
    assert settings == Settings(max_pixels=1000, plugins="")


def test_a_value_that_cannot_be_used_is_named():
    with pytest.raises(SettingsError, match="AUTOCHROME_CACHE_MB cannot be used"):
        load_settings({"AUTOCHROME_CACHE_MB": "many"})


def test_a_persons_own_repositories_are_for_the_models_whose_names_begin_so():
    settings = load_settings(
        {"AUTOCHROME_ZHANG_REPO": "me/z", "AUTOCHROME_DDCOLOR_REPO": "me/d", "AUTOCHROME_DDCOLOR_TINY_REPO": "me/t"}
    )
    assert settings.repo_of("zhang-v2") == ("me/z", "AUTOCHROME_ZHANG_REPO")
    assert settings.repo_of("ddcolor") == ("me/d", "AUTOCHROME_DDCOLOR_REPO")
    assert settings.repo_of("ddcolor-artistic") == ("me/d", "AUTOCHROME_DDCOLOR_REPO")
    assert settings.repo_of("ddcolor-tiny") == ("me/t", "AUTOCHROME_DDCOLOR_TINY_REPO")
    assert settings.repo_of("deoldify") is None
