// Places where files are chosen or dropped: a box that holds a file field, and takes what is let go above it.
import { find } from "./find.js";

// Let go beside such a place, a file would be opened instead of the page, and what waits or was typed would go.
function holdFiles(event) {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault(); // text may be dropped into a field
}

// `take` gets an array of files, as soon as any are chosen or dropped.
export function takeFrom(place, take) {
  const input = find('input[type="file"]', place);
  const choose = () => {
    const files = [...input.files]; // a copy: the next line empties the list itself
    input.value = "";
    take(files);
  };
  input.addEventListener("change", choose);
  if (input.files.length) choose(); // chosen before this script was here
  for (const kind of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.toggle("over", kind === "dragover");
      if (kind === "drop") take([...event.dataTransfer.files]);
    });
  }
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, holdFiles); // once, however many places
}
