// Sets the time zone of a form to the browser's, unless the form has one.
export function zone(root) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const field = root.querySelector("[data-zone]");
  const words = root.querySelector("[data-zone-name]");
  if (!field || !name || field.value !== "UTC" || root.querySelector("#day").value) return;
  field.value = name;
  words.textContent = name;
}

// Keeps a pasted list in this tab until it was sent, so that it survives the end of a session.
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

// Removes the kept list once the next step is shown: the server has the list then.
export function kept(root) {
  if (root.querySelector("#options")) sessionStorage.removeItem("simferry-move");
}

// A dropped or chosen file selects the source "file".
export function drop(root) {
  const file = root.querySelector("#file");
  file?.addEventListener("change", () => {
    root.querySelector("#f-file").checked = true;
  });
}
