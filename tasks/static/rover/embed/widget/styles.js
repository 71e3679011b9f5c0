// One sheet for all; adopted, so that a page's security policy need not allow inline styles.
//
// `y` is a colour's luminance. Text on the accent is white or black, whichever is further from it (0.179 is
// between them). Text in the accent's hue is made darker, or brighter and then whiter, until it stands out
// 4.6 to 1 from the softest surface it is on.

const RULES = `
:host { all: initial !important; display: block !important; position: fixed !important; inset: 0 !important;
  z-index: 2147483647 !important; pointer-events: none !important; }
:host([hidden]), [hidden] { display: none !important; }
@media print { :host { display: none !important; } }
*, ::before, ::after { box-sizing: border-box; margin: 0; padding: 0; }
.root {
  --rv-bg: light-dark(#fff, #171a1b); --rv-soft: light-dark(#f4f6f6, #24292a);
  --rv-line: light-dark(#e2e7e7, #363d3e);
  --rv-edge: light-dark(#7d8988, #7f8b8a); --rv-fg: light-dark(#16201f, #edf1f0);
  --rv-dull: light-dark(#566260, #a5b1af);
  --rv-bad: light-dark(#9b1c1c, #ffb4b4); --rv-wish: #0f766e;
  --rv-accent: color(from var(--rv-wish) srgb r g b / 1);
  --rv-on: color(from var(--rv-accent) xyz-d65 calc(.95 * clamp(0, (.179 - y) * 1e6, 1)) clamp(0,
  (.179 - y) * 1e6, 1)
    calc(1.09 * clamp(0, (.179 - y) * 1e6, 1)));
  --rv-lit: color(from var(--rv-accent) srgb-linear
    calc(r * max(1, min(.32 / (.213 * r + .715 * g + .072 * b), 1 / max(r, g, b))))
    calc(g * max(1, min(.32 / (.213 * r + .715 * g + .072 * b), 1 / max(r, g, b))))
    calc(b * max(1, min(.32 / (.213 * r + .715 * g + .072 * b), 1 / max(r, g, b)))));
  --rv-ink: light-dark(
    color(from var(--rv-accent) xyz-d65 calc(x * min(1, .155 / y)) min(y, .155) calc(z * min(1, .155 / y))),
    color(from var(--rv-lit) xyz-d65 calc(x + (.95 - x) * max(0, (.32 - y) / (1 - y))) max(y, .32)
      calc(z + (1.09 - z) * max(0, (.32 - y) / (1 - y)))));
  --rv-tint: color-mix(in srgb, var(--rv-accent) 9%, var(--rv-bg));
  --rv-shadow: 0 1px 2px rgb(0 0 0 / .06), 0 8px 24px rgb(0 0 0 / .1), 0 24px 64px rgb(0 0 0 / .12);
  --rv-low: calc(var(--rv-m) + env(safe-area-inset-bottom, 0px));
  position: absolute; inset: 0; height: 100%; container-type: size; overflow: clip; color-scheme: light dark;
  color: var(--rv-fg); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  text-align: start;
  overflow-wrap: anywhere; }
[data-theme=light] { color-scheme: light; }
[data-theme=dark] { color-scheme: dark; }
button, input, textarea { font: inherit; color: inherit; background: none; border: 0; border-radius: 12px; }
button { cursor: pointer; pointer-events: auto; transition: background .15s, border-color .15s; }
:focus { outline: 0; }
:focus-visible, .option:has(:focus-visible) { outline: 2px solid var(--rv-ink); outline-offset: 2px; }
:is(.scroll, .table):focus-visible { outline-offset: -3px; }
.panel, textarea { outline: 0 !important; }
ul, ol { list-style: none; }
svg { display: block; width: 20px; fill: none; stroke: currentColor; stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.dull, blockquote, th, h2 + p { color: var(--rv-dull); }
.dull, .system, .wrong { font-size: 13px; }
h1, h2, h3, .title, .label, th { font-size: 15px; font-weight: 600; }
h1, .seed .label, .ticker *, .chip span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dim { position: absolute; inset: 0; }
[data-presence=window][data-dim=true] .dim { background: rgb(0 0 0 / .35); }
[data-presence=window][data-blur=true] .dim { backdrop-filter: blur(6px); }

.face { position: relative; flex: none; display: inline-flex; gap: 5px; align-items: center;
  justify-content: center;
  width: 36px; height: 36px; border-radius: 50%; background: var(--rv-accent); color: var(--rv-on); }
.face i { width: 5px; height: 9px; border-radius: 4px; background: currentColor; transition: all .25s; }
.face::after { content: ""; position: absolute; inset: -4px; border: 2px solid transparent;
  border-radius: 50%; }
[data-mood=idle]:not([data-idle=false]) i { animation: blink 6s infinite; }
[data-mood=typing] i { transform: translateY(4px); }
[data-mood=running] i { animation: look 2.4s ease-in-out infinite; }
[data-mood=running] .face::after { border-color: var(--rv-line); border-top-color: var(--rv-ink);
  animation: turn 1s linear infinite; }
[data-mood=waiting] i { transform: translateY(-4px); }
[data-mood=waiting] .face::after { border-color: var(--rv-ink); animation: pulse 2s ease-out infinite; }
[data-mood=success] i { clip-path: inset(0 0 45%); scale: 1.7 1.4; }
[data-mood=error] i { scale: 1.4 .35; }
@keyframes blink { 96% { scale: 1; } 98% { scale: 1 .1; } }
@keyframes look { 0%, 100% { translate: -3px; } 50% { translate: 3px; } }
@keyframes turn { to { rotate: 1turn; } }
@keyframes pulse { to { opacity: 0; scale: 1.25; } }
@keyframes rise { 0% { opacity: 0; translate: 0 10px; } }

.seed, .bubble, .panel, dialog { border: 1px solid var(--rv-line); border-radius: max(var(--rv-r), 12px);
  background: var(--rv-bg);
  color: inherit; box-shadow: var(--rv-shadow); pointer-events: auto; animation: rise .25s ease-out; }
.place { position: absolute; left: 0; top: 0; max-width: calc(100cqw - 2 * var(--rv-m));
  transform: translate(calc(var(--rv-m) + var(--rv-x) * (100cqw - 100% - 2 * var(--rv-m))),
    calc(var(--rv-m) + var(--rv-y) * (100cqh - 100% - var(--rv-m) - var(--rv-low)))); }
.seed { display: flex; gap: 11px; align-items: center; max-width: 100%; min-height: 52px; padding: 7px;
  border-radius: 26px; touch-action: none; user-select: none; }
.seed:hover, .chip:hover, .option:hover { border-color: var(--rv-edge); }
.seed .label { margin-inline-end: 12px; }
.seed .label:first-child { margin-inline-start: 12px; }
[data-icon=icon] .seed .label { position: absolute; clip-path: inset(50%); }
.bubble { position: absolute; bottom: calc(100% + 12px); right: 0; display: flex; width: max-content;
  max-width: min(320px, 100cqw - 2 * var(--rv-m)); padding: 6px; }
[data-x=left] .bubble { right: auto; left: 0; }
[data-y=top] .bubble { bottom: auto; top: calc(100% + 12px); }
.words { padding: 6px 10px; text-align: start; }

.panel { position: absolute; bottom: var(--rv-low); right: var(--rv-m); display: flex; flex-direction: column;
  width: min(var(--rv-w), 100cqw - 2 * var(--rv-m));
  height: min(var(--rv-h), 100cqh - var(--rv-m) - var(--rv-low));
  padding-bottom: 8px; border-radius: var(--rv-r); overflow: clip; }
[data-x=left] .panel { right: auto; left: var(--rv-m); }
[data-y=top] .panel { bottom: auto; top: var(--rv-m); }
[data-surface=glass] .panel { background: color-mix(in srgb, var(--rv-bg) 92%, transparent);
  backdrop-filter: blur(24px); }
.panel > * { flex: none; width: min(720px, 100%); margin-inline: auto; padding: 5px 24px; }
.icon, .round { flex: none; display: grid; place-items: center; width: 36px; height: 36px;
  border-radius: 50%; color: var(--rv-dull); }
button:is(.icon, .plain, .chip, .stop):hover { background: var(--rv-soft); color: var(--rv-fg); }
.panel > .grip { position: absolute; top: 2px; z-index: 1; width: 26px; height: 26px; padding: 3px;
  opacity: 0; cursor: move; touch-action: none; }
.panel:hover > .grip, .grip:focus-visible { opacity: .7; }
[data-x=left] .grip { right: 2px; }
[data-y=top] .panel > .grip { top: auto; bottom: 2px; }
.panel > header { display: flex; gap: 4px; align-items: center; width: 100%; padding: 14px 20px 12px; }
.titles { flex: 1; min-width: 0; margin-inline-start: 10px; line-height: 1.3; }

.panel > .scroll { flex: 1 1 64px; width: 100%; min-height: 64px; margin-bottom: 8px; padding: 0;
  overflow: hidden auto; overscroll-behavior: contain;
  scrollbar-width: thin; border-block: 1px solid var(--rv-line); }
[data-empty] > .scroll { border-color: transparent; }
.column { display: flow-root; max-width: 720px; min-height: 100%; margin: auto; padding: 18px 24px; }
.hello { padding-top: min(9cqh, 80px); text-align: center; }
.hello p { margin-inline: auto; }
.hello .face { margin-bottom: 26px; scale: 1.6; }
h2 { font-size: 22px; line-height: 1.3; text-wrap: balance; }
h2 + p { max-width: 44ch; margin-top: 10px; text-wrap: balance; white-space: pre-wrap; }
.row { display: flex; padding-block: 9px; contain-intrinsic-size: auto 60px; }
.row:nth-last-child(n + 20) { content-visibility: auto; }
.user { justify-content: end; padding-inline-start: 15%; }
.user .body { padding: 9px 16px; border-radius: 20px; border-end-end-radius: 6px;
  background: var(--rv-tint); }
.system { justify-content: center; text-align: center; color: var(--rv-dull); }
.body { min-width: 0; unicode-bidi: isolate; }
.body p { white-space: pre-wrap; }
.part + .part, .body .table, .title + *, blockquote { margin-top: 10px; }
.body ul { padding-inline-start: 20px; list-style: disc; }
.body span.dull { margin-inline-start: 8px; }
a { color: var(--rv-ink); text-underline-offset: 3px; }
.table { overflow-x: auto; border: 1px solid var(--rv-line); border-radius: 12px; }
.banner, .steps, table, blockquote, .plain, .field label, legend { font-size: 14px; }
table { width: 100%; border-collapse: collapse; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 14px; text-align: start; vertical-align: top; border-top: 1px solid var(--rv-line); }
tr:first-child > th, tbody:first-child > tr:first-child > td { border: 0; }
th { background: var(--rv-soft); }
blockquote { padding-inline-start: 14px; border-inline-start: 2px solid var(--rv-line); }
.steps li { display: flex; gap: 12px; margin-top: 6px; padding: 10px 14px;
  border: 1px solid var(--rv-line); border-radius: 14px;
  color: var(--rv-dull); }
.steps .active { color: var(--rv-fg); background: var(--rv-soft); }
.mark { flex: none; display: grid; place-items: center; width: 16px; height: 16px; margin-top: 3px;
  border: 2px solid var(--rv-line); border-top-color: var(--rv-ink); border-radius: 50%; }
.active .mark { animation: turn 1s linear infinite; }
.done .mark { border-color: var(--rv-ink); }
.done .mark::after { content: ""; width: 4px; height: 7px; margin-top: -2px; border: solid var(--rv-ink);
  border-width: 0 2px 2px 0; rotate: 45deg; }
.failed, .wrong, .error { color: var(--rv-bad) !important; }
.failed .mark { border-color: currentColor; }
.failed .mark::after { content: ""; width: 8px; border-top: 2px solid; }

.banners, .banners > div { display: contents; }
.banner { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; width: min(672px, 100% - 32px);
  margin: 0 auto 8px;
  padding: 8px; padding-inline-start: 16px; border-radius: 14px; background: var(--rv-soft); }
.banner p { flex: 1 1 180px; padding-block: 4px; }
.banner:has(button + button) p { flex-basis: 260px; }
.warn { background: light-dark(#fdf4e1, #372809); color: light-dark(#6d4300, #ffd48a); }
.error { background: light-dark(#fdeeee, #3d1a1c); }
.panel > .ask { flex: 0 1 auto; overflow: hidden auto; }
.ask form { display: grid; gap: 16px; padding: 18px 20px; border: 1px solid var(--rv-line);
  border-radius: 20px; }
fieldset { min-width: 0; border: 0; }
.field label, legend { display: block; margin-bottom: 6px; }
.field input { width: 100%; padding: 9px 14px; border: 1px solid var(--rv-edge); }
.options, .actions { display: flex; flex-wrap: wrap; gap: 8px; }
.option { display: flex; gap: 10px; align-items: center; min-height: 42px; padding: 8px 14px;
  border: 1px solid var(--rv-line); border-radius: 12px; cursor: pointer; }
.option:has(:checked) { border-color: var(--rv-ink); background: var(--rv-tint); }
.option input { width: 18px; height: 18px; accent-color: var(--rv-ink); outline: 0; }
.field [aria-invalid=true], [aria-invalid=true] .option { border-color: var(--rv-bad); }
.wrong { margin-top: 6px; }
.plain, .main { min-height: 36px; padding: 5px 14px; border: 1px solid var(--rv-line); }
.banner .plain { border-color: currentColor; }
.actions button { min-height: 42px; padding: 8px 20px; font-size: 15px; }
.main, .send { border-color: transparent; background: var(--rv-accent); color: var(--rv-on);
  font-weight: 600; }
:is(.main, .send):hover:enabled { opacity: .9; }
.chips { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); }
.chip { display: flex; gap: 12px; align-items: center; width: 100%; height: 100%; min-height: 52px;
  padding: 9px 16px;
  border: 1px solid var(--rv-line); border-radius: 16px; text-align: start; font-size: 13px;
  color: var(--rv-dull); }
.chip > :last-child { display: grid; min-width: 0; }
.sign { font-size: 20px; }
.chip .label { color: var(--rv-fg); font-weight: 500; }
.line { display: flex; gap: 4px; align-items: end; }
.composer { flex: 1; min-width: 0; display: flex; gap: 6px; align-items: end; padding: 6px;
  border: 1px solid var(--rv-edge); border-radius: 25px; }
.composer:focus-within, .field input:focus { border-color: var(--rv-ink); outline: 1px solid var(--rv-ink);
  outline-offset: 0; }
textarea { flex: 1; min-width: 0; max-height: min(168px, 30cqh); padding: 6px 10px; resize: none;
  line-height: 24px; scrollbar-width: thin; }
::placeholder { color: var(--rv-dull); opacity: 1; white-space: nowrap; }
.send:disabled { background: var(--rv-soft); color: var(--rv-dull); }
.stop { border: 1px solid var(--rv-edge); }
.stop:disabled { opacity: .5; }
[data-presence=window] :is(.line > .icon, .ticker) { display: none; }
[data-presence=bar] .panel > :is(header, .scroll, .grip, .banners, .ask) { display: none; }
[data-presence=bar] .panel { width: min(560px, 100cqw - 2 * var(--rv-m)); height: auto; padding: 10px;
  border-radius: max(var(--rv-r), 28px); }
[data-presence=bar] .panel > * { padding: 0; }
[data-presence=bar] .composer { padding: 0; border-color: transparent; outline: 0; }
[data-presence=bar] .panel > :is(.chips, .ticker) { display: flex; height: 36px; margin-bottom: 8px;
  overflow: auto hidden; scrollbar-width: none; }
[data-presence=bar] .panel > [hidden] { display: none; }
[data-presence=bar] .ticker { padding: 0 12px; align-items: center; color: var(--rv-dull); }
[data-presence=bar] .chip { min-height: 0; padding: 0 14px; border-radius: 18px; }
[data-presence=bar] li { flex: none; }
[data-presence=bar] .sign { font-size: 15px; }
[data-presence=bar] .about { display: none; }

dialog { width: min(440px, 100vw - 32px); max-height: 80vh; margin: auto; padding: 26px 28px;
  overflow: auto; }
dialog::backdrop { background: rgb(10 16 16 / .5); }
dialog .actions { margin-top: 22px; }
dialog .plain:focus { outline: 2px solid var(--rv-ink); outline-offset: 2px; }

@media (max-width: 640px) {
  [data-presence=window] .panel { inset: auto 0 0; width: 100%; height: 100%;
    padding-block: 16px var(--rv-low); border: 0; border-radius: 0; }
  [data-presence=window][data-snap=half] .panel { height: 55%; border-radius: 20px 20px 0 0; }
  .root .panel > .grip { inset: 0 0 auto; width: 72px; opacity: 1; }
  .grip svg { display: none; }
  .grip::before { content: ""; display: block; width: 40px; height: 4px; margin: auto; border-radius: 2px;
    background: var(--rv-edge); }
  .icon, .round { width: 42px; height: 42px; }
  textarea { font-size: 16px; padding-block: 9px; }
  .composer { border-radius: 28px; }
  .column, .panel > * { padding-inline: 16px; }
  .chips { grid-template-columns: 1fr 1fr; }
  .chip { padding: 8px 12px; }
  .about { display: none; }
  [data-presence=window] .chip .label { white-space: normal; }
}
@media (prefers-reduced-motion: reduce) { *, ::after { animation: none !important;
  transition: none !important; } }
[data-motion=none] *, [data-motion=none] ::after { animation: none !important; transition: none !important; }
@media (forced-colors: active) {
  .chip, .main, .send, .banner, .user .body { border: 1px solid; }
  .face { forced-color-adjust: none; }
  .option:has(:checked) { outline: 3px solid Highlight; }
}
`;

let made;

export function sheet() {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(RULES);
  }
  return made;
}
