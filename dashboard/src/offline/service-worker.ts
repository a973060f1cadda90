/**
 * Keeps the page itself, so that it opens without a network. It is a script of its own, `sw.js`: the build writes before it which
 * files there are (dashboard/shell-files.ts). What the node tells (/v1/…) is never kept: only what is true may be shown.
 */
/** The files of the page beside this one; "./" is the page. */
declare const SHELL_FILES: readonly string[];
/** Another for other files. */
declare const SHELL_VERSION: string;

/** What is used here of a worker's events; the types of workers and of pages do not go together. */
export type WorkerEvent = { waitUntil(work: Promise<unknown>): void };
type FetchingEvent = { readonly request: Request; respondWith(response: Promise<Response>): void };
type Worker = {
  readonly registration: { readonly scope: string };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: WorkerEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchingEvent) => void): void;
};

const CACHES = "tanda-page-";
const CACHE = CACHES + SHELL_VERSION;
/** A phone with one bar waits for minutes; what is kept opens after this. */
const NETWORK_WITHIN_MS = 4000;
const worker = self as unknown as Worker;
const shell = new Set(SHELL_FILES.map((file) => new URL(file, worker.registration.scope).pathname));

// All or nothing, so the files of one version are never mixed with another's. A page that is open has all of its files already:
// nothing is in the way of the next load being of the new version.
worker.addEventListener("install", (event) => event.waitUntil(keepShell().then(() => worker.skipWaiting())));
worker.addEventListener("activate", (event) => event.waitUntil(dropOld()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !shell.has(pathname)) return;
  event.respondWith(/\/assets\/[^/]+$/.test(pathname) ? keptFirst(request) : networkFirst(request));
});

async function keepShell(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Not what the browser keeps by itself: that may be of the version before.
  await cache.addAll(SHELL_FILES.map((file) => new Request(file, { cache: "no-cache" })));
}

async function dropOld(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function keptFirst(request: Request): Promise<Response> {
  return (await kept(request)) ?? fetch(request);
}

async function networkFirst(request: Request): Promise<Response> {
  const asked = fetch(request);
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), NETWORK_WITHIN_MS));
  const response = await Promise.race([asked, late]).catch(() => null);
  // A balancer without a node behind it answers too.
  if (response !== null && response.status < 500) return response;
  return (await kept(request)) ?? response ?? asked;
}

/** The page is the same whatever stands behind the ? of its address. */
async function kept(request: Request): Promise<Response | undefined> {
  return (await caches.open(CACHE)).match(request, { ignoreSearch: true, ignoreVary: true });
}
