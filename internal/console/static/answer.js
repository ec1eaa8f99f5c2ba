// Counts the answers to the SIMs of an offer while they are chosen.
export function answer(root) {
  const words = root.querySelector("[data-answer]");
  const form = words?.closest("form");
  if (!form) return;
  const refused = () => form.querySelectorAll('fieldset input[value="refuse"]:checked').length;
  const { accept, refuse } = words.dataset;
  const before = Number(refuse) - refused(); // on other pages
  const all = Number(accept) + Number(refuse);
  form.addEventListener("change", () => {
    const no = before + refused();
    words.textContent = words.dataset.answer.replace("%1", (all - no).toLocaleString("en")).replace("%2", no.toLocaleString("en"));
  });
}
