// Monaco's workers, from our own server. WORKERS (kind to file name) is put in
// by the build.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(new URL(WORKERS[label] ?? WORKERS.editor, import.meta.url)),
};
