"""The methods of the clip tasks: names, what their scores depend on, several networks as one."""

import dataclasses
import tempfile
from pathlib import Path

import pytest
import torch
from helpers.small_benchmark import (
    BENCHMARK,
    ENCODER,
    RECIPE,
    Spy,
    made_on,
    named,
    networks,
    weights,
)

from usdrl_model.checkpoints import detector_file
from usdrl_model.data.store import Store
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.clips import methods
from usdrl_model.evaluation.clips.fit_and_score import fit_and_score
from usdrl_model.evaluation.clips.fitting import resized
from usdrl_model.evaluation.clips.methods import METHODS, Frozen, Trained
from usdrl_model.evaluation.fusion import fuse
from usdrl_model.evaluation.result import ALL
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training import run_folder
from usdrl_model.training.finetuning.config import FinetuneConfig


def test_usual_methods_follow_heads_and_weights() -> None:
    usual = methods.usual("recognition", ["linear", "finetune"], 1)
    assert usual == (*methods.HEADS["finetune"], *methods.HEADS["linear"], *methods.BASELINES)
    without = methods.usual("retrieval", ["nearest"], 0)
    assert [one.title for one in without] == ["1-NN, untrained", "1-NN, whitened, untrained", "1-NN Euclid", "1-NN DTW"]
    few = [one.title for one in methods.usual("semi_supervised", ["finetune"], 2)]
    assert few[:3] == ["fine-tuned, labels propagated", "fine-tuned, labels propagated, fused", "fine-tuned"]


def test_a_title_follows_from_what_a_method_is_and_finds_it_again() -> None:
    assert Trained(with_scratch=True, fusion=True).title == "fine-tuned, with scratch, fused"
    assert Frozen(head="nearest", whitening=True, init="random").title == "1-NN, whitened, untrained"
    assert all(METHODS[one.title] is one for one in METHODS.values())
    assert len(METHODS) == 29
    for wrong in ({"propagation": True, "with_scratch": True}, {"propagation": True, "init": "random"}):
        with pytest.raises(ValueError, match="expected one of propagation and with_scratch"):
            Trained(**wrong)


def test_the_shape_is_that_of_the_weights_and_baselines_see_everybody(tmp_path: Path) -> None:
    wide = dataclasses.replace(ENCODER, hidden=24, frames=32)
    given = networks(weights(tmp_path, wide), people=2, causal=True)
    tuned, scratch, plain = (one.window(given) for one in named("fine-tuned", "from scratch", "1D-CNN"))
    assert given.shape == dataclasses.replace(wide, causal=True)
    assert tuned == scratch == wide.window
    assert (plain.frames, plain.people) == (32, 2)
    assert networks(people=2).shape == dataclasses.replace(ENCODER, people=2)


def test_a_cell_depends_on_weights_and_recipe_where_the_method_does(tmp_path: Path) -> None:
    bones = weights(tmp_path / "bones", dataclasses.replace(ENCODER, modalities=("bone",)))
    first = networks(weights(tmp_path / "a"), bones)
    other = networks(weights(tmp_path / "b", seed=1), bones)
    differ = {title for title, one in METHODS.items() if one.depends(first) != one.depends(other)}
    assert differ == {title for title, one in METHODS.items() if one.needs_weights}
    longer = networks(tmp_path / "a", bones, recipe=dataclasses.replace(RECIPE, steps=21))
    changed = {title for title, one in METHODS.items() if one.depends(first) != one.depends(longer)}
    trained = {"fine-tuned", "fine-tuned, with scratch", "fine-tuned, labels propagated", "from scratch"}
    assert changed == trained | {f"{name}, fused" for name in trained}


