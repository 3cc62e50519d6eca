"""Simple methods that a pretrained encoder has to beat, on the same windows.

    fit = CLIP_BASELINES["1-NN DTW"]
    classify = fit(train.windows, y, classes, seed=0)
    classify(test.windows).argmax(dim=1)               # (N,) classes

``CLIP_BASELINES`` name the action of a window, ``FRAME_BASELINES`` that of every frame. Windows are ``labelled``'s, or
``training_windows.Windows``: (N, T, M, V, 3) metres, centred, facing the sensor, people who are not there zero. Every
method is a function of the windows, their classes and the seed: it neither reads nor changes the random numbers of the
process, and works where its windows are, on the CPU or a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping

from usdrl_model.evaluation.baselines.contract import ABSENT, Classifier, Fit, FitFrames
from usdrl_model.evaluation.baselines.linear import fit_logistic
from usdrl_model.evaluation.baselines.nearest import fit_dtw, fit_euclid
from usdrl_model.evaluation.baselines.networks import fit_cnn, fit_gru
from usdrl_model.evaluation.baselines.tcn import fit_tcn

__all__ = ["ABSENT", "CLIP_BASELINES", "FRAME_BASELINES", "Classifier", "Fit", "FitFrames"]

CLIP_BASELINES: Mapping[str, Fit] = {
    "1-NN Euclid": fit_euclid,
    "1-NN DTW": fit_dtw,
    "logistic regression": fit_logistic,
    "1D-CNN": fit_cnn,
    "biGRU": fit_gru,
}
FRAME_BASELINES: Mapping[str, FitFrames] = {"TCN": fit_tcn}
