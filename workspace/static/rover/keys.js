// The preset buttons set the switches at once; without script they send the form and get it back.

for (const button of document.querySelectorAll("[data-preset]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const on = new Set(button.dataset.preset.split(" "));
    for (const box of button.form.querySelectorAll("[name=capabilities]")) box.checked = on.has(box.value);
    const words = button.closest("fieldset").querySelector("[role=status]");
    words.textContent = `Set to ${button.textContent.trim()}, not saved yet.`;
  });
}
