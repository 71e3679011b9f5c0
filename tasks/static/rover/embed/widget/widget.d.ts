// What a visitor sees of Rover. A browser loads the scripts beside this file; this is for those who read.
//
// One `div#rover-widget-root` with a closed shadow root, beside the body, above everything. It fetches
// nothing, needs no inline style, and keeps its keys, pastes and focus moves from the page. All text that
// comes in is text: markup is shown, overrides of direction are taken out. A value of the wrong shape is left
// out, never thrown.
//
// It is a seed (a button that can be moved), a bar (one line to write in) or a window (on a phone a sheet).
// A question, an error, a task to take up again or an observer make a window of the bar; only a confirmation
// opens by itself.

export type Status = "idle" | "connecting" | "running" | "awaiting_user" | "completed" | "failed"
  | "cancelled" | "offline";

export type Mood = "idle" | "typing" | "running" | "waiting" | "success" | "error";

export interface Message {
  /** Rows are kept by it: a message that does not change keeps its element. */
  id: string | number;
  role: "user" | "assistant" | "system";
  text: string;
  /** Of the types text, paragraph, list, table, link and citation, as in a task's result. With a text or a
   *  paragraph among them they are shown instead of `text`, else after it. */
  blocks?: object[];
  /** Unix time in ms. */
  ts?: number;
}

export interface State {
  status: Status;
  /** Follows from `status` where it is missing. */
  mood?: Mood;
  transcript: Message[];
  /** The last `maxVisibleLiveCards` are shown. */
  live: { id: string | number; text: string; status: "active" | "done" | "failed" }[];
  questions: null | { key: string; query: string; choices?: (string | { value: string; label: string })[];
    required?: boolean }[];
  /** Asked once for each id. */
  confirm: null | { id: string; title?: string; text: string; yes?: string; no?: string };
  resume: null | { text?: string };
  /** "free": nobody carries it out, and control may be asked for. */
  observer: boolean | "free";
  notice: null | { text: string; kind?: "info" | "warning" | "error" };
  /** `retryable`: a button sends the visitor's last message again. */
  error: null | { text: string; retryable: boolean };
}

/** Each group and member may be missing; numbers are bent into their ranges. */
export interface Experience {
  presence?: {
    assistantName?: string;
    ctaText?: string;
    /** "none": without the face; "icon": the face alone. */
    iconMode?: string;
    draggable?: boolean;
    /** Names a corner, as in "bottom-left"; the end of the line at the bottom otherwise. */
    defaultAnchor?: string;
    /** Place and size in localStorage, by site, phones apart. */
    persistPosition?: boolean;
    idleAnimation?: boolean;
    firstRunIntro?: boolean;
  };
  shell?: {
    openMode?: "bar" | "window";
    mobileMode?: "full" | "half";
    /** Width, 640 to 1200 px, and height, from 400 px; 960 and 600. The view is the last word. */
    desktopSize?: number;
    desktopHeight?: number;
    dimBackground?: boolean;
    blurBackground?: boolean;
    /** Distance from the edges, 0 to 48 px; 20. */
    safeAreaInsetPx?: number;
    /** The page's, where it is missing. */
    direction?: "ltr" | "rtl";
  };
  /** 1 to 4; 3. */
  stream?: { maxVisibleLiveCards?: number };
  /** `text: false`: shortcuts alone. */
  inputs?: { text?: boolean };
  /** "none": nothing moves, as for visitors whose system asks for it. */
  motion?: { intensity?: string };
  theme?: {
    /** The visitor's, where it is neither. */
    mode?: "light" | "dark" | "auto";
    /** Any CSS colour of its own; text on it and in it stays readable. */
    accentColor?: string;
    surfaceStyle?: "solid" | "glass";
    /** 0 to 32 px; 20. */
    radius?: number;
    /** Fonts that the page or the system has. */
    fontFamily?: string;
  };
}

export interface Options {
  root?: Document;
  /** Names the place where position, size and greeting are remembered. */
  site?: string;
  name?: string;
  experience?: Experience;
  /** ms; `{name}` is the assistant's. Once in a tab's session, and not to those who have opened it. */
  greeting?: null | { text?: string; delay?: number; duration?: number; disabled?: boolean };
  /** The first twelve that are enabled, by `order`. */
  shortcuts?: { id: string; label: string; icon?: string; description?: string; enabled?: boolean;
    order?: number }[];
  /** A language tag; the page's where there are no words for it, else English. */
  language?: string;
}

/** What a listener throws is logged and goes no further. */
export interface Listeners {
  send(text: string): void;
  stop(): void;
  newTask(): void;
  endTask(): void;
  /** By key; questions left empty are missing. */
  answer(answers: Record<string, string>): void;
  shortcut(id: string): void;
  confirm(id: string, yes: boolean): void;
  resume(yes: boolean): void;
  takeControl(): void;
  opened(): void;
  closed(): void;
  minimized(): void;
}

export interface Widget {
  element: HTMLDivElement;
  /** The whole state each time; changes the least of the document, and takes no cursor from the page. */
  update(state: Partial<State>): void;
  /** Takes the cursor. */
  open(): void;
  close(): void;
  show(): void;
  /** A confirmation is put off until `show`. */
  hide(): void;
  /** What stands in its fields, for `recall` of a widget in its place that shows the same. */
  readonly draft: object[];
  recall(draft: object[]): void;
  destroy(): void;
}

export function createWidget(options: Options, on: Partial<Listeners>): Widget;
