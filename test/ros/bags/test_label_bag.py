"""``usdrl-bag label``: labels from clicks, tables and topics, and what ``usdrl finetune`` learns from points."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.acted_bags import said
from helpers.rule_detector import hand_up_weights
from helpers.tiny_finetuning import RUN
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from usdrl_model.data.store import Store
from usdrl_model.evaluation import detection_scores
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, in_doubt
from usdrl_model.training.finetuning import sources
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.windows.tracklets import UNKNOWN, tracklets
from usdrl_ros.bags.command import main
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.bags.write import write_recording


@pytest.fixture(scope="module")
def two_people() -> Recording:
    return replace(performance(people=2, seconds=8.0, rate=10.0), segments=(), labels=())


@pytest.fixture
def bag(two_people: Recording, tmp_path: Path) -> Path:
    write_recording(two_people, tmp_path / "bag")
    return tmp_path / "bag"


def label(bag: Path, table: str, *options: str) -> int:
    file = bag.parent / "labels of mine.csv"
    file.write_text(table, encoding="utf-8")
    return main(["label", str(bag), str(file), *options])


def test_points_and_segments_of_a_table_become_labels(bag: Path, two_people: Recording, capsys) -> None:
    start = two_people.frames[0].stamp
    table = f'person,label,time\r\n1,wave,{start + 2:.6f}\r\n2,"my, ""own""",{start + 3:.6f}\r\n'
    assert label(bag, table) == 0
    assert "2 points" in capsys.readouterr().out
    truth = load_truth(bag)
    assert truth.labels == ('my, "own"', "wave")
    assert truth.segments[0] == Segment("1", "wave", truth.segments[0].start, truth.segments[0].start)
    assert truth.segments[0].start == pytest.approx(start + 2, abs=1e-6)

    # A second time, with other columns in another order and times from the first frame.
    assert label(bag, "end,label,start,person\n2.5,jump,1.5,2\n", "--relative") == 1
    assert "--replace" in capsys.readouterr().err
    assert label(bag, "end,label,start,person\n2.5,jump,1.5,2\n", "--relative", "--replace") == 0
    (segment,) = load_truth(bag).segments
    assert load_truth(bag).labels == ("jump",), "whether the old ones occur is not known any more"
    assert (segment.person, segment.label) == ("2", "jump")
    assert (segment.start, segment.end) == pytest.approx((start + 1.5, start + 2.5))


def test_points_on_the_first_and_the_last_frame_are_of_the_bag_when_they_are_rounded(
    two_people: Recording, tmp_path: Path
) -> None:
    frames = tuple(replace(frame, stamp=frame.stamp + 0.6e-6) for frame in two_people.frames)
    write_recording(replace(two_people, frames=frames), tmp_path / "bag")
    stamps = [frame.stamp for frame in load_bag(tmp_path / "bag").frames]
    first, last = math.floor(min(stamps) * 1e6), math.ceil(max(stamps) * 1e6)
    assert first * 1e-6 < min(stamps) and last * 1e-6 > max(stamps), "both lie outside"
    table = "person,label,time\n1,wave,{}.{:06d}\n1,wave,{}.{:06d}\n"
    rounded = table.format(*divmod(first, 10**6), *divmod(last, 10**6))
    assert label(tmp_path / "bag", rounded) == 0
    assert len(load_truth(tmp_path / "bag").segments) == 2
    beyond = table.format(*divmod(first, 10**6), *divmod(last + 5, 10**6))
    assert label(tmp_path / "bag", beyond, "--replace") == 1


def test_what_nobody_can_tell_is_no_action(bag: Path) -> None:
    table = f"person,label,start,end\n1,wave,1,2\n1,{AMBIGUOUS},3,4\n"
    assert label(bag, table, "--relative") == 0
    assert label(bag, table, "--relative", "--add") == 0
    assert load_truth(bag).labels == ("wave",) and len(load_truth(bag).segments) == 4
    file = bag / "labels.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("- wave", f"- wave\n- {AMBIGUOUS}"), encoding="utf-8")
    assert load_truth(bag).labels == ("wave",), "it needs no place there, and may have one"


