import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { importsIn } from './imports-in.ts';

const SRC = join(import.meta.dirname, '..', '..', 'src');
const FILES = globSync('**/*.{ts,js}', { cwd: SRC });

/** The layers from the bottom up. A file may import from its own layer and from those before it. */
const ROOMS = ['errors.ts', 'client.ts', 'io', 'commands', 'actors', 'machines', 'daemon', 'cli', 'main.ts'];
const roomOf = (file: string) => ROOMS.indexOf(file.split('/')[0] as string);

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = importsIn(text).filter((name) => name.startsWith('.'));
  return found.map((path) => relative(SRC, join(SRC, dirname(file), path)));
}

test('every source file belongs to a layer', () => {
  assert.ok(FILES.length > 40);
  assert.deepEqual(
    FILES.filter((file) => roomOf(file) === -1),
    [],
  );
});

test('every import leads to the same layer or a lower one', () => {
  const upwards = FILES.flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) > roomOf(file))
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(upwards, []);
});

test('no imports form a cycle', () => {
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    assert.ok(!way.includes(file), `circle: ${[...way, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const target of importsOf(file)) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of FILES) visit(file, []);
});

test('commands import nothing of Node except `node:path`', () => {
  for (const file of FILES.filter((name) => name.startsWith('commands/'))) {
    const used = importsIn(readFileSync(join(SRC, file), 'utf8'));
    assert.deepEqual(
      used.filter((name) => /^(node:|what )/.test(name) && name !== 'node:path'),
      [],
      file,
    );
  }
});

test('no file has more than 300 lines', () => {
  const all = globSync('{src,test,bench}/**/*.{ts,js,css,html}', { cwd: join(SRC, '..') });
  const long = all.filter((file) => readFileSync(join(SRC, '..', file), 'utf8').split('\n').length > 300);
  assert.deepEqual(long, []);
});

test('no code of the daemon sets a fault hook', () => {
  const setters = FILES.filter((file) => readFileSync(join(SRC, file), 'utf8').includes('setFaultHook'));
  assert.deepEqual(setters, ['io/os/fault-point.ts']);
});
