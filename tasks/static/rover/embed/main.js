// All but the loader: it is given the page's configuration, and gives what the page may call.

import { createArrival } from "./core/arrive.js";
import { createCheckpoint } from "./core/checkpoint.js";
import { createKeep } from "./core/keep.js";
import { createDecide } from "./core/leave.js";
import { createOffers } from "./core/offers.js";
import { createRun } from "./core/run.js";
import { createSession } from "./core/session.js";
import { createStory } from "./core/story.js";
import { createStream } from "./core/stream.js";
import { createTabs } from "./core/tabs.js";
import { createTelemetry } from "./core/telemetry.js";
import { Refusal, sleep } from "./core/wire.js";
import { wordsFor } from "./core/words.js";
import { createWidget } from "./widget/index.js";

const CONFIG_MS = 300_000;
const PATIENCE_MS = 1_500;
const PAGE = 200;

/** `loader`: {config(), home, launcher, emit, covers, tools, contexts}. */
export function start(loader) {
  const { config, launcher } = loader;
  const { siteId, apiBase } = config();
  const api = `${apiBase || loader.home}`.replace(/\/+$/, "");
  const keep = createKeep(siteId);
  const words = wordsFor(config().language || document.documentElement.lang);
  const gone = new AbortController();
  const kept = keep.read("site-config", keep.local);
  let site = kept?.at > Date.now() - CONFIG_MS ? kept : {};
  let widget = null;
  let drawn = "";
  let planned = false;
  let isOpen = false;
  let named = JSON.stringify(config().visitor);

  const telemetry = createTelemetry({
    config, version: "1",
    send: (body) => it.session.call("telemetry/ingest", body),
    tell: (body) => it.session.tell("telemetry/ingest", body),
  });
  const emit = (name, data) => {
    telemetry.note(name, data);
    loader.emit(name, data);
  };
  const it = {
    config, emit, keep, words, covers: loader.covers, pull,
    site: () => ({
      config: site.config,
      policy: { ...config(), ...config().navigation, ...site.policy },
      domains: site.domains ?? config().allowedDomains ?? [],
    }),
    shortcuts: () => joined(site.config?.shortcuts, config().ui?.shortcuts),
    capture: () => ({ ...site.config?.pageConfig, ...config().pageConfig }),
    notice: (text, kind) => it.story.set({ notice: { text, kind } }),
    show: () => call("open"),
    shown, signal: gone.signal,
    offers: createOffers(loader),
  };
  it.story = createStory({ keep, words, emit, changed });
  it.session = createSession({ config, api, keep, on: { opened, refused } });
  it.stream = createStream({
    session: it.session, hear, pull,
    isWanted: () => !gone.signal.aborted && it.session.known
      && (it.run.isBusy || it.tabs.isOpened || (isOpen && !document.hidden)),
  });
  it.tabs = createTabs({
    siteId, keep,
    pending: () => it.run.pending,
    take: (pending) => quietly(() => it.run.take(pending)),
    give: () => it.run.lookOn(),
  });
  it.checkpoint = createCheckpoint(it);
  it.run = createRun(it);
  it.decide = createDecide(it);
  it.arrival = createArrival(it);
  const { session, story, stream, run, tabs, checkpoint, arrival } = it;

  const report = (error) => {
    if (!gone.signal.aborted && error?.code !== "ABORTED") {
      emit("error", { code: error?.code ?? "INTERNAL", message: `${error?.message}` });
    }
  };
  const quietly = (work) => Promise.resolve().then(work).catch(report);

  // --- the server ---

  function opened(answer) {
    site = {
      at: Date.now(), config: answer.siteConfig, policy: answer.policy, domains: answer.allowedDomains,
      name: answer.policy?.agentName,
    };
    keep.write("site-config", site, keep.local);
    // RoverBook's script, which has the session lent to it
    if (config().roverbook !== false) {
      import(`${loader.home}roverbook/-/main.js`).then(({ attach }) => attach({ it, api, signal: gone.signal })).catch(() => {});
    }
    if (story.sessionId !== answer.sessionId) story.epoch = answer.epoch;
    story.sessionId = answer.sessionId;
    if (answer.policy?.siteMode === "analytics_only") widget?.hide();
    if (widget) draw();
    quietly(() => tabs.join(answer.sessionId));
    const { snapshot } = answer.projection;
    if (snapshot && story.restore(snapshot)) emit("context_restored", { sessionId: answer.sessionId });
    hear(answer.projection);
  }

  function refused({ code, message, data }) {
    emit("auth_required", {
      success: false, code, message, requires_api_key: /KEY|BOOTSTRAP/.test(code), missing: data.missing ?? [],
      next_action: data.next_action,
    });
    console.warn(`Rover: ${message}`);
    launcher.host.hidden = true;
    widget?.hide();
  }

  function hear(projection) {
    if (gone.signal.aborted || !projection) return;
    story.online(true);
    story.hear(projection);
    run.settle();
    tabs.heard(story.active);
    const isWatching = story.active && !run.isBusy;
    story.set({ observer: isWatching ? story.state.observer || true : false });
    if (isWatching) run.watch();
  }

  /** What is new of the session, all of it. */
  async function pull() {
    const { runId, seq } = story.at;
    let seqAfter = runId && (run.pending?.id ?? runId) === runId ? seq : 0;
    for (;;) {
      const found = await session.call("state", { seqAfter });
      if (seqAfter && story.at.runId !== runId) return;
      // of another run its beginning is needed too
      const isAnother = seqAfter && found.activeRunId && found.activeRunId !== runId;
      if (!isAnother) hear(found);
      if (!isAnother && found.events.length < PAGE) return;
      seqAfter = isAnother ? 0 : found.events.at(-1).seq;
    }
  }

  // --- what the visitor sees ---

  function draw() {
    const { ui, language } = config();
    const options = {
      site: siteId, language,
      name: ui?.agent?.name ?? site.policy?.agentName ?? undefined,
      experience: grouped(site.config?.experience, ui?.experience),
      greeting: ui?.greeting ?? site.config?.greeting,
      shortcuts: it.shortcuts(),
      muted: ui?.muted ?? site.policy?.uiMuted,
    };
    const looks = JSON.stringify(options);
    if (looks === drawn) return;
    const wasOpen = widget && isOpen;
    const draft = widget?.draft;
    widget?.destroy();
    drawn = looks;
    widget = createWidget({ root: document, ...options }, did);
    launcher.host.remove();
    widget.update(story.shown);
    if (wasOpen) widget.open();
    if (draft) widget.recall(draft);
    if (session.refusal || site.policy?.siteMode === "analytics_only") widget.hide();
  }

  const did = {
    send: (text) => quietly(() => run.send(text)),
    stop: () => quietly(() => run.stop()),
    newTask: () => call("newTask"),
    endTask: () => call("endTask"),
    answer: (answers) => quietly(() => run.answer(answers)),
    shortcut: (id) => quietly(() => {
      const found = it.shortcuts().find((one) => one.id === id);
      return found && run.send(found.prompt, { shortcutId: id });
    }),
    confirm: (id, yes) => quietly(() => (id === "link" ? arrival.confirmed(yes)
      : run.answer({ [id]: yes ? "Yes" : "No" }))),
    resume: (yes) => quietly(() => run.resumed(yes)),
    takeControl: () => quietly(() => run.take()),
    opened() {
      isOpen = true;
      stream.settle();
      emit("open");
    },
    closed() {
      isOpen = false;
      stream.settle();
      emit("close");
    },
  };

  function changed() {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      if (gone.signal.aborted) return;
      story.save();
      widget?.update(story.shown);
      checkpoint.note(story.state.questions || story.state.confirm);
    });
  }

  /** The widget as the owner wants it; with what is known when the server takes its time. */
  async function shown() {
    const isReady = session.ready().then(() => true, (error) => { if (error.passing) story.online(false); });
    const comesBack = !session.known && keep.read("last", keep.local);
    if (!site.config || comesBack) await Promise.race([isReady, sleep(PATIENCE_MS)]);
    if (gone.signal.aborted || session.refusal) return;
    if (!widget) draw();
    isReady.then((is) => is && stream.settle());
  }

  // --- what the page may call ---

  const commands = {
    arrive: () => arrival.look(),
    async open() {
      await shown();
      widget?.update(story.shown);
      widget?.open();
    },
    close: () => widget?.close(),
    show: () => widget?.show(),
    hide: () => widget?.hide(),
    async send(text) {
      await shown();
      const sent = run.send(text);
      await commands.open();
      return sent;
    },
    newTask: async ({ reason = "new_task" } = {}) => {
      await run.stop("new_task", reason);
      story.clear();
    },
    endTask: ({ reason = "end_task" } = {}) => run.stop("end_task", reason),
    getState: () => {
      const { status, transcript } = story.shown;
      const { visitor } = config();
      return {
        status, visitor, sessionId: session.known?.sessionId, runId: story.active, epoch: story.epoch, isOpen,
        roverbook: site.config?.roverbook,
        messages: transcript.map(({ role, text }) => ({ role, text })),
      };
    },
    async getAgentCard() {
      const answer = await fetch(`${api}/discovery/${siteId}/agent-card.json`, { credentials: "omit" });
      return answer.ok ? answer.json() : null;
    },
    attachLaunch: async ({ requestId, attachToken } = {}) => {
      if (!await arrival.take(attachToken, requestId)) throw new Refusal("RECEIPT_INVALID", words.receipt);
    },
    requestSigned: (url, init) => session.signed(url, init),
    update() {
      session.retry();
      if (widget) draw();
      const { visitor } = config();
      if (session.known && JSON.stringify(visitor) !== named) quietly(() => session.renew());
      named = JSON.stringify(visitor);
    },
    shutdown() {
      if (run.pending) session.tell("command", {
        type: "RUN_CONTROL", action: "cancel", runId: run.pending.id, clientEventId: `shutdown:${run.pending.id}`,
        expectedEpoch: story.epoch, expectedSeq: story.seq, reason: "shutdown",
      });
      gone.abort();
      telemetry.end();
      run.halt();
      stream.cut();
      tabs.part();
      checkpoint.end();
      widget?.destroy();
      "sess pending runtime repair followed crossings tab tabs".split(" ").forEach((name) => keep.write(name, null));
      ["last", "visitor-id"].forEach((name) => keep.write(name, null, keep.local));
    },
  };

  function call(name, ...args) {
    if (!Object.hasOwn(commands, name)) {
      report(new Refusal("INVALID_ARGUMENT", `${name} is not there.`));
      return () => {};
    }
    if (/^(requestSigned|getState)$/.test(name)) return commands[name](...args);
    return quietly(() => commands[name](...args));
  }

  // --- the page ---

  const heard = (target, type, act) => target.addEventListener(type, () => quietly(act), gone);
  heard(document, "visibilitychange", () => stream.settle());
  heard(window, "online", () => stream.settle());
  heard(window, "pagehide", () => {
    run.halt();
    story.save();
    stream.cut();
    telemetry.leave();
    checkpoint.leave();
    tabs.part();
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && quietly(() => {
    tabs.rejoin();
    run.reread();
    stream.settle();
    return run.resume();
  }), gone);

  quietly(async () => {
    launcher.ariaBusy = "false";
    run.repair();
    if (run.pending) {
      await shown();
      if (run.pending && config().ui?.reopen !== false) widget?.open();
      await run.resume();
    }
    if (tabs.isOpened) {
      await session.ready();
      await shown();
      if (story.active) widget?.open();
    }
    const { openOnInit, ui } = config();
    if (/^(true)?$/.test(openOnInit)) await commands.open();
    else if (ui?.greeting?.text) await shown();
    await arrival.look();
  });
  return { call };
}

/** The page's own come over the owner's, by their ids. */
function joined(owners = [], pages = []) {
  const own = owners.map((one) => ({ ...one, ...pages.find(({ id }) => id === one.id) }));
  return [...own, ...pages.filter(({ id }) => !owners.some((one) => one.id === id))];
}

const grouped = (owners, pages) => Object.fromEntries([...new Set([owners, pages].flatMap((one) => Object.keys(one ?? {})))]
  .map((name) => [name, { ...owners?.[name], ...pages?.[name] }]));
