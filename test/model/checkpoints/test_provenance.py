"""Where weights come from is data: it is written by what makes them, and believed by what must not test on it."""

import dataclasses
import json
import logging
from pathlib import Path

import pytest
import torch
from helpers.small_benchmark import BENCHMARK, ENCODER, RECIPE, made_on, recording, sbu, utd, weights

from usdrl_model import config
from usdrl_model.checkpoints import code_version, detector_file, encoder_file, hub, shipped
from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.checkpoints.pretrained_models import USDRL, Downstream
from usdrl_model.checkpoints.provenance import DataUsed, Provenance, summary
from usdrl_model.cli import main
from usdrl_model.data import catalogue
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import evaluate
from usdrl_model.evaluation.pretrained import Pretrained, known_people, known_recordings
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.finetuning import init_from
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.pretraining import run_data
from usdrl_model.training.pretraining.config import DataConfig, PretrainConfig


def test_pretraining_says_which_people_of_which_set_by_which_code(tmp_path: Path) -> None:
    store = Store.open(utd(tmp_path)).select(split="standard/train")
    run = PretrainConfig(encoder=ENCODER, data=DataConfig(sets=("utd_mhad",)))
    made = run_data.provenance(run, store, "usdrl pretrain")
    (used,) = made.data
    assert (used.set, used.stage, used.split) == ("utd_mhad", "pretraining", "cross_subject/train")
    assert used.subjects == ("1", "3")
    assert "research" in used.terms
    assert used.hash == store.hash
    assert made.complete
    assert made.code == code_version.current()
    assert len(made.code.hash) == 16


def test_two_parts_of_one_set_are_both_told() -> None:
    used = [DataUsed(set="jhmdb2d", split=f"split_{number}/train") for number in (1, 2, 1)]
    made = Provenance(data=tuple(used), complete=True)
    assert made.parts == tuple(used[:2])
    assert summary(made) == "jhmdb2d (split_1/train); jhmdb2d (split_2/train)"


def test_a_detector_knows_what_its_start_was_made_on(tmp_path: Path) -> None:
    store = Store.open(utd(tmp_path / "store"))
    source = SourceConfig(name="utd_mhad", subjects=("1",), share=0.7)
    run = dataclasses.replace(RECIPE, sources=(source,))
    scratch = init_from.provenance(run, store, "usdrl finetune")
    (used,) = scratch.data
    assert (used.set, used.subjects, used.share) == ("utd_mhad", ("1",), 0.7)
    assert used.hash == store.select(subjects=["1"]).hash
    by_split = dataclasses.replace(run, sources=(SourceConfig(name="utd_mhad", split="standard/train"),))
    (used,) = init_from.provenance(by_split, store, "usdrl finetune").data
    assert (used.split, used.subjects) == ("cross_subject/train", ("1", "3"))
    assert scratch.complete
    began = init_from.provenance(
        dataclasses.replace(run, init_from=str(weights(tmp_path / "a"))), store, "usdrl finetune"
    )
    assert began.sets == ("msraction3d", "sbu", "utd_mhad")
    assert began.complete
    USDRL(ENCODER).save_pretrained(tmp_path / "silent")
    began = init_from.provenance(dataclasses.replace(run, init_from=str(tmp_path / "silent")), store, "usdrl finetune")
    assert (began.sets, began.complete) == (("utd_mhad",), False)


def test_it_survives_in_the_files(tmp_path: Path) -> None:
    made = Provenance(
        data=(DataUsed(set="sbu", subjects=("s01s02",), split="five_fold/1/train", terms="academic"),),
        complete=True, command="x", configuration="1a", start="open", code=CodeVersion(version="1", hash="2b"),
    )  # fmt: skip
    detector = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    detector_file.save(tmp_path / "detector", detector, StreamConfig(), made)
    assert detector_file.load(tmp_path / "detector", "cpu").config.provenance == made
    for name in ("model", "model.safetensors"):
        USDRL(ENCODER).save_pretrained(tmp_path / name, made)
        assert hub.find(tmp_path / name).config.provenance == made


def test_a_sentence_is_not_believed(tmp_path: Path) -> None:
    """What a file tells people beside its provenance decides nothing."""
    detector = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    detector_file.save(tmp_path / "told", detector, StreamConfig(), Provenance())
    path = tmp_path / "told" / "config.json"
    notes = {"command": "usdrl finetune", "sources": "utd_mhad (subjects 1), share 1"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "training": notes}))
    with pytest.raises(ValueError, match="training: unknown key"):
        detector_file.load(tmp_path / "told", "cpu")


