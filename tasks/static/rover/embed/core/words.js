// What Rover itself says in the conversation; the words of the widget are the widget's.

const en = {
  click_element: "Clicking", type_into_element: "Typing", type_and_enter: "Typing", select_dropdown_value: "Choosing",
  press_key: "Pressing", goto_url: "Opening", open_new_tab: "Opening", scroll_page: "Scrolling", wait_action: "Waiting",
  wait_for_element: "Waiting", go_back: "Going back", refresh_page: "Reloading", other: "Working",
  ask: "Run this request?",
  link: "A link asked for this. Rover acts on this page with what you may do here.",
  run: "Run it",
  receipt: "This task could not be taken up: it was taken before, or expired.",
  shortcut: "There is no such suggestion on this site.",
  newTab: "Opened in a new tab",
  blocked: "Not opened, by the rules of this site",
};

const de = {
  click_element: "Klickt", type_into_element: "Schreibt", type_and_enter: "Schreibt", select_dropdown_value: "Wählt",
  press_key: "Drückt", goto_url: "Öffnet", open_new_tab: "Öffnet", scroll_page: "Blättert", wait_action: "Wartet",
  wait_for_element: "Wartet", go_back: "Geht zurück", refresh_page: "Lädt neu", other: "Arbeitet",
  ask: "Diese Aufgabe ausführen?",
  link: "Ein Link bittet darum. Rover handelt auf dieser Seite mit dem, was Sie dürfen.",
  run: "Ausführen",
  receipt: "Diese Aufgabe ist schon vergeben oder abgelaufen.",
  shortcut: "Diesen Vorschlag gibt es hier nicht.",
  newTab: "In einem neuen Tab geöffnet",
  blocked: "Nach den Regeln dieser Website nicht geöffnet",
};

export const wordsFor = (language) => (/^de/i.test(language) ? de : en);

/** A step as its card says it. */
export function doing(words, { name, target, args }) {
  const verb = Object.hasOwn(words, name) ? words[name] : words.other;
  const what = /"(.*)"/.exec(target)?.[1] || target || args?.url || args?.key || "";
  return what ? `${verb}: ${what}` : verb;
}
