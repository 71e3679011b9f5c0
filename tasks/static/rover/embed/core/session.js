// The page's session with the server: opened when it is needed, renewed before it ends.

import { isAlive } from "./tabs.js";
import { post, Refusal, uuid } from "./wire.js";

const EARLY_MS = 60_000;
const LASTING_MS = 480_000;
const KEPT_MS = 3_600_000;
const REOPEN = /^(SESSION_TOKEN_EXPIRED|SESSION_TOKEN_INVALID|BOOTSTRAP_REQUIRED|SESSION_NOT_FOUND)$/;

/** `on`: opened(answer), refused(error). */
export function createSession({ config, api, keep, on }) {
  let known = keep.read("sess") ?? null;
  let opening = null;
  let refusal = null;

  const store = (found) => {
    known = found;
    keep.write("sess", found);
    const { sessionScope, checkpointing } = config();
    const isShared = found && sessionScope !== "tab" && checkpointing?.enabled !== false;
    keep.write("last", isShared ? { ...found, at: Date.now() } : null, keep.local);
  };

  /** The session of a tab that the visitor has closed; one that is open keeps its own. */
  async function inherited() {
    const last = config().sessionToken ? null : keep.read("last", keep.local);
    if (!last || Date.now() - last.at > KEPT_MS) return null;
    return await isAlive(config().siteId, last.sessionId).catch(() => true) ? null : last;
  }

  async function open() {
    const { siteId, publicKey, sessionToken, sessionId, visitor } = config();
    const given = known ?? await inherited() ?? { sessionToken, sessionId };
    try {
      const opened = await post(`${api}/v2/rover/session/open`, {
        siteId, publicKey, sessionToken: given.sessionToken, sessionId: given.sessionId,
        host: location.host, url: `${location.origin}/`, requestNonce: uuid(), visitor,
      });
      const { sessionTokenExpiresAt: end = Date.now() + LASTING_MS } = opened;
      store({ sessionId: opened.sessionId, sessionToken: opened.sessionToken, end, sseUrl: opened.sseUrl });
      on.opened(opened);
      return known;
    } catch (error) {
      if (known && REOPEN.test(error.code)) {
        store(null);
        return open();
      }
      if (!error.passing && error.status) {
        refusal = error;
        on.refused(error);
      }
      throw error;
    }
  }

  const address = (path) => (path.startsWith("/") ? api + path : `${api}/v2/rover/${path}`);

  /** One opening at a time. */
  const renew = () => {
    if (refusal) return Promise.reject(refusal);
    opening ??= open().finally(() => { opening = null; });
    return opening;
  };
  let isFresh = false;
  const ready = async () => {
    // a page that was loaded needs the rules of the site, whatever its token is good for
    if (!isFresh || !(known?.end > Date.now() + EARLY_MS)) await renew();
    isFresh = true;
    return known;
  };

  async function call(path, body, options) {
    const send = async () => {
      const { sessionId, sessionToken } = await ready();
      return post(address(path), { ...body, sessionId, sessionToken, requestNonce: uuid() }, options);
    };
    try {
      return await send();
    } catch (error) {
      if (!REOPEN.test(error.code)) throw error;
      store(null);
      return send();
    }
  }

  return {
    ready, call, renew,
    get known() { return known; },
    get refusal() { return refusal; },
    retry() { refusal = null; },
    forget: () => store(null),
    /** For a page that goes: nobody has to wait for the answer, whether it has arrived. */
    async tell(path, body) {
      if (!known || refusal) return false;
      const { sessionId, sessionToken } = known;
      const said = { ...body, sessionId, sessionToken, requestNonce: uuid() };
      return post(address(path), said, { keepalive: JSON.stringify(said).length < 60_000 }).then(() => true, () => false);
    },
    async signed(url, init) {
      const { siteId, signedOrigins = [] } = config();
      const { origin, href } = new URL(url, location.href);
      if (![new URL(api).origin, ...signedOrigins].includes(origin)) {
        throw new Refusal("PERMISSION_DENIED", `${origin} is not among signedOrigins.`);
      }
      const { sessionId, sessionToken } = await ready();
      const headers = new Headers(init?.headers);
      Object.entries({
        Authorization: `Bearer ${sessionToken}`, "X-Rover-Session-Id": sessionId, "X-Rover-Site-Id": siteId,
        "X-Rover-Host": location.host,
      }).forEach(([name, value]) => headers.set(name, value));
      return fetch(href, { ...init, headers, credentials: "omit" });
    },
  };
}
