"""The process of the perception node: how it starts, waits, is named and ends."""

import re
import shutil
import signal
import statistics
import time
from pathlib import Path

import jsonschema
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.people import frames
from helpers.ros_peer import Diagnostics, Peer, header, seconds_to_end, stamp  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.qos import qos_profile_sensor_data  # noqa: E402
from rclpy.utilities import get_rmw_implementation_identifier  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402

from usdrl_model.checkpoints import shipped  # noqa: E402
from usdrl_model.checkpoints.detector_file import resolve  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.outputs.state_json import schema  # noqa: E402
from usdrl_ros.parameters.docs import params_file  # noqa: E402
from usdrl_ros.processes.children import Child, ChildError, wait_until  # noqa: E402

STATE = jsonschema.Draft202012Validator(schema())


def _run(*arguments):
    return Child("perception", ["-m", "usdrl_ros.node.main", "--ros-args", *arguments])


def _shared_memory(pid="self"):
    """The files of the middleware that a process has mapped, ports apart, which all processes share."""
    mapped = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").split()
    return {Path(word) for word in mapped if re.match("/dev/shm/fastrtps_(?!port)", word)}


def _ends_well(child, number, others):
    """A signal ends it at once, without an error, and no shared memory stays behind, but that of ``others``."""
    own = _shared_memory(child.pid) - others
    assert own or get_rmw_implementation_identifier() != "rmw_fastrtps_cpp"
    assert seconds_to_end(child, number) < 2.0
    child.check()
    assert not any(path.exists() for path in own)
    assert "Traceback" not in child.output()


@pytest.fixture
def spoiled_weights(tmp_path):
    folder = tmp_path / "spoiled"
    folder.mkdir()
    shutil.copy(resolve("default") / "config.json", folder)
    (folder / "model.safetensors").write_bytes(b"no tensors in here" * 100)
    return folder


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-p", "topology:=kinect"], "did you mean"),
        (["-p", "num_threads:=0"], "num_threads"),
        (["-p", "topolgy:=k4abt_32"], "did you mean .topology."),
        (["-p", "watch:=[dance]"], "Known: wave"),
        (["-p", "imu_topic:=1imu"], "imu_topic: got '1imu'; allowed: a topic name"),
        (["-p", "weights:={spoiled}"], "model.safetensors: damaged"),
        (["-p", "axes:=5"], "docs/parameters.md"),
        (["-p", "axes"], "after --ros-args"),
        (["nonsense"], "after --ros-args.*nonsense"),
        (["--", "-p", "num_threads:=2"], "after --ros-args.*got .'-p'"),
    ],
)
def test_a_node_that_cannot_start_says_why_and_fails(arguments, reason, spoiled_weights):
    with _run(*(argument.format(spoiled=spoiled_weights) for argument in arguments)) as child:
        before = time.monotonic()
        while not child.ended():
            assert time.monotonic() - before < 60.0, "the node runs"
            time.sleep(0.05)
        with pytest.raises(ChildError, match=reason):
            child.check()
        assert "Traceback" not in child.output()


def test_a_params_file_of_another_namespace_is_told(tmp_path):
    (tmp_path / "head.yaml").write_text("/front/usdrl_perception: {ros__parameters: {watch: [wave]}}", "utf-8")
    ros = ["--params-file", str(tmp_path / "head.yaml"), "-r", "__ns:=/back", "-p", "autostart:=false"]
    with _run(*ros) as child:
        told = "head.yaml: expected a section /back/usdrl_perception or /**, found /front/usdrl_perception"
        wait_until("warning", lambda: told in child.output(), [child], timeout=60.0)


def test_a_node_that_waits_survives_a_failed_configuration(peer, spoiled_weights):
    others = _shared_memory()
    with _run("-p", "autostart:=false", "-p", f"weights:={spoiled_weights}") as child:
        request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
        assert not peer.call(ChangeState, "usdrl_perception/change_state", request).success
        assert peer.call(GetState, "usdrl_perception/get_state").current_state.label == "unconfigured"
        _ends_well(child, signal.SIGINT, others)


