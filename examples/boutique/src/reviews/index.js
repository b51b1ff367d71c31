"use strict";
// Shows product reviews, which visitors write in Markdown.
const { marked } = require("marked");
const fetch = require("node-fetch");

async function reviews(product) {
  const answer = await fetch(`${process.env.REVIEW_STORE_URL}/${encodeURIComponent(product)}`);
  return (await answer.json()).map((review) => ({ stars: review.stars, html: marked.parse(review.text) }));
}

module.exports = { reviews };
