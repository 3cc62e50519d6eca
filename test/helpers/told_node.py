"""A perception node that says what a test tells it, and what a behaviour tree makes of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import py_trees
from py_trees.common import Status
from std_msgs.msg import String

from helpers.ros_peer import LATCHED
from usdrl_ros.client import ActionsClient


class Robot:
    """A perception node that says what a test tells it, and a client that hears it; time is the test's."""

    def __init__(self, peer) -> None:
        self.peer, self.time, self.stamp, self.seq, self.period = peer, 100.0, 50.0, 0, 0.5
        self.events: list[dict] = []
        self.client = ActionsClient(peer.node, monotonic=lambda: self.time)
        self.publisher = peer.publisher(String, "actions/state", LATCHED)

    def say(self, *people: dict, begins: tuple[tuple[str, str], ...] = (), seconds: float = 0.1) -> None:
        self.time, self.stamp = self.time + seconds, self.stamp + seconds
        for person, label in begins:
            self.seq += 1
            visit = label in ("entered", "left")
            event = {"seq": self.seq, "kind": label if visit else "onset", "person": person,
                     "label": None if visit else label, "score": None if visit else 0.9}  # fmt: skip
            self.events.append(event | {"onset": self.stamp, "offset": None, "stamp": self.stamp})
        state = {"schema": "usdrl.actions/2", "seq": self.seq, "stamp": self.stamp, "people": list(people),
                 "events": self.events[-16:], "heartbeat": {"stamp": self.stamp, "period": self.period}}  # fmt: skip
        self.publisher.publish(String(data=json.dumps(state)))
        self.peer.wait(lambda: (self.client._heard.state or {}).get("stamp") == self.stamp, "state")


def person(name: str, *actions: str, states: tuple[str, ...] = (), x: float = 2.0, score: float = 0.9,
           bearing: float = 0.0) -> dict:  # fmt: skip
    since = {"onset": 1.0, "since": 1.0}
    active = [{"label": label, "state": "active", "score": score} | since for label in actions]
    held = {"active": [{"label": label} | since for label in states], "unknown": []}
    return {
        "id": name,
        "position": [x, 0.0, 0.0],
        "distance": abs(x),
        "bearing": bearing,
        "actions": active,
        "states": held,
    }


@contextmanager
def told_robot(peer) -> Iterator[Robot]:
    """A robot whose node is alive, and a blackboard on which nothing is."""
    py_trees.blackboard.Blackboard.clear()
    one = Robot(peer)
    one.say()
    one.say()
    assert one.client.alive
    yield one
    one.client.close()


def ticked(leaf) -> Status:
    leaf.tick_once()
    return leaf.status


def said(key: str) -> object:
    return py_trees.blackboard.Blackboard.get(f"/actions/{key}")