def test_a_node_answers_while_it_loads_weights(peer):
    def ask(client, request):
        before = time.monotonic()
        future = client.call_async(request)
        peer.wait(future.done, "answer")
        seconds.append(time.monotonic() - before)
        return future.result()

    def parameter(name, kind, **value):
        changed = Parameter(name=name, value=ParameterValue(type=kind, **value))
        return SetParameters.Request(parameters=[changed])

    kinds = {"change_state": ChangeState, "get_state": GetState, "set_parameters": SetParameters}
    configure = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
    seconds, others = [], _shared_memory()
    with _run("-p", "autostart:=false") as child:
        clients = {name: peer.node.create_client(kind, f"usdrl_perception/{name}") for name, kind in kinds.items()}
        for client in clients.values():
            peer.wait(lambda client=client: child.check() or client.service_is_ready(), "service")
        peer.spin(0.5)
        assert ask(clients["get_state"], GetState.Request()).current_state.label == "unconfigured"
        seconds.clear()
        configured = clients["change_state"].call_async(configure)
        peer.wait(
            lambda: ask(clients["get_state"], GetState.Request()).current_state.label == "configuring", "configuration"
        )
        assert not ask(clients["change_state"], configure).success  # one is enough
        structural = parameter("topic", ParameterType.PARAMETER_STRING, string_value="elsewhere")
        (refusal,) = ask(clients["set_parameters"], structural).results
        assert "clean it up" in refusal.reason
        dynamic = parameter("watch", ParameterType.PARAMETER_STRING_ARRAY, string_array_value=["wave"])
        (refusal,) = ask(clients["set_parameters"], dynamic).results
        assert "being loaded" in refusal.reason
        while not configured.done():
            ask(clients["get_state"], GetState.Request())
        assert configured.result().success
        assert len(seconds) > 20
        assert statistics.median(seconds) < 0.05
        assert ask(clients["set_parameters"], dynamic).results[0].successful
        activate = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_ACTIVATE))
        assert ask(clients["change_state"], activate).success
        peer.wait(lambda: peer.node.get_publishers_info_by_topic("/watch/wave/active"), "topic of the watched label")
        _ends_well(child, signal.SIGTERM, others)


def test_names_simulated_time_and_quality_of_service_with_the_shipped_weights(peer, tmp_path):
    settings = (
        params_file().replace('topic: "skeletons"', 'topic: "people"').replace('#axes: "optical"', 'axes: "kinect"')
    )
    settings += "    use_sim_time: true\n    qos_overrides./robot/people.subscription.reliability: reliable\n"
    (tmp_path / "robot.yaml").write_text(settings, encoding="utf-8")
    renamed = ["-r", "__ns:=/robot", "-r", "__node:=eyes", "-r", "actions/state:=what_people_do"]
    others = _shared_memory()
    with _run(*renamed, "--params-file", str(tmp_path / "robot.yaml")) as child:
        states = peer.listen_json("/robot/what_people_do")
        diagnostics = Diagnostics(peer)

        def wait(done, what):
            peer.wait(lambda: child.check() or done(), what)

        wait(lambda: states, "state")
        assert states[0]["model"]["weights"] == shipped.DEFAULT_DETECTOR
        wait(lambda: "input" in diagnostics.newest(), "diagnostics")
        assert diagnostics.newest()["input"].name == "/robot/eyes: input"
        wait(lambda: "/clock" in diagnostics.newest()["input"].message, "word that the clock is silent")

        with Peer() as other:
            clock = other.publisher(Clock, "/clock")
            clock.publish(Clock(clock=stamp(500.0)))
            other.node.create_publisher(PointCloud2, "/robot/people", qos_profile_sensor_data)
            wait(lambda: "qos_overrides" in diagnostics.newest()["input"].message, "advice on quality of service")

            people = other.publisher(PointCloud2, "/robot/people")
            for frame in frames(duration=2.0, start=500.0):
                clock.publish(Clock(clock=stamp(frame.stamp + 0.02)))
                people.publish(point_cloud(frame, header(frame.stamp, "head")))
                peer.spin(0.01)
        wait(lambda: states[-1]["stamp"] > 501.5, "people")
        assert states[-1]["frame_id"] == "head"
        assert 0.0 <= states[-1]["latency_ms"] < 2000.0
        assert states[-1]["people"][0]["top5"]
        STATE.validate(states[-1])
        _ends_well(child, signal.SIGINT, others)
