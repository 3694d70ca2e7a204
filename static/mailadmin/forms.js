// Forms: the password's buttons and its strength, and the address as it will be.
"use strict";

const LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

function letter() {
  const most = 256 - (256 % LETTERS.length);
  for (;;) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < most) return LETTERS[byte % LETTERS.length];
  }
}

// Twenty letters of 57 are 116 bits; the groups are for those who have to type them.
function generate() {
  const groups = Array.from({ length: 4 }, () => Array.from({ length: 5 }, letter).join(""));
  return groups.join("-");
}

// A rough estimate, and an honest one: length counts, and repeated or neighbouring letters do not.
function strength(password) {
  if ([...password].length < 12) return 0;
  let useful = 1;
  for (let place = 1; place < password.length; place += 1) {
    const step = password.charCodeAt(place) - password.charCodeAt(place - 1);
    if (Math.abs(step) > 1) useful += 1;
  }
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
  const points = Math.min(useful, new Set(password).size * 2) + kinds * 2;
  return points < 14 ? 1 : points < 22 ? 2 : 3;
}

function setUp(box) {
  const input = box.querySelector("input");
  const twin = document.getElementById(box.dataset.twin);
  const meter = box.querySelector(".strength");
  const [show, make, copy] = box.querySelectorAll("button");
  const words = box.dataset.words.split("|");
  box.querySelector(".buttons").hidden = false;

  function reveal(visible) {
    for (const field of [input, twin]) field.type = visible ? "text" : "password";
    show.querySelector("span").textContent = visible ? box.dataset.shown : box.dataset.hidden;
  }

  function judge() {
    meter.hidden = input.value === "";
    const degree = strength(input.value);
    const bar = meter.querySelector("progress");
    bar.value = Math.max(degree, 0.3);
    bar.className = `bar ${["bad", "warn", "warn", "good"][degree]}`;
    const verdict = box.dataset.strength.replace("%s", words[degree]);
    const said = meter.querySelector("span");
    if (said.textContent !== verdict) said.textContent = verdict;
  }

  show.addEventListener("click", () => reveal(input.type === "password"));
  make.addEventListener("click", () => {
    input.value = generate();
    twin.value = input.value;
    reveal(true);
    judge();
    say(box.dataset.made);
  });
  const label = copy.querySelector("span");
  const usual = label.textContent;
  copy.addEventListener("click", async () => {
    if (input.value === "") {
      input.focus();
      say(box.dataset.empty);
      return;
    }
    try {
      await navigator.clipboard.writeText(input.value);
      label.textContent = box.dataset.copied;
      say(box.dataset.copied);
      setTimeout(() => { label.textContent = usual; }, 2000);
    } catch {
      reveal(true);
      input.focus();
      input.select();
      say(box.dataset.failed);
    }
  });
  input.addEventListener("input", judge);
  // Browsers offer to keep what was typed into a password field, not what stood in a text field.
  input.form.addEventListener("submit", () => reveal(false));
}

for (const box of document.querySelectorAll(".password[data-twin]")) setUp(box);

// The tables hold müller.de as xn--mller-kva.de.
function inTables(address) {
  const start = address.lastIndexOf("@") + 1;
  try {
    return address.slice(0, start) + new URL(`http://${address.slice(start)}`).hostname;
  } catch {
    return address;
  }
}

for (const box of document.querySelectorAll(".address")) {
  const [name, domain] = box.querySelectorAll("input, select");
  const output = box.querySelector(".whole");
  const show = () => {
    const whole = name.value.includes("@") ? name.value : `${name.value}@${domain.value}`;
    const known = inTables(whole.trim().toLowerCase());
    output.textContent = /@./.test(known) ? box.dataset.whole.replace("%s", known) : "";
  };
  box.addEventListener("input", show);
  show();
}
