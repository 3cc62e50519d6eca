"""All views in one pass are normalised as if they had come one after another."""

import copy

import pytest
import torch
from helpers import golden
from torch import nn

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.training.pretraining.per_view_batchnorm import ViewBatchNorm, normalise_per_view


@pytest.mark.parametrize("shape", [(5,), (5, 7)])
def test_equals_batch_norm_on_one_view_after_the_other(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    plain = nn.BatchNorm1d(5).double()
    nn.init.normal_(plain.weight)
    nn.init.normal_(plain.bias)
    layer = ViewBatchNorm.like(copy.deepcopy(plain), 3)
    views = [(k + 1) * torch.randn(6, *shape, dtype=torch.float64) + k for k in range(3)]
    one, other = (torch.cat(views).requires_grad_() for _ in range(2))
    expected = torch.cat([plain(view) for view in one.split(6)])
    got = layer(other)
    torch.testing.assert_close(got, expected)
    weights = torch.randn_like(got)
    (expected * weights).sum().backward()
    (got * weights).sum().backward()
    torch.testing.assert_close(other.grad, one.grad)
    for (name, mine), theirs in zip(layer.state_dict().items(), plain.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, msg=name)
    torch.testing.assert_close(layer.eval()(views[0]), plain.eval()(views[0]))


def test_one_value_a_view_is_refused() -> None:
    layer = ViewBatchNorm.like(nn.BatchNorm1d(5), 2)
    with pytest.raises(ValueError, match="two clips or more"):
        layer(torch.zeros(2, 5))


def test_names_and_parameters_stay_the_same() -> None:
    model = USDRL(EncoderConfig(hidden=8, stem_kernel=3), ProjectorConfig(hidden=4))
    names, parameters = list(model.state_dict()), {id(parameter) for parameter in model.parameters()}
    normalise_per_view(model, 4)
    assert list(model.state_dict()) == names
    assert {id(parameter) for parameter in model.parameters()} == parameters
    assert sum(isinstance(module, ViewBatchNorm) for module in model.modules()) == 7
    assert all(isinstance(m, ViewBatchNorm) for m in model.modules() if isinstance(m, nn.BatchNorm1d))


# In float32 the layers of torch differ by 6e-6 themselves: batch normalisation divides by small deviations.
@golden.needs_golden
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_each_of_two_views_gives_the_official_projections(dtype: torch.dtype, tolerance: float) -> None:
    numbers = golden.part(golden.load("dste"), "pretrain.")
    model = USDRL(EncoderConfig(hidden=24, drop_path=0.0)).to(dtype)
    loaded = model.load_state_dict(golden.part(numbers, "state_dict."), strict=False)
    assert not loaded.unexpected_keys
    assert all("running" in name or "batches" in name for name in loaded.missing_keys)
    normalise_per_view(model, 2)
    model.train()
    x = golden.windows(numbers["input"]).to(dtype)
    z = model(torch.cat([2.0 * x.flip(0), x]))
    for grain, letter in (("temporal", "t"), ("spatial", "s"), ("instance", "i")):
        torch.testing.assert_close(z[grain][8:].double(), numbers[f"z_{letter}"], rtol=0.0, atol=tolerance)
