// A RoverPageCaptureConfig, within the ranges of the server.

const LONGEST = 2 ** 31 - 1;
// default, least, most: milliseconds and two counts
const NUMBERS = {
  totalBudgetMs: [25_000, 1_500, LONGEST],
  pageDataTimeoutMs: [22_000, 500, LONGEST],
  pdfTextSelectionTimeoutMs: [12_000, 150, LONGEST],
  adaptiveSettleDebounceMs: [24, 20, 500],
  adaptiveSettleMaxWaitMs: [220, 120, 5_000],
  adaptiveSettleRetries: [0, 0, 6],
  sparseTreeRetryDelayMs: [35, 40, 1_000],
  sparseTreeRetryMaxAttempts: [1, 0, 4],
};
const SWITCHES = { disableAutoScroll: true, onlyTextContent: false };

/** All of it: the default where `given` has nothing usable. */
export function captureConfig(given) {
  const config = { ...SWITCHES };
  for (const name in SWITCHES) if (typeof given?.[name] === "boolean") config[name] = given[name];
  for (const [name, [preset, least, most]] of Object.entries(NUMBERS)) {
    const number = given?.[name];
    config[name] = Number.isFinite(number) ? Math.min(Math.max(Math.trunc(number), least), most) : preset;
  }
  return config;
}
