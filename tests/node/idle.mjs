// A subscription that hears nothing for `seconds` and then an event: prints what came.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { EventStoreDBClient, jsonEvent } = require("@eventstore/db-client");

const [uri, seconds] = process.argv.slice(2);
const client = EventStoreDBClient.connectionString(uri);
const subscription = client.subscribeToStream("idle-1");
setTimeout(
  () => client.appendToStream("idle-1", jsonEvent({ type: "Woken", data: {} })),
  Number(seconds) * 1000,
);
for await (const resolved of subscription) {
  console.log(JSON.stringify(resolved.event.type));
  break;
}
await subscription.unsubscribe();
await client.dispose();
