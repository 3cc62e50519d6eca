"""Scores of a detector that runs live on recordings."""

import pytest
import torch
from helpers.streaming import streaming_weights
from helpers.trimmed import trimmed

from usdrl_model.evaluation import detection_scores
from usdrl_model.evaluation.predict import Prediction, predict
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.recording import Recording


def test_detections_are_scored_in_one_thread_and_what_comes_after_in_as_many_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def counted(recording: Recording, stream: ActionStream) -> Prediction:
        threads.append(torch.get_num_threads())
        return predict(recording, stream)

    threads: list[int] = []
    monkeypatch.setattr("usdrl_model.evaluation.detection_scores.predict", counted)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        detection_scores.detection(streaming_weights(), [trimmed("wave")])
        assert (threads, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)
