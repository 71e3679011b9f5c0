// The loader: takes what the page says, draws the launcher, fetches the rest when it is needed.

(() => {
  const tag = document.currentScript;
  const home = new URL(".", tag?.src || location).href;
  const earlier = window.rover;
  const handlers = {};
  const tools = new Map();
  const contexts = new Map();
  let config;
  let main;
  let loading;
  let launcher;
  let stop;
  let tries = 0;
  let visitor;
  let waiting;
  let begun;
  const reset = () => { begun = new Promise((done) => { waiting = done; }); };

  const warn = (words) => console.warn("Rover:", words);
  const quietly = (act) => {
    try {
      return act();
    } catch (error) {
      return warn(error);
    }
  };
  const stored = (store, name) => {
    try {
      return JSON.parse(window[store].getItem(`rover:${name}`));
    } catch {
      return null;
    }
  };
  /** Groups are merged, all else is replaced. */
  const merged = (before, after) => Object.entries(after ?? {}).reduce((all, [name, value]) => (
    { ...all, [name]: value?.constructor === Object ? merged(all[name], value) : value ?? all[name] }), { ...before });

  /** Patterns: `*`, `=h`, `*.h`, `h`. */
  const covers = (patterns, mode, host) => patterns.some((raw) => {
    const named = raw.trim().toLowerCase().replace(/^(=|\*\.|https?:\/\/)|[:/].*/g, "");
    return named === "*" || (host === named ? raw[0] !== "*"
      : raw[0] !== "=" && (raw[0] === "*" || mode !== "host_only") && host.endsWith(`.${named}`));
  });

  function on(event, handler) {
    const list = handlers[event] ??= new Set();
    list.add(handler);
    if (event === "ready" && launcher) handler({});
    return () => list.delete(handler);
  }

  const emit = (event, data = {}) => [...(handlers[event] ?? [])].forEach((handler) => quietly(() => handler(data)));

  const isComplete = (given) => given?.siteId && (given.publicKey || given.sessionToken);

  function refuse(code, message) {
    emit("auth_required", { code, message, missing: [] });
    warn(message);
  }

  function boot(given) {
    if (config) return update(given);
    if (!isComplete(given)) return refuse("MISSING_AUTH", "siteId and publicKey are needed.");
    const { allowedDomains, domainScopeMode } = given;
    const domains = allowedDomains?.split?.(",") ?? allowedDomains;
    if (domains?.length && !covers(domains, domainScopeMode, location.hostname)) {
      return refuse("HOST_NOT_ALLOWED", "This host is not among allowedDomains.");
    }
    config = merged({ visitor }, { ...given });
    stop = new AbortController();
    const { signal } = stop;
    queueMicrotask(() => signal.aborted || quietly(begin));
    (window.navigation ?? window).addEventListener(window.navigation ? "currententrychange" : "popstate",
      () => isArrival() && call("arrive"), { signal });
  }

  function begin() {
    draw();
    emit("ready");
    const { siteId, openOnInit, ui } = config;
    const isKept = (name) => stored("sessionStorage", `${name}:${siteId}`);
    if (/^(true)?$/.test(openOnInit) || isArrival() || isKept("pending") || isKept("tab")
      || ui?.greeting?.text && !isKept("greeted")) need();
    waiting();
  }

  function update(partial) {
    config = merged(config, partial);
    main?.call("update");
    emit("updated");
  }

  /** A receipt, or a link that asks for something. */
  function isArrival() {
    const { enabled, promptParam = "rover", shortcutParam = "rover_shortcut" } = config.deepLink ?? {};
    const query = new URLSearchParams(location.search);
    return /[#&?]rover_receipt=[^&]/.test(location.hash)
      || enabled !== false && (query.get(promptParam) || query.get(shortcutParam));
  }

  /** The rest of the script, once; asked for again after a failure. */
  function need() {
    const mine = config;
    launcher.ariaBusy = "true";
    loading ??= import(`${home}embed/@version@/main.js?${tries++}`).then(({ start }) => {
      if (mine && mine.siteId === config?.siteId) main = start({
        config: () => config, home, launcher, emit, covers, tools, contexts,
      });
      return main;
    }, (error) => {
      loading = null;
      launcher.ariaBusy = "false";
      emit("error", { code: "NETWORK_ERROR", message: "Rover could not be loaded." });
      warn(error);
    });
    return loading;
  }

  /** It looks and stands like the seed of the widget, which takes its place. */
  function draw() {
    const { siteId, language, ui } = config;
    const page = document.documentElement;
    const kept = stored("localStorage", `site-config:${siteId}`);
    const { presence, theme } = merged(kept?.config?.experience, ui?.experience);
    const name = presence?.assistantName || ui?.agent?.name || kept?.name || "Rover";
    const anchor = presence?.defaultAnchor || getComputedStyle(page).direction;
    const place = stored("localStorage", `widget:${siteId}:${innerWidth > 640 ? "wide" : "narrow"}`);
    const sheet = new CSSStyleSheet();
    const host = document.createElement("div");
    const face = document.createElement("span");
    launcher = document.createElement("button");
    launcher.append(face, presence?.ctaText || (/^de/.test(language || page.lang) ? `${name} fragen` : `Ask ${name}`));
    launcher.style.colorScheme = theme?.mode;
    face.style.background = theme?.accentColor;
    sheet.replaceSync(`:host{all:initial!important;position:fixed!important;left:0!important;top:0!important;
z-index:2147483647!important;transform:translate(calc(20px + ${+(place?.x ?? !/left|rtl/.test(anchor))}*(100vw - 100% -
 40px)),calc(20px + ${+(place?.y ?? !/top/.test(anchor))}*(100vh - 100% - 40px)))!important}
:host([hidden]){display:none!important}button{display:flex;gap:11px;align-items:center;padding:7px 20px 7px 7px;
border:1px solid #8884;border-radius:26px;background:Canvas;color:CanvasText;color-scheme:light dark;
font:600 15px/1.55 system-ui;box-shadow:0 8px 24px #0003;cursor:pointer}[aria-busy=true]{opacity:.7}
span{width:36px;height:36px;border-radius:50%;background:#0f766e}
span::before{content:"";display:block;width:5px;height:9px;margin:13px 10px;border-radius:4px;background:#fff;
box-shadow:10px 0 #fff}`);
    const root = host.attachShadow({ mode: "closed" });
    root.adoptedStyleSheets = [sheet];
    root.append(launcher);
    host.id = "rover-widget-root";
    launcher.host = host;
    launcher.onclick = () => call("open");
    page.append(host);
  }

  function offer(store, key, value) {
    if (key && value) store.set(key, value);
    return () => store.delete(key);
  }

  function show(is) {
    if (launcher) launcher.host.hidden = !is;
    main?.call(is ? "show" : "hide");
  }

  const OWN = {
    boot,
    init: boot,
    on,
    update: (partial) => config && update(partial),
    identify(person) {
      visitor = { ...visitor, ...person };
      if (config) update({ visitor });
    },
    registerTool: (def, handler) => offer(tools, def?.name, handler && { def, handler }),
    registerPromptContextProvider: (give) => offer(contexts, give, give),
    getState: () => main?.call("getState") ?? { status: "idle", visitor },
    shutdown() {
      stop?.abort();
      main?.call("shutdown");
      launcher?.host.remove();
      for (const event in handlers) delete handlers[event];
      [tools, contexts].forEach((store) => store.clear());
      config = main = loading = launcher = visitor = undefined;
      reset();
    },
    show: () => show(true),
    hide: () => show(false),
    close: () => main?.call("close"),
  };
  function call(name, ...args) {
    if (Object.hasOwn(OWN, name)) return quietly(() => OWN[name](...args));
    const done = begun.then(need).then(() => main?.call(name, ...args));
    // who does not listen is not told by the browser either
    done.catch(() => {});
    return done;
  }

  reset();
  quietly(() => {
    const found = tag?.dataset;
    const boots = isComplete(found);
    if (earlier?.isRover) return boots && earlier("boot", found);
    window.rover = new Proxy(call, {
      get: (_, name) => name === "isRover" || (name === "then" ? undefined : (...args) => call(name, ...args)),
    });
    [...(earlier?.q ?? [])].forEach((args) => call(...args));
    if (boots && !config) call("boot", found);
  });
})();
