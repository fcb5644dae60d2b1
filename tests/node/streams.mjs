// What a client from npm sees of a server: `node streams.mjs PACKAGE URI`, a JSON line a finding.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [library, uri] = process.argv.slice(2);
const {
  BACKWARDS, EventStoreDBClient, FORWARDS, KurrentDBClient = EventStoreDBClient, NO_STREAM, START,
  jsonEvent, streamNameFilter,
} = require(library);

const client = KurrentDBClient.connectionString(uri);
// Each of the clients has its own word for it.
const expecting = (state) => ({ expectedRevision: state, streamState: state });
const say = (name, value) =>
  console.log(JSON.stringify([name, value], (key, part) => (typeof part === "bigint" ? Number(part) : part)));
const event = (type, data, metadata) => jsonEvent({ type, data, metadata });
const refusal = async (action) => {
  try {
    await action();
    return "accepted";
  } catch (error) {
    return error.type === "unknown" ? error.message : error.type;
  }
};
const collected = async (read) => {
  const found = [];
  for await (const resolved of read) found.push(resolved.event);
  return found;
};

const orders = [1, 2, 3].map((n) => event(`Order${n}`, { n, text: "größe" }, { $correlationId: "node" }));
const written = await client.appendToStream("order-1", orders, expecting(NO_STREAM));
say("next revision", written.nextExpectedRevision);
say("wrong revision", await refusal(() =>
  client.appendToStream("order-1", event("Late", {}), expecting(NO_STREAM))));
say("missing stream", await refusal(() => collected(client.readStream("nowhere"))));
say("too large", await refusal(() => client.appendToStream("big", event("Big", "x".repeat(2 ** 20)))));

const read = await collected(client.readStream("order-1", { fromRevision: START, direction: FORWARDS }));
say("read", read.map(({ type, data, revision }) => [type, data, revision]));
say("metadata", read[0].metadata);
say("backwards", (await collected(
  client.readStream("order-1", { direction: BACKWARDS, fromRevision: "end", maxCount: 2 }),
)).map(({ type }) => type));
say("all", (await collected(client.readAll({ maxCount: 1000 })))
  .filter(({ streamId }) => streamId === "order-1").length);
await client.setStreamMetadata("order-1", { maxCount: 2 });
say("max count", (await client.getStreamMetadata("order-1")).metadata.maxCount);
say("truncated", (await collected(client.readStream("order-1"))).map(({ revision }) => revision));

// A filtered subscription, history then live, with a checkpoint.
const live = [];
let checkpoints = 0;
const subscription = client.subscribeToAll({
  fromPosition: START,
  filter: streamNameFilter({
    prefixes: ["order-"], checkpointInterval: 1, maxSearchWindow: 1,
    checkpointReached: () => { checkpoints += 1; },
  }),
});
for await (const resolved of subscription) {
  live.push(resolved.event.type);
  if (live.length === 3) await client.appendToStream("order-2", event("Live", {}));
  if (live.length === 4) break;
}
await subscription.unsubscribe();
say("live", live);
say("checkpoints", checkpoints > 0);

// The system projections.
const categorised = [];
const links = client.subscribeToStream("$ce-order", { resolveLinkTos: true });
for await (const resolved of links) {
  categorised.push([resolved.event?.streamId ?? null, resolved.link.streamId]);
  if (categorised.length === 4) break;
}
await links.unsubscribe();
say("category", categorised);
say("projection", (await client.getProjectionStatus("$by_category")).projectionStatus);
await client.disableProjection("$streams");
say("disabled", (await client.getProjectionStatus("$streams")).projectionStatus);
await client.enableProjection("$streams");
const names = (await client.listProjections()).map(({ name }) => name);
say("projections", names.sort());
say("projection state", await client.getProjectionState("$by_category"));
say("user projection", await refusal(() => client.createProjection("mine", "fromAll()")));

await client.deleteStream("order-2");
say("deleted", await refusal(() => collected(client.readStream("order-2"))));
await client.tombstoneStream("order-1");
say("tombstoned", await refusal(() => client.appendToStream("order-1", event("Late", {}))));
await client.dispose();
