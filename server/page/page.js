/* page.js - the queue of pictures, and how the page shows it. */

const AT_ONCE = 2;         /* the most requests that run at the same time */
const LOOK_AFTER_MS = 350; /* a request that ends sooner needs no progress */
const one = selector => document.querySelector(selector);

const queue = [];
let busy = 0;

function bytes(n) {
  const [unit, by] = n < 1e6 ? ["kB", 1e3] : ["MB", 1e6];
  return `${(n / by).toLocaleString("en", { maximumFractionDigits: n / by < 10 ? 1 : 0 })}\u00a0${unit}`;
}

function seconds(s) {
  return s < 0.1 ? `${Math.round(s * 1000)}\u00a0ms` : s < 10 ? `${s.toFixed(1)}\u00a0s` : s < 100 ? `${Math.round(s)}\u00a0s` : `${Math.round(s / 60)}\u00a0min`;
}

function sides(size) {
  return `${size.width}\u00a0×\u00a0${size.height}`;
}

function say(words) {
  one("#said").textContent = words;
}

function notice(words) {
  one("#notice").textContent = words;
  one("#notice").hidden = !words;
}

/* ---------------------------------------------------------------- models */

let models = []; /* families: each is a model to requests */

/* Offers the model's scales, and the mean of each two neighbours, which the server computes by
 * reducing the larger one. */
function offerScales(model) {
  const select = one("#scale"), before = Number(select.value), { scales } = model;
  const all = scales.flatMap((s, i) => i ? [(scales[i - 1] + s) / 2, s] : [s]);
  const name = s => s === 1 ? "1 × (the same size)" : s === model.scale ? `${s} × as large` : `${s} ×`;
  select.replaceChildren(...all.map(s => new Option(name(s), s)));
  select.value = all.includes(before) ? before : model.scale;
}

function describeModel() {
  const model = models.find(m => m.name === one("#model").value);
  one("#about").textContent = model?.description || "";
  if (model)
    offerScales(model);
}

async function loadModels() {
  try {
    const offered = await service.models();
    models = offered.families;
    one("#model").replaceChildren(...models.map(m => new Option(m.name, m.name)));
    one("#model").value = offered.default;
    describeModel();
    notice("");
    startNext();
  } catch (why) {
    if (why.status !== 401 && why.status !== 403)
      return notice(why.message || "The server cannot be reached.");
    one("#key-field").hidden = false;
    notice(service.key ? why.message : "This server asks for a key. Enter yours below.");
  }
}

/* ---------------------------------------------------------------- one picture */

const label = {
  queued: () => "Waiting to be sent",
  preparing: () => "Reading the file",
  sending: item => `Sending, ${Math.round(item.fraction * 100)} %`,
  waiting: item => `In the server's queue${item.position ? `, place ${item.position}` : ""}${left(item)}`,
  working: item => `Enlarging, ${Math.round(item.fraction * 100)} %${left(item)}`,
  done: item => `${sides(item.before)} → ${sides(item.after)}\u00a0· ${bytes(item.out.size)}\u00a0· ${seconds(item.took)}`,
  failed: () => "Not enlarged",
  cancelled: () => "Cancelled",
};

function left(item) {
  return item.expected == null ? "" : `, about ${seconds(item.expected)} left`;
}

function show(item) {
  const row = item.row, final = ["done", "failed", "cancelled"].includes(item.state);
  row.querySelector(".state").textContent = label[item.state](item);
  const bar = row.querySelector("progress");
  bar.hidden = final;
  if (item.state === "sending" || item.state === "working")
    bar.value = item.fraction;
  else
    bar.removeAttribute("value");
  row.querySelector(".stop").hidden = final;
  row.querySelector(".save").hidden = item.state !== "done";
  row.querySelector(".again").hidden = item.state !== "cancelled" && !(item.state === "failed" && item.again);
  row.querySelector(".show").disabled = item.state !== "done";
  const wrong = row.querySelector(".wrong");
  wrong.hidden = item.state !== "failed" && !item.warning;
  const done = queue.filter(other => other.state === "done");
  one("#save-all").hidden = done.length < 2;
  one("#clear").hidden = !queue.some(other => ["done", "failed", "cancelled"].includes(other.state));
}

function move(item, state, more) {
  Object.assign(item, { expected: null, position: 0 }, more, { state });
  show(item);
}

function explain(item, words, link) {
  const wrong = item.row.querySelector(".wrong");
  wrong.replaceChildren(words, " ");
  if (link?.startsWith("/errors#"))
    wrong.append(Object.assign(document.createElement("a"), { href: link, textContent: "What to do" }));
}

function makeRow(item) {
  const row = one("#row").content.firstElementChild.cloneNode(true);
  row.querySelector(".name").textContent = item.file.name;
  row.querySelector(".name").title = item.file.name;
  row.querySelector("progress").setAttribute("aria-label", `Progress of ${item.file.name}`);
  row.querySelector(".show").setAttribute("aria-label", `Compare ${item.file.name} before and after`);
  row.querySelector(".show").onclick = () => compare.open(item, true);
  for (const name of ["save", "again", "stop"]) {
    const button = row.querySelector("." + name);
    button.setAttribute("aria-label", `${button.title} ${item.file.name}`);
  }
  row.querySelector(".stop").onclick = () => cancel(item);
  row.querySelector(".again").onclick = () => { move(item, "queued"); startNext(); };
  return row;
}

