// Starts Swagger UI on this server's own OpenAPI document.
"use strict";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
  validatorUrl: null, // do not send the document to Swagger's online validator
});
