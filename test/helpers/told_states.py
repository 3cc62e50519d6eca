"""States as a perception node says them, as short as they may be."""

import json

from std_msgs.msg import String

from usdrl_ros.outputs.state_json import SCHEMA

WAVED = [
    {"seq": seq, "kind": kind, "person": "anna", "label": "wave", "score": 0.9}
    for seq, kind in ((1, "onset"), (2, "offset"))
]
"""Somebody has waved, as events."""


def state(stamp, *people, period=0.5, events=()):
    """A state of the node with a heartbeat."""
    beat = {"stamp": stamp, "period": period}
    seq = max((event["seq"] for event in events), default=0)
    said = {"schema": SCHEMA, "seq": seq, "events": events, "heartbeat": beat, "people": list(people)}
    return String(data=json.dumps(said))
