"""Whitened features."""

import pytest
import torch

from usdrl_model.evaluation.whitening import Whitening


def spread(rows: int = 200) -> torch.Tensor:
    """Features that vary mostly in one direction, about a mean far from zero."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, 8, generator=generator, dtype=torch.float64) * torch.tensor([20.0, *[1.0] * 7]) + 5.0


def test_directions_become_more_alike_and_lengths_one() -> None:
    features = spread()
    white = Whitening.of(features)(features)
    torch.testing.assert_close(white.norm(dim=1), torch.ones(200, dtype=torch.float64))
    before = torch.linalg.svdvals(torch.nn.functional.normalize(features - features.mean(dim=0), dim=1))
    after = torch.linalg.svdvals(white)
    assert before[0] / before[-1] > 1.5 * after[0] / after[-1]


def test_turning_moving_and_scaling_all_features_changes_no_cosine() -> None:
    features = spread()
    turn, _ = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    changed = 3.0 * features @ turn + 7.0
    white, again = Whitening.of(features)(features), Whitening.of(changed)(changed)
    torch.testing.assert_close(white @ white.T, again @ again.T)


def test_what_matters_and_is_small_is_found_again() -> None:
    features = spread(2000)
    same = features.clone()
    same[:, 0] += 20.0 * torch.randn(2000, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    whiten = Whitening.of(features)

    def found(a: torch.Tensor, b: torch.Tensor) -> float:
        return float(((b @ a.T).argmax(dim=1) == torch.arange(len(a))).double().mean())

    plain = [torch.nn.functional.normalize(x - features.mean(dim=0), dim=1) for x in (features, same)]
    assert found(whiten(features), whiten(same)) > found(*plain)


def test_few_features_and_equal_ones_stay_finite() -> None:
    assert Whitening.of(spread(1))(spread(3)).isfinite().all()
    assert Whitening.of(torch.ones(5, 8))(torch.randn(3, 8)).isfinite().all()
    with pytest.raises(ValueError, match="at least one clip"):
        Whitening.of(torch.zeros(0, 8))
