import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qemuArguments } from '../../src/hardware/qemu.ts';
import type { VmConfiguration } from '../../src/hardware/vm.ts';

const binary = 'qemu-system-x86_64';
const ovmf = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', vars: '/usr/share/OVMF/OVMF_VARS_4M.fd' };

/** A QEMU that has been built from its command line and never runs an instruction. */
export interface StillQemu {
  /** What QEMU says of a QMP command. */
  ask(command: string, parameters?: object): Promise<unknown>;
  human(line: string): Promise<string>;
  /** The bus that a device sits on, and its slot: `pci.0 0x12`. Undefined when there is no such device. */
  place(id: string): Promise<string | undefined>;
}

/** Starts QEMU with a VM's command line and `-S`, lets it be asked, and ends it. */
export async function withStillQemu<T>(
  vm: VmConfiguration,
  use: (qemu: StillQemu) => Promise<T>,
  options: { readonly agentChannel?: boolean; readonly guarded?: boolean } = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bootproof-qemu-'));
  const servers: Server[] = [];
  const connections: Socket[] = [];
  const listen = async (name: string) => {
    const path = join(folder, name);
    const server = createServer();
    servers.push(server);
    const connection = new Promise<Socket>((resolve) => {
      server.once('connection', (socket: Socket) => {
        connections.push(socket);
        // QEMU is killed in the end, with what it had not read yet.
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return { path, connection };
  };
  const [qmp, agent, console, fromGuest, toNetwork] = await Promise.all(
    ['qmp', 'agent', 'console', 'from', 'to'].map(listen),
  );
  if (!qmp || !agent || !console || !fromGuest || !toNetwork) throw new Error('unreachable');
  const disk = join(folder, 'disk.raw');
  writeFileSync(disk, '');
  truncateSync(disk, 2 ** 30);
  copyFileSync(ovmf.vars, join(folder, 'vars.fd'));
  const key = vm.disks.find(({ media }) => media === 'disk')?.key;
  if (key === undefined) throw new Error('the VM has no disk');
  const args = qemuArguments({
    vm,
    agentChannel: options.agentChannel ?? vm.agent.enabled,
    accelerator: 'tcg',
    sockets: {
      qmp: qmp.path,
      agent: agent.path,
      console: console.path,
      ...(options.guarded === false ? {} : { fromGuest: fromGuest.path, toNetwork: toNetwork.path }),
    },
    firmware: vm.bios === 'ovmf' ? { code: ovmf.code, vars: join(folder, 'vars.fd') } : undefined,
    disk: { key, file: disk, format: 'raw' },
    credentials: ['io.systemd.credential:test=a,b'],
  });
  const child = spawn(binary, [...args, '-S'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const exited = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`QEMU ended with ${code}: ${stderr}`)));
  });
  exited.catch(() => undefined);
  try {
    const socket = await Promise.race([qmp.connection, exited]);
    return await Promise.race([use(await monitor(socket)), exited]);
  } finally {
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
    for (const socket of connections) socket.destroy();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function monitor(socket: Socket): Promise<StillQemu> {
  const waiting: ((message: Record<string, unknown>) => void)[] = [];
  let pending = '';
  socket.on('data', (chunk: Buffer) => {
    pending += chunk.toString('utf8');
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Record<string, unknown>;
      if ('return' in message || 'error' in message) waiting.shift()?.(message);
    }
  });
  const ask = (command: string, parameters: object = {}) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.push((message) =>
        'error' in message ? reject(new Error(JSON.stringify(message['error']))) : resolve(message['return']),
      );
      socket.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    });
  await ask('qmp_capabilities');
  return {
    ask,
    human: async (line) => String(await ask('human-monitor-command', { 'command-line': line })),
    place: async (id) => {
      const get = async (property: string) =>
        String(await ask('qom-get', { path: `/machine/peripheral/${id}`, property }));
      const there = (await ask('qom-list', { path: '/machine/peripheral' })) as { name: string }[];
      if (!there.some(({ name }) => name === id)) return undefined;
      // QEMU tells slot and function in one number, of which the function has three bits.
      const slot = Number(await get('addr')) >> 3;
      return `${(await get('parent_bus')).split('/').at(-1)} 0x${slot.toString(16)}`;
    },
  };
}
