// Follows one task: takes events from where the page stopped, adds a row for each, keeps the counts.
const root = document.querySelector(".rv-task");
const field = (name) => root.querySelector(`[data-field="${name}"]`);
const counts = { succeeded: 0, failed: 0, in_flight: 0 };
const TERMINAL = { task_completed: "completed", task_failed: "failed", task_cancelled: "cancelled" };
const WORDS = { task_started: "task started", batch_start: "batch started", item_started: "started", item_done: "done",
  item_failed: "FAILED", final: "all ended", task_completed: "task completed", task_failed: "task failed",
  task_cancelled: "task cancelled" };
const MOST_ROWS = 2000;

for (const name of Object.keys(counts)) counts[name] = Number(field(name).textContent);
if (root.dataset.status === "running" || root.dataset.status === "pending") follow();

function follow() {
  const source = new EventSource(`${root.dataset.events}?after=${root.dataset.after}`);
  const kinds = ["task_started", "batch_start", "item_started", "item_done", "item_failed", "final",
    "task_progress", ...Object.keys(TERMINAL)];
  for (const kind of kinds) source.addEventListener(kind, (message) => take(JSON.parse(message.data), source));
  source.addEventListener("open", () => { field("live").hidden = false; });
  source.addEventListener("error", () => { field("live").hidden = true; });
}

function take(event, source) {
  if (event.seq <= Number(root.dataset.after)) return;
  root.dataset.after = event.seq;
  count(event);
  addRow(event);
  if (event.kind in TERMINAL) {
    source.close();
    finish(TERMINAL[event.kind]);
  }
}

function count(event) {
  if (event.kind === "task_started") counts.in_flight = 0;
  if (event.kind === "item_started") counts.in_flight += 1;
  if (event.kind === "item_done" || event.kind === "item_failed") {
    counts.in_flight = Math.max(0, counts.in_flight - 1);
    counts[event.kind === "item_done" ? "succeeded" : "failed"] += 1;
  }
  for (const [name, value] of Object.entries(counts)) field(name).textContent = value;
  const total = Number(root.dataset.total) || 1;
  field("bar").setAttribute("width", `${Math.round(((counts.succeeded + counts.failed) / total) * 100)}%`);
}

function addRow(event) {
  const body = field("events");
  field("empty")?.remove();
  const row = document.createElement("tr");
  row.className = event.kind === "item_failed" || event.kind === "task_failed" ? "rv-tone-bad"
    : event.kind === "item_started" ? "rv-tone-quiet" : "";
  const cells = [event.seq, new Date(event.ts).toLocaleTimeString([], { hour12: false }),
    WORDS[event.kind] ?? event.kind.replaceAll("_", " "), describe(event)];
  for (const text of cells) row.append(Object.assign(document.createElement("td"), { textContent: text }));
  const box = body.closest(".rv-scroll");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  body.append(row);
  if (body.rows.length > MOST_ROWS) body.rows[0].remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function describe(event) {
  const details = [event.url, event.http_status, event.tokens != null ? `${event.tokens} tok` : null,
    event.cached ? "cache" : null, event.error, event.note, event.duration_ms != null ? `${event.duration_ms} ms` : null];
  const result = event.result;
  if (result) details.unshift(`${result.succeeded} done, ${result.failed} failed of ${result.total}`);
  return details.filter((detail) => detail != null && detail !== "").join("   ");
}

// The page as the server tells it has the items, the times and the result; the end is the moment to get it.
function finish(status) {
  const badge = field("status");
  badge.textContent = status;
  badge.className = `rv-badge rv-${status}`;
  field("live").hidden = true;
  window.setTimeout(() => window.location.reload(), 600);
}
