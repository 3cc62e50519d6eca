/** A canvas a person: rows of actions, clicked points, and the scores of every class over the same time. */
const ROW = 20, SCORES = 74, LEFT = 76, AXIS = 18;
const shownTime = { from: 0, to: Math.max(DATA.duration, 0.1) };
const ROWS = ["truth", "detected", "live"].filter((name) => DATA.people.some((person) => person.rows[name].length));

const panels = DATA.people.map((person) => {
  const box = made("div", undefined, element("people"));
  box.className = "person";
  made("h3", `person ${person.id}`, box);
  const canvas = made("canvas", undefined, box);
  canvas.style.height = `${(ROWS.length + 1) * ROW + SCORES + AXIS}px`;
  return { person, canvas };
});

const placeOf = (time, width) => LEFT + ((time - shownTime.from) / (shownTime.to - shownTime.from)) * (width - LEFT - 4);
const timeOf = (place, width) => shownTime.from + ((place - LEFT) / (width - LEFT - 4)) * (shownTime.to - shownTime.from);
const pointsRow = () => ROWS.length * ROW;

function drawPanel({ person, canvas }, time, points) {
  const { context, width, height } = sharp(canvas, canvas.clientHeight);
  const x = (seconds) => placeOf(seconds, width);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  [...ROWS, "clicked"].forEach((name, row) => {
    context.fillStyle = tone("quiet");
    context.textAlign = "left";
    context.fillText(name, 4, row * ROW + ROW / 2, LEFT - 8);
  });
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT, height);
  context.clip();
  ROWS.forEach((name, row) => {
    for (const [index, from, to] of person.rows[name]) drawBar(context, DATA.labels[index], x(from), x(to), row * ROW);
  });
  drawScores(context, person, x, pointsRow() + ROW);
  for (const point of points) if (point.person === person.id) drawPoint(context, point, x(point.time), pointsRow() + ROW / 2);
  context.strokeStyle = tone("mark");
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x(time), 0);
  context.lineTo(x(time), height - AXIS);
  context.stroke();
  context.restore();
  drawAxis(context, x, height);
}

function drawBar(context, label, from, to, top) {
  const width = Math.max(2, to - from);
  context.fillStyle = label.colour;
  context.fillRect(from, top + 2, width, ROW - 4);
  context.fillStyle = label.ink;
  context.textAlign = "left";
  if (context.measureText(label.name).width < width - 6) context.fillText(label.name, from + 3, top + ROW / 2);
}

function drawScores(context, person, x, top) {
  const bottom = top + SCORES;
  context.strokeStyle = tone("line");
  context.lineWidth = 1;
  for (const level of [0, 0.5, 1]) {
    context.beginPath();
    context.moveTo(LEFT, bottom - 4 - level * (SCORES - 8));
    context.lineTo(1e5, bottom - 4 - level * (SCORES - 8));
    context.stroke();
  }
  const first = Math.max(0, lastBefore(person.scored, shownTime.from));
  const last = Math.min(person.scored.length - 1, lastBefore(person.scored, shownTime.to) + 1);
  context.lineWidth = 1.6;
  person.classes.forEach((label, line) => {
    context.strokeStyle = DATA.labels[label].colour;
    context.beginPath();
    let before = -Infinity;
    for (let at = first; at <= last; at++) {
      const time = person.scored[at], score = person.scores[line * person.scored.length + at] / 255;
      const next = [x(time), bottom - 4 - score * (SCORES - 8)];
      if (time - before > Math.max(2, DATA.duration / 500)) context.moveTo(...next); // nothing was decided in between
      else context.lineTo(...next);
      before = time;
    }
    context.stroke();
  });
}

function drawPoint(context, point, place, middle) {
  const label = DATA.labels.find((one) => one.name === point.label);
  context.fillStyle = label ? label.colour : tone("ink");
  context.strokeStyle = tone("ink");
  context.lineWidth = 1;
  context.beginPath();
  context.arc(place, middle, 6, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}

function drawAxis(context, x, height) {
  const span = shownTime.to - shownTime.from;
  const step = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((one) => span / one <= 12) || 7200;
  context.fillStyle = tone("quiet");
  context.textAlign = "center";
  for (let at = Math.ceil(shownTime.from / step) * step; at <= shownTime.to; at += step)
    context.fillText(clockText(at).replace(".0", ""), x(at), height - AXIS / 2);
}

/** Show a share of the time around a moment. */
function zoomTime(factor, around) {
  const span = Math.max(1, Math.min(Math.max(DATA.duration, 0.1), (shownTime.to - shownTime.from) * factor));
  showTime(around - span / 2, span);
}

function showTime(from, span) {
  shownTime.from = Math.max(0, Math.min(Math.max(DATA.duration, 0.1) - span, from));
  shownTime.to = shownTime.from + span;
}

/** Keep a moment in what is shown. */
function followTime(time) {
  const span = shownTime.to - shownTime.from;
  if (time < shownTime.from || time > shownTime.to) showTime(time - 0.1 * span, span);
}