def test_comments_of_a_table_are_left_out(bag: Path) -> None:
    assert label(bag, "label,comment,start,end,person\njump,twice?,1.5,2.5,2\n", "--relative") == 0
    assert [(one.person, one.label) for one in load_truth(bag).segments] == [("2", "jump")]


def test_what_is_nothing_is_no_action(bag: Path, capsys) -> None:
    assert label(bag, "label,start,end,person\nnone,0,1,1\njump,1.5,2.5,2\n", "--relative") == 0
    assert "1 rows of none are left out" in capsys.readouterr().out
    assert [one.label for one in load_truth(bag).segments] == ["jump"]
    file = bag / "labels.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("jump", "none"), encoding="utf-8")
    with pytest.raises(BagError, match="labels: expected actions, got 'none'"):
        load_truth(bag)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("person;label;time\n1;wave;2\n", "line 1: expected commas between the columns, got semicolons"),
        ("label,time,time\n", "line 1: expected person,label,time"),
        ("who,label,time\n1,wave,2\n", "line 1: expected person,label,time"),
        ("person,label,time\n1,wave\n", "line 2: expected 3 fields, got 2"),
        ("person,label,time\n1,,2\n", "line 2: label: expected"),
        ("person,label,time\n1,wave,soon\n", "line 2: time: expected seconds, got 'soon'"),
        ("person,label,time\n1,wave,nan\n", "line 2: time: expected seconds"),
        ("person,label,time\n1,nan,2\n", "line 2: label: nan: a missing value? write none, or leave the row out"),
        ("person,label,time\n1, None,2\n", "line 2: label: None: a missing value"),
        ("person,label,start,end\n1,wave,3,2\n", "line 2: ends at 2 before it starts at 3"),
        ("person,label,time\n9,wave,2\n", "person '9': the bag has 1, 2"),
        ("label,time\nwave,2\n", "choose with --person"),
        ("person,label,time\n1,wave,2e9\n", "outside of the bag's time"),
        ("person,label,time\n", "no labels in it"),
        ('person,label,time\n1,"wave,2\n', "labels of mine.csv: "),
        ("person,label,time\n1,wave\x1b[31m,2\n", "label: expected 1 to 100 printable characters"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(bag: Path, capsys, table: str, said: str) -> None:
    before = (bag / "labels.yaml").read_bytes()
    capsys.readouterr()
    assert label(bag, table) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and "\x1b" not in error
    assert (bag / "labels.yaml").read_bytes() == before


def test_a_table_may_be_utf_16_and_other_encodings_are_told(bag: Path, capsys) -> None:
    table = "person,label,start,end\n1,grüßen,1,2\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (bag / "x.csv").write_text(table, encoding=encoding)
        assert main(["label", str(bag), str(bag / "x.csv"), "--relative", "--replace"]) == 0, said(capsys)
        assert load_truth(bag).labels == ("grüßen",)
    (bag / "x.csv").write_text(table, encoding="latin-1")
    assert main(["label", str(bag), str(bag / "x.csv"), "--relative", "--replace"]) == 1
    assert "save the table as UTF-8" in said(capsys)


def with_texts(bag: Path, texts: list[tuple[float, str]]) -> Path:
    """The bag with a topic of texts, each said so many seconds after the first frame."""
    told = bag.parent / f"told{len(texts)}"
    with BagReader(bag) as reader, BagWriter(told) as writer:
        for topic in reader.topics:
            writer.add_topic(topic.name, topic.type)
        writer.add_topic("/said", "std_msgs/msg/String")
        for message in reader.messages():
            writer.write(message.topic, message.stamp_ns, message.data)
        for seconds, text in texts:
            writer.write("/said", reader.start_ns + round(seconds * 1e9), serialize_message(String(data=text)))
    (told / "labels.yaml").write_bytes((bag / "labels.yaml").read_bytes())
    return told


def test_labels_of_a_topic(bag: Path, two_people: Recording, capsys) -> None:
    told = with_texts(bag, [(1.0, "wave"), (1.5, "wave"), (2.0, "none"), (3.0, "clap"), (4.0, "wave")])
    assert main(["label", str(told), "/said"]) == 1
    assert "choose with --person" in capsys.readouterr().err
    assert main(["label", str(told), "/said", "--person", "2"]) == 0
    start, end = (two_people.frames[place].stamp for place in (0, -1))
    found = [(one.person, one.label, one.start - start, one.end - start) for one in load_truth(told).segments]
    assert [(person, name) for person, name, *_ in found] == [("2", "wave"), ("2", "clap"), ("2", "wave")]
    np.testing.assert_allclose([one[2:] for one in found], [(1, 2), (3, 4), (4, end - start)], atol=1e-3)
    assert main(["label", str(told), "/nothing", "--replace"]) == 1
    assert "/said" in capsys.readouterr().err


def test_labels_that_a_topic_tells_at_once(bag: Path, two_people: Recording) -> None:
    truth = load_truth(bag)
    segments = (Segment("2", "wave", two_people.frames[5].stamp, two_people.frames[9].stamp),)
    document = replace(truth, segments=segments, labels=("wave",)).document()
    told = with_texts(bag, [(0.0, json.dumps(document))])
    assert main(["label", str(told), "/said"]) == 0
    assert [replace(one, start=0.0, end=0.0) for one in load_truth(told).segments] == [Segment("2", "wave", 0.0, 0.0)]


def test_labels_that_a_topic_tells_one_performance_after_another(bag: Path, two_people: Recording, capsys) -> None:
    """As ``usdrl-performer`` with ``loop``: the recording begins and ends in a performance, and one is told twice."""
    truth, start = load_truth(bag), two_people.frames[0].stamp
    spans = [(-9.0, -8.0), (1.0, 2.0), (5.0, 6.0), (7.5, 9.0), (99.0, 100.0)]
    segments = [Segment("2", name, start + a, start + b) for name, (a, b) in zip("abcde", spans, strict=True)]
    documents = [
        json.dumps(replace(truth, segments=tuple(some), labels=("jump", *"abcde")).document())
        for some in (segments[:2], segments[:2], segments[2:3], segments[3:])
    ]
    told = with_texts(bag, list(zip((0.0, 0.1, 4.0, 7.0), documents, strict=True)))
    assert main(["label", str(told), "/said"]) == 0
    assert "2 segments of /said are before or after the recording: left out" in capsys.readouterr().out
    found = load_truth(told)
    assert [one.label for one in found.segments] == ["b", "c", "d"]
    assert found.labels == ("jump", *"abcde"), "what was looked for, also where nobody did it"
    assert main(["label", str(told), "/said", "--replace", "--labels", *"bcd"]) == 0
    assert load_truth(told).labels == tuple("bcd")

    mixed = with_texts(bag, [(0.0, "wave"), (1.0, documents[1])])
    assert main(["label", str(mixed), "/said", "--person", "2"]) == 1
    assert "/said: 1 texts that are not usdrl.labels/1, beside 1 that are" in capsys.readouterr().err


def test_points_are_learnt_with_doubt_around_them(bag: Path, two_people: Recording, tmp_path: Path) -> None:
    start = two_people.frames[0].stamp
    assert label(bag, f"person,label,time\n1,wave,{start + 4}\n") == 0
    assert main(["store", str(tmp_path / "stores"), str(bag), "--subjects", "anna"]) == 0
    source = SourceConfig(name="own", split="standard/train")
    (recording,) = sources.recordings(source, Store.open(tmp_path / "stores"), 0, RUN.detector)
    assert [one.label for one in recording.segments] == [AMBIGUOUS, "wave", AMBIGUOUS]
    first, second = tracklets(recording, ("none", "wave"), 10.0, 1.0)
    wide = {int(value): int(np.sum(first.labels == value)) for value in (UNKNOWN, 1)}
    assert wide[1] == pytest.approx(10 * sources.POINT_SURE, abs=1)
    assert wide[UNKNOWN] == pytest.approx(10 * (sources.POINT_DOUBT - sources.POINT_SURE), abs=2)
    assert not second.labels.any(), "somebody else did nothing"


def test_what_a_point_is_sure_of_no_point_beside_it_doubts(two_people: Recording, tmp_path: Path) -> None:
    one = tuple(replace(frame, people=frame.people[:1]) for frame in two_people.frames)
    two_people, start = replace(two_people, frames=one), two_people.frames[0].stamp
    points = tuple(Segment("1", "wave", start + at, start + at) for at in (3.0, 4.5, 6.0))
    clicked = in_doubt(replace(two_people, segments=points), sources.POINT_SURE, sources.POINT_DOUBT)
    weights = hand_up_weights()
    labels = replace(weights.config.detector, labels=("none", "wave"))
    scores = detection_scores.detection(replace(weights, config=replace(weights.config, detector=labels)), [clicked])
    sure = 3 * sources.POINT_SURE
    counted = two_people.frames[-1].stamp - start - (sources.POINT_DOUBT + 3.0 - sure)
    assert scores["frame_accuracy"] == pytest.approx(1.0 - sure / counted, abs=0.05), "nobody found them"


def test_a_second_person_and_a_second_annotator_delete_nothing(bag: Path, capsys) -> None:
    one, two, late = "label,start,end\nwave,1,2\n", "label,start,end\nclap,2,3\n", "label,start,end\njump,4,5\n"

    def there() -> list[tuple[str, str]]:
        return [(segment.person, segment.label) for segment in load_truth(bag).segments]

    assert label(bag, one, "--relative", "--person", "1") == 0
    assert label(bag, two, "--relative", "--person", "2") == 0, "the first has no segments of the second"
    assert there() == [("1", "wave"), ("2", "clap")] and load_truth(bag).labels == ("clap", "wave")
    capsys.readouterr()
    assert label(bag, late, "--relative", "--person", "2") == 1
    assert "1 segments of 2 in its labels.yaml: --replace replaces them, --add keeps them" in capsys.readouterr().err
    assert label(bag, late, "--relative", "--person", "2", "--replace") == 0
    assert there() == [("1", "wave"), ("2", "jump")] and load_truth(bag).labels == ("jump", "wave")
    assert label(bag, two, "--relative", "--person", "2", "--add") == 0
    assert there() == [("1", "wave"), ("2", "jump"), ("2", "clap")]
    assert load_truth(bag).labels == ("clap", "jump", "wave")


def test_labels_that_were_looked_for_are_named(bag: Path, capsys) -> None:
    wave = "person,label,start,end\n1,wave,1,2\n"
    assert label(bag, wave, "--relative", "--labels", "wave", "clap") == 0
    assert load_truth(bag).labels == ("wave", "clap")
    assert "nobody does it: clap" in capsys.readouterr().out
    assert label(bag, wave, "--relative", "--replace", "--labels", "clap") == 1
    assert "wave is not among --labels" in capsys.readouterr().err
    for nothing in ("none", AMBIGUOUS):
        assert label(bag, wave, "--relative", "--replace", "--labels", nothing) == 1
        assert f"--labels: expected actions, 1 to 100 printable characters each, got '{nothing}'" in said(capsys)
    assert label(bag, "person,label,start,end\n", "--replace", "--labels", "jump") == 0, "looked for, and not done"
    assert (load_truth(bag).labels, load_truth(bag).segments) == (("jump",), ())
