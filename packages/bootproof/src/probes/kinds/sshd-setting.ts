import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import type { CommandResult, Target } from '../target.ts';

export interface SshdSettingParams {
  readonly [key: string]: string | readonly string[];
  /** The keyword as sshd_config(5) spells it: `PermitRootLogin`. */
  readonly setting: string;
  /** Its words as declared: `['no']`. */
  readonly words: readonly string[];
}

// sshd wants to be called by its whole path, and is outside the PATH of some shells.
const command = 'PATH="$PATH:/usr/sbin:/sbin"; "$(command -v sshd)" -T';

/** Keywords that sshd prints under another name than the one they may be set by: sshd_config(5). */
const printedAs: Readonly<Record<string, string>> = {
  challengeresponseauthentication: 'kbdinteractiveauthentication',
  pubkeyacceptedkeytypes: 'pubkeyacceptedalgorithms',
};

/** Seconds in a unit of sshd's times, which `sshd -T` prints in seconds: sshd_config(5), TIME FORMATS. */
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** One spelling for what sshd takes for the same: case of yes and no, times, and the older name of a kind of root login. */
function plain(word: string): string {
  const lower = word.toLowerCase();
  if (lower === 'prohibit-password') return 'without-password';
  if (lower === 'yes' || lower === 'no') return lower;
  if (!/^(\d+[smhdw])+$/.test(lower)) return word;
  const parts = lower.match(/\d+[smhdw]/g) ?? [];
  return String(
    parts.reduce((sum, part) => sum + Number.parseInt(part, 10) * (seconds[part.slice(-1)] ?? 0), 0),
  );
}

const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** What sshd has for a keyword: `sshd -T` prints a line for each item of some lists, and one line for others. */
export function effectiveWords(printed: string, setting: string): string[] | undefined {
  const keyword = setting.toLowerCase();
  const name = printedAs[keyword] ?? keyword;
  const lines = printed.split('\n').filter((line) => line.split(' ')[0]?.toLowerCase() === name);
  return lines.length === 0 ? undefined : lines.flatMap((line) => wordsOf(line.slice(name.length)));
}

/** Questions under way. Probes that ask at the same moment share an answer; a later look is a new question. */
const asked = new WeakMap<Target, Promise<CommandResult>>();

function effectiveConfiguration(target: Target): Promise<CommandResult> {
  const underway = asked.get(target);
  if (underway !== undefined) return underway;
  const answer = target.execute(command).finally(() => asked.delete(target));
  asked.set(target, answer);
  return answer;
}

/** sshd has a setting, as it reads its own configuration: sshd(8), `-T`. */
export const sshdSetting = defineProbeKind<'sshd-setting', SshdSettingParams>({
  kind: 'sshd-setting',
  needs: ['shell'],
  title: ({ setting, words }) => `sshd has ${setting} ${words.join(' ')}`,
  hint: ({ setting }) => `In the machine: sshd -T | grep -i ${setting}; grep -rni ${setting} /etc/ssh`,
  async observe(target, { setting, words }) {
    const { stdout, stderr, exitCode } = await effectiveConfiguration(target);
    const seen = effectiveWords(stdout, setting);
    const same =
      seen !== undefined && seen.map(plain).join(' ') === words.flatMap(wordsOf).map(plain).join(' ');
    return settled(exitCode === 0 && same, {
      expected: `${setting} ${words.join(' ')}`,
      seen:
        exitCode === 0
          ? `${setting} ${seen?.join(' ') ?? 'is not among what sshd prints'}`
          : `sshd -T ended with ${exitCode}: ${stderr.trim()}`,
      evidence: [{ source: 'sshd -T', text: `${setting.toLowerCase()} ${seen?.join(' ') ?? ''}`.trim() }],
    });
  },
});
