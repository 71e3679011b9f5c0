// Replays a visit: the arrow keys go from step to step. The server writes each step; here it is put in place, so
// that the page does not jump. Without script the links do the same.
const FORM_FIELDS = "input, textarea, select, [contenteditable]";
let isGoing = false;

document.querySelector("[data-replay] .rb-keys").hidden = false;

addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest(`${FORM_FIELDS}, pre, .rb-scroll`)) return; // there they move something else
  const way = { ArrowLeft: "back", ArrowRight: "on" }[event.key];
  const link = way && document.querySelector(`[data-replay] [data-step="${way}"]`);
  if (!link) return;
  event.preventDefault();
  go(link.href, true);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-replay] [data-step], .rb-waterfall a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href, true);
});

addEventListener("popstate", () => go(location.href, false));

async function go(address, isNew) {
  if (isGoing) return;
  isGoing = true;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(`the page answers ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(page, address, isNew);
  } catch {
    location.assign(address);
  } finally {
    isGoing = false;
  }
}

function show(page, address, isNew) {
  const step = page.querySelector("[data-replay]");
  const focused = document.activeElement?.dataset?.step;
  document.querySelector("[data-replay]").replaceWith(document.adoptNode(step));
  document.querySelector(".rb-waterfall").replaceWith(document.adoptNode(page.querySelector(".rb-waterfall")));
  step.querySelector(".rb-keys").hidden = false;
  if (isNew) history.pushState(null, "", address);
  const head = document.querySelector("[data-poll]");
  const fresh = page.querySelector("[data-poll]");
  if (head && fresh) head.dataset.poll = fresh.dataset.poll;
  if (focused) (step.querySelector(`[data-step="${focused}"]`) ?? step.querySelector("[data-step]"))?.focus();
  if (step.getBoundingClientRect().top < 0) step.scrollIntoView();
}
