// Why a tool did not do it.

const SEE = "Observe the page again.";
const NEXT = {
  DOMAIN_SCOPE_BLOCKED: "Stay on the allowed domains, or tell the visitor the address.",
  ELEMENT_COVERED: "Close what covers it.",
  ELEMENT_NOT_FOUND: SEE,
  ELEMENT_NOT_VISIBLE: SEE,
  HUMAN_INTERVENTION_REQUIRED: "Ask the visitor to do this.",
  POPUP_BLOCKED: "Ask the visitor to allow popups.",
};
const PASSING = /NOT_FOUND|VISIBLE|COVERED|TIMEOUT|POPUP/;
const BY_OTHERS = /COVERED|EDITABLE|READONLY|ACCEPTED|OPTION|UNSUPPORTED/;

export class Fault {
  /** `rest`: what the result has besides. */
  constructor(code, message, rest) {
    this.result = {
      success: false,
      error: { code, message, retryable: PASSING.test(code), next_action: NEXT[code] },
      allowFallback: BY_OTHERS.test(code),
      ...rest,
    };
  }
}

export function fail(...why) {
  throw new Fault(...why);
}
