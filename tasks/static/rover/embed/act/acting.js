// Clicks and keys, with the policy asked before a link or a form is followed.

import { fail } from "./faults.js";
import { isSign, keyNamed, pressed, strike } from "./keys.js";
import { consent, openForm, openTab, through } from "./leaving.js";
import { aim, press } from "./pointer.js";
import { all, canFocus, focused, focusOn, isLive, isShown, tell, theElement, theField, usable, viewOf }
  from "./target.js";
import { isEditable, put, refuseSecret } from "./text.js";
import { wayOf, wayOfEnter } from "./ways.js";

const MODIFIERS = { CTRL: "ctrlKey", ALT: "altKey", SHIFT: "shiftKey", META: "metaKey" };
const DOERS = "a[href],button,summary,[type=checkbox],[type=radio],[type=submit],[type=button],[type=reset],"
  + "[type=image],[type=file]";

export function click(turn, options) {
  const element = theElement(turn);
  return follow(turn, () => aim(turn, element), (place) => press(turn, place, options));
}

/** `find` gives the place, `strikeAt` acts there. */
async function follow(turn, find, strikeAt) {
  let place = await find();
  let way = wayOf(place.hit);
  if (turn.args.open_in_new_tab && way?.kind === "link") way = { ...way, newTab: true, asks: true };
  if (way?.asks) {
    const answer = await consent(turn, way);
    if (answer.opens) return (way.form ? openForm : openLink)(turn, way, answer);
    // time has passed, and the page with it
    place = await find();
    if (wayOf(place.hit)?.url !== way.url) fail("ELEMENT_NOT_FOUND", "The element leads elsewhere now.");
  }
  return through(turn, way ?? undefined, () => strikeAt(place));
}

const openLink = (turn, { url }, answer) => openTab(turn, url, answer);

/** Neither a link nor a form is followed. */
export async function pressOnly(turn, options) {
  const place = await aim(turn, theElement(turn));
  return through(turn, undefined, () => press(turn, place, options));
}

export async function pressKey(turn) {
  const { args } = turn;
  const key = keyNamed(args.key);
  const names = (args.modifiers ?? []).map((name) => MODIFIERS[name.toUpperCase()]
    ?? fail("INVALID_ARGUMENT", "modifiers: CTRL, ALT, SHIFT, META."));
  const modifiers = Object.fromEntries(names.map((name) => [name, true]));
  if (args.element_id !== undefined) enterField(theField(turn));
  const element = focused();
  const isPlain = !names.some((name) => name !== "shiftKey");
  if (isEditable(element)) refuseSecret(element);
  const acts = key === "Enter" || (key === " " && element.matches(DOERS));
  if (isPlain && acts) return enter(turn, element, key);
  return through(turn, undefined, () => {
    const passed = pressed(element, key, modifiers);
    if (passed && isPlain && isLive(element)) byItself(element, key, modifiers.shiftKey ? -1 : 1);
    strike(element, "keyup", key, modifiers);
    return passed;
  });
}

/** Behind what a field holds. */
function enterField(field) {
  const isNew = focused() !== field && focusOn(field);
  if (isNew && Number.isInteger(field.selectionStart)) {
    field.setSelectionRange(field.value.length, field.value.length);
  }
}

/** Enter, or Space on a button: follows, sends or breaks the line, unless the page keeps it for itself. */
export async function enter(turn, element, key = "Enter") {
  const strikeWith = (then) => () => {
    const passed = pressed(usable(element), key) && isLive(element) && then();
    strike(element, "keyup", key);
    return passed;
  };
  if (element.matches(DOERS)) {
    return follow(turn, async () => ({ hit: element }), strikeWith(() => clickOn(element)));
  }
  const way = wayOfEnter(element) ?? undefined;
  const answer = way?.asks && await consent(turn, way);
  if (answer?.opens) return openForm(turn, way, answer);
  return through(turn, way, strikeWith(() => (way ? submit(way) : breakLine(element))));
}

const clickOn = (element) => tell(element, "click", {}, "PointerEvent");

function submit({ form, submitter }) {
  if (submitter) return clickOn(submitter);
  viewOf(form).HTMLFormElement.prototype.requestSubmit.call(form);
  return true;
}

const breakLine = (field) => isEditable(field) && field.localName !== "input"
  && put(field, `${field.value}\n`, "\n");

/** What a browser does for the other keys. */
function byItself(element, key, step) {
  const command = isSign(key) ? "insertText" : { Backspace: "delete", Delete: "forwardDelete" }[key];
  if (command && isEditable(element)) {
    if (element.isContentEditable && isSign(key)) put(element, "", key);
    else element.ownerDocument.execCommand(command, false, key);
  }
  if (key === "Escape") {
    const dialog = [...document.querySelectorAll("dialog:modal")].pop();
    if (dialog && tell(dialog, "cancel", { bubbles: false })) dialog.close();
  }
  if (key === "Tab") {
    const order = all("*").filter((one) => one === element
      || (canFocus(one) && one.tabIndex >= 0 && isShown(one)));
    focusOn(order.at((order.indexOf(element) + step) % order.length));
  }
}
