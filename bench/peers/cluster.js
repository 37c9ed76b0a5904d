// How a peer runs in one process or in several that share a port.
import cluster from "node:cluster";

// serve prepares a server in each of PROCESSES processes; once all are ready,
// each listens on PORT, so that connections spread over all from the first one.
// prepare gives a function that listens.
export async function serve(prepare) {
  const processes = Number(process.env.PROCESSES);
  const port = Number(process.env.PORT);
  if (processes > 1 && cluster.isPrimary) {
    lead(processes);
    return;
  }
  const listen = await prepare();
  if (cluster.isPrimary) {
    await listen(port);
    return;
  }
  process.once("message", () => listen(port));
  process.send("ready");
}

function lead(processes) {
  let ready = 0;
  cluster.on("message", () => {
    ready += 1;
    if (ready === processes) for (const worker of Object.values(cluster.workers)) worker.send("listen");
  });
  cluster.on("exit", () => process.exit(1)); // half a server is none
  for (let i = 0; i < processes; i += 1) cluster.fork();
}
