// Searches while one types: reads the page that the form leads to, and swaps the region that its
// data-live names. Enter still sends the form.
const pause = 250; // milliseconds after the last key

// The policy of the page allows one place that turns text into a document: this one. The text
// is a page of this server, whose templates have escaped every value.
const policy = window.trustedTypes?.createPolicy("simferry", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

// parse makes a document of a page of this server.
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
    const here = document.querySelector(`[data-region="${name}"]`);
    const there = page.querySelector(`[data-region="${name}"]`);
    if (!here || !there) return location.assign(to);
    here.replaceChildren(...there.childNodes);
    history.replaceState(null, "", to);
    const said = document.querySelector("#said");
    if (said) said.textContent = here.querySelector("#match")?.textContent ?? "";
    ready(here);
  }
}