/* "cat.jpg" at 2 becomes "cat-2x.png". */
function outputName(item) {
  return `${item.file.name.replace(/\.[^.]*$/, "")}-${item.query.scale}x.png`;
}

/* Returns the server's own time for the request, without the time in the queue. */
function workSeconds(timing) {
  const parts = [...timing.matchAll(/(\w+);dur=([\d.]+)/g)].filter(([, name]) => name !== "queue");
  return parts.reduce((sum, [, , ms]) => sum + Number(ms) / 1000, 0);
}

/* Shows the progress that the server reports. It begins after LOOK_AFTER_MS; by then the server knows
 * the request. */
function follow(item, signal) {
  const each = v => {
    if (!signal.aborted && (v.state === "waiting" || v.state === "working"))
      move(item, v.state, { fraction: v.fraction, position: v.position, expected: v.expected_seconds });
  };
  const timer = setTimeout(() => service.follow(item.id, each, signal).catch(() => {}), LOOK_AFTER_MS);
  signal.addEventListener("abort", () => clearTimeout(timer));
}

async function ask(item) {
  const following = new AbortController();
  const begun = performance.now();
  item.id = service.newId();
  let sent = false;
  const onSent = fraction => {
    if (item.state === "sending" || item.state === "preparing")
      move(item, "sending", { fraction });
    if (fraction === 1 && !sent) {
      sent = true;
      move(item, "working", { fraction: 0 });
      follow(item, following.signal);
    }
  };
  const request = service.upscale(item.png, item.query, item.id, onSent);
  item.abort = request.abort;
  try {
    const answer = await request.done;
    answer.took = (performance.now() - begun) / 1000;
    return answer;
  } finally {
    following.abort();
    item.abort = null;
  }
}

async function run(item) {
  try {
    move(item, "preparing");
    item.png ||= await toPng(item.file);
    item.before = await sizeOf(item.png);
    if (item.cancelled)
      throw new Problem("Cancelled.", true);
    item.query = { model: one("#model").value, scale: one("#scale").value };
    const { blob, timing, warning, took } = await ask(item);
    item.out = blob;
    item.after = await sizeOf(blob);
    item.work = workSeconds(timing);
    item.warning = warning;
    item.memory = (await service.estimate(item.png, item.query).catch(() => null))?.peak_memory_bytes;
    finish(item, took);
  } catch (why) {
    const state = item.cancelled ? "cancelled" : "failed";
    if (state === "failed")
      explain(item, why.message, why.link);
    move(item, state, { again: why.again });
    say(`${item.file.name}: ${state === "failed" ? why.message : "cancelled"}`);
  }
  item.cancelled = false;
}

function finish(item, took) {
  const save = item.row.querySelector(".save");
  URL.revokeObjectURL(item.url);
  item.url = URL.createObjectURL(item.out);
  save.href = item.url;
  save.download = outputName(item);
  if (item.warning)
    explain(item, item.warning);
  move(item, "done", { took });
  say(`${item.file.name} has been enlarged`);
  if (!compare.item)
    compare.open(item, false);
}

function startNext() {
  while (busy < AT_ONCE && models.length > 0) {
    const item = queue.find(other => other.state === "queued");
    if (!item)
      return;
    busy++;
    run(item).finally(() => { busy--; startNext(); });
  }
}

function cancel(item) {
  if (item.state === "queued")
    return move(item, "cancelled");
  item.cancelled = true;
  if (item.abort) {
    service.cancel(item.id);
    item.abort();
  }
}

function add(files) {
  for (const file of files) {
    const item = { file, state: "queued", fraction: 0 };
    item.row = makeRow(item);
    item.thumbnail = URL.createObjectURL(file);
    const image = item.row.querySelector("img");
    image.onerror = () => image.removeAttribute("src"); /* the file is not a picture */
    image.src = item.thumbnail;
    queue.push(item);
    one("#list").append(item.row);
    show(item);
  }
  one("#queue").hidden = queue.length === 0;
  document.body.classList.toggle("busy", queue.length > 0);
  if (files.length > 0)
    say(`${files.length} ${files.length === 1 ? "picture" : "pictures"} added`);
  startNext();
}

function clearFinished() {
  for (const item of queue.filter(other => ["done", "failed", "cancelled"].includes(other.state))) {
    queue.splice(queue.indexOf(item), 1);
    item.row.remove();
    if (compare.item === item)
      compare.close();
    for (const url of [item.url, item.thumbnail])
      URL.revokeObjectURL(url);
  }
  add([]);
  one("#files").focus();
}

async function saveAll() {
  const files = [], names = new Map();
  for (const item of queue.filter(other => other.state === "done")) {
    const name = outputName(item), count = names.get(name) || 0;
    names.set(name, count + 1);
    files.push({ name: count ? name.replace(/\.png$/, ` (${count + 1}).png`) : name, blob: item.out });
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await zip(files));
  link.download = "upscaled.zip";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
