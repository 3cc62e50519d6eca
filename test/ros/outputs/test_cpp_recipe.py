"""The leaves for BehaviorTree.CPP read what the schema has, and their tree uses what they offer."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from usdrl_ros.outputs.qos import HEARTBEATS  # noqa: E402
from usdrl_ros.outputs.state_json import SCHEMA, schema  # noqa: E402

FOLDER = ROOT / "examples" / "behaviortree_cpp"
HEADER = (FOLDER / "usdrl_actions.hpp").read_text(encoding="utf-8")
OWN = {"Stop", "Follow", "Greet"}
"""Nodes of the robot."""


def constant(name: str) -> str:
    (value,) = re.findall(rf"{name} = (.+?);", HEADER)
    return value.strip('"')


def required(*path: str) -> set[str]:
    """The fields that every state, or every part of one of a kind, has."""
    part = schema()
    for name in path:
        part = part[name]
    return set(part["required"])


def test_the_header_is_of_this_schema():
    assert constant("SCHEMA") == SCHEMA
    assert float(constant("HEARTBEATS")) == HEARTBEATS
    assert int(constant("REMEMBERED")) >= schema()["properties"]["events"]["maxItems"]


def test_every_field_that_is_read_is_always_there():
    """``states`` of a person is optional in the schema, because earlier nodes had none; this version has it."""
    read = {name: set(re.findall(rf'\b{name}\.at\("(\w+)"\)', HEADER)) for name in ("state", "beat", "action", "event")}
    person = set(re.findall(r'\bone\.at\("(\w+)"\)', HEADER))
    held = set(re.findall(r'\bheld\.at\("(\w+)"\)', HEADER))
    assert all(read.values()) and person and held, "the patterns follow the header"
    assert read["state"] <= required()
    assert read["beat"] <= required("properties", "heartbeat")
    assert read["action"] <= required("$defs", "action")
    assert read["event"] <= required("$defs", "event")
    assert person <= required("$defs", "person") | {"states"}
    assert held <= required("$defs", "held")


def test_the_tree_uses_nodes_and_ports_that_there_are():
    blocks = re.split(r"^class ", HEADER, flags=re.MULTILINE)[1:]
    ports = {re.match(r"\w+", block)[0]: set(re.findall(r'Port<\w[\w:]*>\("(\w+)"', block)) for block in blocks}
    registered = set(re.findall(r'registerNodeType<\w+>\("(\w+)"', HEADER))
    assert registered == {name for name, its in ports.items() if its}
    tree = ElementTree.parse(FOLDER / "greeter.xml").getroot()
    assert tree.get("BTCPP_format") == "4"
    used = [node for node in tree.iter() if node.tag in registered]
    assert {node.tag for node in used} == registered, "the example shows every leaf"
    for node in used:
        assert set(node.attrib) <= ports[node.tag], node.tag
    composites = {"root", "BehaviorTree", "ReactiveFallback", "ReactiveSequence", "Fallback", "Sequence", "Parallel"}
    assert {node.tag for node in tree.iter()} <= registered | OWN | composites


def test_the_page_has_every_node_with_its_ports_and_defaults():
    page = (ROOT / "docs/behaviour_trees.md").read_text(encoding="utf-8")
    blocks = re.split(r"^class ", HEADER, flags=re.MULTILINE)[1:]
    port = re.compile(r'Port<[\w:]+>\("(\w+)"(?:, ("[^"]*"|[\d.]+))?, "[^"]*"\)')
    nodes = {re.match(r"\w+", block)[0]: [_as_written(*one) for one in port.findall(block)] for block in blocks}
    written = re.findall(r"^\| `<(\w+) (.*?)>` \|", page, re.MULTILINE)
    assert dict(written) == {name: " ".join(ports) for name, ports in nodes.items() if ports}


def _as_written(port, default):
    return f'{port}="{default.strip(chr(34))}"' if default else port


PROGRAM = """
#include <cassert>
#include <fstream>
#include <iostream>
#include <sstream>
#include "usdrl_actions.hpp"

struct Robot : BT::SyncActionNode {
  Robot(const std::string & name, const BT::NodeConfig & config) : BT::SyncActionNode(name, config) {}
  static BT::PortsList providedPorts() { return {BT::InputPort<std::string>("who")}; }
  BT::NodeStatus tick() override {
    std::cout << registrationName() << " " << getInput<std::string>("who").value_or("") << std::endl;
    return BT::NodeStatus::SUCCESS;
  }
};

