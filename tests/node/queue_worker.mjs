// A worker as a Node program has it: `node queue_worker.mjs SOCKET QUEUE JOBS`.
// Says one JSON line for each job it has completed, and ends after JOBS of them.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { Worker } = require("bullmq");
const IORedis = require("ioredis");

const [socket, queue, jobs] = process.argv.slice(2);
const connection = new IORedis({ path: socket, maxRetriesPerRequest: null });
let left = Number(jobs);
const worker = new Worker(
  queue,
  async (job) => {
    await job.updateProgress(50);
    if (job.data.version === 2 && job.attemptsMade === 0) throw new Error("out of paper");
    return { shout: String(job.data.payload.owner).toUpperCase(), tried: job.attemptsMade + 1 };
  },
  { connection },
);
worker.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
worker.on("completed", async (job, result) => {
  console.log(JSON.stringify({ id: job.id, name: job.name, data: job.data, result }));
  left -= 1;
  if (left === 0) {
    await worker.close();
    connection.disconnect();
  }
});
