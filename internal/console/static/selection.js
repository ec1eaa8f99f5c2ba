// Updates the number of selected SIMs when boxes are checked, before the form is sent.
export function selection(root) {
  const form = root.querySelector("#list");
  if (!form) return;
  const boxes = [...form.querySelectorAll('input[name="sim"]')];
  const page = form.querySelector("[data-page]");
  const status = form.querySelector("[data-elsewhere]");
  const words = form.querySelector("[data-count]");
  const elsewhere = Number(status.dataset.elsewhere);
  let last = null;

  function count() {
    const here = boxes.filter((b) => b.checked).length;
    const n = elsewhere + here;
    page.checked = here === boxes.length;
    page.indeterminate = here > 0 && here < boxes.length;
    const shown = n.toLocaleString("en");
    const { none, one, many } = status.dataset; // of the catalogue, with %s for the number
    words.textContent = (n === 0 ? none : n === 1 ? one : many).replace("%s", shown);
  }

  form.addEventListener("change", (e) => {
    if (e.target === page) {
      for (const b of boxes) b.checked = page.checked;
    }
    count();
  });
  form.addEventListener("click", (e) => {
    const at = boxes.indexOf(e.target);
    if (at < 0) return;
    if (e.shiftKey && last !== null) {
      const [from, to] = [Math.min(at, last), Math.max(at, last)];
      for (const b of boxes.slice(from, to + 1)) b.checked = e.target.checked;
      count();
    }
    last = at;
  });
}
