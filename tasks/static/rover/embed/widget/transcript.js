// What was said, and what is being done.

import { answer } from "./blocks.js";
import { el, keyed, said } from "./dom.js";
import { fill } from "./strings.js";

export function createTranscript(look, words) {
  const log = el("div", { role: "log", ariaLabel: words.conversation });
  const steps = el("ol.steps");
  const hello = el("div.hello", null, face(), el("h2", null, fill(words.hello, look)),
    look.intro && el("p", null, words.intro));
  const column = el("div.column", null, hello, log, steps);
  const element = el("div.scroll", { tabIndex: 0, role: "region", ariaLabel: words.conversation }, column);
  const say = keyed(log, ({ role, text, blocks }) => JSON.stringify([role, text, blocks]),
    (message) => row(message, look, words));
  const show = keyed(steps, ({ text, status }) => `${status} ${text}`, (step) => card(step, words));

  let atEnd = true;
  const follow = () => { if (atEnd) element.scrollTop = element.scrollHeight; };
  element.addEventListener("scroll", () => {
    atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 48;
  });
  const sizes = new ResizeObserver(follow);
  sizes.observe(element);
  sizes.observe(column);

  return {
    element,
    update({ transcript, live }) {
      hello.hidden = transcript.length + live.length > 0;
      const before = log.childElementCount;
      say(transcript);
      show(live.slice(-look.cards));
      // put anew rather than pushed down, which would count as a shift of the page's layout
      if (log.childElementCount !== before) column.append(steps);
    },
    toEnd() {
      atEnd = true;
      follow();
    },
    destroy: () => sizes.disconnect(),
  };
}

export const face = () => el("span.face", null, el("i"), el("i"));

function row(message, look, words) {
  const role = /^(user|system)$/.test(message.role) ? message.role : "assistant";
  const who = { user: words.you, assistant: look.name }[role];
  const when = new Date(message.ts ?? NaN);
  return el(`div.row.${role}`, { title: when > 0 ? when.toLocaleString(words.language) : "" },
    who && el("span.unseen", null, `${who}: `), el("div.body", null, ...answer(message, words)));
}

function card({ text, status }, words) {
  const known = Object.hasOwn(words.step, status) ? status : "active";
  return el(`li.${known}`, null, el("span.mark"), said("span", text),
    el("span.unseen", null, ` (${words.step[known]})`));
}
