"""A suite that leaves one set out of everything, in turn: what is trained on, what is refused, the tables."""

import dataclasses
from pathlib import Path

import pytest
import torch
from helpers.small_benchmark import BENCHMARK, CPU, ENCODER, RECIPE, made_on, recording, sbu, utd, weights

from usdrl_model import config
from usdrl_model.checkpoints import config_file, detector_file
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import benchmark_store, suite, suite_file
from usdrl_model.evaluation.benchmark import TaskSettings
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.report import by_set
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.suite_file import Evaluation, Pretraining, Suite
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.pretraining.config import DataConfig, PretrainConfig
from usdrl_model.training.pretraining.views import ViewConfig

SETS = ("utd_mhad", "msraction3d", "sbu")
PRETRAINING = PretrainConfig(
    encoder=ENCODER,
    projectors=ProjectorConfig(hidden=16, stream=8, instance=8),
    views=ViewConfig(count=2, shortest_crop=8),
    data=DataConfig(sets=SETS),
    steps=2,
    batch_size=4,
)


@pytest.fixture
def pattern(tmp_path: Path) -> Suite:
    """Two benchmarks, each on a set of its own, and a third set that is always trained on."""
    utd(tmp_path / "stores")
    sbu(tmp_path / "stores")
    kept = [(s, label) for s in ("01", "02", "03", "04") for label in ("up", "push", "wave")]
    tags = {"listed": "yes"}
    write_set(tmp_path / "stores", "msraction3d", (recording(f"{la}{s}", la, s, tags=tags) for s, la in kept))
    config.dump(PRETRAINING, tmp_path / "pretrain.yaml")
    config.dump(BENCHMARK, tmp_path / "made.yaml")
    config.dump(dataclasses.replace(BENCHMARK, name="msr", data="msraction3d"), tmp_path / "msr.yaml")
    return Suite(
        seeds=(0,),
        leave_out=(str(tmp_path / "made.yaml"), str(tmp_path / "msr.yaml")),
        pretraining={"tiny": Pretraining(config=str(tmp_path / "pretrain.yaml"))},
        evaluations=(Evaluation(task="transfer", weights=("tiny",), methods=("1-NN", "linear", "1-NN Euclid")),),
    )


def test_the_set_that_is_scored_is_in_no_pretraining(pattern: Suite, tmp_path: Path) -> None:
    results = suite.run(pattern.written_out(), tmp_path / "stores", tmp_path / "out", CPU)
    made = {
        path.parent.name: config_file.provenance(path).sets
        for path in (tmp_path / "out" / "pretraining").glob("*/weights")
    }
    assert {name: set(sets) for name, sets in made.items()} == {
        "tiny_without_utd_mhad-0": {"msraction3d", "sbu"},
        "tiny_without_msraction3d-0": {"utd_mhad", "sbu"},
    }
    assert {benchmark.data for benchmark, *_ in results} == {"utd_mhad", "msraction3d"}
    assert [cell.method for cell in results[0][2]] == ["tiny: 1-NN", "tiny: linear", "1-NN Euclid"]


def test_a_pretraining_that_names_no_sets_cannot_leave_one_out(pattern: Suite, tmp_path: Path) -> None:
    config.dump(dataclasses.replace(PRETRAINING, data=DataConfig()), tmp_path / "pretrain.yaml")
    one = pattern.written_out().pretraining["tiny_without_utd_mhad"]
    with pytest.raises(ValueError, match="expected the sets to pretrain on, of which utd_mhad can be left out"):
        one.load(0)


def test_a_pretraining_goes_on_from_another_one_without_the_set(pattern: Suite, tmp_path: Path) -> None:
    first = pattern.pretraining["tiny"]
    on = dataclasses.replace(
        pattern,
        leave_out=pattern.leave_out[:1],
        pretraining={"tiny": first, "second": dataclasses.replace(first, init_from="tiny")},
        evaluations=(Evaluation(task="transfer", weights=("second",), methods=("1-NN",)),),
    )
    suite.run(on.written_out(), tmp_path / "stores", tmp_path / "out", CPU)
    made = config_file.provenance(tmp_path / "out" / "pretraining" / "second_without_utd_mhad-0" / "weights")
    assert made.start.endswith("tiny_without_utd_mhad-0/weights")
    assert set(made.sets) == {"msraction3d", "sbu"}
    with pytest.raises(ValueError, match=r"pretraining.second: \['third'\] are not among"):
        dataclasses.replace(on, pretraining={"tiny": first, "second": dataclasses.replace(first, init_from="third")})


