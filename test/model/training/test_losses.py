"""The objectives: golden values of the official code, and what each of them must and must not react to."""

import math

import pytest
import torch
from helpers import golden

from usdrl_model.training.pretraining.losses import (
    Decorrelation,
    InfoNCE,
    LossConfig,
    VICReg,
    cross_correlation,
    multi_grained,
    similarity,
    variance_autocovariance,
)

OBJECTIVES = [Decorrelation(), Decorrelation(cross_correlation=1e-3), VICReg(), InfoNCE()]


def total(terms: dict[str, torch.Tensor]) -> float:
    return sum(term.item() for term in terms.values())


def features(views: int = 4, clips: int = 32, size: int = 6) -> torch.Tensor:
    """Views that agree up to noise, features independent with variance 1."""
    generator = torch.Generator().manual_seed(0)
    shared = torch.randn(clips, size, generator=generator, dtype=torch.float64)
    return shared + 0.1 * torch.randn(views, clips, size, generator=generator, dtype=torch.float64)


@golden.needs_golden
@golden.both_precisions
def test_equals_the_official_losses(dtype: torch.dtype, tolerance: float) -> None:
    numbers = golden.part(golden.load("dste"), "loss.")
    z = torch.stack([numbers[f"z{view}"] for view in range(4)]).to(dtype)
    expected = {name: numbers[name] for name in ("similarity", "cross_correlation", "variance_autocovariance")}
    got = {
        "similarity": similarity(z).reshape(1),
        "variance_autocovariance": variance_autocovariance(z),
        "cross_correlation": sum(cross_correlation(z[a], z[b]) for a in range(4) for b in range(a)).reshape(1),
    }
    for name, value in got.items():
        torch.testing.assert_close(value.double(), expected[name], rtol=tolerance, atol=tolerance, msg=name)
    aaai = Decorrelation(cross_correlation=1e-3).terms(z)
    official = (
        5.0 * expected["similarity"] + expected["variance_autocovariance"].sum() + 1e-3 * expected["cross_correlation"]
    )
    assert total(aaai) == pytest.approx(float(official), rel=max(tolerance, 1e-12))


def test_the_tpami_variant_is_the_aaai_one_without_cross_correlation() -> None:
    z = features()
    tpami, aaai = Decorrelation().terms(z), Decorrelation(cross_correlation=1e-3).terms(z)
    assert set(aaai) - set(tpami) == {"cross_correlation"}
    assert all(torch.equal(tpami[name], aaai[name]) for name in tpami)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_agreeing_views_cost_less_than_shuffled_ones_and_gradients_are_finite(objective) -> None:
    z = features().requires_grad_()
    shuffled = torch.stack(
        [view[torch.randperm(32, generator=torch.Generator().manual_seed(k))] for k, view in enumerate(z)]
    )
    terms = objective.terms(z)
    assert total(terms) < 0.5 * total(objective.terms(shuffled))
    sum(terms.values()).backward()
    assert torch.isfinite(z.grad).all()
    assert z.grad.abs().sum() > 0


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_no_loss_depends_on_the_order_of_the_clips(objective) -> None:
    z = features()
    order = torch.randperm(32, generator=torch.Generator().manual_seed(3))
    assert total(objective.terms(z[:, order])) == pytest.approx(total(objective.terms(z)), rel=1e-10)


@pytest.mark.parametrize("objective", [Decorrelation(), VICReg()], ids=["decorrelation", "vicreg"])
def test_constant_and_repeated_features_are_punished(objective) -> None:
    z = features()
    constant, repeated = z.clone(), z.clone()
    constant[..., 1] = 0.3
    repeated[..., 1] = z[..., 0]
    good = total(objective.terms(z))
    assert total(objective.terms(constant)) > good + 0.5
    assert total(objective.terms(repeated)) > good + 0.2


def test_vicreg_is_the_published_formula_for_two_views() -> None:
    x, y = features(views=2)

    def off(z):
        covariance = torch.cov(z.T)
        return (covariance**2).sum() - (covariance.diagonal() ** 2).sum()

    def hinge(z):
        return torch.relu(1 - torch.sqrt(z.var(dim=0) + 1e-4)).mean()

    expected = 25 * ((x - y) ** 2).mean() + 25 * (hinge(x) + hinge(y)) / 2 + (off(x) + off(y)) / 6
    assert total(VICReg().terms(torch.stack([x, y]))) == pytest.approx(float(expected), rel=1e-12)


def test_infonce_of_features_that_say_nothing_is_the_logarithm_of_the_batch() -> None:
    z = torch.ones(3, 16, 4)
    assert total(InfoNCE().terms(z)) == pytest.approx(math.log(16), rel=1e-6)
    assert total(InfoNCE(temperature=0.05).terms(torch.eye(16).repeat(3, 1, 1))) < 1e-5


def test_grains_weigh_one_and_twice_a_half_and_low_precision_is_raised() -> None:
    z = features()
    one = total(Decorrelation().terms(z))
    all_grains = multi_grained(Decorrelation(), {"temporal": z, "spatial": z, "instance": z})
    assert total(all_grains) == pytest.approx(2 * one, rel=1e-12)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = multi_grained(Decorrelation(), {"instance": z.bfloat16()})
    assert {term.dtype for term in low.values()} == {torch.float32}
    assert total(low) == pytest.approx(total(Decorrelation().terms(z.bfloat16().double())), rel=1e-5)


def test_spread_sees_a_collapse_as_the_objective_does() -> None:
    z = torch.randn(4, 256, 32, generator=torch.Generator().manual_seed(0))
    for objective in (Decorrelation(), VICReg(), InfoNCE()):
        assert 0.95 < objective.spread(z).item() < 1.05
        assert objective.spread(z[:, :1] + 1e-3 * z).item() < 0.01
    assert Decorrelation().spread(1e-3 * z).item() < 0.01
    assert Decorrelation().spread(z + 100.0).item() > 0.95
    assert InfoNCE().spread(1e-3 * z).item() == pytest.approx(InfoNCE().spread(z).item(), rel=1e-4)


def test_the_configuration_chooses_and_refuses() -> None:
    assert LossConfig().chosen == Decorrelation()
    assert LossConfig(objective="infonce", infonce=InfoNCE(temperature=0.2)).chosen == InfoNCE(temperature=0.2)
    with pytest.raises(ValueError, match="temperature"):
        InfoNCE(temperature=0.0)
