import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeReply, refuse } from '../../../src/io/socket/reply.ts';

const STATUS = {
  400: 'Bad Request',
  403: 'Forbidden',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

test('`encodeReply` writes an id only for 202 and a message only for errors, in the order of the contract', () => {
  assert.equal(encodeReply({ code: 202, id: 'x' }).toString(), '{"code":202,"status":"Accepted","id":"x"}');
  for (const [code, status] of Object.entries(STATUS)) {
    const bytes = encodeReply(refuse(Number(code) as 400, 'why'));
    assert.equal(bytes.toString(), `{"code":${code},"status":"${status}","message":"why"}`);
  }
});

test('`encodeReply` writes valid JSON of at most 4,096 bytes, and cuts a message only if it must', () => {
  for (const filling of ['x', '"', '\0', 'ü', '€', '😀', '\ud800']) {
    for (const length of [0, 1, 600, 2020, 4030, 4031, 4040, 4095, 4096, 5000, 1_000_000]) {
      const message = filling.repeat(length);
      const bytes = encodeReply(refuse(400, message));
      assert.ok(bytes.length <= 4096);
      const heard = JSON.parse(bytes.toString()).message as string;
      if (heard === message) continue;
      assert.ok(heard.endsWith('…'));
      assert.ok(bytes.length > 4096 - 30, `${bytes.length} bytes of ${JSON.stringify(filling)} × ${length}`);
    }
  }
});