int main(int, char ** arguments) {
  auto actions = std::make_shared<usdrl::Actions>();
  BT::BehaviorTreeFactory factory;
  usdrl::register_leaves(factory, actions);
  for (const char * name : {"Stop", "Follow", "Greet"}) factory.registerNodeType<Robot>(name);
  auto tree = factory.createTreeFromFile(arguments[1]);
  auto nobody = factory.createTreeFromText(R"(<root BTCPP_format="4"><BehaviorTree ID="Nobody">
    <IsDoing label="hand_in_front" who="{unset}"/></BehaviorTree></root>)");
  std::ifstream states(arguments[2]);
  for (std::string text; std::getline(states, text);) {
    std::cout << actions->hear(text) << " " << actions->alive() << std::endl;
    tree.tickOnce();
    assert(nobody.tickOnce() == BT::NodeStatus::FAILURE);
  }
  const auto later = usdrl::Actions::Clock::now() + std::chrono::seconds(2);
  std::cout << "later " << actions->alive(later) << std::endl;
}
"""


def installation() -> Path | None:
    """Prefix with BehaviorTree.CPP 4, from the paths of ament and CMake."""
    prefixes = os.pathsep.join(os.environ.get(name, "") for name in ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"))
    for prefix in filter(None, [*prefixes.split(os.pathsep), "/usr", "/usr/local"]):
        if (Path(prefix) / "include" / "behaviortree_cpp" / "bt_factory.h").is_file():
            return Path(prefix)
    return None


@pytest.mark.skipif(installation() is None or not shutil.which("g++"), reason="needs BehaviorTree.CPP 4 and a compiler")
def test_the_header_compiles_and_ticks(tmp_path):
    longest = [("pointing_left", "5", 2.5), ("pointing_left", "4", 1.5), ("pointing_left", "6", 2.0)]
    people = [[], [], [("hand_in_front", "3", 1.0)], longest, [], []]
    waves = [{"seq": 1, "kind": "onset", "person": "5", "label": "wave", "score": 0.9}]
    lines = []
    for beat, held in enumerate(people):
        events = waves if beat == 5 else []
        lines.append(json.dumps(state(beat, held, events)))
    whole = json.loads(lines[0])
    spoilt = [{}, {"schema": 7}, *(whole | {name: [7]} for name in ("seq", "heartbeat", "events", "people"))]
    wrong = {"seq": "x", "kind": 7, "person": None, "label": 7, "score": "high"}
    spoilt += [whole | {"seq": 2, "events": [waves[0] | {"seq": 2, name: value}]} for name, value in wrong.items()]
    spoilt += [whole | {"seq": 2, "events": [{"seq": 2}]}, whole | {"people": [{"id": 7}]}]
    (tmp_path / "states").write_text("\n".join([*lines, *map(json.dumps, spoilt)]), encoding="utf-8")
    (tmp_path / "main.cpp").write_text(PROGRAM, encoding="utf-8")
    prefix = installation()
    subprocess.run(
        ["g++", "-std=c++17", f"-I{prefix}/include", f"-I{FOLDER}", tmp_path / "main.cpp", f"-L{prefix}/lib",
         f"-Wl,-rpath,{prefix}/lib", "-lbehaviortree_cpp", "-o", tmp_path / "main"],
        check=True,
    )  # fmt: skip
    told = subprocess.run(
        [tmp_path / "main", FOLDER / "greeter.xml", tmp_path / "states"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    refused = ["0 1"] * len(spoilt)
    assert told == ["1 0", "1 1", "1 1", "Stop ", "1 1", "Follow 4", "1 1", "1 1", "Greet 5", *refused, "later 0"]


def state(beat: int, held: list, events: list) -> dict:
    people = [
        {"id": who, "position": None, "actions": [],
         "states": {"active": [{"label": label, "onset": onset, "since": beat - onset}], "unknown": []}}
        for label, who, onset in held
    ]  # fmt: skip
    return {"schema": SCHEMA, "seq": len(events), "people": people, "events": events,
            "heartbeat": {"stamp": float(beat), "period": 0.25}}  # fmt: skip
