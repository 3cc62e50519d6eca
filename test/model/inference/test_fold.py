"""Folding and packing change the cost of an encoder, never what it computes."""

import copy
from dataclasses import replace

import pytest
import torch
from helpers.encoder_options import check_every_option
from torch.utils.flop_counter import FlopCounterMode

from usdrl_model.inference import packed_linear
from usdrl_model.inference.fold import fold, fold_detector
from usdrl_model.inference.speed import random_encoder
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.network.dste import DSTE
from usdrl_model.network.official_formula import published
from usdrl_model.network.sttr import STTR

SMALL = EncoderConfig(hidden=16, frames=12, joints=5)
VARIANTS = {
    "official": SMALL,
    "heads": replace(SMALL, heads=4),
    "repaired": replace(SMALL, people=1, velocity=True, stem_kernel=5, conv_kernel=5, mlp_residual=True),
    "causal": replace(SMALL, stem_kernel=3, conv_kernel=3, causal=True, mask_empty=True, heads=2),
    "empty": replace(SMALL, mask_empty=True, spatial_pool="broadcast"),
    "shares": replace(SMALL, alpha=0.3, gap=3, frames=13),
    "modalities": EncoderConfig(hidden=16, frames=12, modalities=("joint", "motion")),
    "temporal": replace(SMALL, streams=("temporal",), stem_kernel=3),
    "spatial": replace(SMALL, streams=("spatial",)),
    "masked": replace(SMALL, people=1, velocity=True, masked=True, stem_kernel=3),
}
NEVER_FOLDED = {
    "architecture": "only DSTE is folded",
    "layers": "of the Conformer",
    "look_back": "of the Conformer",
    "drop_path": "of training",
    "centre": "of the windows, before they come to the encoder",
    "flat": "of the windows, before they come to the encoder",
}
"""Options that no variant needs -> why."""


def make(config: EncoderConfig) -> DSTE:
    """An encoder in float64 whose every parameter and statistic has a say."""
    torch.manual_seed(0)
    encoder = DSTE(config).double()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        if config.stem_kernel:
            for _ in range(3):  # running statistics of the stem
                encoder(3.0 + torch.randn(4, config.frames, config.people, config.joints, 3).double())
    return encoder.eval()


def windows(config: EncoderConfig, N: int = 3) -> torch.Tensor:
    """Random windows; the last person of the first one is not there."""
    x = torch.randn(N, config.frames, config.people, config.joints, 3, generator=torch.Generator().manual_seed(1))
    x[0, :, config.people - 1] = 0.0
    if config.masked:
        x[1, 2:5, :, 1:3] = torch.nan
    return x.double()


def test_every_option_of_an_encoder_is_compared_with_its_fold() -> None:
    check_every_option(VARIANTS.values(), NEVER_FOLDED, "VARIANTS of test_fold.py")


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_folded_encoder_is_the_same_function(config: EncoderConfig) -> None:
    encoder, x = make(config), windows(config)
    folded = fold(encoder, torch.float64)
    with torch.no_grad():
        plain, fast = encoder(x), folded(x)
        assert plain.keys() == fast.keys()
        for stream, tokens in plain.items():
            torch.testing.assert_close(fast[stream], tokens, rtol=0.0, atol=1e-10)
        torch.testing.assert_close(folded.pooled(fast), encoder.pooled(plain), rtol=0.0, atol=1e-10)
        torch.testing.assert_close(folded.dense(fast), encoder.dense(plain), rtol=0.0, atol=1e-10)


def test_at_the_official_size_float32_is_exact_enough() -> None:
    config = EncoderConfig(frames=16, joints=5)
    encoder, x = random_encoder(config), windows(config, N=1)
    folded, plain = fold(encoder), copy.deepcopy(encoder).double()
    with torch.inference_mode():
        exact, fast = plain(x), folded(x.float())
        packed_linear.pack(folded)
        faster = folded(x.float())
    for stream, tokens in exact.items():
        assert tokens.abs().max() > 1.0
        assert (fast[stream] - tokens).abs().max() < 5e-6
        assert (faster[stream] - tokens).abs().max() < 5e-6


def test_a_fold_costs_two_thirds_of_the_operations() -> None:
    config = EncoderConfig(hidden=128)
    encoder = DSTE(config).eval()

    def operations(module: torch.nn.Module) -> int:
        with (
            torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
            FlopCounterMode(display=False) as counter,
        ):
            module(torch.zeros(1, 64, 2, 25, 3))
        return counter.get_total_flops()

    assert operations(fold(encoder)) < 0.75 * operations(published(encoder))


def test_bfloat16_layers_take_and_give_float32() -> None:
    config = replace(VARIANTS["repaired"], hidden=64)
    encoder, x = make(config).float(), windows(config).float()
    with torch.no_grad():
        plain, fast = encoder(x)["temporal"], fold(encoder, torch.bfloat16)(x)["temporal"]
    assert fast.dtype == torch.float32
    assert 0.0 < (fast - plain).norm() / plain.norm() < 0.03


def test_the_original_stays_as_it_was() -> None:
    encoder = make(SMALL)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    folded = fold(encoder)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert all(parameter.requires_grad for parameter in encoder.parameters())


@pytest.mark.parametrize("encoder", [STTR(replace(SMALL, architecture="sttr")), fold(DSTE(SMALL))])
def test_what_cannot_be_folded_is_refused(encoder: DSTE | STTR) -> None:
    with pytest.raises(ValueError, match="use it as it is"):
        fold(encoder)


@pytest.mark.parametrize("encoder", [SMALL, replace(SMALL, architecture="sttr")], ids=["dste", "sttr"])
def test_a_folded_detector_gives_the_same_scores(encoder: EncoderConfig) -> None:
    torch.manual_seed(0)
    detector = Detector(DetectorConfig(labels=("none", "wave"), encoder=encoder)).eval()
    x = windows(encoder).float()
    with torch.no_grad():
        for plain, fast in zip(detector(x), fold_detector(detector)(x), strict=True):
            torch.testing.assert_close(fast, plain, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 7), (1, 1, 7)])
def test_a_packed_layer_is_the_same_layer(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Linear(7, 9), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Linear(9, 4)))
    x = torch.randn(shape)
    with torch.no_grad():
        expected = plain(x)
        sliced = plain(x[..., :1, :])
        packed_linear.pack(plain)
        torch.testing.assert_close(plain(x), expected, rtol=0.0, atol=1e-6)
        torch.testing.assert_close(plain(x[..., :1, :]), sliced, rtol=0.0, atol=1e-6)


def test_attention_of_torch_is_left_alone() -> None:
    attention, x = torch.nn.MultiheadAttention(16, 2, batch_first=True).eval(), torch.randn(2, 8, 16)
    before = attention(x, x, x)[0]
    packed_linear.pack(attention)
    torch.testing.assert_close(attention(x, x, x)[0], before)
