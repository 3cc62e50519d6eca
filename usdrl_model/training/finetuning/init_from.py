"""Initial weights of a detector's training, and the provenance of the result."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

import torch

from usdrl_model import config
from usdrl_model.checkpoints import code_version, config_file, detector_file
from usdrl_model.checkpoints.pretrained_models import find_encoder, load_encoder
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data import catalogue, protocols
from usdrl_model.data.catalogue import PERFORMER
from usdrl_model.data.store import Store
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.finetuning.sources import training_part


def start_encoder(run: FinetuneConfig) -> torch.nn.Module:
    """The initial encoder of a run; errors as ``load_encoder``."""
    return load_encoder(run.init_from, run.detector.encoder)


def provenance(run: FinetuneConfig, store: Store | None, command: str) -> Provenance:
    """Provenance of the weights of a run, including that of its initial weights and of its teacher.

    Args:
        run: the configuration.
        store: what its sources are read from; None where all of them are simulated.
        command: what started it.

    Raises:
        ValueError: as ``Store.select``.
    """
    before = inherited(run).values()
    stopped_by = [
        SourceConfig(name=source.name, subjects=run.validation_subjects)
        for source in run.sources[:1]
        if run.patience and source.name != PERFORMER
    ]
    return Provenance(
        data=(
            *(used for one in before for used in one.data),
            *(_used(source, store) for source in run.sources),
            *_calibrated(stopped_by, store),
        ),
        complete=all(one.complete for one in before),
        command=command,
        configuration=config.content_hash(run),
        start=run.init_from,
        teacher=run.teacher,
        code=code_version.current(),
    )


def calibrated(made: Provenance, sources: Sequence[SourceConfig], store: Store | None) -> Provenance:
    """Provenance of weights whose temperatures and thresholds were chosen on others; errors as ``provenance``."""
    return dataclasses.replace(made, data=(*made.data, *_calibrated(sources, store)))


def start_provenance(start: str) -> Provenance:
    """Provenance of the initial weights; errors as ``start_encoder``."""
    return find_encoder(start).config.provenance


def inherited(run: FinetuneConfig) -> dict[str, Provenance]:
    """Provenance of the weights that a run starts from and of its teacher, by their names.

    One name for both counts once. Errors as ``find_encoder``, and as ``detector_file.resolve`` for the teacher.
    """
    found = {run.init_from: start_provenance(run.init_from)} if run.init_from else {}
    if run.teacher:
        found[run.teacher] = config_file.provenance(detector_file.resolve(run.teacher))
    return found


def trained_on(made: Provenance, name: str, people: Collection[str]) -> list[str]:
    """Those of some people of a set by whose labels weights were trained, or may have been: all if they name nobody.

    Args:
        made: of the weights.
        name: of the set, which other sets may show the people of.
        people: as the set names them.
    """
    known = [one for one in made.data if one.stage == "training" and one.set in catalogue.same_people(name)]
    if any(not one.subjects for one in known):
        return sorted(people)
    return sorted({*people} & {who for one in known for who in one.subjects})


def _calibrated(sources: Sequence[SourceConfig], store: Store | None) -> list[DataUsed]:
    """Whom something was chosen on, thresholds or when to stop, without learning from them."""
    return [dataclasses.replace(_used(source, store), stage="calibration") for source in sources]


def _used(source: SourceConfig, store: Store | None) -> DataUsed:
    if store is None or source.name == PERFORMER:
        terms = catalogue.terms(source.name)
        return DataUsed(
            set=source.name,
            subjects=source.subjects,
            minutes=source.minutes,
            share=source.share,
            terms=terms.text,
            terms_kind=terms.kind,
        )
    part, terms = training_part(source, store), store.terms(source.name)
    return DataUsed(
        set=source.name,
        split=protocols.resolved(source.name, source.split),
        subjects=source.subjects or part.everybody,
        share=source.share,
        terms=terms.text,
        terms_kind=terms.kind,
        hash=part.hash,
    )
