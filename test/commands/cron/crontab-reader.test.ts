import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crontabObjection, MAX_LINES } from '../../../src/commands/cron/crontab-reader.ts';

const CLEANUP = '0 2 * * * root /usr/bin/dbcalm cleanup >> /var/log/dbcalm/cleanup.log 2>&1';
const backup = (changes: { fields?: string; type?: string; id?: string; log?: string } = {}) => {
  const { fields = '30 2 * * *', type = 'full', id = '1' } = changes;
  const log = changes.log ?? `/var/log/dbcalm/cron-${id}.log`;
  return `${fields} root /usr/bin/dbcalm backup ${type} --schedule-id ${id} >> ${log} 2>&1`;
};
const at = (fields: string) => backup({ fields });

const accepted: [string, string][] = [
  ['cleanup', CLEANUP],
  ['full backup', backup()],
  ['incremental backup', backup({ type: 'incremental' })],
  ['id 0', backup({ id: '0' })],
  ['negative id', backup({ id: '-5' })],
  ['largest id', backup({ id: '9007199254740991' })],
  ['smallest id', backup({ id: '-9007199254740991' })],
  ['project of 32', CLEANUP.replace('/dbcalm/', `/${'a-_9'.repeat(8)}/`)],
  ['every minute', at('* * * * *')],
  ['lowest numbers', at('0 0 1 1 0')],
  ['highest numbers', at('59 23 31 12 7')],
  ['steps', at('*/1 */5 */2 */3 */4')],
  ['largest step', at('*/2147483647 * * * *')],
  ['comment', '# Schedule ID: 1'],
  ['empty comment', '#'],
  ['comment beyond ASCII', '# Grüße, 100 %, `$(id)`'],
  ['blank line', ''],
];

for (const [what, line] of accepted) {
  test(`\`crontabObjection\` accepts ${what}`, () =>
    assert.equal(crontabObjection(`# first\n${line}\n`), undefined));
}

const UNKNOWN = 'the command is none of the known ones';
const NOT_ASCII = 'a character that is not printable ASCII';
const IN_COMMENT = 'a control character in a comment';

