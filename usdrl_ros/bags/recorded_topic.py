"""Recorded topics: which hold skeletons, or what a node said; recorded bytes -> messages of this distribution."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from usdrl_model.files import limits
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.storage_file import Topic
from usdrl_ros.inputs.registry import guessable, readers
from usdrl_ros.messages.serialised import SINCE_HUMBLE, OtherDistributionError, Serialised
from usdrl_ros.messages.types import message_class
from usdrl_ros.wire import OUTPUTS, STATE

TEXT = "std_msgs/msg/String"
TREES = "tf2_msgs/msg/TFMessage"
"""May hold people, and is recorded with every robot."""


def skeleton_topics(topics: Iterable[Topic]) -> list[Topic]:
    """Those that an input adapter reads; empty ones, and trees of frames, only where nothing else is."""
    known = guessable()
    found = [one for one in topics if one.type in known and not OUTPUTS.search(one.name)]
    found = [one for one in found if one.count] or found
    return [one for one in found if one.type != TREES] or found


def plain_topics(topics: Iterable[Topic]) -> list[Topic]:
    """Those of texts and numbers, which may be people or anything else; empty ones are none."""
    readable = [one for one in topics if one.type.startswith("std_msgs/") and one.count and readers(one.type)]
    return [one for one in readable if not OUTPUTS.search(one.name)]


def said_by_nodes(topics: Iterable[Topic]) -> list[str]:
    """Names of the outputs of perception nodes, which are known by their states: others have such names too."""
    found = [(one, match) for one in topics if (match := OUTPUTS.search(one.name))]
    states = (one.name for one, _ in found if one.type == TEXT)
    nodes = {name.removesuffix(f"/{STATE}") for name in states if name.endswith(f"/{STATE}")}
    return [one.name for one, match in found if one.name[: match.start()] in nodes]


class RecordedTopic:
    """The messages of one recorded topic.

    Args:
        topic: of a bag.

    Raises:
        BagError: its type is not installed, or the bag has the definition of another distribution.
    """

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        try:
            self.type = message_class(topic.type)
        except ValueError as error:
            raise BagError(f"{error}, or leave its topics out with --topics") from error
        self._serialised = Serialised(self.type)
        markers = topic.type in ("visualization_msgs/msg/MarkerArray", "visualization_msgs/msg/Marker")
        if markers and topic.definition and SINCE_HUMBLE[0] not in topic.definition:
            raise self._of_another_distribution()

    def check(self, data: bytes, limit: int = limits.MESSAGE) -> None:
        """As ``Serialised.check``, with a BagError for messages of another distribution."""
        try:
            self._serialised.check(data, limit)
        except OtherDistributionError:
            raise self._of_another_distribution() from None

    def message(self, data: bytes, limit: int = limits.MESSAGE) -> Any:
        """The message; errors as ``check``."""
        try:
            return self._serialised.message(data, limit)
        except OtherDistributionError:
            raise self._of_another_distribution() from None

    def _of_another_distribution(self) -> BagError:
        return BagError(
            f"{self.topic.name}: {self.topic.type.rpartition('/')[2]} messages of another distribution, Foxy or"
            " Galactic (Humble added fields): convert the bag, `rosbags-convert --src BAG --dst NEW --dst-typestore"
            " ros2_humble`, and copy labels.yaml"
        )
