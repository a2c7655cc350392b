/** The vendored Leaflet. Its types are in leaflet.d.ts. */

export * from "./vendor/leaflet-1.9.4/leaflet-src.esm.js";
