import { type AlertRule, type AlertSettings, wholeHost } from '../rule.js'

/** Room must be so much above the limit before it counts as enough again. */
const enoughAgain = 1.25

const mebibyte = 1024 * 1024

/** The disk of the sessions has little room left: key changes could soon not be written. */
export function diskNearlyFull({ alertDiskFreeBytes, alertDiskFreeRatio }: AlertSettings): AlertRule {
  let isLow = false
  return {
    name: 'disk.nearlyFull',
    advice:
      'Free space on the disk of WHATSAPP_SESSION_PATH, or make it larger. A full disk stops key changes.',
    look({ disk }) {
      if (disk !== null) {
        const factor = isLow ? enoughAgain : 1
        const least = Math.max(alertDiskFreeBytes, disk.totalBytes * alertDiskFreeRatio) * factor
        isLow = disk.freeBytes < least
      }
      if (!isLow || disk === null) return new Map()
      const free = Math.floor(disk.freeBytes / mebibyte)
      const total = Math.floor(disk.totalBytes / mebibyte)
      return new Map([[wholeHost, `${free} MiB of ${total} MiB are free on the disk of the sessions`]])
    },
  }
}
