/** Ends this turn of the event loop: timers and sockets that are ready are served before it resolves. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