const refused: [string, string, string][] = [
  ['another user', CLEANUP.replace('root', 'daemon'), 'the user is "daemon", not root'],
  ['no user', CLEANUP.replace('root ', ''), 'the user is "/usr/bin/dbcalm", not root'],
  ['fields alone', '0 2 * * *', 'the user is "", not root'],
  ['6 fields', at('0 2 * * * *'), 'the user is "*", not root'],
  ['2 fields alone', '0 2', '"" is no day of month'],
  ['4 fields', at('0 2 * *'), '"root" is no day of week'],
  ['minute 60', at('60 2 * * *'), '"60" is no minute'],
  ['minute -1', at('-1 2 * * *'), '"-1" is no minute'],
  ['hour 24', at('0 24 * * *'), '"24" is no hour'],
  ['day 0', at('0 0 0 * *'), '"0" is no day of month'],
  ['day 32', at('0 0 32 * *'), '"32" is no day of month'],
  ['month 13', at('0 0 1 13 *'), '"13" is no month'],
  ['weekday 8', at('0 0 * * 8'), '"8" is no day of week'],
  ['step 0', at('*/0 * * * *'), '"*/0" is no minute'],
  ['no step', at('*/ * * * *'), '"*/" is no minute'],
  ['step that overflows', at('*/2147483648 * * * *'), '"*/2147483648" is no minute'],
  ['list', at('1,2 * * * *'), '"1,2" is no minute'],
  ['range', at('1-2 * * * *'), '"1-2" is no minute'],
  ['leading zero', at('05 * * * *'), '"05" is no minute'],
  ['fraction', at('1.5 * * * *'), '"1.5" is no minute'],
  ['exponent', at('1e1 * * * *'), '"1e1" is no minute'],
  ['NaN', at('NaN * * * *'), '"NaN" is no minute'],
  ['undefined', at('undefined 2 * * *'), '"undefined" is no minute'],
  ['a name of a day', at('0 0 * * mon'), '"mon" is no day of week'],
  ['@reboot', CLEANUP.replace('0 2 * * *', '@reboot'), '"@reboot" is no minute'],
  ['variable', 'PATH=/tmp', '"PATH=/tmp" is no minute'],
  ['space before', ` ${CLEANUP}`, '"" is no minute'],
  ['two spaces', CLEANUP.replace(' ', '  '), '"" is no hour'],
  ['spaces alone', '  ', '"" is no minute'],
  ['space before a comment', ' # x', '"" is no minute'],
  ['another program', CLEANUP.replace('/usr/bin/dbcalm', '/usr/bin/id'), UNKNOWN],
  ['program without its folder', CLEANUP.replace('/usr/bin/dbcalm', 'dbcalm'), UNKNOWN],
  ['another subcommand', CLEANUP.replace('dbcalm cleanup', 'dbcalm restore'), UNKNOWN],
  ['another type', backup({ type: 'differential' }), UNKNOWN],
  ['no log', CLEANUP.replace(/ >>.*/, ''), UNKNOWN],
  ['space at the end', `${CLEANUP} `, UNKNOWN],
  ['more after the log', `${CLEANUP}; id`, UNKNOWN],
  ['id that is no number', backup({ id: 'x' }), UNKNOWN],
  ['id with a fraction', backup({ id: '1.5' }), UNKNOWN],
  ['id with an exponent', backup({ id: '1e21' }), UNKNOWN],
  ['id with a leading zero', backup({ id: '01' }), UNKNOWN],
  ['id -0', backup({ id: '-0' }), UNKNOWN],
  ["another schedule's log", backup({ log: '/var/log/dbcalm/cron-2.log' }), UNKNOWN],
  ['project of 33', CLEANUP.replace('/dbcalm/', `/${'a'.repeat(33)}/`), UNKNOWN],
  ['no project', CLEANUP.replace('/dbcalm/', '//'), UNKNOWN],
  ['project ..', CLEANUP.replace('/dbcalm/', '/../'), UNKNOWN],
  ['project in capitals', CLEANUP.replace('/dbcalm/', '/DBCalm/'), UNKNOWN],
  ...['$(id)', '`id`', '1;id', '1&&id', '1|id', '1>x', "1'", '1"', '1\\', '*', '~', '1 2', '{1,2}'].map(
    (id): [string, string, string] => [`id ${id}`, backup({ id }), UNKNOWN],
  ),
  ['%', backup({ id: '1%2' }), 'a %, which ends the command for cron'],
  ['CR', `${CLEANUP}\r`, NOT_ASCII],
  ['NUL', CLEANUP.replace('cleanup', 'cleanup\0'), NOT_ASCII],
  ['tab', CLEANUP.replace(' ', '\t'), NOT_ASCII],
  ['DEL', `${CLEANUP}\x7f`, NOT_ASCII],
  ['letter beyond ASCII', CLEANUP.replace('cleanup', 'cleanüp'), NOT_ASCII],
  ['no-break space', CLEANUP.replace(' ', '\u00a0'), NOT_ASCII],
  ['byte order mark', `\ufeff${CLEANUP}`, NOT_ASCII],
  ['comment with CR', '# x\r', IN_COMMENT],
  ['comment with NUL', '# \0', IN_COMMENT],
  ['comment with ESC', '# \x1b[2J', IN_COMMENT],
  ['comment with a C1 control', '# \x9b', IN_COMMENT],
  ['comment with a line separator', '# \u2028', IN_COMMENT],
];

for (const [what, line, objection] of refused) {
  test(`\`crontabObjection\` refuses ${JSON.stringify(what)}`, () => {
    assert.equal(crontabObjection(`${CLEANUP}\n${line}\n${CLEANUP}\n`), `line 2: ${objection}`);
  });
}

test('`crontabObjection` refuses a missing final newline and too many lines', () => {
  assert.equal(crontabObjection(`#\n${CLEANUP}`), 'line 2: the final newline is missing');
  assert.equal(crontabObjection(CLEANUP), 'line 1: the final newline is missing');
  assert.equal(crontabObjection('#\n'.repeat(MAX_LINES)), undefined);
  assert.equal(crontabObjection('#\n'.repeat(MAX_LINES + 1)), 'line 10001: there are more than 10000 lines');
});
