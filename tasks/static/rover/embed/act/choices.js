// Options, scales, files.

import { attr } from "../observe/page.js";
import { fail } from "./faults.js";
import { pressed, strike } from "./keys.js";
import { aim, press } from "./pointer.js";
import { all, focusOn, isLive, isShown, show, theField, viewOf, within } from "./target.js";
import { changed, enterAll, isEditable, refuseSecret, setNative } from "./text.js";

const SETTLE_MS = 40;
const POLL_MS = 60;
const OPEN_MS = 2_500;
const OPTION = "[role=option],[role^=menuitem],[role=treeitem]";
const FILE = "input[type=file]";

const plain = (text) => text.replace(/\s+/g, " ").trim().toLowerCase();

/** By value, by label, by a part of a label that no other has. */
function pick(options, given) {
  const wanted = plain(given);
  const exact = options.find(({ value }) => value === given)
    ?? options.find(({ label }) => plain(label) === wanted);
  const some = exact ? [exact] : options.filter(({ label }) => wanted && plain(label).includes(wanted));
  if (some.length > 1) fail("OPTION_AMBIGUOUS", "Several options match.");
  if (some[0]?.element.matches(":disabled,[aria-disabled=true]")) {
    fail("OPTION_DISABLED", "The option is disabled.");
  }
  return some[0]?.element;
}

function none({ capture, args }) {
  const { options = [] } = capture.nodes[args.element_id] ?? {};
  fail("OPTION_NOT_FOUND", ["There is no such option", ...options.slice(0, 20)].join(" | "));
}

export async function select(turn) {
  const field = theField(turn);
  refuseSecret(field);
  const wanted = [turn.args.value].flat();
  const most = field.multiple || attr(field, "aria-multiselectable") === "true" ? Infinity : 1;
  if (!wanted.length || wanted.length > most) fail("INVALID_ARGUMENT", "value: one option expected.");
  if (field.localName === "select") await selectNative(turn, field, wanted);
  else for (const one of wanted) await selectListed(turn, field, one);
  return { output: { selected: wanted } };
}

async function selectNative(turn, field, wanted) {
  const options = Array.from(field.options, (element) => ({
    element, value: element.value, label: element.label,
  }));
  const picked = wanted.map((one) => pick(options, one) ?? none(turn));
  show(field, "nearest");
  focusOn(field);
  for (const option of field.multiple ? field.options : picked) option.selected = picked.includes(option);
  changed(field);
  await turn.pause(SETTLE_MS);
  const kept = [...field.selectedOptions].map(({ value }) => value);
  if (isLive(field) && !picked.every(({ value }) => kept.includes(value))) {
    fail("VALUE_NOT_ACCEPTED", "The list did not keep the option.");
  }
}

/** A list by role: opened, and narrowed where it can be typed into. */
async function selectListed(turn, field, wanted) {
  const before = optionsOf();
  if (!before.some(({ element }) => within(field, element)) && attr(field, "aria-expanded") !== "true") {
    await press(turn, await aim(turn, field));
  }
  let option = await awaited(turn, field, wanted, before, isEditable(field) ? OPEN_MS / 5 : OPEN_MS);
  if (!option && isLive(field) && isEditable(field)) {
    focusOn(field);
    await enterAll(turn, field, wanted, true);
    option = await awaited(turn, field, wanted, before, OPEN_MS);
  }
  await press(turn, await aim(turn, option ?? none(turn)));
  await turn.pause(SETTLE_MS);
}

async function awaited(turn, field, wanted, before, longest) {
  for (const end = performance.now() + longest; ;) {
    const option = pick(listOf(field, before), wanted);
    if (option || performance.now() > end) return option;
    await turn.pause(POLL_MS);
  }
}

/** Its own, those of the list that it names, or those that came since. */
function listOf(field, before) {
  const ids = `${attr(field, "aria-controls")} ${attr(field, "aria-owns")}`.split(" ");
  const lists = [field, ...ids.map((id) => id && field.getRootNode().getElementById?.(id))].filter(Boolean);
  const options = optionsOf();
  const own = options.filter(({ element }) => lists.some((list) => within(list, element)));
  return own.length ? own : options.filter(({ element }) => !before.some((one) => one.element === element));
}

const optionsOf = () => all(OPTION).filter(isShown).map((element) => ({
  element, label: attr(element, "aria-label") || element.innerText, value: attr(element, "data-value"),
}));

export async function adjust(turn) {
  const slider = theField(turn);
  const { value } = turn.args;
  const isNative = slider.matches("[type=range],[type=number]");
  if (!isNative && !/slider|spinbutton/.test(attr(slider, "role"))) {
    fail("ELEMENT_NOT_EDITABLE", "It is no slider.");
  }
  const bound = (name, preset) => Number(attr(slider, isNative ? name : `aria-value${name}`)
    || (slider.type === "number" ? value : preset));
  const [least, most] = [bound("min", 0), bound("max", 100)];
  if (value < least || value > most) fail("VALUE_NOT_ACCEPTED", `The slider goes from ${least} to ${most}.`);
  show(slider, "nearest");
  focusOn(slider);
  return { output: { value: await (isNative ? slide : walk)(turn, slider, value) } };
}

async function slide(turn, slider, value) {
  setNative(slider, "value", `${value}`);
  // the browser may take the nearest that its steps allow
  const near = slider.value;
  changed(slider);
  await turn.pause(SETTLE_MS);
  if (slider.value !== near) fail("VALUE_NOT_ACCEPTED", "The slider did not keep the value.");
  return Number(near);
}

/** By its keys, to the nearest that they reach. */
async function walk(turn, slider, value) {
  const now = () => Number(attr(slider, "aria-valuenow"));
  const step = async (isUp) => {
    const key = isUp ? "ArrowRight" : "ArrowLeft";
    pressed(slider, key);
    strike(slider, "keyup", key);
    await turn.pause(0);
  };
  for (let at = now(); at !== value; at = now()) {
    const isUp = value > at;
    await step(isUp);
    if (now() === at) fail("VALUE_NOT_ACCEPTED", "The slider does not follow its arrow keys.");
    if (Math.abs(value - now()) < Math.abs(value - at)) continue;
    await step(!isUp);
    break;
  }
  return now();
}

/** Many a one is hidden behind a button. */
function fileField(named) {
  const places = [named.parentElement, named.closest("form"), named.ownerDocument].filter(Boolean);
  const near = places.map((place) => place.querySelectorAll(FILE)).find(({ length }) => length);
  return named.matches(FILE) ? named : near?.length === 1 ? near[0]
    : fail("ELEMENT_NOT_EDITABLE", "The element takes no file.");
}

const accepts = (kinds, name, type) => !kinds || kinds.toLowerCase().split(",").map((kind) => kind.trim())
  .some((kind) => (kind.startsWith(".") ? name.toLowerCase().endsWith(kind) : kind.endsWith("/*")
    ? type.startsWith(kind.slice(0, -1)) : type === kind));

function bytesOf(text) {
  try {
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt());
  } catch {
    return fail("INVALID_ARGUMENT", "file.dataBase64: no base64.");
  }
}

export async function upload(turn) {
  const field = fileField(theField(turn));
  const { name, mimeType: type = "", dataBase64 } = turn.args.file;
  const kinds = attr(field, "accept");
  if (!accepts(kinds, name, type.toLowerCase())) fail("FILE_NOT_ACCEPTED", `The field takes ${kinds}.`);
  const { File, DataTransfer } = viewOf(field);
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytesOf(dataBase64)], name, { type }));
  setNative(field, "files", transfer.files);
  changed(field);
  return { output: { name, size: transfer.files[0].size } };
}
