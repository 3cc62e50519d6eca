"""Probes of frozen features: what is scored, on which clips, and the command line."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.tiny_pretraining import ALONE, ENCODER, RUN, change, make_store

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.cli import main
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import probe
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.training import linear_layer
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.draw import Draw
from usdrl_model.training.pretraining import train as pretrain
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.views import ViewConfig, views

LABELS = ("up", "push", "wave")
STILL = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)


def recording(name: str, label: str, subject: str = "1", frames: int = 16) -> Recording:
    """One person; the pose, and so what a probe has to find, depends on the label alone, but for a little noise."""
    pose = np.random.default_rng(LABELS.index(label)).normal(0.0, 0.4, (25, 3))
    noise = np.random.default_rng([int(subject), frames]).normal(0.0, 0.01, (frames, 25, 3))
    seen = tuple(SkeletonFrame(0.1 * t, (Person("0", pose + noise[t] + (0.0, 0.0, 2.0)),)) for t in range(frames))
    return Recording(name, "kinect_v2_25", seen, labels=LABELS, label=label, subject=subject)


def make_labelled(folder: Path, name: str = "utd_mhad") -> Store:
    """Three classes by four people; 1 and 3 train, 2 and 4 are tested (``utd_mhad`` has that protocol)."""
    kept = [(subject, label) for subject in "1234" for label in LABELS]
    write_set(folder, name, (recording(f"{label}{subject}", label, subject) for subject, label in kept))
    return Store.open(folder)


def test_classes_that_differ_in_the_pose_are_told_apart_and_others_are_not(tmp_path: Path) -> None:
    store = make_labelled(tmp_path)
    scores = probe.probe(probe.untrained(ENCODER), store)
    assert scores == {"utd_mhad": probe.Score(nearest=100.0, linear=100.0, train=6, test=6, classes=3)}
    blind = probe.score_sets(store, ENCODER.window, lambda windows: torch.ones(len(windows), 5))["utd_mhad"]
    assert blind.nearest == pytest.approx(100 / 3)
    assert blind.linear == pytest.approx(100 / 3)


def test_a_label_that_no_training_clip_has_is_wrong() -> None:
    x = torch.eye(2)
    found = probe.score(x, ("a", "b"), torch.cat([x, x]), ("a", "b", "c", "c"))
    assert (found.nearest, found.linear, found.classes) == (50.0, 50.0, 2)


def test_the_nearest_clip_is_that_of_the_smallest_angle() -> None:
    train = torch.tensor([[100.0, 1.0], [0.1, 0.1], [0.0, 5.0]])
    assert probe.nearest(train, torch.tensor([[3.0, 2.9], [0.2, 0.0], [1.0, 30.0]])).tolist() == [1, 0, 2]


def test_the_linear_layer_is_at_the_minimum_of_its_objective() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 8, generator=generator, dtype=torch.float64)
    y = torch.randint(4, (60,), generator=generator)
    weight, bias = linear_layer.fit(x, y, 4)
    error = torch.softmax(x @ weight + bias, dim=1) - torch.nn.functional.one_hot(y, 4)
    # The gradient of summed cross-entropy + |weight|^2 / 2, which is zero at the one minimum.
    assert (x.T @ error + linear_layer.PENALTY * weight).abs().max() < 1e-3
    assert error.sum(dim=0).abs().max() < 1e-3


def test_scale_of_a_feature_and_features_that_never_vary_make_no_difference_to_the_linear_layer() -> None:
    generator = torch.Generator().manual_seed(1)
    train, test = torch.randn(40, 6, generator=generator), torch.randn(30, 6, generator=generator)
    y = (train[:, 0] + 0.5 * train[:, 1] > 0).long()
    expected = linear_layer.linear(train, y, test, 2)
    other = lambda x: torch.cat([1000.0 * x + 5.0, torch.full((len(x), 1), 7.0)], dim=1)  # noqa: E731
    assert torch.equal(linear_layer.linear(other(train), y, other(test), 2), expected)
    assert (expected == (test[:, 0] + 0.5 * test[:, 1] > 0)).double().mean() > 0.8


def test_windows_are_those_of_pretraining_without_its_disturbances(tmp_path: Path) -> None:
    write_set(tmp_path, "made", [recording("a", "up"), recording("b", "wave")])
    store = Store.open(tmp_path)
    found = labelled(store, ENCODER.window, "made")
    config = ViewConfig(count=2, crop=1.0, time_warp=0.0, augment=STILL)
    clips = ClipPool.of(store, ENCODER.people, 10.0).clips
    expected = views(clips, ENCODER.window, config, Draw(torch.Generator(), rows=2, views=2))
    assert found.labels == ("up", "wave")
    torch.testing.assert_close(found.windows, expected[0], atol=1e-5, rtol=0.0)


def test_segments_are_clips_of_their_own_and_instants_are_none(tmp_path: Path) -> None:
    segments = (Segment("0", "up", 0.0, 0.95), Segment("0", "push", 1.0, 5.0), Segment("0", "wave", 1.0, 1.0))
    long = recording("a", "up", frames=40)
    write_set(tmp_path, "made", [dataclasses.replace(long, label=None, segments=segments)])
    found = labelled(Store.open(tmp_path), ENCODER.window, "made")
    assert found.labels == ("up", "push")
    write_set(tmp_path, "cut", [dataclasses.replace(long, frames=long.frames[:10])])
    alone = labelled(Store.open(tmp_path / "cut"), ENCODER.window, "cut")
    torch.testing.assert_close(found.windows[0], alone.windows[0])


def test_segments_without_a_frame_are_left_out_and_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    segments = (Segment("0", "up", 0.0, 0.95), Segment("0", "bow", 2.0, 1.0), Segment("0", "wave", 4.6, 4.8))
    odd = dataclasses.replace(recording("0043-L", "up", frames=40), label=None, segments=segments, labels=())
    write_set(tmp_path, "pku_mmd_1", [odd])  # in which a segment ends before it starts, as it is published
    assert labelled(Store.open(tmp_path), ENCODER.window, "pku_mmd_1").labels == ("up",)
    assert "0043-L: no frame in 'bow' of person '0' from 2 to 1 s: the segment is left out" in caplog.text
    assert "0043-L: no frame in 'wave' of person '0' from 4.6 to 4.8 s" in caplog.text


def test_segments_count_and_not_the_label_of_their_clip(tmp_path: Path) -> None:
    long, doubt = recording("a", "up", frames=40), Segment("0", AMBIGUOUS, 0.0, 0.95)
    both = dataclasses.replace(long, segments=(Segment("0", "push", 0.0, 0.95),))
    unsure = dataclasses.replace(long, name="b", segments=(doubt, Segment("0", "wave", 1.0, 1.0)))
    write_set(tmp_path, "made", [both, unsure])
    found = labelled(Store.open(tmp_path), ENCODER.window, "made")
    assert [(label, name[0]) for label, name in zip(found.labels, found.names, strict=True)] == [
        ("push", "a"),
        ("up", "b"),
    ]


def test_a_segment_of_one_person_shows_the_others_too_where_windows_have_room(tmp_path: Path) -> None:
    alone = recording("a", "up", frames=20)
    frames = []
    for row, frame in enumerate(alone.frames):
        (acting,) = frame.people
        partner, passing = (Person(name, acting.joints + step) for name, step in (("b", 1.0), ("c", 2.0)))
        # Whoever passes comes first in the file.
        frames.append(dataclasses.replace(frame, people=(passing, acting, partner)[0 if row < 12 else 1 :]))
    segment = Segment(frames[0].people[1].id, "up", alone.frames[8].stamp, alone.frames[-1].stamp)
    met = dataclasses.replace(alone, frames=tuple(frames), label=None, segments=(segment,))
    write_set(tmp_path, "made", [met])
    shape = dataclasses.replace(ENCODER.window, people=2)
    one, two = (labelled(Store.open(tmp_path), each, "made").windows for each in (ENCODER.window, shape))
    assert one.shape[2] == 1
    apart = two[0, :, 1] - two[0, :, 0]
    torch.testing.assert_close(apart.norm(dim=-1), torch.full(apart.shape[:2], 3.0**0.5))  # the partner, all the time


def test_a_clip_without_anybody_counts_and_people_who_are_seen_most_stay(tmp_path: Path) -> None:
    empty = Recording("e", "kinect_v2_25", (SkeletonFrame(0.0), SkeletonFrame(0.1)), labels=("up",), label="up")
    full = recording("a", "up")
    passing = Person("x", full.frames[0].people[0].joints + 1.0)
    first = dataclasses.replace(full.frames[0], people=(passing, *full.frames[0].people))
    visited = dataclasses.replace(full, name="v", frames=(first, *full.frames[1:]))
    write_set(tmp_path, "made", [empty, full, visited])
    found = labelled(Store.open(tmp_path), ENCODER.window, "made")
    assert len(found.labels) == 3
    assert not found.windows[0].any()
    assert torch.equal(found.windows[1], found.windows[2])


def test_the_control_is_what_pretraining_starts_from(tmp_path: Path) -> None:
    pool = ClipPool.of(Store.open(make_store(tmp_path / "stores")), ENCODER.people, 10.0)
    model = pretrain.train(change(RUN, steps=1, learning_rate=0.0, seed=3), pool, tmp_path / "run", ALONE)
    control = probe.untrained(RUN.encoder, RUN.projectors, seed=3)
    for (name, tensor), expected in zip(control.named_parameters(), model.backbone.parameters(), strict=True):
        assert torch.equal(tensor, expected), name


def test_command_prints_and_writes_the_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_labelled(tmp_path / "stores")
    USDRL(ENCODER, RUN.projectors).save_pretrained(tmp_path / "weights")
    places = ["probe", str(tmp_path / "weights"), "--data", str(tmp_path / "stores"), "--device", "cpu"]
    for more in ([], ["--untrained", "--seed", "2"]):
        out = tmp_path / "scores.json"
        assert main.main([*places, "--threads", "1", "--out", str(out), *more]) == 0
        scores = json.loads(out.read_text(encoding="utf-8"))
        assert scores["untrained"] == bool(more)
        found = scores["sets"]["utd_mhad"]
        assert (found["train"], found["test"], found["classes"]) == (6, 6, 3)
        line = capsys.readouterr().out.splitlines()[1].split()
        assert line == ["utd_mhad", "3", "6", "6", f"{found['nearest']:.1f}", f"{found['linear']:.1f}"]


def test_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_labelled(tmp_path / "stores", name="own")  # no protocol: everything trains
    USDRL(ENCODER, RUN.projectors).save_pretrained(tmp_path / "weights")
    places = ["--data", str(tmp_path / "stores"), "--device", "cpu"]
    assert main.main(["probe", str(tmp_path / "weights"), *places]) == 1
    assert "own standard/test: no labelled clips there" in capsys.readouterr().err
    assert main.main(["probe", str(tmp_path / "nowhere"), *places]) == 1
    assert "nowhere" in capsys.readouterr().err
