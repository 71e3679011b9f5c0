// RoverBook in a page: tells the collector how visits go, and lets agents keep notes, review and use the board.

import { createCollector } from "./collector.js";
import { consent, setConsent } from "./consent.js";
import { createQueue } from "./queue.js";
import { toolsOf } from "./tools.js";
import { createVisits } from "./visits.js";
import { offerWebMcp } from "./webmcp.js";

export { setConsent };

const HOME = new URL("../../", import.meta.url).href;
const NOTHING = () => undefined;

/** `instance`: Rover as pages have it. `config`: {apiBase, flushIntervalMs, tools, webmcp, needsConsent, wire}. Gives what
 * the page may call; nothing of it throws, and a second call gives the same. */
export function enableRoverBook(instance, config = {}) {
  const own = window.RoverBook ??= {};
  own.enableRoverBook ??= enableRoverBook;
  own.setConsent ??= setConsent;
  if (own.handle) {
    own.handle.update(config);
    return own.handle;
  }
  try {
    own.handle = start(instance, config, () => { delete own.handle; });
  } catch (error) {
    console.warn("Rover:", error);
    return Object.fromEntries(Object.keys(EMPTY).map((name) => [name, NOTHING]));
  }
  return own.handle;
}

/** For the embed: `it` is its inside, with the site's configuration and the session, whose requests no browser has to be
 * asked about first. */
export function attach({ it, api, signal }) {
  const said = it.site().config?.roverbook;
  const { roverbook } = it.config();
  if (!said || signal.aborted) return;
  const at = (path) => `/v1/roverbook/${path}`;
  const wire = {
    call: (path, body) => it.session.call(at(path), body),
    tell: (path, body) => it.session.tell(at(path), body),
  };
  const needsConsent = Boolean(said.needsConsent || roverbook?.needsConsent);
  const isGuest = !window.RoverBook;
  const book = enableRoverBook(window.rover, { tools: false, ...roverbook, needsConsent, apiBase: api, wire });
  signal.addEventListener("abort", () => {
    book.shutdown();
    if (isGuest) delete window.RoverBook;
  });
}

const EMPTY = { flush: 0, shutdown: 0, exposeExperiment: 0, getNotes: 0, getBoardPosts: 0, getScore: 0, setConsent: 0, update: 0 };

function start(instance, given, over) {
  let config = given;
  const gone = new AbortController();
  const collector = createCollector({ instance, base: () => config.apiBase ?? HOME, wire: () => config.wire });

  const needs = () => config.needsConsent ?? attempt(() => instance.getState()?.roverbook?.needsConsent);
  /** Whether the visitor has agreed, or need not: unknown until the site's rules are. */
  const isAllowed = () => {
    const said = consent();
    if (said === false) return false;
    return needs() === false || said === true ? true : undefined;
  };
  /** The same for what somebody waits for: the site's rules come with a session. */
  const isAgreed = async () => {
    if (isAllowed() === undefined && needs() === undefined) await collector.read("scores");
    return isAllowed() === true;
  };
  const queue = createQueue({ collector, isAllowed, intervalMs: config.flushIntervalMs });
  const visits = createVisits({ instance, queue, isAllowed, isAgreed, signal: gone.signal });
  const tools = toolsOf({ collector, visits, isAgreed });
  const offs = config.tools === false ? [] : tools.map(({ def, handler }) => attempt(() => instance.registerTool(def, handler)));
  const withdraw = attempt(() => offerWebMcp({ instance, tools: byName(tools), visits, config, signal: gone.signal }));
  const quiet = (work, other = null) => async (...args) => {
    try {
      return await work(...args);
    } catch {
      return other;
    }
  };
  const hidden = () => document.visibilityState === "hidden" && queue.leave();
  addEventListener("pagehide", () => attempt(queue.leave), gone);
  document.addEventListener("visibilitychange", () => attempt(hidden), gone);
  addEventListener("online", () => attempt(queue.retry), gone);
  addEventListener("rover:consent", () => attempt(() => {
    visits.settle();
    queue.settle();
  }), gone);
  queue.retry();

  return {
    flush: quiet(() => queue.flush()),
    exposeExperiment: quiet(({ experimentId, variantId, metadata }) => visits.expose(collector, { experimentId, variantId, metadata }), false),
    getNotes: quiet((query) => collector.read("notes", { ...visits.speaker(), ...query }), []),
    getBoardPosts: quiet((query) => collector.read("posts", query), []),
    getScore: quiet(() => collector.read("scores")),
    tools: Object.fromEntries(tools.map(({ def, handler }) => [def.name, handler])),
    setConsent,
    update(more) {
      config = { ...config, ...more };
      queue.settle();
    },
    shutdown: quiet(async () => {
      gone.abort();
      [...offs, withdraw].forEach((off) => attempt(() => off?.()));
      over();
      await queue.end();
    }),
  };
}

const byName = (tools) => Object.fromEntries(tools.map(({ def, handler }) => [def.name, handler]));

function attempt(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}
