/** Just enough of a browser for Leaflet to load in node. */

const element = () => ({ style: {} });

Object.assign(globalThis, {
  window: globalThis,
  document: { documentElement: element(), createElement: element, createElementNS: element },
  devicePixelRatio: 1,
  addEventListener() {},
  removeEventListener() {},
});
if (!("navigator" in globalThis)) {
  Object.assign(globalThis, { navigator: { userAgent: "", platform: "" } });
}
