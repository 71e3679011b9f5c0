// One reading of the page, in slices.

import { attr, childrenOf, clip, isBlock, isFlat, isGone, styleOf } from "./page.js";
import { clean } from "./privacy.js";
import { isLeaf, labelOf, nameOf, optionsOf, propsOf, reasonToAct, roleOf, saysNothing }
  from "./semantics.js";
import { giveWay } from "./settle.js";

const SLICE_MS = 16;
const MOST_TEXT = 5_000;
const SHORT = 100;
let lastId = 0;

/** `textOnly`: all that is rendered, as text. */
export async function walk(root, privacy, textOnly, deadline) {
  const nodes = {};
  const elements = new Map();
  const modals = [];
  const found = { textOnly, elements, busy: false, truncated: false, nodes: {} };
  const top = { kids: [root.body ?? root.documentElement ?? root], at: 0, keys: [], text: "", seen: true };
  top.sink = top;
  const stack = [top];
  let count = 0;
  let until = 0;
  for (let open = top; open; open = stack.at(-1)) {
    found.truncated = performance.now() > deadline;
    if (performance.now() > until) await pause();
    const next = !found.truncated && open.kids[open.at++];
    if (!next) leave(stack.pop(), stack.at(-1));
    else if (next.nodeType === 3) open.sink.text += open.drop || !open.seen ? "" : privacy.text(next);
    else if (next.nodeType === 1) {
      try {
        enter(next, open);
      } catch {
        // a form whose fields hide its methods
      }
    }
  }
  const modal = modals.findLast(({ element }) => element.contains(document.activeElement)) ?? modals.at(-1);
  found.modal = Boolean(modal);
  found.roots = modal ? [modal.key] : top.keys;
  await finish([...found.roots]);
  return found;

  async function pause() {
    await giveWay();
    until = performance.now() + SLICE_MS;
  }

  function enter(element, up) {
    const style = styleOf(element);
    if (isGone(element, style, textOnly) || (!textOnly && isHollow(element))) return;
    const { localName: tag } = element;
    const open = {
      ...up, element, at: 0, kids: [], node: null, modal: false, cursor: style.cursor,
      block: isBlock(style) || tag === "br", seen: style.visibility === "visible",
    };
    if (open.seen && !textOnly) {
      found.busy ||= element.matches("[aria-busy=true]");
      emit(open, up);
    }
    if (open.block) flush(up.sink);
    if (tag === "iframe") open.seen && enterFrame(open);
    else if (!isLeaf(element, open.node?.role)) open.kids = [...childrenOf(element)];
    stack.push(open);
  }

  function emit(open, up) {
    const { element } = open;
    const control = element.localName === "label" && element.control;
    // a field that is not shown has its label to stand for it
    const subject = control && isGone(control, styleOf(control)) ? control : element;
    const role = roleOf(subject);
    const pointed = open.cursor === "pointer" && up.cursor !== "pointer" && !up.acts && !control;
    const reason = reasonToAct(subject, role, pointed);
    open.drop ||= control || element.matches("legend,caption");
    if (!reason && (!role || (up.drop && role !== "heading"))) return;
    const { name, whole } = nameOf(subject, role, privacy);
    if (!reason && saysNothing(role, name)) return;
    const node = { role: role || "generic" };
    if (reason || role === "iframe") {
      node.id = ++lastId;
      elements.set(node.id, new WeakRef(element));
    }
    add(node, {
      frame: node.id && up.frame,
      name,
      level: role === "heading" && (+attr(element, "aria-level") || +element.localName[1] || 2),
      url: !privacy.hidesWords(element) && targetOf(element),
      props: propsOf(subject, role, privacy),
      options: optionsOf(subject, privacy),
      hint: reason !== "role" && reason,
    });
    Object.assign(open, {
      node, sink: { keys: [], text: "" }, drop: open.drop || whole, acts: up.acts || reason,
      modal: !up.frame && isModal(element, role),
    });
  }

  function enterFrame(open) {
    const inner = open.element.contentDocument;
    open.drop = false;
    open.frame = open.node?.id;
    if (inner?.body?.childNodes.length) open.kids = [inner.body];
    else if (open.node) open.node.unavailable = inner ? "empty" : "cross_origin";
  }

  function leave({ node, sink, block, modal, element }, up) {
    if (node || block || !up) flush(sink);
    if (!node) return;
    const { keys } = sink;
    const only = keys.length === 1 && nodes[keys[0]];
    if (only?.role === "text") {
      delete nodes[keys[0]];
      node[node.id && !node.name && only.text.length <= SHORT ? "name" : "text"] = only.text;
    } else add(node, { children: keys });
    const { id, name, text, children, props } = node;
    if (!(id || name || text || children || props?.value)) return;
    flush(up.sink);
    const key = put(node, up.sink);
    if (modal && (text || children)) modals.push({ key, element });
  }

  function flush(sink) {
    const text = clip(clean(sink.text), MOST_TEXT);
    sink.text = "";
    if (text) put({ role: "text", text }, sink);
  }

  function put(node, sink) {
    const key = `${node.id ?? `n${++count}`}`;
    nodes[key] = node;
    sink.keys.push(key);
    return key;
  }

  /** Keeps what can be reached, without echoes of secrets, and labels it. */
  async function finish(keys) {
    for (const key of keys) {
      if (performance.now() > until) await pause();
      const node = found.nodes[key] = nodes[key];
      for (const part of [node, node.props ?? {}, node.options ?? []]) {
        for (const [name, value] of Object.entries(part)) {
          if (typeof value === "string" && name !== "role") part[name] = privacy.hush(value);
        }
      }
      add(node, { label: labelOf(node) });
      for (const child of node.children ?? []) keys.push(child);
    }
    for (const id of elements.keys()) if (!(id in found.nodes)) elements.delete(id);
  }
}

function add(node, parts) {
  for (const [name, part] of Object.entries(parts)) {
    if (typeof part === "object" ? Object.keys(part).length : part) node[name] = part;
  }
}

/** It could be acted on but has no area; a field may be drawn by its label. */
function isHollow(element) {
  if (element.localName === "iframe") return element.offsetWidth < 2 || element.offsetHeight < 2;
  return element.matches("a,button,input,select,textarea,[role],[tabindex]") && isFlat(element)
    && [...element.querySelectorAll("*"), ...(element.labels ?? [])].every(isFlat);
}

function targetOf({ localName, href, src }) {
  const given = { a: href, iframe: src }[localName];
  const isKnown = /^(https?|mailto|tel):/.test(given) && URL.canParse(given);
  return isKnown && given.replace(/^(https?:\/\/)[^/?#]*@/, "$1");
}

/** Many a closed dialog is only moved or faded out. */
function isModal(element, role) {
  if (!/^(alert)?dialog$/.test(role) || !element.matches("[aria-modal=true],dialog:modal")) return false;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return right > 0 && bottom > 0 && left < innerWidth && top < innerHeight
    && element.checkVisibility({ opacityProperty: true });
}
