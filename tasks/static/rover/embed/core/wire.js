// Requests: no cookies, no preflight, and one kind of failure.

export class Refusal extends Error {
  constructor(code, message, more) {
    super(message);
    Object.assign(this, { code, data: {} }, more);
  }

  /** Whether the same may work later. */
  get passing() {
    return !this.status || this.status === 429 || this.status >= 500;
  }
}

/** A number of the page's own within [least, most], else the third. */
export const between = (value, [least, most, other]) => Math.min(most, Math.max(least, Number(value) || other));

export const uuid = () => {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** POST; the data of the answer. Text, as JSON would be asked for permission first. */
export async function post(url, body, { timeoutMs = 20_000, signal, keepalive = false } = {}) {
  const stop = new AbortController();
  const abort = () => stop.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const answer = await fetch(url, {
      method: "POST", body: JSON.stringify(body), credentials: "omit", cache: "no-store", keepalive, signal: stop.signal,
    });
    return read(answer, await answer.json().catch(() => null));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (signal?.aborted) throw new Refusal("ABORTED", "It was stopped.");
    throw new Refusal("NETWORK_ERROR", "The server cannot be reached.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function read({ ok, status, headers }, told) {
  if (ok && told?.success) return told.data;
  const data = told?.data ?? {};
  throw new Refusal(data.code ?? told?.error ?? "INTERNAL", data.message ?? `The server answered ${status}.`, {
    status: status < 400 ? 500 : status, data, retryable: data.retryable, waitMs: 1_000 * headers.get("Retry-After"),
  });
}

/** Rejects when the signal says so. */
export const sleep = (ms, signal, early) => new Promise((done, fail) => {
  const end = (act) => () => {
    clearTimeout(timer);
    removeEventListener(early, go);
    signal?.removeEventListener("abort", stop);
    act();
  };
  const go = end(done);
  const stop = end(() => fail(new Refusal("ABORTED", "It was stopped.")));
  const timer = setTimeout(go, ms);
  if (early) addEventListener(early, go);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
});

/** Tries until the server can be reached; `told` hears whether it can. */
export async function patiently(work, { signal, told, longestMs = 300_000 }) {
  const end = Date.now() + longestMs;
  for (let wait = 1_000; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      const found = await work();
      told(true);
      return found;
    } catch (error) {
      const isOver = Date.now() > end || !error.passing || error.code === "ABORTED";
      if (isOver) throw error;
      told(false);
      await sleep(error.waitMs || wait, signal, "online");
    }
  }
}
