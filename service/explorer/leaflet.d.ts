// The type checker reads this in place of leaflet.js; @types/leaflet has the types.
export * from "leaflet";
