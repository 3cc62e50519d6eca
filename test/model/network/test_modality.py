"""Modalities and views: the official numbers, and what they mean for single joints."""

from typing import cast

import pytest
import torch
from helpers import golden

from usdrl_model.network.modality import COCO_17_PARENTS, Modality, modality, spatial_view, temporal_view
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS

NAMES = pytest.mark.parametrize("name", ["joint", "bone", "motion"])
OFFICIAL_25 = (
    "1,2 2,21 3,21 4,3 5,21 6,5 7,6 8,7 9,21 10,9 11,10 12,11 13,1 14,13 15,14 16,15 17,1 18,17 19,18 20,19 21,21"
    " 22,23 23,8 24,25 25,12"
)
OFFICIAL_17 = "1,2 2,4 3,5 4,6 5,7 7,9 8,10 9,11 10,8 11,9 12,14 13,15 14,16 15,17 16,14 17,15"


@golden.needs_golden
@golden.both_precisions
@NAMES
def test_views_equal_the_official_ones(name: Modality, dtype: torch.dtype, tolerance: float) -> None:
    numbers = golden.load("dste")
    x = modality(golden.windows(numbers["input"]).to(dtype), name)
    for view, short in ((temporal_view, "t"), (spatial_view, "s")):
        torch.testing.assert_close(view(x).double(), numbers[f"modality.{name}.{short}"], rtol=0.0, atol=tolerance)


@pytest.mark.parametrize(("table", "pairs"), [(PARENTS, OFFICIAL_25), (COCO_17_PARENTS, OFFICIAL_17)])
def test_bones_are_the_official_pairs(table: tuple[int, ...], pairs: str) -> None:
    joints = len(table)
    x = torch.randn(2, 4, 2, joints, 3)
    wanted = torch.zeros_like(x)
    for pair in pairs.split():
        child, parent = (int(number) - 1 for number in pair.split(","))
        wanted[..., child, :] = x[..., child, :] - x[..., parent, :]
    torch.testing.assert_close(modality(x, "bone"), wanted, rtol=0.0, atol=0.0)


def test_views_keep_every_number_in_its_place() -> None:
    x = torch.randn(2, 4, 2, 25, 3)
    wrist = JOINT_INDEX["wrist_left"]
    assert temporal_view(x)[1, 3, (1 * 25 + wrist) * 3 + 2] == x[1, 3, 1, wrist, 2]
    assert spatial_view(x)[1, 25 + wrist, 3 * 3 + 2] == x[1, 3, 1, wrist, 2]


@NAMES
def test_an_empty_person_stays_empty(name: Modality) -> None:
    x = torch.randn(2, 4, 2, 25, 3)
    x[:, :, 1] = 0.0
    assert not modality(x, name)[:, :, 1].any()


def test_motion_looks_ahead_and_ends_with_zero() -> None:
    x = torch.randn(1, 5, 1, 25, 3)
    motion = modality(x, "motion")
    torch.testing.assert_close(motion[:, 1], x[:, 2] - x[:, 1])
    assert not motion[:, 4].any()


def test_bones_of_other_joint_sets_need_parents() -> None:
    x = torch.randn(1, 5, 1, 3, 3)
    with pytest.raises(ValueError, match=r"no bones for 3 joints, only for 25 and 17: give parents"):
        modality(x, "bone")
    bones = modality(x, "bone", parents=(0, 0, 1))
    torch.testing.assert_close(bones[..., 2, :], x[..., 2, :] - x[..., 1, :])


@pytest.mark.parametrize("parents", [(0, 0), (0, 1, 3), (0, -1, 1)])
def test_impossible_parents_are_refused(parents: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected 3 parents between 0 and 2"):
        modality(torch.zeros(1, 5, 1, 3, 3), "bone", parents)


def test_an_unknown_modality_and_a_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="'bones': expected joint, bone, motion"):
        modality(torch.zeros(1, 5, 1, 25, 3), cast(Modality, "bones"))
    with pytest.raises(ValueError, match=r"\(N, T, M, V, C\), got \(5, 25, 3\)"):
        modality(torch.zeros(5, 25, 3), "joint")
