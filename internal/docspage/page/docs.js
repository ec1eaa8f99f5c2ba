"use strict";

// Without a validator: the document is not sent to another server.
SwaggerUIBundle({
  dom_id: "#docs",
  url: "openapi.yaml",
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
});
