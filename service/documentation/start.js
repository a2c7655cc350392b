// Starts Swagger UI on this server's own document; validatorUrl null: nothing is asked elsewhere.
"use strict";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
  validatorUrl: null,
});
