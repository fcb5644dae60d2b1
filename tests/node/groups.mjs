// Persistent subscriptions as a client from npm sees them: `node groups.mjs PACKAGE URI`.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [library, uri] = process.argv.slice(2);
const {
  EventStoreDBClient, KurrentDBClient = EventStoreDBClient, PARK, RETRY, SKIP, START, END, jsonEvent, streamNameFilter,
  persistentSubscriptionToAllSettingsFromDefaults, persistentSubscriptionToStreamSettingsFromDefaults,
} = require(library);

const client = KurrentDBClient.connectionString(uri);
const say = (name, value) =>
  console.log(JSON.stringify([name, value], (key, part) => (typeof part === "bigint" ? Number(part) : part)));
const refusal = async (action) => {
  try {
    await action();
    return "accepted";
  } catch (error) {
    return error.type === "unknown" ? error.message : error.type;
  }
};
const append = (stream, ...types) =>
  client.appendToStream(stream, types.map((type) => jsonEvent({ type, data: {} })));
const toStream = (settings) => persistentSubscriptionToStreamSettingsFromDefaults(settings);
const toAll = (settings) => persistentSubscriptionToAllSettingsFromDefaults(settings);

// What one consumer is given: `count` messages, each handled by `handle`.
const consumed = async (subscription, count, handle) => {
  const seen = [];
  for await (const resolved of subscription) {
    seen.push([resolved.event?.type, resolved.retryCount]);
    await handle(subscription, resolved, seen.length);
    if (seen.length === count) break;
  }
  return seen;
};
const ack = (subscription, resolved) => subscription.ack(resolved);

await append("jobs", "A", "B", "C");
await client.createPersistentSubscriptionToStream("jobs", "g", toStream({ startFrom: START, maxRetryCount: 1 }));
say("exists", await refusal(() =>
  client.createPersistentSubscriptionToStream("jobs", "g", toStream({ startFrom: START }))));
say("unknown", await refusal(() => client.getPersistentSubscriptionToStreamInfo("jobs", "nobody")));

const worker = client.subscribeToPersistentSubscriptionToStream("jobs", "g", { bufferSize: 1 });
say("handled", await consumed(worker, 5, async (subscription, resolved) => {
  if (resolved.event.type === "A") await subscription.nack(RETRY, "again", resolved);
  else if (resolved.event.type === "B") await subscription.nack(PARK, "odd", resolved);
  else if (resolved.event.type === "C") {
    await append("jobs", "D");
    await subscription.nack(SKIP, "none", resolved);
  } else await subscription.ack(resolved);
}));
await worker.unsubscribe();

const info = async () => client.getPersistentSubscriptionToStreamInfo("jobs", "g");
say("parked", (await info()).stats.parkedMessageCount);
const again = client.subscribeToPersistentSubscriptionToStream("jobs", "g");
await client.replayParkedMessagesToStream("jobs", "g");
say("replayed", await consumed(again, 2, ack));
await again.unsubscribe();
say("left", (await info()).stats.parkedMessageCount);

await client.updatePersistentSubscriptionToStream("jobs", "g", toStream({ startFrom: END, maxRetryCount: 9 }));
const updated = await info();
say("updated", [updated.groupName, updated.eventSource, updated.settings.maxRetryCount, updated.status]);

await client.createPersistentSubscriptionToAll(
  "every", toAll({ startFrom: END }), { filter: streamNameFilter({ prefixes: ["task-"] }) });
const everything = client.subscribeToPersistentSubscriptionToAll("every");
await append("other", "X");
await append("task-1", "E", "F");
say("all", await consumed(everything, 2, ack));
await everything.unsubscribe();
say("groups", (await client.listAllPersistentSubscriptions()).map(({ eventSource, groupName }) => [eventSource, groupName]));

const dropped = client.subscribeToPersistentSubscriptionToStream("jobs", "g");
const ending = new Promise((resolve) => dropped.on("error", (error) => resolve(error.type)));
await new Promise((resolve) => dropped.on("confirmation", resolve));
await client.deletePersistentSubscriptionToStream("jobs", "g");
say("dropped", await ending);
await client.deletePersistentSubscriptionToAll("every");
say("gone", await refusal(() => client.deletePersistentSubscriptionToAll("every")));
await client.restartSubsystem();
say("none", (await client.listAllPersistentSubscriptions()).length);
await client.dispose();
