// Moves a SIM with the types that openapi-typescript generates from api/openapi.yaml.
//
//   node dist/main.js http://127.0.0.1:8080 SIM
import { createHash } from "node:crypto";
import { argv } from "node:process";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: argv[2] });
const id = Number(argv[3]);

const password = createHash("sha1").update("correct horse").digest("hex");
const signedIn = await client.POST("/api/v1/authenticate", {
  body: { username: "admin@example.com", password },
});
if (!signedIn.data?.auth_token) throw new Error(`sign-in: ${JSON.stringify(signedIn.error)}`);

const moved = await client.POST("/api/v1/sim/migration/workspace", {
  headers: { Authorization: `Bearer ${signedIn.data.auth_token}` },
  body: { target_workspace: { id: 200 }, sims: [{ id }], dry_run: false, auto_detach_devices: false },
});
if (moved.data?.sim_count !== 1) throw new Error(`migration: ${JSON.stringify(moved.error)}`);
console.log("openapi-typescript: moved", moved.data.sims[0].iccid);
