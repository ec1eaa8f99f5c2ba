// The script of every page. All pages work without it.
import { keys } from "./keys.js";
import { localTimes } from "./times.js";
import { live } from "./live.js";
import { drop, keep, kept, zone } from "./move.js";
import { progress } from "./progress.js";
import { answer } from "./answer.js";
import { selection } from "./selection.js";

// Copies a key from the fragment of the address, which browsers do not send, into the form.
for (const field of document.querySelectorAll("[data-from-hash]")) {
  const value = new URLSearchParams(location.hash.slice(1)).get(field.dataset.fromHash);
  if (value) {
    field.value = value;
    history.replaceState(null, "", location.pathname + location.search);
  }
}

keys();
localTimes(document);
selection(document);
answer(document);
live(document, (region) => {
  localTimes(region);
  selection(region);
});
progress(localTimes);
for (const start of [zone, keep, kept, drop]) start(document);
