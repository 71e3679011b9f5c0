// What the owner may change of the looks, read leniently: a value that is none leaves the default.

import { clamp, text } from "./dom.js";

/** Of the page, or of somewhere else. */
const RELATIVE = /\b((var|env|url|attr)\(|currentcolor|inherit|initial|unset|revert)/i;

const words = (value, longest) => text(value).trim().slice(0, longest);
const isOwn = (property, value) => value && CSS.supports(property, value) && !RELATIVE.test(value);

export function readExperience(experience, name) {
  const group = (key) => Object(experience?.[key]);
  const [presence, shell, theme, motion] = ["presence", "shell", "theme", "motion"].map(group);
  const anchor = words(presence.defaultAnchor, 40);
  return {
    name: words(presence.assistantName, 160) || words(name, 160) || "Rover",
    cta: words(presence.ctaText, 160),
    face: presence.iconMode !== "none",
    draggable: presence.draggable !== false,
    x: /left/.test(anchor) ? 0 : /right/.test(anchor) ? 1 : null,
    y: /top/.test(anchor) ? 0 : 1,
    persist: presence.persistPosition !== false,
    intro: presence.firstRunIntro !== false,
    opens: shell.openMode === "window" ? "window" : "bar",
    snap: shell.mobileMode === "half" ? "half" : "full",
    width: clamp(shell.desktopSize, 640, 1200, 960),
    height: clamp(shell.desktopHeight, 400, 2000, 600),
    direction: /^(ltr|rtl)$/.test(shell.direction) ? shell.direction : null,
    cards: clamp(Math.round(group("stream").maxVisibleLiveCards), 1, 4, 3),
    text: group("inputs").text !== false,
    marks: {
      icon: presence.iconMode,
      theme: theme.mode,
      surface: theme.surfaceStyle,
      motion: motion.intensity,
      idle: presence.idleAnimation,
      dim: shell.dimBackground,
      blur: shell.blurBackground,
    },
    style: {
      "--rv-m": `${clamp(shell.safeAreaInsetPx, 0, 48, 20)}px`,
      "--rv-r": `${clamp(theme.radius, 0, 32, 20)}px`,
      "--rv-wish": isOwn("color", words(theme.accentColor, 32)) && theme.accentColor,
      "font-family": isOwn("font-family", words(theme.fontFamily, 120)) && `${theme.fontFamily}, system-ui`,
    },
  };
}

export function wear(root, { marks, style }) {
  Object.entries(marks).forEach(([mark, value]) => { root.dataset[mark] = words(`${value}`, 20); });
  Object.entries(style).forEach(([property, value]) => value && root.style.setProperty(property, value));
}
