"use strict";
/** What the page shows: the JSON of the document, its arrays unpacked. Times are seconds of the recording. */
const DATA = JSON.parse(document.getElementById("data").textContent);
const MISSING = -32768;

const element = (id) => document.getElementById(id);

function unpacked(text, kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new kind(bytes.buffer);
}

for (const person of DATA.people) {
  person.times = unpacked(person.times, Float32Array);
  const { origin, step } = person;
  person.joints = Float64Array.from(unpacked(person.joints, Int16Array),
    (value, at) => (value === MISSING ? NaN : origin[at % 3] + step * value)); // metres
  person.scored = unpacked(person.scored, Float32Array);
  person.scores = unpacked(person.scores, Uint8Array);
}

/** A new element with a text: foreign names only ever come in as text. */
function made(tag, text, parent) {
  const one = document.createElement(tag);
  if (text !== undefined) one.textContent = text;
  if (parent) parent.append(one);
  return one;
}

/** A colour of the style sheet, which follows light and dark. */
const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** A canvas as sharp as the screen; returns its context in CSS pixels. */
function sharp(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  height = height || canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A time, or the end of the recording that it is beyond. */
const within = (time) => Math.max(0, Math.min(DATA.duration, time));

/** Seconds of the recording -> stamp of the source, as the labels have it. */
function stampAt(seconds) {
  let piece = DATA.pieces[0] || [0, 0];
  for (const next of DATA.pieces) if (next[0] <= seconds) piece = next;
  return piece[1] + (seconds - piece[0]);
}

/** Index of the last of the rising times that is not after a time; -1 before the first. */
function lastBefore(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1; else high = middle;
  }
  return low - 1;
}

/** The action of a row at a time, the one that began last; undefined where there is none. */
function actionAt(rows, time) {
  let found;
  for (const row of rows) if (row[1] <= time && time <= row[2] && !(found && found[1] > row[1])) found = row;
  return found;
}

function clockText(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}` : `${seconds.toFixed(1)} s`;
}
