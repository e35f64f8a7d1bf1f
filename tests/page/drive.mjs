// drive.mjs - the page as people use it, in Chromium.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { green, wideByNumbers, wideByProfile } from "./avif.mjs";
import { claim, equal, runClaims, startDaemon } from "./tap.mjs";

const daemon = await startDaemon();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const sample = readFileSync(process.env.SAMPLE);
const noPicture = { name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture at all, by any means") };

function picture(name) {
  return { name, mimeType: "image/png", buffer: sample };
}

/* Opens the page, calls `use`, and holds that nothing was said on the console and nobody else was
 * asked; `refused`: answers of the server that are errors are expected. */
async function withPage(use, { refused = false, url = daemon.url, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const said = [], strangers = [];
  page.on("console", message => said.push(message.text()));
  page.on("pageerror", why => said.push(String(why)));
  page.on("request", request => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== url)
      strangers.push(request.url());
  });
  await page.goto(url);
  await page.waitForFunction(() => models.length > 0 || !document.querySelector("#notice").hidden);
  try {
    await use(page);
  } finally {
    await context.close();
  }
  equal(said.filter(words => !(refused && words.startsWith("Failed to load resource"))), [], "console");
  equal(strangers, [], "requests to others");
}

async function done(page, count = 1) {
  await page.waitForFunction(n => document.querySelectorAll(".save:not([hidden])").length === n, count,
    { timeout: 60000 });
}

async function choose(page, ...files) {
  await page.setInputFiles("#files", files);
}

/* Makes a picture of this type in the browser, and gives it to the page as a drop or a paste does. */
async function give(page, how, type = "image/png", name = "made.png") {
  await page.evaluate(async ([how, type, name]) => {
    const canvas = new OffscreenCanvas(40, 30);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#20c040";
    pen.fillRect(0, 0, 40, 30);
    const blob = await canvas.convertToBlob({ type });
    const data = new DataTransfer();
    data.items.add(new File([blob], name, { type }));
    const event = how === "drop"
      ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
      : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
  }, [how, type, name]);
}

