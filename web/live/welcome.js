/** What the page says while there is no camera: where one connects, how, and how to try without one. */
import { copyable } from "./copy.js";
import { el } from "./dom.js";

/** Return the section; `host` is the address under which a camera reaches this server, `port` its port. */
export function welcome(host, port) {
  const address = `ws://${host.includes(":") ? `[${host}]` : host}:${port}/ws/camera`;
  return el(
    "section",
    { class: "welcome", "aria-labelledby": "welcome-title" },
    el("h1", { id: "welcome-title" }, "No camera yet"),
    el("p", {}, "This page shows every camera as soon as it connects. Nothing has to be set up here."),
    el(
      "ol",
      {},
      step(
        "Point the camera at this address",
        "Each binary WebSocket message is one JPEG.",
        copyable(address, "the address"),
      ),
      step(
        "Or start from these lines of Arduino code",
        "With the library WebSockets by Markus Sattler (Links2004). A name may follow the path: /ws/camera/porch",
        copyable(sketch(host, port), "the code"),
      ),
      step(
        "No camera at hand? Start a simulated one",
        "In the server's folder, on its machine:",
        copyable(mockCommand(port), "the command"),
      ),
    ),
  );
}

/** Where a camera finds this server: its address in the network, or what the browser calls it. */
export function cameraHost(status, page) {
  const told = (status.lan_addresses ?? []).find((address) => typeof address === "string");
  const name = page.hostname.replace(/^\[|\]$/g, "");
  const isOwnMachine = name === "localhost" || name === "::1" || name.startsWith("127.");
  return isOwnMachine && told ? told : name;
}

/** The port of that address. */
export function cameraPort(page) {
  return page.port || (page.protocol === "https:" ? "443" : "80");
}

function mockCommand(port) {
  return `make mock-camera CAMERA=porch${String(port) === "8080" ? "" : ` SERVER=127.0.0.1:${port}`}`;
}

function step(title, text, body) {
  return el("li", {}, el("h2", {}, title), el("p", {}, text), body);
}

function sketch(host, port) {
  return `#include <WiFi.h>
#include <WebSocketsClient.h>
#include "esp_camera.h"

WebSocketsClient server;

void setup() {
  WiFi.begin("your network", "its password");
  // esp_camera_init(...) as in the CameraWebServer example of your board
  server.begin("${host}", ${port}, "/ws/camera");
}

void loop() {
  server.loop();
  if (!server.isConnected()) return;
  camera_fb_t *picture = esp_camera_fb_get();
  if (!picture) return;
  server.sendBIN(picture->buf, picture->len);
  esp_camera_fb_return(picture);
}`;
}
