/** Asks a gateway over HTTP and reads what it says as JSON. */

/** Whatever JSON there is: what it should be is what the tests say. */
export type Json = ReturnType<typeof JSON.parse>;

/** Of a task that nobody sent. */
export const ID = "01890a5d-ac96-774b-bcce-b302099a8057";

export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { response, status: response.status, body: (await response.json()) as Record<string, Json> };
}

export async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const body: Json = isJson ? JSON.parse(text) : text;
  return { response, status: response.status, body };
}
