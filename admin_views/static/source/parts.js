// What a group has beside its tables: lists whose order counts, and files that come within the form.
import { find } from "./find.js";

// An entry of a list goes one place up or down; the control keeps the focus, so that it may go on.
export function move(control, say) {
  const item = control.closest("[data-item]");
  const [up, other] =
    control.dataset.moves === "up" ? [true, item.previousElementSibling] : [false, item.nextElementSibling];
  if (other && up) other.before(item);
  else if (other) other.after(item);
  control.focus();
  const items = [...item.parentElement.children];
  say(`${find("code", item).textContent} is number ${items.indexOf(item) + 1} of ${items.length}`);
}

// The file is read at once: the form sends its text with all other edits.
function take(input) {
  const [file] = input.files;
  const field = (name) => find(`[name="${input.dataset.reads}.${name}"]`, input.closest(".part"));
  field("name").value = field("body").value = "";
  input.setCustomValidity(file && file.size > 1e6 ? "It is larger than 1 MB" : "");
  if (!file || !input.reportValidity()) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    field("body").value = reader.result.slice(reader.result.indexOf(",") + 1);
    field("name").value = file.name;
    input.dataset.read = file.name;
  });
  reader.addEventListener("error", () => input.setCustomValidity("It can't be read"));
  reader.readAsDataURL(file);
}

export function listen() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-reads]")) take(event.target);
  });
  document.addEventListener("chosen", (event) => {
    if (event.target.matches("[data-adds]")) find("button", event.target.parentElement).click();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!event.detail.target.matches(".chosen")) return;
    const input = find("[data-adds]", event.detail.target.parentElement);
    input.value = "";
    input.focus();
  });
}
