import { commandOutput } from '../../probes/kinds/command-output.ts';
import { fileStatus } from '../../probes/kinds/file.ts';
import { imageClean } from '../../probes/kinds/image-clean.ts';
import { listeningPort } from '../../probes/kinds/listening-port.ts';
import { sshAnswers, sshMethods } from '../../probes/kinds/ssh.ts';
import { sshdSetting } from '../../probes/kinds/sshd-setting.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { authorizedKeysFiles, type Openssh, portsOf } from './options.ts';

/** What a server makes observable. `fromOutside` says whether a port is open to others. */
export function opensshProbes(openssh: Openssh, fromOutside: (sshPort: number) => boolean): Probe[] {
  return [
    unit.probe({
      id: 'openssh/unit',
      params: { unit: 'sshd.service' },
      proves: ['services.openssh.enable'],
      // On a first boot it waits for its host keys to be made.
      deadlineSeconds: 60,
    }),
    ...portsOf(openssh).flatMap((each) => portProbes(each, fromOutside(each))),
    ...portsOf(openssh)
      .filter(fromOutside)
      .slice(0, 1)
      .map((each) => loginProbe(each, openssh.settings)),
    ...settingProbes(openssh),
    ...openssh.hostKeys.flatMap((key, index) => [hostKeyProbe(key, index), hostKeyMode(key, index)]),
    imageClean.probe({
      id: 'openssh/no-host-key',
      params: { check: 'no SSH host key' },
      // A clean image says nothing of the keys that the machine makes: hostKeyProbe() looks at those.
      proves: [],
    }),
  ];
}

/** Behind a firewall that is shut for it, nothing answers from outside: that is the firewall's to prove. */
function portProbes(sshPort: number, fromOutside: boolean): Probe[] {
  const after = ['openssh/unit'];
  const proves = ['services.openssh.enable', 'services.openssh.ports'];
  return [
    listeningPort.probe({
      id: `openssh/listens-${sshPort}`,
      params: { port: sshPort },
      // A listener of any program would do for this one.
      proves: ['services.openssh.ports'],
      after,
    }),
    ...(fromOutside
      ? [
          sshAnswers.probe({
            id: `openssh/answers-${sshPort}`,
            params: { port: sshPort },
            proves,
            after,
          }),
        ]
      : []),
  ];
}

/** Which ways to log in must be refused; keys are always offered, since there is no setting here to turn them off. */
function loginProbe(sshPort: number, declared: Openssh['settings']): Probe {
  const ways = [
    { method: 'password', allowed: declared.PasswordAuthentication, setting: 'PasswordAuthentication' },
    {
      method: 'keyboard-interactive',
      allowed: declared.KbdInteractiveAuthentication,
      setting: 'KbdInteractiveAuthentication',
    },
  ];
  const methods = (allowed: boolean) =>
    ways.filter((way) => way.allowed === allowed).map((way) => way.method);
  const refused = methods(false);
  const offered = ['publickey', ...methods(true)];
  return sshMethods.probe({
    id: 'openssh/login-methods',
    params: { port: sshPort, refused, offered },
    // The kind's own words are about what is refused.
    ...(refused.length > 0 ? {} : { title: `SSH offers login by ${offered.join(' and by ')}` }),
    proves: ways.map((way) => `services.openssh.settings.${way.setting}`),
    after: [`openssh/answers-${sshPort}`],
  });
}

/** The words that sshd must have for a declared value; undefined for a setting that is left to sshd. */
function settingWords(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** A probe for each setting that is not left to sshd, by what sshd itself understood. */
function settingProbes(openssh: Openssh): Probe[] {
  const root = 'services.openssh';
  const declared: (readonly [name: string, value: unknown, option: string])[] = [
    ...Object.entries(openssh.settings).map(
      ([name, value]) => [name, value, `${root}.settings.${name}`] as const,
    ),
    ...(openssh.authorizedKeysFiles.length === 0
      ? []
      : [['AuthorizedKeysFile', authorizedKeysFiles(openssh), `${root}.authorizedKeysFiles`] as const]),
  ];
  return declared.flatMap(([setting, value, option]) => {
    const words = settingWords(value);
    if (words === undefined || words.length === 0) return [];
    return [
      sshdSetting.probe({
        id: `openssh/setting-${setting}`,
        params: { setting, words },
        proves: [option],
        after: ['openssh/unit'],
      }),
    ];
  });
}

/** A host key is there, and is one of the declared type and size: `256 SHA256:… root@box (ED25519)`. */
function hostKeyProbe(key: Openssh['hostKeys'][number], index: number): Probe {
  const [path, type, bits] = [String(key['path']), String(key['type']), key['bits']];
  const sized = type === 'rsa' && bits !== undefined;
  return commandOutput.probe({
    id: `openssh/host-key-${index}`,
    params: {
      command: `ssh-keygen -l -f ${quote(path)} | sed -E 's/^([0-9]+) .*\\(([A-Z0-9-]+)\\)$/${sized ? '\\1 ' : ''}\\2/'`,
      output: `${sized ? `${String(bits)} ` : ''}${type.toUpperCase()}`,
    },
    title: `${path} is a host key of type ${type}${sized ? ` and ${String(bits)} bits` : ''}`,
    proves: ['services.openssh.hostKeys'],
    after: ['openssh/unit'],
  });
}

/** sshd takes no private key that others may read: it would be without this one at its next start. */
const hostKeyMode = (key: Openssh['hostKeys'][number], index: number): Probe =>
  fileStatus.probe({
    id: `openssh/host-key-${index}-mode`,
    params: { path: String(key['path']), type: 'file', mode: '600', user: 'root', group: 'root' },
    proves: ['services.openssh.hostKeys'],
    after: [`openssh/host-key-${index}`],
  });
