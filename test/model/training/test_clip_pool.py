"""Clips of a store as pretraining takes them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.clips import clip, hide
from helpers.tiny_pretraining import RUN, change, recording

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.skeleton.clip import Clip
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.run_data import Pools, pool_of

CPU = torch.device("cpu")


def taken(pool: ClipPool) -> list[np.ndarray]:
    frames, starts, lengths = pool.clips
    return [frames[start : start + length].numpy() for start, length in zip(starts, lengths, strict=True)]


def test_every_person_is_a_clip_while_they_are_seen() -> None:
    pair = clip(30, people=2)
    hide(pair, slice(0, 10), 1)
    hide(pair, slice(25, 30), 1)
    alone, late = taken(ClipPool.of([pair], 1, 10.0))
    np.testing.assert_array_equal(alone, pair.joints[:, :1])
    np.testing.assert_array_equal(late, pair.joints[10:25, 1:])


def test_two_people_stay_together_and_the_third_is_left_out() -> None:
    three = clip(20, people=3)
    hide(three, slice(5, 20), 1)
    pair, alone = taken(ClipPool.of([three, clip(12, seed=1)], 2, 10.0))
    np.testing.assert_array_equal(pair, three.joints[:, [0, 2]])
    assert alone.shape == (12, 2, 25, 3)
    assert not alone[:, 1].any()


def test_holes_are_filled_and_long_recordings_cut() -> None:
    holes = clip(95)
    hide(holes, slice(10, 12), 0, 7)
    hide(holes, slice(20, 30), 0, 7)
    parts = taken(ClipPool.of([holes], 1, 4.0))
    assert [len(part) for part in parts] == [32, 32, 31]
    short = np.linspace(holes.joints[9, 0, 7], holes.joints[12, 0, 7], 4)[1:3]  # in a line, as live
    np.testing.assert_allclose(parts[0][10:12, 0, 7], short, atol=1e-6)
    np.testing.assert_array_equal(parts[0][20:30, 0, 7], np.repeat(holes.joints[19:20, 0, 7], 10, axis=0))


@pytest.mark.parametrize("clips", [[], [clip(40)], [clip(40), clip(7)]], ids=["none", "one", "one and a short one"])
def test_fewer_than_two_clips_are_refused(clips: list[Clip]) -> None:
    with pytest.raises(ValueError, match=f"two clips or more .* got {min(len(clips), 1)}"):
        ClipPool.of(clips, 1, 10.0)


def test_pools_of_runs_are_those_of_each_run_alone(tmp_path: Path) -> None:
    """With other people, lengths, simulations, or one set more; the second time from what was kept."""
    for number, name in enumerate(("one", "two")):
        write_set(tmp_path, name, [recording(3 * number + seed) for seed in range(3)])
    store, pools = Store.open(tmp_path), Pools()
    kept = [store, store.select(sets=["two"]), store.select(sets=["one"])]
    runs = [
        change(RUN, data=dataclasses.replace(RUN.data, performer_minutes=minutes, max_seconds=seconds), seed=seed)
        for minutes, seconds, seed in ((0, 10.0, 0), (1, 10.0, 0), (1, 10.0, 1), (1, 1.0, 0))
    ]
    for _ in range(2):
        for run in runs:
            assert [pools.pool(run, one).hash for one in kept] == [pool_of(run, one).hash for one in kept]


def test_a_batch_holds_the_clips_asked_for() -> None:
    pool = ClipPool.of([clip(n, seed=n) for n in (20, 30, 25)], 1, 10.0)
    frames, starts, lengths = pool.batch(torch.tensor([2, 0]), CPU)
    assert lengths.tolist() == [25, 20]
    np.testing.assert_array_equal(frames[starts[1] : starts[1] + 20], taken(pool)[0])
    packed = pool.batch(torch.tensor([2, 0]), torch.device("meta"))
    assert packed.frames.shape == (45, 1, 25, 3)
