/** Where threads connect: a socket in a private folder (a named pipe on Windows), so that data never goes through their process's main thread. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionInfo } from "../task/task.ts";
import type { ErrorBody } from "../task/errors.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";
import { FrameCutter, HELLO, NOT_LOADED, type Hello, type LoadFailure } from "./thread-wire.ts";

const PREFIX = "tanda-pool-";
const SOCKET = "threads";
/** A folder younger than this may belong to somebody who is just starting. */
const YOUNG_MS = 60_000;
const HELLO_MS = 60_000;
/** The longest path a unix socket may have everywhere. */
const MAX_PATH = 100;

export type Arrival =
  | { type: "loaded"; key: number; actions: ActionInfo[]; socket: Socket; cutter: FrameCutter }
  | { type: "not_loaded"; key: number; error: ErrorBody };

export class ThreadListener implements AsyncDisposable {
  readonly path: string;
  readonly token: string;
  /** For copies of blobs; goes with the socket. */
  readonly dir: string;
  readonly #server: Server;
  readonly #listener: (arrival: Arrival) => void;
  readonly #folder: ReturnType<typeof openTemporaryFolder>;

  private constructor(folder: ReturnType<typeof openTemporaryFolder>, listener: (arrival: Arrival) => void) {
    this.#folder = folder;
    this.dir = folder.path;
    this.token = randomBytes(24).toString("hex");
    this.path =
      process.platform === "win32"
        ? `\\\\.\\pipe\\${PREFIX}${randomBytes(12).toString("hex")}`
        : join(folder.path, SOCKET);
    this.#listener = listener;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  static async open(listener: (arrival: Arrival) => void): Promise<ThreadListener> {
    const parent = tmpdir().length + PREFIX.length + SOCKET.length + 10 > MAX_PATH ? "/tmp" : tmpdir();
    // Nobody waits for what others left behind.
    void removeStale(parent);
    const opened = new ThreadListener(openTemporaryFolder(join(parent, PREFIX)), listener);
    await new Promise<void>((resolve, reject) => {
      opened.#server.once("error", reject);
      opened.#server.listen(opened.path, resolve);
    });
    return opened;
  }

  /** The first frame says who it is; what does not know the token is shown the door. */
  #greet(socket: Socket): void {
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    const cutter = new FrameCutter();
    const tooLate = setTimeout(() => socket.destroy(), HELLO_MS);
    const onData = (chunk: string): void => {
      cutter.cut(chunk, (text, from, end) => {
        clearTimeout(tooLate);
        socket.off("data", onData);
        this.#admit(socket, cutter, text[from]!, text.slice(from + 1, end));
      });
    };
    socket.on("data", onData);
    socket.once("close", () => clearTimeout(tooLate));
  }

  #admit(socket: Socket, cutter: FrameCutter, letter: string, json: string): void {
    try {
      const said = JSON.parse(json) as Hello | LoadFailure;
      if (!this.#isToken(said.token)) socket.destroy();
      else if (letter === HELLO && "actions" in said)
        this.#listener({ type: "loaded", key: said.key, actions: said.actions, socket, cutter });
      else if (letter === NOT_LOADED && "error" in said)
        this.#listener({ type: "not_loaded", key: said.key, error: said.error });
      else socket.destroy();
    } catch {
      socket.destroy();
    }
  }

  #isToken(token: unknown): boolean {
    if (typeof token !== "string" || token.length !== this.token.length) return false;
    return timingSafeEqual(Buffer.from(token), Buffer.from(this.token));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#folder.remove();
  }
}

/** A killed node leaves its folder behind. That nobody listens in it is the proof, whatever container its process was in. */
async function removeStale(parent: string): Promise<void> {
  if (process.platform === "win32") return;
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(PREFIX)) continue;
    const dir = join(parent, name);
    const made = await stat(dir).catch(() => null);
    if (made === null || made.uid !== process.getuid?.() || Date.now() - made.mtimeMs < YOUNG_MS) continue;
    if (await isDeserted(join(dir, SOCKET))) await rm(dir, { recursive: true, force: true }).catch(() => {});
  }
}

function isDeserted(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ECONNREFUSED" || error.code === "ENOENT"),
    );
  });
}
