// Searches while the user types: fetches the page of the form, and replaces the region that data-live
// names. Enter still submits the form.
const pause = 250; // milliseconds after the last key

// The Content-Security-Policy allows only this place to turn text into a document. The text is a page
// of this server, whose templates escape every value.
const policy = window.trustedTypes?.createPolicy("simferry", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

// parse turns the text of a page into a document.
export const parse = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");

export function live(root, ready) {
  for (const form of root.querySelectorAll("form[data-live]")) {
    const field = form.querySelector('input[type="search"]');
    let timer, running;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        running?.abort();
        running = new AbortController();
        const to = new URL(form.action);
        to.search = new URLSearchParams([...new FormData(form)].filter(([, v]) => v !== ""));
        try {
          const page = await fetch(to, { signal: running.signal, credentials: "same-origin" });
          if (!page.ok || page.redirected) return location.assign(to); // an error page, or the sign-in
          swap(parse(await page.text()), form.dataset.live, to);
        } catch (e) {
          if (e.name !== "AbortError") location.assign(to);
        }
      }, pause);
    });
  }

  function swap(page, name, to) {
    const region = document.querySelector(`[data-region="${name}"]`);
    const fresh = page.querySelector(`[data-region="${name}"]`);
    if (!region || !fresh) return location.assign(to);
    region.replaceChildren(...fresh.childNodes);
    history.replaceState(null, "", to);
    const count = document.querySelector("#match-count");
    if (count) count.textContent = region.querySelector("#match")?.textContent ?? "";
    ready(region);
  }
}
