// Which packages there are: one JSON line a package.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
for (const name of process.argv.slice(2)) {
  console.log(JSON.stringify([name, typeof require(name)]));
}
