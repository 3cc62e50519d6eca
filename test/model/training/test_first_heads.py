"""What the heads of a detector say before it is trained."""

import dataclasses
from pathlib import Path

import pytest
import torch
from helpers.tiny_finetuning import CLIPS, CPU, RUN, mixture, own_clips

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.network.detector import Detector
from usdrl_model.training import linear_layer
from usdrl_model.training.finetuning import first_heads, train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.sources import Mixture, mix
from usdrl_model.windows.cut import clip_classes


def test_a_head_can_begin_as_the_best_linear_layer_on_the_features_of_the_start(tmp_path: Path) -> None:
    given = mix(CLIPS.sources, [own_clips()], CLIPS.detector, max_gap=1.0, stride=2)
    detector = train.Detector(CLIPS.detector).eval()
    detector_file.save(tmp_path / "start", detector, RUN.stream, Provenance())
    run = dataclasses.replace(CLIPS, init_from=str(tmp_path / "start"), steps=1, learning_rate=1e-9)
    x = given.windows.x
    truth = clip_classes(given.windows.y, given.windows.seen, len(CLIPS.detector.labels))
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
    truth = clip_classes(given.windows.y, given.windows.seen, len(CLIPS.detector.labels))
    heads = []
    for kept in (truth > -1, truth == truth[0]):
        detector = train.Detector(CLIPS.detector)
        drawn = kept.double() / kept.sum()
        first_heads.linear(detector, Mixture(given.windows, drawn))
        heads.append(detector.eval()(given.windows.x).clip.argmax(dim=1))
    assert torch.equal(heads[0], truth) and torch.equal(heads[1], truth[0].expand_as(truth))


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A detector of two labels with weights that nobody trained."""
    torch.manual_seed(1)
    detector_file.save(tmp_path / "start", Detector(RUN.detector).eval(), RUN.stream, Provenance())
    return tmp_path / "start"


def with_labels(start: Path | str, *labels: str) -> FinetuneConfig:
    detector = dataclasses.replace(RUN.detector, labels=labels)
    return dataclasses.replace(
        RUN, detector=detector, init_from=str(start), head="kept", train="heads", steps=1, learning_rate=1e-9
    )


def test_kept_heads_say_what_they_said_and_nothing_of_a_new_action(start: Path) -> None:
    before = detector_file.load(start, "cpu").trained
    run = with_labels(start, "none", "hand_down", "hand_up")
    windows = mixture()
    after = train.fit(run, windows, device=CPU)
    old, new = before(windows.windows.x), after(windows.windows.x)
    for said, says in ((old.frames, new.frames), (old.clip, new.clip)):
        torch.testing.assert_close(says[..., [0, 2]], said, atol=1e-5, rtol=0.0)
    for head in (after.dense, after.recognition):
        assert float(head.weight[1].abs().max()) < 1e-6 and head.bias[1] <= head.bias.detach().min() + 1e-6


def test_heads_are_kept_of_a_detector_that_has_such_labels_alone(start: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected actions of .*start among the labels, got none, bow; it knows"):
        train.fit(with_labels(start, "none", "bow"), mixture(), device=CPU)
    USDRL(RUN.detector.encoder).save_pretrained(tmp_path / "encoder", Provenance())
    with pytest.raises(ValueError, match="has no heads to keep"):
        train.fit(with_labels(tmp_path / "encoder", "none", "hand_up"), mixture(), device=CPU)
    with pytest.raises(ValueError, match="head: kept: needs init_from"):
        with_labels("", "none", "hand_up")
