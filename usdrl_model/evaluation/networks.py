"""What methods of evaluation are fitted with: weights, the training recipe, the shape of every network, the device.

    networks = Networks(weights=weights, recipe=recipe, people=1, device=torch.device("cpu"))
    networks.check([method])
    fitted = method.fit(networks, windows, y, classes, seed=0)
    fitted.predict(others)                             # (N,) classes

Letters: T frames, M people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, get_args

import torch

from usdrl_model import config
from usdrl_model.errors.nearest import hint
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.network.config import MAX_FRAMES, EncoderConfig
from usdrl_model.network.dste import Encoder, build_encoder
from usdrl_model.network.modality import Modality
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.windows.shape import WindowShape

Init = Literal["pretrained", "random"]
"""Weights that an encoder starts from."""
AnyMethod = TypeVar("AnyMethod", bound="Method")


class Method(Protocol):
    """What a method on clips or on whole recordings says of itself before it is fitted."""

    @property
    def title(self) -> str:
        """In tables, stored cells and after ``--methods``; follows from the other fields."""

    @property
    def needs_weights(self) -> bool:
        """It starts from pretrained weights."""

    @property
    def fusion(self) -> bool:
        """It asks several networks."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Network:
    """One network that a method asks."""

    run: FinetuneConfig
    """How a detector with this encoder is trained from random weights."""
    weights: Pretrained | None = None
    """That it can start from."""

    @property
    def shape(self) -> EncoderConfig:
        """Of the encoder."""
        return self.run.detector.encoder

    @property
    def started(self) -> FinetuneConfig:
        """How a detector is trained from the weights.

        Raises:
            ValueError: there are none.
        """
        return dataclasses.replace(self.run, init_from=self._weights().path)

    def pretrained(self) -> Encoder:
        """The encoder with the weights, perhaps causal now; errors as ``started``."""
        encoder = build_encoder(self.shape)
        encoder.load_state_dict(self._weights().encoder.state_dict())
        return encoder.eval()

    def _weights(self) -> Pretrained:
        if self.weights is None:
            raise ValueError("expected pretrained weights, got none: give --weights")
        return self.weights


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Networks:
    """Everything that a method may be fitted with."""

    weights: Sequence[Pretrained]
    """None where no method needs any. Methods that fuse ask all of them; the others ask the first."""
    recipe: FinetuneConfig
    """How a detector is trained, and without weights its encoder. Classes, data and weights are filled in."""
    people: int
    """M of the benchmark; that of the weights, where there are any, for everything but the baselines."""
    causal: bool | None = None
    """Whether no frame of an encoder sees a later one; None: as weights or recipe say."""
    device: torch.device
    """Where to train and to score."""
    official: bool = False
    """Whether the published checkpoints among the weights see clips as their authors show them."""

    def __post_init__(self) -> None:
        """Refuse weights of another skeleton, and a recipe that says itself what is filled in."""
        for one in self.weights:
            one.check_joints()
        self.recipe.check_open()

    def check(self, methods: Iterable[Method]) -> None:
        """Refuse methods that cannot be fitted with these weights.

        Raises:
            ValueError: weights are missing, or there is one where several are asked, or they take different windows.
        """
        if not self.weights and (lacking := [one.title for one in methods if one.needs_weights]):
            raise ValueError(f"methods {lacking} need weights: give --weights, or leave them out")
        if not (fused := [one.title for one in methods if one.fusion]):
            return
        if len(self.weights) == 1:
            raise ValueError(f"methods {fused} ask several networks: give --weights of each, for example joints, bones")
        taken = [str(self._window(one.shape, one)) for one in self.weights]
        if len(set(taken)) > 1:
            raise ValueError(
                f"weights that are fused have to take the same windows (frames x people), got {'; '.join(taken)}"
            )

    def asked(self, fusion: bool) -> list[Network]:
        """The networks of a method; fused without weights, one for joints, one for bones, one for motion."""
        if self.weights:
            return [self._network(one.shape, one) for one in self.weights[: None if fusion else 1]]
        shape = dataclasses.replace(self.recipe.detector.encoder, people=self.people)
        if not fusion:
            return [self._network(shape)]
        return [self._network(dataclasses.replace(shape, modalities=(one,))) for one in get_args(Modality)]

    @property
    def shape(self) -> EncoderConfig:
        """Of the network that a method asks which does not fuse."""
        return self.asked(fusion=False)[0].shape

    @property
    def window(self) -> WindowShape:
        """Of that network."""
        return self._window(self.shape, self.weights[0] if self.weights else None)

    @property
    def whole(self) -> WindowShape:
        """T as that of the networks, and M of the benchmark, without a mask: what baselines see."""
        return dataclasses.replace(self.each_person, masked=False, flat=False, official=False)

    @property
    def each_person(self) -> WindowShape:
        """Windows of the networks with M of the benchmark: an encoder of one person sees each by themselves."""
        return dataclasses.replace(self.window, people=max(self.people, self.shape.people))

    def from_scratch(self) -> list[FinetuneConfig]:
        """Two detectors of the recipe's own encoder on the windows of the weights, of which one sees twice the frames.

        One where T is the most that an encoder can have.
        """
        shape = self.shape
        own = dataclasses.replace(
            self.recipe.detector.encoder,
            people=shape.people,
            causal=shape.causal,
            centre=shape.centre,
            masked=shape.masked,
            flat=shape.flat,
        )
        lengths = dict.fromkeys((shape.frames, min(2 * shape.frames, MAX_FRAMES)))  # each once
        return [_filled_in(self.recipe, dataclasses.replace(own, frames=frames)) for frames in lengths]

    def _window(self, shape: EncoderConfig, weights: Pretrained | None) -> WindowShape:
        official = self.official and weights is not None and weights.official
        return dataclasses.replace(shape.window, official=official)

    def _network(self, shape: EncoderConfig, weights: Pretrained | None = None) -> Network:
        causal = shape.causal if self.causal is None else self.causal
        return Network(run=_filled_in(self.recipe, dataclasses.replace(shape, causal=causal)), weights=weights)


