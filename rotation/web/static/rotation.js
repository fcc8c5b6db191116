// Comfort only: every page does all of its work without this file (docs/dashboard.md).
(() => {
  "use strict";

  const spans = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const day = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" });
  const minute = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
  // The server's clock counts: a reader's may be wrong, and the sandbox's is moved.
  const served = Date.parse(document.documentElement.dataset.now || "");
  const started = performance.now();
  const now = () => (Number.isNaN(served) ? Date.now() : served + performance.now() - started);

  const away = (at) => {
    const seconds = (at - now()) / 1000;
    const [unit, length] = spans.find(([, size]) => Math.abs(seconds) >= size) || spans[3];
    return relative.format(Math.trunc(seconds / length), unit);
  };

  const local = (time) => {
    const at = new Date(time.dateTime);
    if (!time.title) time.title = time.textContent.trim();
    time.textContent = (time.dataset.show === "day" ? day : minute).format(at);
  };

  const tell = (time) => {
    time.textContent = away(new Date(time.dateTime));
  };

  const tick = () => document.querySelectorAll("time[data-show=away]").forEach(tell);

  document.querySelectorAll("time[data-show=instant]").forEach(local);
  tick();
  setInterval(tick, 20000);

  document.querySelectorAll("button[data-copy]").forEach((button) => {
    button.hidden = false;
    const word = button.querySelector("span");
    const before = word.textContent;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        word.textContent = "copied";
        button.classList.add("done");
      } catch {
        word.textContent = "select it by hand";
      }
      setTimeout(() => {
        word.textContent = before;
        button.classList.remove("done");
      }, 2000);
    });
  });

  // One click is enough. The server takes a form once, whatever is clicked.
  document.querySelectorAll("form[method=post]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      form.querySelectorAll("button:not([type=button])").forEach((button) => {
        button.setAttribute("aria-disabled", "true");
      });
    });
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("button[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
    });
  });
})();
