// npm's Solidity compiler (WebAssembly) behind the command line of the native one.
//
//   --version                      the version, as the native compiler prints it
//   --standard-json [FILE]         JSON in from FILE or standard input, nothing but JSON out
//     --base-path DIR              where imports are looked up (default: the working directory)
//     --include-path DIR           a further place for imports; may be repeated
//     --allow-paths DIR,DIR…       further folders that imports may be read from
//
// npm's own command line prints a line of its own before the JSON. What this one does not know it refuses,
// with exit code 1 and the native compiler's words, which py-solc-x reads.
"use strict";

const fs = require("fs");
const path = require("path");

const FLAGS = ["--version", "--help", "--standard-json"];
const VALUES = ["--base-path", "--include-path", "--allow-paths"];
const KNOWN = [...FLAGS, ...VALUES].join(", ");

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function parse(argv) {
  const options = { mode: null, base: "", include: [], allow: [], files: [] };
  const words = [...argv];
  while (words.length > 0) {
    const word = words.shift();
    if (word === "-" || !word.startsWith("-")) {
      options.files.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    if (FLAGS.includes(word)) {
      options.mode = word;
    } else if (VALUES.includes(name)) {
      const value = equals < 0 ? words.shift() : word.slice(equals + 1);
      if (value === undefined) refuse(`the required argument for option '${name}' is missing`);
      if (name === "--base-path") options.base = value;
      if (name === "--include-path") options.include.push(value);
      if (name === "--allow-paths") options.allow.push(...value.split(",").filter(Boolean));
    } else {
      refuse(`unrecognised option '${word}': this compiler knows only ${KNOWN}`);
    }
  }
  if (options.mode === null) refuse(`no task given: this compiler knows only ${KNOWN}`);
  if (options.include.some((folder) => !folder)) refuse("Empty values are not allowed in --include-path.");
  if (options.include.length > 0 && !options.base) refuse("--include-path option requires a non-empty base path.");
  if (options.mode === "--standard-json" && options.files.length > 1) {
    refuse("Too many input files for --standard-json.\nPlease either specify a single file name or provide its content on standard input.");
  }
  return options;
}

function real(file) {
  const absolute = path.resolve(file);
  return fs.existsSync(absolute) ? fs.realpathSync(absolute) : absolute;
}

function within(folder, file) {
  const relative = path.relative(folder, file);
  return relative !== ".." && !relative.startsWith(`..${path.sep}`);
}

// The import callback follows the native compiler's: exactly one match below the base path and the include
// paths, symbolic links resolved before the folder is judged, the same words when it refuses.
function importer({ base, include, allow }) {
  const places = [base, ...include];
  const allowed = [...allow, base || ".", ...include].map(real);
  const quoted = (paths) => paths.map((one) => `"${one}"`).join(", ");
  return (unit) => {
    const name = unit.startsWith("file://") ? unit.slice("file://".length) : unit;
    const paths = places.map((place) => path.resolve(place, name));
    const found = [...new Set(paths.filter((one) => fs.existsSync(one)).map(real))];
    if (found.length === 0) return { error: `File not found. Searched the following locations: ${quoted(places)}.` };
    if (found.length > 1) {
      return {
        error: `Ambiguous import. Multiple matching files found inside base path and/or include paths: ${quoted(found)}.`,
      };
    }
    const file = found[0];
    if (!allowed.some((folder) => within(folder, file))) {
      return { error: `File outside of allowed directories. The following are allowed: ${quoted(allowed)}.` };
    }
    if (!fs.statSync(file).isFile()) return { error: "Not a valid file." };
    try {
      return { contents: fs.readFileSync(file, "utf8") };
    } catch (error) {
      return { error: `Exception in read callback: ${error.message}` };
    }
  };
}

function main() {
  const options = parse(process.argv.slice(2));
  if (options.mode === "--help") {
    process.stdout.write(`Solidity compiler from npm. Options: ${KNOWN}\n`);
    return;
  }
  if (options.mode === "--version") {
    const version = require("solc").version();
    process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
    return;
  }
  const source = options.files[0] ?? "-";
  const input = fs.readFileSync(source === "-" ? 0 : source, "utf8");
  // Loaded late: it takes a third of a second, which a refused command line need not wait for.
  const output = require("solc").compile(input, { import: importer(options) });
  process.stdout.write(`${output.trimEnd()}\n`);
}

try {
  main();
} catch (error) {
  refuse(`solc: ${error.message}`);
}
