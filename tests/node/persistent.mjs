// Persistent subscriptions through npm's EventStoreDB client: one JSON line a finding.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const {
  EventStoreDBClient, PARK, START, jsonEvent, persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults, streamNameFilter,
} = require("@eventstore/db-client");

const client = EventStoreDBClient.connectionString(process.argv[2]);
const say = (name, value) => console.log(JSON.stringify([name, value]));
const event = (type, data) => jsonEvent({ type, data });

await client.appendToStream("job-1", [1, 2, 3].map((n) => event("Job", { n })));
const settings = { startFrom: START };
await client.createPersistentSubscriptionToStream(
  "job-1", "workers", persistentSubscriptionToStreamSettingsFromDefaults(settings));
try {
  await client.createPersistentSubscriptionToStream(
    "job-1", "workers", persistentSubscriptionToStreamSettingsFromDefaults(settings));
} catch (error) {
  say("exists", error.type);
}

const handled = async (subscription, count, handle) => {
  const seen = [];
  for await (const resolved of subscription) {
    seen.push(resolved.event.data.n);
    await handle(subscription, resolved);
    if (seen.length === count) break;
  }
  await subscription.unsubscribe();
  return seen;
};

say("read", await handled(
  client.subscribeToPersistentSubscriptionToStream("job-1", "workers"), 3,
  async (subscription, resolved) => {
    if (resolved.event.data.n === 2) await subscription.nack(PARK, "later", resolved);
    else await subscription.ack(resolved);
  },
));
await client.replayParkedMessagesToStream("job-1", "workers");
say("replayed", await handled(
  client.subscribeToPersistentSubscriptionToStream("job-1", "workers"), 1,
  (subscription, resolved) => subscription.ack(resolved),
));
const info = await client.getPersistentSubscriptionToStreamInfo("job-1", "workers");
say("info", [info.eventSource, info.groupName, info.settings.maxRetryCount]);

await client.createPersistentSubscriptionToAll(
  "every", persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }),
  { filter: streamNameFilter({ prefixes: ["job-"] }) });
say("all", await handled(
  client.subscribeToPersistentSubscriptionToAll("every"), 3,
  (subscription, resolved) => subscription.ack(resolved),
));
say("listed", (await client.listAllPersistentSubscriptions()).map(({ groupName }) => groupName).sort());
await client.updatePersistentSubscriptionToStream(
  "job-1", "workers",
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, maxRetryCount: 3 }));
const updated = await client.getPersistentSubscriptionToStreamInfo("job-1", "workers");
say("updated", updated.settings.maxRetryCount);
await client.deletePersistentSubscriptionToStream("job-1", "workers");
try {
  await client.getPersistentSubscriptionToStreamInfo("job-1", "workers");
} catch (error) {
  say("deleted", error.type);
}
await client.dispose();
