// While rules are typed, the server says what each covers, and whether a host would be admitted.
// Without script the buttons send the whole form and get it back.

const MOST_CHARACTERS = 7000; // of an address that every server and proxy takes; longer lists are checked by the button
const form = document.querySelector("form[data-domains]");
if (form) begin();

function begin() {
  const list = form.querySelector("[data-rules]");
  const template = form.querySelector("[data-rule-template]");
  const add = form.querySelector("[data-rule-add]");
  const status = form.querySelector("[data-domains-status]");
  const place = document.querySelector("[data-trial]");
  const host = form.elements.namedItem("try");
  const check = form.querySelector("[data-without-script]");
  let timer = 0;
  let asked = 0;
  let made = list.children.length;

  check.hidden = true;
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  add.addEventListener("click", (event) => {
    event.preventDefault();
    append("").focus();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rule-remove]");
    if (!button) return;
    event.preventDefault();
    remove(button.closest("[data-rule]"));
  });
  document.addEventListener("click", (event) => {
    const fix = event.target.closest("[data-trial] button[name=add]");
    if (fix) {
      event.preventDefault();
      append(fix.value).focus();
      ask();
      return;
    }
    const tried = event.target.closest(`button[form=${form.id}][value=check]`);
    if (tried) {
      event.preventDefault();
      ask();
    }
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value === "check") { // Enter in a field
      event.preventDefault();
      ask();
    }
  });
  number();

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  }

  function append(text) {
    const row = template.content.firstElementChild.cloneNode(true);
    const id = made++;
    const input = row.querySelector("input");
    const told = row.querySelector("[data-rule-told]");
    input.id = `rule-${id}`;
    row.querySelector("label").htmlFor = input.id;
    told.id = `told-${id}`;
    input.setAttribute("aria-describedby", told.id);
    input.value = text;
    list.append(row);
    number();
    return input;
  }

  function remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const text = row.querySelector("input").value;
    row.remove();
    number();
    (next?.querySelector("input") ?? add).focus();
    status.textContent = text ? `Removed ${text}, not saved yet.` : "Removed.";
    later();
  }

  function number() {
    [...list.children].forEach((row, index) => {
      row.querySelector("[data-rule-number]").textContent = index + 1;
      const button = row.querySelector("[data-rule-remove]");
      button.value = index;
      button.querySelector(".visually-hidden").textContent = ` rule ${index + 1}`;
    });
    add.disabled = list.children.length >= Number(add.dataset.most);
  }

  async function ask() {
    clearTimeout(timer);
    const turn = ++asked;
    const rows = [...list.children];
    const query = new URLSearchParams({ try: host.value });
    for (const row of rows) query.append("rule", row.querySelector("input").value);
    if (form.elements.namedItem("allow_intranet").checked) query.set("allow_intranet", "on");
    check.hidden = query.toString().length <= MOST_CHARACTERS;
    if (!check.hidden) {
      status.textContent = "This list is long: press Check to see what it covers.";
      return;
    }
    let said;
    try {
      const answer = await fetch(`${form.dataset.domains}?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      said = await answer.json();
    } catch {
      check.hidden = false;
      status.textContent = "The server did not answer; press Check to try again.";
      return;
    }
    if (turn !== asked) return; // an older answer that came late
    rows.forEach((row, index) => tell(row, said.rows[index]));
    place.replaceChildren(...parsed(said.trial));
    if (status.textContent !== said.status) status.textContent = said.status;
  }

  function tell(row, said) {
    row.querySelector("[data-rule-told]").replaceChildren(...parsed(said.html));
    row.classList.toggle("rv-has-errors", !said.isValid);
    const input = row.querySelector("input");
    if (said.isValid) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  }
}

function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body.childNodes;
}
