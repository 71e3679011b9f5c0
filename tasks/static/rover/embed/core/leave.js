// Whether the page may be left for an address: asked of the server, else decided by the same table.

import { smellOf } from "./smell.js";

const PREFLIGHT_MS = 1_500;
const WINDOW_MS = 10_000;
const MOST = 3;

const hostOf = (url) => (URL.canParse(url) ? new URL(url).hostname : "");
const family = (host) => host.split(".").slice(-2).join(".");

/** `it`: run, tabs, story, keep, emit, covers, site() → {policy, domains}, notice(text, kind). */
export function createDecide(it) {
  return async ({ url, newTab }) => {
    const { policy, domains } = it.site();
    const host = hostOf(url);
    const isWeb = /^https?:/.test(url);
    const isOutside = !isWeb || !it.covers(domains, policy.domainScopeMode, host);
    const isCrossing = host !== location.hostname && !newTab;
    const since = (it.keep.read("crossings") ?? []).filter((time) => time > Date.now() - WINDOW_MS);
    let answer = { decision: "block", decisionReason: "rapid_cross_origin_block" };
    if (!isCrossing || since.length < MOST) answer = await ask(it, url, newTab) ?? local({ url, host, isWeb, isOutside, policy, domains });
    const isNoticed = isOutside && policy.externalNavigationPolicy === "open_new_tab_notice";
    if (isNoticed && answer.decision === "allow_same_tab") answer = { ...answer, decision: "open_new_tab" };
    const { decision, decisionReason: reason, notice } = answer;
    if (isCrossing && decision === "allow_same_tab") it.keep.write("crossings", [...since, Date.now()]);
    const openedInNewTab = decision === "open_new_tab";
    if (decision === "block" || (openedInNewTab && isOutside)) {
      it.emit("navigation_guardrail", {
        blockedUrl: url, currentUrl: location.href, policyAction: policy.externalNavigationPolicy, reason,
        allowedDomains: domains, openedInNewTab,
      });
      it.notice(`${openedInNewTab ? it.words.newTab : it.words.blocked}: ${host || url}`, openedInNewTab ? "" : "warn");
    }
    return {
      decision, reason, notice, policyAction: policy.externalNavigationPolicy, allowedDomains: domains,
      domainScopeMode: policy.domainScopeMode,
    };
  };
}

/** The server's answer; nothing when it has none in time, or knows no such run any more. */
async function ask({ run, tabs, emit }, url, newTab) {
  try {
    const answer = await run.command("TAB_EVENT", {
      targetUrl: url, currentUrl: location.href, runId: run.pending.id, message: run.pending.text,
      logicalTabId: newTab ? tabs.next : tabs.id, parentLogicalTabId: newTab ? tabs.id : undefined,
    }, { timeoutMs: PREFLIGHT_MS, again: () => emit("tab_event_conflict_retry", { url }) });
    return answer.staleRun ? null : answer;
  } catch (error) {
    if (error.status === 409) emit("tab_event_conflict_exhausted", { url });
    return null;
  }
}

function local({ url, host, isWeb, isOutside, policy, domains }) {
  const isFoul = isWeb && isOutside && smellOf(url) >= (policy.adversarialThreshold ?? 3);
  const decisionReason = isFoul ? "adversarial_block" : "preflight_unavailable_fallback";
  const isSibling = policy.domainScopeMode === "host_only"
    && domains.some((one) => family(one.replace(/^(=|\*\.)/, "")) === family(host));
  const decision = (() => {
    if (!isWeb || isFoul) return "block";
    if (host === location.hostname && !isOutside) return "allow_same_tab";
    if (!isOutside) return policy.crossHostPolicy === "open_new_tab" ? "open_new_tab" : "allow_same_tab";
    if (isSibling) return "block";
    return { block: "block", allow: "allow_same_tab" }[policy.externalNavigationPolicy] ?? "open_new_tab";
  })();
  return { decision, decisionReason };
}
