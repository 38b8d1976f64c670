// Hadoop Configuration: files are sent when they are chosen or dropped, and each becomes a row to review; edits of
// properties outlive a search and the next page of the list.
import htmx from "htmx.org";
import { takeFrom } from "./dropped.js";
import { find } from "./find.js";

const ENDED = "Your session has ended: log in again in another tab, then try again.";
const SILENT = "The server does not answer; try again.";

// One file on its way: it becomes a row of the table, or stays in the queue and says why not.
class Sent {
  constructor(section, file, say, count) {
    Object.assign(this, { section, file, say, count });
    this.element = document.createElement("li");
    find("[data-queue]", section).append(this.element);
  }

  async send() {
    this.tell("is being checked…");
    const limit = Number(this.section.dataset.limit);
    if (!this.file.name.toLowerCase().endsWith(".xml")) return this.fail("Hadoop reads files that end with .xml");
    if (this.file.size > limit) {
      return this.fail(`has ${this.file.size.toLocaleString("en")} bytes, at most ${limit.toLocaleString("en")} are allowed`);
    }
    const answer = await fetch(this.section.dataset.sends + encodeURIComponent(this.file.name), {
      method: "POST",
      body: this.file,
      headers: { "HX-Request": "true", "Content-Type": "application/xml" },
    }).catch(() => null);
    if (!answer) return this.fail(SILENT, true);
    if (answer.status === 401) return this.fail(ENDED, true);
    const part = parsed(await answer.text());
    if (answer.ok) return this.arrive(part);
    const told = [...part.querySelectorAll("li, p")].map((one) => one.textContent.trim());
    this.fail(told.join("; ") || `was refused (${answer.status})`, answer.status >= 500);
  }

  arrive(part) {
    const row = find("tr", part);
    const shown = document.getElementById(row.id);
    if (shown) shown.replaceWith(row);
    else document.getElementById("rows-files").append(row);
    htmx.process(row);
    this.element.remove();
    this.count();
    this.say(`${this.file.name} is checked; review and save it`);
  }

  tell(text) {
    const name = document.createElement("code");
    name.textContent = this.file.name;
    const state = document.createElement("span");
    state.textContent = ` ${text}`;
    this.element.replaceChildren(name, state);
  }

  fail(text, passes = false) {
    this.element.classList.add("failed");
    this.tell(`was not taken: ${text}`);
    const tools = document.createElement("div");
    tools.className = "row-tools";
    if (passes) tools.append(this.button("Try again", "", () => this.again()));
    tools.append(this.button("Remove", "quiet", () => this.element.remove()));
    this.element.append(tools);
    this.say(`${this.file.name} was not taken`);
  }

  again() {
    this.element.classList.remove("failed");
    return this.send();
  }

  button(text, kind, act) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", textContent: text, className: kind, onclick: act });
    made.setAttribute("aria-label", `${text}: ${this.file.name}`);
    return made;
  }
}

// A row alone is no HTML outside a table: in a template it is.
function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

async function take(section, files, say, count) {
  const sent = files.map((file) => new Sent(section, file, say, count));
  for (const one of sent) await one.send();
}

export function takeFiles(say, count) {
  for (const section of document.querySelectorAll("[data-sends]")) {
    takeFrom(find("[data-drop]", section), (files) => take(section, files, say, count));
  }
}

// --- the list of properties: while there are edits, its search and its pages take its place, not the page's ---

const EDITED = "tr.edited, tr.dropped";
let kept = [];

function isEdited() {
  return document.querySelector(`#edits :is(${EDITED})`) !== null;
}

function stay(event, address) {
  if (!document.getElementById("listing") || !isEdited()) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // nothing is left, so nobody is to be asked (unsaved.js)
  history.replaceState(null, "", address);
  htmx.ajax("GET", address, { target: "#listing", swap: "innerHTML" });
}

// The rows with edits go where the list shows them, else to its top.
function placeEdits() {
  for (const row of kept) {
    const shown = document.getElementById(row.id);
    if (shown) shown.replaceWith(row);
    else document.getElementById("rows-edits").append(row);
  }
  kept = [];
}

export function keepEdits() {
  // the editor's text is stored and checked: now the review of it (here, because this bundle has htmx)
  document.addEventListener("staged", (event) => {
    const values = Object.fromEntries(new FormData(event.target));
    htmx.ajax("POST", event.target.dataset.review, { source: event.target, target: "#review-body", values });
  });
  const follow = (event) => {
    const link = event.target.closest?.("#listing .pager a, #listing .empty a, [data-lists] a");
    if (link && !event.ctrlKey && !event.metaKey) stay(event, link.href);
  };
  const look = (event) => {
    if (!event.target.matches("[data-lists]")) return;
    stay(event, `${event.target.action}?${new URLSearchParams(new FormData(event.target))}`);
  };
  document.addEventListener("click", follow, true);
  document.addEventListener("submit", look, true);
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "listing" || !event.detail.shouldSwap) return;
    kept = [...event.detail.target.querySelectorAll(EDITED)];
    for (const row of kept) row.remove();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "listing") placeEdits();
  });
}
