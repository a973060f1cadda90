/** Without a service worker (no TLS, a private window, a browser that has none) the page works all the same, while there is a network. */
export function keepPage(): void {
  if (!import.meta.env.PROD || !isSecureContext || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("./sw.js").catch(() => undefined);
}
