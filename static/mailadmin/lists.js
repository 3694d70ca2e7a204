// Lists: the checkbox that selects all rows, the number of selected rows, and closing filter menus.
"use strict";

const rows = [...document.querySelectorAll("input.action-select")];
const selectAll = document.getElementById("action-toggle");
const counter = document.getElementById("action-count");

function update() {
  const selected = rows.filter((row) => row.checked).length;
  selectAll.checked = selected === rows.length;
  selectAll.indeterminate = selected > 0 && selected < rows.length;
  counter.textContent = selected ? counter.dataset.some.replace("%s", selected) : counter.dataset.none;
}

if (selectAll && rows.length) {
  selectAll.hidden = false;
  selectAll.addEventListener("change", () => {
    for (const row of rows) row.checked = selectAll.checked;
    update();
  });
  for (const row of rows) row.addEventListener("change", update);
  update();
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
