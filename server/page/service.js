/* service.js - the requests that the page sends to the daemon. */

/* An error in the server's words. `again` says whether the same request may succeed later. */
class Problem extends Error {
  constructor(words, again, link) {
    super(words);
    this.again = again;
    this.link = link;
  }
}

function problemOf(status, text) {
  const again = [0, 408, 409, 429, 502, 503, 504].includes(status);
  try {
    const body = JSON.parse(text);
    const hint = body.option ? ` The limit is ${body.limit}; the operator sets it with --${body.option}.` : "";
    return new Problem(`${body.title}: ${body.detail}.${hint}`, again, body.type);
  } catch {
    return new Problem(status ? `The server answered ${status}.` : "The server cannot be reached.", again);
  }
}

/* Returns the texts of X-Upscaled-Warning, which is a list of codes with texts. */
function warningsIn(header) {
  return [...header.matchAll(/;text="([^"]*)"/g)].map(found => found[1]).join("; ");
}

const service = {
  key: "",

  headers(more) {
    return this.key ? { "X-API-Key": this.key, ...more } : { ...more };
  },

  async models() {
    const reply = await fetch("/v1/models", { headers: this.headers() });
    if (!reply.ok)
      throw Object.assign(problemOf(reply.status, await reply.text()), { status: reply.status });
    return reply.json();
  },

  newId() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
  },

  /* Sends the picture. It uses XMLHttpRequest, because fetch does not report the progress of an upload. */
  upscale(png, query, id, onSent) {
    const xhr = new XMLHttpRequest();
    const done = new Promise((resolve, reject) => {
      xhr.open("POST", "/v1/upscale?" + new URLSearchParams(query));
      xhr.responseType = "blob";
      xhr.setRequestHeader("X-Request-ID", id);
      for (const [header, value] of Object.entries(this.headers({ "Content-Type": "image/png" })))
        xhr.setRequestHeader(header, value);
      xhr.upload.onprogress = event => onSent(event.loaded / event.total);
      xhr.onerror = () => reject(problemOf(0, ""));
      xhr.onabort = () => reject(new Problem("Cancelled.", true));
      xhr.onload = async () => {
        if (xhr.status !== 200)
          return reject(problemOf(xhr.status, await xhr.response.text()));
        resolve({ blob: xhr.response, timing: xhr.getResponseHeader("Server-Timing") || "",
          warning: warningsIn(xhr.getResponseHeader("X-Upscaled-Warning") || "") });
      };
      xhr.send(png);
    });
    return { done, abort: () => xhr.abort() };
  },

  /* Asks what the picture needs, by its first bytes. Returns null if the server does not say. */
  async estimate(png, query) {
    const reply = await fetch("/v1/estimate?" + new URLSearchParams(query),
      { method: "POST", body: png.slice(0, 33), headers: this.headers() });
    return reply.ok ? reply.json() : null;
  },

  /* Calls `each` for every event about a request, until the request ends or the server does not know
   * it. It uses fetch, because EventSource cannot send a key. */
  async follow(id, each, signal) {
    const reply = await fetch("/v1/requests/" + id,
      { headers: this.headers({ Accept: "text/event-stream" }), signal, cache: "no-store" });
    if (!reply.ok)
      return;
    let text = "";
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const events = (text + piece.value).split("\n\n");
      text = events.pop();
      for (const event of events)
        each(JSON.parse(event.slice(event.indexOf("data: ") + 6)));
    }
  },

  cancel(id) {
    return fetch("/v1/requests/" + id, { method: "DELETE", headers: this.headers() }).catch(() => {});
  },
};