async function holdAccessible(page, about) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => axe.run());
  equal(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(" ")}`), [], about);
}

async function savedBytes(page, press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

async function upscaleDirectly(query) {
  const reply = await fetch(`${daemon.url}/v1/upscale?${query}`, { method: "POST", body: sample });
  return Buffer.from(await reply.arrayBuffer());
}

claim("a chosen picture comes back as curl would get it", () => withPage(async page => {
  await page.selectOption("#scale", "3");
  await choose(page, picture("cat.png"));
  await done(page);
  const { name, bytes } = await savedBytes(page, () => page.click(".save"));
  equal(name, "cat-3x.png", "name");
  equal(bytes.equals(await upscaleDirectly("model=photo&scale=3")), true, "bytes");
}));

claim("pictures are dropped and pasted", () => withPage(async page => {
  await give(page, "drop");
  await done(page, 1);
  await give(page, "paste");
  await done(page, 2);
  equal(await page.locator("#list li").count(), 2, "rows");
}));

claim("JPEG, WebP and AVIF become PNG of the same colours", () => withPage(async page => {
  for (const [i, type] of ["image/jpeg", "image/webp"].entries()) {
    await give(page, "drop", type, "made.jpg");
    await done(page, i + 1);
  }
  await choose(page, { name: "made.avif", mimeType: "image/avif", buffer: Buffer.from(green, "base64") });
  await done(page, 3);
  const pixels = await page.evaluate(() => Promise.all(queue.map(async item => {
    const bitmap = await createImageBitmap(item.out);
    const pen = new OffscreenCanvas(80, 60).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    return [bitmap.width, bitmap.height, ...pen.getImageData(40, 30, 1, 1).data];
  })));
  for (const pixel of pixels) {
    equal(pixel.slice(0, 2), [80, 60], "sides");
    equal([0x20, 0xc0, 0x40].every((want, i) => Math.abs(want - pixel[i + 2]) <= 4), true, String(pixel));
  }
  equal(await page.locator(".save").last().getAttribute("download"), "made-2x.png", "name");
}));

claim("a wide colour profile is kept", () => withPage(async page => {
  const kept = await page.evaluate(async avifs => {
    const canvas = new OffscreenCanvas(8, 8);
    const pen = canvas.getContext("2d", { colorSpace: "display-p3" });
    pen.fillStyle = "color(display-p3 0 1 0)";
    pen.fillRect(0, 0, 8, 8);
    const blobs = [await canvas.convertToBlob({ type: "image/jpeg", quality: 1 })];
    for (const text of avifs)
      blobs.push(new Blob([Uint8Array.from(atob(text), c => c.charCodeAt(0))], { type: "image/avif" }));
    return Promise.all(blobs.map(async blob => {
      const file = new File([blob], "p3");
      const out = new OffscreenCanvas(8, 8).getContext("2d", { colorSpace: "display-p3" });
      out.drawImage(await createImageBitmap(await toPng(file)), 0, 0);
      return [await hasWideProfile(file), ...out.getImageData(4, 4, 1, 1).data];
    }));
  }, [wideByProfile, wideByNumbers]);
  for (const [seen, red, at] of kept) {
    equal(seen, true, "the profile is seen");
    equal(red < 12 && at > 243, true, String(kept));
  }
}));

claim("the daemon keeps the profile that the browser wrote", () => withPage(async page => {
  await choose(page, { name: "wide.avif", mimeType: "image/avif", buffer: Buffer.from(wideByProfile, "base64") });
  await done(page);
  const [red, at] = await page.evaluate(async () => {
    const out = new OffscreenCanvas(8, 8).getContext("2d", { colorSpace: "display-p3" });
    out.drawImage(await createImageBitmap(queue[0].out), 0, 0);
    return out.getImageData(4, 4, 1, 1).data;
  });
  equal(red < 12 && at > 243, true, `${red} ${at}`);
}));

claim("several wait for each other, and are saved as one archive", () => withPage(async page => {
  await choose(page, picture("a.png"), picture("b.png"), picture("a.png"), picture("c.png"));
  await done(page, 4);
  const { name, bytes } = await savedBytes(page, () => page.click("#save-all"));
  equal(name, "upscaled.zip", "name");
  const end = bytes.subarray(-22);
  equal([end.readUInt32LE(0), end.readUInt16LE(10)], [0x06054b50, 4], "the directory");
  const names = ["a-2x.png", "b-2x.png", "a-2x (2).png", "c-2x.png"];
  equal(names.filter(each => !bytes.includes(each)), [], "names");
  equal(bytes.includes(await upscaleDirectly("scale=2")), true, "bytes");
  await page.click("#clear");
  equal(await page.isVisible("#queue"), false, "cleared");
}));

claim("the slider goes by mouse and by keyboard", () => withPage(async page => {
  await choose(page, picture("cat.png"));
  await done(page);
  const place = () => page.$eval("#handle", handle => Math.round(parseFloat(handle.style.left)));
  const box = await page.locator("#sheet").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 4, box.y + 40, { steps: 4 });
  await page.mouse.up();
  equal(await place(), 25, "by mouse");
  await page.focus("#slider");
  await page.keyboard.press("End");
  equal(await place(), 100, "End");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  equal(await page.$eval("#before-clip", clip => clip.style.clipPath), "inset(0px 99.5% 0px 0px)", "arrow");
}));

claim("a finger moves the slider where the picture fits, and the picture where it does not", () => withPage(async page => {
  await choose(page, picture("cat.png"));
  await done(page);
  await page.locator("#frame").scrollIntoViewIfNeeded();
  const touch = await page.context().newCDPSession(page);
  const drag = async () => {
    const box = await page.locator("#stage").boundingBox();
    const y = box.y + box.height / 2;
    const send = (type, points) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    await send("touchStart", [{ x: box.x + box.width * 0.5, y }]);
    for (let i = 1; i <= 6; i++)
      await send("touchMove", [{ x: box.x + box.width * (0.5 - i * 0.05), y }]);
    await send("touchEnd", []);
  };
  await drag();
  const place = await page.$eval("#handle", handle => Math.round(parseFloat(handle.style.left)));
  equal(Math.abs(place - 20) <= 2, true, `the slider is at ${place}`);
  await page.click('[data-zoom="4"]');
  await page.locator("#frame").scrollIntoViewIfNeeded();
  const before = await page.$eval("#stage", stage => stage.scrollLeft);
  await drag();
  await page.waitForFunction(left => document.querySelector("#stage").scrollLeft > left, before);
}, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }));

claim("the comparison tells sizes, model, time and memory, and saves what it shows", () => withPage(async page => {
  await choose(page, picture("cat.png"));
  await done(page);
  const facts = await page.$$eval("#facts div", rows => rows.map(row => [...row.children].map(cell => cell.textContent)));
  equal(facts.map(([name]) => name), ["Before", "After", "Model", "Time", "Work", "Memory"], "names");
  const estimate = await (await fetch(`${daemon.url}/v1/estimate?model=photo&scale=2`, { method: "POST", body: sample.subarray(0, 33) })).json();
  equal(facts[5][1].replaceAll("\u00a0", " "), `up to ${parseFloat((estimate.peak_memory_bytes / 1e6).toFixed(1))} MB`, "memory");
  const { name, bytes } = await savedBytes(page, () => page.click("#take"));
  equal([name, bytes.equals(await upscaleDirectly("scale=2"))], ["cat-2x.png", true], "the file");
}));

claim("zoom shows real pixels", () => withPage(async page => {
  await choose(page, picture("cat.png"));
  await done(page);
  for (const [zoom, factor] of [["1", 1], ["2", 2], ["4", 4]]) {
    await page.click(`[data-zoom="${zoom}"]`);
    const box = await page.locator("#sheet").boundingBox();
    const width = await page.$eval("#after", image => image.naturalWidth);
    equal(box.width * 2, width * factor, zoom);
  }
}, { deviceScaleFactor: 2 }));

claim("models and scales are those that the server offers", () => withPage(async page => {
  const offered = await (await fetch(daemon.url + "/v1/models")).json();
  const options = select => page.$$eval(`${select} option`, all => all.map(o => o.value));
  equal(await options("#model"), offered.families.map(m => m.name), "models");
  equal(await page.inputValue("#model"), offered.default, "the default");
  for (const { name, scale, scales, description } of offered.families) {
    await page.selectOption("#model", name);
    const values = (await options("#scale")).map(Number);
    equal(scales.filter(s => !values.includes(s)), [], `${name}'s scales`);
    equal(values.at(-1), scales.at(-1), `${name}'s largest`);
    equal(await page.inputValue("#scale"), String(scale), `${name}'s own`);
    equal(await page.textContent("#about"), description, name);
  }
  await page.selectOption("#scale", "4");
  await page.selectOption("#model", offered.default);
  equal(await page.inputValue("#scale"), "4", "the choice stays");
}));

