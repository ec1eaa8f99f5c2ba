// Keeps a region up to date while something happens on the server: reads the page again every few
// seconds, as often as its data-refresh says, and swaps the region. It stops when the region has no
// data-refresh any more, goes on after errors, and rests while nobody looks.
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
      // The server restarts, or the network is away: try again.
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
