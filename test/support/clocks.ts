/** Makes timers of `from` ms and more take `factor` times as long. Call it before any module keeps `setTimeout`. */
export function stretchTimers(factor: number, from: number): void {
  const original = globalThis.setTimeout;
  const stretched = (then: () => void, milliseconds = 0, ...rest: []) =>
    original(then, milliseconds >= from ? milliseconds * factor : milliseconds, ...rest);
  globalThis.setTimeout = Object.assign(stretched, original) as never;
}
