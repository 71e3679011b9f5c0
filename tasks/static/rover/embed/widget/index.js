// By the types of widget.d.ts.

import { CROSS } from "./banners.js";
import { createConfirm } from "./dialogs.js";
import { button, el, iconButton, put, said } from "./dom.js";
import { readExperience, wear } from "./look.js";
import { createPanel } from "./panel.js";
import { createGreeting, createPlace } from "./presence.js";
import { fill, wordsFor } from "./strings.js";
import { sheet } from "./styles.js";
import { face } from "./transcript.js";

/** What a page listens to for its own shortcuts, pastes and focus traps. */
const KEPT = "keydown keyup keypress beforeinput input paste copy cut compositionstart compositionupdate"
  + " compositionend focusin focusout";
const MOODS = { running: "running", connecting: "running", awaiting_user: "waiting", completed: "success",
  failed: "error", offline: "error" };
const EVENTS = ["stop", "newTask", "endTask", "answer", "shortcut", "confirm", "resume", "takeControl"];

export function createWidget(options, on) {
  const { root: page = document, site = "" } = options;
  const look = readExperience(options.experience, options.name);
  look.direction ??= getComputedStyle(page.documentElement).direction;
  const words = wordsFor(options.language, page.documentElement.lang);
  let now;
  let typing = false;
  let presence = "seed";

  /** What a listener throws stays with us. */
  const tell = (event, ...args) => {
    try {
      on[event]?.(...args);
    } catch (error) {
      console.warn("Rover:", error);
    }
  };
  const acts = {
    ...Object.fromEntries(EVENTS.map((event) => [event, (...args) => tell(event, ...args)])),
    send(wish) {
      go("window");
      panel.toEnd();
      tell("send", wish);
    },
    typing(is) {
      typing = is;
      mood();
    },
    close: () => close(),
    shrink: () => go("bar"),
    expand: () => {
      go("window");
      panel.focus();
    },
  };
  const label = el("span.label", { dir: "auto" });
  const status = el("p.unseen", { role: "status" });
  const seed = button("seed", "", () => open(), look.face && face(), label);
  const panel = createPanel({ look, words, shortcuts: options.shortcuts, on: acts });
  const confirm = createConfirm({ words, on: acts });
  const greeting = createGreeting({ greeting: options.greeting, look, site, show, hide });
  const box = el("div.place", null, greeting.element, seed);
  const view = el("div.root", { lang: words.language, dir: look.direction },
    el("div.dim"), box, panel.element, status, confirm.element);
  const host = el("div", { id: "rover-widget-root" });
  const shadow = host.attachShadow({ mode: "closed" });
  shadow.adoptedStyleSheets = [sheet()];
  shadow.append(view);
  KEPT.split(" ").forEach((type) => shadow.addEventListener(type, (event) => event.stopPropagation()));
  wear(view, look);
  // beside the body: nothing there counts its children, or is replaced with them
  page.documentElement.append(host);
  const place = createPlace({ root: view, seed, box, panel: panel.element, look, words, site, close });
  panel.element.prepend(place.grip);
  panel.element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) close();
    if (event.key === "Tab" && presence === "window" && place.isModal()) panel.trap(event);
  });

  function show(hello) {
    greeting.element.replaceChildren(el("div.bubble", null,
      button("words", "", () => open(), said("span", hello)), iconButton("icon", CROSS, words.close, hide)));
  }

  function hide() {
    greeting.cancel();
    greeting.element.replaceChildren();
  }

  function go(next) {
    if (next === presence) return;
    const before = presence;
    presence = next;
    hide();
    view.dataset.presence = next;
    box.hidden = next !== "seed";
    panel.element.hidden = true;
    if (next !== "seed") appear();
    if (before === "seed") {
      place.recall();
      panel.composer.turn();
      panel.toEnd();
      tell("opened");
    }
    if (next === "seed") tell("closed");
    if (before === "window" && next === "bar") tell("minimized");
  }

  /** Anew rather than moved: a browser would count that as a shift of the page's layout. */
  function appear() {
    const focused = shadow.activeElement;
    panel.element.getBoundingClientRect();
    panel.element.hidden = false;
    if (focused !== shadow.activeElement) focused?.focus();
  }

  function open() {
    const inWindow = now.urgent || now.transcript.length || place.isPhone() || !look.text;
    if (presence === "seed") go(inWindow ? "window" : look.opens);
    // a phone's keyboard would cover what there is to see
    panel.focus(place.isPhone());
  }

  function close() {
    const inside = panel.element.contains(shadow.activeElement);
    go("seed");
    if (inside) seed.focus({ preventScroll: true });
  }

  function mood() {
    view.dataset.mood = now.mood ?? MOODS[now.status] ?? (typing ? "typing" : "idle");
  }

  function update(state) {
    const focused = shadow.activeElement;
    const before = now?.status ?? "idle";
    now = tidy(state);
    const told = words.status[now.status];
    panel.update(now);
    confirm.update(now, !host.hidden);
    put(label, MOODS[now.status] && now.status !== "completed" ? told : look.cta || fill(words.ask, look));
    if (now.status !== before) put(status, told ?? "");
    mood();
    if (presence === "bar" && now.urgent) go("window");
    // a part that went away must not take the visitor's place with it
    if (presence !== "seed" && focused?.checkVisibility() === false) panel.focus(place.isPhone());
  }

  const fields = () => [...panel.element.querySelectorAll("textarea, input")];

  view.dataset.presence = presence;
  update();
  return {
    element: host,
    update,
    open,
    close,
    show() {
      host.hidden = false;
      confirm.update(now, true);
    },
    hide() {
      host.hidden = true;
      confirm.update(now, false);
    },
    /** What the visitor has begun to write, and where: for a widget in place of this one. */
    get draft() {
      return fields().map((one) => ({
        value: one.value, checked: one.checked, at: one === shadow.activeElement && one.selectionStart,
      }));
    },
    recall(draft) {
      fields().forEach((field, number) => {
        const { value, checked, at = false } = draft[number] ?? {};
        if (checked) field.checked = true;
        else if (value && field.type !== "radio") field.value = value;
        field.dispatchEvent(new Event("input"));
        if (at !== false) field.focus();
        if (at) field.setSelectionRange(at, at);
      });
    },
    destroy() {
      hide();
      place.destroy();
      panel.destroy();
      host.remove();
    },
  };
}

function tidy(state) {
  const list = (value) => (Array.isArray(value) ? value.filter((one) => typeof one === "object" && one) : []);
  const questions = list(state?.questions);
  const now = { status: "idle", ...state, transcript: list(state?.transcript), live: list(state?.live) };
  return {
    ...now,
    observer: now.observer === "free" ? "free" : Boolean(now.observer),
    questions: questions.length ? questions : null,
    busy: /^(running|awaiting_user|connecting)$/.test(now.status),
    urgent: Boolean(questions.length || now.error || now.resume || now.observer),
  };
}
