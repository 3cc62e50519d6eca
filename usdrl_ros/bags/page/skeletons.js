/** Skeletons on a canvas, seen from the sensor until they are turned. */
const view = { yaw: 0, pitch: 0.12, zoom: 1 };
const STALE = 0.6; // seconds after the last frame of a person until they are gone

/** The middle (metres) and the radius of where people are, without the outermost joints. */
const space = (() => {
  const values = [[], [], []];
  for (const person of DATA.people)
    for (let at = 0; at < person.joints.length; at += 3 * 7)
      if (!isNaN(person.joints[at])) for (let axis = 0; axis < 3; axis++) values[axis].push(person.joints[at + axis]);
  const ends = values.map((one) => {
    one.sort((a, b) => a - b);
    const at = (share) => (one.length ? one[Math.floor(share * (one.length - 1))] : 0);
    return [at(0.01), at(0.99)];
  });
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const radius = Math.max(1.1, ...ends.map(([low, high]) => (high - low) / 2 + 0.25));
  return { middle, radius, floor: ends[1][0] };
})();

/** (25, 3) metres of a person at a time, between two frames where both are near; null where they are away. */
function jointsAt(person, time) {
  const index = lastBefore(person.times, time);
  if (index < 0 || time - person.times[index] > STALE) return null;
  const next = index + 1 < person.times.length ? index + 1 : index;
  const step = person.times[next] - person.times[index];
  const share = step > 0 && step < STALE ? (time - person.times[index]) / step : 0;
  const points = [];
  for (let joint = 0; joint < DATA.parents.length; joint++) {
    const a = 3 * (index * DATA.parents.length + joint), b = 3 * (next * DATA.parents.length + joint);
    if (isNaN(person.joints[a])) { points.push(null); continue; }
    const end = isNaN(person.joints[b]) ? a : b;
    points.push([0, 1, 2].map((axis) => (1 - share) * person.joints[a + axis] + share * person.joints[end + axis]));
  }
  return points;
}

function drawSkeletons(time) {
  const { context, width, height } = sharp(element("skeletons"));
  const scale = (view.zoom * Math.min(width, height)) / (2 * space.radius);
  const [sy, cy, sp, cp] = [Math.sin(view.yaw), Math.cos(view.yaw), Math.sin(view.pitch), Math.cos(view.pitch)];
  const onScreen = (point) => {
    const [x, y, z] = point.map((value, axis) => value - space.middle[axis]);
    // The sensor's left is the left of its picture, so canonical x points to the left of the screen.
    return [width / 2 - scale * (cy * x + sy * z), height / 2 - scale * (cp * y + sp * (cy * z - sy * x))];
  };
  const stroke = (a, b) => { context.beginPath(); context.moveTo(...onScreen(a)); context.lineTo(...onScreen(b)); context.stroke(); };
  context.strokeStyle = tone("line");
  context.lineWidth = 1;
  const reach = Math.min(8, Math.ceil(space.radius));
  const [mx, mz] = [Math.round(space.middle[0]), Math.round(space.middle[2])];
  for (let at = -reach; at <= reach; at++) {
    stroke([mx + at, space.floor, mz - reach], [mx + at, space.floor, mz + reach]);
    stroke([mx - reach, space.floor, mz + at], [mx + reach, space.floor, mz + at]);
  }
  context.lineCap = "round";
  context.font = "600 13px system-ui, sans-serif";
  context.textAlign = "center";
  for (const person of DATA.people) {
    const points = jointsAt(person, time);
    if (!points) continue;
    const action = actionAt(person.rows.live.length ? person.rows.live : person.rows.detected, time);
    const label = action && DATA.labels[action[0]];
    context.strokeStyle = context.fillStyle = label ? label.colour : tone("quiet");
    context.lineWidth = Math.max(2, scale * 0.03);
    let top = null;
    points.forEach((point, joint) => {
      if (!point) return;
      const parent = points[DATA.parents[joint]];
      if (parent) stroke(point, parent);
      if (!top || point[1] > top[1]) top = point;
    });
    if (top) {
      const [x, y] = onScreen(top);
      context.fillStyle = tone("ink");
      context.fillText(label ? `${person.id}: ${label.name}` : person.id, x, y - 10, width * 0.8);
    }
  }
}

function turnable(canvas, redraw) {
  let last = null;
  canvas.addEventListener("pointerdown", (event) => { last = event; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { last = null; });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    view.yaw += (event.clientX - last.clientX) * 0.01;
    view.pitch = Math.max(-1.5, Math.min(1.5, view.pitch + (event.clientY - last.clientY) * 0.01));
    last = event;
    redraw();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom = Math.max(0.3, Math.min(8, view.zoom * Math.exp(-event.deltaY * 0.001)));
    redraw();
  }, { passive: false });
}
