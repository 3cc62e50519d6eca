"""Detection by the protocol of PKU-MMD, from recordings to scores."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.continuous_recordings import (
    LABELS,
    NETWORKS,
    SETTINGS,
    Rule,
    benchmark,
)
from helpers.paths import public
from helpers.people import pose
from torch import Tensor

from usdrl_model.data.importers import pku_mmd
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.benchmark_store import open_benchmark
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.recordings import frame_scores, scores
from usdrl_model.evaluation.recordings.fit_and_score import fit_and_score
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.evaluation.recordings.scores import Predicted
from usdrl_model.evaluation.recordings.smoothing import DecodingConfig
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.windows.shape import WindowShape

PKU = Cut(windows="end_to_end", rate=30.0, shape=WindowShape(frames=64, people=2))


def pku_recordings() -> list[Recording]:
    """Nine seconds of one or two people at 30 Hz, a part to train on and one for the test."""
    made = []
    for number, part in enumerate(("train", "test")):
        frames = []
        for row in range(270):
            up = 60 <= row <= 120
            people = [Person("1", pose(row / 30 + number, up))]
            if row >= 100:
                people.append(Person("2", pose(row / 30 + 50, False) + (0.5, 0.0, 0.0)))
            frames.append(SkeletonFrame(row / 30, tuple(people)))
        truth = (Segment("1", "hand_up", 60 / 30, 120 / 30),)
        tags = {"cross_subject": part, "camera": "L"}
        name = f"000{number}-L"
        made.append(Recording(name, "kinect_v2_25", tuple(frames), truth, ("hand_up",), tags=tags))
    return made


def test_windows_end_to_end_are_the_recording_frame_by_frame(tmp_path: Path) -> None:
    write_set(tmp_path / "stores", "pku_mmd_1", pku_recordings())
    store = Store.open(tmp_path / "stores")
    video, _ = frame_scores.videos(store, LABELS, PKU)
    windows, first = video.pieces()
    assert windows.x.shape == (5, 64, 2, 25, 3)
    assert first.tolist() == [0, 64, 128, 192, 256]
    assert windows.seen.sum() == video.frames == 270
    up = windows.x[:, :, 0, 11, 1] > windows.x[:, :, 0, 3, 1]  # the right hand above the head
    np.testing.assert_array_equal(up.flatten()[:270].numpy(), (np.arange(270) >= 60) & (np.arange(270) <= 120))
    np.testing.assert_array_equal(video.truth, windows.y.flatten()[:270].numpy())
    assert not windows.x[0, :, 1].any() and windows.x[3, :, 1].any()
    frames = torch.arange(5 * 64).reshape(5, 64)

    def counting(x: Tensor) -> Tensor:
        return torch.stack([torch.zeros(len(x), 64), frames[: len(x)] / 100.0], dim=2)

    wanted = torch.stack([torch.zeros(270), torch.arange(270) / 100.0], dim=1).double().softmax(1).numpy()
    np.testing.assert_allclose(frame_scores.score(video, counting, 2), wanted, atol=1e-6)


def test_the_protocol_of_pku_runs_from_recordings_to_scores(tmp_path: Path) -> None:
    write_set(tmp_path / "stores", "pku_mmd_1", pku_recordings())
    made = benchmark("pku_mmd_1", "cross_subject", "detection")
    store = open_benchmark(made, tmp_path / "stores", "detection")
    at_30_hz = dataclasses.replace(SETTINGS.recipe, detector=dataclasses.replace(SETTINGS.recipe.detector, rate=30.0))
    settings = dataclasses.replace(SETTINGS, windows="end_to_end", recipe=at_30_hz)
    (cell,) = fit_and_score(
        made, "detection", store, [Rule(PKU.shape)], NETWORKS, settings=settings, seeds=[0], cells=Cells(tmp_path / "c")
    )
    assert cell.scores["all"]["mAP_action"] == cell.scores["all"]["mAP_video"] == 100.0
    with pytest.raises(ValueError, match="set detector.rate of the recipe to 30"):
        frame_scores.training(store, LABELS, dataclasses.replace(PKU, rate=10.0))


def test_frames_have_the_time_of_their_own_stamps() -> None:
    count, rate = 9000, 29.9
    stamps = 5.0 + np.arange(count) / rate
    truth = tuple(Segment("1", "hand_up", stamps[row], stamps[row + 29]) for row in range(30, count - 30, 60))
    shape = (count, 1, 25)
    clip = Clip(
        name="slow", dataset="pku_mmd_1", stamps=stamps, people=("1",),
        joints=np.ones((*shape, 3), np.float32), confidence=np.ones(shape, np.float32), segments=truth,
    )  # fmt: skip
    video = frame_scores.end_to_end(clip, LABELS, PKU)
    posterior = np.where(video.truth[:, None] == [0, 1], 0.99, 0.01)
    outcome = scores.detection([Predicted(video, posterior)], LABELS, DecodingConfig())
    assert outcome.scores["mAP_action"] == pytest.approx(100.0)
    assert outcome.scores["decoded_mAP_action"] == pytest.approx(100.0)
    (line,) = outcome.details["timelines"]
    np.testing.assert_allclose(
        [found[1:] for found in line["found"]],
        [(begin, end + 1 / rate) for _, begin, end in line["truth"]],  # to where the next frame begins
        atol=1e-9,
    )


def test_a_genuine_recording_of_pku_is_scored(tmp_path: Path) -> None:
    (one,) = pku_mmd.load(public("pku_mmd"), phase=2)
    begin = one.frames[0].stamp
    labelled = dataclasses.replace(one, segments=(Segment("1", "wave", begin + 2.0, begin + 5.0),))
    write_set(tmp_path / "stores", "pku_mmd_2", [labelled])
    labels = ("none", *pku_mmd.LABELS)
    (video,) = frame_scores.videos(Store.open(tmp_path / "stores"), labels, PKU)
    assert (video.frames, len(video.pieces().windows)) == (1040, 17)
    posterior = frame_scores.score(video, lambda x: torch.zeros(*x.shape[:2], len(labels)), len(labels))
    np.testing.assert_allclose(posterior, 1.0 / len(labels))
    outcome = scores.detection([Predicted(video, posterior)], labels, DecodingConfig())
    assert outcome.scores["mAP_action"] == 0.0  # a proposal a class that is as long as the recording hits nothing
