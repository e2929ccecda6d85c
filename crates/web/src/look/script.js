// What a keyboard and a pointer gain where script runs. Every page works without it; nothing here makes markup.

const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const rows = () => [...document.querySelectorAll("table[data-rows] tbody tr")].filter((row) => row.querySelector("a"));
const link = (row) => row.querySelector("a");

/** Moves the focus by rows: the row's first link is what Enter opens. */
function move(by) {
  const all = rows();
  if (all.length === 0) return;
  const now = all.findIndex((row) => row.contains(document.activeElement));
  const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1);
  link(all[next]).focus();
}

let waiting = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const page = waiting && document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  waiting = false;
  if (page) {
    page.click();
    return;
  }
  if (event.key === "/") {
    const find = document.querySelector("#q") ?? document.querySelector("#find");
    if (!find) return;
    find.focus();
    find.select();
  } else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "g") {
    waiting = true;
    return;
  } else return;
  event.preventDefault();
});