def test_a_detector_can_be_given_as_weights(store: Store, tmp_path: Path) -> None:
    made = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    detector_file.save(tmp_path / "detector", made, StreamConfig(), made_on("utkinect", "performer"))
    given = networks(tmp_path / "detector", causal=True)
    assert given.weights[0].made.sets == ("utkinect", "performer")
    chosen = named("fine-tuned", "1-NN")
    found = fit_and_score(BENCHMARK, "recognition", store, chosen, given, seeds=[0], cells=Cells(tmp_path / "cells"))
    assert [cell.scores[ALL]["accuracy"] for cell in found] == [100.0, 100.0]


@pytest.mark.parametrize(
    ("names", "recipe", "message"),
    [
        (["linnear"], RECIPE, r"unknown methods 'linnear'; did you mean 'linear'\? There are: 'fine-tuned'"),
        (["linear"], RECIPE, r"methods \['linear'\] need weights"),
        (["1-NN Euclid"], dataclasses.replace(RECIPE, init_from="somewhere"), "leave them out"),
    ],
)
def test_methods_that_cannot_be_made_are_refused(names: list[str], recipe: FinetuneConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        networks(recipe=recipe, methods=names)


def test_a_method_that_is_named_twice_is_asked_once() -> None:
    assert named("linear", "1-NN", "linear") == named("linear", "1-NN")


def test_fitting_writes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = networks(weights(tmp_path / "weights"))
    refuse = lambda *_, **__: pytest.fail("a file")  # noqa: E731
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    monkeypatch.setattr(run_folder, "replacing", refuse)
    windows, y = torch.randn(6, 16, 1, 25, 3), torch.arange(6) % 3
    for method in named("fine-tuned", "fine-tuned, labels propagated"):
        assert method.fit(given, windows, y, 3, seed=0).predict(windows).shape == (6,)


def test_weights_of_another_skeleton_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="made for 17 joints"):
        networks(weights(tmp_path, dataclasses.replace(ENCODER, joints=17)))


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
    fused, alone = named("from scratch, fused", "from scratch")
    depends = fused.depends(networks())
    assert {key: len(value) for key, value in depends.items()} == {"recipe": 16, "recipe 2": 16, "recipe 3": 16}
    assert len(set(depends.values())) == 3
    assert depends["recipe"] == alone.depends(networks())["recipe"]
    (cell,) = fit_and_score(
        BENCHMARK, "recognition", store, [fused], networks(), seeds=[0], cells=Cells(tmp_path / "cells")
    )
    assert cell.scores[ALL]["accuracy"] == 100.0


def test_of_two_detectors_beside_what_is_fine_tuned_one_sees_twice_the_frames(store: Store, tmp_path: Path) -> None:
    given = networks(
        weights(tmp_path / "joints"),
        weights(tmp_path / "bones", dataclasses.replace(ENCODER, modalities=("bone",))),
    )
    chosen = named("fine-tuned, with scratch", "fine-tuned, with scratch, fused")
    assert [method.window(given).frames for method in chosen] == [2 * ENCODER.frames] * 2
    assert [sorted(method.depends(given)) for method in chosen] == [
        ["beside", "beside 2", "recipe", "weights"],
        ["beside", "beside 2", "recipe", "recipe 2", "weights", "weights 2"],
    ]  # fmt: skip
    found = fit_and_score(BENCHMARK, "recognition", store, chosen, given, seeds=[0], cells=Cells(tmp_path / "cells"))
    assert [cell.scores[ALL]["accuracy"] for cell in found] == [100.0, 100.0]


def test_weights_of_long_windows_have_the_longest_beside_them(tmp_path: Path) -> None:
    long = dataclasses.replace(ENCODER, frames=150)
    (method,) = named("fine-tuned, with scratch")
    assert method.window(networks(weights(tmp_path, long))).frames == 200


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
        networks(joints, methods=["linear, fused"])
    longer = weights(tmp_path / "longer", dataclasses.replace(ENCODER, frames=32))
    with pytest.raises(ValueError, match=r"same windows \(frames x people\), got 16 x 1; 32 x 1"):
        networks(joints, longer, methods=["linear, fused"])
