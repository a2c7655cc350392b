/** Where the page begins: asks what is served, for a key if one is needed, and starts the rest. */

import { Explorer } from "./explorer.js";
import { ServiceProblem, callForJson, rememberKey } from "./service.js";
import { announce } from "./sharing.js";

const AGAIN_MILLISECONDS = 1000;

async function start() {
  const { models, unavailable } = await callForJson("models");
  if (models.length + unavailable.length === 0) {
    announce("The models are still loading.");
    setTimeout(() => location.reload(), AGAIN_MILLISECONDS);
    return;
  }
  const flat = models.filter((model) => model.latent_dim === 2);
  if (flat.length === 0) throw new Error("No model with two latent dimensions is served.");
  await new Explorer(flat, report).start();
  document.body.dataset.ready = "true";
}

function report(error) {
  if (error instanceof ServiceProblem && error.status === 401) askForKey();
  else announce(error.message);
}

function askForKey() {
  const dialog = document.getElementById("key");
  dialog.querySelector("form").addEventListener("submit", () => {
    rememberKey(dialog.querySelector("input").value);
    location.reload();
  });
  dialog.showModal();
}

start().catch(report);