claim("progress is shown, and cancel stops the work", () => withPage(async page => {
  await page.selectOption("#scale", "8");
  await page.evaluate(async () => {
    const blob = await new OffscreenCanvas(1600, 1200).convertToBlob?.().catch(() => null);
    const canvas = document.createElement("canvas");
    canvas.width = 1600;
    canvas.height = 1200;
    canvas.getContext("2d").fillRect(100, 100, 900, 700);
    const png = blob ?? await new Promise(resolve => canvas.toBlob(resolve));
    add([new File([png], "large.png")]);
  });
  await page.waitForFunction(() => /Enlarging, [1-9]/.test(document.querySelector(".state").textContent),
    null, { timeout: 60000 });
  await page.click(".stop");
  await page.waitForFunction(() => document.querySelector(".state").textContent === "Cancelled");
  await page.waitForFunction(async () => (await (await fetch("/health")).json()).running === 0);
  equal(await page.isVisible(".again"), true, "it may be tried again");
}));

claim("errors are told in the problem's words", () => withPage(async page => {
  await choose(page, { ...noPicture, buffer: sample.subarray(0, 600) });
  await page.waitForSelector(".wrong:not([hidden])");
  const words = await page.textContent(".wrong");
  equal(words.includes("The PNG ends too early"), true, words);
  equal(await page.getAttribute(".wrong a", "href"), "/errors#png_truncated", "what to do");
}, { refused: true }));

