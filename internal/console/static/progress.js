// Refreshes a region while a job runs: fetches the page every data-refresh seconds and replaces the
// region. It stops when the region has no data-refresh, continues after errors, and pauses while the
// page is hidden.
import { parse } from "./live.js";

export function progress(ready) {
  let timer;
  const find = (root) => root.querySelector("[data-region][data-refresh]");
  const later = () => {
    clearTimeout(timer);
    const region = find(document);
    if (region) timer = setTimeout(read, 1000 * Number(region.dataset.refresh));
  };

  async function read() {
    const region = find(document);
    if (!region) return;
    if (document.hidden) return later();
    try {
      const page = await fetch(location.href, { credentials: "same-origin" });
      if (page.redirected) return location.reload(); // the session has ended
      if (page.ok) swap(region, parse(await page.text()));
    } catch {
      // The server restarts, or the network is down: try again.
    }
    later();
  }

  function swap(here, page) {
    const there = page.querySelector(`[data-region="${here.dataset.region}"]`);
    if (!there || here.matches(":has(form input:not([type=hidden]):focus)")) return;
    const focused = document.activeElement?.id;
    here.replaceWith(there);
    document.title = page.title;
    if (focused) document.getElementById(focused)?.focus();
    ready(there);
  }

  document.addEventListener("visibilitychange", later);
  later();
}
