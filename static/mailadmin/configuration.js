// Copy buttons of the configuration page. A file with a hidden password is fetched first, by the
// same logged POST that a download makes; without JavaScript there are only the downloads.
"use strict";

const status = document.getElementById("copied");

function say(text) {
  status.textContent = "";
  requestAnimationFrame(() => { status.textContent = text; });
}

async function contents(form, shown, secret) {
  if (!secret) return shown.textContent;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
  if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
  return answer.text();
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const shown = button.closest("section").querySelector("pre");
    try {
      const text = await contents(button.form, shown, button.dataset.secret === "yes");
      await navigator.clipboard.writeText(text);
      say(button.dataset.copied);
    } catch {
      select(shown);
      say(button.dataset.failed);
    }
  });
}
