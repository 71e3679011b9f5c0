// The simulator answers while somebody types, also under the policy that is not saved yet. Without script the
// buttons "Try" and "Try without saving" do the same.

const simulator = document.querySelector("[data-simulator]");
const editor = document.getElementById("policy-form");
const places = {
  form: simulator?.querySelector("[data-simulator-form]"),
  results: simulator?.querySelector("[data-simulation-results]"),
  status: simulator?.querySelector("[data-simulation-status]"),
};
let timer = 0;
let asked = 0;

async function ask() {
  const turn = ++asked;
  const body = new FormData(editor);
  for (const [name, value] of new FormData(places.form)) body.set(name, value);
  let text = "";
  try {
    const answer = await fetch(simulator.dataset.simulator, { method: "POST", body, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    text = await answer.text();
  } catch {
    return; // the buttons still work
  }
  if (turn !== asked) return; // an older answer that came late
  const part = new DOMParser().parseFromString(text, "text/html");
  const open = places.results.querySelector("details")?.open;
  const summary = part.querySelector("[data-simulation-summary]")?.textContent ?? "";
  places.results.replaceChildren(...part.body.childNodes);
  const details = places.results.querySelector("details");
  if (details && open) details.open = true;
  if (places.status.textContent !== summary) places.status.textContent = summary;
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, 300);
}

if (simulator && editor) {
  for (const form of [editor, places.form]) form.addEventListener("input", soon);
  places.form.addEventListener("submit", (event) => {
    event.preventDefault(); // a reload would lose what was typed into the policy
    clearTimeout(timer);
    ask();
  });
  for (const hint of simulator.querySelectorAll("[data-without-script]")) hint.hidden = true;
  // the browser may have kept what was typed before a reload
  addEventListener("pageshow", soon);
}
