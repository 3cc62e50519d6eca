"""The methods of the clip tasks: names, what their scores depend on, several networks as one."""

import dataclasses
from pathlib import Path

import pytest
import torch
from helpers.small_benchmark import (
    BENCHMARK,
    CPU,
    ENCODER,
    RECIPE,
    Spy,
    build,
    made_on,
    weights,
)

from usdrl_model.checkpoints import detector_file
from usdrl_model.data.store import Store
from usdrl_model.evaluation.baselines import CLIP_BASELINES
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.clips import clips, methods
from usdrl_model.evaluation.clips.fitting import resized
from usdrl_model.evaluation.fusion import fuse
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.result import ALL
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.detector import Detector, DetectorConfig
from usdrl_model.training.finetuning.config import FinetuneConfig


def test_usual_methods_follow_heads_and_weights(tmp_path: Path) -> None:
    given = Pretrained.open(weights(tmp_path))
    names = methods.usual("recognition", ["linear", "finetune"], [given])
    assert names == (*methods.HEADS["finetune"], *methods.HEADS["linear"], *CLIP_BASELINES)
    without = methods.usual("retrieval", ["nearest"], [])
    assert set(without) == {*methods.HEADS["nearest"], "1-NN Euclid", "1-NN DTW"} - set(methods.OF_WEIGHTS)


def test_the_shape_is_that_of_the_weights_and_baselines_see_everybody(tmp_path: Path) -> None:
    wide = dataclasses.replace(ENCODER, hidden=24, frames=32)
    tuned, scratch, plain = build(
        "fine-tuned", "from scratch", "1D-CNN", given=[weights(tmp_path, wide)], people=2, causal=True
    )
    assert tuned.shape == scratch.shape == wide.window
    assert (plain.shape.frames, plain.shape.people) == (32, 2)
    (scratch,) = build("from scratch", people=2)
    assert scratch.shape == dataclasses.replace(ENCODER, people=2).window


def test_a_cell_depends_on_weights_and_recipe_where_the_method_does(tmp_path: Path) -> None:
    names = (*methods.NAMES,)
    bones = weights(tmp_path / "bones", dataclasses.replace(ENCODER, modalities=("bone",)))
    first = build(*names, given=[weights(tmp_path / "a"), bones])
    other = build(*names, given=[weights(tmp_path / "b", seed=1), bones])
    assert {m.name for m, o in zip(first, other, strict=True) if m.depends != o.depends} == set(methods.OF_WEIGHTS)
    weighed = [Pretrained.open(tmp_path / "a"), Pretrained.open(bones)]
    more = dataclasses.replace(RECIPE, steps=21)
    longer = methods.build(names, weights=weighed, recipe=more, people=1, causal=False, device=CPU)
    changed = {m.name for m, o in zip(first, longer, strict=True) if m.depends != o.depends}
    trained = {"fine-tuned", "fine-tuned, with scratch", "fine-tuned, labels propagated", "from scratch"}
    assert changed == trained | {f"{name}, fused" for name in trained}


def test_a_detector_can_be_given_as_weights(store: Store, tmp_path: Path) -> None:
    made = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    detector_file.save(tmp_path / "detector", made, StreamConfig(), made_on("utkinect", "performer"))
    opened = Pretrained.open(tmp_path / "detector")
    assert opened.made.sets == ("utkinect", "performer")
    chosen = build("fine-tuned", "1-NN", given=[tmp_path / "detector"], causal=True)
    found = clips.run(BENCHMARK, "recognition", store, chosen, seeds=[0], cells=Cells(tmp_path / "cells"))
    assert [cell.scores[ALL]["accuracy"] for cell in found] == [100.0, 100.0]


@pytest.mark.parametrize(
    ("names", "recipe", "message"),
    [
        (["linnear"], RECIPE, r"unknown methods \['linnear'\]; there are 'fine-tuned'"),
        (["linear"], RECIPE, r"methods \['linear'\] need weights"),
        (["1-NN Euclid"], dataclasses.replace(RECIPE, init_from="somewhere"), "leave them out"),
    ],
)
def test_methods_that_cannot_be_made_are_refused(names: list[str], recipe: FinetuneConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        methods.build(names, weights=[], recipe=recipe, people=1, causal=False, device=CPU)


def test_weights_of_another_skeleton_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="made for 17 joints"):
        build("linear", given=[weights(tmp_path, dataclasses.replace(ENCODER, joints=17))])


