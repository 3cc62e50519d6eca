"""States of training runs: damage is noticed and costs little, other data is refused, one process at a time."""

import dataclasses
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers.tiny_finetuning import CPU, ENCODER, RECORDINGS, RUN, mixture
from helpers.tiny_pretraining import ALONE, assert_same, change, command
from helpers.tiny_pretraining import RUN as PRETRAIN

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.files.folder_lock import held
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.finetuning import train as finetune
from usdrl_model.training.finetuning.mixture import windows_of
from usdrl_model.training.pretraining import train, updates
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.run_folder import RunState

ONE = dataclasses.replace(RUN, steps=1)
MADE_OF = {"settings": "1"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def two_states(folder: Path) -> RunState:
    state = RunState(folder, MADE_OF)
    for step in (1, 2):
        state.save({"step": step, "weights": torch.arange(50.0)})
    return state


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_the_state_before_stays_and_torch_alone_reads_a_state(tmp_path: Path) -> None:
    state = two_states(tmp_path)
    assert names(tmp_path) == ["training.previous.pt", "training.pt"]
    assert state.load()["step"] == 2
    for name, step in (("training.pt", 2), ("training.previous.pt", 1)):
        assert torch.load(tmp_path / name, weights_only=True)["step"] == step


def test_every_flipped_bit_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = two_states(tmp_path).path
    content = path.read_bytes()
    for bit in range(0, 8 * len(content), 37):
        path.write_bytes(content)
        flip(path, bit)
        caplog.clear()
        assert RunState(tmp_path, MADE_OF).load()["step"] == 1
        assert "training.pt is damaged" in caplog.text
        assert caplog.text.count("\n") == 1


@pytest.mark.parametrize("keep", [0, 1, 63, 64, 500, -1])
def test_a_cut_state_gives_way_to_the_one_before(tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture) -> None:
    state = two_states(tmp_path)
    whole = state.path.read_bytes()
    state.path.write_bytes(whole[:keep])
    again = RunState(tmp_path, MADE_OF)
    assert again.load()["step"] == 1
    assert "training.pt is damaged" in caplog.text
    assert "going on from the state before, training.previous.pt" in caplog.text
    again.save({"step": 3})
    assert torch.load(tmp_path / "training.previous.pt", weights_only=True)["step"] == 1, (
        "no damaged one takes its place"
    )
    again.save({"step": 4})
    assert torch.load(tmp_path / "training.previous.pt", weights_only=True)["step"] == 3


def test_killed_between_two_renames_the_state_before_is_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = two_states(tmp_path)
    os.replace(state.path, tmp_path / "training.previous.pt")
    state.check(resume=True)
    with pytest.raises(FileExistsError):
        state.check(resume=False)
    assert state.load()["step"] == 2
    assert "training.pt is missing: going on from the state before" in caplog.text


def test_when_both_are_damaged_it_is_one_line(tmp_path: Path) -> None:
    state = two_states(tmp_path)
    for name in names(tmp_path):
        flip(tmp_path / name, 999)
    with pytest.raises(ValueError, match="training.pt is damaged .* and no good state before it: begin anew") as caught:
        state.load()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [{"step": 1}, {"made_of": "1 on 2"}, [1], "text"])
def test_what_is_whole_and_no_state(tmp_path: Path, content: object, monkeypatch: pytest.MonkeyPatch) -> None:
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda state, file: save(content, file))
    state = RunState(tmp_path, MADE_OF)
    state.save({})
    with pytest.raises(ValueError, match="is no state of a training run"):
        state.load()


def test_a_state_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = torch.save
    monkeypatch.setattr(torch, "save", lambda state, file: save({"made_of": MADE_OF, "x": print}, file))
    state = RunState(tmp_path, MADE_OF)
    state.save({})
    with pytest.raises(ValueError, match="is no state of a training run"):
        state.load()


def test_a_link_in_a_run_folder_is_not_followed(tmp_path: Path) -> None:
    outside, out = tmp_path / "outside", tmp_path / "run"
    outside.write_text("mine")
    out.mkdir()
    for name in ("training.partial", "training.pt.partial", "training.previous.pt"):
        (out / name).symlink_to(outside)
    two_states(out)
    assert outside.read_text() == "mine"
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "lock").symlink_to(outside)
    with pytest.raises(OSError), held(tmp_path / "locked"):
        pass
    assert outside.read_text() == "mine"


