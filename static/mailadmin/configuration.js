// Copy buttons, and opening all files at once. A file with a hidden password is fetched first, by
// the same logged POST that a download makes; without JavaScript there are only the downloads.
"use strict";

const words = document.querySelector(".configuration")?.dataset;

async function contents(button, shown) {
  if (!("secret" in button.dataset)) return shown.textContent;
  const answer = await fetch(button.form.action, { method: "POST", body: new FormData(button.form) });
  if (!answer.ok || answer.redirected) {
    location.reload();  // the session has ended
    throw new Error(answer.statusText);
  }
  return answer.text();
}

function select(element) {
  element.closest("details")?.setAttribute("open", "");
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

function confirm(button) {
  const label = button.querySelector("span");
  label.dataset.usual ??= label.textContent;
  label.textContent = words.copied;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { label.textContent = label.dataset.usual; }, 2000);
  window.say(words.copied);
}

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const shown = button.closest(".file, .command").querySelector("pre");
    try {
      await navigator.clipboard.writeText(await contents(button, shown));
      confirm(button);
    } catch {
      select(shown);
      window.say(words.failed);
    }
  });
}

for (const button of document.querySelectorAll("button[data-fold]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const fold of document.querySelectorAll(".file details")) fold.open = button.dataset.fold === "open";
    window.say(button.dataset.said);
  });
}

// A link to a file opens it.
function openTarget() {
  const fold = location.hash && document.getElementById(location.hash.slice(1))?.querySelector("details");
  if (fold) fold.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
