// What every page has: the theme switch, what is said aloud, the keys for search and Escape, and
// times in the zone of whoever looks.
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

// The key / works where nothing is typed, and can be switched off; Ctrl+K works everywhere.
const slash = document.querySelector("button[data-slash]");

function slashWorks() {
  try {
    return localStorage.getItem("slash") !== "off";
  } catch {
    return true;
  }
}

if (slash) {
  slash.hidden = false;
  slash.setAttribute("aria-pressed", String(slashWorks()));
  slash.addEventListener("click", () => {
    try {
      localStorage.setItem("slash", slashWorks() ? "off" : "on");
    } catch {
      // It stays on, then.
    }
    slash.setAttribute("aria-pressed", String(slashWorks()));
  });
}

function goToSearch() {
  const search = document.querySelector("#searchbar") || document.querySelector("#find");
  if (!search) return false;
  if (!search.checkVisibility()) location.hash = "menu";
  coverPage();
  search.focus();
  search.select();
  return true;
}

// On a narrow screen the open menu covers the page, which then is out of reach.
const page = document.querySelector(".page");
const narrow = matchMedia("(max-width: 60rem)");

function coverPage() {
  if (page) page.inert = narrow.matches && location.hash === "#menu";
}

coverPage();
addEventListener("hashchange", coverPage);
narrow.addEventListener("change", coverPage);

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    if (goToSearch()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
  if (event.key === "/" && !typing && slashWorks() && goToSearch()) event.preventDefault();
  if (event.key === "Escape") {
    const account = document.querySelector(".account details[open]");
    if (account) {
      account.removeAttribute("open");
      account.querySelector("summary").focus();
    }
    if (location.hash === "#menu") {
      location.hash = "content";
      coverPage();
      document.getElementById("open-menu").focus();
    }
  }
});
