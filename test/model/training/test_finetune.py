"""Training: resume, refusals, heads and starts, and that it learns."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.people import pose
from helpers.streaming import ENCODER as STREAMING
from helpers.tiny_finetuning import CPU, RECORDINGS, RUN, mixture

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.evaluation import detection_scores
from usdrl_model.network.config import EncoderConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training import linear_layer
from usdrl_model.training.augment import mirror
from usdrl_model.training.finetuning import train
from usdrl_model.training.finetuning.mixture import Mixture, mix, windows_of
from usdrl_model.training.finetuning.source_config import SourceConfig


@pytest.mark.usefixtures("losses_drawn")
def test_it_learns_and_the_stream_finds_the_action_of_somebody_new(tmp_path: Path) -> None:
    detector = train.train(RUN, mixture(), tmp_path, device=CPU)
    detector_file.save(tmp_path / "weights", detector, RUN.stream, Provenance())
    scores = detection_scores.detection(detector_file.load(tmp_path / "weights", "cpu"), [RECORDINGS[2]])
    assert scores["overall"]["0.5"]["f1"] == 1.0
    assert scores["frame_accuracy"] > 0.9
    assert (tmp_path / "loss.png").stat().st_size > 1000
    assert "event F1 100.0/100.0/100.0" in detection_scores.summary(scores)
    beside = [
        dataclasses.replace(frame, people=(*frame.people, Person("2", pose(frame.stamp, False, 2.0))))
        for frame in RECORDINGS[2].frames
    ]
    half = [beside[n] if n % 2 else frame for n, frame in enumerate(RECORDINGS[2].frames)]
    both = dataclasses.replace(RECORDINGS[2], frames=tuple(half))
    two = detection_scores.detection(detector_file.load(tmp_path / "weights", "cpu"), [both])
    assert two["frame_accuracy"] > scores["frame_accuracy"], "somebody else who does nothing, in half of the frames"
    doubtful = (dataclasses.replace(RECORDINGS[2].segments[0], label="ambiguous"),)
    unclear = dataclasses.replace(RECORDINGS[2], segments=doubtful)
    scores = detection_scores.detection(detector_file.load(tmp_path / "weights", "cpu"), [unclear])
    assert scores["false_alarms_per_hour"] == 0.0 and scores["frame_accuracy"] == 1.0


def test_a_resumed_run_ends_bit_identical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = mixture()
    monkeypatch.setattr(train, "SAVE_EVERY", 7)
    whole = train.train(RUN, windows, tmp_path / "whole", device=CPU)

    step = train._Trainer._step

    def killed(self: train._Trainer, number: int) -> float:
        if number == 33:
            raise KeyboardInterrupt
        return step(self, number)

    monkeypatch.setattr(train._Trainer, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train.train(RUN, windows, tmp_path / "cut", device=CPU)
    monkeypatch.setattr(train._Trainer, "_step", step)
    resumed = train.train(RUN, windows, tmp_path / "cut", device=CPU, resume=True)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_a_run_is_not_overwritten_nor_resumed_with_other_settings(tmp_path: Path) -> None:
    run = dataclasses.replace(RUN, steps=1)
    windows = mixture(run)
    train.train(run, windows, tmp_path, device=CPU)
    with pytest.raises(FileExistsError, match="--resume"):
        train.train(run, windows, tmp_path, device=CPU)
    with pytest.raises(ValueError, match="other settings"):
        train.train(dataclasses.replace(run, seed=1), windows, tmp_path, device=CPU, resume=True)
    with pytest.raises(FileNotFoundError, match="no run to resume"):
        train.train(run, windows, tmp_path / "nothing", device=CPU, resume=True)


def test_every_window_of_a_validation_counts_alike(tmp_path: Path) -> None:
    run = dataclasses.replace(RUN, steps=1, validate_every=1, validation_subjects=("c",))
    given = mixture(run)
    shown = given.windows.y.sum(dim=1)
    still, acts = shown.argmin()[None], shown.argmax()[None]

    def loss(rows: torch.Tensor) -> float:
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        train.train(run, given, out, device=CPU, validation=given.windows[rows])
        (found,) = torch.load(out / "training.pt", weights_only=True)["looks"]
        return found

    full = still.repeat(train.VALIDATION_BATCH)
    losses = [loss(full), loss(acts)]
    assert abs(losses[0] - losses[1]) > 0.01
    assert loss(torch.cat([full, acts])) == pytest.approx(np.average(losses, weights=[len(full), 1]), abs=1e-4)


def test_batches_of_which_nothing_is_known_teach_nothing(tmp_path: Path) -> None:
    """As of a source that is hardly labelled; the last batch of a validation may be one, too."""
    given, run = mixture(), dataclasses.replace(RUN, steps=20, batch_size=2, validation_subjects=("c",), patience=5)
    known = torch.zeros_like(given.windows.seen)
    known[::8] = given.windows.seen[::8]
    hardly = dataclasses.replace(given, windows=dataclasses.replace(given.windows, seen=known))
    rows = torch.arange(train.VALIDATION_BATCH + 1) % len(known)
    validation = dataclasses.replace(given.windows, seen=known)[rows]
    validation.seen[-1] = False
    detector = train.train(
        dataclasses.replace(run, validate_every=10), hardly, tmp_path, device=CPU, validation=validation
    )
    assert all(parameter.isfinite().all() for parameter in detector.parameters())
    state = torch.load(tmp_path / "training.pt", weights_only=True)
    assert np.isfinite(state["losses"]).all()
    assert np.isfinite(state["looks"]).all()
    nothing = dataclasses.replace(given, windows=dataclasses.replace(given.windows, seen=torch.zeros_like(known)))
    with pytest.raises(ValueError, match="nobody knows what people do in any frame: there is nothing to learn"):
        train.fit(run, nothing, device=CPU)


def test_what_is_seen_in_a_mirror_alone_is_learnt() -> None:
    detector = dataclasses.replace(RUN.detector, labels=("none", "hand_up", "other_hand_up"))
    run = dataclasses.replace(
        RUN, detector=detector, augment=dataclasses.replace(RUN.augment, mirror=0.5), clip_weight=0.0,
        mirror_labels={"hand_up": "other_hand_up", "other_hand_up": "hand_up"}, steps=150,
    )  # fmt: skip
    given = mixture(run)
    learnt = train.fit(run, given, device=CPU)
    windows = given.windows
    turned = mirror(windows.x, torch.ones(len(windows), dtype=torch.bool))
    with torch.no_grad():
        for x, answer in ((windows.x, 1), (turned, 2)):
            found = learnt(x).frames.argmax(dim=2)[(windows.y == 1) & windows.seen]
            assert (found == answer).double().mean() > 0.8


def test_a_diverging_run_stops_and_keeps_the_last_good_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "SAVE_EVERY", 1)
    monkeypatch.setattr(train._Trainer, "_step", lambda self, number: float("nan") if number == 2 else 1.0)
    with pytest.raises(FloatingPointError, match="step 2"):
        train.train(RUN, mixture(), tmp_path, device=CPU)
    assert torch.load(tmp_path / "training.pt", weights_only=True)["losses"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"validation_subjects": ("b",)}, r"\['b'\] are both"),
        ({"batch_size": 1}, "batch"),
        ({"encoder_lr_scale": 0.0}, "encoder_lr_scale: expected a share"),
        ({"steps": 0}, "steps: expected 1 or more, got 0"),
        ({"stride": 0}, "stride: expected 1 or more"),
        ({"validate_every": 0}, "validate_every: expected 1 or more"),
        ({"patience": -1, "validation_subjects": ("c",)}, "patience: expected 0 or more"),
        ({"weight_decay": -1.0}, "weight_decay: expected 0 or more"),
        ({"label_smoothing": 1.5}, r"label_smoothing: expected a number in \[0, 1\)"),
        ({"ema_decay": 1.0}, r"ema_decay: expected a number in \[0, 1\)"),
        ({"layer_decay": 0.0}, r"layer_decay: expected a number in \(0, 1\]"),
    ],
)
def test_runs_that_cannot_start_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(RUN, **change)


def own_clips() -> list[Recording]:
    """Clips of a raised and of a resting hand."""
    clips = []
    for subject in "abcd":
        for index in range(4):
            up = index % 2 == 0
            stamps = 10.0 + np.arange(0.0, 1.5, 1 / 30)
            shown = tuple(SkeletonFrame(float(t), (Person("1", pose(t + index + ord(subject), up)),)) for t in stamps)
            label = "hand_up" if up else "none"
            clips.append(Recording(f"{subject}{index}", "kinect_v2_25", shown, subject=subject, label=label))
    return clips


CLIPS = dataclasses.replace(
    RUN, sources=(SourceConfig(name="own", subjects=("a", "b"), window="clip"),), validation_subjects=("c", "d")
)


def clip_windows(subjects: str) -> train.Windows:
    chosen = [clip for clip in own_clips() if clip.subject in subjects]
    return windows_of(CLIPS.sources[0], chosen, CLIPS.detector, max_gap=1.0, stride=2)


def test_clips_are_recognised_by_all_ways_of_training(tmp_path: Path) -> None:
    given = mix(CLIPS.sources, [own_clips()], CLIPS.detector, max_gap=1.0, stride=2)
    start = train.train(CLIPS, given, tmp_path / "first", device=CPU)
    detector_file.save(tmp_path / "start", start, RUN.stream, Provenance())
    still = {"all": (), "last": ("ske_emb", "t_tr."), "heads": ("encoder.",)}
    for kind, names in still.items():
        run = dataclasses.replace(CLIPS, train=kind, init_from=str(tmp_path / "start"), learning_rate=0.01)
        trained = train.train(run, given, tmp_path / kind, device=CPU)
        assert detection_scores.recognition(trained, clip_windows("cd"))["clip_accuracy"] == 1.0
        for name, parameter in trained.named_parameters():
            same = torch.equal(parameter, start.get_parameter(name))
            assert same == any(part in name for part in names), (kind, name)


def test_layers_further_from_the_heads_learn_slower() -> None:
    run = dataclasses.replace(RUN, layer_decay=0.5, encoder_lr_scale=0.1)
    groups = train._groups(train.Detector(RUN.detector), run)
    assert [group["share"] for group in groups] == [1.0, 0.5, 0.25, 0.125]  # random: the encoder learns like the heads
    groups = train._groups(train.Detector(RUN.detector), dataclasses.replace(run, init_from="weights"))
    assert [group["share"] for group in groups] == pytest.approx([1.0, 0.05, 0.025, 0.0125])
    assert sum(len(group["params"]) for group in groups) == len(list(train.Detector(RUN.detector).parameters()))


def test_a_head_can_begin_as_the_best_linear_layer_on_the_features_of_the_start(tmp_path: Path) -> None:
    given = mix(CLIPS.sources, [own_clips()], CLIPS.detector, max_gap=1.0, stride=2)
    detector = train.Detector(CLIPS.detector).eval()
    detector_file.save(tmp_path / "start", detector, RUN.stream, Provenance())
    run = dataclasses.replace(CLIPS, init_from=str(tmp_path / "start"), steps=1, learning_rate=1e-9)
    x = given.windows.x
    truth = train.clip_classes(given.windows.y, given.windows.seen, len(CLIPS.detector.labels))
    found = {}
    for head in ("random", "linear"):
        this = dataclasses.replace(run, head=head)
        trained = train.train(this, given, tmp_path / head, device=CPU)
        found[head] = float((trained(x).clip.argmax(dim=1) == truth).double().mean())
    assert found["random"] < found["linear"] == 1.0
    expected = linear_layer.linear_layer(linear_layer.features(detector.encoder, x), truth, len(CLIPS.detector.labels))
    present = truth.unique()
    torch.testing.assert_close(
        trained(x).clip.log_softmax(dim=1)[:, present].exp(),
        expected(linear_layer.features(detector.encoder, x)).softmax(dim=1)[:, present].float(), atol=0.02, rtol=0.0,
    )  # fmt: skip


def test_a_window_that_is_never_drawn_says_nothing_to_the_first_head(tmp_path: Path) -> None:
    given = mix(CLIPS.sources, [own_clips()], CLIPS.detector, max_gap=1.0, stride=2)
    truth = train.clip_classes(given.windows.y, given.windows.seen, len(CLIPS.detector.labels))
    heads = []
    for kept in (truth > -1, truth == truth[0]):
        detector = train.Detector(CLIPS.detector)
        drawn = kept.double() / kept.sum()
        train.start_head(detector, Mixture(given.windows, drawn))
        heads.append(detector.eval()(given.windows.x).clip.argmax(dim=1))
    assert torch.equal(heads[0], truth) and torch.equal(heads[1], truth[0].expand_as(truth))


def test_early_stopping_keeps_the_best_and_needs_people_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dataclasses.replace(CLIPS, patience=2, validate_every=5, steps=60)
    looks = iter([1.0, 0.5, 0.7, 0.6, *[0.1] * 50])
    kept = {}

    def look(self: train._Trainer, validation: train.Windows) -> None:
        self.looks.append(next(looks))
        if self.looks[-1] == min(self.looks):
            self.best = {name: tensor.clone() for name, tensor in self.average.module.state_dict().items()}
            kept.update(self.best)

    monkeypatch.setattr(train._Trainer, "_look", look)
    given = mix(run.sources, [own_clips()], run.detector, max_gap=1.0, stride=2)
    stopped = train.train(run, given, tmp_path, device=CPU, validation=clip_windows("cd"))
    assert len((tmp_path / "loss.csv").read_text().splitlines()) == 1 + 20  # four looks of five steps
    assert all(torch.equal(tensor, kept[name]) for name, tensor in stopped.state_dict().items())
    with pytest.raises(ValueError, match="needs validation_subjects"):
        dataclasses.replace(RUN, patience=2)


def test_a_start_of_another_shape_is_refused(tmp_path: Path) -> None:
    other = dataclasses.replace(RUN.detector, encoder=EncoderConfig(hidden=8, people=1, streams=("temporal",)))
    detector_file.save(tmp_path / "start", train.Detector(other), RUN.stream, Provenance())
    with pytest.raises(ValueError, match="pretrained as another encoder; hidden: expected"):
        train.start_encoder(dataclasses.replace(RUN, init_from=str(tmp_path / "start")))


@pytest.mark.parametrize(
    ("shape", "learns", "dropped"),
    [(RUN.detector.encoder, "all", True), (RUN.detector.encoder, "heads", False), (STREAMING, "all", True)],
)
def test_branches_are_dropped_where_the_encoder_learns(shape: EncoderConfig, learns: str, dropped: bool) -> None:
    def trained(drop_path: float) -> dict[str, torch.Tensor]:
        detector = dataclasses.replace(RUN.detector, encoder=dataclasses.replace(shape, drop_path=drop_path))
        run = dataclasses.replace(RUN, detector=detector, train=learns, steps=3)
        return train.fit(run, mixture(run), device=CPU).state_dict()

    never, often = trained(0.0), trained(0.9)
    assert dropped != all(torch.equal(tensor, often[name]) for name, tensor in never.items())
