/** One model: what the service says about it, and where places lie in its plane. */

import { loadReference } from "./reference.js";
import { callForJson } from "./service.js";

/**
 * @import { ModelDetails, ModelStatistics, ModelSummary, TileJson } from "./answers.js"
 * @import { Point } from "./plane.js"
 * @import { Reference } from "./reference.js"
 * @import { Place } from "./view.js"
 */

/** @param {string} name */
export async function loadModel(name) {
  const path = encodeURIComponent(name);
  const [details, tiles, statistics, reference] = await Promise.all([
    callForJson(`models/${path}`),
    callForJson(`tiles/${path}.json`),
    callForJson(`models/${path}/statistics`),
    loadReference(name),
  ]);
  return new Model(
    /** @type {ModelDetails} */ (details),
    /** @type {TileJson} */ (tiles),
    /** @type {ModelStatistics} */ (statistics),
    reference,
  );
}

export class Model {
  /**
   * @param {ModelDetails} details
   * @param {TileJson} tiles
   * @param {ModelStatistics} statistics
   * @param {Reference} reference
   */
  constructor(details, tiles, statistics, reference) {
    this.name = details.name;
    this.title = `${details.name} (${details.kind.toUpperCase()})`;
    this.kind = details.kind;
    this.image = details.image;
    this.classNames = details.class_names;
    this.supportDistance = details.support_distance;
    this.tiles = tiles;
    this.measures = statistics.measures;
    this.reference = reference;
  }

  /**
   * The point of a place; null for a class that this model does not know.
   *
   * @param {Place} place
   */
  pointOf(place) {
    return typeof place === "string" ? this.reference.typicalPoint(place) : place;
  }

  /**
   * Whether there is data near a point.
   *
   * @param {Point} point
   */
  isNearData(point) {
    return this.reference.nearest(point).distance <= this.supportDistance;
  }
}

/**
 * The wanted models that are served; if none is, a VAE and an AE, or the first two there are.
 *
 * @param {string[]} wanted
 * @param {ModelSummary[]} served
 */
export function chooseModels(wanted, served) {
  const names = served.map(({ name }) => name);
  const known = wanted.filter((name) => names.includes(name));
  if (known.length > 0) return known;
  const first = served.find(({ kind }) => kind === "vae") ?? served[0];
  const others = served.filter((model) => model !== first);
  const second = others.find(({ kind }) => kind === "ae") ?? others[0];
  return [first, second].filter((model) => model !== undefined).map(({ name }) => name);
}
