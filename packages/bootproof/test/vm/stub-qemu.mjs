// Found on PATH in QEMU's place: takes its command line, connects to the driver's sockets, and shows a panic.
import { connect } from 'node:net';

const words = process.argv.slice(2);
const pathOf = (id) => {
  const chardev = words.find((word) => word.startsWith(`socket,id=${id},path=`));
  return chardev?.split(',path=')[1]?.split(',')[0];
};
setInterval(() => {}, 1 << 30);
const open = (id) => {
  const path = pathOf(id);
  return path === undefined ? undefined : connect(path).on('error', () => {});
};
const [qmp, console] = ['qmp', 'serial0', 'qga0', 'from-guest', 'to-network'].map(open);
const say = (message) => qmp.write(`${JSON.stringify(message)}\r\n`);
say({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: '' }, capabilities: [] } });
let text = '';
qmp.on('data', (chunk) => {
  text += chunk;
  const lines = text.split('\n');
  text = lines.pop();
  for (const { execute, id } of lines.map((line) => JSON.parse(line))) {
    say(
      execute === 'screendump'
        ? { error: { class: 'GenericError', desc: 'no screen' }, id }
        : { return: {}, id },
    );
    if (execute === 'qmp_capabilities') {
      console.write(
        'Kernel panic - not syncing: no root\r\n---[ end Kernel panic - not syncing: no root ]---\r\n',
      );
    }
  }
});
