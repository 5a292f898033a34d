/**
 * What the tests of a host import: `import { expect, machine, test } from 'bootproof/test'`. Each `*.test.ts` in a host's
 * folder is run by `bootproof check`, on the same machine as the probes that follow from the declaration.
 */
export type { MachineAssertions, MachineChecks } from './host-tests/assertions.ts';
export { test } from './host-tests/collect.ts';
export { type Expect, expect, type ValueAssertions } from './host-tests/expect.ts';
export type { TestBody, TestDetails } from './host-tests/host-test.ts';
export { type Machine, machine, type Patience } from './host-tests/machine.ts';
export type {
  FileWish,
  FolderWish,
  GroupWish,
  MountWish,
  ResolveWish,
  ServeWish,
  UnitWish,
  UserWish,
} from './host-tests/questions.ts';
export type { CommandResult, UnitProperties } from './probes/target.ts';
