"""The tools of ``usdrl-mcp``: what a language model may ask, in words that it reads as their documentation."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

import usdrl_model
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import MESSAGE, cut
from usdrl_model.states.person import STATES
from usdrl_ros.agents.perception import POLL, NoPerceptionError, Perception
from usdrl_ros.client import ActionsClient
from usdrl_ros.enrolling import LONGEST_GESTURE
from usdrl_ros.wire import told_of

SILENT = 2.0
"""Seconds without a new frame after which that is told; slow trackers and inferences need less."""
INSTRUCTIONS = """A robot sees people through a body tracker. These tools say who is here, what they do, and what they
did. Call `labels` once to learn which actions and states can be recognised: nothing else ever is. Everything is about
now: an error that says "no perception" means that nothing is known, not that nobody is there. Ids of people are names
that the tracker gave and may change when somebody leaves. Times are seconds, positions metres in `frame`. `silent_for`
is null, or the seconds for which the tracker has told nothing: it may be dead, nobody knows whether the room is empty
(some trackers fall silent when nobody is there)."""

Label = Annotated[str, Field(description="An action or state, one of those that `labels` lists.", max_length=100)]
Who = Annotated[str, Field(description="Id of the only person who counts. Empty: anybody.", max_length=100)]
MinScore = Annotated[float, Field(description="Least confidence of an action, 0 to 1.", ge=0.0, le=1.0)]
Timeout = Annotated[float, Field(description="Longest time to wait, seconds.", ge=0.0, le=300.0)]
After = Annotated[int, Field(description="`next` of the call before; 0: everything.", ge=0)]
Seconds = Annotated[float, Field(description="Time in which the gesture is made, seconds.", ge=1.0, le=LONGEST_GESTURE)]
Gesture = Annotated[str, Field(description="Name: letters, digits, underscores.", min_length=1, max_length=100)]

Tool = TypeVar("Tool", bound=Callable[..., Awaitable[dict[str, Any]]])


def server(perception: Perception) -> MCPServer:
    """An MCP server with the tools ``labels``, ``people``, ``wait_for``, ``recent_events`` and ``enrol``."""
    mcp = MCPServer("usdrl", instructions=INSTRUCTIONS, version=usdrl_model.__version__, log_level="WARNING")
    client = perception.client
    enrolling = anyio.Lock()

    @_tool(mcp)
    async def labels() -> dict[str, Any]:
        """The actions and gestures that can be recognised, and the states (posture, arms, place) of a person."""
        await perception.state()
        return {"actions": json.loads(await perception.ask("list_labels")), "states": list(STATES)}

    @_tool(mcp)
    async def people() -> dict[str, Any]:
        """Everybody who is seen now, with their actions and states.

        `position` is that of the head; `distance` is metres over the floor from the sensor, `bearing` degrees from
        straight ahead, left positive; null is not known. `pointing` has where every pointing arm points: from
        `origin`, the hand, along `direction` (length 1), to `hit` on the floor (null: not within 10 m). `seconds` is
        how long an action has been going on; `not_judged` lists actions and states that cannot be told now, because a
        part of the body is hidden or the person has just come. An empty list means that nobody is seen, if
        `silent_for` is null.
        """
        state = await perception.state()
        people = [_seen(person) for person in state["people"]]
        return {"frame": state["frame_id"], "silent_for": _silent(client), "people": people}

    @_tool(mcp)
    async def wait_for(
        label: Label, person: Who = "", min_score: MinScore = 0.0, timeout: Timeout = 30.0
    ) -> dict[str, Any]:
        """Wait until somebody begins an action or comes into a state, or is at it already.

        `found` is false if nobody did within `timeout`, or nobody was seen (`silent_for`). If the person has already
        left, `person` has the id only.
        """
        end = time.monotonic() + timeout
        await perception.state()
        look = client.lookout(label, person or None, min_score)
        await _check_label(perception, label)
        while (found := look()) is None:
            if time.monotonic() >= end:
                return {"found": False, "silent_for": _silent(client), "person": None}
            await anyio.sleep(POLL)
            if not client.alive:
                await perception.state()  # what happens meanwhile is found afterwards
        person_found = _seen(found) if "actions" in found else found
        return {"found": True, "silent_for": _silent(client), "person": person_found}

    @_tool(mcp)
    async def recent_events(after: After = 0) -> dict[str, Any]:
        """What happened since this server was started: actions, states that began, and who entered and left.

        Oldest first; the last 256 states, and of all else the last 256. Times are seconds ago (null: not yet).
        `onset` and `offset` are those of an action; `lost` is the end of an action whose person went. `state`:
        somebody came into a state, which may be over again: `people` says what holds now. `reason` of who left:
        `gone` (not seen any more), `silent` (the tracker told nothing more: they may be there still) or `reset`
        (everybody was forgotten). Give `next` as `after` to hear only what is new.
        """
        await perception.state()
        end = client.cursor
        events = client.news_since(after if after <= end else 0)  # larger: of a server that ran before
        return {"events": [_happened(event) for event in events], "silent_for": _silent(client), "next": end}

    @_tool(mcp)
    async def enrol(label: Gesture, seconds: Seconds = 3.0, person: Who = "") -> dict[str, Any]:
        """Learn a new gesture: the person in front of the robot makes it once, from now on, within `seconds`.

        Tell them first what to do and when. Each call adds one example; three to five, of several people, are much
        better than one. From then on `labels` lists the gesture and `wait_for` finds it.
        """
        if enrolling.locked():
            raise ValueError("a gesture is being shown just now: wait until that is over")
        async with enrolling:
            await perception.state()
            gesture = perception.gesture(label, person)
            try:
                began = await perception.follow(gesture.begin())
                await perception.follow(gesture.show(client, seconds))
                learnt = await perception.follow(gesture.end())
            finally:
                gesture.give_up()  # where the model, or who runs it, took the call back
            return {"learnt": learnt, "shown_by": began.removeprefix(told_of(label)).rpartition(": ")[0]}

    return mcp


def _tool(mcp: MCPServer) -> Callable[[Tool], Tool]:
    """Register a tool; what it refuses, and a perception that is not there, are answers for the model to read."""

    def register(tool: Tool) -> Tool:
        @wraps(tool)
        async def answer(*args: Any, **values: Any) -> dict[str, Any]:
            try:
                return await tool(*args, **values)
            except (NoPerceptionError, ValueError) as error:
                raise ToolError(cut(error, MESSAGE)) from error

        mcp.add_tool(answer)
        return tool

    return register


async def _check_label(perception: Perception, label: str) -> None:
    known = [*json.loads(await perception.ask("list_labels")), *STATES]
    if label not in known:
        raise ValueError(
            f"label: nothing is called {cut(label)!r}{hint(label, known)} Known: {', '.join(known)}. `enrol` adds more"
        )


def _silent(client: ActionsClient) -> float | None:
    """Seconds for which the source has been silent; None as long as frames come."""
    return round(client.silence, 1) if client.silence > SILENT else None


def _seen(person: dict[str, Any]) -> dict[str, Any]:
    """A person of a state (docs/state.md) in the few fields that a model needs."""
    actions = [action for action in person["actions"] if action["state"] == "active"]
    states = person.get("states", {"active": []})  # earlier nodes do not send it
    return {
        "id": person["id"],
        "position": person["position"],
        "distance": person.get("distance"),
        "bearing": person.get("bearing"),
        "actions": [{"label": one["label"], "score": one["score"], "seconds": one["since"]} for one in actions],
        "states": [held["label"] for held in states["active"]],
        "pointing": [{"label": held["label"], **held["ray"]} for held in states["active"] if held.get("ray")],
        "not_judged": [*person.get("withheld", []), *states.get("unknown", [])],
    }


def _happened(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a state, with times that need no clock."""
    began, ended = (None if (ago := event[name]) is None else round(ago, 2) for name in ("onset_ago", "offset_ago"))
    told = {"kind": event["kind"], "person": event["person"]}
    if event["kind"] == "state":
        return told | {"label": event["label"], "began_ago": began}
    if event["kind"] in ("entered", "left"):
        reason = {"reason": event["reason"]} if "reason" in event else {}
        return told | {"came_ago": began, "went_ago": ended} | reason
    return told | {"label": event["label"], "score": event["score"], "began_ago": began, "ended_ago": ended}
