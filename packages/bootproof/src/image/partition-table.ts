import type { DiskLayout } from '../disk/layout.ts';

/**
 * The partition table as sfdisk(8) takes it on standard input. Places and sizes are in sectors, so that sfdisk decides
 * nothing by itself.
 */
export function sfdiskScript(disk: DiskLayout): string {
  const header = ['label: gpt', `sector-size: ${disk.sectorBytes}`, 'unit: sectors', ''];
  const partitions = disk.partitions.map(({ number, startSector, sectors, typeGuid, label }) =>
    [
      `${number} : start=${startSector}`,
      `size=${sectors}`,
      `type=${typeGuid}`,
      // sfdisk has no escape for a quote inside a quoted name; layouts are refused before one gets here.
      `name="${label.replaceAll('"', '')}"`,
    ].join(', '),
  );
  return `${[...header, ...partitions].join('\n')}\n`;
}
