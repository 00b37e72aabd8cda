// Local times of the county, whatever the device's own zone is. Pure.

/** "2026-11-23T20:14" in a time zone, as a field for date and time wants it. */
export function localInput(ms: number, zone: string): string {
  const parts: Record<string, string> = {}
  const options = { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }
  const f = new Intl.DateTimeFormat('en-GB', options as Intl.DateTimeFormatOptions)
  for (const p of f.formatToParts(ms)) parts[p.type] = p.value
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`
}

/** The moment a local date and time stands for; NaN when it is none. */
export function instantOf(local: string, zone: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(local)) return NaN // a browser reads the year 2000 into an empty one
  const as = Date.parse(local + ':00Z')
  if (Number.isNaN(as)) return NaN
  const shift = (ms: number) => Date.parse(localInput(ms, zone) + ':00Z') - ms
  // Once more: on the day of a change of clocks the first shift is another's.
  return as - shift(as - shift(as))
}

/** The next moment at which it is so many o'clock in a time zone. */
export function nextClock(nowMs: number, hour: number, zone: string): number {
  const clock = (ms: number) => instantOf(localInput(ms, zone).slice(0, 11) + String(hour).padStart(2, '0') + ':00', zone)
  const today = clock(nowMs)
  return today > nowMs ? today : clock(nowMs + 86_400_000)
}

/** Minutes of a duration as Go writes it, "1h5m0s"; NaN when it is none. */
export function minutesOf(text: string): number {
  const m = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text)
  if (!m || text === '') return NaN
  return Number(m[1] ?? 0) * 60 + Number(m[2] ?? 0) + Number(m[3] ?? 0) / 60
}

/** A duration for Go to read. */
export const durationOf = (minutes: number): string => `${Math.round(minutes * 60)}s`
