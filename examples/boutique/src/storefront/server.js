"use strict";
// Renders the shop's pages from what the other services say.
const cookies = require("cookie-parser");
const express = require("express");
const { groupBy } = require("lodash");

const app = express();
app.use(cookies());

app.get("/", async (request, response) => {
  const products = await (await fetch(`${process.env.CATALOG_URL}/products`)).json();
  response.json({ visitor: request.cookies.visitor ?? null, shelves: groupBy(products, "shelf") });
});

app.listen(Number(process.env.PORT ?? 8080));
