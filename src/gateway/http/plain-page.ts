/** What stands at `/` where the page was not built: what this is, three things to try, and a line to try it on. */
import { createHash } from "node:crypto";

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}
code,pre,input,output{font:14px/1.5 ui-monospace,monospace}
pre{background:color-mix(in srgb,currentColor 8%,transparent);padding:.75rem 1rem;border-radius:.5rem;overflow-x:auto}
form{display:flex;gap:.5rem}
input{flex:1;min-width:0;padding:.5rem}
output{display:block;white-space:pre-wrap;overflow-wrap:anywhere;margin-top:.75rem}
`;

const SCRIPT = `
const out = document.querySelector("output"), state = document.querySelector("#state");
let socket, next = 1, tries = 0;
const say = (text) => { out.textContent = (out.textContent + text + "\\n").slice(-20000); };
function open() {
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/v1/socket");
  socket.onopen = () => { tries = 0; state.textContent = "connected"; };
  socket.onmessage = (event) => say("← " + event.data);
  socket.onclose = () => { state.textContent = "not connected"; setTimeout(open, Math.min(1000 * 2 ** tries++, 30000)); };
}
open();
const port = location.port || (location.protocol === "https:" ? "443" : "80");
for (const pre of document.querySelectorAll("pre")) pre.textContent = pre.textContent
  .replaceAll("localhost 9000", location.hostname.replace(/[[\\]]/g, "") + " " + port)
  .replaceAll("http://localhost:9000", location.origin);
document.querySelector("form").onsubmit = (event) => {
  event.preventDefault();
  const input = event.target.elements.line, text = input.value.trim();
  if (text === "" || socket.readyState !== 1) return;
  let line = text;
  if (!text.startsWith("{")) {
    const [, action, rest] = /^(\\S+)\\s*([^]*)$/.exec(text);
    let payload = rest;
    if (rest === "") payload = undefined; else try { payload = JSON.parse(rest); } catch {}
    line = JSON.stringify({ id: next++, action, payload });
  }
  say("→ " + line);
  socket.send(line);
  input.value = "";
};
`;

export const PLAIN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tanda</title>
<style>${STYLE}</style>
<h1>Tanda</h1>
<p>A distributed task system: send a task, a thread runs it, its result is stored and returned. This port speaks lines, HTTP and WebSocket.</p>
<pre>printf 'upper hola\\nexit\\n' | nc localhost 9000
curl 'http://localhost:9000/v1/tasks?wait=10' -H 'content-type: application/json' -d '{"action":"upper","payload":"hola"}'
curl http://localhost:9000/v1/actions</pre>
<p>Or here, through a WebSocket (<span id="state">connecting</span>). Where a token is needed, send <code>{"op":"auth","token":"…"}</code> first.</p>
<form><input name="line" autofocus autocomplete="off" placeholder="upper hola" aria-label="Task"><button>Send</button></form>
<output></output>
<p><a href="openapi.json">OpenAPI</a> · <a href="readyz">readiness</a></p>
<script>${SCRIPT}</script>
</html>
`;

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing but what stands in the page, and talk with where it came from. */
export const PLAIN_PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${hash(SCRIPT)}`,
  `style-src ${hash(STYLE)}`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");
