"""Official checkpoints: every list of names, both ways, and files that must not be believed."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import golden

from usdrl_model.checkpoints import encoder_file, official
from usdrl_model.checkpoints.pretrained_models import USDRL, Downstream, load_encoder
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.modality import modality
from usdrl_model.network.projectors import ProjectorConfig

SMALL = EncoderConfig(hidden=16, frames=12, joints=5)
ARCHITECTURES = pytest.mark.parametrize("architecture", ["dste", "sttr"])
LISTS = sorted((golden.REFERENCE / "state_dict").glob("*.txt"))


def state_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {f"module.{name}": tensor.clone() for name, tensor in model.state_dict().items()}


def checkpoint_of(path: Path, model: torch.nn.Module) -> Path:
    """A file as the official training writes it."""
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-4)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    torch.save({"epoch": 451, "state_dict": state_of(model), "optimizer": optimiser.state_dict()}, path)
    return path


@pytest.mark.skipif(not LISTS, reason="the lists of official names are not here")
@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_names_shapes_and_aliases_are_the_official_ones(path: Path) -> None:
    kind, architecture, joints = path.stem.split("_")
    config = EncoderConfig(architecture=architecture, joints=int(joints[1:]))
    with torch.device("meta"):
        model = USDRL(config) if kind == "usdrl" else Downstream(config, classes=60)
    state = model.state_dict(keep_vars=True)
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    wanted = {name: (shape, dtype) for name, shape, dtype, *_ in rows}
    assert {name: (str(tuple(t.shape)), str(t.dtype)) for name, t in state.items()} == wanted
    aliases = {name: rest[0].removeprefix("alias of ") for name, _, _, *rest in rows if rest}
    assert all(state[name] is state[first] for name, first in aliases.items())
    # ... and the conversion writes the same names from one tensor each.
    distinct = {name: tensor for name, tensor in state.items() if name not in aliases}
    assert official.state_dict(distinct).keys() == wanted.keys()


@pytest.mark.parametrize(("joints", "tokens"), [(25, 50), (17, 34)])
def test_official_sizes(joints: int, tokens: int) -> None:
    with torch.device("meta"):
        state = USDRL(EncoderConfig(joints=joints)).state_dict()
        counts = [
            len(state),
            len(Downstream(EncoderConfig(joints=joints), 60).state_dict()),
            len(USDRL(EncoderConfig(joints=joints, architecture="sttr")).state_dict()),
            len(Downstream(EncoderConfig(joints=joints, architecture="sttr"), 60).state_dict()),
        ]
    assert counts == [182, 136, 110, 64]
    shapes = {
        "backbone.spe": (1, tokens, 1024),
        "backbone.tpe.pe": (1, 200, 1024),
        "backbone.ske_emb.t_embedding.0.weight": (1024, 3 * tokens),
        "backbone.ske_emb.s_embedding.0.weight": (1024, 192),
        "backbone.t_tr1.DSA.wt2.weight": (64, 64),
        "backbone.s_tr.DSA.wt1.bias": (tokens,),
        "backbone.s_tr1.CA.conv1.weight": (1024, 1024, 1),
        "backbone.s_tr.CA.mlp.fc1.weight": (2048, 1024),
        "i_proj.6.weight": (4096, 2048),
        "s_proj.0.weight": (2048, 1024),
        "t_proj.4.running_var": (2048,),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes


@ARCHITECTURES
@pytest.mark.parametrize("joints", [5, 17])
def test_a_pretraining_checkpoint_is_read(tmp_path: Path, architecture: str, joints: int) -> None:
    config = replace(SMALL, architecture=architecture, joints=joints)
    model = USDRL(config, ProjectorConfig(stream=6, instance=7)).eval()
    stored = official.read(checkpoint_of(tmp_path / "ntu60.pth.tar", model))
    assert stored.config.encoder == config
    assert stored.config.projectors == ProjectorConfig(hidden=32, stream=6, instance=7)
    assert stored.config.classes is None
    assert stored.config.provenance == Provenance(file="ntu60.pth.tar", epoch=451)
    again = USDRL.from_pretrained(tmp_path / "ntu60.pth.tar")
    x = torch.randn(2, 12, 2, joints, 3)
    with torch.no_grad():
        assert torch.equal(again(x)["instance"], model(x)["instance"])


@ARCHITECTURES
def test_a_recognition_checkpoint_is_read(tmp_path: Path, architecture: str) -> None:
    model = Downstream(replace(SMALL, architecture=architecture), classes=7).eval()
    torch.save(state_of(model), tmp_path / "state.pth")  # the state dict alone
    again = Downstream.from_pretrained(tmp_path / "state.pth")
    x = torch.randn(2, 12, 2, 5, 3)
    with torch.no_grad():
        assert torch.equal(again(x), model(x))


def test_the_prefix_goes_up_to_the_last_module_and_one_alias_is_enough(tmp_path: Path) -> None:
    model = Downstream(SMALL, classes=7)
    for part in (".CA.attn.", ".DSA.attn."):
        state = {f"module.encoder.module.{name}": t for name, t in model.state_dict().items() if part not in name}
        torch.save({"state_dict": state}, tmp_path / "x.pth.tar")
        stored = official.read(tmp_path / "x.pth.tar")
        name = "backbone.s_tr.CA.attn.in_proj_weight"
        assert torch.equal(stored.tensors[name], model.state_dict()[name])


def test_aliases_that_differ_are_an_error(tmp_path: Path) -> None:
    state = state_of(USDRL(SMALL))
    state["module.backbone.t_tr.DSA.attn.in_proj_weight"][0, 0] += 1.0
    torch.save({"state_dict": state}, tmp_path / "x.pth.tar")
    with pytest.raises(ValueError, match=r"t_tr\.DSA\.attn\.in_proj_weight differs.*both must be equal"):
        official.read(tmp_path / "x.pth.tar")


def test_there_and_back_is_bit_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = checkpoint_of(tmp_path / "a.pth.tar", USDRL(SMALL))
    for name in ("folder", "one.safetensors"):
        assert main.main(["convert", str(source), str(tmp_path / name)]) == 0
        assert "DSTE, D 16, 1 heads; 12 frames, 2 people, 5 joints, joint; projectors; no fc" in capsys.readouterr().out
        back = tmp_path / f"{name}.pth.tar"
        assert main.main(["convert", str(tmp_path / name), str(back), "--to-official"]) == 0
        one, other = (torch.load(path, weights_only=True) for path in (source, back))
        assert one["epoch"] == other["epoch"] == 451
        assert one["state_dict"].keys() == other["state_dict"].keys()
        assert all(torch.equal(tensor, other["state_dict"][key]) for key, tensor in one["state_dict"].items())
        strict = USDRL(SMALL)
        strict.load_state_dict({key.removeprefix("module."): value for key, value in other["state_dict"].items()})


@golden.needs_golden
@ARCHITECTURES
def test_golden_weights_convert(tmp_path: Path, architecture: str) -> None:
    numbers = golden.load(architecture)
    state = {f"module.{name}": tensor for name, tensor in golden.part(numbers, "state_dict.").items()}
    torch.save({"epoch": 1, "state_dict": state}, tmp_path / "x.pth.tar")
    assert main.main(["convert", str(tmp_path / "x.pth.tar"), str(tmp_path / "out")]) == 0
    model = Downstream.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        logits = model(golden.windows(numbers["input"]))
    torch.testing.assert_close(logits, numbers["joint.logits"], rtol=0.0, atol=1e-10)


def test_what_the_file_does_not_say_can_be_given(tmp_path: Path) -> None:
    config = EncoderConfig(hidden=16, heads=4, frames=12, people=5, joints=2, alpha=0.7, gap=3)
    checkpoint_of(tmp_path / "x.pth.tar", Downstream(config, 7))
    arguments = ["--heads", "4", "--people", "5", "--alpha", "0.7", "--gap", "3"]
    assert main.main(["convert", str(tmp_path / "x.pth.tar"), str(tmp_path / "out"), *arguments]) == 0
    assert load_encoder(tmp_path / "out").config == config


def test_a_bone_checkpoint_takes_joints(tmp_path: Path) -> None:
    model = Downstream(replace(SMALL, joints=25), classes=7).eval()
    source, out = checkpoint_of(tmp_path / "x.pth.tar", model), tmp_path / "out"
    assert main.main(["convert", str(source), str(out), "--modality", "bone"]) == 0
    x = torch.randn(2, 12, 2, 25, 3)
    with torch.no_grad():
        assert torch.equal(Downstream.from_pretrained(out)(x), model(modality(x, "bone")))
    assert main.main(["convert", str(out), str(tmp_path / "back.pth.tar"), "--to-official"]) == 0
    assert main.main(["convert", str(source), str(tmp_path / "no"), "--modality", "bones"]) == 1


def broken(tmp_path: Path, name: str, change: dict[str, torch.Tensor | None]) -> Path:
    state = {**state_of(USDRL(SMALL)), **change}
    torch.save({"state_dict": {key: value for key, value in state.items() if value is not None}}, tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"module.i_proj.3.bias": None}, r"missing: \['i_proj\.3\.bias'\], unexpected: \[\]"),
        ({"module.extra.weight": torch.zeros(2)}, r"missing: \[\], unexpected: \['extra\.weight'\]"),
        ({"module.backbone.s_tr.DSA.wt1.weight": torch.zeros(34, 34)}, r"expected \(10, 10\), got \(34, 34\)"),
        ({"module.backbone.spe": torch.zeros(1, 34, 16)}, "a frame has 30 numbers but there are 34 joint tokens"),
        ({"module.backbone.spe": None}, "incomplete, backbone.spe is missing"),
        ({"module.backbone.spe": torch.zeros(34)}, r"backbone\.spe has shape \(34,\); expected 3 axes"),
        ({"module.backbone.t_tr.CA.conv1.weight": None}, "neither DSTE nor STTR"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_does_not_fit_says_where(
    tmp_path: Path, change: dict[str, torch.Tensor | None], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        official.read(broken(tmp_path, "x.pth.tar", change))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": torch.nn.Conv2d(3, 4, 3).state_dict()}, tmp_path / "resnet.pth.tar")
    with pytest.raises(ValueError, match=r"resnet\.pth\.tar: neither DSTE nor STTR.*got weight, bias"):
        official.read(tmp_path / "resnet.pth.tar")
    torch.save({"epoch": 3, "optimizer": {}}, tmp_path / "none.pth.tar")
    with pytest.raises(ValueError, match="no state dict in it; it holds epoch, optimizer"):
        official.read(tmp_path / "none.pth.tar")
    torch.save(torch.zeros(3), tmp_path / "tensor.pth.tar")
    with pytest.raises(ValueError, match="expected a checkpoint with a state_dict, got Tensor"):
        official.read(tmp_path / "tensor.pth.tar")


def test_a_checkpoint_of_other_joints_does_not_become_this_encoder(tmp_path: Path) -> None:
    checkpoint_of(tmp_path / "x.pth.tar", USDRL(SMALL))
    with pytest.raises(ValueError, match="joints: expected 25, got 5"):
        load_encoder(tmp_path / "x.pth.tar", replace(SMALL, joints=25))


class Hostile:
    """Runs a command where a pickle is believed."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self):
        return os.system, (f"touch {self.touched}",)


