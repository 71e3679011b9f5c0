// What never leaves the page, by the rules of observe.d.ts.

import { around, attr, oneLine, styleOf } from "./page.js";

const MASK = "••••";
const FIELD = "input,select,textarea,[contenteditable]:not([contenteditable=false]),[role=textbox],"
  + "[role=searchbox]";
const SECRET = /passw|passc|pwd|secret|\bcc-|cv[vc]|card.?num|one-time|\botp|\bssn|iban/i;
const KINDS = ["type", "autocomplete", "name", "id"];
const CARD = /(?<!\d)[2-6](?:[ -]?\d){12,18}(?!\d)/g;
const SSN = /(?<!\d)(?!000|666|9)\d{3}([ -])(?!00)\d\d\1(?!0000)\d{4}(?!\d)/g;
const IBAN = /(?<![a-z0-9])[a-z]{2}\d\d(?:[ -]?[a-z0-9]){10,31}(?![a-z0-9])/gi;

const isLuhn = (digits) => [...digits].reduceRight((sum, digit, at) => {
  const twice = (digits.length - at) % 2 ? +digit : digit * 2;
  return sum + (twice > 9 ? twice - 9 : twice);
}, 0) % 10 === 0;

const isIban = (text) => text.replace(/\D/g, "").length > 7
  && [...text.slice(4) + text.slice(0, 4)].reduce((sum, sign) => `${sum}${parseInt(sign, 36)}` % 97, 0) === 1;

// words may follow the number
function maskIban(found) {
  for (let end = found.length; end > 14; end = found.slice(0, end).search(/[ -][^ -]*$/)) {
    if (isIban(found.slice(0, end).replace(/[ -]/g, ""))) return MASK + found.slice(end);
  }
  return found;
}

/** One line without secret numbers. */
export function clean(text) {
  const line = oneLine(text).replace(/••••( ?••••)+/g, MASK);
  return /\d.?\d.?\d/.test(line) ? line.replace(SSN, MASK).replace(IBAN, maskIban)
    .replace(CARD, (found) => (isLuhn(found.replace(/\D/g, "")) ? MASK : found)) : line;
}

export function privacyOf(selectors) {
  const selector = ["[data-agent-private]", ...selectors].join();
  document.createDocumentFragment().querySelector(selector);
  const known = new WeakMap();
  const secrets = new Set();

  const isPrivate = (element) => {
    if (!known.has(element)) known.set(element, element.matches(selector) || isWithin(element));
    return known.get(element);
  };
  const isWithin = (node) => around(node).some(isPrivate);
  const hidesWords = (element) => (element.matches(FIELD) ? isWithin : isPrivate)(element);
  const isSecret = (element) => KINDS.some((name) => SECRET.test(attr(element, name)))
    || (styleOf(element)?.webkitTextSecurity ?? "none") !== "none";

  return {
    isPrivate,
    hidesWords,
    text: (node) => (node.data.trim() && isWithin(node) ? ` ${MASK} ` : node.data),
    words: (element, name) => (attr(element, name) && hidesWords(element) ? MASK : attr(element, name)),
    value(element) {
      const raw = oneLine(held(element));
      if (!raw || !(isPrivate(element) || isSecret(element))) return clean(raw);
      if (element.localName !== "select" && raw.length > 5) secrets.add(raw);
      return MASK;
    },
    hush: (text) => [...secrets].reduce((rest, secret) => rest.replaceAll(secret, MASK), text),
  };
}

function held({ localName, type, files, selectedOptions, value, innerText }) {
  if (localName === "select") return Array.from(selectedOptions, ({ label }) => label).join(", ");
  if (type === "file") return files.length ? `${files.length} file(s)` : "";
  return (/^(input|textarea)$/.test(localName) ? value : innerText) ?? "";
}
