// The same for agents that the browser itself brings along, where it has a place for their tools.

const RUN_MS = 90_000;
const TEXT_MAX = 8_000;
const LISTED = 50;
const HIDDEN = "[data-agent-private],script,style,noscript,template,textarea";
const TEXT = { type: "string" };
const TEXTS = { type: "array", items: TEXT };
const AGENT = {
  description: "Who you are.",
  anyOf: [TEXT, { type: "object", properties: { key: TEXT, name: TEXT, vendor: TEXT, model: TEXT, version: TEXT } }],
};

const said = (value) => ({ content: [{ type: "text", text: typeof value === "string" ? value : JSON.stringify(value) }] });
const failed = (message) => ({ ...said(message), isError: true });

/** Returns what withdraws the tools; nothing where the browser takes none. `config.webmcp`: by name, false for none. */
export function offerWebMcp({ instance, tools, visits, config, signal }) {
  const context = navigator.modelContext;
  if (typeof context?.registerTool !== "function" || config.webmcp === false) return undefined;

  const OFFERED = {
    rover_run_task: ["Have this site's assistant do a task on it for you.", { task: TEXT, agent: AGENT }, ["task"],
      ({ task }) => run(instance, `${task ?? ""}`, signal)],
    rover_get_page_data: ["Read this page: its title, headings, links and text.", {}, [], () => said(pageData())],
    roverbook_leave_feedback: ["Tell this site's owner how your visit went.",
      { rating: { type: "integer", minimum: 1, maximum: 5 }, feedback: TEXT, painPoints: TEXTS, suggestions: TEXTS, agent: AGENT },
      ["rating"], ({ rating, feedback, painPoints, suggestions, agent }) => (
        kept(tools.roverbook_leave_review({ rating, summary: feedback, painPoints, suggestions, agent })))],
    roverbook_agent_notes: ["Read your notes about this site, or keep one.",
      { action: { type: "string", enum: ["read", "save"] }, content: TEXT, title: TEXT, visibility: { type: "string", enum: ["private", "shared"] }, agent: AGENT },
      ["action"], ({ action, content, title, visibility, agent }) => (action === "save"
        ? kept(tools.roverbook_save_note({ content, title, visibility, agent })) : kept(tools.roverbook_read_notes({ agent })))],
  };

  const offered = Object.entries(OFFERED).filter(([name]) => config.webmcp?.[name] !== false);
  const offs = offered.map(([name, [description, properties, required, work]]) => {
    const off = context.registerTool({
      name, description, inputSchema: { type: "object", properties, required },
      async execute(args) {
        try {
          visits.speak(args?.agent);
          return await work(args ?? {});
        } catch (error) {
          return failed(`${error?.message}`);
        }
      },
    });
    return () => (typeof off === "function" ? off() : off?.unregister?.() ?? context.unregisterTool?.(name));
  });
  return () => offs.forEach((off) => off());
}

async function kept(asked) {
  const { success, data, error } = await asked;
  return success ? said(data ?? "Done.") : failed(`${error.code}: ${error.message}`);
}

/** Resolves when the task is done, failed, or asks for something. */
async function run(instance, task, signal) {
  if (!task.trim()) return failed("There is no task.");
  const offs = [];
  try {
    const ended = new Promise((done) => {
      const timer = setTimeout(() => done(failed("It takes longer than 90 seconds; it goes on in the page.")), RUN_MS);
      const end = (answer) => {
        clearTimeout(timer);
        done(answer);
      };
      signal.addEventListener("abort", () => end(failed("The page has ended it.")));
      offs.push(
        instance.on("run_completed", (told) => end(told?.terminalState === "completed"
          ? said({ status: "completed", summary: told.summary ?? "" })
          : { ...said({ status: "failed", error: told?.error ?? told?.terminalState }), isError: true })),
        instance.on("run_state_transition", (told) => told?.needsUserInput
          && end(said({ status: "input_required", questions: told.questions ?? [] }))),
        instance.on("auth_required", ({ message } = {}) => end(failed(`${message}`))),
      );
    });
    await instance.send(task);
    return await ended;
  } finally {
    offs.forEach((off) => off?.());
  }
}

/** Without what the page marks as private. */
function pageData() {
  const line = (text) => text.trim().replace(/\s+/g, " ").slice(0, 200);
  const isShown = (one) => !one.closest(HIDDEN) && (one.checkVisibility?.() ?? true);
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isShown).slice(0, LISTED);
  const texts = document.createTreeWalker(document.body ?? document, NodeFilter.SHOW_TEXT);
  let text = "";
  for (let node = texts.nextNode(); node && text.length < TEXT_MAX; node = texts.nextNode()) {
    if (node.data.trim() && isShown(node.parentElement)) text += `${line(node.data)}\n`;
  }
  return {
    url: location.href, title: document.title, language: document.documentElement.lang,
    headings: all("h1,h2,h3").map((one) => ({ level: Number(one.localName[1]), text: line(one.textContent) })),
    links: all("a[href]").map((one) => ({ text: line(one.textContent), url: one.href })),
    text: text.slice(0, TEXT_MAX),
  };
}
