// What Node sees of finished jobs: `node queue_reader.mjs SOCKET QUEUE`, a JSON line a job.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { Queue } = require("bullmq");
const IORedis = require("ioredis");

const [socket, name] = process.argv.slice(2);
const connection = new IORedis({ path: socket, maxRetriesPerRequest: null });
const queue = new Queue(name, { connection });
for (const job of await queue.getJobs(["completed", "failed"], 0, -1, true)) {
  console.log(
    JSON.stringify({
      id: job.id,
      state: await job.getState(),
      progress: job.progress,
      result: job.returnvalue,
      reason: job.failedReason,
    }),
  );
}
await queue.close();
connection.disconnect();
