// Leaving the page, by whatever means: asked first.

import { giveWay } from "../observe/settle.js";
import { fail } from "./faults.js";
import { all, describe } from "./target.js";

const SETTLE_MS = 50;

const hostOf = (url) => (URL.canParse(url) ? new URL(url).host : "");

function block(url, answer) {
  const { reason = "policy_blocked", policyAction = "block", allowedDomains = [], domainScopeMode } = answer;
  fail("DOMAIN_SCOPE_BLOCKED", `The policy of this site does not allow ${hostOf(url) || url} (${reason}).`, {
    output: {
      navigationOutcome: "blocked", blockedUrl: url, blockedHost: hostOf(url), currentUrl: location.href,
      currentHost: location.host, policyAction, reason, allowedDomains, domainScopeMode,
      instruction: "Do not try this address again.", page: { url, accessible: false },
    },
    navigation: { outcome: "blocked", url, pending: false },
  });
}

/** The policy's answer, unless it blocks. `opens`: a new tab only. */
export async function consent(turn, { url, newTab = false, kind }) {
  const isOpenable = /^(https?|mailto|tel):/.test(url);
  const answer = isOpenable && await turn.step(turn.context.decide({ url, newTab, kind }));
  if (!/^(allow_same_tab|open_new_tab)$/.test(answer?.decision)) block(url, answer || {});
  return { ...answer, opens: newTab || answer.decision === "open_new_tab" };
}

/** Empty first, which tells whether the browser allows it; it cannot reach back. */
export async function openTab(turn, url, { notice } = {}) {
  const { tabs } = turn.context;
  let handle;
  const opener = () => {
    handle = window.open("about:blank");
    if (handle) handle.opener = null;
    handle?.location.replace(url);
    return handle;
  };
  const tab = await (tabs ? turn.step(tabs.open(url, opener)) : opener());
  if (!(handle ?? tab) || handle === null) fail("POPUP_BLOCKED", "The browser did not open a tab.");
  return {
    output: {
      navigationOutcome: "new_tab_opened", navigationPending: true, logical_tab_id: tab?.id, notice,
      openVerification: handle && !handle.closed ? "verified" : "unverified",
    },
    navigation: { outcome: "new_tab_opened", url, pending: true },
  };
}

/** Where an address is all of it. */
export function openForm(turn, { url, form, submitter, method }, answer) {
  if (method === "post") block(url, { ...answer, reason: "form_needs_this_tab" });
  refuseInvalid(turn, form, submitter);
  const sent = new URL(url);
  sent.search = new URLSearchParams(new FormData(form, submitter));
  return openTab(turn, sent.href, answer);
}

/** Does it, and tells where the page goes by it. */
export async function through(turn, way, doing) {
  const before = location.href;
  const guard = watch(way);
  let leaves;
  try {
    leaves = await following(turn, way, doing) && way?.leaves;
    if (!leaves && !guard.url) await turn.pause(SETTLE_MS);
  } finally {
    guard.end();
  }
  if (guard.held) return released(turn, guard);
  const here = location.href;
  const isElsewhere = here.split("#")[0] !== before.split("#")[0];
  const url = guard.url ?? (leaves ? way.url : isElsewhere && here);
  const pending = url !== here || here === before;
  return url ? { navigation: { outcome: outcomeOf(url), url, pending } } : {};
}

const outcomeOf = (url) => (hostOf(url) === location.host ? "same_host_navigated" : "subdomain_navigated");

/** Whether the page left it to the browser. */
async function following(turn, { form, submitter } = {}, doing) {
  let sent;
  const hear = (event) => { sent = event; };
  form?.addEventListener("submit", hear, true);
  try {
    const passed = await doing();
    if (!form || !passed) return passed;
    if (!sent) refuseInvalid(turn, form, submitter);
    await giveWay();
    return sent && !sent.defaultPrevented;
  } finally {
    form?.removeEventListener("submit", hear, true);
  }
}

function refuseInvalid(turn, form, submitter) {
  if (form.hasAttribute("novalidate") || submitter?.hasAttribute("formnovalidate")) return;
  const wrong = all(":invalid").filter((field) => field.form === form && field.willValidate).slice(0, 8);
  const names = wrong.map((field) => describe(turn, field)).join(", ");
  if (names) fail("FORM_INVALID", `Not sent, missing or wrong: ${names}.`);
}

/** What goes to another origin unasked is held back, where the browser can tell (Navigation API). */
function watch(way) {
  const { navigation } = window;
  const guard = { end: () => navigation?.removeEventListener("navigate", hear) };
  const bare = (url) => url?.split(/[?#]/)[0];
  function hear(event) {
    const { destination: { url, sameDocument }, hashChange, downloadRequest, formData } = event;
    if (hashChange || (sameDocument && url === location.href) || typeof downloadRequest === "string") return;
    const held = new URL(url).origin !== location.origin && bare(url) !== bare(way?.url) && event.cancelable;
    if (held) event.preventDefault();
    // the first that is held is the one to ask for
    if (!guard.held) Object.assign(guard, { url, held, kind: formData ? "form" : "link" });
  }
  navigation?.addEventListener("navigate", hear);
  return guard;
}

async function released(turn, { url, kind }) {
  const answer = await consent(turn, { url, kind });
  // what it would have sent is gone
  if (kind === "form") block(url, { ...answer, reason: "form_sent_by_script" });
  if (answer.opens) return openTab(turn, url, answer);
  location.assign(url);
  return { navigation: { outcome: outcomeOf(url), url, pending: true } };
}
