// Times bootproof on this computer: single commands, each phase of a warm check, and two comparisons run in turns:
// a warm check against a bare QEMU boot of the same image, and a cold check against debvm-create and debvm-run. And mutants
// from one snapshot against the same ones with a boot for each.
// Usage: node scripts/bench.js [--pairs n] [--cold] [--mutants: those alone]
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const host = 'hl02';
const bin = resolve('packages/bootproof/dist/cli/bin.js');
const args = process.argv.slice(2);
const pairs = Number(args[args.indexOf('--pairs') + 1]) || 2;
const scratch = mkdtempSync(join(tmpdir(), 'bootproof-bench-'));
const sshOptions = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'LogLevel=ERROR',
  'BatchMode=yes',
  'ConnectTimeout=60',
];

const seconds = (since) => (performance.now() - since) / 1000;
const spread = (figures) => {
  const sorted = [...figures].sort((a, b) => a - b);
  const show = (value) => `${value.toFixed(2)} s`;
  return `min ${show(sorted[0])}  median ${show(sorted[Math.floor(sorted.length / 2)])}  max ${show(sorted.at(-1))}  (${sorted.length} runs)`;
};
const row = (name, text) => process.stdout.write(`${name.padEnd(34)} ${text}\n`);

function call(words, env = {}) {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`bootproof ${words.join(' ')} ended with ${status}\n${stderr}`);
  return { took: seconds(began), stdout };
}

const bootproof = (words, env) => call(words, env).took;

/** The result of the latest run, whose phases and command line it holds. */
function latestResult() {
  const runs = join('.bootproof', 'runs', host);
  const folder = readdirSync(runs).sort().at(-1);
  return JSON.parse(readFileSync(join(runs, folder, 'result.json'), 'utf8'));
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Seconds until `ssh root@… true` first succeeds, asked again as soon as it fails: what a person would do by hand. */
async function firstCommand(child, port, key, began) {
  const line = [
    '-i',
    key,
    '-p',
    String(port),
    ...sshOptions.flatMap((option) => ['-o', option]),
    'root@127.0.0.1',
    'true',
  ];
  while (child.exitCode === null && seconds(began) < 300) {
    if (spawnSync('ssh', line, { stdio: 'ignore' }).status === 0) return seconds(began);
    await delay(200);
  }
  throw new Error('no SSH command succeeded within 300 s');
}

/** A plain QEMU on the same image: same processor, memory and firmware, none of Proxmox's other hardware, no driver. */
async function bareBoot(image, cpu) {
  const disk = join(scratch, 'bare.qcow2');
  const vars = join(scratch, 'bare-vars.fd');
  const key = join(scratch, 'key');
  if (!existsSync(key)) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const credential = readFileSync(`${key}.pub`).toString('base64');
  const port = await freePort();
  const began = performance.now();
  spawnSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, disk]);
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', vars);
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...[
        '-machine',
        'q35',
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        cpu,
        '-smp',
        '2',
        '-m',
        '4096',
        '-display',
        'none',
      ],
      ...['-drive', 'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
      ...[
        '-drive',
        `if=pflash,unit=1,format=raw,file=${vars}`,
        '-drive',
        `if=virtio,format=qcow2,file=${disk}`,
      ],
      ...[
        '-netdev',
        `user,id=n0,hostfwd=tcp:127.0.0.1:${port}-:22`,
        '-device',
        'virtio-net-pci,netdev=n0,romfile=',
      ],
      ...['-serial', `file:${join(scratch, 'bare.log')}`],
      ...['-smbios', `type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=${credential}`],
    ],
    { stdio: 'ignore' },
  );
  try {
    return await firstCommand(qemu, port, key, began);
  } finally {
    qemu.kill('SIGKILL');
  }
}

/**
 * A qemu-system-x86_64 that runs without KVM, whatever it is told: debvm-run asks for KVM wherever /dev/kvm can be written,
 * also where that never executes anything.
 */
function withoutKvm() {
  const folder = join(scratch, 'bin');
  mkdirSync(folder, { recursive: true });
  const script = [
    '#!/bin/sh',
    'count=$#',
    'while [ "$count" -gt 0 ]; do',
    '  word=$1; shift; count=$((count - 1))',
    '  case $word in',
    '    host) word=max ;;',
    '    *accel=kvm:tcg*) word=$(printf %s "$word" | sed s/accel=kvm:tcg/accel=tcg/) ;;',
    '  esac',
    '  set -- "$@" "$word"',
    'done',
    'exec /usr/bin/qemu-system-x86_64 "$@"',
  ];
  writeFileSync(join(folder, 'qemu-system-x86_64'), `${script.join('\n')}\n`, { mode: 0o755 });
  return `${folder}:${process.env.PATH}`;
}

