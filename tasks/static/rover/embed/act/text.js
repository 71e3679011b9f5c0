// Text in fields, as a person enters it.

import { attr, styleOf } from "../observe/page.js";
import { giveWay } from "../observe/settle.js";
import { fail } from "./faults.js";
import { pressed, strike } from "./keys.js";
import { all, focusOn, isLive, isShown, show, tell, theField, usable, viewOf } from "./target.js";

const SECRET = /passw|passc|pwd|secret|\bcc-|cv[vc]|card.?num|one-time|\botp|\bssn|iban/i;
const KINDS = ["type", "autocomplete", "name", "id"];
const NATIVE = "textarea,input:not([type=checkbox],[type=radio],[type=range],[type=file],[type=hidden],"
  + "[type=submit],[type=button],[type=reset],[type=image])";
// half a value of these is none
const WHOLE = /date|month|week|time|color|number/;
const MOST_KEYS = 140;
const SETTLE_MS = 40;

const isNative = (element) => element.matches(NATIVE);
export const isEditable = (element) => isNative(element) || element.isContentEditable === true;

export const isSecret = (field) => KINDS.some((name) => SECRET.test(attr(field, name)))
  || (styleOf(field).webkitTextSecurity ?? "none") !== "none";

/** Secrets stay with the person. */
export function refuseSecret(field) {
  if (isSecret(field)) fail("HUMAN_INTERVENTION_REQUIRED", "Passwords, codes, card data are the visitor's.");
}

/** What was named, or the first place for text in it. */
function editable(turn) {
  const named = theField(turn);
  const field = isEditable(named) ? named
    : all(`${NATIVE},[contenteditable]`, named.shadowRoot ?? named)
      .find((one) => isEditable(one) && isShown(one));
  if (!field) fail("ELEMENT_NOT_EDITABLE", "The element takes no text.");
  if (usable(field).matches("[readonly],[aria-readonly=true]")) {
    fail("ELEMENT_READONLY", "The field is read only; a click may open a picker.");
  }
  show(field, "nearest");
  if (!focusOn(field)) fail("ELEMENT_NOT_VISIBLE", "The field takes no focus.");
  return field;
}

/** Past a framework's watch on the element itself, so that it sees a change. */
export function setNative(field, name, value) {
  const kind = { input: "HTMLInputElement", textarea: "HTMLTextAreaElement" }[field.localName];
  Object.getOwnPropertyDescriptor(viewOf(field)[kind].prototype, name).set.call(field, value);
}

export const changed = (field, types = ["input", "change"]) => types
  .forEach((type) => tell(field, type, { cancelable: false }));

/** `text` becomes all of a field, `data` is new of it; an editor gets `data` where its selection is. */
export function put(field, text, data) {
  const inputType = data === "\n" ? "insertLineBreak" : data ? "insertText" : "deleteContentBackward";
  const init = { inputType, data: data || null };
  const say = (type, cancelable) => tell(field, type, { ...init, cancelable }, "InputEvent");
  if (!say("beforeinput", true)) return;
  if (isNative(field)) {
    setNative(field, "value", text);
    say("input", false);
  } else field.ownerDocument.execCommand(inputType.replace(/C.*/, ""), false, data);
}

const held = (field) => (isNative(field) ? field.value : field.innerText);

const flat = (text) => text.replace(/\s+/g, " ").trim();
const signs = (text) => text.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();

/** As given, or as the field writes it: with spaces, dashes, capitals, a little more. */
function keeps(field, text) {
  if (!isLive(field) || flat(held(field)) === flat(text)) return true;
  const [now, wanted] = [signs(held(field)), signs(text)];
  // "12.50", "+49 …"
  return wanted !== "" && now.length - wanted.length < 4 && (now.startsWith(wanted) || now.endsWith(wanted));
}

function empty(field) {
  if (!isNative(field)) field.ownerDocument.getSelection().selectAllChildren(field);
  if (field.value || (!isNative(field) && flat(held(field)))) put(field, "", "");
}

export async function enterAll(turn, field, text, byKey) {
  empty(field);
  if (!byKey && text) put(field, text, text);
  for (const sign of byKey ? text : "") {
    await turn.step(giveWay());
    if (!isLive(field)) fail("ELEMENT_NOT_FOUND", "The field left the page while it was typed into.");
    // Enter alone would send a chat
    const [key, held] = sign === "\n" ? ["Enter", { shiftKey: true }] : [sign];
    if (pressed(field, key, held)) put(field, `${field.value}${sign}`, sign);
    strike(field, "keyup", key, held);
  }
  if (isNative(field)) changed(field, ["change"]);
  await turn.pause(SETTLE_MS);
}

/** Instead of what the field holds. Answers the field. */
export async function type(turn, given = turn.args.text) {
  const field = editable(turn);
  if (given) refuseSecret(field);
  const text = field.localName === "input" ? given.replace(/[\r\n]+/g, " ") : given.replace(/\r\n?/g, "\n");
  const byKey = text.length <= MOST_KEYS && !(isNative(field) && WHOLE.test(field.type));
  const isTooLong = field.maxLength >= 0 && text.length > field.maxLength;
  if (!isTooLong) await enterAll(turn, field, text, byKey);
  if (!isTooLong && !keeps(field, text)) await enterAll(turn, field, text, false);
  if (isTooLong || !keeps(field, text)) {
    const wanted = isTooLong ? `at most ${field.maxLength} characters` : `a ${field.type} in its own format`;
    fail("VALUE_NOT_ACCEPTED", `The field takes ${wanted}.`);
  }
  return field;
}
