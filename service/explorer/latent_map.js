/** The map of one model's latent plane: tiles, overlay, numbered points, pictures and the path. */

import {
  Map as LeafletMap,
  divIcon,
  latLngBounds,
  layerGroup,
  marker,
  polyline,
} from "./leaflet.js";
import { Overlay } from "./overlay.js";
import { fromMap, planeOf, tileSizeOf, toMap } from "./plane.js";
import { TileLayer } from "./tile_layer.js";

/**
 * @import { Bounds } from "./grid.js"
 * @import { Model } from "./model.js"
 * @import { Point } from "./plane.js"
 *
 * @typedef {Object} MapHandlers
 * @property {(centre: Point, zoom: number, animate: boolean) => void} moved
 * @property {(point: Point) => void} chosen by a click or Enter
 * @property {(point: Point | null) => void} pointed at by the pointer or the keyboard
 * @property {(index: number, point: Point) => void} dragged
 *
 * @typedef {{ point: Point, element: HTMLElement }} PlacedPicture
 */

const USUAL_EXTENT = 4; // the usual zoom shows the square from -4 to 4

export class LatentMap {
  /**
   * @param {HTMLElement} container
   * @param {Model} model
   * @param {MapHandlers} handlers
   */
  constructor(container, { name, kind, image, tiles, reference }, handlers) {
    const world = latLngBounds(toMap(tiles.latent.minimum), toMap(tiles.latent.maximum));
    const tileSize = tileSizeOf(tiles, image);
    const zooms = { minZoom: tiles.minzoom, maxZoom: tiles.maxzoom };
    this.container = container;
    this.handlers = handlers;
    this.map = new LeafletMap(container, {
      crs: planeOf(tiles, tileSize),
      ...zooms,
      maxBounds: world,
      fadeAnimation: false,
    });
    this.map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    this.tiles = new TileLayer(name, {
      tileSize,
      ...zooms,
      bounds: world,
      noWrap: true,
      updateWhenZooming: false,
    });
    this.overlay = new Overlay(this.map, reference, kind === "vae");
    this.path = layerGroup().addTo(this.map);
    this.pictures = layerGroup().addTo(this.map);
  }

  /**
   * Show the first view, once the container has its size.
   *
   * @param {Point} centre
   * @param {number | null} zoom null: the usual one
   */
  open(centre, zoom) {
    this.map.setView(toMap(centre), zoom ?? this.usualZoom());
    this.listen();
  }

  /** The largest zoom that shows the whole usual square. */
  usualZoom() {
    const extent = latLngBounds([-USUAL_EXTENT, -USUAL_EXTENT], [USUAL_EXTENT, USUAL_EXTENT]);
    return this.map.getBoundsZoom(extent);
  }

  /**
   * @param {Point} centre
   * @param {number} zoom
   * @param {boolean} animate
   */
  look(centre, zoom, animate) {
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

  /** @returns {Bounds} what the map shows, in latent units */
  get bounds() {
    const bounds = this.map.getBounds();
    return { x: [bounds.getWest(), bounds.getEast()], y: [bounds.getSouth(), bounds.getNorth()] };
  }

  /**
   * Show the layers that are not in `off`, without the points of the classes in `hidden`.
   *
   * @param {string[]} off
   * @param {number[]} hidden
   */
  showLayers(off, hidden) {
    if (off.includes("pictures")) this.tiles.remove();
    else this.tiles.addTo(this.map);
    this.overlay.update({ points: !off.includes("points"), axes: !off.includes("axes") }, hidden);
  }

  /**
   * Draw numbered points and the line along `track`.
   *
   * @param {(Point | null)[]} points null: a class that the model does not know
   * @param {boolean[]} isMovable which points can be dragged
   * @param {Point[]} track
   */
  showPath(points, isMovable, track) {
    this.path.clearLayers();
    polyline(track.map(toMap), { className: "track", interactive: false }).addTo(this.path);
    points.forEach((point, index) => {
      if (point !== null) this.pin(point, index, isMovable[index]).addTo(this.path);
    });
  }

  /** @param {PlacedPicture[]} pictures */
  showPictures(pictures) {
    this.pictures.clearLayers();
    for (const { point, element } of pictures) {
      const icon = divIcon({ className: "placed", html: element, iconSize: [32, 32] });
      marker(toMap(point), { icon, keyboard: false, interactive: false }).addTo(this.pictures);
    }
  }

  remove() {
    this.map.remove();
  }

  /** @param {Point} point @param {number} index @param {boolean} isMovable */
  pin(point, index, isMovable) {
    const { pointed, dragged } = this.handlers;
    const pin = marker(toMap(point), {
      icon: divIcon({ className: "pin", html: String(index + 1), iconSize: [24, 24] }),
      draggable: isMovable,
      keyboard: false,
      interactive: isMovable,
    });
    pin.on("drag", () => pointed(fromMap(pin.getLatLng())));
    pin.on("dragend", () => dragged(index, fromMap(pin.getLatLng())));
    return pin;
  }

  listen() {
    const { container, map } = this;
    const { moved, chosen, pointed } = this.handlers;
    map.on("move", () => moved(this.centre, this.zoom, false));
    map.on("zoomanim", ({ center, zoom }) => moved(fromMap(center), zoom, true));
    map.on("click", ({ latlng }) => chosen(fromMap(latlng)));
    map.on("mousemove", ({ latlng }) => pointed(fromMap(latlng)));
    map.on("mouseout", () => pointed(null));
    // With the keyboard, the centre of the map stands in for the pointer.
    const pointAtCentre = () => {
      if (container.matches(":focus-visible")) pointed(this.centre);
    };
    container.addEventListener("focus", pointAtCentre);
    container.addEventListener("blur", () => pointed(null));
    map.on("move", pointAtCentre);
    container.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === container) chosen(this.centre);
    });
  }
}
