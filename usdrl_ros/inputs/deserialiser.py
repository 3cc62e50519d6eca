"""Live input: serialised bytes -> message, with a limit on its size.

rclpy deserialises a message while it holds the GIL, which blocks all threads: 20,000 markers take a second. The node
therefore subscribes to bytes, counts their elements first, and refuses messages that are too large to be skeletons.
"""

from __future__ import annotations

from typing import Any

from usdrl_ros.inputs.adapter import PARTS
from usdrl_ros.inputs.common import InputError
from usdrl_ros.messages.cdr import MalformedError, TooManyError
from usdrl_ros.messages.serialised import OtherDistributionError, Serialised


class Deserialiser:
    """Deserialises the messages of one type.

    Args:
        message_type: their class.
        parts: messages and texts inside a message, at most.
    """

    def __init__(self, message_type: Any, parts: int = PARTS) -> None:
        self._parts = parts
        self._serialised = Serialised(message_type)
        self._name = message_type.__name__

    def __call__(self, data: bytes) -> Any:
        """Deserialise one message.

        Raises:
            InputError: ``malformed``, ``too_many_parts``, ``other_distribution``.
        """
        try:
            return self._serialised.message(data, most=self._parts)
        except TooManyError as error:
            raise InputError(
                "too_many_parts",
                f"{error}: more than the joints of all people; is this the topic of a body tracker?",
            ) from error
        except OtherDistributionError as error:
            raise InputError(
                "other_distribution",
                f"expected a {self._name} of this distribution, got {error}: run the tracker on Humble or later",
            ) from error
        except MalformedError as error:
            raise InputError(
                "malformed", f"expected a {self._name}, got other bytes ({error}): check the publisher"
            ) from error
