"""Scores of a detector that runs live on recordings."""

import torch
from helpers.streaming import streaming_weights
from helpers.thread_count import threads_of
from helpers.trimmed import trimmed

from usdrl_model.evaluation import detection_scores


def test_detections_are_scored_in_one_thread_and_what_comes_after_in_as_many_as_before() -> None:
    with threads_of(detection_scores) as threads:
        detection_scores.detection(streaming_weights(), [trimmed("wave")])
        assert (threads, torch.get_num_threads()) == ([1], 2)
