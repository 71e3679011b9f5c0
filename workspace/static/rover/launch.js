// While an address is typed, the server says what it means: which host, what it covers, a name for it.

const form = document.querySelector("form[data-launch]");
const address = form.elements.namedItem("address");
const name = form.elements.namedItem("name");
const place = form.querySelector("[data-launch-reach]");
const hint = form.querySelector("[data-launch-hint]");
let timer = 0;
let asked = 0;

async function ask() {
  const turn = ++asked;
  const query = new URLSearchParams({ address: address.value });
  const chosen = form.querySelector("[name=reach]:checked");
  if (chosen) query.set("reach", chosen.value);
  let text = "";
  try {
    const answer = await fetch(`${form.dataset.launch}?${query}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    text = await answer.text();
  } catch {
    return; // the same is said after the button was pressed
  }
  if (turn !== asked) return; // an older answer that came late
  const part = new DOMParser().parseFromString(text, "text/html");
  const suggested = part.querySelector("[data-launch-name]")?.dataset.launchName;
  place.replaceChildren(...part.body.childNodes);
  if (hint) hint.hidden = Boolean(address.value.trim());
  if (suggested) name.placeholder = suggested;
}

const suggested = place.querySelector("[data-launch-name]")?.dataset.launchName;
if (suggested) name.placeholder = suggested;
address.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, 250);
});
