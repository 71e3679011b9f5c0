// A capture as text, one node a line.

import { clip } from "./page.js";
import { escaped } from "./semantics.js";

/** No text of the page starts a line or has a bracket: none passes for an element. */
export function renderTree(pageData, { maxChars = 40_000 } = {}) {
  let lines;
  for (const longest of [Infinity, 240, 80, 0]) {
    lines = linesOf(pageData, longest);
    if (lines.join("\n").length <= maxChars) return lines.join("\n");
  }
  const more = (count) => `… ${count} more lines`;
  let left = maxChars - more(lines.length).length;
  const end = lines.findIndex((line) => (left -= line.length + 1) < 0);
  return clip([...lines.slice(0, end), more(lines.length - end)].join("\n"), maxChars);
}

function linesOf({ url, roots, nodes }, longest) {
  const { origin } = new URL(url);
  const lines = [];
  const visit = roots.map((key) => [key, ""]).reverse();
  for (let next = visit.pop(); next; next = visit.pop()) {
    const [key, indent] = next;
    const line = lineOf(nodes[key], longest, origin);
    if (line) lines.push(indent + line);
    const { children = [] } = nodes[key];
    for (const child of [...children].reverse()) visit.push([child, line ? `${indent}  ` : indent]);
  }
  return lines;
}

function lineOf({ role, name, level, label, url, unavailable, options, text }, longest, origin) {
  const words = (said, least = 0) => escaped(clip(said, Math.max(longest, least)));
  const body = text && longest ? `: ${words(text)}` : "";
  if (role === "text") return body && role + body;
  return [
    role,
    level,
    name && `"${words(name, 60).replaceAll('"', "'")}"`,
    label,
    url && `→ ${words(url.startsWith(`${origin}/`) ? url.slice(origin.length) : url, 60)}`,
    unavailable && `(unavailable: ${unavailable})`,
    options && longest && `options: ${words(options.join(" | "))}`,
  ].filter(Boolean).join(" ") + body;
}
