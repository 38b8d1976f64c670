// What moves on the pages: htmx for parts from the server; dialogs, copies, times and the count of edits here.
import htmx from "htmx.org";
import { force, takeUploads } from "./artifacts.js";
import { listen as listenToComboboxes } from "./combobox.js";
import { find } from "./find.js";
import { keepEdits, takeFiles } from "./hadoop.js";
import { listen as listenToParts, move } from "./parts.js";
import { askFirst, countUnsaved, guard } from "./unsaved.js";
import { takeXmlFiles } from "./xml_files.js";

function say(text) {
  find("#said").textContent = text;
}

// --- times: in the reader's zone, the exact moment on hover ---

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function showTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    time.textContent = moments.format(new Date(time.dateTime));
  }
  for (const option of within.querySelectorAll("option[data-moment]")) {
    const { moment } = option.dataset;
    const at = option.textContent.lastIndexOf(moment); // a run may be named by its moment, and keeps its name
    if (at < 0) continue; // it is shown already
    const [before, behind] = [option.textContent.slice(0, at), option.textContent.slice(at + moment.length)];
    option.textContent = before + moments.format(new Date(moment)) + behind;
    delete option.dataset.moment;
  }
}

// --- what was done a moment ago is told once: neither a reload nor a link that is passed on tells it again ---

function forgetTold() {
  const address = new URL(window.location.href);
  for (const name of ["saved", "told", "deleted", "restored"]) address.searchParams.delete(name);
  if (address.href !== window.location.href) history.replaceState(history.state, "", address);
}

// --- lines of a log: what went wrong stands at their end ---

function showEnds(within) {
  for (const lines of within.querySelectorAll("pre[data-end]")) lines.scrollTop = lines.scrollHeight;
}

document.addEventListener("toggle", (event) => showEnds(event.target), true); // folded, they can't be scrolled

// --- out of the frame: its sandbox forbids to lead the outer page elsewhere, a click there does not ---

function leave(address) {
  const target = new URL(address, window.location.href);
  if (!["http:", "https:"].includes(target.protocol)) return; // a script would run as Airflow's own
  const outer = window.parent.document;
  const link = outer.createElement("a");
  link.href = target.href;
  outer.body.append(link);
  link.click();
  link.remove();
}

function copy(element) {
  const text = element.textContent;
  const done = () => say("Copied");
  if (navigator.clipboard) {
    navigator.clipboard.writeText(text).then(done, () => selectAll(element));
  } else {
    selectAll(element); // no clipboard without https: what is selected, Ctrl-C copies
  }
}

function selectAll(element) {
  window.getSelection().selectAllChildren(element);
  say("Selected: copy it with Ctrl-C");
}

// --- edits ---

function countEdits() {
  const bar = find(".savebar");
  if (!bar) return;
  const edits = countUnsaved();
  bar.hidden = edits === 0;
  find("[data-counts]", bar).textContent = edits === 1 ? "1 edit" : `${edits} edits`;
}

let typedNote = "";

function keepNote(part) {
  const note = find('[name="note"]', part);
  if (!note) return;
  note.value = typedNote;
  note.addEventListener("input", () => (typedNote = note.value));
}

// Somebody saved meanwhile. Where his word was chosen, the row shows it in place of the edit; all other edits stay.
async function rebase(form) {
  for (const taken of form.querySelectorAll('[value="theirs"]:checked')) await takeTheirs(taken.dataset);
  find('#edits [name="parent"]').value = form.dataset.rebase;
  find("#notice").replaceChildren();
  countEdits();
  if (countUnsaved()) htmx.trigger("#edits", "submit");
  else window.location.assign(find("[data-drops]").href);
}

function takeTheirs({ edit, now }) {
  const row = find(`#edits [name="row"][value="${CSS.escape(edit)}"]`);
  const place = row ? row.closest("tr") : document.getElementById(`part-${edit}`);
  if (now) return htmx.ajax("GET", now, { target: place, swap: "outerHTML" });
  place.remove();
}

// --- what the reader folded or unfolded stays so when its part is refreshed ---

const unfolded = new Map();

