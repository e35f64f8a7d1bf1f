// contract.mjs - /openapi.json is a valid OpenAPI 3.1 document, and the daemon answers as it says.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { claim, equal, runClaims, startDaemon } from "./tap.mjs";

const daemon = await startDaemon();
const contract = await (await fetch(daemon.url + "/openapi.json")).json();
const sample = readFileSync(process.env.SAMPLE);
const ajv = new Ajv({ strict: false });
addFormats(ajv);
ajv.addSchema({ $id: "contract", components: contract.components });

function resolve(part) {
  return part.$ref ? part.$ref.slice(2).split("/").reduce((at, key) => at[key], contract) : part;
}

/* The answer, held against what the contract says of this path, method and status. */
async function hold(method, path, pattern, options = {}) {
  const reply = await fetch(daemon.url + path, { method, ...options });
  const described = contract.paths[pattern][method.toLowerCase()].responses[reply.status];
  const type = reply.headers.get("content-type")?.split(";")[0] ?? null;
  if (!described)
    throw new Error(`${method} ${path} answered ${reply.status}, which is not in the contract`);
  const content = resolve(described).content ?? {};
  equal(type === null || type in content, true, `${path} is ${type}`);
  const body = await reply.arrayBuffer();
  if (type?.endsWith("json") && content[type].schema.$ref) {
    const valid = ajv.getSchema("contract" + content[type].schema.$ref);
    if (!valid(JSON.parse(new TextDecoder().decode(body))))
      throw new Error(`${path}: ${ajv.errorsText(valid.errors)}`);
  }
  return reply.status;
}

claim("a validator of OpenAPI accepts the contract", async () => {
  const result = await new Validator().validate(structuredClone(contract));
  equal(result.errors ?? [], [], "errors");
  equal(contract.openapi, "3.1.0", "version");
});

claim("every address that can be asked for answers as the contract says", async () => {
  for (const [pattern, item] of Object.entries(contract.paths))
    if (item.get && !pattern.includes("{"))
      equal(await hold("GET", pattern, pattern), 200, pattern);
  equal(await hold("GET", "/v1/models/photo", "/v1/models/{name}"), 200, "a model");
  equal(await hold("GET", "/v1/models/none", "/v1/models/{name}"), 404, "no model");
  equal(await hold("GET", "/v1/requests/" + "x".repeat(30), "/v1/requests/{id}"), 404, "no request");
  equal(await hold("DELETE", "/v1/requests/" + "x".repeat(30), "/v1/requests/{id}"), 404, "the same");
  equal(await hold("POST", "/v1/reload", "/v1/reload"), 403, "reload");
});

claim("pictures and errors come as the contract says", async () => {
  const cases = [
    ["", sample, 200], ["?scale=0", sample, 400], ["?model=none", sample, 400], ["?what=1", sample, 400],
    ["", "GIF89a".padEnd(40), 415], ["", sample.subarray(0, 500), 422], ["", "", 400],
  ];
  for (const method of ["POST", "PUT"])
    for (const [query, body, status] of cases)
      equal(await hold(method, "/v1/upscale" + query, "/v1/upscale", { body }), status, query);
});

claim("an estimate comes as the contract says", async () => {
  for (const [body, status] of [[sample, 200], [sample.subarray(0, 33), 200], ["GIF89a".padEnd(40), 415]])
    equal(await hold("POST", "/v1/estimate?scale=4", "/v1/estimate", { body }), status, "estimate");
});

claim("a request under way is told of as the contract says", async () => {
  const id = "page-contract-".padEnd(32, "0");
  const upload = fetch(daemon.url + "/v1/upscale?scale=8",
    { method: "POST", body: sample, headers: { "X-Request-ID": id } });
  for (let status = 404, i = 0; status === 404 && i < 200; i++) {
    status = await hold("GET", "/v1/requests/" + id, "/v1/requests/{id}");
    if (status === 200)
      equal(await hold("DELETE", "/v1/requests/" + id, "/v1/requests/{id}"), 204, "cancel");
  }
  equal([200, 409].includes((await upload).status), true, "the upload");
});

claim("every parameter takes the ends of its range and what it lists, and refuses what is past", async () => {
  for (const part of contract.paths["/v1/upscale"].post.parameters) {
    const { name, in: where, schema } = resolve(part);
    if (where !== "query" || name === "width" || name === "height")
      continue;
    const good = schema.enum ?? [schema.minimum, schema.maximum, schema.default];
    for (const value of good.filter(v => v !== undefined))
      equal(await hold("POST", `/v1/upscale?${name}=${value}`, "/v1/upscale", { body: sample }), 200, `${name}=${value}`);
    for (const value of schema.enum ? ["other"] : schema.minimum === undefined ? [] : [schema.minimum - 1, schema.maximum + 1])
      equal(await hold("POST", `/v1/upscale?${name}=${value}`, "/v1/upscale", { body: sample }), 400, `${name}=${value}`);
  }
});

await runClaims();
await daemon.stop();
