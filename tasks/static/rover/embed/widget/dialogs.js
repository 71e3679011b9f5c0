// The question before something that cannot be undone.

import { button, el, text } from "./dom.js";

export function createConfirm({ words, on }) {
  const title = el("h2", { id: "rv-title", dir: "auto" });
  const body = el("p", { id: "rv-body", dir: "auto" });
  const yes = button("main", "", () => decide(true));
  const no = button("plain", "", () => decide(false));
  const told = { "aria-labelledby": title.id, "aria-describedby": body.id };
  const element = el("dialog", { role: "alertdialog", ...told },
    title, body, el("div.actions", null, yes, no));
  let asked = null;
  let answered = null;

  function decide(is) {
    if (!asked) return;
    answered = asked.id;
    asked = null;
    element.close();
    on.confirm(answered, is);
  }

  // by Escape, or whatever else a browser closes it for
  element.addEventListener("close", () => element.open || decide(false));

  return {
    element,
    /** Asked once for each id, and never while the widget is hidden: the page could not be used. */
    update({ confirm }, shown) {
      if (!confirm) answered = null;
      asked = shown && confirm?.id !== answered ? confirm : null;
      if (!asked) return element.close();
      title.textContent = text(asked.title) || words.confirm;
      body.textContent = text(asked.text);
      yes.textContent = text(asked.yes) || words.yes;
      no.textContent = text(asked.no) || words.no;
      if (element.open) return;
      element.showModal();
      no.focus();
    },
  };
}
