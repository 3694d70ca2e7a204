// Forms: the password buttons and strength meter, and the preview of an address.
"use strict";

const CHARACTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

function randomCharacter() {
  const limit = 256 - (256 % CHARACTERS.length);
  for (;;) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < limit) return CHARACTERS[byte % CHARACTERS.length];
  }
}

// Twenty out of 57 characters are 116 bits of entropy; the groups make it easier to type.
function generate() {
  const groups = Array.from({ length: 4 }, () => Array.from({ length: 5 }, randomCharacter).join(""));
  return groups.join("-");
}

// A rough estimate: length adds to the score, repeated and consecutive characters don't.
function strength(password) {
  if ([...password].length < 12) return 0;
  let distinct = 1;
  for (let i = 1; i < password.length; i += 1) {
    const step = password.charCodeAt(i) - password.charCodeAt(i - 1);
    if (Math.abs(step) > 1) distinct += 1;
  }
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
  const points = Math.min(distinct, new Set(password).size * 2) + kinds * 2;
  return points < 14 ? 1 : points < 22 ? 2 : 3;
}

function setUp(box) {
  const input = box.querySelector("input");
  const confirmation = document.getElementById(box.dataset.confirmation);
  const meter = box.querySelector(".strength");
  const [show, generateButton, copy] = box.querySelectorAll("button");
  const levels = box.dataset.levels.split("|");
  box.querySelector(".buttons").hidden = false;

  function setVisible(visible) {
    for (const field of [input, confirmation]) field.type = visible ? "text" : "password";
    show.querySelector("span").textContent = visible ? box.dataset.hideLabel : box.dataset.showLabel;
  }

  function updateStrength() {
    meter.hidden = input.value === "";
    const level = strength(input.value);
    const bar = meter.querySelector("progress");
    bar.value = Math.max(level, 0.3);
    bar.className = `bar ${["bad", "warn", "warn", "good"][level]}`;
    const verdict = box.dataset.strength.replace("%s", levels[level]);
    const text = meter.querySelector("span");
    if (text.textContent !== verdict) text.textContent = verdict;
  }

  show.addEventListener("click", () => setVisible(input.type === "password"));
  generateButton.addEventListener("click", () => {
    input.value = generate();
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