def test_fused_methods_ask_every_network(store: Store, tmp_path: Path) -> None:
    """Half of the networks know nothing; the other half decides."""
    knows, guesses = Spy(2), Spy(0)
    sure = lambda spy, height: lambda *given, seed: lambda windows: height * spy.fit(*given, seed=seed)(windows)  # noqa: E731
    fit = fuse([sure(knows, 5.0), sure(guesses, 0.5)])
    scores = fit(torch.zeros(4, 16, 1, 25, 3), torch.tensor([0, 1, 2, 2]), 3, seed=0)(torch.zeros(2, 16, 1, 25, 3))
    assert scores.argmax(dim=1).tolist() == [2, 2]
    torch.testing.assert_close(scores.exp().sum(dim=1), torch.ones(2))
    assert len(knows.fitted) == len(guesses.fitted) == 1


def test_without_weights_three_modalities_are_fused(store: Store, tmp_path: Path) -> None:
    (fused,) = build("from scratch, fused")
    (alone,) = build("from scratch")
    assert {key: len(value) for key, value in fused.depends.items()} == {"recipe": 16, "recipe 2": 16, "recipe 3": 16}
    assert len(set(fused.depends.values())) == 3
    assert fused.depends["recipe"] == alone.depends["recipe"]
    (cell,) = clips.run(BENCHMARK, "recognition", store, [fused], seeds=[0], cells=Cells(tmp_path / "cells"))
    assert cell.scores[ALL]["accuracy"] == 100.0


def test_of_two_detectors_beside_what_is_fine_tuned_one_sees_twice_the_frames(store: Store, tmp_path: Path) -> None:
    given = [
        weights(tmp_path / "joints"),
        weights(tmp_path / "bones", dataclasses.replace(ENCODER, modalities=("bone",))),
    ]
    names = ("fine-tuned, with scratch", "fine-tuned, with scratch, fused")
    chosen = build(*names, given=given)
    assert [method.shape.frames for method in chosen] == [2 * ENCODER.frames] * 2
    assert [sorted(method.depends) for method in chosen] == [
        ["beside", "beside 2", "recipe", "weights"],
        ["beside", "beside 2", "recipe", "recipe 2", "weights", "weights 2"],
    ]  # fmt: skip
    found = clips.run(BENCHMARK, "recognition", store, chosen, seeds=[0], cells=Cells(tmp_path / "cells"))
    assert [cell.scores[ALL]["accuracy"] for cell in found] == [100.0, 100.0]


def test_weights_of_long_windows_have_the_longest_beside_them(tmp_path: Path) -> None:
    long = dataclasses.replace(ENCODER, frames=150)
    (method,) = build("fine-tuned, with scratch", given=[weights(tmp_path, long)])
    assert method.shape.frames == 200


def test_resized_windows_are_those_of_fewer_frames() -> None:
    spy = Spy(1)
    windows = torch.arange(16.0)[None, :, None, None, None].expand(3, 16, 2, 25, 3)
    classify = resized(spy.fit, 8)(windows, torch.tensor([0, 1, 1]), 2, seed=3)
    assert classify(windows).argmax(dim=1).tolist() == [1, 1, 1]
    ((learned, *_),) = spy.fitted
    assert learned.shape == (3, 8, 2, 25, 3)
    torch.testing.assert_close(learned[2, :, 1, 7, 2], torch.arange(0.5, 16.0, 2.0))


def test_what_cannot_be_fused_is_refused(tmp_path: Path) -> None:
    joints = weights(tmp_path / "joints")
    with pytest.raises(ValueError, match="ask several networks: give --weights of each"):
        build("linear, fused", given=[joints])
    longer = weights(tmp_path / "longer", dataclasses.replace(ENCODER, frames=32))
    with pytest.raises(ValueError, match=r"same windows \(frames x people\), got 16 x 1; 32 x 1"):
        build("linear, fused", given=[joints, longer])
