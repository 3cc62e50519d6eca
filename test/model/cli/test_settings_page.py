"""docs/settings.md is what the dataclasses say, and every configuration that ships can be read with it."""

import re

import yaml
from helpers.paths import ROOT

from usdrl_model.cli.settings_page import CONFIGURATIONS, markdown

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_page_of_settings_is_up_to_date() -> None:
    assert markdown() == PAGE, "docs/settings.md is out of date: run make pages"


def test_every_link_has_its_section_and_every_configuration_its_files() -> None:
    sections = {name.lower() for name in re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\(#(\w+)\)", PAGE)) <= sections
    assert {kind.__name__.lower() for kind in CONFIGURATIONS} <= sections
    for pattern in re.findall(r"`config/([^`]+)`", PAGE):
        assert list((ROOT / "config").glob(pattern)), pattern


def test_the_keys_of_a_recipe_that_ships_are_on_it() -> None:
    recipe = yaml.safe_load((ROOT / "config" / "finetune_streaming.yaml").read_text(encoding="utf-8"))
    for key in (*recipe, *recipe["augment"], *recipe["augment"]["tracker"], *recipe["stream"]["events"]):
        assert f"\n| `{key}` | " in PAGE, key
