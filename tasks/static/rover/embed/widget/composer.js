// Where the visitor writes.

import { button, el, iconButton, once, said, text } from "./dom.js";
import { fill } from "./strings.js";

const LONGEST = 8_000;
const SHOWN = 12;

export function createComposer({ shortcuts, look, words, on }) {
  const offered = offeredOf(shortcuts);
  const input = el("textarea", { rows: 1, maxLength: LONGEST, ariaLabel: words.message, dir: "auto" });
  const send = iconButton("round.send", "M12 19V5m-6 6 6-6 6 6", words.send);
  const stop = iconButton("round.stop", "M7 7h10v10H7z", words.stop, () => {
    stop.disabled = true;
    on.stop();
  });
  const element = el("form.composer", { submit }, input, stop, send);
  const chips = el("ul.chips", { ariaLabel: words.shortcuts },
    ...offered.map((one) => el("li", null, chip(one, once(() => on.shortcut(one.id))))));
  const hints = [...words.hints,
    ...offered.slice(0, 3).map(({ label }) => fill(words.example, { example: text(label) }))];
  let turns = 0;
  let before;
  send.type = "submit";

  function submit(event) {
    event.preventDefault();
    const wish = input.value.trim();
    if (!wish) return;
    input.value = "";
    changed();
    on.send(wish);
  }

  function changed() {
    send.disabled = !input.value.trim();
    input.style.setProperty("height", "0");
    input.style.setProperty("height", `${input.scrollHeight}px`);
    on.typing(!send.disabled);
  }

  input.addEventListener("input", changed);
  input.addEventListener("keydown", (event) => {
    // 229: Safari tells the end of a composition before the key that ended it
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    element.requestSubmit();
  });

  return {
    element,
    chips,
    input,
    turn() {
      input.placeholder = hints[turns++ % hints.length];
      changed();
    },
    update({ status, questions, observer, busy, transcript }) {
      if (status !== before) stop.disabled = false;
      before = status;
      stop.hidden = !busy;
      chips.hidden = !offered.length || transcript.length > 0 || busy || observer;
      element.hidden = Boolean(questions || observer || !look.text && !busy);
      input.hidden = send.hidden = !look.text;
    },
  };
}

function offeredOf(shortcuts) {
  const place = ({ order }) => (Number.isFinite(order) ? order : Number.MAX_VALUE);
  return (Array.isArray(shortcuts) ? shortcuts : [])
    .filter((one) => text(one?.id) && text(one.label) && one.enabled !== false)
    .filter(({ id }, at, all) => all.findIndex((one) => one.id === id) === at)
    .sort((a, b) => place(a) - place(b)).slice(0, SHOWN);
}

const chip = ({ icon, label, description }, click) => button("chip", "", click,
  said("span.sign", icon, { ariaHidden: "true" }),
  el("span", null, said("span.label", label), said("span.about", description)));
