/* pictures.js - converts files to PNG, and packs PNGs into one archive. It has no state and does not
 * touch the page. */
"use strict";

const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

async function isPng(file) {
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  return PNG_SIGNATURE.every((byte, i) => head[i] === byte);
}

const WIDE_PRIMARIES = [9, 11, 12]; /* BT.2020, DCI-P3 and Display P3 in ITU-T H.273 */

/* Returns whether the file declares colours other than sRGB. JPEG, WebP and AVIF files do so by an ICC
 * profile, and AVIF files also by the number of their primaries. The names in a profile are ASCII or
 * UTF-16, so the zero bytes are removed before the search. "Display P3 with sRGB transfer" is wide. */
async function hasWideProfile(file) {
  const bytes = await file.slice(0, 1 << 18).arrayBuffer();
  const latin = new TextDecoder("latin1").decode(bytes);
  const numbers = latin.indexOf("colrnclx");
  if (numbers >= 0 && WIDE_PRIMARIES.includes(latin.charCodeAt(numbers + 9)))
    return true;
  const text = latin.replaceAll("\0", "");
  const profile = text.search(/ICC_PROFILE|ICCP|colrprof/);
  const words = text.slice(profile, profile + 4096);
  return profile >= 0 && (/P3|Adobe|ProPhoto|2020/.test(words) || !words.includes("sRGB"));
}

/* Draws the picture upright, as the file says, and returns it as PNG. A picture with a wide profile is
 * drawn in Display P3, and the PNG then carries that profile. Other pictures are drawn in sRGB. */
async function drawAsPng(file) {
  const colorSpace = await hasWideProfile(file) ? "display-p3" : "srgb";
  const bitmap = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d", { colorSpace }).drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve, reject) => canvas.toBlob(
    blob => blob ? resolve(blob) : reject(new Error("the picture is too large for the browser")),
    "image/png"));
}

async function toPng(file) {
  if (await isPng(file))
    return file;
  try {
    return await drawAsPng(file);
  } catch (why) {
    throw new Error(`The browser cannot read ${file.name}. The file is not a picture, or it is damaged.`, { cause: why });
  }
}

async function sizeOf(blob) {
  const head = new DataView(await blob.slice(0, 24).arrayBuffer());
  return head.byteLength < 24 ? null : { width: head.getUint32(16), height: head.getUint32(20) };
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++)
    n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

async function crc32(blob) {
  let crc = ~0;
  for (const byte of new Uint8Array(await blob.arrayBuffer()))
    crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/* Packs fields of the form [bytes, value], little-endian. */
function record(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2)
      view.setUint16(at, value, true);
    else
      view.setUint32(at, value, true);
    at += bytes;
  }
  return view;
}

/* Makes a ZIP archive (APPNOTE 6.3) of [{ name, blob }]. The files are stored without compression,
 * because PNGs are compressed already. */
async function zip(files) {
  const parts = [], directory = [];
  let at = 0, length = 0;
  for (const { name, blob } of files) {
    const words = new TextEncoder().encode(name);
    const common = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, await crc32(blob)],
      [4, blob.size], [4, blob.size], [2, words.length], [2, 0]];
    const head = record([[4, 0x04034b50], ...common]);
    const entry = record([[4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]);
    parts.push(head, words, blob);
    directory.push(entry, words);
    at += head.byteLength + words.length + blob.size;
    length += entry.byteLength + words.length;
  }
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length],
    [4, length], [4, at], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
