/** Cron updates that can be distinguished, also by their file: update n has the ids n·1000, n·1000+1, … */
const MOST = 97;

/** Adjacent updates have different counts. */
export const scheduleCount = (update: number): number => 1 + (update % MOST);

const idsOf = (update: number) =>
  Array.from({ length: scheduleCount(update) }, (_, index) => update * 1000 + index);

export function schedulesOf(update: number) {
  return idsOf(update).map((id) => ({
    id,
    backup_type: 'full',
    frequency: 'hourly',
    enabled: true,
    minute: id % 60,
  }));
}

/** Returns the update whose complete file `text` is, apart from the time, or undefined for any other text. */
export function updateIn(text: string): number | undefined {
  const [, time, id] =
    /^# Last updated: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\n[\s\S]*?^# Schedule ID: (\d+)$/m.exec(text) ?? [];
  if (time === undefined || id === undefined) return undefined;
  const update = Math.floor(Number(id) / 1000);
  return text === fileOf(update, time) ? update : undefined;
}

/** The text is repeated here, since the daemon's own words would hide its mistakes. */
export function fileOf(update: number, time: string): string {
  const head = [
    '# DBCalm Backup Schedules',
    '# Auto-generated - do not edit manually',
    `# Last updated: ${time} UTC`,
    '',
    '# Daily cleanup job',
    '0 2 * * * root /usr/bin/dbcalm cleanup >> /var/log/dbcalm/cleanup.log 2>&1',
    '',
  ];
  const jobs = idsOf(update).map((id) => {
    const job = `/usr/bin/dbcalm backup full --schedule-id ${id} >> /var/log/dbcalm/cron-${id}.log 2>&1`;
    return `# Schedule ID: ${id}\n${id % 60} * * * * root ${job}\n`;
  });
  return `${[...head, ...jobs].join('\n')}\n`;
}
