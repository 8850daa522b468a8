// npm's Solidity compiler, loaded once. Reads standard JSON, a line each, and answers with a line each.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const solc = require("solc");

const base = path.resolve(__dirname, "..", "..", "node_modules");
const read = {};

function imported(unit) {
  try {
    read[unit] ??= fs.readFileSync(path.join(base, unit), "utf8");
    return { contents: read[unit] };
  } catch (error) {
    return { error: error.message };
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(`${solc.compile(line, { import: imported }).replaceAll("\n", " ")}\n`);
});
