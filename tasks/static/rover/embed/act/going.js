// Going by address, by history, by tab.

import { fail } from "./faults.js";
import { consent, openTab } from "./leaving.js";

const addressOf = ({ args: { url } }) => (URL.canParse(url, document.baseURI)
  ? new URL(url, document.baseURI).href : fail("INVALID_ARGUMENT", "url: no address."));

/** When the answer is on its way, unless it is stopped before. */
async function later(turn, kind, url, go) {
  const answer = await consent(turn, { url, kind });
  if (answer.opens && kind !== "reload") return openTab(turn, url, answer);
  const { signal, timing } = turn.context;
  const stop = () => clearTimeout(timer);
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", stop);
    go();
  }, timing?.navigationDelayMs ?? 80);
  signal?.addEventListener("abort", stop, { once: true });
  const outcome = "same_tab_scheduled";
  return {
    output: { navigationOutcome: outcome, navigationPending: true, notice: answer.notice },
    navigation: { outcome, url, pending: true },
  };
}

export async function goTo(turn) {
  const url = addressOf(turn);
  return later(turn, "goto", url, () => location.assign(url));
}

export const reload = (turn) => later(turn, "reload", location.href, () => location.reload());

/** Pages of other origins are in the history, but not named. */
export async function travel(turn, step) {
  const { navigation } = window;
  const entry = navigation?.entries()[navigation.currentEntry.index + step];
  if (!entry && (step > 0 ? navigation : history.length < 2)) {
    fail("NO_HISTORY_ENTRY", "There is no such page.");
  }
  const url = entry?.url || (step < 0 && document.referrer) || location.href;
  return later(turn, "history", url, () => history.go(step));
}

const tabsOf = ({ context: { tabs } }) => tabs ?? fail("CAPABILITY_UNAVAILABLE", "There are no tabs here.");

export async function openNewTab(turn) {
  tabsOf(turn);
  const url = addressOf(turn);
  return openTab(turn, url, await consent(turn, { url, newTab: true, kind: "tab" }));
}

/** Without an id: this one. */
async function withTab(turn, act) {
  const tabs = tabsOf(turn);
  const { logical_tab_id: id } = turn.args;
  const tab = id === undefined ? {} : (await turn.step(tabs.list())).find((one) => `${one.id}` === `${id}`);
  const isDone = tab && await act(tabs, tab) !== false;
  return isDone ? tab : fail("TAB_NOT_ACCESSIBLE", `The tab ${id} cannot be reached.`);
}

export async function switchTab(turn) {
  const outcome = "switch_tab";
  const { url } = await withTab(turn, async (tabs, tab) => {
    const answer = await consent(turn, { url: tab.url, kind: "tab" });
    // a tab out of scope is only for a policy that allows all
    return !answer.opens && turn.step(tabs.switchTo(tab.id));
  });
  return { output: { navigationOutcome: outcome }, navigation: { outcome, url, pending: false } };
}

export async function closeTab(turn) {
  await withTab(turn, (tabs, { id }) => turn.step(tabs.close(id)));
}
