import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type ImageManifest, imageManifestSchema, installedPackages } from '../../src/image/manifest.ts';
import type { ImageInspection } from '../../src/probes/target.ts';

describe('installedPackages', () => {
  it('takes what is installed, by name', () => {
    const status = [
      'Package: udev\nStatus: install ok installed\nArchitecture: amd64\nVersion: 252.39-1~deb12u2\nDescription: x\n Version: not this',
      'Package: base-files\nEssential: yes\nStatus: install ok installed\nVersion: 12.4',
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
      'Package: half\nStatus: install ok unpacked\nVersion: 1',
    ].join('\n\n');
    const packages = installedPackages(`${status}\n`);
    expect(packages).toEqual({ 'base-files': '12.4', udev: '252.39-1~deb12u2' });
    expect(Object.keys(packages)).toEqual(['base-files', 'udev']);
  });
});

describe('the image manifest', () => {
  it('holds what the probes look at', () => {
    expectTypeOf<ImageManifest['inspection']>().toExtend<ImageInspection>();
  });

  it('reads an image without a machine-id', () => {
    const inspection = v.parse(imageManifestSchema.entries.inspection, {
      authorizedKeys: [],
      loginPasswords: [],
      hostKeys: [],
    });
    expect(inspection.machineId).toBeUndefined();
  });
});
