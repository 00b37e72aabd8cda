// How long a batch keeps, in figures.
import type { Ages } from '../api/types'
import { number, plain } from './format'

/** A share as whole percent, rounded down: 69.9 is not yet 70. */
export const percent = (share: number): string => String(Math.floor(share * 100 + 1e-9))

/** "1.2–2.0", or one figure where the bounds are the same; empty when nobody can say. */
export function days(a: Ages): string {
  if (a.remaining_days === null || a.remaining_days_min === null) return ''
  const least = number(a.remaining_days_min)
  const most = number(a.remaining_days)
  return least === most ? most : `${least}–${most}`
}

/** The day of a moment in the county's time zone, as an input has it: 2026-11-29. */
export function dayIn(at: string, zone: string): string {
  const f = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return f.format(Date.parse(at))
}

export const present = (a: Ages): string => (a.present_c === null ? '' : plain(Math.round(a.present_c * 10) / 10))
