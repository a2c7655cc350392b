/** Calls to the service as curl commands for a POSIX shell. */

/**
 * @typedef {Object} CurlRequest
 * @property {unknown} [json] the body
 * @property {[string, string][]} [form] fields of the body; a value of `@NAME` is a file
 * @property {string} [output] file for the response
 * @property {boolean} [needsKey] the command names an API key, it never contains one
 */

/**
 * @param {string} address
 * @param {CurlRequest} [request]
 */
export function curlCommand(address, { json, form = [], output, needsKey = false } = {}) {
  const words = ["curl"];
  if (output) words.push("-o", quoted(output));
  if (needsKey) words.push("-H", '"X-API-Key: $ATLAS_API_KEY"');
  for (const [name, value] of form) words.push("-F", quoted(`${name}=${value}`));
  if (json !== undefined) words.push("--json", quoted(JSON.stringify(json)));
  words.push(quoted(address));
  return words.join(" ");
}

/** @param {string} word */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
