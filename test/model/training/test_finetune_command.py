"""Training as a command: what cannot work ends in one line, and what is trained on comes from stores."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

import pytest
import torch
from helpers.paths import ROOT, public
from helpers.tiny_finetuning import RECORDINGS, RUN

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.cli import main
from usdrl_model.data import catalogue
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import detection_scores
from usdrl_model.network.detector import Detector
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.finetuning import run_data, train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.labels import filled
from usdrl_model.training.finetuning.mixture import windows_of
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import open_store, recordings, training_part


@pytest.mark.parametrize("name", ["hri", "streaming"])
def test_the_shipped_configuration_fits_the_shipped_weights(name: str) -> None:
    run = filled(config.load(FinetuneConfig, ROOT / "config" / f"finetune_{name}.yaml"))
    weights = detector_file.load({"streaming": "hri_streaming"}.get(name, name))
    assert run.detector == weights.config.detector
    chosen = weights.config.stream.events.label_on_threshold
    events = dataclasses.replace(run.stream.events, label_on_threshold=chosen)
    assert dataclasses.replace(run.stream, events=events) == weights.config.stream
    assert f"config/finetune_{name}.yaml" in weights.config.provenance.command


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["validation_subjects=[dora]"], "['dora'] have no recording in own; there are ['a', 'b', 'c']"),
        (["sources=[{name: own, split: standard/train}]", "validation_subjects=[c]"], "['c'] are trained on, too"),
        (
            ["sources=[{name: own, split: leave_one_subject_out/b/test, subjects: [a]}]"],
            "own: subjects ['a'] have no recording in leave_one_subject_out/b/test; there are ['a', 'b', 'c']",
        ),
        (["detector.labels=[none]"], "detector.labels: expected the actions to learn, or a vocabulary that names them"),
        (["batch_size=1000000000000"], "not enough memory"),
        (["--threads", "-3"], "--threads: expected 0 (all cores) to 1024, got -3"),
    ],
)
def test_commands_that_cannot_work_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture, more: list[str], message: str
) -> None:
    config.dump(RUN, tmp_path / "run.yaml")
    write_set(tmp_path / "stores", "own", RECORDINGS)
    data, run = str(tmp_path / "stores"), str(tmp_path / "run.yaml")
    assert main.main(["finetune", "--config", run, "--data", data, "--out", str(tmp_path / "out"), *more]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("usdrl finetune: ")
    assert message in said


def test_a_folder_of_official_files_is_refused_with_the_command_that_imports_it(tmp_path: Path) -> None:
    source = SourceConfig(name="utkinect", subjects=("01",))
    (tmp_path / "data" / "utkinect").mkdir(parents=True)
    for given in (tmp_path / "data", tmp_path / "data" / "utkinect"):
        with pytest.raises(ValueError, match=f"usdrl data import utkinect {tmp_path}/data/utkinect --store STORE"):
            open_store([source], given)
    write_set(tmp_path / "stores", "own", RECORDINGS)
    with pytest.raises(ValueError, match=f"usdrl data import utkinect FOLDER --store {tmp_path}/stores"):
        open_store([source], tmp_path / "stores")
    with pytest.raises(ValueError, match="usdrl data import own FOLDER --name kitchen --store"):
        open_store([SourceConfig(name="kitchen", split="standard/train")], tmp_path / "stores")


def test_simulated_people_need_no_store() -> None:
    performer = SourceConfig(name="performer", minutes=1)
    assert open_store([performer], None) is None
    with pytest.raises(ValueError, match="--data: expected a store that holds utkinect"):
        open_store([performer, SourceConfig(name="utkinect", subjects=("01",))], None)
    assert recordings(performer, None, 0, RUN.detector)[0].name == "performer_0"


def test_recordings_without_named_people_are_chosen_by_a_split(tmp_path: Path) -> None:
    unnamed = [dataclasses.replace(one, subject=None) for one in RECORDINGS]
    write_set(tmp_path, "kitchen", unnamed)
    for split, count in (("standard/train", 3), ("leave_one_recording_out/a/train", 2)):
        source = SourceConfig(name="kitchen", split=split)
        store = open_store([source], tmp_path)
        assert sum(map(source.trains_on, recordings(source, store, 0, RUN.detector))) == count
        assert store is not None and len(training_part(source, store)) == count
    with pytest.raises(ValueError, match="name the people to train on"):
        SourceConfig(name="kitchen")


def test_a_detector_that_needs_depth_learns_from_no_picture(tmp_path: Path) -> None:
    drawn = [
        dataclasses.replace(one, frames=tuple(dataclasses.replace(frame, flat=True) for frame in one.frames))
        for one in RECORDINGS
    ]
    write_set(tmp_path, "own", drawn)
    store = open_store(RUN.sources, tmp_path)
    with pytest.raises(ValueError, match="own: joints are in a picture, and this detector refuses such ones live"):
        run_data.recordings(RUN, store)
    encoder = dataclasses.replace(RUN.detector.encoder, masked=True, flat=True)
    pictures = dataclasses.replace(
        RUN, detector=dataclasses.replace(RUN.detector, encoder=encoder), augment=AugmentConfig(yaw=0.0, tilt=0.0)
    )
    assert len(run_data.recordings(pictures, store)[0]) == len(drawn)


def test_clips_in_the_labels_of_the_detector_show_their_label(tmp_path: Path) -> None:
    """Their label is trained on, validated and calibrated on as where a table says that it is the same."""
    clips = [dataclasses.replace(one, segments=(), label="hand_up", labels=("hand_up",)) for one in RECORDINGS]
    write_set(tmp_path, "own", clips)
    source = RUN.sources[0]
    store = open_store([source], tmp_path)
    told = recordings(dataclasses.replace(source, labels={"hand_up": "hand_up"}), store, 0, RUN.detector)
    same = recordings(source, store, 0, RUN.detector)
    assert [one.segments for one in same] == [one.segments for one in told]
    run = dataclasses.replace(RUN, validation_subjects=("c",))
    given = run_data.recordings(run, store)
    validation = run_data.validation(run, run_data.held_out(run, given))
    assert validation is not None
    for windows in (run_data.mixture(run, given).windows, validation):
        assert windows.y[windows.seen].double().mean() > 0.5
    other = dataclasses.replace(RUN.detector, labels=("none", "clap"))
    with pytest.raises(
        ValueError, match=r"hand_up not among the labels none, clap: say .*, or add them to detector\.labels"
    ):
        run_data.mixture(dataclasses.replace(RUN, detector=other), given)


@pytest.mark.parametrize("compose", [False, True])
def test_segments_of_a_clip_are_kept_with_a_table_as_without(tmp_path: Path, compose: bool) -> None:
    write_set(tmp_path, "own", [dataclasses.replace(one, label="hand_up") for one in RECORDINGS])
    source = dataclasses.replace(RUN.sources[0], compose=compose)
    store = open_store([source], tmp_path)
    told = recordings(dataclasses.replace(source, labels={"hand_up": "hand_up"}), store, 0, RUN.detector)
    assert [one.segments for one in told] == [one.segments for one in RECORDINGS]
    clip = dataclasses.replace(source, labels={"hand_up": "hand_up"}, compose=False, window="clip")
    assert [one.label for one in recordings(clip, store, 0, RUN.detector)] == ["hand_up"] * len(RECORDINGS)


@pytest.mark.parametrize("table", [{}, {"hand_up": "hand_up"}])
def test_what_nobody_can_tell_needs_no_place_among_the_labels(tmp_path: Path, table: dict[str, str]) -> None:
    """Neither in those of a set, nor in the table of a source; nothing is learnt from it, and it is no class."""
    begin = RECORDINGS[0].frames[0].stamp
    doubt = Segment("1", AMBIGUOUS, begin, begin + 1.0)
    write_set(tmp_path, "own", [dataclasses.replace(one, segments=(*one.segments, doubt)) for one in RECORDINGS[:1]])
    store = Store.open(tmp_path)
    assert store.labels == ("hand_up",)
    (found,) = recordings(dataclasses.replace(RUN.sources[0], labels=table), store, 0, RUN.detector)
    assert doubt in found.segments
    windows = windows_of(RUN.sources[0], [found], RUN.detector, max_gap=1.0, stride=2)
    assert not windows.seen[0].any()
    assert windows.seen[-1].all()
    assert set(labelled(store, RUN.detector.encoder.window, "own").labels) == {"hand_up"}


def test_clips_whose_segments_a_table_does_not_list_are_left_out(tmp_path: Path) -> None:
    labels = ("hand_up", "talk")
    first, *others = (dataclasses.replace(one, label="hand_up", labels=labels) for one in RECORDINGS)
    more = dataclasses.replace(first, segments=(*first.segments, dataclasses.replace(first.segments[0], label="talk")))
    write_set(tmp_path, "own", [more, *others])
    source = dataclasses.replace(RUN.sources[0], labels={"hand_up": "hand_up"})
    assert [one.name for one in recordings(source, open_store([source], tmp_path), 0, RUN.detector)] == [
        one.name for one in others
    ]


def test_where_a_table_lists_too_little_for_every_recording_it_says_what_to_list(tmp_path: Path) -> None:
    labels = ("hand_up", "sit", "talk")
    shown = (dataclasses.replace(RECORDINGS[0].segments[0], label=label) for label in labels)
    write_set(tmp_path, "own", [dataclasses.replace(RECORDINGS[0], labels=labels, segments=tuple(shown))])
    source = dataclasses.replace(RUN.sources[0], labels={"hand_up": "hand_up"})
    said = r"own: 0 of 1 recordings left: .* \(sit, talk\); list every label of the set, as none what the detector"
    with pytest.raises(ValueError, match=said):
        recordings(source, open_store([source], tmp_path), 0, RUN.detector)


def test_windows_from_a_store_are_those_of_the_published_files(tmp_path: Path) -> None:
    """UTKinect is published as text: float64 keeps every bit of it, float32 keeps it within a micrometre."""
    run = config.load(FinetuneConfig, ROOT / "config" / "finetune_utkinect10.yaml")
    source = dataclasses.replace(run.sources[0], subjects=("01",))
    published = [one for one in catalogue.load("utkinect", public("utkinect")) if one.subject == "01"]

    def windows(of: list[Recording]) -> train.Windows:
        return windows_of(source, of, run.detector, max_gap=run.stream.max_gap, stride=run.stride)

    stored = {}
    for dtype in ("float64", "float32"):
        write_set(tmp_path / dtype, "utkinect", published, dtype=dtype)
        stored[dtype] = windows(recordings(source, open_store([source], tmp_path / dtype), 0, RUN.detector))
    expected = windows(published)
    for name in ("x", "y", "seen"):
        assert torch.equal(getattr(stored["float64"], name), getattr(expected, name)), name
    torch.testing.assert_close(stored["float32"].x, expected.x, rtol=0.0, atol=2e-6)


def test_no_onset_that_was_found_has_no_delay() -> None:
    scores = {
        "segment_f1": {"0.5": 0.0}, "overall": {"0.5": {"f1": 0.0}}, "frame_accuracy": 0.5,
        "onset_delay": {"median": None, "p90": None}, "false_alarms_per_hour": 0.0,
    }  # fmt: skip
    assert "onset delay -, 0 false alarms/h" in detection_scores.summary(scores)


def test_people_are_validated_on_whom_nothing_has_learnt_from(tmp_path: Path) -> None:
    again = SourceConfig(name="own", subjects=("c",))
    with pytest.raises(ValueError, match=r"subjects \['c'\] are both trained on"):
        dataclasses.replace(RUN, sources=(*RUN.sources, again), validation_subjects=("c",))
    two = dataclasses.replace(
        RUN, sources=(*RUN.sources, SourceConfig(name="own", split="standard/train")), validation_subjects=("c",)
    )
    with pytest.raises(ValueError, match=r"\['c'\] are trained on, too: leave them out of own's subjects"):
        run_data.held_out(two, [RECORDINGS, RECORDINGS])


@pytest.mark.parametrize("role", ["init_from", "teacher"])
@pytest.mark.parametrize(("knows", "stage", "refused"), [
    (("a", "c"), "training", True), ((), "training", True), (("a",), "training", False), (("c",), "pretraining", False),
])  # fmt: skip
def test_what_a_run_starts_from_has_not_learnt_from_them_either(
    tmp_path: Path, role: str, knows: tuple[str, ...], stage: Literal["training", "pretraining"], refused: bool
) -> None:
    made = Provenance(data=(DataUsed(set="own", subjects=knows, stage=stage),), complete=True)
    detector_file.save(tmp_path / "before", Detector(RUN.detector), RUN.stream, made)
    run = dataclasses.replace(RUN, validation_subjects=("c",), **{role: str(tmp_path / "before")})
    if not refused:
        assert run_data.held_out(run, [RECORDINGS]) == RECORDINGS[2:]
        return
    with pytest.raises(ValueError, match=r"before was trained on \['c'\] of own, or may have been: name others, or"):
        run_data.held_out(run, [RECORDINGS])


def test_validation_of_people_who_do_nothing_has_no_scores(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_set(tmp_path / "stores", "own", [*RECORDINGS[:2], dataclasses.replace(RECORDINGS[2], segments=())])
    config.dump(dataclasses.replace(RUN, steps=2, validation_subjects=("c",)), tmp_path / "run.yaml")
    words = ["--config", str(tmp_path / "run.yaml"), "--data", str(tmp_path / "stores"), "--out", str(tmp_path / "out")]
    assert main.main(["finetune", *words, "--device", "cpu", "stream.events.on_threshold=1.0"]) == 0
    said = "frame accuracy 100.0, segment F1@10/25/50 -/-/-, event F1 -/-/-, onset delay -, 0 false alarms/h"
    assert capsys.readouterr().out.splitlines()[-1] == said
    assert json.loads((tmp_path / "out" / "validation.json").read_text())["segment_f1"]["0.5"] is None
    empty = dataclasses.replace(RECORDINGS[2], frames=())
    nobody = detection_scores.detection(detector_file.load(tmp_path / "out" / "weights", "cpu"), [empty])
    assert detection_scores.summary(nobody).startswith("frame accuracy -, ")
    assert detection_scores.summary(nobody).endswith(", - false alarms/h")


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["--config", str(ROOT / "config" / "finetune_utkinect10.yaml"), "--data", str(tmp_path)]
    assert main.main(["finetune", *arguments, "--out", str(tmp_path / "run")]) == 1
    assert "usdrl data import utkinect FOLDER" in capsys.readouterr().err
    assert main.main(["finetune", *arguments, "--out", str(tmp_path / "run"), "stepz=3"]) == 1
    assert "steps" in capsys.readouterr().err


def test_labels_of_a_source_that_its_set_has_not_are_refused_and_what_is_left_out_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (label,) = {segment.label for one in RECORDINGS for segment in one.segments}
    named = [
        dataclasses.replace(one, name=str(number), labels=(label, "talk")) for number, one in enumerate(RECORDINGS)
    ]
    talked = dataclasses.replace(named[0].segments[0], label="talk")
    write_set(tmp_path, "own", [*named[1:], dataclasses.replace(named[0], segments=(*named[0].segments, talked))])
    everybody = SourceConfig(name="own", split="standard/train")
    store = open_store((everybody,), tmp_path)

    def kept(*labels: str) -> int:
        return len(
            recordings(dataclasses.replace(everybody, labels=dict.fromkeys(labels, "none")), store, 0, RUN.detector)
        )

    with pytest.raises(ValueError, match="own: labels: no recording shows 'tlak'; did you mean 'talk'"):
        kept(label, "tlak")
    assert kept(label, "talk") == len(named)
    assert not caplog.records
    assert kept(label) == len(named) - 1
    assert f"own: 1 of {len(named)} recordings are left out" in caplog.text and caplog.text.endswith("talk\n")
