"""The same recording becomes the same window in fine-tuning, evaluation, probes, pretraining and live."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.people import pose, standing
from helpers.small_benchmark import BENCHMARK
from helpers.tiny_finetuning import RUN

from usdrl_model.checkpoints import detector_file
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import probe
from usdrl_model.evaluation.benchmark_store import open_benchmark
from usdrl_model.evaluation.clips.examples import Examples
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.inference import load
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_MID, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.augment import AugmentConfig, augment
from usdrl_model.training.draw import Draw
from usdrl_model.training.finetuning import train
from usdrl_model.training.finetuning.mixture import windows_of
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.views import ViewConfig, views
from usdrl_model.windows.resample import middles, read, resize
from usdrl_model.windows.shape import Centre, WindowShape
from usdrl_model.windows.window import compose, fill, normalise

LABELS = ("none", "wave")
DETECTOR = dataclasses.replace(RUN.detector, labels=LABELS)
STILL = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)
WITHIN = {"atol": 1e-5, "rtol": 0.0}
"""Metres."""
rates = pytest.mark.parametrize("rate", [8.0, 10.0, 15.0, 29.97, 120.0])
"""Slower than the grid, as fast, one and a half times, almost three times, and many times as fast."""
missing = pytest.mark.parametrize("missing", [0.0, 0.15])


def recording(
    name: str, frames: int, rate: float, missing: float = 0.0, *, jitter: float = 0.0, label: str | None = "wave"
) -> Recording:
    """Somebody who walks, turns and moves every joint for himself; joints are lost for a moment, some for good."""
    rng = np.random.default_rng([frames, int(rate), int(100 * missing)])
    times = (np.arange(frames) + (jitter * rng.uniform(-0.4, 0.4, frames) if jitter else 0.0)) / rate
    seen = []
    lost = rng.random((frames, 25)) < missing
    lost[:, rng.integers(7, 25, 2)] |= missing > 0.0
    for t, gone in zip(times, lost, strict=True):
        joints = standing() + 0.1 * np.sin(3.0 * t + np.arange(75).reshape(25, 3)) + [0.5 * t, 0.0, 2.0]
        joints[gone] = np.nan
        seen.append(SkeletonFrame(7.0 + float(t), (Person("1", joints),)))
    segments = (Segment("1", "wave", seen[0].stamp, seen[-1].stamp),) if label is None else ()
    return Recording(name, "kinect_v2_25", tuple(seen), segments, ("wave",), "1", label)


def live(one: Recording, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What the network sees, from inference to inference."""
    made = detector_file.DetectorFileConfig(detector=DETECTOR, stream=RUN.stream)
    weights = detector_file.LoadedDetector("w", Path(), "", train.Detector(DETECTOR).eval(), made)
    stream, batches = ActionStream(weights, topology=one.topology), []
    answers, said = load.answers, {}

    def seen(weights: detector_file.LoadedDetector, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        batches.append(x[0].copy())
        if x.shape not in said:  # what the network says of a window does not change the next one
            said[x.shape] = answers(weights, x)
        return said[x.shape]

    monkeypatch.setattr(load, "answers", seen)
    for frame in one.frames:
        stream.push(frame)
    return batches


@missing
@rates
@pytest.mark.parametrize("frames", [9, 40, 150])
def test_a_clip_as_a_whole(
    frames: int, rate: float, missing: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = recording("a", frames, rate, missing)
    source = SourceConfig(name="own", subjects=("1",), window="clip")
    trained = windows_of(source, [one], DETECTOR, max_gap=1.0, stride=2).x

    shape = DETECTOR.encoder.window
    write_set(tmp_path / "utd", "utd_mhad", [one, dataclasses.replace(one, name="b", subject="2")])
    examples = Examples(open_benchmark(BENCHMARK, tmp_path / "utd"))
    torch.testing.assert_close(examples.train("cross_subject", shape).windows, trained, **WITHIN)
    torch.testing.assert_close(examples.test("cross_subject", shape, 1.0).windows, trained, **WITHIN)

    probed: list[torch.Tensor] = []
    represent = lambda windows: probed.append(windows) or windows.flatten(1)  # noqa: E731
    probe.score_sets(Store.open(tmp_path / "utd"), shape, represent)
    for windows in probed:
        torch.testing.assert_close(windows, trained, **WITHIN)

    write_set(tmp_path / "both", "made", [one, dataclasses.replace(one, name="b")])
    pool = ClipPool.of(Store.open(tmp_path / "both"), 1, 1000.0).clips
    undisturbed = ViewConfig(count=2, crop=1.0, time_warp=0.0, augment=STILL)
    seen = views(pool, shape, undisturbed, Draw(torch.Generator(), rows=2, views=2))
    torch.testing.assert_close(seen, trained.expand_as(seen), **WITHIN)

    write_set(tmp_path / "part", "own", [recording("a", frames, rate, missing, label=None)])
    segment = probe.labelled(Store.open(tmp_path / "part"), shape, "part").windows
    torch.testing.assert_close(segment, trained, **WITHIN)


@missing
def test_a_clip_of_as_many_frames_at_the_rate_of_the_model_is_the_live_window(
    missing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = recording("a", 64, 10.0, missing)
    source = SourceConfig(name="own", subjects=("1",), window="clip")
    trained = windows_of(source, [one], DETECTOR, max_gap=1.0, stride=2).x
    np.testing.assert_allclose(trained[0].numpy(), live(one, monkeypatch)[-1], **WITHIN)


@missing
@rates
@pytest.mark.parametrize(("seconds", "jitter"), [(2.5, 0.0), (9.0, 0.8)])
def test_windows_that_slide(
    seconds: float, rate: float, missing: float, jitter: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = recording("a", round(seconds * rate), rate, missing, jitter=jitter, label=None)
    source = SourceConfig(name="own", subjects=("1",))
    trained = windows_of(source, [one], DETECTOR, max_gap=1.0, stride=1).x.numpy()

    write_set(tmp_path, "own", [one])
    how = frame_scores.Cut(rate=DETECTOR.rate, shape=WindowShape(frames=64), training_stride=1, stride=1)
    evaluated = frame_scores.training(Store.open(tmp_path), LABELS, how).x.numpy()
    (video,) = frame_scores.videos(Store.open(tmp_path), LABELS, how)
    np.testing.assert_allclose(evaluated, trained, **WITHIN)
    np.testing.assert_allclose(video.pieces().windows.x.numpy(), trained, **WITHIN)

    apart = [min(np.abs(window - other).max() for other in trained) for window in live(one, monkeypatch)[10:]]
    assert max(apart) < 1e-5


@pytest.mark.parametrize(("before", "after"), [(1, 1), (1, 9), (7, 3), (40, 64), (64, 64), (200, 64)])
def test_frames_are_read_at_the_middles_of_their_shares_as_torch_interpolates(before: int, after: int) -> None:
    x = torch.from_numpy(np.random.default_rng(before).normal(size=(3, before, 2, 5)))
    expected = torch.nn.functional.interpolate(x.flatten(2).transpose(1, 2), size=after, mode="linear")
    torch.testing.assert_close(resize(x, after).flatten(2), expected.transpose(1, 2), atol=1e-5, rtol=0.0)
    apart = read(x[0], torch.tensor([0]), torch.tensor([before]), middles(after))
    torch.testing.assert_close(apart[0], resize(x, after)[0])


def test_a_stretched_window_of_augmentation_is_read_in_the_same_way() -> None:
    x = torch.randn(4, 64, 1, 25, 3, generator=torch.Generator().manual_seed(0))
    y, seen = torch.arange(64).expand(4, 64), torch.ones(4, 64, dtype=torch.bool)
    half = dataclasses.replace(STILL, crop=0.5)
    got, classes, _ = augment(x, y, seen, half, WindowShape(frames=x.shape[1]), torch.Generator().manual_seed(1))
    draw = Draw(torch.Generator().manual_seed(1), 4)
    share, start = 0.5 + 0.5 * draw.unit(), draw.unit()
    time = (start * (1.0 - share))[:, None] + middles(64) * share[:, None]
    torch.testing.assert_close(got, read(x.flatten(0, 1), 64 * torch.arange(4), torch.full((4,), 64), time))
    assert (classes - (64 * time - 0.5)).abs().max() <= 0.5 + 1e-4


def literal(window: np.ndarray, centre: Centre) -> np.ndarray:
    """``normalise`` of one window (T, M, V, 3), frame by frame, in double precision."""
    x = window.astype(np.float64)
    there = [bool(x[:, person].any()) for person in range(x.shape[1])]
    if x.shape[1] > 1 and there[1]:
        line = np.median([frame[1, SPINE_MID] - frame[0, SPINE_MID] for frame in x], axis=0)
    else:
        line = np.median([frame[0, SHOULDER_RIGHT] - frame[0, SHOULDER_LEFT] for frame in x], axis=0)
    angle = np.arctan2(line[2], line[0])
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    path = np.array([turn @ frame[0, SPINE_MID] for frame in x])
    stays = path if centre == "frame" else np.broadcast_to(np.median(path, axis=0), path.shape)
    turned = [[body @ turn.T - origin for body in frame] for frame, origin in zip(x, stays, strict=True)]
    return np.where(np.array(there)[None, :, None, None], turned, 0.0)


@pytest.mark.parametrize("centre", ["frame", "window"])
@pytest.mark.parametrize("frames", [9, 64])
def test_normalising_a_batch_is_normalising_its_windows_one_by_one(centre: Centre, frames: int) -> None:
    rng = np.random.default_rng(frames)
    x = (1.0 + 0.1 * rng.normal(size=(6, frames, 2, 25, 3)).cumsum(axis=1)).astype(np.float32)
    x[2, :, 1] = 0.0  # alone
    x[3, :, 1] = 0.0
    x[3, :, 0, SHOULDER_LEFT] = x[3, :, 0, SHOULDER_RIGHT]  # alone, no heading
    x[4] = 0.0  # nobody
    got = normalise(torch.from_numpy(x), centre)
    for row in range(len(x)):
        np.testing.assert_allclose(got[row].numpy(), literal(x[row], centre), atol=2e-5)
        torch.testing.assert_close(got[row], normalise(torch.from_numpy(x[row : row + 1]), centre)[0], **WITHIN)


def test_people_near_each_other_are_composed_in_one_batch() -> None:
    rng = np.random.default_rng(0)
    bodies = [(rng.normal(size=(16, 25, 3)).astype("f4"), rng.random((16, 25)) > 0.1) for _ in range(3)]
    windows = [bodies[:1], bodies[1:3], [bodies[2], bodies[0]]]
    together = compose(windows, WindowShape(frames=len(windows[0][0][0]), people=2))
    assert together.shape == (3, 16, 2, 25, 3)
    for got, window in zip(together, windows, strict=True):
        placed = np.zeros((16, 2, 25, 3))
        for place, body in enumerate(window):
            placed[:, place] = fill(*body)
        np.testing.assert_allclose(got, literal(placed, "frame"), atol=1e-5)


def test_a_clock_that_jumps_makes_a_clip_no_longer() -> None:
    one = recording("a", 60, 30.0)
    late = tuple(dataclasses.replace(frame, stamp=frame.stamp + 1.7e9) for frame in one.frames[30:])
    source = SourceConfig(name="own", subjects=("1",), window="clip")
    jumped = dataclasses.replace(one, frames=one.frames[:30] + late)
    trained = windows_of(source, [jumped], DETECTOR, max_gap=1.0, stride=2).x
    assert trained.isfinite().all()


def test_a_frame_that_is_met_does_not_depend_on_the_next_one() -> None:
    for frames in (6, 13, 45, 199):
        x = torch.arange(frames, dtype=torch.float32)[None, :, None]
        x[:, frames // 2] = math.nan
        torch.testing.assert_close(resize(x, frames), x, equal_nan=True)


def test_two_people_are_turned_by_what_is_seen_of_their_middles() -> None:
    stand = np.stack([pose(0.0, False), pose(0.0, False) + (1.5, 0.0, 0.0)])
    scene = np.broadcast_to(stand, (1, 8, 2, 25, 3)).copy()
    turned = scene @ np.array([[0.6, 0.0, -0.8], [0.0, 1.0, 0.0], [0.8, 0.0, 0.6]])
    for hidden in ([], [SPINE_MID], list(range(25))):
        for x in (scene, turned):
            x[:, :, 1, hidden] = np.nan
        one, other = (normalise(x, masked=True) for x in (scene, turned))
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert np.isnan(one[0, 0, 1]).all() == (len(hidden) == 25)
        assert len(hidden) == 25 or np.nanmean(one[0, 0, 1, :, 0]) > 1.4
