"""What the heads of a detector say before it is trained (``FinetuneConfig.head``)."""

from __future__ import annotations

import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.network.detector import Detector
from usdrl_model.training import linear_layer
from usdrl_model.training.finetuning.sources import Mixture
from usdrl_model.windows.cut import clip_classes
from usdrl_model.windows.tracklets import UNKNOWN
from usdrl_model.windows.window import normalise


def kept(detector: Detector, start: str) -> None:
    """Make the heads, label by label, those of another detector.

    A label that it does not know begins as the least likely one everywhere.

    Args:
        detector: is changed; its encoder is that of ``start``.
        start: the other one, see ``detector_file.resolve``.

    Raises:
        ValueError: ``start`` is an encoder without heads, or no action of it is one of the detector's.
    """
    if not detector_file.is_detector(start):
        raise ValueError(f"head: kept: {start} has no heads to keep: start from a detector, or take head: random")
    before = detector_file.load(start, "cpu")
    known, labels = before.config.detector.labels, detector.config.labels
    shared = [label for label in labels if label in known]
    if len(shared) == 1:
        raise ValueError(
            f"head: kept: expected actions of {start} among the labels, got {', '.join(labels)}; it knows"
            f" {', '.join(known)}: take head: random"
        )
    new, old = [labels.index(one) for one in shared], [known.index(one) for one in shared]
    heads = (detector.dense, before.trained.dense), (detector.recognition, before.trained.recognition)
    with torch.no_grad():
        for head, source in heads:
            head.weight.zero_()
            head.bias.fill_(source.bias.min())
            head.weight[new], head.bias[new] = source.weight[old].to(head.weight), source.bias[old].to(head.bias)


def linear(detector: Detector, mixture: Mixture) -> None:
    """Make the recognition head the linear layer that tells the windows apart by the encoder's features best.

    Windows count as often as they are drawn. A class of which there is none begins as the least likely one everywhere.
    """
    encoder, head = detector.encoder.eval(), detector.recognition
    y = clip_classes(mixture.windows.y, mixture.windows.seen, len(detector.config.labels))
    known = torch.nonzero(y != UNKNOWN)[:, 0]
    if not len(known):
        return
    windows, y = mixture.windows[known], y[known]
    present, among = y.unique(return_inverse=True)
    shape, drawn = encoder.config.window, mixture.probability[known]
    x = normalise(windows.x, shape.centre, masked=True, flat=True) if shape.flat else windows.x
    features, counts = linear_layer.features(encoder, x), drawn / drawn.sum() * len(windows)
    weight, bias = linear_layer.linear_weights(features, among, len(present), counts)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(bias.min())
        head.weight[present], head.bias[present] = weight.T.to(head.weight), bias.to(head.bias)
