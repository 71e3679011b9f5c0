// Small comforts of every page; without script each page works as well.

// [data-copy]: copies the text of the [data-copy-source] beside it, and says so.
for (const button of document.querySelectorAll("[data-copy]")) {
  const source = button.parentElement.querySelector("[data-copy-source]");
  const words = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // no clipboard outside a secure context: select the text, so that the keys copy it
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    const before = words.data;
    words.data = "Copied";
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { words.data = before; }, 1600);
  });
}

// <form data-once>: a second click must not send a second request.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => { delete form.dataset.sent; });
}

// [data-submit-on-change]: a choice acts at once; the button for those without script goes away.
for (const control of document.querySelectorAll("[data-submit-on-change]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
  for (const button of control.form.querySelectorAll("[data-without-script]")) button.hidden = true;
}

// <time datetime data-local>: the reader's own zone; the title keeps the exact time in UTC.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[data-local]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.valueOf())) {
    time.title = `${time.dateTime} (UTC)`;
    time.textContent = local.format(moment);
  }
}
