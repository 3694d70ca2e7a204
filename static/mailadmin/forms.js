// Forms: the password buttons and strength meter, the preview of an address, suggestions for an
// alias's targets, and a warning before changes are lost.
"use strict";

function randomCharacter(alphabet) {
  const limit = 256 - (256 % alphabet.length);
  for (;;) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < limit) return alphabet[byte % alphabet.length];
  }
}

// Four groups of five, as the commands generate them; groups are easier to type.
function generate(alphabet) {
  const group = () => Array.from({ length: 5 }, () => randomCharacter(alphabet)).join("");
  return Array.from({ length: 4 }, group).join("-");
}

// The server judges the password as it will when it is saved; the browser has no opinion of its own.
async function judge(box, password) {
  const { elements } = box.closest("form");
  const typed = (name) => elements[name]?.value ?? "";
  const address = typed("address_1") ? `${typed("address_0")}@${typed("address_1")}` : typed("address_0");
  const body = new URLSearchParams({
    csrfmiddlewaretoken: typed("csrfmiddlewaretoken"),
    account: box.dataset.account,
    username: box.dataset.username || address || typed("address") || typed("username"),
    name: typed("name"),
    password,
  });
  const response = await fetch(box.dataset.check, { method: "POST", body });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

function setUp(box) {
  const input = box.querySelector("input");
  const confirmation = document.getElementById(box.dataset.confirmation);
  const meter = box.querySelector(".strength");
  const [show, generateButton, copy] = box.querySelectorAll("button");
  box.querySelector(".buttons").hidden = false;

  function setVisible(visible) {
    for (const field of [input, confirmation]) field.type = visible ? "text" : "password";
    show.querySelector("span").textContent = visible ? box.dataset.hideLabel : box.dataset.showLabel;
  }

  let timer;
  function updateStrength() {
    clearTimeout(timer);
    meter.textContent = "";
    if (input.value !== "") timer = setTimeout(showVerdict, 400);
  }

  async function showVerdict() {
    const password = input.value;
    const verdict = await judge(box, password).catch(() => null);
    if (verdict === null || input.value !== password) return;
    meter.className = `strength ${verdict.accepted ? "good" : "bad"}`;
    meter.textContent = verdict.text;
  }

  show.addEventListener("click", () => setVisible(input.type === "password"));
  generateButton.addEventListener("click", () => {
    input.value = generate(box.dataset.alphabet);
    confirmation.value = input.value;
    setVisible(true);
    updateStrength();
    announce(box.dataset.generated);
  });
  const label = copy.querySelector("span");
  const original = label.textContent;
  copy.addEventListener("click", async () => {
    if (input.value === "") {
      input.focus();
      announce(box.dataset.empty);
      return;
    }
    try {
      await navigator.clipboard.writeText(input.value);
      label.textContent = box.dataset.copied;
      announce(box.dataset.copied);
      setTimeout(() => { label.textContent = original; }, 2000);
    } catch {
      setVisible(true);
      input.focus();
      input.select();
      announce(box.dataset.failed);
    }
  });
  input.addEventListener("input", updateStrength);
  // Browsers offer to save the value of a password field, but not that of a text field.
  input.form.addEventListener("submit", () => setVisible(false));
}

for (const box of document.querySelectorAll(".password[data-confirmation]")) setUp(box);

// The database stores müller.de as xn--mller-kva.de.
function toAscii(address) {
  const start = address.lastIndexOf("@") + 1;
  try {
    return address.slice(0, start) + new URL(`http://${address.slice(start)}`).hostname;
  } catch {
    return address;
  }
}

for (const box of document.querySelectorAll(".address")) {
  const [name, domain] = box.querySelectorAll("input, select");
  const output = box.querySelector(".preview");
  const show = () => {
    const typed = name.value.includes("@") ? name.value : `${name.value}@${domain.value}`;
    const address = toAscii(typed.trim().toLowerCase());
    output.textContent = /@./.test(address) ? box.dataset.preview.replace("%s", address) : "";
  };
  box.addEventListener("input", show);
  show();
}

// While the target of an alias is typed in its line, addresses that the panel knows are suggested.
function setUpSuggestions(area) {
  const list = document.createElement("div");
  Object.assign(list, { id: `${area.id}_suggestions`, className: "suggestions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", area.dataset.suggestLabel);
  area.after(list);
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);

  const lineStart = () => area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const isAtLineEnd = () => /^(\n|$)/.test(area.value.slice(area.selectionEnd, area.selectionEnd + 1));
  const typed = () => (isAtLineEnd() ? area.value.slice(lineStart(), area.selectionStart).trim() : "");
  const chosen = () => list.querySelector("[aria-selected=true]");

  function show(names) {
    const present = area.value.split("\n").map((line) => line.trim().toLowerCase());
    const options = names.filter((name) => !present.includes(name.toLowerCase())).map((name, index) => {
      const option = document.createElement("div");
      Object.assign(option, { id: `${list.id}_${index}`, textContent: name });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.addEventListener("click", () => accept(option));
      return option;
    });
    list.replaceChildren(...options);
    list.hidden = options.length === 0;
    area.removeAttribute("aria-activedescendant");
    if (list.hidden) return;
    list.scrollIntoView({ block: "nearest" });
    announce(area.dataset.suggestFound.replace("%s", options.length));
  }

  function choose(step) {
    const options = [...list.children];
    const last = options.indexOf(chosen());
    const next = last < 0 && step < 0 ? options.length - 1 : (last + step + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === next)));
    area.setAttribute("aria-activedescendant", options[next].id);
  }

  function accept(option) {
    const following = area.value[area.selectionEnd] === "\n" ? "" : "\n";
    area.setRangeText(option.textContent + following, lineStart(), area.selectionEnd, "end");
    show([]);
  }

  let timer;
  async function suggest() {
    const text = typed();
    try {
      const url = `${area.dataset.suggest}?${new URLSearchParams({ q: text })}`;
      const { names } = text.length > 1 ? await (await fetch(url)).json() : { names: [] };
      if (typed() === text) show(names);
    } catch {
      show([]); // The session has ended: what is typed is still saved after signing in again.
    }
  }

  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, 200);
  });
  area.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(1);
    else if (event.key === "ArrowUp") choose(-1);
    else if (event.key === "Enter" && chosen()) accept(chosen());
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
  area.addEventListener("blur", () => { clearTimeout(timer); show([]); });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
}

for (const area of document.querySelectorAll("textarea[data-suggest]")) setUpSuggestions(area);

// On the page of a row, the first field has the focus, but what stands above it remains in view.
if (document.activeElement === document.body && matchMedia("(min-width: 60.01rem)").matches) {
  const field = document.querySelector("form[data-focus] .row :is(input, select, textarea)");
  field?.focus({ preventScroll: true });
}

// Leaving a form with changes asks first; so does a form that comes back with errors.
for (const form of document.querySelectorAll("form.form, form[data-asks]")) {
  const values = () => new URLSearchParams(new FormData(form)).toString();
  const saved = form.querySelector(".errors, [aria-invalid]") ? null : values();
  let isSent = false;
  form.addEventListener("submit", () => { isSent = true; });
  addEventListener("pageshow", () => { isSent = false; });
  addEventListener("beforeunload", (event) => {
    if (!isSent && values() !== saved) event.preventDefault();
  });
}
