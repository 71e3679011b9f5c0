// The window and the bar are one element: what is written and the cursor survive the change.

import { CROSS, createBanners } from "./banners.js";
import { createComposer } from "./composer.js";
import { button, el, iconButton, once, put, text } from "./dom.js";
import { createQuestions } from "./questions.js";
import { fill } from "./strings.js";
import { createTranscript, face } from "./transcript.js";

const REACHED = "a,button:enabled,textarea,input,[tabindex='0']";

export function createPanel({ look, words, shortcuts, on }) {
  const state = el("p.dull");
  const tasks = [
    iconButton("icon", "M12 5v14M5 12h14", words.newTask, once(() => on.newTask())),
    iconButton("icon", "M5 13l4 4L19 7", words.endTask, once(() => on.endTask())),
  ];
  const shut = () => iconButton("icon", CROSS, words.close, on.close);
  const titles = el("div.titles", null, el("h1", null, el("bdi", null, look.name)), state);
  const header = el("header", null, face(), titles, ...tasks,
    iconButton("icon", "M6 9l6 6 6-6", words.minimize, on.shrink), shut());
  const given = { shortcuts, look, words, on };
  const transcript = createTranscript(look, words);
  const composer = createComposer(given);
  const parts = [transcript, createBanners(given), createQuestions(given), composer];
  const latest = el("span", { dir: "auto" });
  const ticker = button("ticker", "", on.expand, latest);
  const line = el("div.line", null, composer.element,
    iconButton("icon", "M6 15l6-6 6 6", words.expand, on.expand), shut());
  const element = el("section.panel", { role: "dialog", ariaLabel: look.name, hidden: true, tabIndex: -1 },
    header, ...parts.slice(0, 3).map((part) => part.element), ticker, composer.chips, line);

  return {
    element,
    composer,
    toEnd: transcript.toEnd,
    update(now) {
      const { live, notice, observer, status } = now;
      const empty = !now.transcript.length;
      tasks.forEach((task) => { task.hidden = empty || observer; });
      put(state, words.status[status] ?? "");
      parts.forEach((part) => part.update(now));
      const last = text(notice?.text) || text((live.at(-1) ?? now.transcript.at(-1))?.text);
      put(latest, last.slice(0, 160) || fill(words.hello, look));
      ticker.hidden = !composer.chips.hidden;
      element.toggleAttribute("data-empty", empty && !live.length);
    },
    /** Where the visitor goes on. */
    focus(gently) {
      const field = element.querySelector(".ask input")
        ?? (gently || composer.element.hidden ? element : composer.input);
      field.focus({ preventScroll: true });
    },
    /** In a sheet over the whole page, Tab goes round. */
    trap(event) {
      const reached = [...element.querySelectorAll(REACHED)].filter((one) => one.checkVisibility());
      const ends = [reached.at(-1), reached[0]];
      const [from, to] = event.shiftKey ? ends.reverse() : ends;
      if (![from, event.shiftKey && element].includes(element.getRootNode().activeElement)) return;
      event.preventDefault();
      to.focus();
    },
    destroy: transcript.destroy,
  };
}
