"""What tasks, settings and metrics are called in tables and pictures, and which methods are baselines."""

from __future__ import annotations

from collections.abc import Mapping

from usdrl_model.evaluation.clips.methods import BASELINES
from usdrl_model.evaluation.recordings.methods import Tcn

TITLES: Mapping[str, str] = {
    "recognition": "Recognition",
    "retrieval": "Retrieval",
    "semi_supervised": "Recognition with few labels",
    "transfer": "Transfer to another set",
    "few_shot": "Few examples a class",
    "detection": "Detection",
    "segmentation": "Segmentation",
    "early_prediction": "Early prediction",
    "recognition_2d": "Recognition of 2D skeletons",
    "stream": "Live on people never seen",
}
SETTINGS: Mapping[str, tuple[str, float, str]] = {
    "semi_supervised": ("labelled training clips, %", 100.0, "{} %"),
    "few_shot": ("labelled training clips a class", 1.0, "{} a class"),
    "early_prediction": ("observed part of a clip, %", 100.0, "{} %"),
}
"""What the settings of a task are, the factor from their names to that unit, and how one heads a column."""
_SEGMENTS = (
    "F1 of segments, all recordings pooled; a true one is found where one of its class has an IoU of at least so many"
    " percent with it"
)
_DECODED = "the segments that segment F1 sees, smoothed and without short ones"
_PKU = "protocol of PKU-MMD at IoU 0.5, proposals that are not smoothed: {}"
_POINTS = "{} of action points, mean over classes; one is found where told within 0.333 s of the true one"
METRICS: Mapping[str, tuple[str, str]] = {
    "accuracy": ("accuracy", "share of the test clips that get their class"),
    "macro_accuracy": ("mean class accuracy", "mean over the classes of the share of their test clips that get it"),
    "frame_accuracy": (
        "frame accuracy",
        "share of the frames that get their class, background included, all recordings pooled",
    ),
    "frame_f1": ("frame F1", "F1 of the frames, background included, mean over classes, all recordings pooled"),
    "edit": (
        "Edit",
        "100 less the edit distance between the found and the true sequence of segments, relative to the longer one,"
        " mean over recordings",
    ),
    "f1@10": ("F1@10", _SEGMENTS),
    "f1@25": ("F1@25", _SEGMENTS),
    "f1@50": ("F1@50", _SEGMENTS),
    "mAP_action": ("mAP action", _PKU.format("average precision, mean over classes, all recordings pooled")),
    "mAP_video": ("mAP video", _PKU.format("average precision, mean over recordings, all classes pooled")),
    "pku_f1": ("PKU F1", _PKU.format("F1 of all of them")),
    "decoded_mAP_action": ("mAP action, decoded", f"mAP action of {_DECODED}"),
    "decoded_mAP_video": ("mAP video, decoded", f"mAP video of {_DECODED}"),
    "decoded_pku_f1": ("PKU F1, decoded", f"PKU F1 of {_DECODED}"),
    "decoded_segment_mAP": (
        "segment mAP",
        f"average precision of {_DECODED}, mean over classes, a true one found once; at IoU 0.5",
    ),
    "action_point_f1": ("action-point F1", _POINTS.format("F1")),
    "action_point_precision": ("action-point precision", _POINTS.format("precision")),
    "action_point_recall": ("action-point recall", _POINTS.format("recall")),
    "stream_recall": (
        "recall",
        "percent of the true actions that an event of their label meets with an IoU of at least 0.1, mean over the"
        " labels that detector and set share",
    ),
    "false_alarms_per_hour": (
        "false alarms an hour",
        "events that overlap no true action of their label, an hour of everything that was run; fewer is better",
    ),
    "onset_delay_median": ("onset told after, median", "seconds from the true onset to the event that tells it"),
    "onset_delay_p90": ("onset told after, p90", "seconds within which nine of ten onsets are told"),
    "mirrored_recall": ("recall in a mirror", "the same recall on the same recordings with left and right exchanged"),
    "sides_apart": ("sides apart", "points of recall between the recordings as they are and in a mirror"),
}
"""Metric -> its name in a table and what it is; in percent, and higher is better, where it does not say otherwise."""

SECONDARY = frozenset(
    {"macro_accuracy", "frame_f1", "pku_f1", "action_point_precision", "action_point_recall"}
    | {metric for metric in METRICS if metric.startswith("decoded_")}
)
"""Metrics that only the page of a single evaluation shows."""


def is_baseline(method: str) -> bool:
    """Whether a method is one of the baselines, which know no encoder."""
    return method in {one.title for one in (*BASELINES, Tcn())}


def setting_title(task: str, setting: str) -> str:
    """A setting as the head of a column: "10 %", "5 a class"; as it is where the task has no such settings."""
    if task not in SETTINGS:
        return setting
    _, factor, pattern = SETTINGS[task]
    return pattern.format(f"{factor * float(setting):g}")


def decimals(metric: str) -> int:
    """Decimals of a metric in a table: seconds have two."""
    return 2 if metric.startswith("onset_delay") else 1


def metric_title(metric: str) -> str:
    """The name of a metric in a table; the metric itself where it is not in ``METRICS``."""
    return METRICS[metric][0] if metric in METRICS else metric
