/** The page: what is said once, the controls, and the clock that everything is drawn by. */
let now = 0, playing = false, before = 0;

function redraw() {
  element("seek").value = now;
  element("clock").textContent = `${clockText(now)} / ${clockText(DATA.duration)}`;
  drawSkeletons(now);
  for (const panel of panels) drawPanel(panel, now, points);
}

function seek(time) {
  now = within(time);
  followTime(now);
  redraw();
}

function setPlaying(on) {
  playing = on;
  if (on && now >= DATA.duration) now = 0;
  element("play").textContent = on ? "\u23f8" : "\u25b6";
  element("play").setAttribute("aria-label", on ? "pause" : "play");
  before = performance.now();
  if (on) requestAnimationFrame(tick);
}

function tick(moment) {
  if (!playing) return;
  const passed = Math.max(0, moment - before) / 1000;
  before = moment;
  seek(now + passed * Number(element("speed").value));
  if (now >= DATA.duration) setPlaying(false); else requestAnimationFrame(tick);
}

function sayOnce() {
  element("name").textContent = DATA.name;
  const model = DATA.model;
  element("about").textContent = `${DATA.topic}, ${DATA.frames} frames, ${clockText(DATA.duration)}, ${DATA.people.length}`
    + ` ${DATA.people.length === 1 ? "person" : "people"}; ${model.topology}; weights ${model.weights} (${model.hash})`
    + (model.pair_weights ? `, of pairs ${model.pair_weights}` : "")
    + (model.gestures ? `, gestures ${model.gestures} (${model.gesture_weights})` : "")
    + `, window ${model.window}, look-ahead ${model.look_ahead}. Scores: the five best classes of each frame.`;
  const facts = element("facts");
  if (DATA.scores.length) {
    made("h2", "Scores", facts);
    const table = made("table", undefined, facts);
    for (const [name, value] of DATA.scores) {
      const row = made("tr", undefined, table);
      made("td", name, row);
      made("td", value, row);
    }
  }
  if (DATA.latency) drawLatency(facts);
  if (DATA.notes.length) {
    made("h2", "Notes", facts);
    const list = made("ul", undefined, facts);
    for (const note of DATA.notes) made("li", note, list);
  }
  if (!DATA.people.length) made("p", "Nobody was followed in this bag.", element("people"));
}

function drawLatency(parent) {
  const { counts, edges, p50_ms, p95_ms, count } = DATA.latency;
  made("h2", "Latency", parent);
  made("p", `frame to state, as recorded: ${p50_ms.toFixed(1)} ms (p50), ${p95_ms.toFixed(1)} ms (p95), ${count} frames`, parent).className = "quiet";
  const draw = (tag, attributes, text) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    if (text) one.textContent = text;
    return one;
  };
  const svg = draw("svg", { viewBox: "0 0 320 92", width: "100%", role: "img", "aria-label": "histogram of the latency", id: "latency" });
  const most = Math.max(...counts), wide = 310 / counts.length;
  counts.forEach((value, bin) => svg.append(draw("rect", { x: 5 + bin * wide, width: wide - 1, y: 72 - (66 * value) / most, height: (66 * value) / most })));
  for (const share of [0, 0.5, 1])
    svg.append(draw("text", { x: 5 + 310 * share, y: 88, "text-anchor": ["start", "middle", "end"][2 * share] }, `${edges[Math.round(share * counts.length)].toFixed(0)} ms`));
  parent.append(svg);
}

function listActions() {
  const body = element("actions").tBodies[0];
  const all = DATA.people.flatMap((person) => ROWS.flatMap((kind) => person.rows[kind].map((row) => ({ person, kind, row }))));
  all.sort((a, b) => a.row[1] - b.row[1]);
  for (const { person, kind, row } of all.slice(0, 5000)) {
    const line = made("tr", undefined, body);
    for (const text of [clockText(row[1]), clockText(row[2]), person.id, kind, DATA.labels[row[0]].name]) made("td", text, line);
    line.addEventListener("click", () => seek(row[1]));
  }
}

function chooseLabel(name) {
  element("label").value = name;
  for (const chip of element("legend").children) chip.setAttribute("aria-pressed", chip.textContent === name);
}

function listLabels() {
  for (const label of DATA.labels) {
    const chip = made("button", label.name, element("legend"));
    chip.type = "button";
    chip.className = "chip";
    chip.style.background = label.colour;
    chip.style.color = label.ink;
    chip.addEventListener("click", () => chooseLabel(label.name));
    made("option", undefined, element("known")).value = label.name;
  }
  for (const person of DATA.people) made("option", person.id, element("who")).value = person.id;
}

function listen() {
  element("seek").max = DATA.duration;
  element("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
  element("play").addEventListener("click", () => setPlaying(!playing));
  element("in").addEventListener("click", () => { zoomTime(0.5, now); redraw(); });
  element("out").addEventListener("click", () => { zoomTime(2, now); redraw(); });
  element("label").addEventListener("input", (event) => chooseLabel(event.target.value));
  const putNow = () => { togglePoint(element("who").value, now, 1e-6); redraw(); };
  element("put").addEventListener("click", putNow);
  element("undo").addEventListener("click", () => { undoPoint(); redraw(); });
  element("save").addEventListener("click", savePoints);
  for (const { person, canvas } of panels)
    canvas.addEventListener("click", (event) => {
      element("who").value = person.id;
      const time = timeOf(event.offsetX, canvas.clientWidth);
      const row = event.offsetY - pointsRow();
      if (event.offsetX < LEFT) return;
      if (row >= 0 && row < ROW) {
        togglePoint(person.id, time, timeOf(LEFT + 7, canvas.clientWidth) - shownTime.from);
        redraw();
      } else seek(time);
    });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // keys of the browser
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) && event.target.id !== "seek") return;
    const step = event.shiftKey ? 1 : 0.1;
    if (event.key === " ") setPlaying(!playing);
    else if (event.key === "ArrowLeft") seek(now - step);
    else if (event.key === "ArrowRight") seek(now + step);
    else if (event.key.toLowerCase() === "p") putNow();
    else return;
    event.preventDefault();
  });
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

sayOnce();
listLabels();
listActions();
listen();
turnable(element("skeletons"), redraw);
pointsChanged();
redraw();
document.body.dataset.ready = "true";
