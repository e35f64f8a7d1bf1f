// tap.mjs - runs claims one after another and reports them in TAP; starts the daemon that they test.
import { spawn } from "node:child_process";

const claims = [];

export function claim(name, run) {
  claims.push({ name, run });
}

export function equal(got, wanted, about = "") {
  const [a, b] = [got, wanted].map(value => JSON.stringify(value));
  if (a !== b)
    throw new Error(`${about}: got ${a}, wanted ${b}`);
}

export async function runClaims() {
  console.log(`1..${claims.length}`);
  for (const [i, { name, run }] of claims.entries())
    try {
      await run();
      console.log(`ok ${i + 1} - ${name}`);
    } catch (why) {
      console.log(`not ok ${i + 1} - ${name}\n${String(why.stack).replace(/^/gm, "# ")}`);
    }
}

export async function startDaemon(...options) {
  const process_ = spawn(process.env.UPSCALED, ["serve", "--listen", "127.0.0.1:0", ...options],
    { stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise((resolve, reject) => {
    process_.stdout.once("data", line => resolve(String(line).trim().split(" ").pop()));
    process_.once("exit", () => reject(new Error("the daemon did not start")));
  });
  const ended = new Promise(resolve => process_.once("exit", resolve));
  return { url, stop: () => { process_.kill(); return ended; } };
}
