"""Positives from other clips."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from usdrl_model.training.pretraining.nearest_neighbours import NeighbourBank, NeighbourConfig

ON = NeighbourConfig(weight=2.0, start=0.0)


def features(seed: int, views: int = 2, rows: int = 4) -> torch.Tensor:
    return torch.randn(views, rows, 8, generator=torch.Generator().manual_seed(seed))


def test_the_nearest_clip_is_another_one_that_has_been_seen() -> None:
    bank = NeighbourBank(10, ON)
    bank.loss(features(0), torch.arange(4), 0.0)
    stored = F.normalize(features(0)[0], dim=1)
    queries = stored[[2, 1]].expand(1, 2, 8)
    found = bank.nearest(queries, torch.tensor([7, 1]))
    torch.testing.assert_close(found[0, 0], stored[2])  # clip 7 is most like clip 2
    others = [0, 2, 3]
    best = others[int((stored[others] @ stored[1]).argmax())]
    torch.testing.assert_close(found[0, 1], stored[best])  # clip 1 is not its own neighbour


def test_the_loss_is_the_cross_entropy_of_finding_the_views_of_the_neighbour() -> None:
    bank = NeighbourBank(10, ON)
    bank.loss(features(0), torch.arange(4), 0.0)
    z, rows = features(1), torch.tensor([4, 5, 6, 7])
    nearest = bank.nearest(F.normalize(z, dim=2), rows)
    unit = F.normalize(z, dim=2)
    expected = 0.0
    for a, b in ((0, 1), (1, 0)):
        for i in range(4):
            logits = torch.stack([nearest[a, i] @ unit[b, j] / ON.temperature for j in range(4)])
            expected = expected - logits.log_softmax(dim=0)[i] / 8
    torch.testing.assert_close(bank.loss(z, rows, 0.0), 2.0 * expected)


def test_neighbours_count_from_their_start_on() -> None:
    bank = NeighbourBank(10, replace(ON, start=0.5))
    assert bank.loss(features(0), torch.arange(4), 0.0) == 0.0
    assert bank.loss(features(1), torch.arange(4), 0.4) == 0.0
    assert bank.loss(features(2), torch.arange(4), 0.5) > 0.0


@pytest.mark.parametrize("wrong", [{"weight": -1.0}, {"start": 1.0}, {"temperature": 0.0}])
def test_what_cannot_be_computed_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NeighbourConfig(**wrong)
