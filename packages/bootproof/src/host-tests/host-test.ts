import type { Probe } from '../probes/probe.ts';

/** What a test says of itself besides its title. */
export interface TestDetails {
  /** The options that it proves: `services.nginx.enable`. None unless told. */
  readonly proves?: readonly string[];
  /** How long it may take, from the moment it is begun. 60 unless told. Seconds. */
  readonly deadlineSeconds?: number;
  /** What to look at when it fails. */
  readonly hint?: string;
}

/** What a test does: it has passed when it ends without throwing, and has asserted something. */
export type TestBody = () => void | Promise<void>;

/** Where a test stands and what it is called: all of it that a plan holds. */
export type HostTestParams = {
  /** As the user would name it: `config/hosts/svc01/web.test.ts`. */
  readonly file: string;
  readonly line: number;
  readonly title: string;
  readonly deadlineSeconds: number;
};

export type HostTestProbe = Probe<'host-test', HostTestParams>;

/** A test that was written by hand: its probe, which is data, and its body, which no plan holds. */
export interface HostTest {
  readonly probe: HostTestProbe;
  readonly body: TestBody;
}

const defaultSeconds = 60;

/** The test's own deadline ends it and says in which step it was; the schedule's comes so much later. Seconds. */
const marginSeconds = 5;

/** The part of an id that a title gives: its letters and digits, with dashes between the words. */
export const slugOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '') || 'test';

/** The probe of a test. Its id is `tests/web/the-application-answers`. */
export function probeOf(
  id: string,
  place: { readonly file: string; readonly line: number },
  title: string,
  { proves = [], deadlineSeconds = defaultSeconds, hint }: TestDetails,
): HostTestProbe {
  return {
    id,
    title,
    kind: 'host-test',
    params: { ...place, title, deadlineSeconds },
    proves,
    after: ['boot/multi-user'],
    deadlineSeconds: deadlineSeconds + marginSeconds,
    hint: hint ?? `The test stands in ${place.file}:${place.line}.`,
  };
}

/** Where the test of a probe stands, `config/hosts/svc01/web.test.ts:12`; undefined for a probe of another kind. */
export function writtenAt(probe: Probe): string | undefined {
  if (probe.kind !== 'host-test') return undefined;
  const { file, line } = probe.params as HostTestParams;
  return `${file}:${line}`;
}