def test_transfer_to_a_set_that_the_start_knew_is_refused(tmp_path: Path) -> None:
    start, source = weights(tmp_path / "a", sets="utd_mhad"), SourceConfig(name="sbu", subjects=("s01s02",))
    run = dataclasses.replace(RECIPE, init_from=str(start), sources=(source,))
    detector = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    detector_file.save(
        tmp_path / "b",
        detector,
        StreamConfig(),
        init_from.provenance(run, Store.open(sbu(tmp_path / "store")), "usdrl finetune"),
    )
    with pytest.raises(ValueError, match="was trained on utd_mhad, which must be new to it"):
        Pretrained.open(tmp_path / "b").check_unseen(BENCHMARK.target_sets)


def test_weights_that_do_not_say_are_said_to_be_unchecked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    USDRL(ENCODER).save_pretrained(tmp_path / "silent")
    silent, known = Pretrained.open(tmp_path / "silent"), Pretrained.open(weights(tmp_path / "a"))
    with caplog.at_level(logging.WARNING):
        known.check_unseen(BENCHMARK.target_sets)
        assert not caplog.records
        silent.check_unseen(BENCHMARK.target_sets)
    assert "silent does not say all that it was made on" in caplog.text
    assert "data unknown" in evaluate.described(silent, BENCHMARK, Store.open(utd(tmp_path / "stores")))


def test_people_of_the_test_that_weights_know_are_named(tmp_path: Path) -> None:
    store = Store.open(utd(tmp_path / "stores"))
    cases = {
        ("cross_subject/train", ("1", "2", "3")): (),  # that part alone, whoever is in it
        ("", ("1", "2", "4")): ("2", "4"),
        ("", ("1", "3")): (),
    }
    again = dataclasses.replace(BENCHMARK, same_recordings=("sbu",))  # as NTU 120 has the people of NTU 60
    used = DataUsed(set="sbu", split="cross_subject/train", subjects=("2", "4"))
    USDRL(ENCODER).save_pretrained(tmp_path / "other", Provenance(data=(used,), complete=True))
    assert known_people(Pretrained.open(tmp_path / "other"), again, store) == ("2", "4")
    for number, ((split, subjects), known) in enumerate(cases.items()):
        used = DataUsed(set="utd_mhad", split=split, subjects=subjects)
        USDRL(ENCODER).save_pretrained(tmp_path / str(number), Provenance(data=(used,), complete=True))
        opened = Pretrained.open(tmp_path / str(number))
        assert known_people(opened, BENCHMARK, store) == known
        said = evaluate.described(opened, BENCHMARK, store)
        assert ("learnt from people of the test: 2, 4" in said) == bool(known)


def test_what_a_file_says_of_itself_is_short_and_printable(tmp_path: Path) -> None:
    long = "x" * 100_000
    code = CodeVersion(version="1\n[ERROR] forged", commit=long)
    made = Provenance(data=(DataUsed(set="\x1b[2J", subjects=(long,)), DataUsed(set=long)), code=code)
    detector = Detector(DetectorConfig(labels=("none", "up"), encoder=ENCODER))
    detector_file.save(tmp_path / "w", detector, StreamConfig(), made)
    described = detector_file.load(tmp_path / "w", "cpu").describe()
    for text in (summary(made), str(code), *described.values()):
        assert text.isprintable()
        assert len(text) <= 2000


def test_shipped_cards_name_the_data() -> None:
    for one in shipped.registry():
        card, made = (one.folder / "README.md").read_text(encoding="utf-8"), one.provenance
        titles = [catalogue.info(used.set).title if used.set != "performer" else "simulated" for used in made.data]
        assert [title for title in titles if title not in card] == []
        assert made.command.split(" --data")[0].split(" --config ")[1].split()[0] in card


def test_convert_takes_what_an_official_file_cannot_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shape = dataclasses.replace(ENCODER, streams=("temporal", "spatial"), velocity=False)
    torch.save({"state_dict": Downstream(shape, 7).state_dict()}, tmp_path / "x.pth")
    words = ["convert", str(tmp_path / "x.pth"), "--people", "1", "--heads", "2"]
    assert main.main([*words[:2], str(tmp_path / "a"), *words[2:], "--made-on", "ntu60"]) == 0
    made = encoder_file.read(tmp_path / "a").config.provenance
    assert (made.sets, made.complete, made.file) == (("ntu60",), True, "x.pth")
    assert main.main([*words[:2], str(tmp_path / "b"), *words[2:], "--made-on", "ntu66"]) == 1
    assert "did you mean 'ntu60'" in capsys.readouterr().err
    assert (
        main.main(["convert", str(tmp_path / "a"), str(tmp_path / "c.pth"), "--to-official", "--made-on", "sbu"]) == 1
    )


def test_shipped_weights_say_everything() -> None:
    for made in (one.provenance for one in shipped.registry()):
        assert made.complete
        assert made.command.startswith("usdrl ")
        assert all(one.terms for one in made.data if one.set != "performer")
        # NuiSI, Bandai-Namco and J-HMDB name nobody.
        nobody = ("nuisi", "bandai_namco", "jhmdb2d")
        assert all(one.subjects or one.minutes or one.set in nobody for one in made.data)


