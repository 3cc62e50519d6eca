"""What a pretraining run learns from: the clips of a store, simulated people, and how the result says so."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable

import numpy as np

from usdrl_model import config
from usdrl_model.checkpoints import code_version
from usdrl_model.checkpoints.pretrained_models import find_encoder
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data import catalogue, protocols
from usdrl_model.data.store import Store
from usdrl_model.skeleton.clip import Clip
from usdrl_model.training.performers import performances
from usdrl_model.training.pretraining.clip_pool import ClipPool, parts
from usdrl_model.training.pretraining.config import PretrainConfig

_LOG = logging.getLogger(__name__)


def chosen(run: PretrainConfig, store: Store) -> Store:
    """The clips of a store that a run learns from; of all sets, those whose joints are in space.

    Raises:
        ValueError: a set or a protocol that is not there, or a set that the run names, of joints in a picture.
    """
    found = store.select(sets=run.data.sets or None, split=run.data.split)
    pictures = ", ".join(found.select(flat=True).sets)
    if pictures and run.data.sets:
        raise ValueError(f"data.sets: joints of {pictures} are in a picture, views are of those in space: leave it out")
    if pictures:
        _LOG.warning("left out, since their joints are in a picture: %s", pictures)
    return found.select(flat=False)


class Pools:
    """Pools of runs whose sets are nearly the same: each set, and each simulation, is read and filled once.

    Everything that was taken is kept: 300 bytes a frame of a person.
    """

    def __init__(self) -> None:
        self._taken: dict[tuple[object, ...], list[np.ndarray]] = {}

    def pool(self, run: PretrainConfig, clips: Store) -> ClipPool:
        """As ``pool_of``."""
        sets = [clips.select(sets=[name]) for name in clips.sets]
        found = [part for one in sets for part in self._parts(run, one.hash, one)]
        simulated = run.data.performer_minutes, run.seed
        return ClipPool.pack([*found, *self._parts(run, simulated, map(Clip.of, performances(*simulated)))])

    def _parts(self, run: PretrainConfig, source: object, clips: Iterable[Clip]) -> list[np.ndarray]:
        people, seconds, masked = run.encoder.people, run.data.max_seconds, run.encoder.masked
        key = source, people, seconds, masked
        if key not in self._taken:
            self._taken[key] = parts(clips, people, seconds, masked=masked)
        return self._taken[key]


def pool_of(run: PretrainConfig, clips: Iterable[Clip]) -> ClipPool:
    """Clips as a run draws its batches from them, and its simulated people; errors as of ``ClipPool.of``."""
    simulated = map(Clip.of, performances(run.data.performer_minutes, run.seed))
    everything = itertools.chain(clips, simulated)
    return ClipPool.of(everything, run.encoder.people, run.data.max_seconds, masked=run.encoder.masked)


def before(run: PretrainConfig) -> dict[str, Provenance]:
    """Provenance of the initial weights and of the teacher, by their names; errors as ``find_encoder``."""
    return {source: find_encoder(source).config.provenance for source in (run.init_from, run.teacher) if source}


def provenance(run: PretrainConfig, store: Store, command: str) -> Provenance:
    """Provenance of a pretrained model, with that of its initial weights and of its teacher."""
    sources = list(before(run).values())
    return Provenance(
        data=(
            *itertools.chain.from_iterable(one.data for one in sources),
            *(_used(store.select(sets=[name]), run.data.split) for name in store.sets),
            *_simulated(run),
        ),
        complete=all(one.complete for one in sources),
        start=run.init_from,
        teacher=run.teacher,
        command=command,
        configuration=config.content_hash(run),
        code=code_version.current(),
    )


def _used(store: Store, split: str | None) -> DataUsed:
    """Provenance of the clips of one set."""
    (name,) = store.sets
    terms = store.terms(name)
    return DataUsed(
        set=name,
        stage="pretraining",
        split=protocols.resolved(name, split) if split else "",
        subjects=store.everybody,
        terms=terms.text,
        terms_kind=terms.kind,
        hash=store.hash,
    )


def _simulated(run: PretrainConfig) -> list[DataUsed]:
    """Provenance of the simulated people of a run; none where it has none."""
    terms, minutes = catalogue.terms(catalogue.PERFORMER), run.data.performer_minutes
    used = DataUsed(
        set=catalogue.PERFORMER, stage="pretraining", minutes=minutes, terms=terms.text, terms_kind=terms.kind
    )
    return [used] if minutes else []
