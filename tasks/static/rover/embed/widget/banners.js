// What is to be known beside the conversation.

import { button, el, iconButton, once, put, text } from "./dom.js";

export const CROSS = "M6 6l12 12M18 6 6 18";

export function createBanners({ words, on }) {
  let wish;
  const act = (label, does) => button("plain", label, once(does));
  const take = act(words.takeControl, () => on.takeControl());
  const observer = banner(take);
  const resume = banner(act(words.goOn, () => on.resume(true)), act(words.discard, () => on.resume(false)));
  const notice = banner(iconButton("icon", CROSS, words.close, () => notice.dismiss()));
  const offline = banner();
  const retry = act(words.retry, () => on.send(wish));
  const error = banner(retry);
  const calm = [notice, observer, resume, offline].map((one) => one.element);

  return {
    element: el("div.banners", null,
      el("div", { role: "alert" }, error.element), el("div", { role: "status" }, ...calm)),
    update(state) {
      wish = state.transcript.findLast(({ role }) => role === "user")?.text;
      retry.hidden = !(state.error?.retryable && wish);
      take.hidden = state.observer !== "free";
      observer.show(state.observer && (take.hidden ? words.observer : words.free));
      resume.show(state.resume && (text(state.resume.text) || words.resume));
      notice.show(text(state.notice?.text), state.notice?.kind);
      offline.show(state.status === "offline" && words.offline, "warn");
      error.show(text(state.error?.text), "error");
    },
  };
}

function banner(...buttons) {
  const words = el("p", { dir: "auto" });
  const element = el("div", { hidden: true }, words, ...buttons);
  let away;
  return {
    element,
    show(shown, kind) {
      if (!shown) away = "";
      put(words, shown || "");
      element.className = `banner ${/^(warn|error)/.exec(kind)?.[0] ?? ""}`;
      element.hidden = !shown || shown === away;
    },
    dismiss() {
      away = words.textContent;
      element.hidden = true;
    },
  };
}
