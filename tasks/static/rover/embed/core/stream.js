// News of the session: a stream, and questions while there is none.

const LEAST_MS = 2_000;
const MOST_MS = 15_000;
const TRIES = 10;

/** `hear(projection)`; `pull()` asks for one; `isWanted()`: whether there is something to hear of. */
export function createStream({ session, hear, pull, isWanted }) {
  const timers = {};
  let source = null;
  let connecting = false;
  let tries = 0;
  let wait = LEAST_MS;

  function later(name, act, ms) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(() => {
      delete timers[name];
      act().catch(() => {});
    }, ms);
  }

  function cut() {
    source?.close();
    source = null;
    for (const name in timers) {
      clearTimeout(timers[name]);
      delete timers[name];
    }
  }

  /** Another try at once, the next ones ever later; questions meanwhile. */
  function failed() {
    cut();
    if (!isWanted()) return;
    const ms = tries && Math.min(60_000, LEAST_MS * 2 ** (tries - 1)) + Math.random() * 3_000;
    if (tries++ < TRIES) later("connect", connect, ms);
    later("poll", poll, LEAST_MS);
  }

  async function connect() {
    if (source || connecting || !isWanted()) return;
    connecting = true;
    try {
      const { sseUrl } = await session.ready();
      if (isWanted()) listen(new EventSource(`${sseUrl}&seqAfter=0`));
    } catch {
      failed();
    } finally {
      connecting = false;
    }
  }

  function listen(mine) {
    source = mine;
    const on = (type, act) => mine.addEventListener(type, (event) => { if (mine === source) act(event); });
    const told = ({ data }) => hear(JSON.parse(data));
    on("ready", () => {
      tries = 0;
      wait = LEAST_MS;
      clearTimeout(timers.poll);
    });
    on("projection", told);
    on("projection_delta", told);
    // of the connection, or the server's last word
    on("error", failed);
  }

  async function poll() {
    if (source?.readyState === 1 || !isWanted()) return;
    wait = Math.min(wait * 1.4, MOST_MS);
    later("poll", poll, wait);
    await pull();
  }

  return {
    cut,
    get isLive() { return source?.readyState === 1; },
    /** Begins or ends as there is something to hear of. */
    settle() {
      if (!isWanted()) cut();
      else if (!timers.connect && !timers.poll) connect();
    },
  };
}
