// What there is to show, made of the events of the session's newest run and of what was said before.

import { doing } from "./words.js";

const ENDED = /^(completed|failed|cancelled)$/;
const KEPT = 40;
const SHOWN = 200;
const TEXT_MAX = 8_000;
const OUTCOMES = { completed: "success", failed: "failure", cancelled: "abandoned" };

/** `changed()` is called whenever there is something new to show. */
export function createStory({ keep, words, emit: tell, changed }) {
  const kept = keep.read("runtime") ?? {};
  // an event that the page before has told is taken in again, and not told again
  const at = { runId: "", told: 0, ...kept.at, seq: 0 };
  const state = {
    status: "idle", transcript: kept.transcript ?? [], live: [], questions: null, confirm: null, resume: null,
    observer: false, notice: null, error: null,
  };
  let offline = false;
  let isNew = true;
  let epoch = null;
  let active = "";
  let latest = 0;

  function save() {
    const transcript = state.transcript.slice(-KEPT).map((one) => ({ ...one, text: `${one.text}`.slice(0, TEXT_MAX) }));
    keep.write("runtime", { at, transcript });
  }

  function set(some) {
    Object.assign(state, some);
    changed();
  }

  function say(role, text, id, blocks) {
    if (!text || state.transcript.some((one) => one.id === id)) return;
    state.transcript = [...state.transcript, { id, role, text, blocks, ts: Date.now() }].slice(-SHOWN);
    set();
  }

  const emit = (name, data) => at.seq > at.told && tell(name, data);
  const payload = (more) => ({
    runId: at.runId, taskId: at.runId, taskBoundaryId: at.boundary, startedAt: at.startedAt, pageUrl: location.href,
    ...more,
  });

  const card = (id, text, status) => {
    const others = state.live.filter((one) => one.id !== id);
    state.live = [...others.map((one) => (one.said ? { ...one, status: "done" } : one)), { id, text, status }];
  };

  function ask({ questions = [], message }, id) {
    const [first] = questions;
    say("assistant", message, id);
    // one yes or no, asked where it cannot be overlooked
    if (questions.length === 1 && /^confirm:/.test(first.key)) state.confirm = { id: first.key, text: first.query };
    else state.questions = questions.length ? questions : null;
  }

  function status(name, reason) {
    const isOver = ENDED.test(name);
    state.status = name === "queued" ? "running" : name;
    if (name !== "awaiting_user") Object.assign(state, { questions: null, confirm: null });
    emit("run_state_transition", payload({
      state: name, needsUserInput: name === "awaiting_user", taskComplete: isOver, continuationReason: reason,
      questions: state.questions ?? undefined,
    }));
    if (!isOver) return;
    state.live = [];
    const told = payload({
      terminalState: name, taskComplete: name === "completed", outcome: OUTCOMES[name], endedAt: Date.now(),
      summary: at.summary, error: state.error?.text,
    });
    emit("run_completed", told);
    emit("task_ended", told);
  }

  const TOLD = {
    run_started({ runId, message, taskBoundaryId }) {
      Object.assign(at, { boundary: taskBoundaryId, startedAt: Date.now(), summary: undefined });
      Object.assign(state, { live: [], error: null, notice: null, questions: null, confirm: null, status: "running" });
      say("user", message, taskBoundaryId ?? runId);
      emit("task_started", payload({ reason: "prompt", taskEpoch: epoch }));
      emit("run_started", payload({ state: "running" }));
    },
    status({ text }, id) {
      if (!text) return;
      card(id, text, "active");
      state.live.at(-1).said = true;
      emit("status", { stage: "execute", compactThought: text });
    },
    tool_start: (data) => card(data.callId, doing(words, data), "active"),
    tool_result({ callId, success }) {
      const mine = state.live.find(({ id }) => id === callId);
      if (mine) card(callId, mine.text, success === false ? "failed" : "done");
    },
    message({ role, text, blocks, summary }, id) {
      at.summary = summary;
      say(role === "user" ? "user" : "assistant", text, id, blocks);
    },
    ask_user: ask,
    user_answer({ answers, text }, id) {
      status("running");
      const isYes = Object.keys(answers ?? {}).every((key) => /^confirm:/.test(key));
      if (text || !isYes) say("user", text ?? Object.values(answers).join("\n"), id);
    },
    error({ message, code }) {
      state.error = { text: message, retryable: true };
      emit("error", { message, code });
    },
    run_transition: (data) => status(data.status, data.continuationReason),
    control: (data) => status(data.status),
  };

  return {
    state, say, set, save, ask, at,
    get epoch() { return epoch; },
    set epoch(value) { epoch = value; },
    get active() { return active; },
    get shown() { return { ...state, status: offline ? "offline" : state.status }; },
    online(is) {
      if (offline === is) {
        offline = !is;
        changed();
      }
    },
    /** The number of the last event of the run that goes on; nothing when none does. */
    get seq() { return active ? Math.max(active === at.runId ? at.seq : 0, latest) : undefined; },
    /** What an answer tells of it before the news do. */
    learn({ runId, seq, currentSeq = seq }) {
      if (runId && runId !== active) latest = 0;
      active = runId ?? active;
      latest = Math.max(latest, currentSeq ?? 0);
    },
    /** Takes in what is new. Runs are named by their time: news of an earlier one is late. */
    hear({ epoch: now, activeRunId = "", runStatus, events = [] }) {
      if (now < epoch) return;
      epoch = now;
      for (const { seq, type, data } of events) {
        if (type === "run_started" && data.runId > at.runId) Object.assign(at, { runId: data.runId, seq: 0, told: 0 });
        if (type === "run_started" && data.runId < at.runId) return;
        if (seq <= at.seq) continue;
        at.seq = seq;
        TOLD[type]?.(data, `${at.runId}:${seq}`);
      }
      if (active !== activeRunId) latest = 0;
      active = activeRunId;
      if (active && active === at.runId) state.status = runStatus === "queued" ? "running" : runStatus;
      // what ended on another page is no news here
      if (!active && isNew && at.seq && at.seq <= at.told) Object.assign(state, { status: "idle", error: null });
      isNew = false;
      at.told = Math.max(at.told, at.seq);
      changed();
    },
    /** Takes up what another page has kept; its events are no news. */
    restore({ messages, at: then }) {
      if (state.transcript.length || at.runId || !Array.isArray(messages)) return false;
      Object.assign(at, then, { told: Math.max(then?.told ?? 0, then?.seq ?? 0), seq: 0 });
      set({ transcript: messages });
      return messages.length > 0;
    },
    clear() {
      Object.assign(state, { transcript: [], live: [], error: null, notice: null, questions: null, confirm: null });
      set({ status: "idle" });
    },
  };
}
