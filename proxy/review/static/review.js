"use strict";
// Everything works without this script. It keeps the page live and saves some steps.

const byId = (id) => document.getElementById(id);
const PAUSE = 400;

function wait(due) {
  const seconds = (new Date(due) - Date.now()) / 1000;
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const hours = Math.floor(minutes / 60);
  const span = minutes < 60 ? `${minutes} min`
    : hours < 10 ? `${hours} h ${minutes % 60} min` : hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
  return `${span} ${seconds >= 0 ? "left" : "overdue"}`;
}

function turnClocks() {
  for (const time of document.querySelectorAll("time.due")) {
    const said = wait(time.dateTime);
    if (time.textContent !== said) time.textContent = said;
    if (said.endsWith("overdue")) time.closest("tr")?.classList.add("overdue");
  }
}

function ticked() {
  return new Set([...document.querySelectorAll("input[name=case]:checked")].map((box) => box.value));
}

// Take the live parts of the page anew; what is ticked and where the focus is stay.
async function refresh() {
  const answer = await fetch(location.href, { headers: { "X-Handrail-Refresh": "1" } });
  if (answer.redirected) location.assign(answer.url);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const kept = ticked();
  const focused = document.activeElement;
  const label = focused?.closest("[data-live]") ? focused.getAttribute("aria-label") : null;
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (other) part.replaceWith(document.importNode(other, true));
  }
  for (const box of document.querySelectorAll("input[name=case]")) box.checked = kept.has(box.value);
  if (label) document.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
}

function listen() {
  const live = byId("live");
  const shown = location.pathname.match(/^\/review\/exchanges\/(.+)$/)?.[1];
  let pending = null;
  let escalated = 0;
  let fresh = 0;
  let source = null;
  const soon = () => {
    pending ??= setTimeout(async () => {
      pending = null;
      await refresh();
      if (escalated) live.textContent = `${escalated} new ${escalated === 1 ? "escalation" : "escalations"}.`;
      else if (fresh) live.textContent = `${fresh} new ${fresh === 1 ? "exchange" : "exchanges"}.`;
    }, PAUSE);
  };
  const hear = (event) => {
    const news = JSON.parse(event.data);
    if (shown) {
      const said = { claimed: "was claimed", released: "was released", reviewed: "was reviewed", deleted: "was deleted" };
      if (news.exchange === shown && said[news.kind]) live.textContent = `This exchange ${said[news.kind]}. Reload to see it.`;
      return;
    }
    if (news.kind === "new") {
      fresh += 1;
      if (news.escalate) escalated += 1;
    }
    soon();
  };
  // Browsers keep few connections to one server: only the page that is looked at listens.
  const turn = () => {
    if (document.visibilityState === "hidden") {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource("/review/events");
      source.addEventListener("news", hear);
      source.addEventListener("open", () => {
        document.documentElement.dataset.listening = "yes";
        if (!shown) soon();
      });
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
}

// A long note must not be lost to a sign-in that ends while it is written.
function stayWhileTyping() {
  let told = Date.now();
  byId("note")?.addEventListener("input", () => {
    if (Date.now() - told < 60000) return;
    told = Date.now();
    fetch("/review/here");
  });
}

function revealInPlace() {
  const link = byId("reveal");
  link?.addEventListener("click", (event) => {
    if (link.dataset.noted !== "yes") return;
    event.preventDefault();
    const veils = [...document.querySelectorAll("details.veiled")];
    const open = !veils.every((veil) => veil.open);
    for (const veil of veils) veil.open = open;
    link.textContent = open ? "Hide all texts" : "Show all texts";
  });
  if (link && new URLSearchParams(location.search).get("show") === "all") link.dataset.noted = "yes";
}

function tickAll() {
  const button = byId("tick-all");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll("input[name=case]")];
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
  });
}

function askOnlyWhatMatters() {
  const parts = document.querySelectorAll(".if-harmful");
  const choose = () => {
    const no = document.querySelector("input[name=harmful]:checked")?.value === "no";
    for (const part of parts) part.disabled = no;
  };
  for (const radio of document.querySelectorAll("input[name=harmful]")) radio.addEventListener("change", choose);
  if (parts.length) choose();
}

byId("problems")?.focus();
if (byId("live")) listen();
revealInPlace();
tickAll();
askOnlyWhatMatters();
stayWhileTyping();
setInterval(turnClocks, 15000);
