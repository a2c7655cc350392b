/** Types of the service's answers, as far as the page reads them. Nothing loads this file. */

export {};

/**
 * @import { Point } from "./plane.js"
 *
 * @typedef {Object} ImageShape pixels
 * @property {number} width
 * @property {number} height
 *
 * @typedef {Object} ModelSummary an entry of /models
 * @property {string} name
 * @property {"vae" | "ae" | "dae"} kind
 * @property {number} latent_dim
 *
 * @typedef {Object} ModelList /models
 * @property {ModelSummary[]} models
 * @property {unknown[]} unavailable models that failed to load
 *
 * @typedef {Object} Training what a model was trained on
 * @property {ImageShape} image
 * @property {string[]} class_names
 * @property {number} support_distance 99 % of the data has a reference point at least this near
 *
 * @typedef {ModelSummary & Training} ModelDetails /models/{name}
 *
 * @typedef {Object} LatentWorld
 * @property {Point} minimum lower left corner
 * @property {Point} maximum upper right corner
 * @property {number} step_at_zoom_0
 *
 * @typedef {Object} TileJson /tiles/{name}.json
 * @property {number} minzoom
 * @property {number} maxzoom
 * @property {number} tile_size width of a tile in pixels
 * @property {LatentWorld} latent
 *
 * @typedef {Object} Measure
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {"lower" | "higher" | "neither"} better
 * @property {string} sentence the value in plain words
 *
 * @typedef {Object} ModelStatistics /models/{name}/statistics
 * @property {Measure[]} measures
 *
 * @typedef {Object} ReferenceSet /models/{name}/reference
 * @property {string[]} class_names
 * @property {Point[]} coordinates
 * @property {number[]} labels
 * @property {ImageShape & { columns: number }} thumbnails their layout in reference.png
 *
 * @typedef {Object} Reconstruction an entry of /reconstruct
 * @property {Point} mean
 * @property {Point} standard_deviation
 * @property {boolean} in_support
 * @property {string[]} applied
 * @property {number[][]} image rows of levels from 0 to 1
 * @property {number[][]} reconstruction
 * @property {{ mean_squared_error: number, binary_cross_entropy: number }} error
 *
 * @typedef {Object} ReconstructOutput /reconstruct
 * @property {number} version
 * @property {Reconstruction[]} reconstructions
 *
 * @typedef {Object} Problem an error, RFC 9457
 * @property {string} detail
 * @property {{ pointer: string, detail: string }[]} errors
 */
