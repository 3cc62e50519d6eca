"""Enrolment of gestures from people in front of the sensor, and their recognition from then on.

Example::

    live = LiveEnrolment(stream, Path("gestures"))     # recognises what is in the folder
    live.start("thumbs_up")                            # the nearest person will make the gesture ...
    live.stop()                                        # ... and has made it: stored, and recognised at once
"""

from __future__ import annotations

from pathlib import Path

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.checkpoints.shipped import GESTURE_DETECTOR
from usdrl_model.errors.shown import cut
from usdrl_model.gestures import background, enrolment, library
from usdrl_model.gestures.enrolment import Enrolled
from usdrl_model.gestures.examples import Shown
from usdrl_model.gestures.recogniser import Recogniser
from usdrl_model.inference import load
from usdrl_model.online import live_examples
from usdrl_model.online.gesture_actions import check_names
from usdrl_model.online.stream import ActionStream
from usdrl_model.online.tracked_person import TrackedPerson

PATIENCE = 0.2
"""Seconds to wait for another process that changes the gestures: nobody is followed meanwhile."""


class LiveEnrolment:
    """The gestures of a folder, for one stream; called from the thread of the stream.

    Args:
        stream: the online pipeline.
        folder: of the gestures; made with the first one.
        detector: by whose features of windows gestures are told; None: that of the stream.

    Raises:
        FileNotFoundError: the weights have no background.
        ValueError: gestures of other weights, damaged ones, ones with the name of an action of the stream, or weights
            that give no features or do not fit beside those of the stream.
    """

    def __init__(self, stream: ActionStream, folder: Path, detector: LoadedDetector | None = None) -> None:
        self._stream = stream
        self._folder = folder
        self._detector = stream.weights if detector is None else detector
        self._background = background.find(self._detector)
        self._label = ""
        """Of the gesture that was started, until another one is."""
        self._started: tuple[TrackedPerson, float | None, float] | None = None
        """Person, since when they were here, and stamp of the start."""
        self._made: Shown | None = None
        """What was made, until it is stored."""
        self.labels: tuple[str, ...] = ()
        """Of the gestures that are recognised now."""
        self._recognise()

    @classmethod
    def from_pretrained(
        cls,
        stream: ActionStream,
        folder: Path,
        weights: str = "",
        *,
        device: str = "auto",
        threads: int | None = None,
        cuda_graphs: bool | None = None,
    ) -> LiveEnrolment:
        """The gestures of a folder, told by weights that are loaded for them.

        Args:
            stream: the online pipeline.
            folder: of the gestures.
            weights: shipped name, folder or ONNX file; empty: those of the stream, or ``shipped.GESTURE_DETECTOR``
                beside streaming ones.
            device: as ``load.load``.
            threads: as ``load.load``.
            cuda_graphs: as ``load.load``.

        Raises:
            FileNotFoundError, ImportError, ValueError: as ``load.load`` and the class.
        """
        beside = load_beside(stream.weights, weights, device=device, threads=threads, cuda_graphs=cuda_graphs)
        return cls(stream, folder, beside)

    def warm_up(self) -> None:
        """As ``ActionStream.warm_up``, of weights beside those of the stream, before the first gesture is enrolled."""
        if self._detector is not self._stream.weights:
            load.warm_up(self._detector, self._stream.config.max_people)

    @property
    def weights(self) -> LoadedDetector:
        """By whose features gestures are told."""
        return self._detector

    def start(self, label: str, person: str = "") -> str:
        """From now on ``person``, or the nearest one, makes the gesture ``label``; returns the name of the person.

        One at a time: until ``stop``, or until it cannot be stored any more, because the person is lost or that is
        longer ago than what is kept of them.

        Raises:
            ValueError: another one is being shown, ``check`` refuses the label, nobody is there, or nobody of that
                name, or two people are equally near.
        """
        if self._started is not None and (left := live_examples.left(self._stream, *self._started)) > 0.0:
            raise ValueError(
                f"{self._label} is being shown by person {cut(self._started[0].id)}, one at a time: end it, or"
                f" begin in {left:.1f} s"
            )
        self.check(label)
        found = live_examples.find(self._stream, person)
        self._label, self._started, self._made = label, (found, found.came, self._stream.stamp), None
        return found.id

    def stop(self, silent: float = 0.0) -> Enrolled:
        """The gesture has been made: add it to the examples of its label, and recognise it.

        ``silent``: seconds since the newest frame of the stream came.

        Where it could not be stored, another call may store it.

        Raises:
            ValueError: it was not started, or what the person did is no example of a gesture, or the folder has got a
                gesture that cannot be told beside the stream, or as ``enrolment.add``; nothing is stored then.
            OSError: it could not be written, or another process changes the gestures for longer than ``PATIENCE``.
        """
        if self._started is not None:
            started, self._started = self._started, None
            self._made = live_examples.example(self._stream, *started, self._detector.config.detector, silent)
        if self._made is None:
            raise ValueError("not started: call start, make the gesture, call stop")
        check_names(library.labels(self._folder), self._stream.told)  # what others have put there meanwhile
        enrolled = enrolment.add(
            self._folder, self._label, [self._made], self._detector, self._background, patience=PATIENCE
        )
        self._made = None
        self._recognise()
        return enrolled

    def forget(self) -> None:
        """What was started, or made and not stored, is no example."""
        self._started = self._made = None

    def check(self, label: str) -> None:
        """ValueError for the name of an action that the stream tells or of a state, and for what is no name at all."""
        enrolment.check_new(label, self._stream.told)

    def _recognise(self) -> None:
        gestures = library.read_all(self._folder, self._background.weights)
        self._stream.recognise(Recogniser(gestures, self._background, self._detector))
        self.labels = tuple(gesture.label for gesture in gestures)


def load_beside(
    running: LoadedDetector,
    weights: str = "",
    *,
    device: str = "auto",
    threads: int | None = None,
    cuda_graphs: bool | None = None,
) -> LoadedDetector | None:
    """What tells gestures beside the detector of a stream; None: that detector itself. As ``from_pretrained``."""
    if not weights and running.config.detector.streaming:
        weights = GESTURE_DETECTOR
    return load.load(weights, device, cuda_graphs=cuda_graphs, threads=threads) if weights else None
