// Starts Swagger UI on this server's own OpenAPI document.
"use strict";

const description = new URL("openapi.json", document.baseURI).href;

SwaggerUIBundle({
  url: description,
  responseInterceptor: tryHere,
  dom_id: "#documentation",
  deepLinking: true,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
  validatorUrl: null, // do not send the document to Swagger's online validator
});

// "Try it out" calls the server that the page came from, at whatever path a proxy adds. The document
// may name another address, which the page must not reach.
function tryHere(response) {
  if (response.url === description && response.ok) {
    const here = { url: new URL(".", document.baseURI).href, description: "This server" };
    response.text = JSON.stringify({ ...JSON.parse(response.text), servers: [here] });
  }
  return response;
}
