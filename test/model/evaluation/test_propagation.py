"""Labels that flow to clips without one."""

import pytest
import torch

from usdrl_model.evaluation.clips.propagation import UNLABELLED, propagate


def clusters(each: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """Three bunches of directions, well apart."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.eye(3, 8).repeat_interleave(each, dim=0)
    return centres + 0.1 * torch.randn(3 * each, 8, generator=generator), torch.arange(3).repeat_interleave(each)


def test_one_label_a_cluster_labels_all_of_it() -> None:
    features, truth = clusters()
    y = torch.full_like(truth, UNLABELLED)
    y[[3, 15, 30]] = truth[[3, 15, 30]]
    found, sure = propagate(features, y, 3)
    assert torch.equal(found, truth)
    assert torch.equal(sure[[3, 15, 30]], torch.ones(3))
    assert sure.min() > 0.5


def test_given_labels_stay_even_against_all_neighbours() -> None:
    features, truth = clusters()
    y = truth.clone()
    y[0] = 2
    found, sure = propagate(features, y, 3)
    assert torch.equal(found, y)
    assert torch.equal(sure, torch.ones(len(y)))


def test_the_order_of_the_clips_does_not_matter() -> None:
    features, truth = clusters()
    y = torch.where(torch.arange(len(truth)) % 5 == 0, truth, UNLABELLED)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(1))
    found, sure = propagate(features, y, 3)
    again, sure_again = propagate(features[order], y[order], 3)
    assert torch.equal(again, found[order])
    torch.testing.assert_close(sure_again, sure[order])


def test_a_clip_between_two_classes_is_less_sure() -> None:
    features, truth = clusters()
    middle = 0.5 * (features[truth == 0].mean(dim=0) + features[truth == 1].mean(dim=0))
    y = torch.cat([torch.full_like(truth, UNLABELLED), torch.tensor([UNLABELLED])])
    y[[0, 1, 12, 13, 24]] = torch.tensor([0, 0, 1, 1, 2])
    _, sure = propagate(torch.cat([features, middle[None]]), y, 3)
    assert sure[-1] < sure[:-1].median()


def test_two_clips_one_class_and_no_label_at_all() -> None:
    found, sure = propagate(torch.randn(2, 4), torch.tensor([0, UNLABELLED]), 1)
    assert found.tolist() == [0, 0]
    assert sure.isfinite().all()
    with pytest.raises(ValueError, match="no clip has a label"):
        propagate(torch.randn(2, 4), torch.tensor([UNLABELLED, UNLABELLED]), 2)
