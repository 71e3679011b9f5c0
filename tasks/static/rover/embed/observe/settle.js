// Waiting for the page.

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Until nothing has changed for `debounce` ms, at most `longest`; `first`: and something has before. */
export const quiet = (root, debounce, longest, first) => new Promise((done) => {
  let calm;
  const end = (rested) => {
    watch.disconnect();
    clearTimeout(calm);
    clearTimeout(limit);
    done(rested);
  };
  const wait = () => {
    clearTimeout(calm);
    calm = setTimeout(end, debounce, true);
  };
  const watch = new MutationObserver(wait);
  const limit = setTimeout(end, longest, false);
  watch.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  if (!first) wait();
});

export const giveWay = () => globalThis.scheduler?.yield?.() ?? sleep(0);