def test_a_summary_reads_as_one_line() -> None:
    made = made_on("utkinect")
    assert summary(made) == "utkinect"
    assert summary(Provenance(complete=True)) == "no data"
    assert summary(dataclasses.replace(made, complete=False)) == "utkinect; further data unknown"
    people = DataUsed(set="utd_mhad", subjects=("1", "3"), split="cross_subject/train")
    assert summary(Provenance(data=(people, people), complete=True)) == summary(
        Provenance(data=(people,), complete=True)
    )
    simulated = DataUsed(set="performer", minutes=20)
    assert summary(Provenance(data=(people, simulated), complete=True)) == (
        "utd_mhad (subjects 1, 3, cross_subject/train); performer (20 simulated minutes)"
    )


def test_the_hash_of_the_code_follows_every_source(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    first, table = tmp_path / "a.py", tmp_path / "inner" / "b.yaml"
    first.write_text("x = 1\n")
    table.write_text("1: 2\n")
    (tmp_path / "c.txt").write_text("no code")
    hashes = [code_version.sources_hash(tmp_path)]
    for path, text in ((first, "x = 2\n"), (table, "1: 3\n")):
        path.write_text(text)
        hashes.append(code_version.sources_hash(tmp_path))
    first.rename(tmp_path / "d.py")
    hashes.append(code_version.sources_hash(tmp_path))
    assert len(set(hashes)) == 4
    (tmp_path / "c.txt").write_text("still none")
    assert code_version.sources_hash(tmp_path) == hashes[-1]


def test_configurations_hold_it_as_they_hold_everything(tmp_path: Path) -> None:
    made = made_on("utkinect", "sbu")
    assert config.from_dict(Provenance, json.loads(json.dumps(config.to_dict(made)))) == made
    with pytest.raises(ValueError, match="did you mean 'subjects'"):
        config.from_dict(Provenance, {"data": [{"set": "sbu", "subject": ["1"]}]})


def test_recordings_of_the_test_that_weights_know_are_counted_where_nobody_is_named(tmp_path: Path) -> None:
    store = Store.open(utd(tmp_path / "stores"))
    everybody = len(store.select(split="cross_subject/test"))
    for number, (split, known) in enumerate([("cross_subject/train", 0), ("", everybody), ("gone/train", everybody)]):
        used = DataUsed(set="utd_mhad", split=split)
        USDRL(ENCODER).save_pretrained(tmp_path / str(number), Provenance(data=(used,), complete=True))
        opened = Pretrained.open(tmp_path / str(number))
        assert known_recordings(opened, BENCHMARK, store) == known
        assert ("recordings of the test" in evaluate.described(opened, BENCHMARK, store)) == bool(known)


def test_people_on_whom_a_training_stops_are_told(tmp_path: Path) -> None:
    store = Store.open(utd(tmp_path / "store"))
    run = dataclasses.replace(
        RECIPE, sources=(SourceConfig(name="utd_mhad", subjects=("1",)),), validation_subjects=("2",)
    )
    assert [one.stage for one in init_from.provenance(run, store, "usdrl finetune").data] == ["training"]
    made = init_from.provenance(dataclasses.replace(run, patience=3), store, "usdrl finetune")
    assert [(one.stage, one.subjects) for one in made.data] == [("training", ("1",)), ("calibration", ("2",))]
    assert made.data[1].hash == store.select(subjects=["2"]).hash
    assert init_from.trained_on(made, "utd_mhad", ["1", "2"]) == ["1"]
    USDRL(ENCODER).save_pretrained(tmp_path / "stopped", made)
    assert known_people(Pretrained.open(tmp_path / "stopped"), BENCHMARK, store) == ("2",)


def test_of_a_part_with_recordings_of_nobody_no_people_are_named(tmp_path: Path) -> None:
    takes = [recording(f"take{number}", "up", who) for number, who in enumerate(("anna", "ben", None))]
    write_set(tmp_path / "store", "own", takes)
    store = Store.open(tmp_path / "store")
    assert (store.subjects, store.everybody) == (("anna", "ben"), ())
    assert store.select(subjects=["ben"]).everybody == ("ben",)
    tuned = init_from.provenance(
        dataclasses.replace(RECIPE, sources=(SourceConfig(name="own", split="standard/train"),)),
        store,
        "usdrl finetune",
    )
    pretrained = run_data.provenance(
        PretrainConfig(encoder=ENCODER, data=DataConfig(split=None)), store, "usdrl pretrain"
    )
    own = dataclasses.replace(BENCHMARK, data="own", protocol="leave_one_recording_out/take2")
    for name, made in (("tuned", tuned), ("pretrained", pretrained)):
        assert made.data[0].subjects == ()
        USDRL(ENCODER).save_pretrained(tmp_path / name, made)
        assert known_recordings(Pretrained.open(tmp_path / name), own, store) == 1
    assert init_from.trained_on(tuned, "own", ["cleo"]) == ["cleo"], "who may be in it"
