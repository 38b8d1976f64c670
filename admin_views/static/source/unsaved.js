// Edits that are not saved: whoever is about to leave them is asked, wherever the way out begins.
import { find } from "./find.js";

export const countUnsaved = () => document.querySelectorAll('#edits :is([name="row"], [name="part"])').length;

let leaving = false;

// The page goes on to where the edits have gone, or they are to be dropped: nothing is asked any more.
export function release() {
  leaving = true;
}

const asks = () => !leaving && countUnsaved() > 0;

const LEAVE = { title: "Leave this page?", drops: "Leave and drop them", stays: "Stay" };
const DROP = { title: "Drop all edits?", drops: "Drop them", stays: "Keep them" };

function worded(words) {
  const dialog = find("#leaving");
  find("h2", dialog).textContent = words.title;
  find('[value="leave"]', dialog).textContent = words.drops;
  find('[value="stay"]', dialog).textContent = words.stays;
  return dialog;
}

// Stay is the answer to Escape, too. A frame's sandbox blocks the browser's own question, so this is ours.
export function askFirst(go, stay = () => {}, words = LEAVE) {
  if (!asks()) return go();
  const dialog = worded(words);
  const count = countUnsaved();
  find("[data-unsaved]", dialog).textContent = count === 1 ? "1 edit is not saved." : `${count} edits are not saved.`;
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue !== "leave") return stay();
      release();
      go();
    },
    { once: true },
  );
  dialog.showModal();
}

function hold(event) {
  if (!asks()) return;
  event.preventDefault();
  event.returnValue = true; // what older browsers look at
}

function leads(link) {
  return link && !link.hasAttribute("download") && link.target !== "_blank" && !link.getAttribute("href")?.startsWith("#");
}

function holdClick(event) {
  const link = event.target.closest?.("a[href]");
  if (!leads(link) || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || !asks()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  askFirst(() => link.click(), undefined, link.matches("[data-drops]") ? DROP : LEAVE);
}

function holdSubmit(event) {
  const form = event.target;
  if (!form.matches('[data-leaves], [method="get"]') || !asks()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  askFirst(() => form.requestSubmit(event.submitter));
}

export function guard() {
  if (!find("#leaving")) return;
  document.addEventListener("click", holdClick, true);
  document.addEventListener("submit", holdSubmit, true);
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) release();
  });
  window.addEventListener("beforeunload", hold);
  if (window.parent === window) return;
  // Airflow's own menu, a reload or the tab's end take the frame along, without a word to it
  const outer = window.parent;
  outer.document.addEventListener("click", holdClick, true);
  outer.addEventListener("beforeunload", hold);
  window.addEventListener("pagehide", () => {
    outer.document.removeEventListener("click", holdClick, true);
    outer.removeEventListener("beforeunload", hold);
  });
}
