"""The configuration of a detector that is small enough to be made, exported and compared in a test."""

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig

CONFIG = DetectorConfig(
    labels=("none", "wave", "clap"),
    encoder=EncoderConfig(hidden=64, frames=16, people=1, streams=("temporal",), velocity=True, stem_kernel=3),
)
