/** Starts the page: asks which models there are, and for an API key if the service wants one. */

import { byId, find } from "./elements.js";
import { Explorer } from "./explorer.js";
import { ServiceProblem, callForJson, rememberKey } from "./service.js";
import { announce } from "./status.js";

/** @import { ModelList } from "./answers.js" */

const RELOAD_MILLISECONDS = 1000;
const MAP_DIMENSIONS = 2;

async function start() {
  const { models, unavailable } = /** @type {ModelList} */ (await callForJson("models"));
  if (models.length + unavailable.length === 0) {
    announce("The models are still loading.");
    setTimeout(() => location.reload(), RELOAD_MILLISECONDS);
    return;
  }
  const planar = models.filter((model) => model.latent_dim === MAP_DIMENSIONS);
  if (planar.length === 0) {
    const found = models.map(({ name, latent_dim }) => `${name} has ${latent_dim}`).join(", ");
    throw new Error(
      `A map needs a model with 2 latent dimensions. ${found || "No model is loaded"}.`,
    );
  }
  await new Explorer(planar, report).start();
  document.body.dataset.ready = "true";
}

/** @param {Error} error */
function report(error) {
  if (error instanceof ServiceProblem && error.status === 401) askForKey();
  else announce(error.message);
}

function askForKey() {
  const dialog = byId("key", HTMLDialogElement);
  find(dialog, "form", HTMLFormElement).addEventListener("submit", () => {
    rememberKey(find(dialog, "input", HTMLInputElement).value);
    location.reload();
  });
  dialog.showModal();
}

start().catch(report);
