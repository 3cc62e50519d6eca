"""Recordings of one's own that could be read as something else than they are: refused, with the likely mistake."""

from pathlib import Path

import numpy as np
import pytest

from usdrl_model.data.importers import own
from usdrl_model.skeleton.recording import Recording

FRAMES = 60
JOINTS = np.random.default_rng(3).normal(size=(FRAMES, 1, 17, 3))


def load(folder: Path, **change: object) -> Recording:
    content = {"joints": JOINTS, "rate": 30.0, "topology": "coco_17"} | change
    np.savez(folder / "wave.npz", **{key: value for key, value in content.items() if value is not None})
    (recording,) = own.load(folder)
    return recording


@pytest.mark.parametrize("people", [1, 2])
def test_people_before_frames(tmp_path: Path, people: int) -> None:
    joints = np.zeros((people, 300, 17, 3))  # (M, T, V, 3), as PYSKL has it
    with pytest.raises(ValueError, match=r"wave\.npz: joints: expected \(T, M, 17, 3\).*are frames and people swapped"):
        load(tmp_path, joints=joints)
    assert len(load(tmp_path, joints=np.ones((3, 64, 17, 3))).frames[0].people) == 64
