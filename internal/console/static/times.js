// Shows times in the reader's zone. The title keeps the time in UTC.
const full = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export function localTimes(root) {
  for (const t of root.querySelectorAll("time[datetime]")) {
    const at = new Date(t.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    t.title = at.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
    t.textContent = (t.classList.contains("day") ? date : full).format(at);
  }
}
