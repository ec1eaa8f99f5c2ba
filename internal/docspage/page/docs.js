"use strict";

// Everything comes from this server: no validator elsewhere is told what the document says.
SwaggerUIBundle({
  dom_id: "#docs",
  url: "openapi.yaml",
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
});
