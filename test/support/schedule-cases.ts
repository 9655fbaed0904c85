/** Every rule of the contract's table of schedules, as a schedule that violates it. */

export const daily = { id: 1, backup_type: 'full', frequency: 'daily', enabled: true, hour: 2, minute: 30 };
export const hourly = { id: 1, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 30 };
export const interval = { ...daily, frequency: 'interval', interval_value: 5, interval_unit: 'minutes' };
export const weekly = { ...daily, frequency: 'weekly' };
export const monthly = { ...daily, frequency: 'monthly' };

const without = (schedule: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(schedule).filter(([name]) => !names.includes(name)));

const HOUR = 'hour is required for daily, weekly, and monthly schedules';
const MINUTE = 'minute is required for daily, weekly, monthly, and hourly schedules';
const VALUE = 'interval_value is required for interval schedules';
const UNIT = 'interval_unit is required for interval schedules';

/** The contract's table, row by row. */
export const REFUSED: [string, object, string][] = [
  ['no id', without(daily, 'id', 'backup_type'), 'Schedule missing required field: id'],
  [
    'no backup_type',
    without(daily, 'backup_type', 'enabled'),
    'Schedule missing required field: backup_type',
  ],
  ['no frequency', without(daily, 'frequency', 'enabled'), 'Schedule missing required field: frequency'],
  ['no enabled', without(daily, 'enabled'), 'Schedule missing required field: enabled'],
  ['inherited id', Object.create(daily) as object, 'Schedule missing required field: id'],
  ['backup_type 5', { ...daily, backup_type: 5 }, 'backup_type must be a string'],
  ['backup_type null', { ...daily, backup_type: null }, 'backup_type must be a string'],
  ['backup_type x', { ...daily, backup_type: 'x' }, 'Invalid backup_type: x'],
  ['backup_type FULL', { ...daily, backup_type: 'FULL' }, 'Invalid backup_type: FULL'],
  ['frequency 5', { ...daily, frequency: 5 }, 'frequency must be a string'],
  ['frequency yearly', { ...daily, frequency: 'yearly' }, 'Invalid frequency: yearly'],
  ['no hour', without(daily, 'hour', 'minute'), HOUR],
  ['hour null', { ...weekly, hour: null }, HOUR],
  ['monthly without hour', without(monthly, 'hour'), HOUR],
  ['hour 1.5', { ...daily, hour: 1.5 }, 'Invalid hour: 1.5'],
  ['hour text', { ...daily, hour: '2' }, 'Invalid hour: 2'],
  ['hour true', { ...daily, hour: true }, 'Invalid hour: true'],
  ['hour list', { ...daily, hour: [2] }, 'Invalid hour: [2]'],
  ['hour 24', { ...daily, hour: 24 }, 'Invalid hour: 24. Must be 0-23'],
  ['hour -1', { ...daily, hour: -1 }, 'Invalid hour: -1. Must be 0-23'],
  ['no minute', without(daily, 'minute'), MINUTE],
  ['hourly without minute', without(hourly, 'minute'), MINUTE],
  ['minute null', { ...hourly, minute: null }, MINUTE],
  ['minute 60', { ...hourly, minute: 60 }, 'Invalid minute: 60. Must be 0-59'],
  ['minute -1', { ...daily, minute: -1 }, 'Invalid minute: -1. Must be 0-59'],
  ['minute {}', { ...daily, minute: {} }, 'Invalid minute: {}'],
  ['day_of_week 7', { ...weekly, day_of_week: 7 }, 'Invalid day_of_week: 7. Must be 0-6'],
  ['day_of_week mon', { ...weekly, day_of_week: 'mon' }, 'Invalid day_of_week: mon'],
  ['day_of_month 29', { ...monthly, day_of_month: 29 }, 'Invalid day_of_month: 29. Must be 1-28'],
  ['day_of_month 0', { ...monthly, day_of_month: 0 }, 'Invalid day_of_month: 0. Must be 1-28'],
  ['day_of_month 1.5', { ...monthly, day_of_month: 1.5 }, 'Invalid day_of_month: 1.5'],
  ['no interval_value', without(interval, 'interval_value', 'interval_unit'), VALUE],
  ['interval_value null', { ...interval, interval_value: null }, VALUE],
  ['interval_value x', { ...interval, interval_value: 'x' }, 'Invalid interval_value: x'],
  ['interval_value 0', { ...interval, interval_value: 0 }, 'Invalid interval_value: 0. Must be >= 1'],
  ['interval_value -5', { ...interval, interval_value: -5 }, 'Invalid interval_value: -5. Must be >= 1'],
  ['no interval_unit', without(interval, 'interval_unit'), UNIT],
  ['interval_unit null', { ...interval, interval_unit: null }, UNIT],
  ['interval_unit 5', { ...interval, interval_unit: 5 }, 'Invalid interval_unit: 5'],
  [
    'interval_unit days',
    { ...interval, interval_unit: 'days' },
    "Invalid interval_unit: days. Must be 'minutes' or 'hours'",
  ],
  ['id text', { ...daily, id: '1' }, 'Invalid id: 1'],
  ['id 1.5', { ...daily, id: 1.5 }, 'Invalid id: 1.5'],
  ['id null', { ...daily, id: null }, 'Invalid id: null'],
  ['enabled 1', { ...daily, enabled: 1 }, 'Invalid enabled: 1'],
  ['enabled null', { ...daily, enabled: null }, 'Invalid enabled: null'],
  ['id is checked after the rest', { ...daily, id: 'x', hour: 99 }, 'Invalid hour: 99. Must be 0-23'],
  ['enabled is checked after id', { ...daily, id: 'x', enabled: 'x' }, 'Invalid id: x'],
  [
    'a disabled one is checked all the same',
    { ...daily, enabled: false, hour: 24 },
    'Invalid hour: 24. Must be 0-23',
  ],
];
