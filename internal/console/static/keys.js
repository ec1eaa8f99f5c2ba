// One-letter shortcuts, outside of fields. The help (?) lists them and can turn them off.
const places = { o: "/overview", s: "/sims", d: "/devices", j: "/jobs", l: "/ledger" };
const off = "simferry-keys-off";
let going = false; // after g, until the next key

function enabled() {
  try {
    return localStorage.getItem(off) === null;
  } catch {
    return true; // this browser has no storage
  }
}

function rows() {
  return [...document.querySelectorAll("[data-row]")];
}

function step(by) {
  const all = rows();
  const at = all.findIndex((r) => r.contains(document.activeElement));
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.querySelector("th a, a")?.focus();
}

function pick(range) {
  const row = rows().find((r) => r.contains(document.activeElement));
  row?.querySelector('input[type="checkbox"]')?.dispatchEvent(new MouseEvent("click", { shiftKey: range, bubbles: true, cancelable: true }));
}

const actions = {
  "?": () => document.querySelector("#keys")?.showPopover(),
  j: () => step(1),
  k: () => step(-1),
  x: () => pick(false),
  X: () => pick(true),
  m: () => document.querySelector('[data-key="m"]')?.click(),
  "/": () => document.querySelector('[data-key="/"]')?.focus(),
};

export function keys() {
  const box = document.querySelector("#keys-on");
  if (box) {
    box.checked = enabled();
    box.addEventListener("change", () => {
      if (box.checked) localStorage.removeItem(off);
      else localStorage.setItem(off, "1");
    });
  }
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("select, textarea, [contenteditable], input:not([type=checkbox])")) return;
    if (!enabled() && e.key !== "?") return;
    const went = going;
    going = e.key === "g" && !going;
    if (went && places[e.key]) {
      e.preventDefault();
      document.querySelector(`#nav a[href$="${places[e.key]}"]`)?.click();
    } else if (actions[e.key]) {
      e.preventDefault();
      actions[e.key]();
    }
  });
}
