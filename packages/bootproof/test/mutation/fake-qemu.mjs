// Found on PATH in QEMU's place. Its first word is a folder, where it leaves a file named by its process id; the rest is
// QEMU's command line. It connects to the driver's sockets and speaks QMP, and its guest never shows anything. The one
// that finds a file named `fail`, and takes it away, ends at once.
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const [folder, ...words] = process.argv.slice(2);
try {
  rmSync(join(folder, 'fail'));
  process.stderr.write('qemu-system-x86_64: cannot set up guest memory\n');
  process.exit(1);
} catch {
  // This one is to live.
}
setInterval(() => {}, 1 << 30);
const open = (id) => {
  const chardev = words.find((word) => word.startsWith(`socket,id=${id},path=`));
  return connect(chardev.split(',path=')[1].split(',')[0]).on('error', () => {});
};
for (const id of ['serial0', 'qga0', 'from-guest', 'to-network']) open(id);
for (const monitor of ['qmp', 'snapshots'].map(open)) {
  const say = (message) => monitor.write(`${JSON.stringify(message)}\r\n`);
  say({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: '' }, capabilities: [] } });
  let text = '';
  monitor.on('data', (chunk) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop();
    for (const { execute, id } of lines.map((line) => JSON.parse(line))) {
      say({ return: execute === 'human-monitor-command' ? '' : {}, id });
    }
  });
}
writeFileSync(join(folder, String(process.pid)), '');