def test_a_pretraining_that_starts_from_a_file_is_refused(pattern: Suite, tmp_path: Path) -> None:
    known = weights(tmp_path / "known", sets="utd_mhad")
    config.dump(dataclasses.replace(PRETRAINING, init_from=str(known)), tmp_path / "pretrain.yaml")
    with pytest.raises(ValueError, match="init_from: .* may know utd_mhad: name a pretraining of the suite"):
        suite.run(pattern.written_out(), tmp_path / "stores", tmp_path / "out", CPU)
    assert not (tmp_path / "out").exists()


def test_given_weights_are_scored_where_the_set_is_new_to_them(
    pattern: Suite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.dump(pattern, tmp_path / "suite.yaml")
    given = weights(tmp_path / "elsewhere", sets="sbu, msraction3d")
    arguments = [
        "benchmark", "--suite", str(tmp_path / "suite.yaml"), "--data", str(tmp_path / "stores"), "--out",
        str(tmp_path / "out"), "--weights", str(given), "--device", "cpu", "--threads", "1",
    ]  # fmt: skip
    assert main.main(arguments) == 1
    assert "was trained on msraction3d, which must be new to it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main.main([*arguments, "--only", f"{tmp_path / 'made.yaml'}/transfer"]) == 0
    page = capsys.readouterr().out
    assert "| elsewhere: 1-NN |" in page
    assert "made on sbu; msraction3d" in page
    assert "Euclid" not in page
    assert not (tmp_path / "out" / "pretraining").exists()


def test_given_weights_are_scored_once_by_a_method_that_several_pretrainings_have(
    pattern: Suite, tmp_path: Path
) -> None:
    (one,) = pattern.evaluations
    again = dataclasses.replace(one, methods=("linear", "fine-tuned"), prefix="again")
    on = dataclasses.replace(
        pattern, leave_out=pattern.leave_out[:1], evaluations=(one, again, dataclasses.replace(again, prefix="third"))
    )
    config.dump(dataclasses.replace(RECIPE, steps=2), tmp_path / "recipe.yaml")
    given = Pretrained.open(weights(tmp_path / "elsewhere", sets="sbu"))
    written = dataclasses.replace(
        on.written_out(),
        evaluations=tuple(
            dataclasses.replace(each, recipe=str(tmp_path / "recipe.yaml")) for each in on.written_out().evaluations
        ),
    )
    results = suite.run(written, tmp_path / "stores", tmp_path / "out", CPU, given=given)
    assert [cell.method for *_, cells in results for cell in cells] == [
        "elsewhere: 1-NN", "elsewhere: linear", "elsewhere: fine-tuned"
    ]  # fmt: skip
    assert "| elsewhere: linear |" in suite.page(written, results, command="again", device=CPU, given=given)


def test_given_weights_are_scored_in_every_recipe_of_a_suite(pattern: Suite, tmp_path: Path) -> None:
    (one,) = pattern.evaluations
    trained = [
        dataclasses.replace(one, methods=("fine-tuned",), prefix=name, recipe=str(tmp_path / "r.yaml"), changes=changes)
        for name, changes in (("short", ("steps=1",)), ("long", ("steps=2",)), ("again", ("steps=2",)))
    ]
    config.dump(dataclasses.replace(RECIPE, steps=2), tmp_path / "r.yaml")
    only = dataclasses.replace(one, methods=("1-NN",))
    on = dataclasses.replace(pattern, leave_out=pattern.leave_out[:1], evaluations=(only, *trained)).written_out()
    given = Pretrained.open(weights(tmp_path / "elsewhere", sets="sbu"))
    results = suite.run(on, tmp_path / "stores", tmp_path / "out", CPU, given=given)
    assert [cell.method for *_, cells in results for cell in cells] == [
        "elsewhere: 1-NN", "elsewhere short: fine-tuned", "elsewhere long: fine-tuned"
    ]  # fmt: skip


def test_a_detector_is_run_once_however_many_evaluations_a_suite_has_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    trained = Detector(DetectorConfig(labels=("none", "wave"), encoder=ENCODER)).eval()
    detector_file.save(tmp_path / "given", trained, StreamConfig(), made_on("utkinect"))
    given = Pretrained.open(tmp_path / "given")
    asked = []

    def evaluate(*_: object, titles: list[str], **__: object) -> tuple[list[Cell], dict[str, str]]:
        asked.append(titles)
        return [], {}

    monkeypatch.setattr(suite, "evaluate", evaluate)
    for part in ("found", "check"):
        monkeypatch.setattr(benchmark_store, part, lambda *_: None)
    chosen = suite_file.load("unseen").written_out().only(["sbu/stream"])
    suite.run(chosen, tmp_path / "stores", tmp_path / "out", CPU, given=given)
    assert asked == [["as it is"]]


def test_two_rows_of_one_name_are_refused(pattern: Suite) -> None:
    (one,) = pattern.evaluations
    apart = dataclasses.replace(one, methods=("linear",), prefix="apart")
    assert len(dataclasses.replace(pattern, evaluations=(one, apart)).written_out().evaluations) == 4
    with pytest.raises(ValueError, match="/transfer: tiny: linear: in two .* one, or give each a prefix of its own$"):
        dataclasses.replace(pattern, evaluations=(one, dataclasses.replace(apart, prefix="tiny"))).written_out()
    with pytest.raises(ValueError, match="/transfer: 1-NN Euclid: in two evaluations.*: leave it out of one$"):
        baseline = dataclasses.replace(apart, methods=("1-NN Euclid",))
        dataclasses.replace(pattern, evaluations=(one, baseline)).written_out()


def test_what_no_suite_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="expected no benchmark, because each gets the evaluation"):
        Suite(leave_out=("utd_mhad",), evaluations=(Evaluation(benchmark="sbu", task="retrieval"),))