function keepFold(summary) {
  const part = summary.parentElement;
  if (part.id) unfolded.set(part.id, !part.open); // the click turns it after this
}

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, open] of unfolded) {
    const part = document.getElementById(id);
    if (part) part.open = open;
  }
});

// What was pasted: each row takes the place of the one that shows the setting, else it is the last of its table.
function placeRows(part) {
  for (const template of part.querySelectorAll("template[data-rows]")) {
    const table = document.getElementById(template.dataset.rows);
    for (const row of [...template.content.children]) {
      const shown = document.getElementById(row.id);
      if (shown) shown.replaceWith(row);
      else table.append(row);
      htmx.process(row);
    }
    template.remove();
  }
}

function markFault(told) {
  const value = find('[name^="value."]', told.closest("tr"));
  value.setAttribute("aria-invalid", String(find(".fault", told) !== null));
}

// --- one listener for all controls ---

const CONTROLS = {
  "[data-opens]": (control) => {
    const dialog = document.getElementById(control.dataset.opens);
    if (control.dataset.fills) find(`[name="${control.dataset.fills}"]`, dialog).value = control.dataset.value;
    const forced = find('[name="force"]', dialog);
    if (forced) forced.value = ""; // a refusal that was answered before was another's
    find("#notice").replaceChildren();
    dialog.showModal();
  },
  summary: keepFold,
  "[data-closes]": (control) => control.closest("dialog")?.close(),
  "[data-dismiss]": () => find("#notice").replaceChildren(),
  "[data-copies]": (control) => copy(document.getElementById(control.dataset.copies)),
  "[data-forces]": force,
  "[data-moves]": (control) => move(control, say),
  "[data-removes]": (control) => {
    control.closest(control.dataset.removes).remove();
    countEdits();
  },
};

document.addEventListener("click", (event) => {
  const leaving = event.target.closest("a[data-leave]");
  if (leaving && window.parent !== window && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    leave(leaving.href);
    return;
  }
  for (const [selector, act] of Object.entries(CONTROLS)) {
    const control = event.target.closest(selector);
    if (control) act(control);
  }
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-rebase]")) return;
  event.preventDefault();
  rebase(event.target);
});

function lead(select) {
  const stay = () => (select.value = find("option[selected]", select).value);
  askFirst(() => window.location.assign(select.value), stay);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-leads]")) lead(event.target);
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// --- parts from the server ---

// Below an open dialog nothing is seen: what went wrong is told where the reader looks.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) placeNotice();
});

function placeNotice() {
  const dialog = find("dialog[open]");
  if (dialog) dialog.append(find("#notice"));
  else find(".foot").prepend(find("#notice"));
}

// One foot holds both, so that neither covers the other.
function placeSavebar() {
  const bar = find(".savebar");
  if (bar) find(".foot").append(bar);
}

document.addEventListener("htmx:sendError", () => {
  placeNotice();
  find("#notice").textContent = "The server does not answer. What you typed is still here; try again.";
});

document.addEventListener("htmx:afterSettle", (event) => {
  showTimes(event.target.parentElement ?? document);
  showEnds(event.target.parentElement ?? document);
  if (event.detail.target.id === "paste-body") placeRows(event.detail.target);
  if (event.detail.target.matches(".told")) markFault(event.detail.target);
  countEdits();
  if (event.detail.target.id === "review-body") {
    find("#notice").replaceChildren();
    keepNote(event.detail.target);
    const dialog = find("#review");
    if (!dialog.open) dialog.showModal();
  }
});

document.addEventListener("uploaded", () => {
  htmx.ajax("GET", location.href, { target: "#listed", select: "#listed", swap: "outerHTML" });
});

// A list that refreshes itself rests while nobody sees it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const polls = event.detail.elt.getAttribute("hx-trigger")?.startsWith("every");
  if (polls && document.hidden) event.preventDefault();
});

listenToComboboxes(say);
listenToParts();
keepEdits();

document.addEventListener("DOMContentLoaded", () => {
  showTimes(document);
  showEnds(document);
  forgetTold();
  placeSavebar();
  countEdits();
  guard();
  takeUploads(say, showTimes);
  takeXmlFiles(say);
  takeFiles(say, countEdits);
});
