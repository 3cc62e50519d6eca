"""Which options of an encoder a comparison of two forms of it looks at."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

from usdrl_model.network.config import EncoderConfig


def check_every_option(compared: Iterable[EncoderConfig], left_out: Mapping[str, str], where: str) -> None:
    """Fail with what to do where the two forms agree by accident.

    Args:
        compared: the configurations of the comparison.
        left_out: options that need none -> why.
        where: the list of ``compared``, for the message.
    """
    default = {field.name: field.default for field in fields(EncoderConfig)}
    varied = {name for name in default for one in compared if getattr(one, name) != default[name]}
    forgotten = default.keys() - varied - left_out.keys()
    assert not forgotten, (
        f"EncoderConfig.{', '.join(sorted(forgotten))}: the formula is written twice, and nothing compares the two for"
        f" this option: add a configuration to {where} in which it is not the default, and write the option into the"
        " second form too where this fails; or, if it cannot matter there, say why beside the list"
    )
    assert not (superfluous := sorted(varied & left_out.keys() | left_out.keys() - default.keys())), (
        f"{', '.join(superfluous)}: compared, or no option: take it out of those that are left out"
    )
