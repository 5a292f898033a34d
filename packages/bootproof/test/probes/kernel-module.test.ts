import { expect, it } from 'vitest';
import { kernelModule } from '../../src/probes/kinds/kernel-module.ts';
import { fakeTarget } from './fake-target.ts';

const modules = 'kvm_amd 155648 0 - Live 0x0000000000000000\nloop 36864 0 - Live 0x0000000000000000\n';

const look = (module: string, file: string) =>
  kernelModule.observe(
    fakeTarget({ files: { '/proc/modules': modules }, execute: () => ({ stdout: `${file}\n` }) }),
    { module },
  );

it.each([
  ['loop', '/lib/modules/x/loop.ko', 'passed', 'loaded'],
  ['kvm-amd', '/lib/modules/x/kvm-amd.ko', 'passed', 'loaded'],
  ['ext4', '(builtin)', 'passed', 'built into the kernel'],
  ['loo', '/lib/modules/x/loo.ko', 'failed', 'not loaded'],
  ['no_such', '', 'failed', 'unknown to this kernel'],
])('%s in %s: %s', async (module, file, verdict, seen) => {
  expect(await look(module, file)).toMatchObject({ verdict, seen });
});