def test_a_damaged_pretraining_goes_on_from_the_state_before_and_ends_as_if_nothing_had_happened(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(command(store, tmp_path / "whole", PRETRAIN)[2:]) == 0
    out = tmp_path / "cut"
    assert main.main(command(store, out, PRETRAIN)[2:]) == 0
    good = (out / "weights" / "model.safetensors").read_bytes()
    flip(out / "training.pt", 8 * 2000 + 6)
    capsys.readouterr()
    assert main.main(command(store, out, PRETRAIN, "--resume")[2:]) == 0
    assert (out / "weights" / "model.safetensors").read_bytes() == good
    assert (out / "loss.csv").read_bytes() == (tmp_path / "whole" / "loss.csv").read_bytes()

    for name in ("training.pt", "training.previous.pt"):
        flip(out / name, 8 * 2000 + 6)
    assert main.main(command(store, out, PRETRAIN, "--resume")[2:]) == 1
    said = capsys.readouterr().err
    assert "no good state before it" in said
    assert "Traceback" not in said
    assert (out / "weights" / "model.safetensors").read_bytes() == good


def test_finetuning_is_not_resumed_on_other_data(tmp_path: Path) -> None:
    validation = windows_of(RUN.sources[0], RECORDINGS[2:], RUN.detector, max_gap=1.0, stride=2)
    finetune.train(ONE, mixture(), tmp_path, device=CPU, validation=validation)
    given = mixture()
    moved = dataclasses.replace(given.windows, x=given.windows.x + 1e-4)
    shares = given.probability.clone()
    shares[:2] = shares[:2].flip(0) * torch.tensor([0.5, 1.5])
    others = [
        (dataclasses.replace(given, windows=moved), validation),
        (dataclasses.replace(given, probability=shares), validation),
        (given, None),
        (given, dataclasses.replace(validation, y=1 - validation.y)),
    ]
    for other, held_out in others:
        with pytest.raises(ValueError, match="other data"):
            finetune.train(ONE, other, tmp_path, device=CPU, resume=True, validation=held_out)
    finetune.train(ONE, given, tmp_path, device=CPU, resume=True, validation=validation)


def write_start(folder: Path, seed: int, command: str = "") -> None:
    torch.manual_seed(seed)
    USDRL(ENCODER).save_pretrained(folder, Provenance(command=command))


def write_teacher(folder: Path, seed: int, command: str = "") -> None:
    torch.manual_seed(seed)
    detector = Detector(DetectorConfig(labels=("none", "hand_up"), encoder=ENCODER, rate=10.0))
    detector_file.save(folder, detector, RUN.stream, Provenance(command=command))


@pytest.mark.parametrize(
    ("field", "write", "name"),
    [("init_from", write_start, "weights in init_from"), ("teacher", write_teacher, "weights of the teacher")],
)
def test_finetuning_is_not_resumed_with_other_weights_of_the_same_path(
    field: str, write: Callable[..., None], name: str, tmp_path: Path
) -> None:
    given, out = mixture(), tmp_path / "run"
    write(tmp_path / "weights", seed=0)
    run = dataclasses.replace(ONE, **{field: str(tmp_path / "weights")})
    finetune.train(run, given, out, device=CPU)
    for other in ({"seed": 1}, {"seed": 0, "command": "on other data"}):
        write(tmp_path / "weights", **other)
        with pytest.raises(ValueError, match=f"was made with other {name}: use what it began with"):
            finetune.train(run, given, out, device=CPU, resume=True)
    write(tmp_path / "weights", seed=0)
    finetune.train(run, given, out, device=CPU, resume=True)


@pytest.mark.parametrize(
    ("field", "name"), [("init_from", "weights in init_from"), ("teacher", "weights of the teacher")]
)
def test_pretraining_is_not_resumed_with_other_weights_of_the_same_path(
    field: str, name: str, pool: ClipPool, tmp_path: Path
) -> None:
    for seed in (0, 1):
        torch.manual_seed(seed)
        USDRL(PRETRAIN.encoder).save_pretrained(tmp_path / str(seed))
    shutil.copytree(tmp_path / "0", tmp_path / "weights")
    run = change(PRETRAIN, steps=1, **{field: str(tmp_path / "weights")})
    train.train(run, pool, tmp_path / "run", ALONE)
    shutil.copytree(tmp_path / "1", tmp_path / "weights", dirs_exist_ok=True)
    with pytest.raises(ValueError, match=f"was made with other {name}: use what it began with"):
        train.train(run, pool, tmp_path / "run", ALONE, resume=True)
    shutil.copytree(tmp_path / "0", tmp_path / "weights", dirs_exist_ok=True)
    train.train(run, pool, tmp_path / "run", ALONE, resume=True)


def test_pretraining_goes_on_with_other_settings_that_change_no_result(
    pool: ClipPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train.train(PRETRAIN, pool, tmp_path / "whole", ALONE)
    step = updates.update

    def stopped(run: PretrainConfig, number: int, *more: object) -> dict[str, torch.Tensor]:
        if number == 7:
            raise KeyboardInterrupt
        return step(run, number, *more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(updates, "update", stopped)
        train.train(PRETRAIN, pool, tmp_path / "cut", ALONE)
    other = change(PRETRAIN, save_every=2, data=dataclasses.replace(PRETRAIN.data, on_device=False))
    assert_same(whole, train.train(other, pool, tmp_path / "cut", ALONE, resume=True))


def test_a_run_that_stopped_early_has_a_state_and_is_not_overwritten(tmp_path: Path) -> None:
    run = dataclasses.replace(
        RUN, validation_subjects=("c",), patience=1, validate_every=2, learning_rate=2.0, ema_decay=0.0, steps=150
    )
    validation = windows_of(RUN.sources[0], RECORDINGS[2:], RUN.detector, max_gap=1.0, stride=2)
    given = mixture()
    stopped = finetune.train(run, given, tmp_path, device=CPU, validation=validation)
    steps = len(torch.load(tmp_path / "training.pt", weights_only=True)["losses"])
    assert 0 < steps < run.steps
    with pytest.raises(FileExistsError, match="holds a run already"):
        finetune.train(dataclasses.replace(run, seed=3), given, tmp_path, device=CPU, validation=validation)
    again = finetune.train(run, given, tmp_path, device=CPU, resume=True, validation=validation)
    for name, tensor in stopped.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


HOLD = """
import sys, time
from pathlib import Path
from usdrl_model.files.folder_lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_runs_in_one_folder(pool: ClipPool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    out = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLD, out], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        try:
            with pytest.raises(BlockingIOError, match=rf"run is in use by process {child.pid} on \S+ since 2.*: wait"):
                finetune.train(ONE, mixture(), out, device=CPU)
            with pytest.raises(BlockingIOError, match=f"process {child.pid}"):
                train.train(change(PRETRAIN, steps=1), pool, out, ALONE)
            assert names(out) == ["lock"]
        finally:
            child.kill()
    train.train(change(PRETRAIN, steps=1), pool, out, ALONE)  # the lock of a killed run holds nobody up
    assert names(out) == ["loss.csv", "loss.png", "training.pt"]


def test_a_lock_file_cannot_forge_lines(tmp_path: Path) -> None:
    with held(tmp_path):
        (tmp_path / "lock").write_text("me\nFATAL: \x1b[31m" + "x" * 1000)
        with pytest.raises(BlockingIOError) as caught, held(tmp_path):
            pass
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_many_processes_take_turns(tmp_path: Path) -> None:
    """Each counts up a file under the lock; what two did at once would be lost."""
    code = """
import sys
from pathlib import Path
from usdrl_model.files.folder_lock import held
folder, count = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(20):
    with held(folder, patience=60.0):
        before = int(count.read_text())
        count.write_text(str(before + 1))
"""
    count = tmp_path / "count"
    count.write_text("0")
    began = time.monotonic()
    children = [subprocess.Popen([sys.executable, "-c", code, tmp_path / "folder", count]) for _ in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    assert count.read_text() == "80"
    assert time.monotonic() - began < 60


def test_a_state_with_nan_is_not_gone_on_from(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = RunState(tmp_path, MADE_OF)
    for step, value in ((1, 0.0), (2, float("nan"))):
        state.save({"step": step, "model": {"w": torch.full((2,), value)}})
    assert RunState(tmp_path, MADE_OF).load()["step"] == 1
    assert "model.w: 2 of 2 numbers are NaN" in caplog.text
