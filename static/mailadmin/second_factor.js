// Passkeys, which need JavaScript.
"use strict";

// Browsers offer no passkeys without HTTPS (except on localhost) or under an IP address.
const isAddress = /^[\d.]+$|:/.test(location.hostname);
const hasPasskeys = isSecureContext && "PublicKeyCredential" in window && !isAddress;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!hasPasskeys) continue;
  form.hidden = false;
  form.querySelector("[autofocus]")?.focus();
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
  const message = form.querySelector("p.errors");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    message.textContent = "";
    try {
      const credential = await webauthnJSON[form.dataset.passkey](JSON.parse(form.dataset.options));
      form.elements.credential.value = JSON.stringify(credential);
    } catch {
      message.textContent = form.dataset.failed;
      return;
    }
    form.submit();
  });
}
