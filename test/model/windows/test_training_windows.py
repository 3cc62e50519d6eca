"""Windows and sources that a detector is trained on."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.paths import ROOT, public
from helpers.people import UP, frames, pose
from helpers.tiny_finetuning import ENCODER, RECORDINGS, RUN

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.data import catalogue
from usdrl_model.data.catalogue import PERFORMER
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.inference import load
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import SPINE_MID, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.finetuning import train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.mixture import mix
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import recordings
from usdrl_model.training.performers import performances
from usdrl_model.windows.cut import clip_classes, cut
from usdrl_model.windows.shape import Centre, WindowShape
from usdrl_model.windows.tracklets import UNKNOWN, tracklets


@pytest.mark.parametrize("centre", ["frame", "window"])
def test_training_windows_are_what_the_stream_sees(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = 10.0 + np.arange(0.0, 8.0, 0.1)
    walking = (SkeletonFrame(float(t), (Person("1", pose(t, t > 13.0, 0.3 * (t - 14.0))),)) for t in stamps)
    walk = Recording("walk", "kinect_v2_25", tuple(walking))
    detector = dataclasses.replace(RUN.detector, encoder=dataclasses.replace(ENCODER, centre=centre))
    weights = detector_file.LoadedDetector(
        "w", Path(), "", train.Detector(detector).eval(),
        detector_file.DetectorFileConfig(detector=detector, stream=RUN.stream),
    )  # fmt: skip
    stream, live = ActionStream(weights, topology="kinect_v2_25"), []
    answers = load.answers
    monkeypatch.setattr(load, "answers", lambda weights, x: live.append(x[0].copy()) or answers(weights, x))
    for frame in walk.frames:
        stream.push(frame)
    trained = cut(tracklets(walk, detector.labels, 10.0, 1.0), WindowShape(frames=64, centre=centre), 1)
    np.testing.assert_allclose(trained.x[-1].numpy(), live[-1], atol=1e-6)
    np.testing.assert_allclose(trained.x[20].numpy(), live[len(live) - len(trained) + 20], atol=1e-6)
    spine = live[-1][:, 0, SPINE_MID]
    assert (np.ptp(spine, axis=0).max() > 1.0) == (centre == "window")


def test_labels_follow_time_and_frames_before_the_person_are_unseen() -> None:
    (tracklet,) = tracklets(RECORDINGS[0], RUN.detector.labels, 10.0, 1.0)
    assert tracklet.labels.sum() == pytest.approx((UP[1] - UP[0]) * 10 + 1, abs=1)
    windows = cut([tracklet], WindowShape(frames=64), 5)
    assert not windows.seen[0, :50].any()
    assert windows.seen[-1].all()


def test_a_long_absence_splits_a_person() -> None:
    whole = RECORDINGS[0]
    gone = dataclasses.replace(whole, frames=tuple(f for f in whole.frames if not 13.0 < f.stamp < 15.0))
    assert [len(tracklets(r, RUN.detector.labels, 10.0, 1.0)) for r in (whole, gone)] == [1, 2]


def test_unknown_subjects_and_labels_are_named() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        mix((), [], RUN.detector, max_gap=1.0, stride=2)
    strangers = (SourceConfig(name="own", subjects=("a", "z")),)
    with pytest.raises(ValueError, match=r"subjects \['z'\] have no recording; there are \['a', 'b', 'c'\]"):
        mix(strangers, [RECORDINGS], RUN.detector, max_gap=1.0, stride=2)
    other = dataclasses.replace(RECORDINGS[0], segments=(Segment("1", "fly", 11.0, 12.0),))
    with pytest.raises(ValueError, match="fly not among the labels none, .*: say .* or add them to detector.labels"):
        mix(RUN.sources, [[other, RECORDINGS[1]]], RUN.detector, max_gap=1.0, stride=2)


def test_a_source_that_leaves_nothing_is_named() -> None:
    tested = (*RUN.sources, SourceConfig(name="lab", split="standard/test"))
    with pytest.raises(ValueError, match="lab: split standard/test has none of its 3 labelled recordings: nothing to"):
        mix(tested, [RECORDINGS, RECORDINGS], RUN.detector, max_gap=1.0, stride=2)
    short = [dataclasses.replace(one, frames=one.frames[:4]) for one in RECORDINGS]
    with pytest.raises(ValueError, match="own: no recording holds a person for 8 frames: nothing to train on"):
        mix(RUN.sources, [short], RUN.detector, max_gap=1.0, stride=2)


def test_a_pair_shares_a_window_while_it_is_near() -> None:
    stamps = 10.0 + np.arange(0.0, 4.0, 0.1)
    shown = tuple(
        SkeletonFrame(float(t), (Person("1", pose(t, False)), Person("2", pose(t, False, 0.8 if t < 12.0 else 5.0))))
        for t in stamps
    )
    found = tracklets(Recording("pair", "kinect_v2_25", shown), RUN.detector.labels, 10.0, 1.0)
    windows = cut(found, WindowShape(frames=64, people=2), 1)
    assert windows.x.shape[1:] == (64, 2, 25, 3)
    near = windows.x[:, -1, 1].abs().sum(dim=(1, 2)) > 0
    half = len(windows) // 2
    assert near[:10].all()
    assert not near[half - 10 : half].any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "own", "subjects": ("a",), "share": 0.0}, "share"),
        ({"name": "own"}, "name the people"),
        ({"name": PERFORMER}, "minutes"),
        ({"name": PERFORMER, "minutes": 1, "subjects": ("a",)}, "the performer has neither"),
    ],
)
def test_sources_that_give_nothing_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SourceConfig(**wrong)


def test_windows_are_drawn_in_the_shares_of_their_sources() -> None:
    sources = (
        SourceConfig(name="own", subjects=("a", "b", "c"), share=3.0),
        SourceConfig(name="own", subjects=("a",), share=1.0),
    )
    both = mix(sources, [RECORDINGS, RECORDINGS], RUN.detector, max_gap=1.0, stride=2)
    first = len(mix(sources[:1], [RECORDINGS], RUN.detector, max_gap=1.0, stride=2).windows)
    rows = both.draw(4000, torch.Generator().manual_seed(0))
    assert len(both.windows) > first
    assert (rows < first).double().mean() == pytest.approx(0.75, abs=0.03)


def test_clips_get_the_labels_of_the_detector_or_are_left_out(tmp_path: Path) -> None:
    source = SourceConfig(name="utd_mhad", subjects=("1",), labels={"wave": "hand_up", "squat": "none"})
    clips = (clip for clip in catalogue.load("utd_mhad", public("utd_mhad")) if clip.subject == "1")
    write_set(tmp_path, "utd_mhad", clips)
    found = recordings(source, Store.open(tmp_path), 0, RUN.detector)
    assert {recording.label for recording in found} == {"hand_up", "none"}
    for recording in found:
        (first, *_), *_, (last, *_) = [(frame.stamp,) for frame in recording.frames]
        labels = [segment.label for segment in recording.segments]
        assert labels == (["hand_up"] if recording.label == "hand_up" else [])
        for segment in recording.segments:
            assert first < segment.start < segment.end < last


def test_the_performer_can_be_trained_on() -> None:
    run = config.load(FinetuneConfig, ROOT / "config" / "finetune_utkinect10.yaml")
    source = SourceConfig(name=PERFORMER, minutes=1)
    given = recordings(source, None, 0, run.detector)
    assert {segment.label for one in given for segment in one.segments} <= set(run.detector.labels)
    alone = mix([source], [given], run.detector, max_gap=1.0, stride=2)
    assert len(alone.windows) > 100
    assert alone.windows.y.unique().numel() > 3


def test_people_of_two_seeds_have_bodies_of_their_own() -> None:
    heights = []
    for seed in (0, 0, 1):
        (minute,) = performances(1, seed)
        joints = np.asarray(minute.frames[40].people[0].joints)
        heights.append(np.nanmax(joints[:, 1]) - np.nanmin(joints[:, 1]))
    assert heights[0] == heights[1] != heights[2]


def test_a_window_of_which_hardly_anything_is_known_is_unknown() -> None:
    y = torch.tensor([[0] * 8, [2, 2, 0, 0, 0, 0, 0, 0], [0] * 7 + [1]])
    whole = torch.ones(3, 8, dtype=torch.bool)
    assert clip_classes(y, ~whole, 3).tolist() == [UNKNOWN] * 3
    assert clip_classes(y, whole, 3).tolist() == [0, 2, 0]
    end = whole.clone()
    end[:, :6] = False
    assert clip_classes(y, end, 3).tolist() == [0, 0, 1]
    end[:, 6] = False
    assert clip_classes(y, end, 3).tolist() == [UNKNOWN, UNKNOWN, 1]


def test_frames_of_which_nobody_knows_the_class_are_not_learnt_from() -> None:
    recorded = Recording(
        "a", "kinect_v2_25", tuple(frames(4.0)),
        segments=(Segment("7", "ambiguous", 100.5, 102.0), Segment("7", "wave", 101.0, 101.5)),
    )  # fmt: skip
    windows = cut(tracklets(recorded, ["none", "wave"], 10.0, 1.0), WindowShape(frames=32), 1)
    times = (1008 + np.arange(32)) / 10.0  # of the window that ends 3.9 s after the start
    wave = (times >= 101.0) & (times <= 101.5)
    doubtful = (times >= 100.5) & (times <= 102.0) & ~wave
    assert (windows.y[-1].numpy() == wave).all()
    assert (~windows.seen[-1].numpy() == doubtful).all()
