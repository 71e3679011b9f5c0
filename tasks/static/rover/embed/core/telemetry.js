// How runs fare, for the site's owner: names of events and codes, never what was said or seen.

import { between } from "./wire.js";

const FLUSH_MS = [2_000, 60_000, 12_000];
const BUFFER = 240;
const TOLD = ["code", "name", "state", "terminalState", "outcome", "reason", "policyAction", "openedInNewTab"];

/** `send(body)` resolves when the server has it; `tell(body)` is for a page that goes. */
export function createTelemetry({ config, send, tell, version }) {
  const { enabled = true, sampleRate = 1, flushIntervalMs, maxBatchSize, includePayloads = false } = config().telemetry ?? {};
  const isOn = enabled && Math.random() < sampleRate;
  const most = between(maxBatchSize, [1, 80, 30]);
  let events = [];
  let seq = 0;
  let timer;

  const batch = (flushReason) => ({
    events: events.splice(0, most), flushReason, sampleRate, sdkVersion: version,
    pageUrl: location.origin + location.pathname,
  });

  function flush() {
    timer = null;
    send(batch("interval")).catch(({ status }) => {
      if (status === 401 || status === 403) events = [];
    }).finally(plan);
  }

  function plan() {
    if (events.length && !timer) timer = setTimeout(flush, between(flushIntervalMs, FLUSH_MS));
  }

  return {
    note(name, data) {
      if (!isOn || events.length >= BUFFER) return;
      const shown = Object.fromEntries(TOLD.filter((key) => data?.[key] !== undefined).map((key) => [key, data[key]]));
      events.push({ name, ts: Date.now(), seq: ++seq, payload: includePayloads ? data : shown });
      plan();
    },
    leave() {
      if (events.length) tell(batch("pagehide"));
    },
    end() {
      events = [];
      clearTimeout(timer);
    },
  };
}