def titled(name: str, ways: Mapping[str, bool]) -> str:
    """The title of a method: its name, and in which ways it is not the usual one.

    >>> titled("linear", {"whitened": True, "untrained": False, "fused": True})
    'linear, whitened, fused'
    """
    return ", ".join([name, *(way for way, applies in ways.items() if applies)])


def by_title(methods: Mapping[str, AnyMethod], titles: Iterable[str]) -> tuple[AnyMethod, ...]:
    """Methods by their titles, each once.

    Raises:
        ValueError: there is none of that title; the message lists all.
    """
    titles = tuple(dict.fromkeys(titles))
    if unknown := [title for title in titles if title not in methods]:
        names = ", ".join(map(repr, unknown))
        raise ValueError(
            f"unknown methods {names}{hint(unknown[0], methods)} There are: {', '.join(map(repr, methods))}"
        )
    return tuple(methods[title] for title in titles)


def recipes(runs: Iterable[FinetuneConfig], name: str = "recipe") -> dict[str, str]:
    """Hashes of configurations, as part of what decides a cell."""
    return numbered(name, map(config.content_hash, runs))


def hashes(networks: Iterable[Network]) -> dict[str, str]:
    """Hashes of weights, as part of what decides a cell."""
    return numbered("weights", (one.weights.hash for one in networks if one.weights))


def numbered(name: str, values: Iterable[str]) -> dict[str, str]:
    """``name`` of the first network, "name 2" of the second ... -> its value."""
    return {f"{name} {n}" if n > 1 else name: value for n, value in enumerate(values, 1)}


def _filled_in(recipe: FinetuneConfig, shape: EncoderConfig) -> FinetuneConfig:
    """A recipe for an encoder; whoever fits gives the seed."""
    return dataclasses.replace(recipe, detector=dataclasses.replace(recipe.detector, encoder=shape), seed=0)
