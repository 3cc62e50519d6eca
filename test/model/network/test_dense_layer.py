"""The dense layer gives what its formula gives step by step: tokens, gradients, and what is dropped in training."""

from dataclasses import replace

import pytest
import torch

from usdrl_model.network import dense_layer
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dense_layer import DenseLayer
from usdrl_model.network.dste import DSTE
from usdrl_model.network.official_formula import published

OFFICIAL = EncoderConfig(hidden=32, frames=12, joints=5)
REPAIRED = EncoderConfig(
    hidden=32, heads=4, frames=12, people=1, joints=5, velocity=True, stem_kernel=3, conv_kernel=3, mlp_residual=True,
    masked=True,
)  # fmt: skip
CONFIGURATIONS = pytest.mark.parametrize(
    "config",
    [
        OFFICIAL,
        REPAIRED,
        replace(OFFICIAL, causal=True, heads=2, alpha=0.3, gap=3),
        replace(OFFICIAL, mask_empty=True),
        replace(OFFICIAL, drop_path=0.5),
    ],
)


def answers(encoder: DSTE, x: torch.Tensor, autocast: bool = False) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """A loss that depends on all tokens, and the gradient of every parameter, from seed 7."""
    encoder.zero_grad()
    torch.manual_seed(7)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        tokens = encoder(x)
    loss = sum((part * torch.linspace(-1.0, 1.0, part.numel()).view(part.shape)).sum() for part in tokens.values())
    loss.backward()
    assert isinstance(loss, torch.Tensor)
    return loss.detach(), {name: parameter.grad.clone() for name, parameter in encoder.named_parameters()}


def make(config: EncoderConfig) -> tuple[DSTE, torch.Tensor]:
    """An encoder in which everything matters, and windows with an empty slot where there are two."""
    torch.manual_seed(0)
    encoder = DSTE(config).train()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    x = torch.randn(6, config.frames, config.people, config.joints, 3)
    if config.people > 1:
        x[::2, :, 1] = 0.0
    return encoder, x


@CONFIGURATIONS
@pytest.mark.parametrize("wide", [128, 4])  # fused attention, and plain products
@pytest.mark.parametrize("training", [True, False])
def test_tokens_and_gradients_are_those_of_the_formula(
    config: EncoderConfig, wide: int, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense_layer, "WIDE_HEAD", wide)
    encoder, x = make(config)
    encoder, x = encoder.double().train(training), x.double()
    loss, gradients = answers(published(encoder), x)
    found, its_gradients = answers(encoder, x)
    torch.testing.assert_close(found, loss, rtol=1e-10, atol=1e-10)
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            its_gradients[name], gradient, rtol=1e-8, atol=1e-9, msg=lambda m, n=name: f"{n} {m}"
        )


@CONFIGURATIONS
def test_float32_is_within_its_rounding(config: EncoderConfig) -> None:
    encoder, x = make(config)
    loss, gradients = answers(published(encoder), x)
    found, its_gradients = answers(encoder, x)
    torch.testing.assert_close(found, loss, rtol=1e-5, atol=1e-4)
    size = max(gradient.abs().max().item() for gradient in gradients.values())
    for name, gradient in gradients.items():
        torch.testing.assert_close(its_gradients[name], gradient, rtol=1e-4, atol=1e-6 * size)


@CONFIGURATIONS
def test_bfloat16_is_as_near_to_float32_as_the_formula(config: EncoderConfig) -> None:
    encoder, x = make(config)
    _, exact = answers(encoder, x)
    _, ours = answers(encoder, x, autocast=True)
    _, formula = answers(published(encoder), x, autocast=True)

    def error(found: dict[str, torch.Tensor]) -> float:
        return sum((found[name] - exact[name]).square().sum().item() for name in exact) ** 0.5

    assert 0.0 < error(ours) < 1.5 * error(formula)


def test_what_is_dropped_is_drawn_anew_and_scaled_up() -> None:
    layer = DenseLayer(replace(OFFICIAL, drop_path=0.25), 12).train()
    x = torch.randn(4000, 12, 32)
    factors = torch.cat(layer._kept(x)).squeeze()
    assert factors.shape == (6, 4000)
    assert factors.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    torch.testing.assert_close(factors.mean(dim=1), torch.ones(6), rtol=0.0, atol=0.05)
    assert (torch.corrcoef(factors) - torch.eye(6)).abs().max() < 0.08
    assert layer.eval()._kept(x) == (None, None)
