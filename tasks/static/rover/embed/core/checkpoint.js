// What another page of the visitor needs to go on from here, kept by the server for a while.

import { between, uuid } from "./wire.js";

const GAP_MS = 2_000;
const MESSAGES = 40;
const TEXT_MAX = 8_000;
const MOST_BYTES = [64_000, 1_048_576, 262_144];

/** `it`: session, story, tabs, keep, emit, config(). */
export function createCheckpoint({ session, story, tabs, keep, emit, config }) {
  let sent = "";
  let sentAt = 0;
  let timer;
  let isPaused = false;

  const options = () => config().checkpointing ?? {};
  const isOn = () => options().enabled !== false && session.known && !isPaused;
  const visitorId = () => {
    const id = config().visitorId ?? keep.read("visitor-id", keep.local) ?? uuid();
    keep.write("visitor-id", id, keep.local);
    return id;
  };

  function taken() {
    const { at, state, active, epoch } = story;
    const messages = state.transcript.slice(-MESSAGES)
      .map(({ id, role, text, ts }) => ({ id, role, text: `${text}`.slice(0, TEXT_MAX), ts }));
    return {
      taskEpoch: epoch, task: { id: at.runId, status: state.status }, activeRunId: active, boundaryId: at.boundary,
      tabs: tabs.known.map(({ id, url }) => ({ logicalTabId: `${id}`, url })), messages, at: { ...at },
    };
  }

  /** Where it stands, whenever that was. */
  const marks = ({ messages, at, ...rest }) => JSON.stringify([rest, messages.length, messages.at(-1)?.id]);

  /** What to send, within its bounds; nothing when all of it was sent before. */
  function fresh() {
    const checkpoint = taken();
    const mark = marks(checkpoint);
    if (!checkpoint.messages.length || mark === sent) return null;
    sent = mark;
    sentAt = Date.now();
    const most = between(config().stability?.maxSnapshotBytes, MOST_BYTES);
    while (checkpoint.messages.length > 1 && JSON.stringify(checkpoint).length > most) checkpoint.messages.shift();
    return { checkpoint, visitorId: visitorId(), updatedAt: sentAt, ttlHours: options().ttlHours };
  }

  async function save() {
    clearTimeout(timer);
    timer = null;
    const body = isOn() && fresh();
    if (!body) return;
    try {
      const { saved, updatedAt, digest } = await session.call("snapshot", body);
      emit("checkpoint_state", { state: saved ? "saved" : "stale", updatedAt, digest });
    } catch ({ code, message, status }) {
      sent = "";
      isPaused = status === 401 || status === 403;
      if (isPaused) emit("checkpoint_state", { state: "paused_auth" });
      emit("checkpoint_error", { code, message });
    }
  }

  return {
    /** Something has changed; what must not be lost goes at once. */
    note(isUrgent) {
      if (!isOn() || timer && !isUrgent) return;
      if (isUrgent) save();
      else timer = setTimeout(save, Math.max(0, sentAt + Math.max(GAP_MS, options().flushIntervalMs ?? 0) - Date.now()));
    },
    leave() {
      const body = isOn() && fresh();
      if (body) session.tell("snapshot", body);
    },
    end: () => clearTimeout(timer),
  };
}
