// Lists: one box chooses all rows, the number of chosen ones is said, and a filter closes by itself.
"use strict";

const rows = [...document.querySelectorAll("input.action-select")];
const all = document.getElementById("action-toggle");
const words = document.getElementById("action-words");

function count() {
  const chosen = rows.filter((row) => row.checked).length;
  all.checked = chosen === rows.length;
  all.indeterminate = chosen > 0 && chosen < rows.length;
  words.textContent = chosen ? words.dataset.some.replace("%s", chosen) : words.dataset.none;
}

if (all && rows.length) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const row of rows) row.checked = all.checked;
    count();
  });
  for (const row of rows) row.addEventListener("change", count);
  count();
}

const filters = document.querySelectorAll("details.filter");

document.addEventListener("click", (event) => {
  for (const filter of filters) {
    if (filter.open && !filter.contains(event.target)) filter.open = false;
  }
});
for (const filter of filters) {
  filter.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !filter.contains(event.relatedTarget)) filter.open = false;
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const filter of filters) {
    if (!filter.open) continue;
    filter.open = false;
    filter.querySelector("summary").focus();
  }
});
