"""The methods of the task "stream" with what ships: every training that a suite asks for can be configured."""

import pytest
import torch

from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.evaluation import suite_file
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.stream.methods import METHODS, Baseline, started
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder
from usdrl_model.training.hidden import HiddenConfig

SHAPES = {
    (suite, name): pretraining.load(0).encoder
    for suite in ("unseen", "unseen_small")
    for name, pretraining in suite_file.load(suite).pretraining.items()
}


def given(shape: EncoderConfig) -> Pretrained:
    with torch.device("meta"):
        encoder = build_encoder(shape)
    return Pretrained(path="given", encoder=encoder, projectors=None, made=Provenance(), hash="")


@pytest.mark.parametrize("title", [one.title for one in METHODS.values() if one.trains and not one.needs_weights])
def test_what_ships_trains_every_method_that_starts_from_nothing(title: str) -> None:
    method = METHODS[title]
    shipped = StreamProtocol().training(("sbu",), 0, streaming=method.streaming)
    run = started(shipped, method, None)
    assert (run.init_from, run.detector.encoder.masked) == ("", not isinstance(method, Baseline))
    assert run.augment.hidden == (shipped.augment.hidden if run.detector.encoder.masked else HiddenConfig())


@pytest.mark.parametrize(("suite", "name"), SHAPES)
def test_what_ships_fine_tunes_the_weights_of_every_suite(suite: str, name: str) -> None:
    shape = SHAPES[suite, name]
    shipped = StreamProtocol().training(("sbu",), 0, streaming=shape.architecture == "conformer")
    run = started(shipped, METHODS["fine-tuned"], given(shape))
    assert (run.init_from, run.detector.encoder.window) == ("given", shape.window)
    assert run.augment.hidden == (shipped.augment.hidden if shape.masked else HiddenConfig())
