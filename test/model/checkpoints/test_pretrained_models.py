"""USDRL and Downstream against the official numbers; files of pretrained models and repositories."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers import golden
from helpers.paths import ROOT
from safetensors.torch import load_file, save_file

from usdrl_model import config
from usdrl_model.checkpoints import detector_file, encoder_file, hub, shipped
from usdrl_model.checkpoints.pretrained_models import USDRL, Downstream, find_encoder, load_encoder
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.cli import main
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.network.modality import Modality, modality
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.losses import GRAIN_WEIGHTS

SMALL = EncoderConfig(hidden=16, heads=2, frames=12, joints=5, velocity=True, stem_kernel=3)
ARCHITECTURES = pytest.mark.parametrize("architecture", ["dste", "sttr"])


@golden.needs_golden
@golden.both_precisions
@ARCHITECTURES
@pytest.mark.parametrize("name", ["joint", "bone", "motion"])
def test_downstream_equals_the_official_one(
    architecture: str, name: Modality, dtype: torch.dtype, tolerance: float
) -> None:
    numbers = golden.load(architecture)
    model = Downstream(EncoderConfig(hidden=24, architecture=architecture), classes=7).to(dtype).eval()
    model.load_state_dict(golden.part(numbers, "state_dict."))
    x = modality(golden.windows(numbers["input"]).to(dtype), name)
    with torch.no_grad():
        tokens = model.backbone(x)
        got = {
            "tokens_t": tokens["temporal"],
            "tokens_s": tokens["spatial"],
            "features": model.backbone.pooled(tokens),
            "logits": model(x),
            "dense_features": model.backbone.dense(tokens),
            "dense_logits": model.frames(x),
        }
    assert got.keys() == golden.part(numbers, f"{name}.").keys()
    for part, value in got.items():
        torch.testing.assert_close(value.double(), numbers[f"{name}.{part}"], rtol=0.0, atol=tolerance, msg=part)


# Batch norm over 8 windows divides by deviations down to 0.003, so rounding grows: the official order of operations,
# run in float32, is itself 7e-6 away from its float64 numbers (DSTE).
@golden.needs_golden
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@ARCHITECTURES
def test_projections_equal_the_official_ones_in_training(
    architecture: str, dtype: torch.dtype, tolerance: float
) -> None:
    numbers = golden.load(architecture)
    config = EncoderConfig(hidden=24, architecture=architecture)
    model = USDRL(replace(config, drop_path=0.0) if architecture == "dste" else config).to(dtype).train()
    missing, unexpected = model.load_state_dict(golden.part(numbers, "pretrain.state_dict."), strict=False)
    assert unexpected == []
    assert {name.rpartition(".")[2] for name in missing} <= {"running_mean", "running_var", "num_batches_tracked"}
    with torch.no_grad():
        z = model(golden.windows(numbers["pretrain.input"]).to(dtype))
    for grain, value in z.items():
        wanted = numbers[f"pretrain.z_{grain[0]}"]
        torch.testing.assert_close(value.double(), wanted, rtol=0.0, atol=tolerance, msg=grain)


def test_projections_are_what_the_losses_take() -> None:
    z = USDRL(SMALL, ProjectorConfig(hidden=20, stream=6, instance=7))(torch.randn(4, 12, 2, 5, 3))
    assert {grain: tuple(value.shape) for grain, value in z.items()} == {
        "temporal": (4, 6),
        "spatial": (4, 6),
        "instance": (4, 7),
    }
    assert z.keys() == GRAIN_WEIGHTS.keys()


def test_one_stream_has_one_projector_and_the_instance() -> None:
    z = USDRL(replace(SMALL, streams=("temporal",)))(torch.randn(4, 12, 2, 5, 3))
    assert {grain: value.shape[1] for grain, value in z.items()} == {"temporal": 32, "instance": 64}


@pytest.mark.parametrize("wrong", [{"hidden": 0}, {"stream": -1}])
def test_impossible_projectors_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="sizes of projectors must be above 0"):
        ProjectorConfig(**wrong)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["folder", "one.safetensors"])
def test_a_round_trip_is_bit_exact(tmp_path: Path, name: str, dtype: torch.dtype) -> None:
    model = USDRL(SMALL, ProjectorConfig(stream=6)).to(dtype)
    model(torch.randn(4, 12, 2, 5, 3, dtype=dtype))  # so that the batch norms have seen something
    model.eval().save_pretrained(tmp_path / name, Provenance(command="test"))
    again = USDRL.from_pretrained(tmp_path / name)
    assert not again.training
    assert again.backbone.config == SMALL
    assert encoder_file.read(tmp_path / name).config.provenance == Provenance(command="test")
    state, other = model.state_dict(), again.state_dict()
    assert state.keys() == other.keys()
    assert all(torch.equal(state[key], other[key]) and state[key].dtype == other[key].dtype for key in state)
    x = torch.randn(2, 12, 2, 5, 3, dtype=dtype)
    with torch.no_grad():
        for mine, theirs in zip(model(x).values(), again(x).values(), strict=True):
            assert torch.equal(mine, theirs)


def test_loaded_weights_train(tmp_path: Path) -> None:
    USDRL(SMALL).save_pretrained(tmp_path)
    model = Downstream.from_pretrained(tmp_path, classes=3).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    model(torch.randn(4, 12, 2, 5, 3)).square().mean().backward()
    optimiser.step()
    assert any(not torch.equal(before[name], parameter) for name, parameter in model.named_parameters())
    layer = model.backbone.t_tr
    assert layer.CA.attn is layer.DSA.attn


def test_downstream_takes_the_encoder_of_a_pretrained_model(tmp_path: Path) -> None:
    model = USDRL(SMALL).eval()
    model.save_pretrained(tmp_path / "a")
    recogniser = Downstream.from_pretrained(tmp_path / "a", classes=4)
    x = torch.randn(2, 12, 2, 5, 3)
    with torch.no_grad():
        assert torch.equal(recogniser.backbone(x)["temporal"], model.backbone(x)["temporal"])
        assert torch.equal(load_encoder(tmp_path / "a")(x)["spatial"], model.backbone(x)["spatial"])
        recogniser.save_pretrained(tmp_path / "b")
        again = Downstream.from_pretrained(tmp_path / "b")
        assert torch.equal(again(x), recogniser(x))
        assert torch.equal(again.frames(x), recogniser.frames(x))
    with pytest.raises(ValueError, match="fc has 4 classes, 5 asked for"):
        Downstream.from_pretrained(tmp_path / "b", classes=5)
    with pytest.raises(ValueError, match="no projectors in it"):
        USDRL.from_pretrained(tmp_path / "b")
    with pytest.raises(ValueError, match="no recognition layer.*give classes"):
        Downstream.from_pretrained(tmp_path / "a")


def test_an_encoder_can_become_causal_but_not_another_one(tmp_path: Path) -> None:
    USDRL(SMALL).save_pretrained(tmp_path)
    assert load_encoder(tmp_path, replace(SMALL, causal=True, drop_path=0.0)).config.causal
    with pytest.raises(
        ValueError, match=r"pretrained as another encoder; heads: expected 4, got 2; joints: expected 7"
    ):
        load_encoder(tmp_path, replace(SMALL, joints=7, heads=4))


def test_a_detector_gives_its_encoder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = Detector(DetectorConfig(labels=("none", "wave"), encoder=SMALL)).eval()
    detector_file.save(tmp_path, detector, StreamConfig(), Provenance(command="test"))
    encoder = load_encoder(tmp_path)
    x = torch.randn(2, 12, 2, 5, 3)
    with torch.no_grad():
        assert torch.equal(encoder(x)["temporal"], detector.encoder(x)["temporal"])
    assert find_encoder(tmp_path).config.provenance == Provenance(command="test")
    with pytest.raises(ValueError, match="pretrained as another encoder; heads: expected 4, got 2"):
        load_encoder(tmp_path, replace(SMALL, heads=4))
    with pytest.raises(ValueError, match="weights of a detector"):
        USDRL.from_pretrained(tmp_path)


def test_tensors_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    USDRL(SMALL).save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["surprise"] = tensors.pop("i_proj.0.weight")
    tensors["backbone.spe"] = torch.zeros(1, 3, 16)
    save_file(tensors, tmp_path / "model.safetensors")
    wanted = (
        r"missing: \['i_proj.0.weight'\], unexpected: \['surprise'\].*spe: expected \(1, 10, 16\), got \(1, 3, 16\)"
    )
    with pytest.raises(ValueError, match=wanted):
        USDRL.from_pretrained(tmp_path)


def test_a_huge_size_in_a_file_is_refused_without_making_it(tmp_path: Path) -> None:
    USDRL(SMALL).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["encoder"]["hidden"] = 2_000_000
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"expected .*2000000.*got"):
        USDRL.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "expected format 'usdrl.model/2'"),
        ('{"format": "usdrl.detector/2"}', "weights of a detector"),
        ('{"format": "usdrl.model/2", "encoder": {"hiden": 4}}', "did you mean 'hidden'"),
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, text: str, message: str) -> None:
    USDRL(SMALL).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        USDRL.from_pretrained(tmp_path)


def test_a_damaged_or_foreign_tensor_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"junk" * 50)
    with pytest.raises(ValueError, match="damaged or no safetensors"):
        load_encoder(tmp_path / "a.safetensors")
    save_file({"x": torch.zeros(2)}, tmp_path / "b.safetensors")
    with pytest.raises(ValueError, match="no configuration in its header"):
        load_encoder(tmp_path / "b.safetensors")
    with pytest.raises(FileNotFoundError, match="config.json: missing"):
        load_encoder(tmp_path)


def fake_library(monkeypatch: pytest.MonkeyPatch, download: object) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=download))


def test_a_repository_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = USDRL(SMALL).eval()
    model.save_pretrained(tmp_path)
    asked = []

    def download(repo_id: str, filename: str, revision: str | None) -> str:
        asked.append((repo_id, filename, revision))
        return os.fspath(tmp_path / filename)

    fake_library(monkeypatch, download)
    again = USDRL.from_pretrained("hf://someone/skeletons", revision="v1")
    assert asked == [("someone/skeletons", name, "v1") for name in ("config.json", "model.safetensors")]
    assert torch.equal(again.backbone.spe, model.backbone.spe)


def test_a_repository_that_cannot_be_reached_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(**_: object) -> str:
        raise RuntimeError("no network")

    fake_library(monkeypatch, download)
    with pytest.raises(OSError, match=r"hf://someone/skeletons: cannot get config.json .*no network.*give the path"):
        USDRL.from_pretrained("hf://someone/skeletons")


def test_a_repository_without_the_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="needs huggingface_hub: pip install huggingface_hub"):
        USDRL.from_pretrained("hf://someone/skeletons")


def test_a_shipped_model_loads_by_name() -> None:
    assert "foundation" in shipped.names("encoder")
    model = hub.find("foundation").config
    run = config.load(PretrainConfig, ROOT / "config" / "pretrain_foundation.yaml")
    assert model.encoder == run.encoder
    assert model.provenance.complete
    assert sorted(model.provenance.sets) == sorted([*run.data.sets, "performer"])
    for more in ({"filename": "other.pth.tar"}, {"revision": "v1"}):
        with pytest.raises(ValueError, match="foundation comes with the package"):
            hub.find("foundation", **more)


@pytest.mark.parametrize(
    "source", ["nothing", "/no/such/folder", "a/b/c", "../x", "http://x/y", "hf://x", "hf://a/b/c"]
)
def test_what_is_no_path_and_no_repository_is_an_error(source: str) -> None:
    with pytest.raises(FileNotFoundError, match="hf://owner/name of a Hugging Face repository"):
        hub.find(source)


@pytest.mark.parametrize("filename", [None, "some.pth.tar"])
def test_a_mistyped_path_is_no_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filename: str | None) -> None:
    fake_library(monkeypatch, lambda **_: pytest.fail("asked the hub"))
    USDRL(SMALL).save_pretrained(tmp_path / "runs" / "foundations")
    monkeypatch.chdir(tmp_path)
    message = (
        r"runs/foundatoin: not found.*\(hf://runs/foundatoin asks for that repository\); did you mean 'foundation'"
        r" or 'runs/foundations'\?"
    )
    with pytest.raises(FileNotFoundError, match=message):
        hub.find("runs/foundatoin", filename=filename)
    with pytest.raises(FileNotFoundError, match="did you mean 'hri_streaming'"):
        detector_file.load("hri_streamnig")
    evaluate = ["evaluate", "--task", "retrieval", "--benchmark", "utd_mhad", "--out", "out", "--weights"]
    for verb in (["probe", "runs/foundatoin"], [*evaluate, "runs/foundatoin"]):
        assert main.main([*verb, "--data", "."]) == 1
