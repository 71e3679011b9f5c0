// Follows one session: asks every two seconds whether it is still as the page shows it, and puts what differs in
// place. The server writes what there is to see; a tab that nobody looks at asks nothing.
const head = document.querySelector("[data-poll]");
const pill = document.querySelector("[data-following]");
const refresh = document.querySelector("[data-without-following]");
const PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
let failures = 0;

say("Live");
next();

function next() {
  if (head.dataset.poll) setTimeout(look, Math.min(PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
  else say("");
}

async function look() {
  if (document.hidden) {
    document.addEventListener("visibilitychange", look, { once: true });
    return;
  }
  try {
    await take();
    failures = 0;
    say("Live");
  } catch {
    failures += 1;
    say("Reconnecting");
  }
  next();
}

async function take() {
  const url = new URL(head.dataset.poll, location.href);
  url.searchParams.set("unless", head.dataset.mark);
  const answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.status === 204) return;
  if (!answer.ok || answer.redirected) throw new Error(`the page answers ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-mark]");
  if (fresh.dataset.run !== head.dataset.run) anew(page);
  else merge(page);
  head.dataset.mark = fresh.dataset.mark;
  head.dataset.run = fresh.dataset.run;
  head.dataset.poll = fresh.dataset.poll ?? "";
}

/** Another run has become the newest: everything about runs is another. */
function anew(page) {
  for (const column of [".rv-main-column", ".rv-side-column"]) {
    document.querySelector(column).replaceWith(document.adoptNode(page.querySelector(column)));
  }
  for (const part of document.querySelectorAll(".rv-task-head [data-live]")) replace(part, page);
}

function merge(page) {
  for (const part of document.querySelectorAll("[data-live]")) replace(part, page);
  for (const list of document.querySelectorAll("[data-rows]")) {
    for (const row of page.querySelectorAll(`[data-rows="${list.dataset.rows}"] > li`)) {
      const shown = document.getElementById(row.id);
      if (shown === null) list.append(document.adoptNode(row));
      else if (shown.innerHTML !== row.innerHTML && !isOpened(shown)) shown.replaceWith(document.adoptNode(row));
    }
  }
}

/** Somebody reads the details of this row. */
function isOpened(row) {
  return row.querySelector("details[open]") !== null;
}

function replace(part, page) {
  const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
  if (fresh !== null && part.innerHTML !== fresh.innerHTML) part.replaceChildren(...fresh.childNodes);
}

function say(text) {
  pill.textContent = text;
  pill.className = text === "Live" ? "rv-live" : "rv-quiet";
  pill.hidden = !text;
  refresh.hidden = text !== "Reconnecting";
}
