// Waits for the first session of a site: asks for the line that tells of it until there is one. A tab that nobody
// looks at asks nothing.
const PAUSE_MS = 3_000;
let line = document.querySelector("[data-first-session]");
if (line?.dataset.firstSession) wait();

function wait() {
  setTimeout(async () => {
    if (document.hidden) {
      document.addEventListener("visibilitychange", wait, { once: true });
      return;
    }
    await look().catch(() => {});
    if (line.dataset.firstSession) wait();
  }, PAUSE_MS);
}

async function look() {
  const answer = await fetch(line.dataset.firstSession, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-first-session]");
  if (fresh === null || fresh.dataset.firstSession) return;
  const told = document.adoptNode(fresh);
  line.replaceWith(told);
  line = told;
}
