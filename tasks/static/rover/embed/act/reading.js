// Waiting for the page, moving over it, asking it.

import { attr, styleOf } from "../observe/page.js";
import { fail } from "./faults.js";
import { all, chainOf, elementAt, elementOf, fieldOf, focusOn, isShown, rootsOf, show, theField }
  from "./target.js";
import { isEditable, isSecret } from "./text.js";

const POLL_MS = 200;
const SETTLE_MS = 60;
const PART = 0.8;
const STEPS = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0], top: [0, -1e9], bottom: [0, 1e9] };

const plain = (text) => text.replace(/\s+/g, " ").toLowerCase();

export async function waitFor(turn) {
  const { selector, text, timeout = 5_000 } = turn.args;
  if (!selector && !text) fail("INVALID_ARGUMENT", "selector or text: one is needed.");
  const isThere = selector ? () => find(selector).some(isShown) : () => says(plain(text));
  for (const end = performance.now() + timeout; !isThere();) {
    if (performance.now() >= end) fail("WAIT_TIMEOUT", `It did not appear within ${timeout} ms.`);
    await turn.pause(Math.min(POLL_MS, end - performance.now()));
  }
}

function find(selector) {
  try {
    return all(selector);
  } catch {
    return fail("INVALID_ARGUMENT", "selector: no CSS selector.");
  }
}

const says = (text) => [...rootsOf(document)].some((root) => [...root.body ? [root.body] : root.children]
  .some(({ innerText }) => innerText && plain(innerText).includes(text)));

/** What a browser says of a value may repeat it. */
export async function validity(turn) {
  const field = fieldOf(elementOf(turn));
  const state = field.validity;
  const aria = attr(field, "aria-invalid");
  if (!state && !aria) fail("ELEMENT_NOT_EDITABLE", "It is no field.");
  const problems = aria === "true" ? ["ariaInvalid"] : [];
  for (const name in state) if (state[name] && name !== "valid") problems.push(name);
  const message = isSecret(field) || /type/.test(problems) ? "" : field.validationMessage;
  const repeats = field.value && message?.includes(field.value);
  return { output: { valid: !problems.length, problems, message: repeats ? "" : message } };
}

export async function selectText(turn) {
  const element = theField(turn);
  const { text } = turn.args;
  show(element, "nearest");
  if (isEditable(element) && element.select) {
    const at = text ? element.value.indexOf(text) : 0;
    if (at < 0) none();
    focusOn(element);
    element.setSelectionRange(at, at + (text ?? element.value).length);
    return;
  }
  const selection = element.ownerDocument.getSelection();
  if (text) selection.setBaseAndExtent(...endsOf(element, text));
  else selection.selectAllChildren(element);
}

const none = () => fail("TEXT_NOT_FOUND", "The element does not have this text.");

/** It may go over several nodes. */
function endsOf(element, text) {
  const walker = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const parts = [];
  let whole = "";
  for (; walker.nextNode(); whole += walker.currentNode.data) {
    parts.push([walker.currentNode, whole.length]);
  };
  const at = whole.indexOf(text);
  if (at < 0) none();
  return [at, at + text.length].flatMap((offset) => {
    const [node, start] = parts.findLast((part) => part[1] <= offset);
    return [node, offset - start];
  });
}

/** The page, or what scrolls in its stead. */
function scroller() {
  const page = document.scrollingElement;
  const rolls = (at) => at.scrollHeight > at.clientHeight + 1 || at.scrollWidth > at.clientWidth + 1;
  const isHeld = [page, document.body].some((at) => /hidden|clip/.test(styleOf(at).overflowY));
  const inner = chainOf(elementAt(innerWidth / 2, innerHeight / 2))
    .find((at) => at !== page && /auto|scroll/.test(styleOf(at).overflow) && rolls(at));
  return !inner || (rolls(page) && !isHeld) ? page : inner;
}

export async function scrollPage(turn) {
  const { direction, amount } = turn.args;
  const [across, down] = STEPS[direction];
  const on = scroller();
  const before = [on.scrollLeft, on.scrollTop];
  on.scrollBy({
    left: across * (amount ?? on.clientWidth * PART), top: down * (amount ?? on.clientHeight * PART),
    behavior: "instant",
  });
  await turn.pause(SETTLE_MS);
  return { output: {
    moved: [on.scrollLeft - before[0], on.scrollTop - before[1]].map(Math.round),
    at_top: on.scrollTop < 1, at_bottom: on.scrollTop + on.clientHeight > on.scrollHeight - 2,
  } };
}

export async function scrollToElement(turn) {
  const { position = "center" } = turn.args;
  show(fieldOf(elementOf(turn)), position);
  await turn.pause(SETTLE_MS);
}