/** Debian's own tool for throw-away VMs, from nothing to the first SSH command. */
async function debvm() {
  const image = join(scratch, 'debvm.ext4');
  const key = join(scratch, 'key');
  const port = await freePort();
  const began = performance.now();
  const created = spawnSync('debvm-create', ['-r', 'bookworm', '-k', `${key}.pub`, '-o', image], {
    encoding: 'utf8',
  });
  if (created.status !== 0) throw new Error(`debvm-create: ${created.stderr.slice(-500)}`);
  const createdSeconds = seconds(began);
  const run = spawn('debvm-run', ['-i', image, '-s', String(port)], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, PATH: withoutKvm() },
  });
  try {
    return { total: await firstCommand(run, port, key, began), createdSeconds };
  } finally {
    if (run.exitCode === null) process.kill(-run.pid, 'SIGKILL');
  }
}

/** What `bootproof mutate` took for the mutations that match, with how each fared. */
function mutate(glob, ...more) {
  const { took, stdout } = call(['mutate', host, '--on', 'stand-in', '--json', '--only', glob, ...more]);
  return { took, run: JSON.parse(stdout) };
}

/** The same mutants from one snapshot, from the snapshots of two machines, and with a boot for each of them. */
function mutants() {
  const glob = 'ssh-setting/P*';
  const { took, run } = mutate(glob);
  const count = run.mutations.length;
  const rowOf = (name, total) =>
    row(
      name,
      `${(total / count).toFixed(2)} s a mutant, boot and all  (${count} mutants, ${total.toFixed(1)} s)`,
    );
  rowOf('mutants from one snapshot', took);
  row('  the mutant alone', spread(run.mutations.map(({ durationMs }) => durationMs / 1000)));
  rowOf('  shared by two machines', mutate(glob, '--jobs', '2').took);
  const apart = run.mutations.reduce((sum, { id }) => sum + mutate(id).took, 0);
  rowOf('mutants with a boot for each', apart);
  row('a boot for each / one snapshot', `${(apart / took).toFixed(2)}`);
}

async function main() {
  if (args.includes('--mutants')) {
    bootproof(['build', host]);
    return mutants();
  }
  row('bootproof --help', spread(Array.from({ length: 5 }, () => bootproof(['--help']))));
  row(`bootproof plan ${host}`, spread(Array.from({ length: 5 }, () => bootproof(['plan', host]))));

  // Fills the cache, so that every check below is a warm one.
  bootproof(['build', host]);
  const checks = [];
  const bares = [];
  let result;
  for (let pair = 0; pair < pairs; pair += 1) {
    checks.push(bootproof(['check', host]));
    result = latestResult();
    bares.push(
      await bareBoot(
        imagePath(result.image.key),
        result.machine.command[result.machine.command.indexOf('-cpu') + 1],
      ),
    );
  }
  row('warm check', spread(checks));
  row('bare QEMU to first SSH command', spread(bares));
  const ratio = Math.min(...checks) / Math.min(...bares);
  row('warm check / bare QEMU', `${ratio.toFixed(2)} of the minima (aim: at most 1.10)`);
  for (const { name, startMs, endMs } of result.phases)
    row(`  phase ${name}`, `${((endMs - startMs) / 1000).toFixed(2)} s`);
  for (const { name, startMs, endMs } of result.boot)
    row(`  boot: ${name}`, `${((endMs - startMs) / 1000).toFixed(2)} s`);

  mutants();

  if (args.includes('--cold')) {
    const cold = bootproof(['check', host], { XDG_CACHE_HOME: join(scratch, 'cache') });
    row('cold check', `${cold.toFixed(2)} s`);
    for (const { name, startMs, endMs } of latestResult().phases)
      row(`  phase ${name}`, `${((endMs - startMs) / 1000).toFixed(2)} s`);
    const { total, createdSeconds } = await debvm();
    row('debvm-create + debvm-run', `${total.toFixed(2)} s (creation ${createdSeconds.toFixed(2)} s)`);
    row('cold check / debvm', `${(cold / total).toFixed(2)} (aim: at most 0.80)`);
  }
}

function imagePath(key) {
  const cache = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '', '.cache');
  return join(cache, 'bootproof', 'image', `${key}.qcow2`);
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
