import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { importsIn } from './imports-in.ts';

const SRC = join(import.meta.dirname, '..', '..', 'src');
const FILES = globSync('**/*.{ts,js}', { cwd: SRC });

/** From the bottom up; a file may import from its own room and from those before it. */
const ROOMS = ['errors.ts', 'client.ts', 'io', 'commands', 'actors', 'machines', 'daemon', 'cli', 'main.ts'];
const roomOf = (file: string) => ROOMS.indexOf(file.split('/')[0] as string);

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = importsIn(text).filter((name) => name.startsWith('.'));
  return found.map((path) => relative(SRC, join(SRC, dirname(file), path)));
}

test('every file stands in a room', () => {
  assert.ok(FILES.length > 40);
  assert.deepEqual(
    FILES.filter((file) => roomOf(file) === -1),
    [],
  );
});

test('imports go down only', () => {
  const upwards = FILES.flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) > roomOf(file))
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(upwards, []);
});

test('no import circles', () => {
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    assert.ok(!way.includes(file), `circle: ${[...way, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const target of importsOf(file)) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of FILES) visit(file, []);
});

test('commands know no effect: nothing of node but path', () => {
  for (const file of FILES.filter((name) => name.startsWith('commands/'))) {
    const used = importsIn(readFileSync(join(SRC, file), 'utf8'));
    assert.deepEqual(
      used.filter((name) => /^(node:|what )/.test(name) && name !== 'node:path'),
      [],
      file,
    );
  }
});

test('files are of one thing: none over 300 lines', () => {
  const all = globSync('{src,test,bench}/**/*.{ts,js,css,html}', { cwd: join(SRC, '..') });
  const long = all.filter((file) => readFileSync(join(SRC, '..', file), 'utf8').split('\n').length > 300);
  assert.deepEqual(long, []);
});

test('no code of the daemon sets what happens at a fault point', () => {
  const setters = FILES.filter((file) => readFileSync(join(SRC, file), 'utf8').includes('setFaultHook'));
  assert.deepEqual(setters, ['io/os/fault-point.ts']);
});
