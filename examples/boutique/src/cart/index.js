"use strict";
// Keeps carts, and tells every open page of a visitor when one changes.
const debug = process.env.DEBUG ? require("debug")("cart") : () => {};
const semver = require("semver");
const { WebSocketServer } = require("ws");

const carts = new Map();
new WebSocketServer({ port: Number(process.env.PORT ?? 8081) }).on("connection", (socket, request) => {
  if (!semver.satisfies(request.headers["x-cart-api"] ?? "1.0.0", "^1")) return socket.close();
  socket.on("message", (line) => {
    const { visitor, product } = JSON.parse(line);
    carts.set(visitor, [...(carts.get(visitor) ?? []), product]);
    debug("%s now has %d", visitor, carts.get(visitor).length);
    socket.send(JSON.stringify(carts.get(visitor)));
  });
});
