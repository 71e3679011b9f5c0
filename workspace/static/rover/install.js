// <form data-waits="…">: while the answer is on its way, say what is being waited for.
for (const form of document.querySelectorAll("form[data-waits]")) {
  const status = form.querySelector("[data-waiting]");
  form.addEventListener("submit", () => {
    status.textContent = form.dataset.waits;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => {
    status.textContent = "";
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  });
}
