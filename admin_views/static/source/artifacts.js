// Uploads on the pages of artifacts: choosing or dropping files, what each changes, their way to the server.
import { takeFrom } from "./dropped.js";
import { find } from "./find.js";
import { Cancelled, Transfer } from "./transfer.js";

const LOOK_AFTER_MS = 300;

function sizeText(bytes) {
  for (const [unit, factor] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return `${Math.round(bytes)} bytes`;
}

function timeText(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 3600 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// One file in the list: waits, moves, is there, or says why not.
class Row {
  constructor(queue, file) {
    Object.assign(this, { queue, file, phase: "waits" });
    this.element = find("[data-row]", queue.section).content.firstElementChild.cloneNode(true);
    this.part = (name) => find(`[data-${name}]`, this.element);
    this.bar = find("progress", this.element);
    this.name.value = queue.section.dataset.name || file.name;
    this.name.readOnly = Boolean(queue.section.dataset.name);
    this.part("file").textContent = `${file.name}, ${sizeText(file.size)}`;
    this.bar.setAttribute("aria-label", `Progress of ${file.name}`);
    this.part("cancel").setAttribute("aria-label", `Remove ${file.name}`);
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.name.addEventListener("input", () => {
      clearTimeout(this.looking);
      this.looking = setTimeout(() => this.look(), LOOK_AFTER_MS);
    });
    queue.list.append(this.element);
    this.look();
  }

  get name() {
    return this.part("artifact");
  }

  // What the upload would change, or what is wrong with the name: the server's words, before any byte is sent.
  async look() {
    const name = this.name.value.trim();
    const answer = await fetch(`${this.queue.section.dataset.reach}?name=${encodeURIComponent(name)}`, {
      headers: { "HX-Request": "true" },
    }).catch(() => null);
    if (name !== this.name.value.trim()) return; // typed on meanwhile
    if (!answer) return this.state("The server does not answer; what this changes is not known.");
    this.part("reached").innerHTML = await answer.text();
    this.queue.showTimes(this.part("reached"));
    this.name.setAttribute("aria-invalid", String(answer.status === 422));
    this.fits = answer.status !== 422;
  }

  state(text) {
    this.part("state").textContent = text;
  }

  async run(note) {
    this.phase = "moves";
    this.name.readOnly = true;
    this.bar.hidden = false;
    this.part("cancel").textContent = "Cancel";
    this.part("cancel").setAttribute("aria-label", `Cancel ${this.file.name}`);
    const name = this.name.value.trim();
    this.transfer = new Transfer(this.file, this.queue.section.dataset.api, name, note, {
      state: (text) => this.state(text),
      progress: (done, total, speed) => this.progress(done, total, speed),
      asks: (text) => this.ask(text),
    });
    try {
      this.arrive(name, await this.transfer.run());
    } catch (error) {
      if (error instanceof Cancelled) this.element.remove();
      else this.fail(error);
    }
  }

  progress(done, total, speed) {
    this.bar.value = done / total;
    const left = speed ? `, ${sizeText(speed)}/s, ${timeText((total - done) / speed)} left` : "";
    this.state(`${sizeText(done)} of ${sizeText(total)}${left}`);
  }

  ask(text) {
    this.state(text);
    const again = this.part("again");
    again.hidden = false;
    return new Promise((resolve) => {
      again.onclick = () => {
        again.hidden = true;
        resolve();
      };
    });
  }

  arrive(name, version) {
    this.phase = "there";
    this.element.classList.add("arrived");
    this.part("cancel").hidden = this.bar.hidden = true;
    const link = document.createElement("a");
    link.href = `${this.queue.section.dataset.page}/${encodeURIComponent(name)}?inside=${version.version}`;
    link.textContent = `${name} version ${version.version}`;
    this.part("state").replaceChildren("Uploaded: ", link, `, ${sizeText(version.size)}.`);
    this.queue.say(`${name} is uploaded`);
  }

  fail(error) {
    this.phase = "failed";
    this.bar.hidden = true;
    this.element.classList.add("failed");
    this.name.readOnly = Boolean(this.queue.section.dataset.name);
    this.part("cancel").textContent = "Remove";
    this.state(`Not uploaded: ${error.message}`);
    this.queue.say(`${this.file.name} was not uploaded`);
  }

  cancel() {
    this.transfer?.cancel();
    if (this.phase !== "moves") this.element.remove();
    this.phase = "gone";
    this.queue.count();
  }
}

class Queue {
  constructor(section, say, showTimes) {
    Object.assign(this, { section, say, showTimes, rows: [], busy: false });
    this.list = find("[data-queue]", section);
    this.start = find("[data-start]", section);
    takeFrom(find("[data-drop]", section), (files) => this.add(files));
    this.start.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
  }

  add(files) {
    for (const file of files) this.rows.push(new Row(this, file));
    this.count();
  }

  waiting() {
    return this.rows.filter((row) => row.phase === "waits" || row.phase === "failed");
  }

  count() {
    const left = this.waiting().length;
    this.start.hidden = !left || this.busy;
    find('[type="submit"]', this.start).textContent = left === 1 ? "Upload" : `Upload ${left} files`;
  }

  // One after the other: the line is as fast for one as for all, and what is there first is there.
  async run() {
    this.busy = true;
    const note = find("[data-note]", this.start).value;
    for (const row of this.waiting().filter((one) => one.fits !== false)) {
      this.count();
      row.element.classList.remove("failed");
      if (row.phase !== "gone") await row.run(note);
    }
    this.busy = false;
    this.count();
    // what the page says of the versions in the store is older than they are
    this.section.dispatchEvent(new CustomEvent("uploaded", { bubbles: true }));
  }
}

export function takeUploads(say, showTimes) {
  for (const section of document.querySelectorAll("[data-uploads]")) new Queue(section, say, showTimes);
}

// A deletion that was refused because others use it, done all the same.
export function force(control) {
  const forced = find('[name="force"]', control.closest("dialog") ?? document);
  forced.value = "1";
  forced.form.requestSubmit();
}
