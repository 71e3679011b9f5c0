// What the address of the page asks for: a receipt of an agent's task, or a link with a wish.

import { sleep } from "./wire.js";

const CLAIM_MS = 10_000;
const AGAIN_MS = 350;
const SAFE = [undefined, "none", "read"];

const last = (params, name) => params.getAll(name).map((one) => one.trim()).filter(Boolean).at(-1);

/** `it`: session, story, run, keep, words, config(), site(), show(). */
export function createArrival(it) {
  const { story, run, keep, words } = it;
  let busy = false;
  let wish = null;

  const names = () => {
    const { promptParam = "rover", shortcutParam = "rover_shortcut" } = it.config().deepLink ?? {};
    return [shortcutParam, promptParam];
  };

  /** The address without what was taken from it. */
  function strip({ receipt, link }) {
    const url = new URL(location.href);
    const hash = new URLSearchParams(url.hash.replace(/^#\??/, ""));
    const anchor = last(hash, "rover_anchor");
    if (receipt) {
      ["rover_receipt", "rover_anchor"].forEach((name) => hash.delete(name));
      url.hash = anchor ?? hash.toString();
    }
    if (link) url.search = url.search.slice(1).split("&").filter((pair) => !names().includes(pair.split("=")[0])).join("&");
    history.replaceState(history.state, "", url.href.replace(/#$/, ""));
    if (anchor) document.getElementById(decodeURIComponent(url.hash.slice(1)))?.scrollIntoView();
  }

  async function claim(receipt, requestId) {
    const end = Date.now() + CLAIM_MS;
    for (;;) {
      try {
        return await it.session.call("/v1/tasks/claim-browser", { receipt, requestId, host: location.host });
      } catch (error) {
        if (!error.passing || Date.now() > end) throw error;
        await sleep(error.waitMs || AGAIN_MS);
      }
    }
  }

  async function take(receipt, requestId) {
    try {
      const { taskId, input } = await claim(receipt, requestId);
      const { prompt, shortcutId, routing } = input;
      const sent = run.send(prompt, { taskId, shortcutId, requestedMode: routing ?? "act" });
      it.show();
      await sent;
      if (!requestId) strip({ receipt: true, link: true });
      return true;
    } catch {
      if (!requestId) strip({ receipt: true });
      story.say("system", words.receipt, `receipt:${receipt.slice(-8)}`);
      it.show();
      return false;
    }
  }

  /** A link may come from anybody: what it asks for runs when the visitor says so, or when it only reads. */
  function follow() {
    const { enabled, consume = true } = it.config().deepLink ?? {};
    const access = it.site().config?.aiAccess ?? {};
    const [shortcutId, prompt] = names().map((name) => last(new URLSearchParams(location.search), name));
    const isAllowed = enabled ?? (shortcutId ? access.shortcutLaunch : access.promptLaunch);
    if (!(shortcutId || prompt) || !isAllowed || keep.read("followed") === location.href) return;
    keep.write("followed", location.href);
    if (consume) strip({ link: true });
    const shortcut = it.shortcuts().find(({ id }) => id === shortcutId);
    if (shortcutId && !shortcut) {
      story.say("system", words.shortcut, `shortcut:${shortcutId}`);
      it.show();
      return;
    }
    wish = shortcut ? [shortcut.prompt, { shortcutId }] : [prompt];
    if (shortcut && SAFE.includes(shortcut.sideEffect) && !shortcut.requiresConfirmation) confirmed(true);
    else story.set({ confirm: { id: "link", title: words.ask, text: `${wish[0]}\n\n${words.link}`, yes: words.run } });
  }

  function confirmed(yes) {
    story.set({ confirm: null });
    if (yes && wish) {
      run.send(...wish);
      it.show();
    }
    wish = null;
  }

  async function look() {
    if (busy) return;
    busy = true;
    try {
      const receipt = last(new URLSearchParams(location.hash.replace(/^#\??/, "")), "rover_receipt");
      if (receipt && await take(receipt)) return;
      await it.session.ready();
      await it.shown();
      follow();
    } finally {
      busy = false;
    }
  }

  return { look, take, confirmed };
}
