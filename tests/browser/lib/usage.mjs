// What a process takes of the machine, by /proc.

import fs from 'node:fs';

const kTicksPerSecond = 100; // USER_HZ, the same on all Linux there is

// Bytes in memory now, and the most that it ever were. Nothing when the process is gone.
export function memoryOf(pid) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (key) => Number(new RegExp(`^${key}:\\s*(\\d+) kB`, 'm').exec(status)[1]) * 1024;
    return { now: bytes('VmRSS'), most: bytes('VmHWM') };
  } catch {
    return undefined;
  }
}

// Seconds of a processor, user and system.
export function cpuOf(pid) {
  try {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return (Number(fields[11]) + Number(fields[12])) / kTicksPerSecond;
  } catch {
    return undefined;
  }
}
