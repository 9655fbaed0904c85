/** How a received value reads in a message: as it came, but never longer than a reply, nor deeper than it has to be. */

const LIMIT = 4_096;

export function received(value: unknown): string {
  const text = typeof value === 'string' ? value : render(value, 4);
  return text.length > LIMIT ? `${text.slice(0, LIMIT)}…` : text;
}

/** JSON.stringify dies of deep nesting, so depth and breadth are bounded here. */
function render(value: unknown, depth: number): string {
  if (value === null || typeof value !== 'object') {
    return typeof value === 'string' ? JSON.stringify(value.slice(0, LIMIT)) : String(value);
  }
  if (depth === 0) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, 20).map((item) => render(item, depth - 1));
    return `[${items.join(',')}${value.length > 20 ? ',…' : ''}]`;
  }
  const keys = Object.keys(value);
  const fields = keys
    .slice(0, 20)
    .map(
      (key) =>
        `${JSON.stringify(key.slice(0, LIMIT))}:${render((value as Record<string, unknown>)[key], depth - 1)}`,
    );
  return `{${fields.join(',')}${keys.length > 20 ? ',…' : ''}}`;
}
