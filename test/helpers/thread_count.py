"""In how many threads of torch people are judged."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
import torch

from usdrl_model.evaluation.predict import Prediction, predict
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.recording import Recording


@contextmanager
def threads_of(module: ModuleType) -> Iterator[list[int]]:
    """The threads of every call of ``predict`` in a module, while torch has two otherwise."""

    def counted(recording: Recording, stream: ActionStream) -> Prediction:
        threads.append(torch.get_num_threads())
        return predict(recording, stream)

    threads: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "predict", counted)
            yield threads
    finally:
        torch.set_num_threads(before)
