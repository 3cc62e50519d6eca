"""Initial weights: the official distributions, from the generator alone."""

import dataclasses

import pytest
import torch
from helpers.streaming import ENCODER as STREAMING

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder
from usdrl_model.network.initialise import initialise

SMALL = EncoderConfig(hidden=16, heads=2, frames=12, joints=5, velocity=True, stem_kernel=3)


@pytest.mark.parametrize("architecture", ["dste", "sttr"])
def test_initial_weights_follow_the_official_distributions(architecture: str) -> None:
    model = USDRL(EncoderConfig(hidden=128, architecture=architecture))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(9.0)
    initialise(model, torch.Generator().manual_seed(0))
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.1), name
            assert not module.bias.any(), name
        elif isinstance(module, (torch.nn.LayerNorm, torch.nn.BatchNorm1d)):
            assert (module.weight == 1.0).all(), name
            assert not module.bias.any(), name
        elif isinstance(module, torch.nn.MultiheadAttention):
            bound = (6.0 / (4 * 128)) ** 0.5
            assert module.in_proj_weight.abs().max().item() == pytest.approx(bound, rel=0.01), name
            assert not module.in_proj_bias.any(), name
        elif isinstance(module, torch.nn.Conv1d):
            assert module.weight.abs().max().item() == pytest.approx(128**-0.5, rel=0.01), name
            assert module.bias.abs().max().item() == pytest.approx(128**-0.5, rel=0.1), name
    assert model.backbone.spe.std().item() == pytest.approx(0.02, rel=0.1)
    assert all((parameter != 9.0).all() for parameter in model.parameters())


def test_initial_weights_of_a_conformer_have_the_distributions_of_its_parts() -> None:
    model = build_encoder(dataclasses.replace(STREAMING, hidden=128))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(9.0)
    initialise(model, torch.Generator().manual_seed(0))
    for layer in model.layers:
        assert layer.conv.abs().max().item() == pytest.approx(STREAMING.conv_kernel**-0.5, rel=0.02)
        assert not layer.bias.any()
    assert all((parameter != 9.0).all() for parameter in model.parameters())


def test_weights_that_no_rule_draws_are_refused() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.PReLU())
    with pytest.raises(ValueError, match="PReLU: no initial weights are known of weight"):
        initialise(model, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("encoder", [SMALL, STREAMING], ids=lambda config: config.architecture)
def test_initial_weights_follow_the_generator(encoder: EncoderConfig) -> None:
    states = []
    for seed, noise in ((1, 0), (1, 5), (2, 0)):
        torch.manual_seed(noise)
        model = USDRL(encoder)
        initialise(model, torch.Generator().manual_seed(seed))
        states.append(torch.cat([parameter.flatten() for parameter in model.parameters()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
