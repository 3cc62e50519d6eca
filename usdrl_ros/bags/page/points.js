/** Labels by clicks: points in time that say who did what, saved as CSV for `usdrl-bag label`. */
const STORED = `points of ${DATA.name} ${(DATA.pieces[0] || [0, 0])[1]}`;
let points = restored();
const earlier = []; // what the points were before each change, for undo

function restored() {
  try {
    const found = JSON.parse(localStorage.getItem(STORED)) || [];
    return found.filter((one) => typeof one.person === "string" && typeof one.label === "string" && isFinite(one.time));
  } catch { return []; } // a browser that keeps nothing for files
}

function pointsChanged() {
  try { localStorage.setItem(STORED, JSON.stringify(points)); } catch { /* as above */ }
  element("count").textContent = points.length ? `${points.length} point${points.length > 1 ? "s" : ""}` : "";
  element("save").disabled = !points.length;
}

/** Put a point, or remove the one that is there already (within `near` seconds). */
function togglePoint(person, time, near) {
  time = within(time); // the panel is drawn a little beyond the end
  const there = points.findIndex((one) => one.person === person && Math.abs(one.time - time) <= near);
  const label = element("label").value.trim();
  if (there < 0 && !label) {
    element("count").textContent = "choose a label first";
    return;
  }
  earlier.push([...points]);
  if (there >= 0) points.splice(there, 1);
  else points.push({ person, label, time });
  pointsChanged();
}

/** Take the last change of the points back, a removal as well; of an earlier visit, the last point. */
function undoPoint() {
  points = earlier.length ? earlier.pop() : points.slice(0, -1);
  pointsChanged();
}

/** A field of CSV, quoted where it has to be. */
const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function pointsAsCsv() {
  const rows = [...points].sort((a, b) => a.time - b.time);
  const lines = rows.map((one) => [field(one.person), field(one.label), stampAt(one.time).toFixed(6)].join(","));
  return ["person,label,time", ...lines].join("\r\n") + "\r\n";
}

function savePoints() {
  const link = made("a");
  link.href = URL.createObjectURL(new Blob([pointsAsCsv()], { type: "text/csv" }));
  link.download = `${DATA.name.replace(/[^\w.-]/g, "_")}.points.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
