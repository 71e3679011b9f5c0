// The pointer: where it meets an element, and what the page hears of it.

import { fail } from "./faults.js";
import { canFocus, chainOf, describe, elementAt, focusOn, isLive, originOf, show, tell, up, usable, viewOf,
  within } from "./target.js";

const POINTS = [[0.5, 0.5], [0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];
const CONTROL = "a[href],button,input,select,textarea,summary,[role=button]";
const TRIES = 8;
const FRAME_MS = 30;
// what the pointer was on
let last = null;

const area = ({ width, height }) => width * height;

/** Or of a part of it: a link may only wrap what is placed freely. */
function boxOf(element) {
  for (const part of [element, ...element.querySelectorAll("*")]) {
    const [box] = [...part.getClientRects()].sort((one, other) => area(other) - area(one));
    if (box && area(box)) return box;
  }
  return {};
}

/** `{x, y, hit}` in its frame; `{by}`: what is painted there instead. */
function probe(element) {
  const view = viewOf(element);
  const box = boxOf(element);
  const [left, top] = [Math.max(box.left, 0), Math.max(box.top, 0)];
  const width = Math.min(box.right, view.innerWidth) - left;
  const height = Math.min(box.bottom, view.innerHeight) - top;
  const [frameX, frameY] = originOf(view);
  let by;
  let second;
  for (const [across, down] of width > 0 && height > 0 ? POINTS : []) {
    const [x, y] = [left + width * across, top + height * down];
    const hit = elementAt(x + frameX, y + frameY);
    const chain = chainOf(hit);
    const depth = chain.indexOf(element);
    // another control inside it is not what was meant
    if (depth >= 0 && !chain.slice(0, depth).some((at) => at.matches(CONTROL))) return { x, y, hit };
    if (depth >= 0 || (hit && up(hit, "label")?.control === element)) second ??= { x, y, hit: element };
    else by ??= hit;
  }
  return second ?? { by };
}

/** In view, at rest, not covered: only what follows at once can rely on it. */
export async function aim(turn, element) {
  for (let tries = 1; ; tries++) {
    await rest(turn, element);
    const { by, ...place } = probe(usable(element));
    if (place.hit) return place;
    if (tries === TRIES) missed(turn, element, by);
    if (tries % 3 === 1) show(element);
    else await turn.pause(tries * FRAME_MS);
  }
}

async function rest(turn, element) {
  const place = () => JSON.stringify(element.getBoundingClientRect());
  for (let round = 0, before; round < TRIES && before !== place(); round++) {
    before = place();
    await turn.pause(FRAME_MS);
  }
}

function missed(turn, element, by) {
  if (!by || within(by, element)) fail("ELEMENT_NOT_VISIBLE", "The element is hidden or takes no clicks.");
  const cover = chainOf(by).findLast((at) => !within(at, element));
  fail("ELEMENT_COVERED", `The element is covered by ${describe(turn, cover)}.`);
}

const sender = ({ x, y, hit }, more) => (type, rest, on = hit) => tell(on, type, {
  clientX: x, clientY: y, pointerId: 1, pointerType: "mouse", isPrimary: true, ...more, ...rest,
}, "PointerEvent");

export function move({ hit }, send) {
  const before = last?.deref();
  const old = before && isLive(before) ? chainOf(before) : [];
  const now = chainOf(hit);
  const edge = { bubbles: false, cancelable: false, composed: false };
  for (const kind of before === hit ? [] : ["pointer", "mouse"]) {
    if (old[0]) send(`${kind}out`, { relatedTarget: hit }, old[0]);
    for (const at of old) if (!now.includes(at)) send(`${kind}leave`, edge, at);
    send(`${kind}over`, { relatedTarget: old[0] });
    for (const at of [...now].reverse()) if (!old.includes(at)) send(`${kind}enter`, edge, at);
  }
  send("pointermove");
  send("mousemove");
  last = new WeakRef(hit);
}

export async function hover(turn, element) {
  const place = await aim(turn, element);
  move(place, sender(place));
}

/** Presses as a person does. `passed`: the page left the click to the browser. */
export async function press(turn, place, { button = 0, times = 1, holdMs, pointerType = "mouse" } = {}) {
  const { hit } = place;
  const send = sender(place, { button, pointerType });
  move(place, send);
  let passed = false;
  for (let detail = 1; detail <= times && isLive(hit); detail++) {
    const heard = await hold(turn, hit, send, { detail, buttons: button || 1 }, holdMs);
    // a page may take away what is pressed: nothing is left to click
    const type = button || (holdMs && pointerType === "touch") ? "contextmenu" : "click";
    passed = isLive(hit) && send(type, { detail });
    if (button && heard) send("auxclick");
  }
  if (times > 1 && isLive(hit)) send("dblclick", { detail: times });
  return passed;
}

async function hold(turn, hit, send, down, holdMs) {
  const heard = send("pointerdown", { ...down, pressure: 0.5 });
  try {
    if (heard && send("mousedown", down)) {
      const next = chainOf(hit).find(canFocus);
      if (next) focusOn(next);
      else hit.getRootNode().activeElement?.blur();
    }
    if (holdMs) await turn.pause(holdMs);
  } finally {
    send("pointerup");
    if (heard) send("mouseup", { detail: down.detail });
  }
  return heard;
}
