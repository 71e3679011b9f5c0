// Keys, as the page hears them.

import { fail } from "./faults.js";
import { tell } from "./target.js";

const NUMBERS = {
  Backspace: 8, Tab: 9, Enter: 13, Escape: 27, " ": 32, PageUp: 33, PageDown: 34, End: 35, Home: 36,
  ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Delete: 46,
};
const SHORT = {
  __proto__: null, esc: "Escape", return: "Enter", space: " ",
  left: "ArrowLeft", up: "ArrowUp", right: "ArrowRight", down: "ArrowDown",
};

export const isSign = (key) => [...key].length === 1;

/** By its name, in any case, or its character. */
export function keyNamed(name) {
  const small = name.toLowerCase();
  return isSign(name) ? name : SHORT[small] ?? Object.keys(NUMBERS).find((key) => key.toLowerCase() === small)
    ?? (/^f\d\d?$/.test(small) ? name.toUpperCase() : fail("INVALID_ARGUMENT", "key: unknown."));
}

export function strike(element, type, key, modifiers) {
  const isLetter = /^[a-z]$/i.test(key);
  const number = NUMBERS[key] ?? (/^[a-z\d]$/i.test(key) ? key.toUpperCase().charCodeAt() : 0);
  const sign = type === "keypress" ? (isSign(key) ? key.codePointAt() : number) : 0;
  const code = isLetter ? `Key${key.toUpperCase()}` : /^\d$/.test(key) ? `Digit${key}` : key === " " ? "Space"
    : isSign(key) ? "" : key;
  return tell(element, type, {
    key, code, keyCode: sign || number, which: sign || number, charCode: sign, ...modifiers,
  }, "KeyboardEvent");
}

/** Whether the page left it to the browser. */
export const pressed = (element, key, modifiers) => strike(element, "keydown", key, modifiers)
  && (!(isSign(key) || key === "Enter") || strike(element, "keypress", key, modifiers));
