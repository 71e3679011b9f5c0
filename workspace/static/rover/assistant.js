// The greeting as visitors will see it, while it is typed.
const preview = document.querySelector("[data-greeting]");
const input = document.querySelector("[data-greeting-text]");
if (preview && input) {
  const bubble = preview.querySelector("[data-greeting-bubble]");
  const show = () => {
    bubble.textContent = input.value.trim().replaceAll("{name}", preview.dataset.name) || "No greeting yet.";
  };
  input.addEventListener("input", show);
  show();
}
