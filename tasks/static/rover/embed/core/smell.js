// How much an address of another site smells of an attack, by the same table as the server's; for when that cannot
// be asked. What only the server knows (look-alikes, redirects, the prompt) is missing here.

const SCHEME = /^[\s\0]*(data|javascript|vbscript|blob):/i;
const CREDENTIAL = /\/(login|signin|oauth|password|reset|verify|confirm|account|security|2fa|mfa|auth(?=\/|$))/g;
const SECRET = /token|secret|password|apikey|api_key|session|cookie|credential/;

/** 0 to 10. */
export function smellOf(text) {
  if (!URL.canParse(text)) return 1;
  const { protocol, hostname: host, pathname, searchParams, href, port } = new URL(text);
  const isBare = host[0] === "[" || /^[\d.]+$/.test(host);
  const words = new Set(pathname.toLowerCase().match(CREDENTIAL)).size;
  const secrets = [...searchParams.keys()].filter((name) => SECRET.test(name.toLowerCase())).length;
  return Math.min(10, 3 * [protocol, ...searchParams.values()].some((one) => SCHEME.test(one))
    + 3 * /^(169\.254\.|\[fe80:|metadata\.goog)/.test(host)
    + 2 * (isBare || /(^|\.)localhost$/.test(host))
    + (!isBare && host.split(".").length > 4) + Math.min(2, words) + Math.min(2, secrets)
    + (href.length > 2_000) + (href.split(/%[\da-f]{2}/i).length > 21) + !/^(80|443)?$/.test(port));
}
