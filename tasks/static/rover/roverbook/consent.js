// What the visitor said of being counted; kept, because a refusal has to last.

const KEY = "rover:consent";
let said;

/** true, false, or undefined while nothing was said. */
export function consent() {
  if (said === undefined) {
    try {
      said = JSON.parse(localStorage.getItem(KEY))?.analytics;
    } catch { /* without storage it lasts as long as the page */ }
  }
  return typeof said === "boolean" ? said : undefined;
}

/** `{analytics}`: without it nothing changes. */
export function setConsent({ analytics } = {}) {
  if (typeof analytics !== "boolean") return;
  said = analytics;
  try {
    localStorage.setItem(KEY, JSON.stringify({ analytics }));
  } catch { /* as above */ }
  dispatchEvent(new Event("rover:consent"));
}
