"""Tasks on clips: draws, methods, what is trained and scored on what, stopping and going on, the command."""

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from usdrl_model import checkpoint, cli, config
from usdrl_model.baselines import CLIP_BASELINES, Classifier
from usdrl_model.detector import Detector, DetectorConfig
from usdrl_model.encoder_config import EncoderConfig
from usdrl_model.finetune_config import FinetuneConfig
from usdrl_model.labelled import labelled
from usdrl_model.projectors import ProjectorConfig
from usdrl_model.recording import Recording
from usdrl_model.skeleton import Person, SkeletonFrame
from usdrl_model.store import Store
from usdrl_model.store_writer import write_set
from usdrl_model.stream_config import StreamConfig
from usdrl_model.tasks import clips, evaluation, fitting, methods
from usdrl_model.tasks.benchmark import Benchmark, TaskSettings, open_benchmark
from usdrl_model.tasks.cells import Cells
from usdrl_model.tasks.draws import draw_share, draw_shots
from usdrl_model.tasks.fusion import fuse
from usdrl_model.tasks.methods import Method
from usdrl_model.tasks.result import ALL, Cell
from usdrl_model.tasks.weights import Pretrained
from usdrl_model.usdrl import USDRL

CPU = torch.device("cpu")
LABELS = ("up", "push", "wave")
ENCODER = EncoderConfig(hidden=16, heads=2, people=1, frames=16, streams=("temporal",), velocity=True)
RECIPE = FinetuneConfig(
    detector=DetectorConfig(labels=("none",), encoder=ENCODER),
    steps=20,
    batch=8,
    average=0.8,
    clip_weight=5.0,
    learning_rate=0.01,
)
LINEAR_AND_ALL = ("linear", "finetune", "nearest")
BENCHMARK = Benchmark(
    name="made",
    title="Made up",
    data="utd_mhad",
    protocol="cross_subject",
    people=1,
    tasks={
        "recognition": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL),
        "retrieval": TaskSettings(metric="accuracy", heads=("nearest",)),
        "semi_supervised": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL, settings=(0.01, 0.5)),
        "transfer": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL),
        "few_shot": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL, settings=(1, 3)),
        "early_prediction": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL, settings=(0.2, 1.0)),
        "recognition_2d": TaskSettings(metric="accuracy", heads=LINEAR_AND_ALL),
    },
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def recording(name: str, label: str, subject: str, people: int = 1, tags: dict | None = None) -> Recording:
    """Poses that depend on the label alone, but for a little noise."""
    pose = np.random.default_rng(LABELS.index(label)).normal(0.0, 0.4, (25, 3))
    noise = np.random.default_rng(list(name.encode())).normal(0.0, 0.01, (16, people, 25, 3))
    seen = tuple(
        SkeletonFrame(0.1 * t, tuple(Person(str(m), pose + noise[t, m] + (0.6 * m, 0.0, 2.0)) for m in range(people)))
        for t in range(16)
    )
    return Recording(name, "kinect_v2_25", seen, labels=LABELS, label=label, subject=subject, tags=tags or {})


def utd(folder: Path) -> Path:
    """Three classes, four people (1 and 3 train), two takes."""
    kept = [(s, label, take) for s in "1234" for label in LABELS for take in "ab"]
    write_set(folder, "utd_mhad", (recording(f"{label}{s}{take}", label, s) for s, label, take in kept))
    return folder


def sbu(folder: Path) -> Path:
    """Three classes and two people in each of 12 folders; five folds, the first with four of them."""
    first, others = ("s01s02", "s03s04", "s05s02", "s06s04"), ("s02s03", "s02s07", "s01s03", "s01s07")
    sets = (*first, *others, "s02s01", "s02s06", "s04s02", "s04s03")
    kept = [(one, label) for one in sets for label in LABELS]
    made = (recording(f"{one}{label}", label, one, people=2, tags={"set": one}) for one, label in kept)
    write_set(folder, "sbu", made)
    return folder


