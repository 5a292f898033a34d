import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';

/** OVMF: the code that starts a UEFI machine, and the empty variables that each machine gets a copy of. */
export interface Ovmf {
  readonly code: string;
  readonly varsTemplate: string;
}

/** Where distributions put OVMF for x86-64 without Secure Boot, the 4 MiB flash first: code, then variables. */
const places: readonly (readonly [string, string, string])[] = [
  ['/usr/share/OVMF', 'OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'], // Debian, Ubuntu
  ['/usr/share/OVMF', 'OVMF_CODE.fd', 'OVMF_VARS.fd'],
  ['/usr/share/edk2/x64', 'OVMF_CODE.4m.fd', 'OVMF_VARS.4m.fd'], // Arch
  ['/usr/share/edk2/ovmf', 'OVMF_CODE.fd', 'OVMF_VARS.fd'], // Fedora
  ['/usr/share/qemu', 'ovmf-x86_64-code.bin', 'ovmf-x86_64-vars.bin'], // openSUSE
  ['/run/libvirt/nix-ovmf', 'OVMF_CODE.fd', 'OVMF_VARS.fd'], // NixOS with libvirt
];

/** OVMF on this computer; undefined when it is in none of the usual places. */
export function findOvmf(folder?: string): Ovmf | undefined {
  for (const [place, code, vars] of places) {
    const found = { code: join(folder ?? place, code), varsTemplate: join(folder ?? place, vars) };
    if (existsSync(found.code) && existsSync(found.varsTemplate)) return found;
  }
  return undefined;
}

/** @throws BootproofError of kind `missing` when OVMF is not there. */
export function requireOvmf(folder?: string): Ovmf {
  const found = findOvmf(folder);
  if (found) return found;
  throw new BootproofError('this computer lacks OVMF, the UEFI firmware for QEMU', {
    kind: 'missing',
    hint: 'On Debian or Ubuntu: sudo apt-get install ovmf',
  });
}
