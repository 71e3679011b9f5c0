// What an observation gives. A browser loads the scripts beside this file; this is for those who read them.
//
// What never leaves the page; a constant `••••` stands for it, so that no length is told:
// - What secret fields hold: passwords, cards, one-time codes, by their type, autocomplete, name, id, or the
//   dots that they show. With six characters or more, also wherever the page echoes it: names, texts, other
//   fields, link targets. Shorter ones would hide too much of the page.
// - All inside `data-agent-private` and the owner's `privateSelectors`: texts, names, values, choices,
//   options, link targets. What is told is that something is there, its role, and whether it is disabled or
//   required, so that a person can be asked. On a field itself they hide what it holds, not its label.
// - Card numbers (Luhn), IBANs (modulo 97) and US social security numbers in every text, name, value and the
//   title. A text is searched as it is shown, line by line: a number split over blocks is not found.
// Files are told by their count. Link targets and the URL of the page are left whole otherwise.

/** A RoverPageCaptureConfig: defaults for what cannot be used, numbers bent into their ranges. */
export interface ObserveOptions {
  /** A list of CSS selectors of what is private. One that is none stops the observation. */
  privateSelectors?: string[];
  onlyTextContent?: boolean;
  totalBudgetMs?: number;
  /** For one reading; at the end of it the page is told as far as it was read. */
  pageDataTimeoutMs?: number;
  /** The page is at rest when it has not changed for so long … */
  adaptiveSettleDebounceMs?: number;
  /** … and is read after this at the latest, */
  adaptiveSettleMaxWaitMs?: number;
  /** or after as many more waits, a second in all. */
  adaptiveSettleRetries?: number;
  /** A page that seems unfinished is read again when it has changed, after this and 300 ms at the latest. */
  sparseTreeRetryDelayMs?: number;
  sparseTreeRetryMaxAttempts?: number;
  /** Without effect: an observation does not scroll, and a script does not run in a PDF. */
  disableAutoScroll?: boolean;
  pdfTextSelectionTimeoutMs?: number;
}

/** A node of the tree; what is empty is left out. */
export interface PageNode {
  /** An ARIA role, given or implied; "text", "generic", "iframe", "audio", "video", "canvas" besides. */
  role: string;
  /** Accessible name, at most 200 characters. */
  name?: string;
  /** Of what a person can act on, and of frames. Never used again while the page lives. */
  id?: number;
  /** `[id=12] [type=email] [required] [placeholder="…"] [value="…"] …`; brackets of the page are escaped. */
  label?: string;
  /** Its text, where it has no other children; at most 5,000 characters. */
  text?: string;
  /** Of a heading. */
  level?: number;
  /** Where a link or a frame leads: http, https, mailto, tel; without user and password. */
  url?: string;
  /** Properties and states by their names in HTML and ARIA. */
  props?: {
    type?: string;
    name?: string;
    placeholder?: string;
    value?: string;
    min?: string;
    max?: string;
    step?: string;
    /** Pixels of a frame, a canvas, a video: "300x150". */
    size?: string;
    checked?: "true" | "false" | "mixed";
    pressed?: "true" | "false" | "mixed";
    expanded?: "true" | "false";
    selected?: "true" | "false";
    current?: string;
    required?: true;
    disabled?: true;
    readonly?: true;
    invalid?: true;
    focused?: true;
  };
  /** Labels of a select, the first 60. */
  options?: string[];
  /** Why it can be acted on, where its role does not say so. Listeners are not seen without a patch. */
  hint?: "onclick" | "tabindex" | "cursor";
  /** Why a frame has no content. */
  unavailable?: "cross_origin" | "empty";
  /** The frame that it stands in, of what has an id. */
  frame?: number;
  /** Keys of `nodes`. */
  children?: string[];
}

export interface PageData {
  url: string;
  title: string;
  contentType: string;
  /** Keys of `nodes`, in reading order. */
  roots: string[];
  /** By key: the id, or n1, n2 … for what has none. */
  nodes: Record<string, PageNode>;
  /** Where links lead, by id. */
  elementLinkRecord: Record<number, string>;
  metadata: {
    scrollingPerformed: false;
    /** Texts alone: the owner wants no more, it is no HTML, or the tree told nothing of a page with text. */
    textOnly: boolean;
    /** An open modal dialog was read alone. */
    modal: boolean;
    /** Time was up before the end. */
    truncated: boolean;
    treeCapture: {
      status: "normal" | "suspicious_recovered" | "suspicious_unrecovered";
      attempts: number;
      waitedMs: number;
      reasons: ("empty_tree" | "shell" | "busy" | "text_mismatch")[];
    };
  };
  /**
   * The element behind an id; null for an id of another capture and for what has left the page. The label
   * where it stands for a field that is not shown. Not enumerable: it is no part of what is sent.
   */
  readonly elementOf: (id: number) => Element | null;
}

/** Rejects with a DOMException, a SyntaxError, for a private selector that is none. */
export function observe(root?: Document | Element, options?: ObserveOptions): Promise<PageData>;