@pytest.mark.parametrize("name", ["unseen", "unseen_small"])
def test_the_unseen_suites_leave_every_set_out_of_its_own_pretraining(name: str) -> None:
    written = suite_file.load(name).written_out()
    assert {one.benchmark for one in written.evaluations} == {
        "utd_mhad", "msraction3d", "utkinect", "msrc12", "sbu", "nuisi", "bandai_namco", "cmu_mocap"
    }  # fmt: skip
    for one in written.evaluations:
        for weights_of in one.weights:
            sets = written.pretraining[weights_of].load(0).data.sets
            assert one.benchmark not in sets and len(sets) == 7


def test_a_mean_is_of_all_sets_or_none() -> None:
    def cell(benchmark: str, method: str, value: float) -> Cell:
        return Cell(
            task="transfer", benchmark=benchmark, method=method, seed=0, scores={"all": {"accuracy": value}}, seconds=1
        )

    other = dataclasses.replace(BENCHMARK, name="other", data="sbu", protocol="five_fold/1")
    page = by_set.tables(
        [
            (BENCHMARK, "transfer", [cell("made", "linear", 50.0), cell("made", "1-NN", 40.0)]),
            (other, "transfer", [cell("other", "linear", 60.0)]),
        ]
    )
    assert "| method | made | other | **mean** |" in page
    assert "| linear | 50.0 | 60.0 | **55.0** |" in page
    assert "| 1-NN | 40.0 | - | - |" in page


def test_two_benchmarks_of_one_set_have_a_column_each() -> None:
    cells = {
        name: Cell(
            task="transfer", benchmark=name, method="linear", seed=0, scores={"all": {"accuracy": value}}, seconds=1
        )
        for name, value in (("made", 50.0), ("other", 60.0))
    }
    benchmarks = [dataclasses.replace(BENCHMARK, name=name) for name in cells]
    page = by_set.tables([(one, "transfer", [cells[one.name]]) for one in benchmarks])
    assert "| linear | 50.0 | 60.0 | **55.0** |" in page


def test_instants_are_clips_where_the_benchmark_says_how_long(tmp_path: Path) -> None:
    acted = [recording(f"{label}{s}", label, s) for s in ("p01", "p13") for label in ("up", "push")]
    instants = [
        dataclasses.replace(one, label=None, segments=(Segment("0", str(one.label), 0.7, 0.7),)) for one in acted
    ]
    write_set(tmp_path / "stores", "msrc12", instants)
    settings = {"transfer": TaskSettings(metric="accuracy", heads=("nearest",))}
    made = dataclasses.replace(
        BENCHMARK, name="instants", data="msrc12", protocol="held_out_persons", tasks=settings, half_width=0.5
    )
    config.dump(made, tmp_path / "instants.yaml")
    evaluation = Evaluation(
        benchmark=str(tmp_path / "instants.yaml"), task="transfer", weights=("none",), methods=("1-NN",)
    )
    nothing = {"none": Pretraining(config="pretrain_open.yaml")}
    chosen = Suite(seeds=(0,), pretraining=nothing, evaluations=(evaluation,))
    given = Pretrained.open(weights(tmp_path / "weights"))
    ((_, _, (cell,)),) = suite.run(chosen, tmp_path / "stores", tmp_path / "out", CPU, given=given)
    assert cell.scores["all"]["accuracy"] == 100.0
    config.dump(dataclasses.replace(made, half_width=0.0), tmp_path / "instants.yaml")
    with pytest.raises(ValueError, match="have no labelled clips or segments"):
        suite.run(chosen, tmp_path / "stores", tmp_path / "out", CPU, given=given)
