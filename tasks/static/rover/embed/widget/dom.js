// Elements without markup: whatever page, server or agent wrote is text.

const SVG = "http://www.w3.org/2000/svg";
/** Overrides of direction; each text is isolated and finds its own. */
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

export const text = (value) => (typeof value === "string" || Number.isFinite(value) ? `${value}` : "")
  .replace(OVERRIDES, "");

/** `name` may carry classes: `p.hint`. Of `props`, functions listen, and null is left out. */
export function el(name, props, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes[0]) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (key in element) element[key] = value;
    else if (value !== null) element.setAttribute(key, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** What others wrote, in its own direction. */
export const said = (name, value, props) => text(value) && el(name, { dir: "auto", ...props }, text(value));

export const button = (name, label, click, ...children) =>
  el(`button.${name}`, { type: "button", click }, ...(children.length ? children : [label]));

export function iconButton(name, path, label, click) {
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  line.setAttribute("d", path);
  svg.append(line);
  return Object.assign(button(name, "", click, svg), { ariaLabel: label, title: label });
}

export function put(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Keeps children in step with a list: a row stays the same node while `print` of its item does. */
export function keyed(parent, print, make) {
  let rows = new Map();
  return (items) => {
    const next = new Map();
    items.forEach((item, index) => {
      const key = next.has(item.id) ? `#${index}` : item.id;
      const printed = print(item);
      next.set(key, rows.get(key)?.printed === printed ? rows.get(key) : { printed, element: make(item) });
    });
    rows.forEach((row, key) => next.get(key) === row || row.element.remove());
    let at = parent.firstChild;
    next.forEach(({ element }) => {
      if (element === at) at = at.nextSibling;
      else parent.insertBefore(element, at);
    });
    rows = next;
  };
}

export function safeUrl(value) {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
  return url && /^(https?|mailto):$/.test(url.protocol) ? url : null;
}

/** With a value, keeps it. A browser may forbid that. */
export function memory(kind, key, value) {
  try {
    if (value) window[kind].setItem(key, JSON.stringify(value));
    return JSON.parse(window[kind].getItem(key));
  } catch {
    return null;
  }
}

export const clamp = (value, least, most, other) =>
  (Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : other);

/** A second click in the blink of the first is the same one. */
export function once(act) {
  let last = -Infinity;
  return () => {
    if (performance.now() - last < 600) return;
    last = performance.now();
    act();
  };
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** By pointer, and by arrow keys `step` pixels a press; what was a drag is no click. */
export function draggable(element, step, { begin, move, end }) {
  let far = false;
  element.addEventListener("pointerdown", (down) => {
    const heard = new AbortController();
    let way;
    element.setPointerCapture(down.pointerId);
    element.addEventListener("pointermove", (event) => {
      way = [event.clientX - down.clientX, event.clientY - down.clientY];
      if (!far && Math.hypot(...way) > 4) {
        far = true;
        begin();
      }
      if (far) move(...way);
    }, heard);
    element.addEventListener("lostpointercapture", () => {
      heard.abort();
      if (far) end(...way);
      setTimeout(() => { far = false; });
    }, heard);
  });
  element.addEventListener("click", (event) => far && event.stopImmediatePropagation(), true);
  element.addEventListener("keydown", (event) => {
    const way = KEYS[event.key]?.map((part) => part * step);
    if (!way) return;
    event.preventDefault();
    begin();
    move(...way);
    end(...way);
  });
}
