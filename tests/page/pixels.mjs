// pixels.mjs - what the daemon makes of PngSuite, decoded by Chromium: libpng's pixels, to the bit.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { claim, equal, runClaims, startDaemon } from "./tap.mjs";

const folder = `${process.env.TEST_DATA}/pngsuite`;
const names = existsSync(folder) ? readdirSync(folder).filter(name => /^[^x].*\.png$/.test(name)) : [];
const daemon = await startDaemon();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.goto(`${daemon.url}/livez`);

/* In the browser: the file's RGBA, as stored; by WebGL, since a 2D canvas multiplies by alpha. */
async function decode(base64) {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }),
    { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, gl.getParameter(gl.TEXTURE_BINDING_2D), 0);
  const pixels = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  bitmap.close();
  return { width, height, pixels: [...pixels] };
}

/* The same by libpng: 16 bits a sample, of which 8-bit files fill both bytes alike. */
function expected(file) {
  const dump = execFileSync(process.env.PNG_DUMP, { input: file, maxBuffer: 1 << 28 });
  const end = dump.indexOf(10);
  const [width, height] = dump.subarray(0, end).toString().split(" ").map(Number);
  const pixels = [];
  for (let i = end + 1; i < dump.length; i += 2)
    pixels.push(dump[i]);
  return { width, height, pixels };
}

async function hold(query) {
  equal(names.length >= 160, true, `${names.length} files`);
  for (const name of names) {
    const reply = await fetch(`${daemon.url}/v1/upscale?${query}`, { method: "POST", body: readFileSync(`${folder}/${name}`) });
    equal(reply.status, 200, name);
    const file = Buffer.from(await reply.arrayBuffer());
    equal(await page.evaluate(decode, file.toString("base64")), expected(file), name);
  }
}

claim("doubled", () => hold("depth=8"));
claim("as they were", () => hold("depth=8&scale=1&metadata=none"));
claim("stored, and in between", () => hold("depth=8&scale=1.7&compression=0"));

if (names.length > 0)
  await runClaims();
else
  console.log("1..1\nok 1 - no PngSuite in TEST_DATA # SKIP");
await browser.close();
await daemon.stop();
