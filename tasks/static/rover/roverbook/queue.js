// Events on their way to the collector: in batches, one at a time, kept until they have arrived.

const INTERVAL_MS = 5_000;
const LEAST_MS = 1_000;
const BATCH = 25;
const BUFFER = 100;
const RETRIES = 4;
const RETRY_MS = 750;
const KEPT = 20;
const KEY = "rover:roverbook:unsent";

/** `isAllowed()`: true, false, or undefined while the visitor has not said; until then events are held in memory alone. */
export function createQueue({ collector, isAllowed, intervalMs }) {
  const pause = Math.max(LEAST_MS, Number(intervalMs) || INTERVAL_MS);
  let waiting = [];
  let flying = null;
  let timer = null;
  let isOver = false;

  const kept = () => {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEY));
      return Array.isArray(found) ? found : [];
    } catch {
      return [];
    }
  };
  const keep = (batches) => {
    try {
      if (batches.length) sessionStorage.setItem(KEY, JSON.stringify(batches.slice(-KEPT)));
      else sessionStorage.removeItem(KEY);
    } catch { /* then they are lost with the page */ }
  };
  const forget = ({ id }) => keep(kept().filter((one) => one.id !== id));
  const store = (batch) => keep([...kept().filter((one) => one.id !== batch.id), batch]);

  function plan() {
    if (waiting.length && !timer && !isOver) timer = setTimeout(() => flush().catch(() => {}), pause);
  }

  /** The next events that are told together: those of one visit, as they have it. */
  function take() {
    const [first] = waiting;
    const mine = waiting.filter(({ visit }) => visit.id === first.visit.id).slice(0, BATCH);
    waiting = waiting.filter((one) => !mine.includes(one));
    const { visit } = mine.at(-1);
    return {
      id: crypto.randomUUID?.() ?? `${Math.random()}`,
      body: { visitId: visit.id, runId: visit.runId, agent: visit.agent, visit: { ...visit.told }, events: mine.map(({ event }) => event) },
    };
  }

  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

  /** Whether it is settled: taken, or refused for good. */
  async function deliver(batch) {
    for (let n = 0; ; n++) {
      try {
        await collector.write("events/ingest", batch.body);
        return true;
      } catch (error) {
        if (error.status && !error.passing) return true;
        if (n === RETRIES || isOver) return false;
        await sleep(error.waitMs || RETRY_MS * (n + 1));
      }
      if (isAllowed() !== true) return true;
    }
  }

  async function send(batch) {
    if (await deliver(batch)) forget(batch);
    else store(batch);
  }

  async function drain() {
    while (waiting.length && isAllowed() === true) await send(take());
  }

  function flush() {
    clearTimeout(timer);
    timer = null;
    flying ??= drain().finally(() => {
      flying = null;
      if (isAllowed() !== false) plan();
    });
    return flying;
  }

  return {
    flush,
    push(event, visit) {
      if (isAllowed() === false || isOver) return;
      waiting = [...waiting, { event, visit }].slice(-BUFFER);
      if (waiting.length >= BATCH) flush().catch(() => {});
      else plan();
    },
    /** For a page that goes: kept first, as nobody hears whether it arrives. */
    leave() {
      if (isAllowed() !== true) return;
      while (waiting.length) {
        const batch = take();
        store(batch);
        collector.tell("events/ingest", batch.body).then((is) => is && forget(batch), () => {});
      }
    },
    /** Once more what did not arrive, on this page or on the one before. */
    retry() {
      if (isAllowed() !== true) return;
      const batches = kept();
      if (batches.length) flying ??= batches.reduce((done, batch) => done.then(() => send(batch)), Promise.resolve())
        .finally(() => {
          flying = null;
          plan();
        });
    },
    /** What the visitor, or the site, says of it has changed. */
    settle() {
      const is = isAllowed();
      if (is === false) {
        waiting = [];
        keep([]);
      }
      if (is === true) {
        this.retry();
        plan();
      }
    },
    async end() {
      await flush();
      isOver = true;
      clearTimeout(timer);
    },
  };
}
