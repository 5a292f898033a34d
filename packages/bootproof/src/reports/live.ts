/**
 * The display on a terminal: a block of lines for each host, drawn again ten times a second. listr2 owns the terminal
 * (the spinner's clock, drawing over what was drawn, the cursor, and holding back what others print meanwhile); what
 * the lines say is `block.ts`. Its own task lines are not used, because they cannot be fitted to the terminal's height.
 */
import type { RunEvent } from '../runner/events.ts';
import { hostBlock } from './block.ts';
import { type Display, type DisplayOptions, styleFor } from './display.ts';
import { advance, type HostProgress, noProgress } from './progress.ts';
import { formatRollUp, formatSummary } from './summary.ts';

interface HostState {
  readonly progress: HostProgress;
  /** When the run began, on the display's clock. */
  readonly beganAt: number | undefined;
}

/** What the display shows: kept apart from the terminal, so that a test can draw it at any size and time. */
export class LiveScreen {
  readonly #options: DisplayOptions;
  readonly #now: () => number;
  readonly #hosts = new Map<string, HostState>();
  #frame = 0;

  constructor(options: DisplayOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    for (const host of options.hosts)
      this.#hosts.set(host, { progress: noProgress(host), beganAt: undefined });
  }

  onEvent(host: string, event: RunEvent): void {
    const { progress, beganAt } = this.#hosts.get(host) ?? { progress: noProgress(host), beganAt: undefined };
    const told = 'atMs' in event ? this.#now() - event.atMs : undefined;
    this.#hosts.set(host, { progress: advance(progress, event), beganAt: beganAt ?? told });
  }

  tick(): void {
    this.#frame += 1;
  }

  /** The blocks of all hosts, fitted to the terminal: each gets the same share of its rows. */
  draw(): string {
    const { stream, env } = this.#options;
    const style = styleFor(stream, env);
    const states = [...this.#hosts.values()];
    // Two rows stay free: the cursor's own, and one so that the prompt above remains in sight.
    const share = Math.floor(((stream.rows ?? 24) - 2) / Math.max(1, states.length));
    return states
      .flatMap(({ progress, beganAt }) => {
        const nowMs = beganAt === undefined ? 0 : this.#now() - beganAt;
        return hostBlock(progress, { style, nowMs, frame: this.#frame, rows: Math.max(1, share) });
      })
      .join('\n');
  }

  /** What stays on the terminal: each host's phases and closing table, and for several hosts a line each. */
  drawEnd(): string {
    const { stream, env, folderOf } = this.#options;
    const style = styleFor(stream, env);
    const states = [...this.#hosts.values()];
    const blocks = states.map(({ progress, beganAt }) => {
      const nowMs = beganAt === undefined ? 0 : this.#now() - beganAt;
      const block = hostBlock(progress, {
        style,
        nowMs,
        frame: 0,
        rows: Number.POSITIVE_INFINITY,
        ended: true,
      }).join('\n');
      if (!progress.result) return block;
      const folder = folderOf?.(progress.host);
      return `${block}\n\n${formatSummary(progress.result, { style, ...(folder === undefined ? {} : { folder }) })}`;
    });
    const results = states.flatMap(({ progress }) => (progress.result ? [progress.result] : []));
    const rollUp =
      results.length > 1 ? [formatRollUp(results, { style, ...(folderOf ? { folderOf } : {}) })] : [];
    return [...blocks, ...rollUp].join('\n\n');
  }
}

/** The live display. Draws at once, and until it is closed. */
export async function createLiveDisplay(options: DisplayOptions): Promise<Display> {
  const { DefaultRenderer, ListrEventManager, ListrLogger, ProcessOutput, Spinner } = await import('listr2');
  const screen = new LiveScreen(options);
  let ended = false;

  class BlockRenderer extends DefaultRenderer {
    override create(): string {
      return ended ? screen.drawEnd() : screen.draw();
    }
  }
  class Clock extends Spinner {
    override start(callback?: () => void, interval = 100): void {
      super.start(() => {
        screen.tick();
        callback?.();
      }, interval);
    }
  }

  class Terminal extends ProcessOutput {
    // The lines fit already. Told no width, log-update does not wrap them again by its own measure of a character, and a
    // terminal that is resized meanwhile is drawn for the size that it has now.
    override get stdout(): NodeJS.WriteStream {
      return Object.create(super.stdout, {
        columns: { value: Number.MAX_SAFE_INTEGER },
        rows: { get: () => options.stream.rows ?? 24 },
      });
    }
  }

  // listr2 asks for a whole WriteStream, and uses of it what an OutputStream has.
  const stream = options.stream as NodeJS.WriteStream;
  const other =
    stream === process.stdout ? process.stderr : stream === process.stderr ? process.stdout : stream;
  const logger = new ListrLogger({ processOutput: new Terminal(stream, other) });
  const renderer = new BlockRenderer([], { logger, spinner: new Clock() }, new ListrEventManager());
  await renderer.render();
  const end = () => {
    if (ended) return;
    ended = true;
    renderer.end();
  };
  // A process that ends without closing its display must not leave a terminal without a cursor.
  process.once('exit', end);
  return {
    onEvent: (host, event) => screen.onEvent(host, event),
    close: async () => {
      process.removeListener('exit', end);
      end();
    },
  };
}
