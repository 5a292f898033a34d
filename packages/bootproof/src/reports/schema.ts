/** The shape of result.json, checked when it is read back. Its order of keys is the file's. */
import * as v from 'valibot';
import type { Json } from '../base/json.ts';
import type { RunResult } from '../runner/result.ts';

const strings = v.pipe(v.array(v.string()), v.readonly());
const milliseconds = v.number();

const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), v.record(v.string(), json)]),
);

const probe = v.object({
  id: v.string(),
  title: v.string(),
  kind: v.string(),
  params: json,
  proves: strings,
  after: strings,
  deadlineSeconds: v.number(),
  hint: v.string(),
});

const proof = v.object({
  probe,
  verdict: v.picklist(['passed', 'failed', 'refused']),
  expected: v.string(),
  seen: v.string(),
  evidence: v.array(v.object({ source: v.string(), text: v.string() })),
  reason: v.exactOptional(v.string()),
  startedMs: milliseconds,
  durationMs: milliseconds,
  looks: v.number(),
});

const span = { startMs: milliseconds, endMs: milliseconds };

const phase = v.object({
  name: v.picklist(['evaluate', 'image', 'boot', 'probes', 'reboot', 'power cut', 'teardown']),
  ...span,
});

const command = v.object({
  via: v.picklist(['ssh', 'agent']),
  command: v.string(),
  // JSON has no undefined: a command without an exit code has null there.
  exitCode: v.pipe(
    v.nullable(v.number()),
    v.transform((code) => code ?? undefined),
  ),
  stdout: v.string(),
  stderr: v.string(),
  startedMs: milliseconds,
  durationMs: milliseconds,
});

const spans = v.array(v.object({ name: v.string(), ...span }));

const laterBoot = v.object({
  after: v.picklist(['reboot', 'power cut']),
  startedMs: milliseconds,
  spans,
  powerCut: v.exactOptional(v.object({ seed: v.number(), afterMs: milliseconds })),
});

const optionCoverage = v.object({
  option: v.string(),
  files: strings,
  verdict: v.picklist(['proven', 'unproven', 'nixos only', 'not provable', 'not realised']),
  probes: strings,
  reason: v.exactOptional(v.string()),
});

/**
 * result.json. Keys that it does not know are let through by leaving them out: a later version that only added some
 * keeps `schema` 1.
 */
export const runResultSchema = v.object({
  schema: v.literal(1),
  tool: v.object({ name: v.literal('bootproof'), version: v.string() }),
  host: v.string(),
  test: v.string(),
  verdict: v.picklist(['proven', 'not proven', 'interrupted']),
  startedAt: v.string(),
  durationMs: milliseconds,
  image: v.object({
    kind: v.picklist(['stand-in', 'nixos']),
    kindReason: v.exactOptional(v.string()),
    key: v.string(),
    sha256: v.string(),
    fromCache: v.boolean(),
    packages: v.record(v.string(), v.string()),
    storePath: v.exactOptional(v.string()),
  }),
  machine: v.object({
    accelerator: v.picklist(['kvm', 'tcg']),
    acceleratorReason: v.string(),
    qemuVersion: v.string(),
    command: strings,
  }),
  phases: v.array(phase),
  boot: spans,
  proofs: v.array(proof),
  laterBoots: v.exactOptional(v.array(laterBoot)),
  // A result from before coverage was kept has none.
  coverage: v.optional(v.array(optionCoverage), []),
  breakdown: v.exactOptional(
    v.object({
      kind: v.picklist(['kernel panic', 'emergency mode', 'unit loop', 'nothing to boot', 'QEMU died']),
      detail: v.string(),
      lines: strings,
    }),
  ),
  notRealised: v.array(v.object({ option: v.string(), files: strings, reason: v.string() })),
  notes: strings,
  commands: v.array(command),
  files: v.object({
    result: v.literal('result.json'),
    report: v.literal('report.html'),
    junit: v.literal('junit.xml'),
    console: v.literal('console.log'),
    qemuLog: v.literal('qemu.log'),
    screenshot: v.exactOptional(v.literal('screenshot.png')),
  }),
}) satisfies v.GenericSchema<unknown, RunResult>;
