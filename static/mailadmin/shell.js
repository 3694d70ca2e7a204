// On every page: the theme switch, announcements to screen readers, the search and Escape keys, and
// times in the viewer's time zone.
"use strict";

window.announce = (text) => {
  const region = document.getElementById("announcements");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
};

const themes = document.querySelectorAll("button[data-choose-theme]");

function showTheme() {
  const current = document.documentElement.dataset.theme || "auto";
  for (const button of themes) {
    button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === current));
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
      // Without storage, it applies to this page only.
    }
    showTheme();
  });
}
showTheme();

// As mailadmin/formats writes them: "en" alone would mean the American order.
const language = document.documentElement.lang;
const timeFormat = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
  day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
});
for (const time of document.querySelectorAll("time[datetime*=T]")) {
  time.textContent = timeFormat.format(new Date(time.dateTime));
}

// Bulk actions run in batches. Without JavaScript, the administrator presses Continue.
document.querySelector("form[data-autosubmit]")?.requestSubmit();

// The / key works outside of text fields and can be turned off; Ctrl+K works everywhere.
const shortcutSwitch = document.querySelector("button[data-search-shortcut]");

function shortcutEnabled() {
  try {
    return localStorage.getItem("slash") !== "off";
  } catch {
    return true;
  }
}

if (shortcutSwitch) {
  shortcutSwitch.hidden = false;
  shortcutSwitch.setAttribute("aria-pressed", String(shortcutEnabled()));
  shortcutSwitch.addEventListener("click", () => {
    try {
      localStorage.setItem("slash", shortcutEnabled() ? "off" : "on");
    } catch {
      // Without storage, it stays on.
    }
    shortcutSwitch.setAttribute("aria-pressed", String(shortcutEnabled()));
  });
}

function focusSearch() {
  const search = document.querySelector("#searchbar") || document.querySelector("#search-everything");
  if (!search) return false;
  if (!search.checkVisibility()) location.hash = "menu";
  updateInert();
  search.focus();
  search.select();
  return true;
}

// On a narrow screen the open menu covers the page, so the page becomes inert.
const page = document.querySelector(".page");
const narrow = matchMedia("(max-width: 60rem)");

function updateInert() {
  if (page) page.inert = narrow.matches && location.hash === "#menu";
}

updateInert();
addEventListener("hashchange", updateInert);
narrow.addEventListener("change", updateInert);

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    if (focusSearch()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
  if (event.key === "/" && !typing && shortcutEnabled() && focusSearch()) event.preventDefault();
  if (event.key === "Escape") {
    const account = document.querySelector(".account details[open]");
    if (account) {
      account.removeAttribute("open");
      account.querySelector("summary").focus();
    }
    if (location.hash === "#menu") {
      location.hash = "content";
      updateInert();
      document.getElementById("open-menu").focus();
    }
  }
});

for (const print of document.querySelectorAll("button[data-print]")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// A form is sent once, also if its button is pressed twice; downloads leave the page as it is.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  const button = event.submitter;
  const settle = () => {
    delete form.dataset.sent;
    button?.removeAttribute("aria-busy");
  };
  form.dataset.sent = "yes";
  button?.setAttribute("aria-busy", "true");
  setTimeout(settle, 5000);
  addEventListener("pageshow", settle, { once: true });
});
