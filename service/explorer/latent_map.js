/** A map of one model's latent plane: tiles, overlay, numbered points, pictures and the path. */

import {
  Map as LeafletMap,
  divIcon,
  latLngBounds,
  layerGroup,
  marker,
  polyline,
} from "./vendor/leaflet-1.9.4/leaflet-src.esm.js";
import { Overlay } from "./overlay.js";
import { fromMap, planeOf, tileSizeOf, toMap } from "./plane.js";
import { TileLayer } from "./tile_layer.js";

const USUAL_EXTENT = 4; // the square that is seen at first reaches this far in each direction

export class LatentMap {
  /**
   * `tiles` is the model's TileJSON; a `zoom` of null is the usual one. `handlers`: `moved(centre, zoom)`, `chosen(point)` for a click
   * or Enter, `pointed(point | null)` for what the pointer or the keyboard is at, and
   * `dragged(index, point)` for a numbered point that was moved.
   */
  constructor(container, { name, kind, image }, tiles, reference, { centre, zoom }, handlers) {
    const world = latLngBounds(toMap(tiles.latent.minimum), toMap(tiles.latent.maximum));
    const tileSize = tileSizeOf(tiles, image);
    this.map = new LeafletMap(container, {
      crs: planeOf(tiles, tileSize),
      minZoom: tiles.minzoom,
      maxZoom: tiles.maxzoom,
      maxBounds: world,
      fadeAnimation: false,
    });
    this.map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    this.handlers = handlers;
    this.tiles = new TileLayer(name, {
      tileSize,
      minZoom: tiles.minzoom,
      maxZoom: tiles.maxzoom,
      bounds: world,
      noWrap: true,
      updateWhenZooming: false,
    });
    this.map.setView(toMap(centre), zoom ?? this.usualZoom());
    this.overlay = new Overlay(this.map, { reference, hasPrior: kind === "vae" });
    this.path = layerGroup().addTo(this.map);
    this.pictures = layerGroup().addTo(this.map);
    this.listen(container);
  }

  /** The largest zoom at which the usual square is whole. */
  usualZoom() {
    const extent = latLngBounds([-USUAL_EXTENT, -USUAL_EXTENT], [USUAL_EXTENT, USUAL_EXTENT]);
    return this.map.getBoundsZoom(extent);
  }

  /** Look at a point. */
  look(centre, zoom, animate = false) {
    if (zoom !== this.map.getZoom() || !this.map.getCenter().equals(toMap(centre), 1e-12)) {
      this.map.setView(toMap(centre), zoom, { animate });
    }
  }

  get centre() {
    return fromMap(this.map.getCenter());
  }

  get zoom() {
    return this.map.getZoom();
  }

  /** The ends [left, right] and [bottom, top] of what is seen, in latent units. */
  get bounds() {
    const bounds = this.map.getBounds();
    return { x: [bounds.getWest(), bounds.getEast()], y: [bounds.getSouth(), bounds.getNorth()] };
  }

  /** Show the layers that are not in `off`, without reference points of the classes in `hidden`. */
  show(off, hidden) {
    if (off.includes("pictures")) this.tiles.remove();
    else this.tiles.addTo(this.map);
    this.overlay.update({ points: !off.includes("points"), axes: !off.includes("axes") }, hidden);
  }

  /** Draw numbered points, those of `movable` to be dragged, and the line along `track`. */
  showPath(points, movable, track) {
    this.path.clearLayers();
    polyline(track.map(toMap), { className: "track", interactive: false }).addTo(this.path);
    points.forEach((point, index) => {
      if (point === null) return;
      const pin = marker(toMap(point), {
        icon: divIcon({ className: "pin", html: String(index + 1), iconSize: [24, 24] }),
        draggable: movable[index],
        keyboard: false,
        interactive: movable[index],
      });
      pin.on("drag", () => this.handlers.pointed(fromMap(pin.getLatLng())));
      pin.on("dragend", () => this.handlers.dragged(index, fromMap(pin.getLatLng())));
      pin.addTo(this.path);
    });
  }

  /** Show pictures where they lie: [{point, element}]. */
  showPictures(pictures) {
    this.pictures.clearLayers();
    for (const { point, element } of pictures) {
      const icon = divIcon({ className: "placed", html: element, iconSize: [32, 32] });
      marker(toMap(point), { icon, keyboard: false, interactive: false }).addTo(this.pictures);
    }
  }

  /** End the map. */
  remove() {
    this.map.remove();
  }

  listen(container) {
    const { moved, chosen, pointed } = this.handlers;
    this.map.on("move", () => moved(this.centre, this.zoom, false));
    this.map.on("zoomanim", ({ center, zoom }) => moved(fromMap(center), zoom, true));
    this.map.on("click", ({ latlng }) => chosen(fromMap(latlng)));
    this.map.on("mousemove", ({ latlng }) => pointed(fromMap(latlng)));
    this.map.on("mouseout", () => pointed(null));
    // By keyboard the middle of the map is the pointer.
    const pointAtCentre = () => {
      if (container.matches(":focus-visible")) pointed(this.centre);
    };
    container.addEventListener("focus", pointAtCentre);
    container.addEventListener("blur", () => pointed(null));
    this.map.on("move", pointAtCentre);
    container.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === container) chosen(this.centre);
    });
  }
}
