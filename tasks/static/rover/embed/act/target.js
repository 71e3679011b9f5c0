// Where an element stands.

import { fail } from "./faults.js";

const OWN = "#rover-widget-root";
const FOCUSABLE = "a[href],button,input,select,textarea,summary,[tabindex],[contenteditable],iframe";

export const viewOf = (node) => node.ownerDocument.defaultView;

export const isLive = (element) => element.isConnected && viewOf(element);

export const isShown = (element) => element.getClientRects().length > 0;

/** Outwards, as it is rendered, out of shadow roots and frames. */
export function chainOf(node) {
  const chain = [];
  for (let at = node; at; at = parentOf(at)) chain.push(at);
  return chain;
}

const parentOf = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host
  ?? (viewOf(node) === window ? null : viewOf(node)?.frameElement);

export const within = (outer, inner) => chainOf(inner).includes(outer);

export const up = (node, selector) => chainOf(node).find((at) => at.matches(selector));

/** In the page, its open shadow roots and its frames of the same origin. */
export const all = (selector, root = document) => [...rootsOf(root)]
  .flatMap((one) => [...one.querySelectorAll(selector)]);

export function* rootsOf(root) {
  yield root;
  for (const element of root.querySelectorAll("*")) {
    const inner = element.shadowRoot ?? (element.localName === "iframe" && element.contentDocument);
    if (inner) yield* rootsOf(inner);
  }
}

export const fieldOf = (element) => (element?.localName === "label" && element.control) || element;

export function elementOf({ capture, args: { element_id: id } }) {
  return capture.elementOf(id)
    ?? fail("ELEMENT_NOT_FOUND", `[id=${id}] ${capture.nodes[id] ? "has left the page" : "was not seen"}.`);
}

export function usable(element) {
  if (!isLive(element)) fail("ELEMENT_NOT_FOUND", "The element has left the page.");
  if (element.localName === "iframe" && !element.contentDocument) {
    fail("IFRAME_CONTEXT_UNAVAILABLE", "The frame shows another site.");
  }
  if (fieldOf(element).matches(":disabled") || up(element, "[aria-disabled=true],[inert]")) {
    fail("ELEMENT_DISABLED", "The element is disabled.");
  }
  return element;
}

export const theElement = (turn) => usable(elementOf(turn));
export const theField = (turn) => usable(fieldOf(elementOf(turn)));

/** In the words of the observation: those are masked. */
export function describe({ capture: { nodes, elementOf: find } }, element) {
  const known = Object.values(nodes).filter(({ id }) => id && within(element, fieldOf(find(id))));
  return known.slice(0, 3).map(({ id, role, name }) => `${role} "${name ?? ""}" [id=${id}]`).join(", ")
    || `<${element.localName}>`;
}

/** What is painted at a place of the page, below our own widget. */
export function elementAt(x, y, root = document) {
  const found = root.elementsFromPoint(x, y).find((element) => !element.matches(OWN));
  const inner = found?.shadowRoot && found.shadowRoot !== root && elementAt(x, y, found.shadowRoot);
  if (inner && within(found, inner)) return inner;
  const frame = found?.localName === "iframe" && found.contentDocument;
  if (!frame) return found;
  const [left, top] = cornerOf(found);
  return elementAt(x - left, y - top, frame) ?? found;
}

function cornerOf(frame) {
  const { left, top } = frame.getBoundingClientRect();
  return [left + frame.clientLeft, top + frame.clientTop];
}

/** Where the coordinates of a frame begin in the page. */
export function originOf(view) {
  if (view === window) return [0, 0];
  const [left, top] = cornerOf(view.frameElement);
  const [x, y] = originOf(view.parent);
  return [x + left, y + top];
}

export const show = (element, block = "center") => element.scrollIntoView({
  block, inline: "nearest", behavior: "instant",
});

export const canFocus = (element) => element.matches(FOCUSABLE) && !element.matches(":disabled");

export function focused() {
  let found = document.activeElement;
  for (let inner = found; inner; inner = (found.shadowRoot ?? found.contentDocument)?.activeElement) {
    found = inner;
  }
  return !found || found.matches(OWN) ? document.body : found;
}

export function focusOn(element) {
  const root = element.getRootNode();
  const before = root.activeElement;
  element.focus({ preventScroll: true });
  const isDone = root.activeElement === element;
  // a window without the focus keeps it to itself
  if (isDone && before !== element && !document.hasFocus()) {
    if (before) tell(before, "blur", { bubbles: false });
    tell(element, "focus", { bubbles: false });
    tell(element, "focusin");
  }
  return isDone;
}

/** An event in the element's own world, if that is still there. Answers whether the page let it pass. */
export function tell(element, type, more, Kind = "Event") {
  const view = viewOf(element);
  return Boolean(view) && element.dispatchEvent(new view[Kind](type, {
    bubbles: true, cancelable: true, composed: true, ...(Kind !== "Event" && { view }), ...more,
  }));
}
