// The form for what the agent must know.

import { button, el, once, said, text } from "./dom.js";

export function createQuestions({ words, on }) {
  const element = el("div.ask");
  let asked;
  return {
    element,
    /** A form that is half filled in stays while the questions do. */
    update({ questions }) {
      const list = (questions ?? []).filter((one) => text(one?.key));
      element.hidden = !list.length;
      if (asked === JSON.stringify(list)) return;
      asked = JSON.stringify(list);
      element.replaceChildren(...(list.length ? [form(list, words, on)] : []));
    },
  };
}

function form(questions, words, on) {
  const fields = questions.map((question, at) => field(question, `rv-q${at}`, words));
  const answer = once(() => on.answer(Object.fromEntries(
    fields.map(({ key, read }) => [key, read()]).filter(([, value]) => value))));
  const submit = (event) => {
    event.preventDefault();
    const [wrong] = fields.filter((one) => !one.check());
    if (wrong) wrong.inputs[0].focus();
    else answer();
  };
  return el("form", { noValidate: true, submit }, el("h3", null, words.questions),
    ...fields.map((one) => one.element), el("div.actions", null,
      el("button.main", null, words.goOn), button("plain", words.stop, once(() => on.stop()))));
}

function field({ key, query, choices, required }, id, words) {
  const options = (Array.isArray(choices) ? choices : []).map(option).filter(({ value }) => value);
  const must = required === true;
  const need = ` (${must ? words.required : words.optional})`;
  const asked = [said("span", query) || key, el("span.dull", null, need)];
  const error = el("p.wrong", { id: `${id}-error`, hidden: true }, words.missing);
  const note = { "aria-describedby": error.id };
  const inputs = options.length ? options.map(({ value }) => el("input", { type: "radio", name: id, value }))
    : [el("input", { id, required: must, dir: "auto", maxLength: 2_000, autocomplete: "off", ...note })];
  const element = options.length
    ? el("fieldset", { role: "radiogroup", ariaRequired: `${must}`, ...note }, el("legend", null, ...asked),
      el("div.options", null, ...options.map(({ label }, at) => el("label.option", null, inputs[at],
        said("span", label)))), error)
    : el("div.field", null, el("label", { htmlFor: id }, ...asked), inputs[0], error);
  const read = () => (options.length ? inputs.find(({ checked }) => checked) : inputs[0])?.value.trim() ?? "";
  const check = () => {
    error.hidden = !must || read() !== "";
    (options.length ? element : inputs[0]).ariaInvalid = `${!error.hidden}`;
    return error.hidden;
  };
  element.addEventListener("input", () => error.hidden || check());
  return { key, element, inputs, read, check };
}

function option(given) {
  const { value = given, label = value } = Object(given);
  return { value: text(value), label: text(label) };
}
