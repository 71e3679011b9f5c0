// What the tools take and answer. A browser loads the scripts beside this file; this is for those who read them.
//
// Rules that hold for all of them:
// - Elements are named by the ids of one observation. What has left the page is ELEMENT_NOT_FOUND, never
//   another element in its place.
// - A link or a form that leads to another address is asked first (`decide`). What a script of the page then
//   sends to another origin is held back and asked too, where the browser has the Navigation API; a window that
//   a script opens by itself is not seen.
// - Passwords, card data and one-time codes are never entered: HUMAN_INTERVENTION_REQUIRED. No answer tells what
//   a field holds; elements are named in the words of the observation, which are masked.
// - A tool has 12 s, a wait its own time besides. When `signal` aborts, it ends at once and does nothing more.
// - Events are made by the constructors of the element's own window; they are not trusted by the browser, so
//   what needs a person's gesture (popups, clipboard, full screen, :hover of CSS) does not follow.

import type { PageData } from "../observe/observe.d.ts";

export interface Call {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

export type Decision = {
  decision: "allow_same_tab" | "open_new_tab" | "block";
  reason: string;
  /** Told with a new tab. */
  notice?: string;
  /** Told with a block. */
  policyAction?: string;
  allowedDomains?: string[];
  domainScopeMode?: string;
};

export interface Tab {
  id: number | string;
  url: string;
}

export interface Context {
  capture: PageData;
  /** Milliseconds; 80 and 12,000 by default. A tool's time is never longer than 12,000. */
  timing?: { navigationDelayMs?: number; actionTimeoutMs?: number };
  decide: (asked: {
    url: string;
    newTab: boolean;
    kind: "link" | "form" | "goto" | "tab" | "history" | "reload";
  }) => Promise<Decision>;
  tabs?: {
    list: () => Tab[] | Promise<Tab[]>;
    /** Calls `opener` once, when it is ready to know the tab: null where the browser lets none open. */
    open: (url: string, opener: () => Window | null) => Promise<Tab | null>;
    /** false: it cannot be reached. */
    switchTo: (id: Tab["id"]) => Promise<boolean | void>;
    /** Without an id: this one. */
    close: (id?: Tab["id"]) => Promise<boolean | void>;
  };
  /** Asks the server about another site; its answer is the output. */
  external?: (asked: {
    intent: "read_context" | "act";
    url?: string;
    tab_id?: string;
    message?: string;
  }) => Promise<unknown>;
  /** What the page registered under this name. */
  handler?: (name: string) => ((args: object) => unknown) | undefined;
  signal?: AbortSignal;
}

export type Code =
  | "ABORTED" | "CAPABILITY_UNAVAILABLE" | "DOMAIN_SCOPE_BLOCKED" | "ELEMENT_COVERED" | "ELEMENT_DISABLED"
  | "ELEMENT_NOT_EDITABLE" | "ELEMENT_NOT_FOUND" | "ELEMENT_NOT_VISIBLE" | "ELEMENT_READONLY"
  | "FILE_NOT_ACCEPTED" | "FORM_INVALID" | "HUMAN_INTERVENTION_REQUIRED" | "IFRAME_CONTEXT_UNAVAILABLE"
  | "INVALID_ARGUMENT" | "NO_HISTORY_ENTRY" | "OPTION_AMBIGUOUS" | "OPTION_DISABLED" | "OPTION_NOT_FOUND"
  | "POPUP_BLOCKED" | "TAB_NOT_ACCESSIBLE" | "TEXT_NOT_FOUND" | "TOOL_FAILED" | "TOOL_TIMEOUT"
  | "TOOL_UNSUPPORTED" | "VALUE_NOT_ACCEPTED" | "WAIT_TIMEOUT";

export interface Result {
  success: boolean;
  output?: Record<string, unknown>;
  error?: {
    code: Code;
    message: string;
    /** The same call may succeed later, or after another observation. */
    retryable: boolean;
    next_action?: string;
  };
  /** Another tool may do what this one could not. */
  allowFallback?: boolean;
  /**
   * The page is left, or what it shows is another: ids are of no use any more. `pending`: it has not happened
   * yet. A blocked one has an output with the fields of a DOMAIN_SCOPE_BLOCKED.
   */
  navigation?: {
    outcome: "same_tab_scheduled" | "same_host_navigated" | "subdomain_navigated" | "new_tab_opened"
      | "switch_tab" | "blocked";
    url: string;
    pending: boolean;
  };
}

/**
 * Types of arguments: "integer", "number", "boolean", "string", "string[]", "file" ({name, mimeType?,
 * dataBase64}), "0..60000" (a number between), words; "a|b" one of them; "?" at the end: may be left out.
 * `element`: it needs `element_id`.
 */
export const TOOLS: Map<string, { args: Record<string, string>; element: boolean }>;

/** Never rejects. Names of tools have an alias: open_url_new_tab. */
export function act(call: Call, context: Context): Promise<Result>;
