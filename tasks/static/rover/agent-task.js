// Follows one agent's task: each event of its stream says "look now"; what there is to see, the server writes.
// The page is fetched again with the events behind the last one; what differs is put in place.
const head = document.querySelector("[data-follow]");
const list = document.querySelector("[data-events]");
const pill = document.querySelector("[data-following]");
const refresh = document.querySelector("[data-without-following]");
const KINDS = ["status", "step", "tool", "message", "observation", "input", "error", "done"];
const PAUSE_MS = 250;
const MOST_FAILURES = 8; // each pause is twice as long as the one before
let shown = Number(head.dataset.after);
let known = shown;
let isLooking = false;
let isOver = false;

const source = new EventSource(`${head.dataset.follow}?after=${shown}`);
for (const kind of KINDS) source.addEventListener(kind, heard);
source.addEventListener("open", () => say("Live"));
source.addEventListener("error", (event) => {
  if (event.data !== undefined || isOver) return; // with data it is an event of the task's
  say(source.readyState === EventSource.CLOSED ? "Stopped" : "Reconnecting");
});

function heard(event) {
  if (event.data === undefined) return;
  const { seq, kind } = JSON.parse(event.data);
  known = Math.max(known, seq);
  if (kind === "done") {
    isOver = true;
    source.close();
  }
  look();
}

async function look() {
  if (isLooking) return;
  isLooking = true;
  let failures = 0;
  while (known > shown && failures < MOST_FAILURES) {
    const before = shown;
    await take().catch(() => say("Reconnecting"));
    failures = shown > before ? 0 : failures + 1;
    await new Promise((go) => { setTimeout(go, PAUSE_MS * 2 ** failures); });
  }
  isLooking = false;
  if (failures) say("Stopped");
  else if (isOver) say("");
}

async function take() {
  const answer = await fetch(`${location.pathname}?after=${shown}`, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(`the page answers ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) replace(part, page);
  const rows = page.querySelectorAll("[data-events] > li");
  for (const row of rows) if (document.getElementById(row.id) === null) list.append(document.adoptNode(row));
  document.querySelector("[data-no-events]")?.remove();
  shown = Number(page.querySelector("[data-follow]").dataset.after);
}

function replace(part, page) {
  const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
  const token = part.querySelector("[name=csrfmiddlewaretoken]");
  const its = fresh.querySelector("[name=csrfmiddlewaretoken]");
  if (token && its) its.value = token.value; // a new mask of the same secret is no difference
  if (part.innerHTML !== fresh.innerHTML) part.replaceChildren(...fresh.childNodes);
}

function say(text) {
  pill.textContent = text;
  pill.className = text === "Live" ? "rv-live" : "rv-quiet";
  pill.hidden = !text;
  refresh.hidden = text === "Live" || text === "";
}
