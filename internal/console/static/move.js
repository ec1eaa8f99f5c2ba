// The zone of the reader for the times of a form, if the form has no other yet.
export function zone(root) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const field = root.querySelector("[data-zone]");
  const words = root.querySelector("[data-zone-name]");
  if (!field || !name || field.value !== "UTC" || root.querySelector("#day").value) return;
  field.value = name;
  words.textContent = name;
}

// A list that was pasted survives the end of a session: it stays in this tab until it was sent.
export function keep(root) {
  const form = root.querySelector("form[data-keep]");
  if (!form) return;
  const name = `simferry-${form.dataset.keep}`;
  const field = form.querySelector("textarea");
  const kept = sessionStorage.getItem(name);
  if (kept && field.value === "") {
    field.value = kept;
    form.querySelector("#f-paste").checked = true;
  }
  form.addEventListener("submit", () => {
    if (form.querySelector("#f-paste").checked && field.value) sessionStorage.setItem(name, field.value);
  });
}

// The list has arrived when the next step shows it.
export function kept(root) {
  if (root.querySelector("#options")) sessionStorage.removeItem("simferry-move");
}

// The file that is dropped or chosen chooses its source.
export function drop(root) {
  const file = root.querySelector("#file");
  file?.addEventListener("change", () => {
    root.querySelector("#f-file").checked = true;
  });
}
