/** Two reports are at least this far apart (ms): a member of the group can make the shared database fail in another way each time. */
export const REPORT_PAUSE_MS = 1_000;

/** Returns a function that tells the trouble of the moment if it has changed: at once, or when the pause after the last report ends. */
export function reportChanges(
  findTrouble: () => string | undefined,
  tell: (trouble: string | undefined) => void,
): () => void {
  let told: string | undefined;
  let pause: NodeJS.Timeout | undefined;
  const report = () => {
    const trouble = findTrouble();
    if (pause !== undefined || trouble === told) return;
    told = trouble;
    pause = setTimeout(() => {
      pause = undefined;
      report();
    }, REPORT_PAUSE_MS);
    pause.unref();
    tell(trouble);
  };
  return report;
}
