// Where the widget is: a seed that can be moved, a window that can be resized, a sheet on a phone.

import { clamp, draggable, el, iconButton, memory } from "./dom.js";

export function createPlace({ root, seed, box, panel, look, words, site, close }) {
  const phone = matchMedia("(max-width: 640px)");
  const key = () => `rover:widget:${site}:${phone.matches ? "narrow" : "wide"}`;
  const keep = () => look.persist && memory("localStorage", key(), { ...at, snap: undefined });
  let at = {};
  let from;

  function apply(next) {
    at = { ...at, ...next };
    const { x, y, w, h } = at;
    Object.entries({ x, y, w: `${w}px`, h: `${h}px` })
      .forEach(([name, value]) => root.style.setProperty(`--rv-${name}`, value));
    root.dataset.x = x < 0.5 ? "left" : "right";
    root.dataset.y = y < 0.5 ? "top" : "bottom";
    root.dataset.snap = at.snap;
    panel.ariaModal = isModal() ? "true" : null;
  }

  const isModal = () => phone.matches && at.snap === "full";
  const begin = () => { from = { ...at, w: panel.offsetWidth, h: panel.offsetHeight }; };

  function recall() {
    const kept = Object(look.persist && memory("localStorage", key()));
    apply({
      x: clamp(kept.x, 0, 1, look.x ?? (look.direction === "rtl" ? 0 : 1)),
      y: clamp(kept.y, 0, 1, look.y),
      w: clamp(kept.w, 640, 1200, look.width),
      h: clamp(kept.h, 400, 2000, look.height),
      snap: look.snap,
    });
  }

  if (look.draggable) {
    seed.ariaDescription = words.arrows;
    const share = (way, whole, own) => way / Math.max(1, whole - own - 40);
    draggable(seed, 40, {
      begin,
      move: (dx, dy) => apply({
        x: clamp(from.x + share(dx, root.clientWidth, box.offsetWidth), 0, 1),
        y: clamp(from.y + share(dy, root.clientHeight, box.offsetHeight), 0, 1),
      }),
      end: keep,
    });
  }

  const grip = iconButton("grip", "M8 8h0M14 8h0M8 14h0M14 14h0", words.resize);
  grip.ariaDescription = words.arrows;
  draggable(grip, 32, {
    begin,
    move(dx, dy) {
      if (phone.matches) return;
      apply({
        w: clamp(from.w + (at.x < 0.5 ? dx : -dx), 640, 1200),
        h: clamp(from.h + (at.y < 0.5 ? dy : -dy), 400, root.clientHeight),
      });
    },
    /** A sheet rests at its whole height or half of it; further down it goes away. */
    end(dx, dy) {
      if (!phone.matches) return keep();
      if (dy > 0 && at.snap === "half") close();
      else apply({ snap: dy > 0 ? "half" : "full" });
    },
  });

  const heard = new AbortController();
  phone.addEventListener("change", recall, heard);
  watchKeyboard(root, heard);
  recall();
  return { grip, isPhone: () => phone.matches, isModal, recall, destroy: () => heard.abort() };
}

/** What a phone's keyboard leaves; a page that is zoomed in keeps its own size. */
function watchKeyboard({ style }, heard) {
  const view = window.visualViewport;
  const fit = () => {
    const covered = view.scale === 1 && innerHeight - view.height > 80;
    style.setProperty("height", covered ? `${view.height}px` : "100%");
    style.setProperty("top", covered ? `${view.offsetTop}px` : "0");
  };
  ["resize", "scroll"].forEach((type) => view?.addEventListener(type, fit, heard));
}

export function createGreeting({ greeting, look, site, show, hide }) {
  const { text, delay, duration, disabled } = Object(greeting);
  const key = `rover:greeted:${site}`;
  const stay = clamp(duration, 1_200, 60_000, 8_000);
  let timer;
  const later = (act, wait) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  const element = el("div.greeting", {
    role: "status",
    pointerenter: () => clearTimeout(timer),
    focusin: () => clearTimeout(timer),
    pointerleave: () => later(hide, stay),
    focusout: () => later(hide, stay),
  });
  if (typeof text === "string" && text.trim() && disabled !== true && !memory("sessionStorage", key)) {
    later(() => {
      memory("sessionStorage", key, true);
      show(text.trim().slice(0, 240).replaceAll("{name}", look.name));
      later(hide, stay);
    }, clamp(delay, 0, 60_000, 3_000));
  }
  return { element, cancel: () => clearTimeout(timer) };
}
