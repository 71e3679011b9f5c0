// What Rover can do in a page, by the types of act.d.ts.

import { textOf } from "../core/offers.js";
import { click, enter, pressKey, pressOnly } from "./acting.js";
import { adjust, select, upload } from "./choices.js";
import { fail, Fault } from "./faults.js";
import { closeTab, goTo, openNewTab, reload, switchTab, travel } from "./going.js";
import { hover } from "./pointer.js";
import { scrollPage, scrollToElement, selectText, validity, waitFor } from "./reading.js";
import { focusOn, theElement, theField, usable } from "./target.js";
import { type } from "./text.js";

const BUDGET_MS = 12_000;
const LONG_MS = 300_000;
const OTHER_NAMES = { open_url_new_tab: "open_new_tab" };
const ID = { element_id: "integer" };
const TEXT = { ...ID, text: "string" };
const AWAY = { url: "string?", tab_id: "string?", message: "string?" };

async function typeAndEnter(turn) {
  const field = await type(turn);
  return enter(turn, usable(field));
}

function focus(turn) {
  if (!focusOn(theField(turn))) fail("ELEMENT_NOT_VISIBLE", "The element takes no focus.");
}

async function hoverOver(turn) {
  await hover(turn, theElement(turn));
  await turn.pause(turn.args.duration ?? 100);
}

const longPress = (turn) => click(turn, {
  holdMs: turn.args.duration ?? 600, pointerType: matchMedia("(pointer: coarse)").matches ? "touch" : "mouse",
});

/** What somebody else does; why it fails is told in their words. */
async function elsewhere({ step }, work) {
  try {
    return await step(work());
  } catch (error) {
    if (error instanceof Fault) throw error;
    return fail(error?.code ?? "TOOL_FAILED", `${error?.message ?? error}`.slice(0, 300));
  }
}

/** By the server, which asks its own policy. */
async function lookElsewhere(turn, intent) {
  const ask = turn.context.external ?? fail("CAPABILITY_UNAVAILABLE", "Other sites are not read here.");
  return { output: await elsewhere(turn, () => ask({ intent, ...turn.args })) };
}

/** By the page's own script. */
async function callPage(turn) {
  const { tool, arguments: given = {} } = turn.args;
  const handler = turn.context.handler?.(tool) ?? fail("TOOL_UNSUPPORTED", "The page has no such tool.");
  return { output: await elsewhere(turn, async () => textOf(await handler(given))) };
}

const RUNS = {
  click_element: [click, { ...ID, open_in_new_tab: "boolean?" }],
  type_into_element: [(turn) => type(turn).then(() => {}), TEXT],
  type_and_enter: [typeAndEnter, TEXT],
  clear_element: [(turn) => type(turn, "").then(() => {}), ID],
  focus_element: [focus, ID],
  select_dropdown_value: [select, { ...ID, value: "string|string[]" }],
  press_key: [pressKey, { key: "string", modifiers: "string[]?", element_id: "integer?" }],
  scroll_page: [scrollPage, { direction: "up|down|left|right|top|bottom", amount: "number?" }],
  scroll_to_element: [scrollToElement, { ...ID, position: "start|center|end|nearest?" }],
  goto_url: [goTo, { url: "string" }],
  go_back: [(turn) => travel(turn, -1), {}],
  go_forward: [(turn) => travel(turn, 1), {}],
  refresh_page: [reload, {}],
  open_new_tab: [openNewTab, { url: "string" }],
  switch_tab: [switchTab, { logical_tab_id: "string|integer" }],
  close_tab: [closeTab, { logical_tab_id: "string|integer?" }],
  wait_action: [(turn) => turn.pause(turn.args.duration), { duration: "0..60000" }],
  wait_for_element: [waitFor, { selector: "string?", text: "string?", timeout: "0..30000?" }],
  hover: [hoverOver, { ...ID, duration: "0..30000?" }],
  double_click: [(turn) => click(turn, { times: 2 }), ID],
  right_click: [(turn) => pressOnly(turn, { button: 2 }), ID],
  long_press: [longPress, { ...ID, duration: "0..30000?" }],
  check_field_validity: [validity, ID],
  select_text: [selectText, { ...ID, text: "string?" }],
  adjust_slider: [adjust, { ...ID, value: "number" }],
  upload_file: [upload, { ...ID, file: "file" }],
  rover_external_read_context: [(turn) => lookElsewhere(turn, "read_context"), AWAY],
  rover_external_act_context: [(turn) => lookElsewhere(turn, "act"), AWAY],
  client_tool: [callPage, { tool: "string", arguments: "object?" }],
  solve_captcha: [() => fail("HUMAN_INTERVENTION_REQUIRED", "The visitor solves captchas."), {}],
};

export const TOOLS = new Map(Object.entries(RUNS).map(([name, [, args]]) => [
  name, { args, element: args.element_id === "integer" },
]));

/** Does what a call asks for. Never rejects. */
export async function act(call, context) {
  let turn;
  try {
    const name = OTHER_NAMES[call?.name] ?? call?.name;
    if (!TOOLS.has(name)) fail("TOOL_UNSUPPORTED", "There is no such tool here.");
    const [run, spec] = RUNS[name];
    turn = turnOf(read(spec, call.args), context, /^rover_ext/.test(name) ? LONG_MS : 0);
    // a run that is stopped already does nothing
    await turn.step();
    return { success: true, ...await turn.step((async () => run(turn))()) };
  } catch (error) {
    return (error instanceof Fault ? error : new Fault("TOOL_FAILED", `${error?.name}`)).result;
  } finally {
    turn?.end();
  }
}

const isText = (value) => typeof value === "string";
const KINDS = {
  string: isText,
  "string[]": (value) => Array.isArray(value) && value.every(isText),
  boolean: (value) => typeof value === "boolean",
  number: Number.isFinite,
  integer: Number.isInteger,
  object: (value) => value?.constructor === Object,
  file: (file) => isText(file?.name) && isText(file.dataBase64) && isText(file.mimeType ?? ""),
};

/** The arguments that a tool knows. */
function read(spec, given) {
  const args = {};
  for (const [name, type] of Object.entries(spec)) {
    const kind = type.replace("?", "");
    const [least, most] = kind.split("..");
    const value = given?.[name] ?? undefined;
    const fits = (one) => (most ? Number.isFinite(value) && value >= least && value <= most
      : KINDS[one]?.(value) ?? one === value);
    if (value === undefined ? kind === type : !kind.split("|").some(fits)) {
      fail("INVALID_ARGUMENT", `${name}: ${kind} expected.`);
    }
    args[name] = value;
  }
  return args;
}

/** One call: its arguments, its page, its time. */
function turnOf(args, context, more) {
  const { capture, signal, timing } = context;
  const timers = [];
  let halt;
  const halted = new Promise((_, reject) => { halt = reject; });
  const abort = () => halt(new Fault("ABORTED", "It was stopped."));
  const wait = (ms, then) => timers.push(setTimeout(then, ms));
  const longest = Math.min(BUDGET_MS, timing?.actionTimeoutMs ?? BUDGET_MS)
    + (args.duration ?? args.timeout ?? more);
  wait(longest, () => halt(new Fault("TOOL_TIMEOUT", `It took more than ${longest} ms.`)));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const step = (promise) => Promise.race([halted, promise]);
  return {
    args, capture, context, step,
    pause: (ms) => step(new Promise((done) => { wait(ms, done); })),
    end() {
      timers.forEach(clearTimeout);
      signal?.removeEventListener("abort", abort);
    },
  };
}
