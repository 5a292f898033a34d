import { describe, expect, it } from 'vitest';
import { effectiveWords, sshdSetting } from '../../src/probes/kinds/sshd-setting.ts';
import { fakeTarget } from './fake-target.ts';

// As OpenSSH 9.2 prints its configuration.
const printed = `port 22
usepam yes
logingracetime 120
permitrootlogin without-password
kbdinteractiveauthentication no
x11forwarding no
loglevel INFO
allowusers alice
allowusers bob
ciphers aes256-ctr,aes128-ctr
`;

const look = (setting: string, words: readonly string[], stdout = printed, exitCode = 0) =>
  sshdSetting.observe(
    fakeTarget({ execute: () => ({ stdout, exitCode, stderr: exitCode ? 'bad line' : '' }) }),
    {
      setting,
      words,
    },
  );

describe('sshd-setting', () => {
  it.each([
    ['UsePAM', ['yes'], 'passed'],
    ['UsePAM', ['no'], 'failed'],
    ['PermitRootLogin', ['prohibit-password'], 'passed'],
    ['PermitRootLogin', ['without-password'], 'passed'],
    ['PermitRootLogin', ['yes'], 'failed'],
    ['LogLevel', ['INFO'], 'passed'],
    ['LogLevel', ['DEBUG'], 'failed'],
    ['AllowUsers', ['alice', 'bob'], 'passed'],
    ['AllowUsers', ['alice'], 'failed'],
    ['Ciphers', ['aes256-ctr', 'aes128-ctr'], 'passed'],
    ['Ciphers', ['aes128-ctr', 'aes256-ctr'], 'failed'],
    ['LoginGraceTime', ['2m'], 'passed'],
    ['LoginGraceTime', ['1m30s'], 'failed'],
    ['ChallengeResponseAuthentication', ['no'], 'passed'],
    ['Banner', ['/etc/issue'], 'failed'],
  ])('%s %j', async (setting, words, verdict) => {
    expect(await look(setting, words)).toMatchObject({ verdict });
  });

  it('says what sshd has instead, and why sshd said nothing', async () => {
    expect(await look('PermitRootLogin', ['no'])).toMatchObject({ seen: 'PermitRootLogin without-password' });
    expect(await look('UsePAM', ['yes'], '', 255)).toMatchObject({
      verdict: 'failed',
      seen: 'sshd -T ended with 255: bad line',
    });
  });

  it('asks once for what is asked at the same moment, and anew later', async () => {
    let calls = 0;
    const target = fakeTarget({
      execute: () => {
        calls += 1;
        return { stdout: printed };
      },
    });
    const ask = () => sshdSetting.observe(target, { setting: 'UsePAM', words: ['yes'] });
    await Promise.all([ask(), ask(), ask()]);
    expect(calls).toBe(1);
    await ask();
    expect(calls).toBe(2);
  });

  it('takes a keyword whole', () => {
    expect(effectiveWords('portable 1\nport 22\nport 2222\n', 'Port')).toEqual(['22', '2222']);
    expect(effectiveWords('portable 1\n', 'Port')).toBeUndefined();
  });
});
