"""The methods of the tasks on whole recordings, as values: a detector, or a temporal convolutional network (TCN).

>>> Detecting(init="random", tcn=True).title
'from scratch, with TCN'
>>> METHODS["TCN"]
Tcn()

Letters: N windows, T frames, M people, V joints, K classes (background first).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from usdrl_model.evaluation.baselines.contract import Classifier, FitFrames, Fitted, on
from usdrl_model.evaluation.baselines.tcn import fit_tcn
from usdrl_model.evaluation.fusion import fuse
from usdrl_model.evaluation.networks import Init, Method, Networks, hashes, recipes, titled
from usdrl_model.training.finetuning import train
from usdrl_model.training.finetuning.config import FinetuneConfig, of_classes
from usdrl_model.training.finetuning.mixture import Mixture
from usdrl_model.windows.cut import Windows
from usdrl_model.windows.shape import WindowShape


class FrameMethod(Method, Protocol):
    """A method that classifies frames."""

    def window(self, networks: Networks) -> WindowShape:
        """T and M of the windows that it takes."""

    def depends(self, networks: Networks) -> dict[str, str]:
        """What its scores depend on besides data, windows and seed, as hashes."""

    def fit(self, networks: Networks, windows: Windows, classes: int, *, seed: int) -> Fitted:
        """Learn from the frames of windows that were seen; the scores are (N, T, K). Nothing is written.

        Raises:
            ValueError: no frames, a class that is out of range, or weights that are missing.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Detecting:
    """A detector whose dense head names the action of every frame."""

    init: Init = "pretrained"
    fusion: bool = False
    """Train a detector for each of several encoders, and average their predictions (``fusion``)."""
    tcn: bool = False
    """Average with a TCN, which has a shorter temporal context and makes other errors (docs/ablations.md)."""

    @property
    def title(self) -> str:
        """As in tables and after ``--methods``."""
        name = "fine-tuned" if self.init == "pretrained" else "from scratch"
        return titled(name, {"fused": self.fusion, "with TCN": self.tcn})

    @property
    def needs_weights(self) -> bool:
        """Where it starts from them."""
        return self.init == "pretrained"

    def window(self, networks: Networks) -> WindowShape:
        """T and M of its windows."""
        return networks.shape.window

    def depends(self, networks: Networks) -> dict[str, str]:
        """Hashes of recipes and weights."""
        asked = networks.asked(self.fusion)
        return {**recipes(one.run for one in asked), **(hashes(asked) if self.needs_weights else {})}

    def fit(self, networks: Networks, windows: Windows, classes: int, *, seed: int) -> Fitted:
        """Learn from the frames of windows that were seen, see ``FrameMethod``."""
        asked, device = networks.asked(self.fusion), networks.device
        fits = [fit_detector(one.started if self.needs_weights else one.run, device) for one in asked]
        if self.tcn:
            fits.append(on(device, fit_tcn))
        return Fitted(fuse(fits)(windows, classes, seed=seed))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tcn:
    """The baseline: a temporal convolutional network on joints and velocity."""

    title: ClassVar[str] = "TCN"
    needs_weights: ClassVar[bool] = False
    fusion: ClassVar[bool] = False

    def window(self, networks: Networks) -> WindowShape:
        """T of the networks, and all people of the benchmark."""
        return networks.whole

    def depends(self, networks: Networks) -> dict[str, str]:
        """Nothing else."""
        return {}

    def fit(self, networks: Networks, windows: Windows, classes: int, *, seed: int) -> Fitted:
        """Learn from the frames of windows that were seen, see ``FrameMethod``."""
        return Fitted(on(networks.device, fit_tcn)(windows, classes, seed=seed))


_ALL: tuple[FrameMethod, ...] = (
    Detecting(),
    Detecting(fusion=True),
    Detecting(tcn=True),
    Detecting(init="random"),
    Detecting(init="random", fusion=True),
    Detecting(init="random", tcn=True),
    Tcn(),
)
METHODS: Mapping[str, FrameMethod] = {one.title: one for one in _ALL}
"""Every method by its title."""


def usual(weights: int) -> tuple[FrameMethod, ...]:
    """The methods of a task; fine-tuning only where there are weights, and fused ones where there are several."""
    able = [one for one in METHODS.values() if weights or not one.needs_weights]
    return tuple(one for one in able if weights > 1 or not one.fusion)


def fit_detector(run: FinetuneConfig, device: torch.device) -> FitFrames:
    """Train a detector by a configuration in which data and classes are missing."""

    def fit(windows: Windows, classes: int, *, seed: int) -> Classifier:
        this = of_classes(run, classes, seed)
        alike = torch.full((len(windows),), 1.0 / len(windows), dtype=torch.float64)
        detector = train.fit(this, Mixture(windows, alike), device=device).to(device)

        def classify(windows: Tensor) -> Tensor:
            frames: Tensor = detector(windows.to(device)).frames
            return frames.to(windows.device)

        return classify

    return fit
