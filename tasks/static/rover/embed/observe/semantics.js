// What an element means: its role, its name, its states.

import { attr, childrenOf, clip, isBlock, isGone, styleOf } from "./page.js";
import { clean } from "./privacy.js";

const MOST = 200;
const ENOUGH = 2_000;
const words = (text) => text.split(" ");
const ACTED_ON = words("button checkbox link menuitem menuitemcheckbox menuitemradio option radio switch tab "
  + "treeitem");
const HELD = words("combobox searchbox slider spinbutton textbox");
const NAMED_BY_CONTENT = [...ACTED_ON, "heading", "tooltip"];
const NEEDS_NAME = words("canvas form group img region");
const pairs = (text) => new Map(words(text).map((pair) => [...pair.split(":"), pair]));
const BY_TAG = pairs("article aside:complementary audio button canvas dd:listitem dialog dl:list dt:listitem "
  + "fieldset:group form h1:heading h2:heading h3:heading h4:heading h5:heading h6:heading iframe "
  + "li:listitem main meter nav:navigation ol:list output:status progress:progressbar search section:region "
  + "summary:button svg:img table td:cell textarea:textbox tr:row ul:list video");
const BY_TYPE = pairs("checkbox file:button number:spinbutton radio range:slider search:searchbox");
const ROLES = new Set([...NAMED_BY_CONTENT, ...HELD, ...BY_TAG.values(), ...words("none presentation alert "
  + "alertdialog banner columnheader contentinfo figure grid gridcell listbox log menu menubar radiogroup "
  + "rowheader tablist tabpanel toolbar tree treegrid")]);
const BUTTON = /^(submit|reset|button|image)$/;
const FIELD = "input,select,textarea";
const NATIVE = `${FIELD},a[href],button,summary,[controls]`;

const isEditor = (element) => element.isContentEditable === true && !element.parentElement?.isContentEditable;

/** Given or implied; "": it only holds others. */
export function roleOf(element) {
  const given = words(attr(element, "role").toLowerCase()).find((word) => ROLES.has(word));
  const isNone = /^(none|presentation)$/.test(given);
  return isNone && !element.matches(NATIVE) ? "" : isNone || !given ? implied(element) : given;
}

function implied(element) {
  const { localName: tag, type } = element;
  const landmark = { header: "banner", footer: "contentinfo" }[tag];
  if (tag === "a") return element.hasAttribute("href") ? "link" : "";
  if (landmark) return element.closest("article,aside,main,nav,section") ? "" : landmark;
  if (tag === "img") return element.getAttribute("alt") === "" ? "" : "img";
  if (BUTTON.test(type)) return "button";
  if (tag === "input") return BY_TYPE.get(type) ?? (element.list ? "combobox" : "textbox");
  if (tag === "select") return element.multiple ? "listbox" : "combobox";
  if (tag === "th") return element.matches("[scope^=row]") ? "rowheader" : "columnheader";
  return BY_TAG.get(tag) ?? (isEditor(element) ? "textbox" : "");
}

export const isLeaf = (element, role) => role === "textbox" || isEditor(element)
  || element.matches(`${FIELD},svg,canvas,audio,video,progress,meter,img`);

export const saysNothing = (role, name) => NEEDS_NAME.includes(role) && !name;

/** Its role, or a hint that the page listens. `pointed`: the cursor changes. */
export function reasonToAct(element, role, pointed) {
  if ([...ACTED_ON, ...HELD].includes(role) || element.matches(NATIVE) || isEditor(element)) return "role";
  if (element.matches("body,html")) return "";
  if (element.hasAttribute("onclick") || typeof element.onclick === "function") return "onclick";
  return attr(element, "tabindex") >= "0" ? "tabindex" : pointed ? "cursor" : "";
}

/** The core of the accessible name. `whole`: the content says no more. */
export function nameOf(element, role, privacy) {
  const read = (name) => clean(privacy.words(element, name));
  const given = labelled(element, privacy) || read("aria-label") || clean(native(element, privacy));
  const content = !given && NAMED_BY_CONTENT.includes(role) ? clean(inside(element, privacy)) : "";
  const name = given || content || read("title") || read("placeholder");
  return { name: clip(name, MOST), whole: content && content.length <= MOST };
}

function labelled(element, privacy) {
  const root = element.getRootNode();
  const parts = words(attr(element, "aria-labelledby")).map((id) => id && root.getElementById?.(id));
  return clean(parts.filter(Boolean).map((part) => piece(part, privacy, null, isHidden(part))).join(" "));
}

