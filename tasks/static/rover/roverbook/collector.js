// Requests to the collector, signed by Rover's session.

export class Refused extends Error {
  constructor(status, told, waitMs) {
    super(told?.data?.message ?? `The server answered ${status}.`);
    Object.assign(this, { status, code: told?.error ?? "INTERNAL", waitMs });
  }

  /** Whether the same may work later. */
  get passing() {
    return !this.status || this.status === 429 || this.status === 401 || this.status >= 500;
  }
}

const PATIENCE_MS = 15_000;
const KEEPALIVE_BYTES = 60_000;

/** `base()`: where the collector is. `wire()`: {call, tell} of the script that has the session, which ask no browser for
 * permission first; without them what is signed in headers does. */
export function createCollector({ instance, base, wire }) {
  const address = (path) => new URL(`v1/roverbook/${path}`, `${base()}`.replace(/\/*$/, "/"));

  async function ask(path, init) {
    const signal = init.keepalive ? undefined : AbortSignal.timeout(PATIENCE_MS);
    const answer = await instance.requestSigned(address(path).href, { ...init, signal });
    const told = await answer.json().catch(() => null);
    if (answer.ok && told?.success) return told.data;
    throw new Refused(answer.status, told, 1_000 * answer.headers.get("Retry-After"));
  }

  // text, as the server reads JSON whatever it is called
  const post = (path, body, keepalive = false) => ask(path, {
    method: "POST", body: JSON.stringify(body), keepalive, headers: { "Content-Type": "text/plain" },
  });

  return {
    /** The data of the answer. */
    write: async (path, body) => (wire() ? wire().call(path, body) : post(path, body)),
    /** For a page that goes; whether it has arrived. */
    tell: async (path, body) => (wire() ? wire().tell(path, body)
      : post(path, body, JSON.stringify(body).length < KEEPALIVE_BYTES).then(() => true, () => false)),
    async read(path, query = {}) {
      const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
      const { agent, ...plain } = Object.fromEntries(said);
      if (agent?.key) plain.agentKey = agent.key;
      return ask(`${path}?${new URLSearchParams(plain)}`, { method: "GET" });
    },
  };
}
