// What a page shows, as data.

import { captureConfig } from "./options.js";
import { clip } from "./page.js";
import { clean, privacyOf } from "./privacy.js";
import { quiet, sleep } from "./settle.js";
import { walk } from "./walk.js";

const PREPARATION_MS = 1_000;
const RETRY_MS = 300;
const MOUNT = "body>div:empty,[role=progressbar],progress";
const WAITING = /^\W*(loading|please wait|just a moment)/i;

const now = () => performance.now();

/** Reads a page, by the types of observe.d.ts; leaves no trace. */
export async function observe(root = document, options = {}) {
  const config = captureConfig(options);
  const privacy = () => privacyOf(options.privateSelectors ?? []);
  privacy();
  const page = root.ownerDocument ?? root;
  const start = now();
  const deadline = start + config.totalBudgetMs;
  await rest(root, config, deadline);
  let waitedMs = now() - start;

  const end = () => Math.min(deadline, now() + config.pageDataTimeoutMs);
  const read = (textOnly) => walk(root, privacy(), textOnly, end());
  const bare = config.onlyTextContent || !/html|xml/.test(page.contentType);
  const reasons = new Set();
  let attempts = 0;
  let found;
  let doubts;
  do {
    if (attempts++) waitedMs += await change(root, config);
    found = await read(bare);
    doubts = doubtsAbout(found, root, page);
    doubts.forEach((doubt) => reasons.add(doubt));
  } while (doubts.length && attempts <= config.sparseTreeRetryMaxAttempts && now() < deadline);
  if (!bare && /empty_tree|text_mismatch/.test(doubts)) {
    const text = await read(true);
    if (text.roots.length) found = text;
  }
  const { nodes, roots, elements, textOnly, modal, truncated } = found;
  const linked = Object.values(nodes).filter(({ url, role }) => url && role !== "iframe");
  const data = {
    url: page.location.href,
    title: clip(clean(`${page.title}`), 300),
    contentType: page.contentType,
    roots,
    nodes,
    elementLinkRecord: Object.fromEntries(linked.map(({ id, url }) => [id, url])),
    metadata: {
      scrollingPerformed: false,
      textOnly,
      modal,
      truncated,
      treeCapture: {
        status: doubts.length ? "suspicious_unrecovered" : reasons.size ? "suspicious_recovered" : "normal",
        attempts,
        waitedMs: Math.round(waitedMs),
        reasons: [...reasons],
      },
    },
  };
  const elementOf = (id) => {
    const element = elements.get(id)?.deref();
    return element?.isConnected && element.ownerDocument.defaultView ? element : null;
  };
  return Object.defineProperty(data, "elementOf", { value: elementOf });
}

async function rest(root, config, deadline) {
  const longest = config.adaptiveSettleMaxWaitMs;
  const end = Math.min(deadline, now() + Math.max(PREPARATION_MS, longest));
  for (let round = 0; round <= config.adaptiveSettleRetries; round++) {
    if (await quiet(root, config.adaptiveSettleDebounceMs, Math.min(longest, end - now()))) return;
  }
}

async function change(root, config) {
  const start = now();
  const delay = config.sparseTreeRetryDelayMs;
  await sleep(delay);
  await quiet(root, config.adaptiveSettleDebounceMs, RETRY_MS - delay, true);
  return now() - start;
}

/** Why the page may be unfinished; a small one that is complete raises none. */
function doubtsAbout({ roots, nodes, elements, busy, modal, truncated }, root, page) {
  const text = Object.values(nodes).map((node) => `${node.name ?? ""}${node.text ?? ""}`).join(" ");
  const shown = text.length < 2_000 ? (root.body ?? root).innerText?.length : 0;
  return modal || truncated ? [] : [
    !roots.length && "empty_tree",
    roots.length && !elements.size && text.length < 60
      && (WAITING.test(text) || page.querySelector(MOUNT)) && "shell",
    (page.readyState === "loading" || busy) && "busy",
    shown > 200 && text.length < shown / 10 && "text_mismatch",
  ].filter(Boolean);
}
