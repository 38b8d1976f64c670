// One file on its way in parts: begun, or gone on with where it broke off; tried again until it is there or cancelled.
import { sha256 } from "./sha256.js";

const WAITS_S = [1, 2, 4, 8, 15, 30];
// No byte moves for so long: the connection is dead, though nobody said so.
const STALL_MS = 30_000;
// The server may take its time to put gigabytes together.
const ANSWER_MS = 900_000;
const MOST_DAMAGED = 3;
const SPEED_OVER_MS = 5_000;

export class Cancelled extends Error {}

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.errors?.map((fault) => fault.message).join("; ") ?? problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.name = problem.type?.split(":").pop() ?? "";
  }
}

class Broken extends Error {
  constructor(status) {
    super(status ? `The server is busy or away (${status}).` : "The connection broke off.");
  }
}

// No answer at all, or one that says: send the same request again.
const PASSING = [0, 408, 429, 502, 503, 504];

export class Transfer {
  // told: { state(text), progress(done, total), asks(text) -> a promise that the user goes on }
  constructor(file, api, name, note, told) {
    Object.assign(this, { file, name, note, told, done: 0, moved: [], cancelled: false, damaged: 0 });
    this.uploads = `${api}/${encodeURIComponent(name)}/uploads`;
    this.remembered = `couture-upload ${this.uploads} ${file.size} ${file.lastModified}`;
  }

  // Answers the version that it became; throws Refused or Cancelled.
  async run() {
    const upload = (await this.goneOnWith()) ?? (await this.begin());
    this.url = `${this.uploads}/${upload.id}`;
    const received = new Set(upload.received);
    const size = (number) => Math.min(upload.part_size, this.file.size - (number - 1) * upload.part_size);
    received.forEach((number) => (this.done += size(number)));
    for (let number = 1; number <= upload.parts; number++) {
      if (!received.has(number)) await this.sendPart(number, (number - 1) * upload.part_size, size(number));
    }
    this.told.progress(this.file.size, this.file.size);
    this.told.state("All of it is there; the server puts it together…");
    const version = await this.insist(() => this.call("POST", `${this.url}/complete`));
    localStorage.removeItem(this.remembered);
    return version;
  }

  cancel() {
    this.cancelled = true;
    this.wakes?.();
    this.flying?.abort();
    localStorage.removeItem(this.remembered);
    if (this.url) this.call("DELETE", this.url, { whatever: true }); // else it goes by itself after a day
  }

  async goneOnWith() {
    const id = localStorage.getItem(this.remembered);
    if (!id) return null;
    try {
      return await this.insist(() => this.call("GET", `${this.uploads}/${id}`));
    } catch (error) {
      if (error.status === 404) return null; // a day has passed
      throw error;
    }
  }

  async begin() {
    const wish = { body: JSON.stringify({ size: this.file.size, note: this.note }), type: "application/json" };
    const upload = await this.insist(() => this.call("POST", this.uploads, wish));
    localStorage.setItem(this.remembered, upload.id);
    return upload;
  }

  async sendPart(number, start, size) {
    const bytes = await this.read(start, size);
    const digest = `sha-256=:${btoa(String.fromCharCode(...(await sha256(bytes))))}:`;
    const part = { body: bytes, type: "application/octet-stream", headers: { "Content-Digest": digest }, moves: true };
    await this.insist(() => this.call("PUT", `${this.url}/parts/${number}`, part));
    this.done += size;
    this.move(this.done);
  }

  async read(start, size) {
    try {
      return await this.file.slice(start, start + size).arrayBuffer();
    } catch (error) {
      throw new Refused(0, { detail: `The browser can't read the file: was it moved or changed? (${error.name})` });
    }
  }

  // Repeat what broke off; what the server refuses is refused, but a session that ended may begin again.
  async insist(attempt) {
    for (let tries = 0; ; tries++) {
      if (this.cancelled) throw new Cancelled();
      try {
        return await attempt();
      } catch (error) {
        if (this.cancelled) throw new Cancelled();
        if (error instanceof Broken) await this.wait(error.message, WAITS_S[Math.min(tries, WAITS_S.length - 1)]);
        else if (error.status === 401) await this.pause("Your session has ended: log in again in another tab, then continue.");
        else if (!this.isDamaged(error)) throw error;
      }
    }
  }

  isDamaged(error) {
    return ["DigestMismatch", "Truncated"].includes(error.name) && ++this.damaged <= MOST_DAMAGED;
  }

  wait(why, seconds) {
    this.told.state(`${why} Again in ${seconds} s; no part that arrived is sent twice.`);
    this.moved = [];
    return new Promise((resolve) => {
      this.wakes = resolve;
      setTimeout(resolve, 1000 * seconds);
      window.addEventListener("online", resolve, { once: true });
    });
  }

  pause(text) {
    return Promise.race([this.told.asks(text), new Promise((resolve) => (this.wakes = resolve))]);
  }

  // Bytes per second over the last seconds; the time that is left follows from it.
  move(done) {
    const now = performance.now();
    this.moved.push([now, done]);
    while (now - this.moved[0][0] > SPEED_OVER_MS) this.moved.shift();
    const [since, from] = this.moved[0];
    const speed = now > since ? (1000 * (done - from)) / (now - since) : 0;
    this.told.progress(done, this.file.size, speed);
  }

  call(method, url, { body, type, headers = {}, moves = false, whatever = false } = {}) {
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      let stalled;
      const moved = () => {
        clearTimeout(stalled);
        if (moves) stalled = setTimeout(() => xhr.abort(), STALL_MS);
      };
      if (!whatever) this.flying = xhr;
      xhr.open(method, url);
      if (!moves) xhr.timeout = ANSWER_MS;
      if (type) xhr.setRequestHeader("Content-Type", type);
      Object.entries(headers).forEach(([name, value]) => xhr.setRequestHeader(name, value));
      xhr.upload.onprogress = (event) => {
        moved();
        if (moves) this.move(this.done + event.loaded);
      };
      xhr.onloadend = () => {
        clearTimeout(stalled);
        if (xhr.status >= 200 && xhr.status < 300) return resolve(xhr.responseText ? JSON.parse(xhr.responseText) : null);
        if (whatever) return resolve(null);
        reject(PASSING.includes(xhr.status) ? new Broken(xhr.status) : new Refused(xhr.status, problemOf(xhr)));
      };
      moved();
      xhr.send(body);
    });
  }
}

function problemOf(xhr) {
  const isProblem = xhr.getResponseHeader("Content-Type")?.startsWith("application/problem+json");
  return isProblem ? JSON.parse(xhr.responseText) : {};
}
