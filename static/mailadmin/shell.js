// What every page has: the theme switch, what is said aloud, the keys / and Escape, and times in the
// zone of whoever looks.
"use strict";

window.say = (text) => {
  const region = document.getElementById("said");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
};

const themes = document.querySelectorAll("button[data-choose-theme]");

function showTheme() {
  const chosen = document.documentElement.dataset.theme || "auto";
  for (const button of themes) {
    button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === chosen));
  }
}

for (const button of themes) {
  button.closest("[hidden]")?.removeAttribute("hidden");
  button.addEventListener("click", () => {
    const theme = button.dataset.chooseTheme;
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // It holds for this page, then.
    }
    showTheme();
  });
}
showTheme();

const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});
for (const time of document.querySelectorAll("time[datetime*=T]")) {
  time.textContent = clock.format(new Date(time.dateTime));
}

// Work on many rows is done in parts; without JavaScript one presses the button.
document.querySelector("form[data-goes-on]")?.requestSubmit();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
  if (event.key === "/" && !typing) {
    const search = document.querySelector("#searchbar") || document.querySelector("#find");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
  if (event.key === "Escape") {
    document.querySelector(".account details[open]")?.removeAttribute("open");
    if (location.hash === "#menu") {
      location.hash = "content";
      document.getElementById("open-menu").focus();
    }
  }
});
