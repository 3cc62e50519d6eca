"""Named encoders: the official sizes, and names that fail well."""

import pytest
import torch
from helpers.paths import ROOT

from usdrl_model.network.dste import build_encoder
from usdrl_model.network.presets import PAGE, PRESETS, cost, page, preset


def test_base_is_the_official_model() -> None:
    parameters, flops = cost(preset("base"))
    assert parameters == 57_137_368
    assert flops / 1e9 == pytest.approx(12.449, abs=0.002)


def test_sttr_is_the_official_baseline() -> None:
    parameters, flops = cost(preset("sttr"))
    assert parameters == 27_836_476 - 122_940
    assert flops / 1e9 == pytest.approx(3.148 + 0.054, abs=0.002)


@pytest.mark.parametrize("name", ["tiny", "tiny_repaired"])
def test_a_preset_runs(name: str) -> None:
    config = preset(name)
    tokens = build_encoder(config).eval()(torch.zeros(1, 64, config.people, 25, 3))
    assert tokens["temporal"].shape == (1, 64, 128)


def test_every_size_has_its_repaired_variant() -> None:
    for name in ("base", "small", "tiny"):
        repaired = PRESETS[f"{name}_repaired"]
        assert repaired.hidden == PRESETS[name].hidden
        assert repaired.velocity
        assert repaired.mlp_residual
        assert (repaired.stem_kernel, repaired.conv_kernel) == (5, 5)
        assert cost(repaired)[1] < cost(PRESETS[name])[1]


def test_the_page_has_what_every_preset_costs() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert page(text) == text, "docs/model.md is out of date: run make pages"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"did you mean 'small'.*base.*tiny"):
        preset("smal")
