import type { JSX } from 'preact';
import { quote } from '../../probes/shell.ts';
import type { CommandRecord, RunResult } from '../../runner/result.ts';
import { cacheWord, count, duration, imageWord, moment } from '../words.ts';
import { Fold, Log, Name, Section } from './parts.tsx';

/** A command line with an option and its value on each line, ready to be pasted into a shell. */
export function commandLines(command: readonly string[]): string {
  const lines: string[] = [];
  for (const [index, argument] of command.entries()) {
    const last = lines.length - 1;
    const isValue = index > 1 && !argument.startsWith('-') && command[index - 1]?.startsWith('-') === true;
    if (isValue) lines[last] = `${lines[last]} ${quote(argument)}`;
    else lines.push(index === 0 ? quote(argument) : `  ${quote(argument)}`);
  }
  return lines.join(' \\\n');
}

/** The values that a reader knows the machine by, taken from its command line. */
function hardware(command: readonly string[]): readonly (readonly [string, string])[] {
  const argumentOf = (option: string) => {
    const place = command.indexOf(option);
    return place < 0 ? undefined : command[place + 1];
  };
  const rows = [
    ['Machine', argumentOf('-machine') ?? argumentOf('-M')],
    ['CPU', argumentOf('-cpu')],
    ['Cores', argumentOf('-smp')],
    ['Memory', argumentOf('-m')],
  ] as const;
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as const]));
}

/** The virtual hardware, and the exact line that made it. */
export function Machine({ result, qemuLog }: { result: RunResult; qemuLog: string }): JSX.Element {
  const { machine, image } = result;
  return (
    <Section id="machine" title="Machine and image">
      <dl class="facts sheet">
        <dt>Accelerator</dt>
        <dd>
          {machine.accelerator.toUpperCase()}: {machine.acceleratorReason}
        </dd>
        <dt>QEMU</dt>
        <dd>{machine.qemuVersion}</dd>
        {hardware(machine.command).map(([label, value]) => (
          <>
            <dt>{label}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </>
        ))}
        <dt>Image</dt>
        <dd>
          {imageWord[image.kind]}, {image.fromCache ? cacheWord[image.kind] : 'built for this run'}
          {image.kindReason !== undefined && `: ${image.kindReason}`}
        </dd>
        {image.storePath !== undefined && (
          <>
            <dt>Store path</dt>
            <dd>
              <code>{image.storePath}</code>
            </dd>
          </>
        )}
        <dt>SHA-256</dt>
        <dd>
          <code>{image.sha256}</code>
        </dd>
      </dl>
      {machine.command.length > 0 && (
        <Fold title="The exact QEMU line (one click marks it whole)">
          <pre class="copy">{commandLines(machine.command)}</pre>
        </Fold>
      )}
      <Packages packages={image.packages} />
      {qemuLog.trim() !== '' && (
        <Fold title="What QEMU said">
          <Log text={qemuLog} file={result.files.qemuLog} />
        </Fold>
      )}
    </Section>
  );
}

function Packages({ packages }: { packages: Readonly<Record<string, string>> }): JSX.Element | null {
  const names = Object.keys(packages).sort();
  if (names.length === 0) return null;
  return (
    <Fold title={`${count(names.length, 'package')} in the image`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Package</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                <code>{packages[name]}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Fold>
  );
}

function CommandRow({ record }: { record: CommandRecord }): JSX.Element {
  const { command, via, exitCode, stdout, stderr } = record;
  const said = [stdout, stderr]
    .map((text) => text.trimEnd())
    .filter((text) => text !== '')
    .join('\n');
  return (
    <tr>
      <td class="number">{duration(record.startedMs)}</td>
      <td>
        <code>{command}</code>{' '}
        <span class="quiet">
          {via === 'ssh' ? 'over SSH' : 'through the agent'}
          {exitCode === undefined ? ', no exit status' : exitCode === 0 ? '' : `, exit status ${exitCode}`}
        </span>
        {said !== '' && (
          <Fold title="Output">
            <pre>{said}</pre>
          </Fold>
        )}
      </td>
      <td class="number">{duration(record.durationMs)}</td>
    </tr>
  );
}

/** Everything that was run in the guest, so that a reader can run it again. */
export function Commands({ commands }: { commands: readonly CommandRecord[] }): JSX.Element | null {
  if (commands.length === 0) return null;
  return (
    <Section id="commands" title="Commands run in the machine">
      <Fold title={count(commands.length, 'command')}>
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                At
              </th>
              <th scope="col">Command</th>
              <th scope="col" class="number">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {commands.map((record) => (
              <CommandRow record={record} />
            ))}
          </tbody>
        </table>
      </Fold>
    </Section>
  );
}

/** Versions, times and the other files of the run. */
export function About({ result }: { result: RunResult }): JSX.Element {
  const { files } = result;
  const links = [files.result, files.junit, files.console, files.qemuLog, files.screenshot].filter(
    (file) => file !== undefined,
  );
  return (
    <>
      <p>
        Written by bootproof {result.tool.version}. The run began on {moment(result.startedAt)} and took{' '}
        {duration(result.durationMs)}. Image key <Name text={result.image.key} />.
      </p>
      <ul>
        {links.map((file) => (
          <li>
            <a href={file}>{file}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
