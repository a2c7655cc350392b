/** Calls to the service that this page came from. */

import { curlCommand } from "./curl.js";

/**
 * @import { Problem } from "./answers.js"
 *
 * @typedef {Object} Body what a request sends; without one it is a GET
 * @property {unknown} [json]
 * @property {FormData} [form]
 *
 * @typedef {Body & { signal?: AbortSignal }} Call
 */

const KEY_NAME = "atlas-api-key";
const MOST_TRIES = 4;

/** An error that the service answered with. */
export class ServiceProblem extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * The service's response. After a 503 it waits for as long as Retry-After says and tries again.
 *
 * Throws a ServiceProblem, or an AbortError if `signal` ends the call.
 *
 * @param {string} path relative to the page
 * @param {Call} [call]
 */
async function call(path, { json, form, signal } = {}) {
  /** @type {RequestInit & { headers: Headers }} */
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
    const response = await fetch(addressOf(path), request);
    if (response.ok) return response;
    if (response.status !== 503 || tries === MOST_TRIES) throw await problemOf(response);
    await delay(1000 * Number(response.headers.get("retry-after") ?? 1), signal);
  }
}

/**
 * @param {string} path
 * @param {Call} [request]
 * @returns {Promise<unknown>}
 */
export async function callForJson(path, request) {
  return (await call(path, request)).json();
}

/**
 * @param {string} path
 * @param {Call} [request]
 */
export async function callForBlob(path, request) {
  return (await call(path, request)).blob();
}

/**
 * Keep an API key until the tab is closed.
 *
 * @param {string} key
 */
export function rememberKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

/**
 * The shell command that makes a call.
 *
 * @param {string} path
 * @param {{ json?: unknown, form?: [string, string][], output?: string }} request
 */
export function commandFor(path, request) {
  const needsKey = Boolean(sessionStorage.getItem(KEY_NAME));
  return curlCommand(addressOf(path).href, { ...request, needsKey });
}

/**
 * Paths are relative to the page, so that it works behind a proxy's prefix.
 *
 * @param {string} path
 */
function addressOf(path) {
  return new URL(path, new URL(".", document.baseURI));
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    const { detail, errors } = /** @type {Problem} */ (await response.json());
    const places = errors.map((fault) => `${fault.pointer}: ${fault.detail}`);
    return new ServiceProblem(response.status, [detail, ...places].join("; "));
  } catch {
    return new ServiceProblem(response.status, `the service answered ${response.status}`);
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] ends the wait
 * @returns {Promise<void>}
 */
function delay(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
