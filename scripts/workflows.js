// Lints the workflows of GitHub Actions: their schema, expressions and jobs by GitHub's own language service, their shell lines
// by shellcheck (where it is installed, else bash only parses them), and a few rules of this project's own, below.
// Usage: node scripts/workflows.js [file or folder ...]   (default: .github/workflows)
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

// The language service imports JSON without the attribute that Node asks for (actions/languageservices#387): it is added here.
register(
  `data:text/javascript,${encodeURIComponent(`
    export async function resolve(specifier, context, next) {
      const found = await next(specifier, context);
      return found.url.endsWith('.json') ? { ...found, importAttributes: { type: 'json' } } : found;
    }`)}`,
);
const { validate } = await import('@actions/languageservice');

/** Labels of GitHub's runners that name a version; with any other a workflow changes under its owner, or waits for ever. */
const runners = /^(ubuntu-(22|24)\.04(-arm)?|macos-\d+(-intel|-large|-xlarge)?|windows-20\d\d)$/;
const shells = ['bash', 'sh'];
/** Those that GitHub knows by name besides, and that are not looked into; any other has to be a command with {0} in it. */
const otherShells = ['pwsh', 'powershell', 'cmd', 'python'];
const hasShellcheck = spawnSync('shellcheck', ['--version']).error === undefined;

const oneLine = (text) => text.trim().replaceAll(/\s+/g, ' ');
const entries = (node) => (isMap(node) ? node.items.map(({ key, value }) => [key, value]) : []);
const items = (node) => (isSeq(node) ? node.items : []);
const textOf = (node) => (isScalar(node) ? String(node.value) : '');
const isExpression = (text) => text.includes('${{');

/** GitHub's own view of a workflow, warnings included. Lines count from 1. */
async function languageFaults(file, text) {
  const document = TextDocument.create(pathToFileURL(resolve(file)).href, 'yaml', 0, text);
  const diagnostics = await validate(document);
  return diagnostics.map(({ range, message }) => ({ line: range.start.line + 1, message: oneLine(message) }));
}

/** What this project asks of a workflow besides. */
function ownFaults(text) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  // The language service tells of text that is not YAML.
  if (document.errors.length > 0) return [];
  const faults = [];
  const lineOf = (node) => (node?.range ? lines.linePos(node.range[0]).line : 1);
  const fault = (node, message) => faults.push({ line: lineOf(node), message });

  checkPermissions(document.get('permissions', true), fault);
  for (const [key, job] of entries(document.get('jobs', true))) {
    const name = textOf(key);
    if (!isMap(job)) continue;
    const called = job.get('uses', true);
    if (called) {
      checkPin(called, fault);
      continue;
    }
    if (!job.has('timeout-minutes'))
      fault(key, `job ${name} has no timeout-minutes: it may hang for six hours`);
    checkRunner(job.get('runs-on', true), fault);
    const shell = shellOf(job) ?? shellOf(document.contents) ?? 'bash';
    for (const step of items(job.get('steps', true))) {
      if (!isMap(step)) continue;
      checkUse(step, fault);
      checkRun(step, { shell, fault, lineOf, faults });
    }
  }
  return faults;
}

const shellOf = (node) => node?.getIn(['defaults', 'run', 'shell']);

function checkPermissions(permissions, fault) {
  if (permissions === undefined)
    return fault(undefined, 'no permissions at the top: the token would have the defaults of the repository');
  for (const [key, value] of entries(permissions))
    if (textOf(value) === 'write')
      fault(key, `permission ${textOf(key)}: write for all jobs; give it to the job that needs it`);
  if (textOf(permissions).endsWith('-all'))
    fault(permissions, `permissions: ${textOf(permissions)} is too wide`);
}

function checkRunner(runsOn, fault) {
  for (const label of isSeq(runsOn) ? runsOn.items : [runsOn]) {
    const text = textOf(label);
    if (text !== '' && !isExpression(text) && !runners.test(text))
      fault(label, `runner ${text}: name a version of GitHub's runners, for instance ubuntu-24.04`);
  }
}

/** A commit cannot be moved, a tag can: `owner/name@<40 hex digits> # v1.2.3`, or a comment that says `not pinned: why`. */
function checkPin(uses, fault) {
  const text = textOf(uses);
  const comment = uses.comment?.trim() ?? '';
  if (text.startsWith('./') || /^not pinned: \S/.test(comment)) return;
  if (text.startsWith('docker://')) {
    if (!/@sha256:[0-9a-f]{64}$/.test(text)) fault(uses, `${text} is not pinned to a digest`);
  } else if (!/@[0-9a-f]{40}$/.test(text)) {
    fault(uses, `${text} is not pinned to a commit: 40 hex digits, with the version in a comment`);
  } else if (!/^v?\d+(\.\d+)*\b/.test(comment)) {
    fault(uses, `${text} does not say its version: add a comment such as # v1.2.3`);
  }
}

function checkUse(step, fault) {
  const uses = step.get('uses', true);
  if (!uses) return;
  checkPin(uses, fault);
  if (textOf(uses).startsWith('actions/checkout@') && step.getIn(['with', 'persist-credentials']) !== false)
    fault(uses, 'actions/checkout leaves the token in .git/config: set persist-credentials: false');
}

function checkRun(step, { shell, fault, lineOf, faults }) {
  const run = step.get('run', true);
  const script = textOf(run);
  if (script === '') return;
  if (isExpression(script))
    return fault(
      run,
      'an expression in a shell line can bring in any text: hand it over in env, and quote it',
    );
  const command = String(step.get('shell') ?? shell);
  const used = command.split(' ')[0];
  if (!shells.includes(used)) {
    if (!otherShells.includes(used) && !command.includes('{0}'))
      fault(step.get('shell', true) ?? run, `there is no shell called ${command}`);
    return;
  }
  // A block's text begins on the line after its sign.
  const first = lineOf(run) - (run.type?.startsWith('BLOCK') ? 0 : 1);
  for (const { line, message } of shellFaults(script, used)) faults.push({ line: first + line, message });
}

/** Faults of a script, with lines that count from 1 within it. */
function shellFaults(script, shell) {
  if (hasShellcheck) {
    const { stdout } = spawnSync('shellcheck', ['--norc', '-s', shell, '-f', 'json', '-'], {
      input: script,
      encoding: 'utf8',
    });
    return JSON.parse(stdout).map(({ line, code, message }) => ({ line, message: `SC${code}: ${message}` }));
  }
  const { status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
  if (status === 0) return [];
  const [, line = '1', message = stderr] = /line (\d+): (.*)/.exec(stderr) ?? [];
  return [{ line: Number(line), message: oneLine(message) }];
}

const filesOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];

const given = process.argv.slice(2);
const files = (given.length > 0 ? given : ['.github/workflows']).flatMap(filesOf);
let count = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const faults = [...(await languageFaults(file, text)), ...ownFaults(text)].sort((a, b) => a.line - b.line);
  for (const { line, message } of faults)
    process.stderr.write(`${relative(process.cwd(), resolve(file))}:${line}: ${message}\n`);
  count += faults.length;
}
if (files.length === 0) process.stderr.write('workflows: there is no workflow to lint\n');
const how = hasShellcheck ? 'shellcheck' : 'bash -n: shellcheck is not installed';
process.stdout.write(`workflows: ${files.length} files, ${count} faults (shell lines by ${how})\n`);
process.exitCode = files.length > 0 && count === 0 ? 0 : 1;