@pytest.mark.parametrize("plain", [False, True])
def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, plain: bool, capsys: pytest.CaptureFixture[str]) -> None:
    path, touched = tmp_path / "x.pth.tar", tmp_path / "touched"
    content = {"state_dict": state_of(USDRL(SMALL)), "epoch": Hostile(touched)}
    if plain:
        path.write_bytes(pickle.dumps(content["epoch"], protocol=2))
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=r"x\.pth\.tar: refused, it asks for posix\.system and could run code"):
        official.read(path)
    assert main.main(["convert", str(path), str(tmp_path / "out")]) == 1
    assert "usdrl convert:" in capsys.readouterr().err
    assert not touched.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("keep", [0, 3, 100, -100])
def test_a_truncated_file_is_an_error(tmp_path: Path, keep: int) -> None:
    path = checkpoint_of(tmp_path / "x.pth.tar", Downstream(SMALL, 7))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="damaged, or no PyTorch checkpoint"):
        official.read(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        official.read(tmp_path / "nothing.pth.tar")
    assert main.main(["convert", str(tmp_path / "nothing.pth.tar"), str(tmp_path / "out")]) == 1


@pytest.mark.parametrize("own", [{"velocity": True}, {"causal": True}, {"streams": ("temporal",)}, {"conv_kernel": 5}])
def test_what_the_official_code_cannot_compute_is_not_written(tmp_path: Path, own: dict) -> None:
    USDRL(replace(SMALL, **own)).save_pretrained(tmp_path / "m")
    with pytest.raises(ValueError, match=f"the official code has no {next(iter(own))}"):
        official.write(tmp_path / "x.pth.tar", encoder_file.read(tmp_path / "m"))
    assert not (tmp_path / "x.pth.tar").exists()


def test_convert_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = checkpoint_of(tmp_path / "x.pth.tar", Downstream(SMALL, 7))
    before = source.read_bytes()
    assert main.main(["convert", str(source), str(source)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_a_checkpoint_named_as_of_another_modality_is_not_run_on_joints(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bones = checkpoint_of(tmp_path / "ntu60_xs_bone.pth.tar", USDRL(SMALL))
    with pytest.raises(ValueError, match="named as of bone.* usdrl convert --modality bone"):
        load_encoder(bones)
    assert official.read(bones, modality="bone").config.encoder.modalities == ("bone",)
    joints = checkpoint_of(tmp_path / "backbone.pth.tar", USDRL(SMALL))
    assert load_encoder(joints).config.modalities == ("joint",)
    assert "assumed, because the file does not say: 2 people, 1 heads, alpha 0.5, gap 4, modality joint" in caplog.text
