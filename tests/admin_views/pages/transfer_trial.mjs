// Runs transfer.js outside a browser, against a real API: node transfer_trial.mjs SOURCES URL TRIAL; prints JSON.
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";

const [sources, url, trial] = process.argv.slice(2);
const { Transfer } = await import(pathToFileURL(`${sources}/transfer.js`));

// What the browser has: a storage, an event target, requests with progress. `broken` says which ones break off.
const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
  removeItem: (key) => kept.delete(key),
};
globalThis.window = new EventTarget();
const line = { requests: [], broken: () => false, token: "ada:Admin" };

globalThis.XMLHttpRequest = class {
  upload = {};
  status = 0;
  responseText = "";
  headers = {};
  open(method, path) {
    Object.assign(this, { method, path });
  }
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }
  getResponseHeader(name) {
    return this.answer?.headers.get(name);
  }
  abort() {}
  async send(body) {
    const named = `${this.method} ${this.path.replace(/^.*uploads/, "").replace(/[0-9a-f]{32}/, "ID") || "begin"}`;
    line.requests.push(named);
    if (!line.broken(named, line.requests.filter((one) => one === named).length)) {
      const headers = { ...this.headers, Authorization: `Bearer ${line.token}` };
      this.answer = await fetch(url + this.path, { method: this.method, body, headers });
      this.responseText = await this.answer.text();
      this.status = this.answer.status;
    }
    this.onloadend();
  }
};

const bytes = Buffer.alloc(16 * 1024 * 1024 + 1000, trial);
const digest = createHash("sha256").update(bytes).digest("hex");
const said = [];
const told = {
  state: (text) => said.push(text),
  progress: () => {},
  asks: async (text) => {
    said.push(text);
    line.token = "ada:Admin";
  },
};

function transfer(content = bytes, name = `${trial}.py`) {
  return new Transfer(new File([content], name, { lastModified: 7 }), "/artifacts/code", name, "why", told);
}

async function outcome(one) {
  try {
    const version = await one.run();
    return { version: version.version, note: version.note, whole: version.sha256 === digest };
  } catch (error) {
    return { refused: error.constructor.name, message: error.message };
  }
}

const TRIALS = {
  broken: async () => {
    line.broken = (named, count) => named === "PUT /ID/parts/2" && count === 1;
    return outcome(transfer());
  },
  reloaded: async () => {
    line.broken = (named) => named === "PUT /ID/parts/3";
    const first = transfer();
    const ended = outcome(first);
    while (!line.requests.includes("PUT /ID/parts/3")) await new Promise((resolve) => setTimeout(resolve, 20));
    first.cancelled = true; // the page is gone: nothing more is sent, nothing is forgotten
    first.wakes?.();
    await ended;
    line.requests.length = said.length = 0;
    line.broken = () => false;
    return outcome(transfer());
  },
  unanswered: async () => {
    const real = globalThis.fetch;
    let lost = false;
    globalThis.fetch = async (address, wish) => {
      const answer = await real(address, wish);
      if (address.endsWith("/complete") && !lost) {
        lost = true;
        return new Response("", { status: 503 });
      }
      return answer;
    };
    return outcome(transfer());
  },
  session: async () => {
    line.token = "";
    return outcome(transfer());
  },
  refused: () => outcome(transfer("x", "refused.txt")),
  damaged: async () => {
    const real = globalThis.fetch;
    globalThis.fetch = (address, wish) =>
      real(address, address.endsWith("/parts/1") ? { ...wish, body: wish.body.slice(0, -1) } : wish);
    return outcome(transfer());
  },
  cancelled: async () => {
    line.broken = (named) => named === "PUT /ID/parts/2";
    const one = transfer();
    const ended = outcome(one);
    while (!said.length) await new Promise((resolve) => setTimeout(resolve, 20));
    one.cancel();
    return ended;
  },
  plain: async () => {
    Object.defineProperty(globalThis, "crypto", { value: {} }); // as on a page without https
    const { sha256 } = await import(pathToFileURL(`${sources}/sha256.js`));
    const wrong = [];
    for (const length of [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 100_003]) {
      const some = new Uint8Array(length).map((_, index) => (index * 31) % 251);
      const ours = Buffer.from(await sha256(some.buffer)).toString("hex");
      if (ours !== createHash("sha256").update(some).digest("hex")) wrong.push(length);
    }
    return { wrong, ...(await outcome(transfer())) };
  },
};

const result = await TRIALS[trial]();
console.log(JSON.stringify({ ...result, requests: line.requests, said, kept: kept.size }));
