// Lists: the rows that are selected, also on other pages, and closing the filters.
"use strict";

const rows = [...document.querySelectorAll("input.action-select")];
const selectAll = document.getElementById("action-toggle");
const counter = document.getElementById("action-count");
const clear = document.getElementById("action-clear");
const across = document.querySelector("input[name=select_across]");

// A selection belongs to a list with its search and filters, in this tab, until an action has run.
const MAX_SELECTED = 900; // fields of a form, of which Django takes 1,000
const parameters = new URLSearchParams(location.search);
for (const name of ["after", "before", "p"]) parameters.delete(name);
const key = `selected ${location.pathname}?${parameters}`;

function remember(keys) {
  try {
    keys.length ? sessionStorage.setItem(key, JSON.stringify(keys)) : sessionStorage.removeItem(key);
  } catch {
    // Without storage, a selection ends with the page.
  }
}

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

const here = new Set(rows.map((row) => row.value));
let elsewhere = recall().filter((name) => !here.has(name));

function describe(number) {
  const { all, none, some, others } = counter.dataset;
  if (across?.checked) return all;
  if (!elsewhere.length) return number ? some.replace("%s", number) : none;
  return `${some.replace("%s", number)}, ${others.replace("%s", elsewhere.length)}`;
}

function update() {
  const selected = rows.filter((row) => row.checked).map((row) => row.value);
  const number = selected.length + elsewhere.length;
  selectAll.checked = selected.length === rows.length;
  selectAll.indeterminate = selected.length > 0 && selected.length < rows.length;
  counter.textContent = describe(number);
  clear.hidden = !elsewhere.length;
  counter.closest(".actions").classList.toggle("idle", !number && !across?.checked);
  remember([...elsewhere, ...selected].slice(0, MAX_SELECTED));
}

if (selectAll && rows.length) {
  const known = new Set(recall());
  for (const row of rows) row.checked ||= known.has(row.value);
  selectAll.closest("label").hidden = false;
  selectAll.addEventListener("change", () => {
    for (const row of rows) row.checked = selectAll.checked;
    update();
  });
  for (const box of [...rows, across]) box?.addEventListener("change", update);
  clear.addEventListener("click", () => {
    elsewhere = [];
    for (const row of rows) row.checked = false;
    update();
    selectAll.focus();
  });
  selectAll.form.addEventListener("formdata", (event) => {
    for (const name of elsewhere) event.formData.append("_selected_action", name);
  });
  update();
}

// The question before an action; afterwards nothing is selected any more.
document.querySelector("form input[name=post]")?.form.addEventListener("submit", () => remember([]));

const filters = document.querySelector("details.filters");

document.addEventListener("click", (event) => {
  if (filters?.open && !filters.contains(event.target)) filters.open = false;
});
filters?.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !filters.contains(event.relatedTarget)) filters.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !filters?.open) return;
  filters.open = false;
  filters.querySelector("summary").focus();
});
