"""The task "stream": what is counted, what a mirror shows, and that a set that is left out is in nothing."""

import dataclasses
from pathlib import Path

import pytest
import torch
from helpers.small_benchmark import BENCHMARK, CPU
from helpers.streaming import ENCODER as STREAMING_ENCODER
from helpers.trimmed import trimmed

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data import vocabulary
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.data.vocabulary import Label, Vocabulary
from usdrl_model.evaluation.baselines.frame_wise import frame_wise
from usdrl_model.evaluation.baselines.nearest import fit_euclid
from usdrl_model.evaluation.benchmark import Benchmark, TaskSettings
from usdrl_model.evaluation.calibration import CalibrationConfig
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.predict import Prediction, predict
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.report.pictures import write_pictures
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.stream import streams
from usdrl_model.evaluation.stream.fit_and_score import check_unseen, fit_and_score
from usdrl_model.evaluation.stream.methods import METHODS, Baseline, Material
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.sources import SourceConfig
from usdrl_model.windows.picture import planar

ENCODER = EncoderConfig(hidden=16, heads=2, people=1, frames=16, streams=("temporal",), velocity=True)
LEFT_OUT = dataclasses.replace(
    BENCHMARK,
    name="left_out",
    data="utd_mhad",
    tasks={"stream": TaskSettings(metric="stream_recall", heads=("dense",))},
)
WORDS = Vocabulary(
    labels={
        "wave": Label(description="A hand", sources={"utd_mhad": ("wave",), "msraction3d": ("wave",)}),
        "swipe_left": Label(description="To the left", sources={"utd_mhad": ("clap",)}, mirror="swipe_right"),
        "swipe_right": Label(description="To the right", sources={"msraction3d": ("clap",)}, mirror="swipe_left"),
    }
)


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """Two sets of trimmed clips, one a person and label, under whose protocols subject 2 is tested."""
    for name, tags in (("utd_mhad", {}), ("msraction3d", {"listed": "yes"})):
        clips = [
            dataclasses.replace(trimmed(label, who), name=f"{label}{who}", tags=tags)
            for label in ("wave", "clap")
            for who in (("1", "2") if name == "utd_mhad" else ("01", "02"))
        ]
        write_set(tmp_path / "stores", name, clips)
    config.dump(WORDS, tmp_path / "words.yaml")
    return tmp_path / "stores"


def protocol(tmp_path: Path, **changes: object) -> StreamProtocol:
    asked = StreamProtocol(
        vocabulary=str(tmp_path / "words.yaml"), detector=str(tmp_path / "finetune.yaml"), calibration=""
    )
    return dataclasses.replace(asked, **changes)  # type: ignore[arg-type]


def test_everybody_in_the_set_is_run_and_minutes_limit_it(stores: Path) -> None:
    own = Store.open(stores).select(sets=["utd_mhad"])
    assert {one.subject for one in streams.of(own, WORDS, 0)} == {"1", "2"}
    whole = sum(len(one.segments) for one in streams.of(own, WORDS, 0))
    few = sum(len(one.segments) for one in streams.of(own, WORDS, 0, minutes=0.1))
    assert (whole, few) == (4, 3)


def test_a_continuous_recording_without_an_action_of_the_vocabulary_is_run_for_its_false_alarms(tmp_path: Path) -> None:
    clip = trimmed("bow")
    foreign = Recording(
        "foreign", clip.topology, clip.frames, segments=(Segment("7", "bow", 5.5, 6.0),), labels=("bow", "wave", "clap")
    )
    write_set(tmp_path, "utd_mhad", [foreign])
    (shown,) = streams.of(Store.open(tmp_path), WORDS, 0)
    assert (shown.name, shown.segments, len(shown.frames)) == ("foreign", (), len(clip.frames))


def detector(folder: Path, *sets: str, subjects: tuple[str, ...] = (), split: str = "") -> Path:
    torch.manual_seed(0)
    shape = DetectorConfig(labels=("none", "wave"), encoder=ENCODER, rate=10.0)
    made = Provenance(data=tuple(DataUsed(set=name, subjects=subjects, split=split) for name in sets), complete=True)
    detector_file.save(folder, Detector(shape).eval(), StreamConfig(look_ahead=0.2, smoothing=0.0), made)
    return folder


