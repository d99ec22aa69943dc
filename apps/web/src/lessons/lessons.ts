import { csrWrite } from './csr-write.ts';
import { diskRequest } from './disk-request.ts';
import { hiddenFault } from './hidden-fault.ts';
import type { Lesson } from './lesson.ts';
import { satp } from './satp.ts';
import { timer } from './timer.ts';
import { userMode } from './user-mode.ts';

/** The lessons, in the order to take them. */
export const lessons: readonly Lesson[] = [userMode, csrWrite, satp, hiddenFault, timer, diskRequest];
