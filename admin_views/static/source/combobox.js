// Text fields with proposals: the ARIA pattern "combobox with a list box". htmx fills the list; keys and clicks here.
// The list is a popover, because the tables scroll sideways and would cut it off.

const isBox = (element) => element instanceof HTMLElement && element.matches('[role="combobox"]');
const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
const optionsOf = (list) => [...list.querySelectorAll('[role="option"]')];
const isOpen = (input) => input.getAttribute("aria-expanded") === "true";

function place(input, list) {
  const field = input.getBoundingClientRect();
  const left = Math.max(8, Math.min(field.left, window.innerWidth - list.offsetWidth - 8));
  const below = window.innerHeight - field.bottom;
  const above = below < list.offsetHeight && field.top > below;
  list.style.left = `${left}px`;
  list.style.top = `${above ? Math.max(8, field.top - list.offsetHeight - 2) : field.bottom + 2}px`;
}

function close(input) {
  const list = listOf(input);
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  if (list?.matches(":popover-open")) list.hidePopover();
}

function open(input) {
  const list = listOf(input);
  if (!optionsOf(list).length) return close(input);
  if (!list.matches(":popover-open")) list.showPopover();
  list.scrollTop = 0;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
  place(input, list);
}

function mark(input, option) {
  for (const other of optionsOf(listOf(input))) other.setAttribute("aria-selected", String(other === option));
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function step(input, by) {
  if (!isOpen(input)) return open(input);
  const options = optionsOf(listOf(input));
  const at = options.findIndex((option) => option.id === input.getAttribute("aria-activedescendant"));
  const first = by > 0 ? 0 : options.length - 1;
  mark(input, options[at < 0 ? first : (at + by + options.length) % options.length]);
}

function choose(input, option) {
  input.value = option.dataset.value;
  close(input);
  input.dispatchEvent(new Event("change", { bubbles: true })); // the row looks up what it is now
  input.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
}

const KEYS = {
  ArrowDown: (input) => step(input, 1),
  ArrowUp: (input) => step(input, -1),
  Enter: (input) => {
    const option = document.getElementById(input.getAttribute("aria-activedescendant"));
    if (option) choose(input, option);
    else close(input); // and no review by accident
  },
  Escape: (input) => close(input),
};

// Enter without an option chosen searches: a filter may hold any name, and a search loses nothing.
function submits({ key, target }) {
  return key === "Enter" && !target.hasAttribute("aria-activedescendant") && target.form?.getAttribute("role") === "search";
}

function follow() {
  const input = document.activeElement;
  if (isBox(input) && isOpen(input)) place(input, listOf(input));
}

export function listen(say) {
  document.addEventListener("keydown", (event) => {
    if (!isBox(event.target) || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Tab") close(event.target);
    if (!(event.key in KEYS) || (event.key === "Escape" && !isOpen(event.target))) return;
    if (submits(event)) return close(event.target);
    event.preventDefault();
    KEYS[event.key](event.target);
  });
  document.addEventListener("focusout", (event) => {
    if (isBox(event.target)) close(event.target);
  });
  // A press on an option would take the focus, and so close the list, before it is a click.
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.(".keys")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest?.('.keys [role="option"]');
    if (option) choose(document.querySelector(`[aria-controls="${CSS.escape(option.parentElement.id)}"]`), option);
  });
  for (const moved of ["scroll", "resize"]) {
    window.addEventListener(moved, follow, true);
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    const list = event.detail.target;
    if (!list.matches?.(".keys")) return;
    const input = document.querySelector(`[aria-controls="${CSS.escape(list.id)}"]`);
    if (document.activeElement !== input) return;
    open(input);
    const count = optionsOf(list).length;
    const noun = list.dataset.noun ?? "proposal";
    say(count ? `${count} ${noun}${count === 1 ? "" : "s"}; arrow keys choose` : `No ${noun} fits`);
  });
}