claim("what the browser cannot read is told too", () => withPage(async page => {
  await choose(page, noPicture);
  await page.waitForSelector(".wrong:not([hidden])");
  equal((await page.textContent(".wrong")).includes("notes.png"), true, "its name");
}));

claim("where keys are in use it asks for one, and works with it", async () => {
  const file = mkdtempSync(`${tmpdir()}/upscaled-`) + "/keys";
  writeFileSync(file, execFileSync(process.env.UPSCALED, ["hash-key", "ann"], { input: "a key of hers\n" }));
  const locked = await startDaemon("--api-keys", file);
  try {
    await withPage(async page => {
      equal((await page.textContent("#notice")).includes("asks for a key"), true, "asks");
      await holdAccessible(page, "with a key's field");
      await page.fill("#key", "not hers");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => document.querySelector("#notice").textContent.includes("key does not allow"));
      await page.fill("#key", "a key of hers");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => models.length > 0);
      await choose(page, picture("cat.png"));
      await done(page);
      const { bytes } = await savedBytes(page, () => page.click(".save"));
      equal(bytes.equals(await upscaleDirectly("scale=2")), true, "bytes");
    }, { refused: true, url: locked.url });
  } finally {
    await locked.stop();
  }
});

claim("the command at its foot does what it says", () => withPage(async page => {
  const folder = mkdtempSync(`${tmpdir()}/upscaled-`);
  writeFileSync(`${folder}/in.png`, sample);
  execFileSync("sh", ["-c", await page.textContent("footer code")], { cwd: folder, stdio: "ignore" });
  equal(readFileSync(`${folder}/out.png`).equals(await upscaleDirectly("scale=2")), true, "bytes");
}));

claim("it works by keyboard alone", () => withPage(async page => {
  const names = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    names.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
  }
  equal(names.slice(0, 3), ["files", "model", "scale"], "order");
}));

for (const colorScheme of ["light", "dark"])
  for (const width of [390, 1280, 2560])
    claim(`axe finds nothing, and nothing is cut off, ${colorScheme} at ${width} pixels`, () => withPage(async page => {
      await holdAccessible(page, "empty");
      await choose(page, picture("a picture with quite a long name that goes on and on.png"), noPicture);
      await done(page);
      await page.waitForSelector(".wrong:not([hidden])");
      await holdAccessible(page, "full");
      equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "width");
      await page.goto(daemon.url + "/errors#busy");
      await holdAccessible(page, "errors");
    }, { colorScheme, viewport: { width, height: 844 } }));

claim("dark is dark", () => withPage(async page => {
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  equal(ground, "rgb(16, 19, 23)", "ground");
}, { colorScheme: "dark" }));

claim("nothing but its own script and style may run", () => withPage(async page => {
  const policy = (await page.request.get(daemon.url)).headers()["content-security-policy"];
  equal(/unsafe|\*|https?:/.test(policy), false, policy);
  equal(policy.startsWith("default-src 'none'"), true, policy);
}));

await runClaims();
await browser.close();
await daemon.stop();
