// The quick start of a group: XML files, each saved as it comes, on top of the revision that the one before made.
import { takeFrom } from "./dropped.js";
import { find } from "./find.js";

function told(answer, problem) {
  if (answer.status === 401) return "your session has ended; log in in another tab, and choose the file again";
  if (problem.errors) return problem.errors.map((fault) => `${fault.where} ${fault.message}`).join("; ");
  return problem.detail ?? `the server answered ${answer.status}`;
}

class XmlFiles {
  constructor(place, say) {
    Object.assign(this, { place, say, revision: place.dataset.revision, last: Promise.resolve() });
    this.list = find("#xml-files");
    takeFrom(place, (files) => this.add(files));
  }

  add(files) {
    for (const file of files) {
      const row = this.row(file.name);
      row.textContent = `${file.name}: waits`;
      this.last = this.last.then(() => this.send(file, row));
    }
  }

  row(name) {
    const there = [...this.list.children].find((row) => row.dataset.file === name);
    if (there) return there;
    const row = document.createElement("li");
    row.dataset.file = name;
    this.list.append(row);
    return row;
  }

  async send(file, row) {
    row.className = "";
    row.textContent = `${file.name}: is being saved…`;
    const answer = await fetch(`${this.place.dataset.api}/${encodeURIComponent(file.name)}`, {
      method: "PUT",
      headers: { "If-Match": `"${this.revision}"`, "Content-Type": "application/xml" },
      body: file,
    }).catch(() => null);
    if (!answer) return this.end(row, "failed", `${file.name}: not saved; the server does not answer. Choose it again.`);
    const body = await answer.json().catch(() => ({})); // a proxy's answer is none of ours
    if (!answer.ok) return this.end(row, "failed", `${file.name}: not saved; ${told(answer, body)}`);
    this.revision = body.revision;
    this.end(row, "arrived", `${file.name}: saved as revision ${body.revision}`);
  }

  end(row, state, text) {
    row.className = state;
    row.textContent = text;
    this.say(text);
  }
}

export function takeXmlFiles(say) {
  const place = find("[data-xml-files]");
  if (place) new XmlFiles(place, say);
}
