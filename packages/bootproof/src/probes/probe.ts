import type { Json } from '../base/json.ts';
import type { Target } from './target.ts';

/**
 * A deliberate fault that a probe is there to catch: `bootproof mutate` puts it into a running machine, and demands that
 * the probe fails. Data, as the probe itself is. Kinds derive faults from their parameters; these are the ones that only
 * whoever made the probe knows of.
 */
export interface ProbeFault {
  /** Unique in a host: `nginx-other-body/app.home.arpa`. A fault that several probes have is one, and all of them must fail. */
  readonly id: string;
  /** What is wrong with the machine, as a statement: `nginx answers / with another text`. */
  readonly title: string;
  /** Lines for the guest's /bin/sh, as root; the first that fails ends them, and the fault counts as not applied. */
  readonly commands: readonly string[];
  /** A regular expression, matched against what the failed probe says that it has seen. */
  readonly seen: string;
  /** The way in that the fault leaves open; `agent` unless told. */
  readonly via?: 'agent' | 'ssh';
}

/** A fault that several probes may see, each in its own words. */
export type SharedFault = Omit<ProbeFault, 'seen'>;

/** A planned check of a machine: data only, so that a plan can be printed, compared and frozen. */
export interface Probe<Kind extends string = string, Params extends Json = Json> {
  /** Unique in its test, stable between runs: `openssh/unit`. */
  readonly id: string;
  /** What is proven, as a statement: `sshd.service is active`. */
  readonly title: string;
  readonly kind: Kind;
  readonly params: Params;
  /** The options that this probe proves: `services.openssh.enable`. */
  readonly proves: readonly string[];
  /** Ids of probes that must have passed first; when one has not, this probe is refused. */
  readonly after: readonly string[];
  /** How long the answer may take, counted from the moment its preconditions hold. Seconds. */
  readonly deadlineSeconds: number;
  /** What to look at when it fails. */
  readonly hint: string;
  /** Faults that it is there to catch, besides those that follow from its kind. */
  readonly faults?: readonly ProbeFault[];
}

/** A piece of what was seen, with where it came from: `systemctl show sshd.service` and its output. */
export interface Evidence {
  readonly source: string;
  readonly text: string;
}

/**
 * What one look at the machine gave. `not yet` is asked again until the deadline; `failed` is final: the answer can
 * no longer be yes.
 */
export interface Observation {
  readonly verdict: 'passed' | 'failed' | 'not yet';
  readonly expected: string;
  readonly seen: string;
  readonly evidence: readonly Evidence[];
  /** Why, where expected and seen do not say it. */
  readonly reason?: string;
}

/**
 * What a kind of probe needs of the machine before its first look. `shell` is any way to run a command (SSH, else the
 * guest agent); `console`, `hardware` and `image` need nothing of the guest.
 */
export type Need = 'shell' | 'ssh' | 'agent' | 'console' | 'hardware' | 'image';

/** A kind of probe, whole: what it needs, how it is worded, and how it looks. One file under `kinds/` holds one. */
export interface ProbeKind<Kind extends string = string, Params extends Json = Json> {
  readonly kind: Kind;
  readonly needs: readonly Need[];
  /** Its probes are asked one by one, after all others: they may change the machine. */
  readonly alone?: boolean;
  /** What is proven, as a statement. */
  title(params: Params): string;
  /** What to look at when it fails. */
  hint(params: Params): string;
  /** One look. Throws only when the look itself could not be made (the way in broke); never loops or waits. */
  observe(target: Target, params: Params): Promise<Observation>;
}

/** What a service says of a probe that it wants; the kind supplies the words. */
export interface ProbeRequest<Params extends Json> {
  readonly id: string;
  readonly params: Params;
  readonly proves: readonly string[];
  readonly after?: readonly string[];
  /** 60 unless told: enough for a machine that shares two cores with others while it boots. */
  readonly deadlineSeconds?: number;
  readonly title?: string;
  readonly hint?: string;
  readonly faults?: readonly ProbeFault[];
}

/** A kind together with the maker of its probes. */
export interface ProbeMaker<Kind extends string, Params extends Json> extends ProbeKind<Kind, Params> {
  probe(request: ProbeRequest<Params>): Probe<Kind, Params>;
}

/** Defines a kind of probe. */
export function defineProbeKind<Kind extends string, Params extends Json>(
  definition: ProbeKind<Kind, Params>,
): ProbeMaker<Kind, Params> {
  return {
    ...definition,
    probe: (request) => ({
      id: request.id,
      title: request.title ?? definition.title(request.params),
      kind: definition.kind,
      params: request.params,
      proves: request.proves,
      after: request.after ?? [],
      deadlineSeconds: request.deadlineSeconds ?? 60,
      hint: request.hint ?? definition.hint(request.params),
      ...(request.faults === undefined ? {} : { faults: request.faults }),
    }),
  };
}

/**
 * A probe's outcome. `passed`: seen as declared. `failed`: seen otherwise, or not seen by the deadline. `refused`:
 * could not be asked, with the reason; never counted as passed.
 */
export interface Proof {
  /** Without its faults, which are for mutations: they are no part of a run and its result. */
  readonly probe: Omit<Probe, 'faults'>;
  readonly verdict: 'passed' | 'failed' | 'refused';
  readonly expected: string;
  readonly seen: string;
  readonly evidence: readonly Evidence[];
  /** Why it failed or was refused, where expected and seen do not say it. */
  readonly reason?: string;
  /** Milliseconds since QEMU was started. */
  readonly startedMs: number;
  readonly durationMs: number;
  /** How often it was asked. */
  readonly looks: number;
}
