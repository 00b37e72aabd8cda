// What the county's office looks at in the morning: one line for each thing that
// can go wrong, with where it is mended. Pure.
import type { OperationsAnswer } from '../api/operations'
import type { Channel } from '../api/people'
import type { Alarm, Point } from '../api/types'
import { isPresent, type State } from './judge'
import { backlogLimit, backupLimit, isSkewed } from './operations'

/** One line: its state, its figures by name, and the page where it is mended. */
export interface Check {
  key: 'silent' | 'untold' | 'unanswered' | 'clock' | 'backlog' | 'disk' | 'backup' | 'store'
  state: State
  /** Which sentence of the line holds. */
  say: string
  n: Record<string, number>
  to: string
}

const ageS = (t: string | null | undefined, nowMs: number) => (t ? (nowMs - Date.parse(t)) / 1000 : Infinity)

/** Everything that operations, channels, alarms and points tell, worst first in each line's own terms. */
export function checksOf(o: OperationsAnswer, channels: Channel[] | null, alarms: Alarm[], points: Point[], nowMs: number): Check[] {
  const away = o.gateways.filter((g) => !g.online).length
  const silent = points.filter((p) => p.status === 'unknown').length
  const failed = (channels ?? []).filter((c) => c.failed_7d > 0 || c.last_error)
  const broken = alarms.filter((a) => a.rule === 'channel-fails' && isPresent(a))
  const unanswered = alarms.filter((a) => isPresent(a) && !a.acknowledged)
  const skewed = o.gateways.filter((g) => isSkewed(g.skew_s) || g.clock === 'none' || (g.held ?? 0) > 0).length
  const waiting = o.gateways.reduce((sum, g) => sum + Math.max(g.undelivered, g.backlog ?? 0), 0)
  const behind = o.gateways.filter((g) => Math.max(g.undelivered, g.backlog ?? 0) > backlogLimit).length
  const disks = alarms.filter((a) => a.rule === 'disk-filling' && isPresent(a))
  const backup = ageS(o.backup?.at, nowMs)
  const bad = (is: boolean, state: State = 'attention'): State => (is ? state : 'ok')
  return [
    { key: 'silent', state: bad(away + silent > 0, 'nodata'), say: away + silent ? 'some' : 'none', n: { away, silent, all: o.gateways.length }, to: '/operations' },
    { key: 'unanswered', state: bad(unanswered.length > 0, unanswered.some((a) => a.level === 'excursion') ? 'act' : 'attention'), say: unanswered.length ? 'some' : 'none', n: { n: unanswered.length }, to: '/alarms' },
    channels === null
      ? { key: 'untold', state: 'nodata', say: 'unknown', n: {}, to: '/channels' }
      : { key: 'untold', state: bad(failed.length > 0 || channels.length === 0, broken.length ? 'act' : 'attention'), say: !channels.length ? 'no' : failed.length ? 'some' : 'none',
          n: { n: failed.reduce((sum, c) => sum + c.failed_7d, 0), channels: failed.length, all: channels.length }, to: '/channels' },
    { key: 'clock', state: bad(skewed > 0), say: skewed ? 'some' : 'none', n: { n: skewed }, to: '/operations' },
    { key: 'backlog', state: bad(behind > 0), say: behind ? 'some' : 'none', n: { n: behind, waiting }, to: '/operations' },
    { key: 'disk', state: bad(disks.length > 0), say: disks.length ? 'some' : 'none', n: { n: disks.length }, to: disks[0] ? '/alarms/' + disks[0].id : '/operations' },
    { key: 'store', state: bad(!o.store.ok || o.health !== 'ok', 'act'), say: o.store.ok && o.health === 'ok' ? 'none' : 'some', n: {}, to: '/operations' },
    { key: 'backup', state: bad(backup > backupLimit), say: o.backup ? 'some' : 'no', n: o.backup ? { s: backup } : {}, to: '/operations' },
  ]
}

/** A probe's calibration, as the calendar shows it. */
export interface Due {
  point: string
  gateway: string
  device: string
  until: string | null
}

/** How far ahead somebody has to be asked to come, days: as far as the county's own alarm looks. */
export const dueSoon = 30

export type DueGroup = 'over' | 'soon' | 'later' | 'unknown'

/** Whole days until a calibration ends; below 0 when it has ended. */
export const daysLeft = (until: string, nowMs: number): number => Math.floor((Date.parse(until) - nowMs) / 86_400_000)

export function groupOf(d: Due, nowMs: number): DueGroup {
  if (!d.until) return 'unknown'
  const left = daysLeft(d.until, nowMs)
  return left < 0 ? 'over' : left <= dueSoon ? 'soon' : 'later'
}

/** A month of the calendar and what ends in it, the earliest first; without a date last. */
export function calendar(list: Due[], zone: string): { month: string; dues: Due[] }[] {
  const f = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit' })
  const months = new Map<string, Due[]>()
  const sorted = [...list].sort((a, b) => (a.until ?? '9') .localeCompare(b.until ?? '9') || a.point.localeCompare(b.point))
  for (const d of sorted) {
    const month = d.until ? f.format(Date.parse(d.until)).slice(0, 7) : ''
    months.set(month, [...(months.get(month) ?? []), d])
  }
  return Array.from(months, ([month, dues]) => ({ month, dues }))
}
