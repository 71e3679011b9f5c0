// The tag: fetches the rest, and attaches it to Rover where the tag says so.

(() => {
  const tag = document.currentScript;
  const home = new URL(".", tag?.src || location).href;
  const { attach } = tag?.dataset ?? {};
  const own = window.RoverBook ??= {};
  const main = import(`${home}roverbook/@version@/main.js`);
  const WAIT_MS = 100;
  const NAMES = ["flush", "shutdown", "exposeExperiment", "getNotes", "getBoardPosts", "getScore", "setConsent"];

  main.catch(() => console.warn("Rover:", "RoverBook could not be loaded."));

  /** What there is at once stands for what comes: each of its functions waits for it. */
  own.enableRoverBook ??= (instance, config) => {
    const made = main.then(({ enableRoverBook }) => enableRoverBook(instance, { apiBase: home, ...config })).catch(() => {});
    return Object.fromEntries(NAMES.map((name) => [name, (...args) => made.then((book) => book?.[name](...args))]));
  };
  own.setConsent ??= (said) => main.then(({ setConsent }) => setConsent(said)).catch(() => {});

  function look() {
    const found = window[attach];
    if (found?.isRover) own.enableRoverBook(found, {});
    else setTimeout(look, WAIT_MS);
  }
  if (attach) look();
})();
