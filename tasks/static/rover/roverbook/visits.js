// Visits as this page sees them, made of what Rover tells it.

const KEY = "rover:roverbook:visit";
const PAGES = 200;
const TEXT_MAX = 240;
const CALLS_MAX = 50;
const TOLD = ["state", "terminalState", "taskComplete", "needsUserInput", "outcome", "continuationReason", "reason", "stage",
  "code", "blockedUrl", "policyAction", "openedInNewTab"];
const TARGETS = ["selector", "url", "href", "target", "element"];
const LASTING = /^(task_started|task_ended|run_started|run_completed)$/;
const EVENTS = ["task_started", "task_ended", "run_started", "run_state_transition", "run_completed", "tool_start",
  "tool_result", "status", "error", "navigation_guardrail"];

export const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const here = () => location.origin + location.pathname;
const line = (value) => (value === undefined || value === null ? undefined : `${value}`.slice(0, TEXT_MAX));
const plain = (value) => ["string", "number", "boolean"].includes(typeof value);

export function createVisits({ instance, queue, isAllowed, isAgreed, signal }) {
  let visit = restored();
  let speaker = {};
  const calls = [];

  function restored() {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEY));
      return found?.id && Array.isArray(found.told?.pagesVisited) ? found : null;
    } catch {
      return null;
    }
  }

  function save() {
    try {
      if (visit && isAllowed() === true) sessionStorage.setItem(KEY, JSON.stringify(visit));
      else sessionStorage.removeItem(KEY);
    } catch { /* the next page begins anew */ }
  }

  function begin({ taskBoundaryId, runId }) {
    const { agent } = speaker;
    visit = {
      id: taskBoundaryId ?? runId ?? uuid(), runId, agent,
      told: {
        eventCount: 0, taskBoundaryId, startedAt: Date.now(), entryUrl: here(), latestUrl: here(), pagesVisited: [here()],
      },
    };
  }

  /** Another page of the same visit; what is read again is told again. */
  function turn() {
    if (!visit || visit.told.latestUrl === here()) return;
    visit.told.latestUrl = here();
    visit.told.pagesVisited = [...visit.told.pagesVisited, here()].slice(-PAGES);
    save();
  }

  function timed(type, { name, result }) {
    if (type === "tool_start") {
      calls.splice(0, Math.max(0, calls.length - CALLS_MAX + 1));
      calls.push({ name, at: performance.now() });
      return {};
    }
    const at = calls.findLastIndex((call) => call.name === name);
    const [call] = at < 0 ? [] : calls.splice(at, 1);
    const { success, error } = result ?? {};
    return {
      success: success !== false, durationMs: call && Math.round(performance.now() - call.at),
      errorMessage: line(error?.message ?? (plain(error) ? error : undefined)),
      payload: error?.code ? { code: line(error.code) } : undefined,
    };
  }

  function told(type, data) {
    const payload = Object.fromEntries(TOLD.filter((name) => plain(data[name])).map((name) => [name, data[name]]));
    const event = {
      // what several tabs of a session hear is told by one name
      eventId: LASTING.test(type) && data.runId ? `${type}:${data.runId}` : uuid(),
      type, ts: Date.now(), pageUrl: here(), runId: data.runId, taskBoundaryId: data.taskBoundaryId,
      summary: line(data.summary ?? data.compactThought), payload,
    };
    if (type === "error") return { ...event, errorMessage: line(data.message ?? "Something went wrong."), success: false };
    if (!/^tool_/.test(type)) return event;
    const target = TARGETS.map((name) => data.args?.[name]).find(plain);
    return { ...event, toolName: line(data.name), target: line(target), ...timed(type, data) };
  }

  function hear(type, given) {
    const data = given ?? {};
    if (isAllowed() === false) return;
    if (type === "task_started" && visit?.runId !== data.runId) begin(data);
    if (!visit) {
      if (!data.runId) return;
      begin(data);
    }
    visit.runId = data.runId ?? visit.runId;
    const event = { runId: visit.runId, ...told(type, data) };
    event.runId ??= visit.runId;
    visit.told.eventCount++;
    queue.push(event, { ...visit, told: { ...visit.told } });
    if (type === "task_ended") visit = null;
    save();
  }

  const quietly = (act) => {
    try {
      act();
    } catch { /* what a page tells oddly is left out */ }
  };
  const offs = EVENTS.map((type) => instance.on(type, (data) => quietly(() => hear(type, data))));
  const moves = window.navigation ?? window;
  moves.addEventListener(window.navigation ? "currententrychange" : "popstate", () => quietly(turn), { signal });
  signal.addEventListener("abort", () => {
    offs.forEach((off) => quietly(() => off?.()));
    visit = null;
    quietly(save);
  });
  quietly(turn);

  return {
    /** Who speaks, and in which visit, for what is said beside events. */
    speaker: () => ({ visitId: visit?.id, runId: visit?.runId, ...speaker }),
    /** From now on somebody else does: an agent that calls by a tool. */
    speak(agent) {
      if (!agent) return;
      speaker = { agent: typeof agent === "string" ? { name: agent } : agent };
      if (visit) visit.agent = speaker.agent;
    },
    async expose(collector, { experimentId, variantId, metadata }) {
      if (!await isAgreed()) return false;
      await collector.write("experiments/exposures", {
        exposureId: uuid(), experimentId, variantId, metadata, ...this.speaker(),
      });
      return true;
    },
    settle: () => quietly(save),
  };
}