function native(element, privacy) {
  const { localName: tag, type } = element;
  if (/^(img|svg)$/.test(tag)) return drawn(element, privacy);
  if (tag === "input" && BUTTON.test(type)) {
    return privacy.words(element, "alt") || privacy.words(element, "value");
  }
  const named = /^(fieldset|table)$/.test(tag) ? element.querySelectorAll(":scope>legend,:scope>caption")
    // asking for labels walks the whole page
    : (attr(element, "id") || element.closest("label")) && element.labels;
  return Array.from(named || [], (label) => piece(label, privacy, element)).join(" ");
}

function drawn(element, privacy) {
  const title = element.querySelector(":scope>title");
  return title ? inside(title, privacy) : privacy.words(element, "alt");
}

function inside(element, privacy, skip, all) {
  let text = "";
  for (const child of childrenOf(element)) if (text.length < ENOUGH) text += piece(child, privacy, skip, all);
  return text;
}

/** What a node adds to a name. `skip`: the field that is named; `all`: hidden parts count. */
function piece(node, privacy, skip, all) {
  if (node.nodeType === 3) return privacy.text(node);
  if (node.nodeType !== 1 || node === skip) return "";
  const { localName: tag } = node;
  const style = styleOf(node);
  if (!all && isHidden(node, style)) return "";
  const text = privacy.words(node, "aria-label") || (tag === "br" ? " "
    : /^(img|svg)$/.test(tag) ? drawn(node, privacy)
      : !node.matches(FIELD) ? inside(node, privacy, skip, all) : isChoice(node) ? "" : privacy.value(node));
  return isBlock(style) ? ` ${text} ` : text;
}

const isHidden = (element, style = styleOf(element)) => isGone(element, style)
  || style.visibility !== "visible";

const isChoice = (element) => element.matches("[type=checkbox],[type=radio]");

export const optionsOf = (element, privacy) => (!element.matches("select") || privacy.isPrivate(element) ? []
  : [...element.options].slice(0, 60).map(({ label }) => clip(clean(label), 80)));

/** Properties and states, in the order of the label. */
export function propsOf(element, role, privacy) {
  const { localName: tag, type } = element;
  const isField = element.matches(FIELD);
  const isOpen = !privacy.isPrivate(element);
  const aria = (name) => attr(element, `aria-${name}`);
  const copy = (name) => isField && attr(element, name);
  const both = (name, own) => isOpen && (own ?? /^(true|false|mixed)$/.exec(aria(name))?.[0]);
  const props = {
    type: tag === "input" && type,
    name: copy("name"),
    required: element.matches(":required,[aria-required=true]"),
    placeholder: privacy.words(element, "placeholder"),
    value: isField && (isChoice(element) || BUTTON.test(type)) ? ""
      : isField || /^(text|search)box$/.test(role) ? privacy.value(element)
        : isOpen && (aria("valuetext") || aria("valuenow")
          || (element.matches("meter,progress") && element.value)),
    checked: both("checked", !isField || !isChoice(element) ? undefined
      : element.indeterminate ? "mixed" : `${element.checked}`),
    disabled: element.matches(":disabled,[aria-disabled=true]"),
    readonly: element.matches("[readonly],[aria-readonly=true]"),
    min: isOpen && copy("min"),
    max: isOpen && copy("max"),
    step: isOpen && copy("step"),
    size: element.matches("canvas,video,iframe") && `${element.clientWidth}x${element.clientHeight}`,
    expanded: both("expanded", tag === "summary" ? `${element.parentElement.open}` : undefined),
    selected: both("selected"),
    pressed: both("pressed"),
    current: aria("current") !== "false" && aria("current"),
    // an empty field that is required is not wrong yet
    invalid: aria("invalid") === "true" || (isField && element.value && element.matches(":invalid")),
    focused: element.matches(":focus"),
  };
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value)
    .map(([name, value]) => [name, value === true || clip(clean(`${value}`), MOST)]));
}

/** Brackets of strangers must not look like ours. */
export const escaped = (text) => text.replace(/[[\]]/g, (sign) => `&#${sign.charCodeAt()};`);

/** `[id=12] [type=email] [required] [value="…"]` */
export function labelOf({ id, role, props = {}, frame }) {
  const parts = Object.entries(props).map(([name, value]) => {
    const text = escaped(`${value}`);
    if (/^(placeholder|value)$/.test(name)) return `${name}="${text.replaceAll('"', "&quot;")}"`;
    return value === true ? name : `${name}=${text}`;
  });
  if (id) parts.unshift(`id=${id}`);
  if (frame) parts.push(`iframe=${frame}`);
  if (role === "iframe") parts.push(`iframeRoot=${id}`);
  return parts.map((part) => `[${part}]`).join(" ");
}
