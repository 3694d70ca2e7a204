// Runs before the page is painted: applies the theme chosen in this browser, or the system's.
"use strict";
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage, follow the system.
}
