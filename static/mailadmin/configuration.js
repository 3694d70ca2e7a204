// Copy buttons, and buttons that expand or collapse all files. A file with a hidden password is
// fetched first, with the same logged POST as a download. Without JavaScript, only downloads work.
"use strict";

const messages = () => document.querySelector(".configuration").dataset;

async function textToCopy(button, block) {
  if (!("secret" in button.dataset)) return block.textContent;
  const response = await fetch(button.form.action, { method: "POST", body: new FormData(button.form) });
  if (!response.ok || response.redirected) {
    // The session has ended, or the password must be entered again.
    response.redirected ? location.assign(response.url) : location.reload();
    throw new Error(response.statusText);
  }
  return response.text();
}

function select(element) {
  element.closest("details")?.setAttribute("open", "");
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

function showCopied(button) {
  const label = button.querySelector("span");
  label.dataset.original ??= label.textContent;
  label.textContent = messages().copied;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { label.textContent = label.dataset.original; }, 2000);
  window.announce?.(messages().copied);
}

async function copy(button) {
  const block = button.closest(".file, .command").querySelector("pre");
  try {
    await navigator.clipboard.writeText(await textToCopy(button, block));
    showCopied(button);
  } catch {
    select(block);
    window.announce?.(messages().failed);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});

// The doctor's page loads this early: its buttons arrive one by one.
function showCopyButtons() {
  for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
}
showCopyButtons();
if (document.readyState === "loading") {
  const arrivals = new MutationObserver(showCopyButtons);
  arrivals.observe(document, { childList: true, subtree: true });
  addEventListener("DOMContentLoaded", () => arrivals.disconnect());
}

for (const button of document.querySelectorAll("button[data-fold]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const fold of document.querySelectorAll(".file details")) fold.open = button.dataset.fold === "open";
    announce(button.dataset.announce);
  });
}

// Following a link to a file or a fold expands it.
function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const fold = target && (target.closest("details") ?? target.querySelector("details"));
  if (fold) fold.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