def test_a_detector_is_scored_as_it_is_and_kept(stores: Path, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d"))
    run = lambda: fit_and_score(  # noqa: E731
        LEFT_OUT, stores, [METHODS["as it is"]], weights=given, protocol=protocol(tmp_path), seeds=[0, 1],
        cells=Cells(tmp_path / "out" / "cells"), device=CPU,
    )  # fmt: skip
    (cell,) = run()
    assert {"stream_recall", "false_alarms_per_hour", "mirrored_recall", "sides_apart"} <= set(cell.scores["all"])
    assert cell.details["actions"]["wave"]["true"] == 2
    assert run() == [cell]
    assert [path.name for path in write_pictures([cell], tmp_path / "pictures")] == ["timelines.png"]


def test_people_are_run_in_one_thread_and_what_comes_after_in_as_many_as_before(
    stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(recording: Recording, stream: ActionStream) -> Prediction:
        threads.append(torch.get_num_threads())
        return predict(recording, stream)

    threads: list[int] = []
    monkeypatch.setattr("usdrl_model.evaluation.stream.fit_and_score.predict", counted)
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d"))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit_and_score(
            LEFT_OUT, stores, [METHODS["as it is"]], weights=given, protocol=protocol(tmp_path), seeds=[0],
            cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
        assert threads and set(threads) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_detector_with_other_thresholds_is_another_detector(stores: Path, tmp_path: Path) -> None:
    def run() -> Cell:
        (cell,) = fit_and_score(
            LEFT_OUT, stores, [METHODS["as it is"]], weights=Pretrained.open(tmp_path / "given"),
            protocol=protocol(tmp_path, mirrored=False), seeds=[0], cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
        return cell

    loaded = detector_file.load(detector(tmp_path / "given", "msraction3d"), "cpu")
    run()
    events = dataclasses.replace(loaded.config.stream.events, on_threshold=0.05, off_threshold=0.01)
    stream = dataclasses.replace(loaded.config.stream, events=events)
    detector_file.save(tmp_path / "given", loaded.trained, stream, loaded.config.provenance)
    run()
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 2


def test_another_teacher_of_the_same_path_makes_another_cell(stores: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    run = config.load(FinetuneConfig, tmp_path / "finetune.yaml")
    teacher = tmp_path / "teacher"
    shape = DetectorConfig(labels=("none", "wave", "swipe_left", "swipe_right"), encoder=ENCODER, rate=10.0)
    config.dump(dataclasses.replace(run, teacher=str(teacher)), tmp_path / "finetune.yaml")
    torch.manual_seed(0)
    USDRL(ENCODER).save_pretrained(tmp_path / "given", Provenance(complete=True))
    for seed in (0, 1):
        torch.manual_seed(seed)
        detector_file.save(teacher, Detector(shape).eval(), run.stream, Provenance(complete=True))
        fit_and_score(
            LEFT_OUT, stores, [METHODS["fine-tuned"]], weights=Pretrained.open(tmp_path / "given"), protocol=asked,
            seeds=[0], cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 2
    assert len(list((tmp_path / "out" / "detectors").iterdir())) == 2


def test_a_detector_that_knows_the_set_is_refused(stores: Path, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d", "utd_mhad"))
    with pytest.raises(ValueError, match="was trained on utd_mhad, which must be new to it"):
        fit_and_score(
            LEFT_OUT, stores, [METHODS["as it is"]], weights=given, protocol=protocol(tmp_path), seeds=[0],
            cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip


def test_a_detector_of_the_training_part_is_scored_on_the_test_part(stores: Path, tmp_path: Path) -> None:
    def run(*subjects: str) -> Cell:
        given = Pretrained.open(detector(tmp_path / "".join(subjects), "utd_mhad", subjects=subjects))
        (cell,) = fit_and_score(
            LEFT_OUT, stores, [METHODS["as it is"]], weights=given, protocol=protocol(tmp_path, people="test"),
            seeds=[0], cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
        return cell

    assert run("1").details["actions"]["wave"]["true"] == 1
    with pytest.raises(ValueError, match="know only cross_subject/train, .* was trained on 2"):
        run("1", "2")
    with pytest.raises(ValueError, match=r"was trained on utd_mhad \(all of it\)"):
        run()


@pytest.fixture
def folded(tmp_path: Path) -> Benchmark:
    """One of two people in turn; the first waves once, the second twice."""
    clips = [
        dataclasses.replace(trimmed("wave", who), name=f"{who}{take}")
        for who, take in (("1", "a"), ("2", "a"), ("2", "b"))
    ]
    write_set(tmp_path / "stores", "utkinect", clips)
    wave = Label(description="A hand", sources={"utkinect": ("wave",)})
    config.dump(Vocabulary(labels={"wave": wave}), tmp_path / "words.yaml")
    folds = ("leave_one_subject_out/1", "leave_one_subject_out/2")
    return dataclasses.replace(LEFT_OUT, data="utkinect", protocol="leave_one_subject_out", folds=folds)


def test_the_test_part_of_another_fold_is_another_cell(folded: Benchmark, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d"))
    turned = dataclasses.replace(folded, folds=folded.folds[::-1])
    waves = []
    for benchmark in (folded, turned):
        (cell,) = fit_and_score(
            benchmark, tmp_path / "stores", [METHODS["as it is"]], weights=given,
            protocol=protocol(tmp_path, people="test", mirrored=False), seeds=[0],
            cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
        waves.append(cell.details["actions"]["wave"]["true"])
    assert waves == [1, 2]


def test_only_the_fold_that_is_scored_has_to_be_new_to_a_detector(folded: Benchmark, tmp_path: Path) -> None:
    asked = protocol(tmp_path, people="test")
    split = f"{folded.folds[0]}/train"
    given = Pretrained.open(detector(tmp_path / "given", "utkinect", subjects=("2",), split=split))
    check_unseen(given, folded, tmp_path / "stores", asked)
    with pytest.raises(ValueError, match="know only leave_one_subject_out/2/train, .* was trained on 2"):
        check_unseen(given, dataclasses.replace(folded, folds=folded.folds[::-1]), tmp_path / "stores", asked)


def trained_on(tmp_path: Path) -> StreamProtocol:
    """One person of each set to train on, the other to choose thresholds on."""
    run = FinetuneConfig(
        vocabulary=str(tmp_path / "words.yaml"),
        detector=DetectorConfig(labels=("none",), encoder=ENCODER, rate=10.0),
        stream=StreamConfig(look_ahead=0.2, smoothing=0.0),
        sources=(
            SourceConfig(name="utd_mhad", subjects=("1",), compose=True),
            SourceConfig(name="msraction3d", subjects=("01",), compose=True),
        ),
        steps=3,
        batch_size=4,
    )
    chosen = CalibrationConfig(
        vocabulary=run.vocabulary,
        sources=(
            SourceConfig(name="utd_mhad", subjects=("2",), compose=True),
            SourceConfig(name="msraction3d", subjects=("02",), compose=True),
        ),
    )
    config.dump(run, tmp_path / "finetune.yaml")
    config.dump(chosen, tmp_path / "calibrate.yaml")
    return protocol(tmp_path, calibration=str(tmp_path / "calibrate.yaml"), examples=40, mirrored=False)


def test_the_set_is_neither_in_training_nor_in_the_choice_of_thresholds(stores: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    baseline = Baseline(title="1-NN", learn=frame_wise(fit_euclid))
    cells = fit_and_score(
        LEFT_OUT, stores, [METHODS["from scratch"], baseline], weights=None, protocol=asked, seeds=[0],
        cells=Cells(tmp_path / "out" / "cells"), device=CPU,
    )  # fmt: skip
    assert [cell.method for cell in cells] == ["from scratch", "1-NN"]
    (folder,) = (tmp_path / "out" / "detectors").iterdir()
    made = detector_file.load(folder / "calibrated", "cpu").config
    assert [(one.set, one.stage, one.subjects) for one in made.provenance.data] == [
        ("msraction3d", "training", ("01",)),
        ("msraction3d", "calibration", ("02",)),
    ]
    assert made.detector.labels == ("none", "wave", "swipe_left", "swipe_right"), "what the other set and mirrors show"
    assert set(made.stream.events.label_on_threshold) == {"wave", "swipe_left", "swipe_right"}


@pytest.mark.parametrize("part", ["weights", "calibrated"])
def test_an_evaluation_goes_on_where_a_detector_was_being_written(stores: Path, tmp_path: Path, part: str) -> None:
    asked = trained_on(tmp_path)
    run = lambda: fit_and_score(  # noqa: E731
        LEFT_OUT, stores, [METHODS["from scratch"]], weights=None, protocol=asked, seeds=[0],
        cells=Cells(tmp_path / "out" / "cells"), device=CPU,
    )  # fmt: skip
    (cell,) = run()
    (path,) = (tmp_path / "out" / "cells").glob("*.json")
    path.unlink()
    (folder,) = (tmp_path / "out" / "detectors").iterdir()
    (folder / part / "config.json").unlink()
    (again,) = run()
    assert again.scores == cell.scores
    assert (folder / part / "config.json").is_file()


def test_nothing_is_trained_where_one_of_the_methods_cannot_start(stores: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fine-tuned: expected pretrained weights, got none"):
        fit_and_score(
            LEFT_OUT, stores, [METHODS["from scratch"], METHODS["fine-tuned"]], weights=None,
            protocol=trained_on(tmp_path), seeds=[0], cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_detector_of_pictures_is_trained_on_windows_with_depth(tmp_path: Path) -> None:
    encoder = dataclasses.replace(ENCODER, masked=True, flat=True)
    run = FinetuneConfig(
        detector=DetectorConfig(labels=("none", "wave"), encoder=encoder, rate=10.0),
        augment=AugmentConfig(yaw=0.0, tilt=0.0),
        sources=(SourceConfig(name="performer", minutes=1),),
    )
    given = Material(run=run, calibration=None, store=Store([]), weights=None, examples=1, folder=tmp_path, device=CPU)
    _, mixture = given.training
    assert not planar(mixture.windows.x).any(), "every step takes pictures of its own"


def test_weights_of_a_conformer_are_fine_tuned_as_a_streaming_detector(stores: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    run = config.load(FinetuneConfig, tmp_path / "finetune.yaml")
    shape = DetectorConfig(labels=("none",), encoder=STREAMING_ENCODER, rate=10.0, delay=2)
    config.dump(dataclasses.replace(run, detector=shape), tmp_path / "streaming.yaml")
    torch.manual_seed(0)
    USDRL(STREAMING_ENCODER).save_pretrained(tmp_path / "given", Provenance(complete=True))
    (cell,) = fit_and_score(
        LEFT_OUT, stores, [METHODS["fine-tuned"]], weights=Pretrained.open(tmp_path / "given"),
        protocol=dataclasses.replace(asked, streaming=str(tmp_path / "streaming.yaml")), seeds=[0],
        cells=Cells(tmp_path / "out" / "cells"), device=CPU,
    )  # fmt: skip
    assert cell.method == "fine-tuned"
    (folder,) = (tmp_path / "out" / "detectors").iterdir()
    made = detector_file.load(folder / "calibrated", "cpu").config
    assert (made.detector.streaming, made.detector.delay) == (True, 2)
    assert made.provenance.start == str(tmp_path / "given")


def test_baselines_of_a_streaming_recipe_are_refused_before_anything_is_trained(stores: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    run = config.load(FinetuneConfig, tmp_path / "finetune.yaml")
    shape = DetectorConfig(labels=("none",), encoder=STREAMING_ENCODER, rate=10.0, delay=2)
    config.dump(dataclasses.replace(run, detector=shape), tmp_path / "finetune.yaml")
    with pytest.raises(ValueError, match="TCN: baselines know no missing joints: take a recipe of windows in space"):
        fit_and_score(
            LEFT_OUT, stores, [METHODS["from scratch"], METHODS["TCN"]], weights=None, protocol=asked, seeds=[0],
            cells=Cells(tmp_path / "out" / "cells"), device=CPU,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_without_any_other_set_there_is_nothing_to_train_on(stores: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    with pytest.raises(ValueError, match="sources: nothing is left without utd_mhad, msraction3d"):
        asked.training(("utd_mhad", "msraction3d"), 0)
    with pytest.raises(ValueError, match="sources: nothing is left"):
        asked.calibrating(("utd_mhad", "msraction3d"))


def test_the_vocabulary_of_the_protocol_is_there() -> None:
    assert "wave" in vocabulary.load(StreamProtocol().vocabulary).labels