def weights(folder: Path, shape: EncoderConfig = ENCODER, sets: str = "msraction3d, sbu", seed: int = 0) -> Path:
    torch.manual_seed(seed)
    USDRL(shape, ProjectorConfig(hidden=16, stream=8, instance=8)).save_pretrained(folder, {"sets": sets})
    return folder


def build(*names: str, given: Sequence[Path] = (), people: int = 1, causal: bool = False) -> list[Method]:
    opened = [Pretrained.open(one) for one in given]
    return methods.build(names, weights=opened, recipe=RECIPE, people=people, causal=causal, device=CPU)


class Spy:
    """Fits of a method that always gives one answer: what it was fitted on, and what it was asked."""

    def __init__(self, answer: int, name: str = "spy", people: int = 1) -> None:
        self.answer, self.fitted, self.asked = answer, [], []
        shape = dataclasses.replace(ENCODER, people=people)
        self.method = Method(name=name, fit=self.fit, shape=shape, depends={})

    def fit(self, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        self.fitted.append((windows, y))

        def classify(others: Tensor) -> Tensor:
            self.asked.append(others)
            return torch.nn.functional.one_hot(torch.full((len(others),), self.answer), classes)

        return classify


# Draws ---------------------------------------------------------------------------------------------------------------

CLIPS = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(CLIPS, st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.integers(0, 5))
def test_shares_are_stratified_nested_and_decided_by_the_seed(
    labels: list[str], one: float, other: float, seed: int
) -> None:
    names = [f"clip {n}" for n in range(len(labels))]
    small, large = (draw_share(labels, names, share, seed) for share in sorted((one, other)))
    assert set(small) <= set(large)
    assert small == draw_share(labels, names, min(one, other), seed)
    assert draw_share(labels, names, 1.0, seed) == list(range(len(labels)))
    for label, count in Counter(labels).items():
        kept = sum(labels[row] == label for row in large)
        assert kept == max(1, round(max(one, other) * count))


@settings(max_examples=40, deadline=None)
@given(CLIPS, st.integers(1, 4), st.integers(0, 5), st.randoms())
def test_shots_are_even_nested_and_do_not_depend_on_the_order(labels: list[str], shots: int, seed: int, random) -> None:
    names = [f"clip {n}" for n in range(len(labels))]
    if min(Counter(labels).values()) < shots:
        with pytest.raises(ValueError, match="ask for fewer"):
            draw_shots(labels, names, shots, seed)
        return
    rows = draw_shots(labels, names, shots, seed)
    assert Counter(labels[row] for row in rows) == dict.fromkeys(labels, shots)
    assert {names[row] for row in draw_shots(labels, names, 1, seed)} <= {names[row] for row in rows}
    order = list(range(len(labels)))
    random.shuffle(order)
    shuffled = draw_shots([labels[n] for n in order], [names[n] for n in order], shots, seed)
    assert {names[order[row]] for row in shuffled} == {names[row] for row in rows}


def test_another_seed_draws_other_clips() -> None:
    labels, names = ["a"] * 50, [str(n) for n in range(50)]
    assert len({tuple(draw_shots(labels, names, 3, seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_shares_that_are_none_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share of the labels"):
        draw_share(["a"], ["1"], share, 0)


# Cells ---------------------------------------------------------------------------------------------------------------

CELL = Cell(task="recognition", benchmark="b", method="1-NN", seed=0, scores={ALL: {"accuracy": 50.0}}, seconds=1.0)
KEY = {"task": "recognition", "benchmark": "b", "method": "1-NN", "seed": 0, "weights": "x"}


def test_a_cell_is_found_under_its_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = Cells(tmp_path / "cells")
    assert cells.get(KEY) is None
    cells.put(KEY, CELL)
    assert cells.get(KEY) == CELL
    assert cells.get({**KEY, "weights": "y"}) is None
    monkeypatch.setattr("usdrl_model.__version__", "99")
    assert cells.get(KEY) is None


def test_a_damaged_cell_is_named(tmp_path: Path) -> None:
    cells = Cells(tmp_path)
    cells.put(KEY, CELL)
    (path,) = tmp_path.iterdir()
    for text in ("{", "[]", '{"cell": {}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"{path.name}.*delete it"):
            cells.get(KEY)


@pytest.mark.parametrize(
    ("change", "message"), [({"scores": {}}, "without scores"), ({"scores": {ALL: {"a": float("nan")}}}, "a of all")]
)
def test_cells_without_numbers_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CELL, **change)


# Windows -------------------------------------------------------------------------------------------------------------


def test_nothing_of_a_clip_that_is_cut_off_comes_from_later(tmp_path: Path) -> None:
    known = recording("a", "up", "1")
    person = Person("0", known.frames[0].people[0].joints @ np.diag([-1.0, 1.0, -1.0]))
    turned = tuple(dataclasses.replace(frame, people=(person,)) for frame in known.frames[8:])
    other = dataclasses.replace(known, name="b", frames=known.frames[:8] + turned)
    write_set(tmp_path, "made", [known, other])
    half = labelled(Store.open(tmp_path), ENCODER, "made", lambda: 0.5)
    assert torch.equal(*half.windows)
    whole = labelled(Store.open(tmp_path), ENCODER, "made")
    assert not torch.allclose(*whole.windows)
    assert (whole.names, whole.subjects, len(whole)) == (("a", "b"), ("1", "1"), 2)


# What is fitted and scored -------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_benchmark(BENCHMARK, utd(tmp_path / "stores"))


def test_scores_confusion_and_classes(store: Store, tmp_path: Path) -> None:
    (cell,) = clips.run(BENCHMARK, "recognition", store, [Spy(1).method], seeds=[0], cells=Cells(tmp_path))
    assert cell.labels == LABELS
    assert cell.scores[ALL] == pytest.approx({"accuracy": 100 / 3, "macro_accuracy": 100 / 3})
    assert cell.details["confusion"][ALL] == [[0, 4, 0]] * 3
    fold = cell.details["folds"][ALL]["cross_subject"]
    assert (fold["train"], fold["test"]) == (12, 12)


def test_draws_follow_the_setting_and_the_seed(store: Store, tmp_path: Path) -> None:
    for task, sizes in {"semi_supervised": [3, 6], "few_shot": [3, 9]}.items():
        spy = Spy(0, "1-NN")
        found = clips.run(BENCHMARK, task, store, [spy.method], seeds=[0, 1], cells=Cells(tmp_path))
        assert [cell.seed for cell in found] == [0, 1]  # "1-NN" is settled, but its draw is not
        assert [len(windows) for windows, _ in spy.fitted] == sizes * 2
        smaller, larger = (windows for windows, _ in spy.fitted[:2])
        assert all(any(torch.equal(one, other) for other in larger) for one in smaller)
        assert list(found[0].scores) == [f"{setting:g}" for setting in BENCHMARK.tasks[task].settings]


def test_a_draw_that_cannot_be_made_stops_before_training(store: Store, tmp_path: Path) -> None:
    many = TaskSettings(metric="accuracy", heads=("nearest",), settings=(1, 50))
    wrong = dataclasses.replace(BENCHMARK, tasks={"few_shot": many})
    spy = Spy(0)
    with pytest.raises(ValueError, match="50 examples of every class.*ask for fewer"):
        clips.run(wrong, "few_shot", store, [spy.method], seeds=[0], cells=Cells(tmp_path))
    assert not spy.fitted


def test_methods_in_which_nothing_is_random_run_once(store: Store, tmp_path: Path) -> None:
    found = clips.run(BENCHMARK, "retrieval", store, build("1-NN Euclid"), seeds=[0, 1, 2], cells=Cells(tmp_path))
    assert [(cell.method, cell.seed) for cell in found] == [("1-NN Euclid", 0)]


def test_early_prediction_trains_on_whole_and_cut_clips_and_is_asked_at_every_share(
    store: Store, tmp_path: Path
) -> None:
    spy = Spy(0)
    (cell,) = clips.run(BENCHMARK, "early_prediction", store, [spy.method], seeds=[0], cells=Cells(tmp_path))
    ((windows, y),) = spy.fitted
    whole = labelled(store.select(split="cross_subject/train"), ENCODER, "")
    assert torch.equal(windows[: len(whole)], whole.windows)
    assert len(windows) == len(y) == len(whole) * (1 + clips.CUT_OFF)
    assert list(cell.scores) == ["0.2", "1"]
    assert cell.details["folds"]["1"]["cross_subject"]["train"] == len(whole)  # each counts once
    early, late = spy.asked
    test = store.select(split="cross_subject/test")
    assert torch.equal(early, labelled(test, ENCODER, "", lambda: 0.2).windows)
    assert torch.equal(late, labelled(test, ENCODER, "").windows)


def test_folds_are_fitted_one_by_one_and_scored_together(tmp_path: Path) -> None:
    benchmark = dataclasses.replace(
        BENCHMARK, data="sbu", protocol="five_fold", folds=tuple(f"five_fold/{n}" for n in range(1, 6)), people=2
    )
    store = open_benchmark(benchmark, sbu(tmp_path / "stores"))
    spy = Spy(2, people=2)
    (cell,) = clips.run(benchmark, "recognition", store, [spy.method], seeds=[0], cells=Cells(tmp_path))
    assert [len(windows) for windows, _ in spy.fitted] == [24, 30, 30, 30, 30]
    assert cell.details["confusion"][ALL] == [[0, 0, 12]] * 3
    assert [fold["test"] for fold in cell.details["folds"][ALL].values()] == [12, 6, 6, 6, 6]
    assert spy.fitted[0][0].shape[1:] == (16, 2, 25, 3)
    assert spy.fitted[0][0][:, :, 1].any()


@pytest.mark.parametrize("task", BENCHMARK.tasks)
def test_every_task_finds_classes_that_differ_in_the_pose(store: Store, tmp_path: Path, task: str) -> None:
    bone = dataclasses.replace(ENCODER, modalities=("bone",))
    given = [weights(tmp_path / "joints"), weights(tmp_path / "bones", bone)]
    names = methods.usual(task, BENCHMARK.task(task).heads, [Pretrained.open(one) for one in given])
    assert any(name.endswith(", fused") for name in names)
    cheap = [name for name in names if name not in ("1D-CNN", "biGRU", "1-NN DTW")]
    found = clips.run(
        BENCHMARK, task, store, build(*cheap, given=given, causal=task == "early_prediction"),
        seeds=[0], cells=Cells(tmp_path / "cells"),
    )  # fmt: skip
    assert [cell.method for cell in found] == cheap
    for cell in found:
        last = list(cell.scores)[-1]
        assert cell.scores[last]["accuracy"] == 100.0, cell.method


# Methods -------------------------------------------------------------------------------------------------------------


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
    assert tuned.shape == scratch.shape == dataclasses.replace(wide, causal=True)
    assert (plain.shape.frames, plain.shape.people) == (32, 2)
    (scratch,) = build("from scratch", people=2)
    assert scratch.shape == dataclasses.replace(ENCODER, people=2)


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
    trained = {"fine-tuned", "fine-tuned, labels propagated", "from scratch"}
    assert changed == trained | {f"{name}, fused" for name in trained}


def test_a_detector_can_be_given_as_weights(store: Store, tmp_path: Path) -> None:
    training = {"sources": "utkinect (subjects 01, 03), share 1; performer (4 simulated minutes), share 0.5"}
    made = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    checkpoint.save(tmp_path / "detector", made, StreamConfig(), training)
    opened = Pretrained.open(tmp_path / "detector")
    assert opened.sets == ("utkinect", "performer")
    chosen = build("fine-tuned", "1-NN", given=[tmp_path / "detector"], causal=True)
    found = clips.run(BENCHMARK, "recognition", store, chosen, seeds=[0], cells=Cells(tmp_path / "cells"))
    assert [cell.scores[ALL]["accuracy"] for cell in found] == [100.0, 100.0]


@pytest.mark.parametrize(
    ("names", "recipe", "message"),
    [
        (["linnear"], RECIPE, r"unknown methods \['linnear'\]; there are 'fine-tuned'"),
        (["linear"], RECIPE, r"methods \['linear'\] need weights"),
        (["1-NN Euclid"], dataclasses.replace(RECIPE, start="somewhere"), "leave them out"),
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


def test_what_cannot_be_fused_is_refused(tmp_path: Path) -> None:
    joints = weights(tmp_path / "joints")
    with pytest.raises(ValueError, match="ask several networks: give --weights of each"):
        build("linear, fused", given=[joints])
    longer = weights(tmp_path / "longer", dataclasses.replace(ENCODER, frames=32))
    with pytest.raises(ValueError, match=r"same windows \(frames x people\), got 16 x 1, 32 x 1"):
        build("linear, fused", given=[joints, longer])


# The command ---------------------------------------------------------------------------------------------------------


def command(tmp_path: Path, task: str, given: str | Sequence[str], *more: str) -> list[str]:
    config.dump(BENCHMARK, tmp_path / "made.yaml")
    config.dump(RECIPE, tmp_path / "recipe.yaml")
    return [
        "evaluate", "--task", task, "--benchmark", str(tmp_path / "made.yaml"),
        "--weights", *([given] if isinstance(given, str) else given),
        "--data", str(tmp_path / "stores"), "--out", str(tmp_path / "out"), "--recipe", str(tmp_path / "recipe.yaml"),
        "--device", "cpu", "--threads", "1", *more,
    ]  # fmt: skip


def test_the_command_writes_prints_and_goes_on_where_it_was_stopped(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = command(
        tmp_path, "recognition", str(weights(tmp_path / "weights")),
        "--methods", "from scratch", "linear", "logistic regression", "--seeds", "0", "1",
    )  # fmt: skip
    trained: list[int] = []
    train = fitting.finetune.train

    def counted(run: FinetuneConfig, *arguments: object, **named: object) -> Detector:
        trained.append(run.seed)
        if trained == [0, 1]:
            raise KeyboardInterrupt
        return train(run, *arguments, **named)

    monkeypatch.setattr(fitting.finetune, "train", counted)
    with pytest.raises(KeyboardInterrupt):
        cli.main(words)
    assert cli.main(words) == 0
    assert trained == [0, 1, 1]
    page = capsys.readouterr().out
    assert page.strip() == (tmp_path / "out" / "result.md").read_text(encoding="utf-8").strip()
    assert "made on msraction3d, sbu" in page
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    found = {row["method"]: (row["seeds"], row["scores"][ALL]["accuracy"]["mean"]) for row in result["table"]}
    assert found == {"from scratch": ([0, 1], 100.0), "linear": ([0], 100.0), "logistic regression": ([0], 100.0)}
    assert list((tmp_path / "out").glob("*.png"))
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 4


def test_the_command_fuses_several_weights(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bone = dataclasses.replace(ENCODER, modalities=("bone",))
    given = [str(weights(tmp_path / "joints")), str(weights(tmp_path / "bones", bone))]
    assert cli.main(command(tmp_path, "retrieval", given, "--methods", "1-NN", "1-NN, fused")) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert [row["method"] for row in result["table"]] == ["1-NN", "1-NN, fused"]
    assert capsys.readouterr().out.count("made on msraction3d, sbu") == 2


def test_weights_with_fewer_people_are_said(tmp_path: Path) -> None:
    benchmark = dataclasses.replace(BENCHMARK, people=2)
    said = evaluation.described(Pretrained.open(weights(tmp_path)), benchmark)
    assert "they see 1 of 2 people" in said


def test_the_command_says_what_is_wrong(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        ("transfer", str(weights(tmp_path / "seen", sets="utd_mhad, sbu"))): "was trained on utd_mhad",
        ("transfer", "none"): "transfer needs weights",
        ("recogniton", "none"): "did you mean 'recognition'",
        ("detection", "none"): "has no task detection",
        ("recognition", str(tmp_path / "nowhere")): "nowhere",
    }
    for (task, chosen), message in cases.items():
        assert cli.main(command(tmp_path, task, chosen)) == 1
        said = capsys.readouterr().err
        assert said.startswith("usdrl evaluate: ")
        assert message in said
    assert not (tmp_path / "out").exists()
