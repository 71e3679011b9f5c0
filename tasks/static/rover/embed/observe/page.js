// The page as it is rendered.

/** Our own widget is no part of it. */
const OWN = "#rover-widget-root";

// a form's properties may be hidden by its fields
export const attr = (element, name) => element.getAttribute(name)?.trim() ?? "";

export const oneLine = (text) => text.replace(/(?![\u200c\u200d])\p{Cf}/gu, "")
  .replace(/[\s\p{Cc}]+/gu, " ").trim();

/** Without half a character. */
export const clip = (text, length) => (text.length <= length ? text
  : text.slice(0, Math.max(0, length - 1)).replace(/[\ud800-\udbff]$/, "") + "…");

export const styleOf = (element) => element.ownerDocument.defaultView?.getComputedStyle(element);

export const isBlock = (style) => !/^(inline|contents)/.test(style.display);

export function childrenOf(element) {
  const { localName: tag } = element;
  if (tag === "details" && !element.open) return element.querySelectorAll(":scope>summary:first-of-type");
  const assigned = tag === "slot" ? element.assignedNodes({ flatten: true }) : [];
  return assigned.length ? assigned : (element.shadowRoot ?? element).childNodes;
}

/** What a node stands in, in the flat and in the light tree. */
export const around = (node) => [
  node.assignedSlot,
  node.parentElement ?? node.getRootNode().host ?? node.ownerDocument.defaultView?.frameElement,
].filter(Boolean);

/** Nothing of it is there for a reader; `bare`: nothing of it is rendered. */
export const isGone = (element, style, bare) => element.matches(`script,style,template,noscript,${OWN}`)
  || !style?.display || style.display === "none" || style.contentVisibility === "hidden"
  || !bare && (element.matches("[aria-hidden=true],[inert]")
    || style.overflowX !== "visible" && isBlock(style) && !element.matches("body,html") && isFlat(element));

export function isFlat(element) {
  const { width, height } = element.getBoundingClientRect();
  return !width || !height;
}
