// What each open call of a client from npm ends with when the server is told to stop:
// `node ending.mjs PACKAGE URI PID`, a JSON line a call.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [library, uri, pid] = process.argv.slice(2);
const { EventStoreDBClient, KurrentDBClient = EventStoreDBClient, START, jsonEvent } = require(library);

const client = KurrentDBClient.connectionString(uri);
const events = (count) => Array.from({ length: count }, () => jsonEvent({ type: "E", data: "x".repeat(900) }));
for (let batch = 0; batch < 10; batch += 1) await client.appendToStream("long", events(1000));

const ended = async (name, calling) => {
  try {
    for await (const _ of calling) if (name === "read") await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(JSON.stringify([name, "end"]));
  } catch (error) {
    console.log(JSON.stringify([name, error.type]));
  }
};
const ofStream = client.subscribeToStream("short", { fromRevision: START });
const ofAll = client.subscribeToAll({ fromPosition: "end" });
await Promise.all([ofStream, ofAll].map((one) => new Promise((resolve) => one.on("confirmation", resolve))));
const read = client.readStream("long");
const endings = Object.entries({ stream: ofStream, all: ofAll, read }).map(([name, one]) => ended(name, one));
process.kill(Number(pid), "SIGTERM");
await Promise.all(endings);
await client.dispose();
