// An answer in parts, by type; anything may be missing or something else than it should be.

import { button, el, safeUrl, said, text } from "./dom.js";
import { fill } from "./strings.js";

const ITEMS = 200;
const COLUMNS = 12;
const LONGEST = 4_000;

const record = (value) => (value && typeof value === "object" ? value : { title: value });

/** Blocks, and the text unless they tell it. */
export function answer(message, words) {
  const blocks = Array.isArray(message.blocks) ? message.blocks.slice(0, 60).map(record) : [];
  const told = blocks.some(({ type }) => type === "text" || type === "paragraph");
  const sources = blocks.filter(({ type }) => type === "citation");
  return [
    told || prose(message.text, words),
    ...blocks.filter(({ type }) => type !== "citation").map((block) => part(block, words)),
    sources.length && el("div.part.sources", null, el("p.dull", null, words.sources), ...sources.map(source)),
  ].filter((each) => each !== true);
}

function prose(value, words) {
  const whole = text(value);
  if (whole.length <= LONGEST) return said("p.part", whole);
  const shown = said("p", `${whole.slice(0, LONGEST)}…`);
  const more = button("plain", words.more, () => {
    shown.textContent = whole;
    more.remove();
  });
  return el("div.part", null, shown, more);
}

function part(block, words) {
  const { type, title, items, rows, url } = block;
  const body = type === "list" && Array.isArray(items) ? el("ul", null, ...items.slice(0, ITEMS).map(item))
    : type === "table" && Array.isArray(rows) ? table(block, words)
      : type === "link" ? link(url, title || block.text) : prose(block.text, words);
  const rest = (items ?? rows)?.length - ITEMS;
  return el("div.part", null, type !== "link" && said("p.title", title), body,
    type !== "link" && url && link(url), rest > 0 && el("p.dull", null, fill(words.rest, { count: rest })));
}

function item(given) {
  const { title, url, date, note, text: body } = record(given);
  return el("li", { dir: "auto" }, link(url, title), ...[date, note].map((each) => said("span.dull", each)),
    said("p", body));
}

function table({ columns, rows, title }, words) {
  const line = (name, cells) => el("tr", null, ...[cells].flat().slice(0, COLUMNS)
    .map((cell) => el(name, { dir: "auto" }, text(cell))));
  const ariaLabel = text(title) || words.table;
  return el("div.table", { role: "region", tabIndex: 0, ariaLabel }, el("table", null,
    Array.isArray(columns) && el("thead", null, line("th", columns)),
    el("tbody", null, ...rows.slice(0, ITEMS).map((row) => line("td", row)))));
}

const source = ({ url, title, quote }) => el("blockquote", null, said("p", text(quote).slice(0, LONGEST)),
  el("p.dull", null, link(url, title)));

/** Its host is told, for a title can claim any; what leads nowhere safe is text. */
function link(target, title) {
  const url = safeUrl(target);
  if (!url) return said("span", title);
  return el("span", null,
    said("a", text(title) || url.href, { href: url.href, target: "_blank", rel: "noopener noreferrer" }),
    title && el("span.dull", { dir: "ltr" }, url.host || url.pathname));
}
