// While a shortcut is typed, the server says what visitors and agents get, and what is wrong with it.

const form = document.querySelector("form[data-preview]");
const place = document.querySelector("[data-preview-place]");

if (form && place) {
  const id = form.elements.namedItem("id");
  let timer = 0;
  let asked = 0;

  const propose = (part) => {
    const proposed = part.querySelector("[data-proposed]")?.dataset.proposed;
    if (id && proposed) id.placeholder = proposed;
  };

  const ask = async () => {
    const turn = ++asked;
    let text = "";
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) });
      if (!answer.ok || answer.redirected) return;
      text = await answer.text();
    } catch {
      return; // the same is said after the button was pressed
    }
    if (turn !== asked) return; // an older answer that came late
    const part = new DOMParser().parseFromString(text, "text/html");
    const isOpen = place.querySelector("details")?.open;
    propose(part);
    place.replaceChildren(...part.body.childNodes);
    const details = place.querySelector("details");
    if (details && isOpen) details.open = true;
  };

  propose(place);
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 300);
  });
}
