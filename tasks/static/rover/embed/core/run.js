// The run: the page is looked at, the server says what to do, it is done, and so on until the end.

import { act } from "../act/index.js";
import { observe } from "../observe/observe.js";
import { textOf } from "./offers.js";
import { patiently, Refusal, sleep, uuid } from "./wire.js";

const RESUMES = 12;
const LEAVING_MS = 10_000;
const HANDOFF_MS = 30_000;
const STEP_MS = 120_000;
const TAKE_MS = 2_000;
const GONE_MS = 3_000;
const EXTERNAL_MS = 305_000;
const REPAIRS = 7;
const LEAVES = /^(same_tab_scheduled|same_host_navigated|subdomain_navigated)$/;
const HARMLESS = /^(scroll|wait|goto|go_|refresh|hover|focus|check|open_new|switch|close_tab)/;

/** `it`: session, story, keep, emit, config(), pull(), stream, decide, capture(), tabs, offers, signal. */
export function createRun(it) {
  const { session, story, keep, emit } = it;
  let pending = keep.read("pending") ?? null;
  let turn = null;
  let paused = false;
  let ending = 0;
  let lock = null;
  let watched = "";
  const free = () => {
    lock?.release();
    lock = null;
  };
  const hold = (value) => {
    pending = value;
    keep.write("pending", value);
    if (lock?.id !== value?.id) free();
  };
  const told = (is) => story.online(is);

  /** A command with the counters as they are; a conflict of those is tried once more under the same name. */
  async function command(type, fields, options) {
    const clientEventId = uuid();
    const send = () => session.call("command", {
      type, clientEventId, expectedEpoch: story.epoch, expectedSeq: story.seq, ...fields,
    }, options);
    const answer = await settled(send, options?.again);
    if (!answer.staleRun && type !== "RUN_CONTROL") story.learn(answer);
    return answer;
  }

  async function settled(send, again = () => {}) {
    try {
      return await send();
    } catch (error) {
      if (error.status !== 409 || !error.retryable) throw error;
      again();
      await it.pull();
      return send();
    }
  }

  function halt() {
    turn?.stop.abort();
    turn = null;
  }

  /** A new task in place of the one before. */
  async function send(message, more = {}) {
    const text = `${message ?? ""}`.trim();
    if (!text) return null;
    halt();
    hold(null);
    const boundary = uuid();
    story.say("user", text, boundary);
    story.set({ status: "connecting", error: null, notice: null, questions: null, confirm: null, resume: null, live: [] });
    const mine = turn = { stop: new AbortController() };
    const fields = {
      // one name however often it is sent: an answer may be lost that a run began with
      message: text, forceNewRun: true, taskBoundaryId: boundary, clientEventId: uuid(),
      requestedMode: it.config().taskRouting?.mode ?? "act", ...more,
    };
    try {
      const began = await patiently(() => begin(fields), { signal: mine.stop.signal, told, longestMs: 60_000 });
      if (turn !== mine) return null;
      turn = null;
      hold({ id: began.runId, text, startedAt: Date.now(), attempts: 0, results: [] });
      it.tabs.begin();
      story.epoch = began.epoch;
      it.stream.settle();
      go();
      return began.runId;
    } catch (error) {
      if (turn !== mine) return null;
      turn = null;
      story.set({ status: "failed", error: { text: error.message, retryable: error.passing } });
      emit("error", { code: error.code, message: error.message });
      if (more.taskId) throw error;
      return null;
    }
  }

  async function begin(fields) {
    await session.ready();
    try {
      return await command("RUN_INPUT", fields);
    } catch (error) {
      if (error.code !== "active_run_exists") throw error;
      await command("RUN_CONTROL", { action: "cancel", runId: error.data.runId, reason: "stale_run_cleanup" });
      return command("RUN_INPUT", fields);
    }
  }

  // --- the loop ---

  async function go() {
    if (turn || !pending || paused) return;
    const mine = turn = { stop: new AbortController() };
    story.set({ status: "running", resume: null });
    try {
      if (!await own(pending.id) && turn === mine) lookOn();
      while (turn === mine && await step(mine));
    } catch (error) {
      if (turn === mine) await failed(error);
    } finally {
      if (turn === mine) turn = null;
      story.save();
    }
  }

  /** One tab carries a run out, the others watch; a page that was left lets go of it soon. */
  async function own(id) {
    const { locks } = navigator;
    if (!locks || lock?.id === id) return true;
    let release;
    const held = new Promise((done) => { release = done; });
    const isOurs = await new Promise((done) => {
      locks.request(`rover:${id}`, { signal: AbortSignal.timeout(TAKE_MS) }, () => {
        done(true);
        return held;
      }).catch(() => done(false));
    });
    if (isOurs) {
      free();
      lock = { id, release };
      // given up while it was waited for
      if (pending?.id !== id) free();
    }
    return isOurs;
  }

  function lookOn() {
    halt();
    hold(null);
    story.set({ observer: true });
    watch();
  }

  /** Control may be asked for when nobody has it any more; a page that goes to the next one has it soon again. */
  async function watch() {
    const { locks } = navigator;
    const id = story.active;
    const { signal } = it;
    if (!id || watched === id || pending) return;
    watched = id;
    try {
      do {
        await locks?.request(`rover:${id}`, { signal }, () => {});
        await sleep(GONE_MS, signal);
      } while (locks && !await locks.request(`rover:${id}`, { ifAvailable: true }, Boolean));
      if (story.active === id && !pending) story.set({ observer: "free" });
    } catch { /* the page goes */ } finally {
      watched = "";
    }
  }

  /** Whether there is a next one. What comes for a run that is over is left alone. */
  async function step(mine) {
    const { signal } = mine.stop;
    const [capture, tabs, contexts] = await Promise.all([
      observe(document, it.capture()), it.tabs.list(), it.offers.contexts(),
    ]);
    if (turn !== mine) return false;
    const { id, results } = pending;
    const body = { runId: id, clientEventId: uuid(), page: capture, results, tabs, contexts, tools: it.offers.tools() };
    const ask = () => settled(() => session.call("agent/step", {
      ...body, expectedEpoch: story.epoch,
    }, { signal, timeoutMs: STEP_MS }));
    const answer = await patiently(ask, { signal, told });
    if (turn !== mine) return false;
    if (!answer.staleRun) story.learn(answer);
    hold({ ...pending, results: [], flying: null, leaving: 0, attempts: 0 });
    const { calls = [], done, askUser, staleRun } = answer;
    if (done || askUser || staleRun) {
      turn = null;
      await it.pull();
      return false;
    }
    if (!calls.length) await sleep(300, signal);
    for (const call of calls) if (!await carryOut(mine, call, capture)) break;
    return turn === mine;
  }

  /** Whether the next call of the same step is still for this page. */
  async function carryOut(mine, call, capture) {
    const { signal } = mine.stop;
    const { id, name, args } = call;
    hold({ ...pending, flying: { id, name }, leaving: Date.now() });
    emit("tool_start", { name, args });
    const { allowActions, mode } = it.config();
    const isAllowed = `${allowActions}` !== "false" && mode !== "safe";
    const result = isAllowed || HARMLESS.test(name)
      ? await act(call, {
        capture, signal, timing: it.config().timing, decide: it.decide, tabs: it.tabs, handler: it.offers.handler,
        external: (asked) => external(asked, signal),
      })
      : { success: false, error: { code: "CAPABILITY_UNAVAILABLE", message: "The page allows no actions." } };
    if (turn !== mine) return false;
    const { navigation } = result;
    const leaves = LEAVES.test(navigation?.outcome) && navigation.pending;
    hold({
      ...pending, flying: null, leaving: leaves ? Date.now() : 0, results: [...pending.results, { id, ...result }],
    });
    emit("tool_result", { name, result });
    // the page goes; if it does not, it is looked at again
    if (leaves) await sleep(LEAVING_MS, signal);
    return result.success && !navigation;
  }

  /** What a page of another site says, in text; the server asks its own rules. */
  async function external({ intent, url, tab_id: logicalTabId, message }, signal) {
    const there = url ?? it.tabs.known.find(({ id }) => `${id}` === logicalTabId)?.url;
    if (!there) throw new Refusal("TAB_NOT_ACCESSIBLE", "There is no such tab.");
    const answer = await settled(() => session.call("context/external", {
      runId: pending.id, url: there, intent, logicalTabId, message, expectedEpoch: story.epoch, expectedSeq: story.seq,
    }, { signal, timeoutMs: EXTERNAL_MS }));
    story.learn(answer);
    const { pageData: page, result } = answer;
    return textOf(page ? `${page.title}\n${page.content}` : result);
  }

  async function failed(error) {
    if (error.code === "active_run_exists") return it.pull();
    const { id } = pending;
    story.set({ status: "failed", error: { text: error.message, retryable: true } });
    emit("error", { code: error.code ?? "INTERNAL", message: error.message });
    hold(null);
    return cancel(id, "client_error");
  }

  // --- its end ---

  /** Ends the run on the server, later if it cannot be reached now. */
  async function cancel(runId, reason, action = "cancel") {
    ending++;
    keep.write("repair", { runId, reason });
    for (let tries = 0; ; tries++) {
      try {
        await command("RUN_CONTROL", { action, runId, reason });
        break;
      } catch (error) {
        if (!error.passing) break;
        if (tries === REPAIRS) {
          emit("error", { code: "RUN_CANCEL_REPAIR_FAILED", message: error.message });
          break;
        }
        await sleep(Math.min(400 * 2 ** tries, 15_000), null, "online");
      }
    }
    keep.write("repair", null);
    await it.pull().catch(() => {});
    ending--;
  }

  async function stop(action = "cancel", reason = "user_stop") {
    const runId = pending?.id ?? (story.active || undefined);
    halt();
    hold(null);
    paused = false;
    story.set({ status: "cancelled", live: [], questions: null, confirm: null, resume: null });
    if (runId || action !== "cancel") await cancel(runId, reason, action);
  }

  async function answer(answers) {
    const runId = story.active;
    const clientEventId = uuid();
    const give = () => command("ASK_USER_ANSWER", { runId, answers, clientEventId });
    story.set({ questions: null, confirm: null, status: "running" });
    try {
      await patiently(give, { told, longestMs: 60_000 });
    } catch (error) {
      story.set({ error: { text: error.message, retryable: false } });
    }
    await it.pull();
  }

  // --- other pages ---

  /** What the page before had under way, as far as this one can tell. */
  function landed(isOurs) {
    const { flying, results } = pending;
    if (!flying) return results;
    const error = { code: "INTERRUPTED", message: "The page was loaded again before it was done.", retryable: true };
    return [...results, isOurs
      ? { id: flying.id, success: true, navigation: { outcome: "same_host_navigated", url: location.href } }
      : { id: flying.id, success: false, error }];
  }

  /** Goes on with what a page before began; by itself where Rover has led here. */
  async function resume() {
    if (!pending) return;
    paused = true;
    const { flying, leaving } = pending;
    const [entry] = performance.getEntriesByType("navigation");
    const isOurs = !flying || entry?.type !== "reload" || flying.name === "refresh_page";
    const wasLed = isOurs && Date.now() - leaving < HANDOFF_MS;
    const attempts = pending.attempts + 1;
    hold({ ...pending, attempts, results: landed(isOurs), flying: null, leaving: 0 });
    await patiently(() => it.pull(), { told });
    if (!pending) return;
    if (story.state.status === "awaiting_user") {
      paused = false;
      if (!await own(pending.id)) lookOn();
      return;
    }
    const policy = it.config().task?.autoResumePolicy ?? "confirm";
    if (attempts > RESUMES || policy === "never" && !wasLed) await stop("cancel", "not_resumed");
    else if (wasLed || policy === "auto") resumed(true);
    else story.set({ resume: { text: pending.text } });
  }

  function resumed(yes) {
    paused = false;
    story.set({ resume: null });
    if (!yes) return stop("cancel", "not_resumed");
    settle();
    return null;
  }

  /** What the news mean for the run of this page. */
  function settle() {
    if (!pending || story.at.runId !== pending.id) return;
    if (story.active !== pending.id) {
      halt();
      hold(null);
      paused = false;
      story.set({ resume: null });
    } else if (story.state.status === "running") {
      if (!turn) go();
    } else {
      halt();
    }
  }

  return {
    send, stop, answer, resume, resumed, settle, command, watch, lookOn,
    get pending() { return pending; },
    get isBusy() { return Boolean(turn || pending || ending); },
    /** A cancellation that a page before could not bring through. */
    repair() {
      const left = keep.read("repair");
      if (left) cancel(left.runId, left.reason);
    },
    /** The page was kept while others went on. */
    reread() {
      halt();
      pending = keep.read("pending") ?? null;
    },
    halt() {
      halt();
      free();
    },
    /** This tab goes on with what another one began, or left. */
    async take(given = { id: story.active, text: "", startedAt: Date.now(), attempts: 0, results: [] }) {
      halt();
      hold(given);
      paused = false;
      story.set({ observer: false, resume: null });
      if (!await own(given.id)) return lookOn();
      await it.pull();
      return go();
    },
  };
}
