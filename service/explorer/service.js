/** Calls to the service this page came from, and the same calls as commands to copy. */

const KEY_NAME = "atlas-api-key";
const MOST_TRIES = 4;
/** Paths are relative to the page, so that it works behind a prefix too. */
const BASE = new URL(".", document.baseURI);

/** An answer that is not 2xx: its status and what the service says is wrong. */
export class ServiceProblem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * An answer of the service; one that is too busy (503) is asked again when it says so.
 *
 * Throws ServiceProblem, or an AbortError if `signal` ends the call.
 */
export async function call(path, { json, form, signal } = {}) {
  const request = { headers: new Headers(), signal };
  const key = sessionStorage.getItem(KEY_NAME);
  if (key) request.headers.set("X-API-Key", key);
  if (json !== undefined) {
    request.headers.set("Content-Type", "application/json");
    request.body = JSON.stringify(json);
  } else if (form) {
    request.body = form;
  }
  if (request.body) request.method = "POST";
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(new URL(path, BASE), request);
    if (answer.ok) return answer;
    if (answer.status !== 503 || tries === MOST_TRIES) throw await problemOf(answer);
    await delay(1000 * Number(answer.headers.get("retry-after") ?? 1), signal);
  }
}

/** The JSON of an answer. */
export async function callForJson(path, request) {
  return (await call(path, request)).json();
}

/** The bytes of an answer, as a Blob of its media type. */
export async function callForBlob(path, request) {
  return (await call(path, request)).blob();
}

/** Keep the key for this tab. */
export function rememberKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

/** The same call for a shell. A key is named, never shown. */
export function curlCommand(path, { json, form, output } = {}) {
  const words = ["curl"];
  if (output) words.push("-o", quoted(output));
  if (sessionStorage.getItem(KEY_NAME)) words.push("-H", '"X-API-Key: $ATLAS_API_KEY"');
  for (const [name, value] of form ?? []) words.push("-F", quoted(`${name}=${value}`));
  if (json !== undefined) words.push("--json", quoted(JSON.stringify(json)));
  words.push(quoted(new URL(path, BASE).href));
  return words.join(" ");
}

function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

async function problemOf(answer) {
  try {
    const { detail, errors } = await answer.json();
    const places = errors.map((fault) => `${fault.pointer}: ${fault.detail}`);
    return new ServiceProblem(answer.status, [detail, ...places].join("; "));
  } catch {
    return new ServiceProblem(answer.status, `the service answered ${answer.status}`);
  }
}

function delay(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
