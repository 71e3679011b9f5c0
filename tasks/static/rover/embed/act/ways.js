// Where a press would lead, before it is done.

import { attr } from "../observe/page.js";
import { up, viewOf } from "./target.js";

const DOERS = "a[href],area[href],button,input,select,textarea,summary";
const SUBMITS = "button:not([type=button],[type=reset]),[type=submit],[type=image]";

/** `asks`: to another address, a matter of policy; `leaves`: this page would end. null: nowhere. */
export function wayOf(element) {
  const doer = up(element, DOERS);
  if (doer?.matches("a,area")) return wayOfLink(doer);
  return doer?.form && doer.matches(SUBMITS) ? wayOfForm(doer.form, doer) : null;
}

/** What Enter in a field sends. */
export function wayOfEnter({ form, localName }) {
  const submitter = form?.querySelector(SUBMITS);
  const sends = form && localName === "input" && !submitter?.matches(":disabled");
  return sends ? wayOfForm(form, submitter) : null;
}

const absolute = (address, { baseURI }) => (URL.canParse(address, baseURI)
  ? new URL(address, baseURI).href : "");
const bare = (url, mark) => url.split(mark)[0];

function wayOfLink(link) {
  const url = absolute(link.getAttribute("href"), link);
  const { here, newTab } = placed(link, attr(link, "target"));
  const isJump = url.includes("#") && bare(url, "#") === bare(link.ownerDocument.URL, "#");
  const asks = !url.startsWith("javascript:") && (newTab || !isJump);
  const leaves = asks && here && url.startsWith("http") && !link.hasAttribute("download");
  return { kind: "link", url, newTab, asks, leaves };
}

// a form's properties may be hidden by its fields
function wayOfForm(form, submitter) {
  const given = (name) => (submitter?.getAttribute(`form${name}`) ?? attr(form, name)).trim().toLowerCase();
  const { URL: home } = form.ownerDocument;
  const url = absolute(submitter?.getAttribute("formaction") || attr(form, "action") || home, form);
  const { here, newTab } = placed(form, given("target"));
  const method = given("method");
  const leaves = method !== "dialog" && !url.startsWith("javascript:");
  const asks = leaves && (newTab || bare(url, /[?#]/) !== bare(home, /[?#]/));
  return { kind: "form", url, newTab, asks, leaves: leaves && here, form, submitter, method };
}

function placed(element, name) {
  const page = element.ownerDocument;
  const target = (name || attr(page.querySelector("base[target]") ?? element, "target")).toLowerCase();
  const own = viewOf(element);
  const view = { "": own, _self: own, _parent: own.parent, _top: window }[target];
  const frames = Array.from(page.querySelectorAll("iframe"), (frame) => frame.name.toLowerCase());
  return { here: view === window, newTab: !view && !frames.includes(target) };
}
