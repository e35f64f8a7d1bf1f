// Times a network in onnxruntime: MODEL.onnx IN.f32 N,C,H,W THREADS SECONDS OUT.f32
// Prints JSON: ms, least, rss.
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require(path.join(process.env.PEERS, 'onnxruntime-node'));

function peakRss() {
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]);
}

async function main() {
  const [model, source, shape, threads, seconds, out] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
  });
  const bytes = fs.readFileSync(source);
  const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const feeds = {x: new ort.Tensor('float32', data, shape.split(',').map(Number))};
  let y = (await session.run(feeds)).y;
  await session.run(feeds);
  const times = [];
  const begun = process.hrtime.bigint();
  const past = () => Number(process.hrtime.bigint() - begun) / 1e9;
  while (times.length < 3 || past() < Number(seconds)) {
    const t = process.hrtime.bigint();
    y = (await session.run(feeds)).y;
    times.push(Number(process.hrtime.bigint() - t) / 1e6);
  }
  fs.writeFileSync(out, Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({
    ms: times[times.length >> 1], least: times[0], rss: peakRss(), shape: y.dims,
  }));
}

main();
