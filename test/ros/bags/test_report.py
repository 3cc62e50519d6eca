"""``usdrl-bag report``: one page that shows a bag, safe with foreign names, small for long bags, and clickable."""

import base64
import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.browser import Browser
from helpers.rule_detector import hand_up_weights

from usdrl_model.events.onset_offset import Event
from usdrl_model.metrics.events import Detection
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.segments import Segment
from usdrl_ros.bags import report
from usdrl_ros.bags.observed import Observed, SeenPerson, observe
from usdrl_ros.bags.recorded_output import RecordedOutput
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.report_page import page
from usdrl_ros.bags.write import write_recording

HOSTILE = "</script><img src=x onerror=document.title='owned'>"
MODEL = {"weights": HOSTILE, "hash": "0", "topology": "kinect_v2_25", "window": "3 s", "look_ahead": "0.3 s"}
LIVE = RecordedOutput(
    (Event(kind="onset", seq=1, person="1", label=HOSTILE, onset=3.0, offset=None, score=0.9, stamp=3.5),),
    tuple(np.linspace(0.004, 0.02, 60)),
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    """Twelve seconds of two people, one of whom is said to do something with a hostile name."""
    path = tmp_path_factory.mktemp("bags") / "two <people>"
    recording = performance(seed=1, people=2, seconds=12.0, rate=10.0)
    start = recording.frames[0].stamp
    segments = (Segment("1", "hand_up", start + 2.0, start + 4.0), Segment("2", HOSTILE, start + 5.0, start + 7.0))
    write_recording(replace(recording, segments=segments, labels=("hand_up", HOSTILE)), path)
    bag = load_bag(path)
    return observe(bag, ActionStream(hand_up_weights(), topology=bag.truth.topology), 10.0)


@pytest.fixture
def shown(seen: Observed, tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(page(report.document(seen, LIVE, MODEL)), encoding="utf-8")
    return file


def data_of(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1])


def test_everybody_and_everything_that_was_seen_is_on_the_page(seen: Observed) -> None:
    document = report.document(seen, LIVE, MODEL)
    assert [person["id"] for person in document["people"]] == ["1", "2"]
    assert document["frames"] == len(seen.run.bag.frames)
    truth = document["people"][1]["rows"]["truth"]
    assert [(document["labels"][row[0]]["name"], round(row[1], 1), round(row[2], 1)) for row in truth] == [
        (HOSTILE, 5.0, 7.0)
    ]
    assert len(document["people"][0]["rows"]["live"]) == 1
    assert sum(document["latency"]["counts"]) == 60
    assert document["scores"], "a labelled bag is scored"
    for person in seen.people:
        assert np.isfinite(person.joints).any() and person.scores.max() <= 1.0
        assert (np.diff(person.stamps) > 0.05).all()


@pytest.mark.parametrize(("place", "within"), [(0.0, 6e-4), (50.0, 6e-4), (4000.0, 1e-3)])
def test_the_page_shows_people_anywhere_in_a_map(seen: Observed, place: float, within: float) -> None:
    one = seen.people[0]
    joints = one.joints + np.float32(place)
    joints[0, 3] = np.nan
    (got, *_) = report.document(replace(seen, people=(replace(one, joints=joints),)), LIVE, MODEL)["people"]
    steps = np.frombuffer(base64.b64decode(got["joints"]), "<i2").reshape(joints.shape)
    metres = np.where(steps == report.MISSING, np.nan, np.array(got["origin"]) + got["step"] * steps)
    np.testing.assert_allclose(metres, joints, atol=within)


def test_foreign_names_stay_text_and_the_page_needs_nothing_else(shown: Path) -> None:
    text = shown.read_text(encoding="utf-8")
    assert "<img" not in text and "onerror" in text
    assert data_of(text)["people"], "the data is one script element"
    assert not re.search(
        r"\b(src|href)\s*=\s*[\"']|https?:|@import|url\(", text.replace("http://www.w3.org/2000/svg", "")
    )
    assert "default-src 'none'" in text


def test_a_long_bag_of_many_people_makes_a_page_of_bounded_size(seen: Observed) -> None:
    seconds, count = 1800, report.MOST_PEOPLE + 3
    stamps = 1.7e9 + np.arange(seconds * 10) / 10.0
    truth = replace(seen.run.bag.truth, segments=(Segment("42", "hand_up", stamps[5], stamps[50]),))
    frames = tuple(SkeletonFrame(stamp=stamp, people=()) for stamp in stamps.tolist())
    bag = replace(seen.run.bag, truth=truth, frames=frames)
    long = replace(
        seen,
        run=replace(seen.run, bag=bag, events=()),
        people=tuple(
            SeenPerson(str(number), stamps[::40], np.zeros((len(stamps[::40]), 25, 3), np.float32), stamps,
                np.random.default_rng(0).random((len(stamps), len(seen.labels)), np.float32))
            for number in range(count)
        ),
        told=(Detection(person="42", label="hand_up", start=stamps[5], end=stamps[50]),),
    )  # fmt: skip
    document = report.document(long, RecordedOutput(), MODEL)
    assert len(page(document)) < 12e6
    assert len(document["people"]) == report.MOST_PEOPLE
    assert "42" in [person["id"] for person in document["people"]], "who does something is shown"
    assert any("3 more people" in note for note in document["notes"])


def test_a_person_sees_and_labels_in_the_page(shown: Path, seen: Observed, tmp_path: Path) -> None:
    with Browser(tmp_path / "browser") as browser:
        browser.open(shown, dark=True)
        assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        browser.open(shown)
        assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert browser.value("document.title") == "two <people>"
        rows = browser.value("element('actions').tBodies[0].textContent")
        assert HOSTILE in rows and "hand_up" in rows

        picture = "element('skeletons').toDataURL()"
        browser.value("seek(1.0)")
        first = browser.value(picture)
        browser.value("seek(9.0)")
        assert browser.value(picture) != first, "people move"
        browser.value("element('speed').value = '8'")
        browser.value("element('play').click()")
        browser.wait("now >= DATA.duration && !playing")

        # A click in the middle of an action, on the line of the first person.
        browser.value("chooseLabel('hand_up')")
        browser.value("window.scrollTo(0, 0)")
        middle = "(box => [box.left + placeOf(3.0, box.width), box.top + pointsRow() + ROW / 2])"
        spot = browser.value(f"{middle}(panels[0].canvas.getBoundingClientRect())")
        browser.click(*spot)
        browser.wait("points.length === 1")
        browser.value("element('who').value = '2'; chooseLabel(DATA.labels[0].name); seek(6.0)")
        browser.value("element('label').value = 'my, \"own\"'; element('put').click()")
        browser.wait("points.length === 2")
        browser.value("element('save').click()")
        saved = list(csv.reader(browser.downloaded("two__people_.points.csv").splitlines()))
        browser.click(*spot)
        browser.wait("points.length === 1")

        # What was removed comes back, and the click before it is taken back after that.
        first = "points.map((one) => one.person).join()"
        assert browser.value(first) == "2"
        browser.value("element('undo').click()")
        assert browser.value(first) == "1,2"
        browser.value("element('undo').click()")
        assert browser.value(first) == "1"

        # Keys with Ctrl or Alt are the browser's.
        for modifier in ("ctrlKey", "metaKey", "altKey"):
            press = f"new KeyboardEvent('keydown', {{key: 'p', {modifier}: true, bubbles: true, cancelable: true}})"
            assert browser.value(f"document.body.dispatchEvent({press})"), "not prevented"
        assert browser.value(first) == "1"

        # A click at the right edge, beyond the last frame.
        browser.value("chooseLabel('hand_up')")
        edge = "(box => [box.right - 2, box.top + pointsRow() + ROW / 2])"
        browser.click(*browser.value(f"{edge}(panels[0].canvas.getBoundingClientRect())"))
        browser.wait("points.length === 2")
        assert browser.value("points[1].time === DATA.duration")
        assert browser.complaints() == []
    start = min(frame.stamp for frame in seen.run.bag.frames)
    assert [row[:2] for row in saved] == [["person", "label"], ["1", "hand_up"], ["2", 'my, "own"']]
    assert [float(row[2]) for row in saved[1:]] == pytest.approx([start + 3.0, start + 6.0], abs=0.05)
