import { describe, expect, it } from 'vitest';
import { Scope } from '../../src/host/scope.ts';

const never = new Promise<never>(() => {});

describe('Scope', () => {
  it('lets outcomes through while it is open', async () => {
    const scope = new Scope();
    await expect(scope.race(Promise.resolve('yes'))).resolves.toBe('yes');
    await expect(scope.race(Promise.reject(new Error('own')))).rejects.toThrow('own');
    expect(scope.closed).toBe(false);
  });

  it('may be waited for by as many as like to, without a warning of Node', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new Scope();
    for (let count = 0; count < 20; count += 1) signal.addEventListener('abort', () => {});
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('ends all waits at once, with the first reason', async () => {
    const scope = new Scope();
    const waits = Promise.allSettled([scope.race(never), scope.race(never)]);
    const first = new Error('QEMU died');
    scope.close(first);
    scope.close(new Error('second'));
    expect(await waits).toEqual([
      { status: 'rejected', reason: first },
      { status: 'rejected', reason: first },
    ]);
    expect(scope.reason).toBe(first);
    expect(scope.signal.aborted).toBe(true);
    expect(scope.signal.reason).toBe(first);
  });

  it('refuses waits that begin after its end', async () => {
    const scope = new Scope();
    scope.close(new Error('over'));
    await expect(scope.race(never)).rejects.toThrow('over');
    await expect(scope.race(Promise.resolve(1))).rejects.toThrow('over');
  });

  it('calls back unless called off', () => {
    const scope = new Scope();
    const heard: string[] = [];
    scope.onClose((reason) => heard.push(`a: ${reason.message}`));
    scope.onClose(() => heard.push('b'))();
    scope.close(new Error('over'));
    scope.onClose((reason) => heard.push(`c: ${reason.message}`));
    expect(heard).toEqual(['a: over', 'c: over']);
  });
});
