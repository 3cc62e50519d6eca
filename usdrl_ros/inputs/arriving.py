"""Bytes as they arrive -> the message, if it is one that can be had without holding everybody up.

rclpy makes Python objects of a message in one go, and meanwhile nobody in the process is answered, whatever the thread:
20,000 markers take a second. So the node takes bytes, counts what they hold, and refuses what is no skeletons.
"""

from __future__ import annotations

from typing import Any

from usdrl_ros.inputs.common import MAX_PEOPLE, InputError
from usdrl_ros.messages.cdr import MalformedError, TooManyError
from usdrl_ros.messages.serialised import OtherDistributionError, Serialised

PARTS = 40 * MAX_PEOPLE
"""Markers, poses, fields and places of lines that a message may have: all joints of the most people, in about 0.1 s."""


class Arriving:
    """The messages of one type.

    Args:
        message_type: their class.
    """

    def __init__(self, message_type: Any) -> None:
        self._serialised = Serialised(message_type)
        self._name = message_type.__name__

    def __call__(self, data: bytes) -> Any:
        """The message.

        Raises:
            InputError: ``malformed``, ``too_many_parts``, ``other_distribution``.
        """
        try:
            return self._serialised.message(data, most=PARTS)
        except TooManyError as error:
            raise InputError(
                "too_many_parts", f"{error}: more than {MAX_PEOPLE} people have joints; is it a tracker that publishes?"
            ) from error
        except OtherDistributionError as error:
            raise InputError(
                "other_distribution",
                f"expected a {self._name} of this distribution, got {error}: run the tracker on Humble or later",
            ) from error
        except MalformedError as error:
            raise InputError(
                "malformed", f"expected a {self._name}, got bytes that are none ({error}): look at the publisher"
            ) from error
