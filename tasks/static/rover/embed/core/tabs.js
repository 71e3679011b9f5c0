// The tabs of a run: the one that it began in is 1, those that it opens follow. They tell each other of
// themselves, and hand the run over; only pages of one origin hear it.

import { sleep } from "./wire.js";

const ANSWER_MS = 150;
const TAKEN_MS = 1_500;
const MOST = 8;

const channelOf = (siteId, sessionId) => new BroadcastChannel(`rover:${siteId}:${sessionId}`);

/** Whether a page of the session is open anywhere. */
export async function isAlive(siteId, sessionId) {
  const channel = channelOf(siteId, sessionId);
  const answered = new Promise((done) => { channel.onmessage = ({ data }) => data.here && done(true); });
  channel.postMessage({ who: true });
  const is = await Promise.race([answered, sleep(ANSWER_MS)]);
  channel.close();
  return Boolean(is);
}

/** `it`: keep, site id, pending(), take(pending): the run goes on here; give(): it goes on elsewhere. */
export function createTabs({ siteId, keep, pending, take, give }) {
  const handles = new Map();
  const seen = new Set();
  let own = keep.read("tab");
  let others = keep.read("tabs") ?? [];
  let channel;
  let named;
  let taken;

  const id = () => own?.id ?? 1;
  const run = () => own?.run ?? pending()?.id;
  const store = (list) => {
    others = list.slice(-MOST + 1);
    keep.write("tabs", others.length ? others : null);
  };
  const without = (gone) => others.filter((one) => one.id !== gone);
  const note = (tab) => store([...without(tab.id), tab].sort((a, b) => a.id - b.id));
  const say = (words) => channel?.postMessage({ run: run(), ...words });
  const mine = () => ({ id: id(), url: location.href, title: document.title.slice(0, 200) });
  const here = () => say({ here: mine() });

  function hear({ data }) {
    if (data.who) here();
    if (!data.run || data.run !== run()) return;
    if (data.here) {
      seen.add(data.here.id);
      note(data.here);
    }
    if (data.taken) taken?.(true);
    if (data.to !== id()) return;
    if (data.close) close();
    if (data.pending) {
      say({ taken: id() });
      store(data.tabs.filter((one) => one.id !== id()));
      take(data.pending);
    }
  }

  /** All of them; those that are gone are forgotten. */
  async function list() {
    if (others.length) {
      seen.clear();
      say({ who: true });
      await sleep(ANSWER_MS);
      // one that was opened a moment ago, or is another site's, has no voice
      store(others.filter((one) => seen.has(one.id) || handles.get(one.id)?.closed === false));
    }
    return [...others, { ...mine(), current: true }].sort((a, b) => a.id - b.id);
  }

  /** Empty first: the tab gets its number before it has a page. */
  async function open(url, opener) {
    const handle = opener();
    if (!handle) return null;
    const number = next();
    handles.set(number, handle);
    try {
      const there = handle.sessionStorage;
      const name = (of) => `rover:${of}:${siteId}`;
      there.setItem(name("tab"), JSON.stringify({ id: number, run: run() }));
      there.removeItem(name("pending"));
      there.removeItem(name("tabs"));
    } catch { /* it is a stranger then */ }
    const tab = { id: number, url };
    note(tab);
    return tab;
  }

  const next = () => Math.max(id(), ...others.map((one) => one.id)) + 1;

  /** The run goes on in that tab, if it answers. */
  async function switchTo(to) {
    if (to === id()) return true;
    const heard = new Promise((done) => { taken = done; });
    const { flying, results, ...rest } = pending();
    const result = { id: flying?.id, success: true, navigation: { outcome: "switch_tab", url: location.href } };
    say({ to, pending: { ...rest, leaving: 0, results: [...results, result] }, tabs: await list() });
    const is = Boolean(await Promise.race([heard, sleep(TAKEN_MS)]));
    if (is) {
      own = { id: id(), run: run() };
      keep.write("tab", own);
      give();
      handles.get(to)?.focus();
    }
    return is;
  }

  async function closeTab(which = id()) {
    if (which === id()) {
      const other = (await list()).findLast((one) => !one.current);
      if (!other || !await switchTo(other.id)) return false;
      close();
      return true;
    }
    const handle = handles.get(which);
    if (handle) handle.close();
    else say({ to: which, close: true });
    store(without(which));
    return true;
  }

  return {
    list, open, switchTo, close: closeTab,
    get id() { return `${id()}`; },
    get next() { return `${next()}`; },
    /** Whether another one works, or worked before, at a run of this one. */
    get isOpened() { return Boolean(keep.read("tab")); },
    get known() { return others; },
    /** A run of this tab: the others are not its own. */
    begin() {
      own = pending() && { id: 1, run: pending().id };
      keep.write("tab", null);
      handles.clear();
      store([]);
    },
    /** What Rover opened it for has ended. */
    heard(active) {
      if (own && active !== own.run) this.begin();
    },
    join(sessionId) {
      if (named === sessionId && channel) return;
      this.part();
      named = sessionId;
      channel = channelOf(siteId, sessionId);
      channel.onmessage = hear;
      here();
    },
    /** An open channel keeps a page from being kept. */
    part() {
      channel?.close();
      channel = null;
    },
    rejoin() {
      if (named) this.join(named);
    },
  };
}
