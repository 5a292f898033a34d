// Stands in QEMU's place: connects to the driver's sockets, speaks as much QMP as the driver asks, and does what its
// script says. Arguments: the script as JSON.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';

const script = JSON.parse(process.argv[2]);
if (script.pidFile) writeFileSync(script.pidFile, String(process.pid));
if (script.ignoreSigterm) process.on('SIGTERM', () => {});
if (script.stderr) process.stderr.write(script.stderr);
if (script.exit !== undefined) process.exit(script.exit);
// Whatever happens to the sockets, it stays.
setInterval(() => {}, 1 << 30);

const sockets = {};
const open = (name) => {
  if (!script.sockets[name]) return;
  sockets[name] = connect(script.sockets[name]);
  sockets[name].on('error', () => {});
};
const lines = (socket, heard) => {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1').replaceAll('\xff', '');
    const all = text.split('\n');
    text = all.pop();
    for (const line of all) heard(JSON.parse(line));
  });
};
const say = (socket, message) => socket?.write(`${JSON.stringify(message)}\r\n`);
const event = (name, data = {}) =>
  say(sockets.qmp, { event: name, data, timestamp: { seconds: 0, microseconds: 0 } });

const monitor = {
  'human-monitor-command': ({ 'command-line': line }) =>
    line === 'info usernet'
      ? `  TCP[HOST_FORWARD]  14  127.0.0.1 ${script.sshPort ?? 1}  10.0.2.15  22  0  0\r\n`
      : '',
  screendump: ({ filename }) => void writeFileSync(filename, '\x89PNG picture', 'latin1'),
  system_powerdown: () => act([{ event: ['SHUTDOWN', { guest: true }] }, { exit: 0 }]),
};

function act(steps) {
  for (const step of steps) {
    if (step.console !== undefined) sockets.console?.write(step.console);
    if (step.event) event(...step.event);
    if (step.stderr) process.stderr.write(step.stderr);
    if (step.close) sockets[step.close]?.destroy();
    if (step.agent) agent();
    if (step.exit !== undefined) setTimeout(() => process.exit(step.exit), 20);
  }
}

/** An agent that answers. */
function agent() {
  lines(sockets.agent, ({ execute, arguments: args }) => {
    if (execute === 'guest-sync-delimited')
      sockets.agent.write(Buffer.concat([Buffer.of(0xff), Buffer.from(`{"return": ${args.id}}\n`)]));
    else if (execute === 'guest-shutdown') {
      act(
        args.mode === 'reboot'
          ? [{ event: ['RESET', { guest: true }] }]
          : [{ event: ['SHUTDOWN', { guest: true }] }, { exit: 0 }],
      );
    } else say(sockets.agent, { return: execute === 'guest-get-host-name' ? { 'host-name': 'hl02' } : {} });
  });
}

// The test's own wire: steps to be done now.
if (script.control)
  lines(
    connect(script.control).on('error', () => {}),
    act,
  );

if (!script.connectNothing) {
  for (const name of ['qmp', 'agent', 'console']) open(name);
  lines(sockets.qmp, ({ execute, arguments: args, id }) => {
    if (script.deafMonitor) return;
    say(sockets.qmp, { return: monitor[execute]?.(args) ?? {}, id });
    if (execute === 'qmp_capabilities') act(script.steps ?? []);
  });
  if (!script.silentMonitor) {
    say(sockets.qmp, {
      QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: '' }, capabilities: [] },
    });
  }
}
